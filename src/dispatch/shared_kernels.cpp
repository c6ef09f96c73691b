#include "dispatch/shared_kernels.h"

#include <ATen/core/op_registration/op_registration.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "dispatch/decomposes.h"
#include "dispatch/typed_kernel.h"
#include "formulas/table.h"

namespace torchtally::dispatch {
namespace {

template <typename Schema>
class SharedKernel;

template <typename Return, typename... Args>
class SharedKernel<Return(Args...)> final : public c10::OperatorKernel {
 public:
  // Some operators' results depend on data.
  static constexpr bool kResultsFollow = false;

  explicit SharedKernel(const c10::OperatorHandle& op) : op_(op.typed<Return(Args...)>()) {}

  Return operator()(c10::DispatchKeySet keys, Args... args) {
    return TypedPath<SharedKernel, Return(Args...)>::call(*this, keys, args...);
  }

  const c10::OperatorHandle& handle() const { return op_; }
  static bool decomposes(c10::DispatchKeySet /*below*/) { return false; }
  C10_ALWAYS_INLINE Return redispatch(c10::DispatchKeySet below, Args... args) const { return op_.redispatch(below, args...); }

 private:
  c10::TypedOperatorHandle<Return(Args...)> op_;
};

struct Shared {
  c10::KernelFunction (*make_kernel)(const c10::OperatorHandle& op);
  c10::impl::CppSignature signature;
};

// "Tensor!,number->Tensor": the types of arguments and results, with a mark behind what is written to.
using SignatureText = std::string;

SignatureText text_of(const c10::FunctionSchema& schema, bool writes_first) {
  SignatureText text;
  for (const c10::Argument& argument : schema.arguments()) {
    if (!text.empty()) text += ',';
    text += argument.real_type()->str();
    if (writes_first && &argument == schema.arguments().data()) text += '!';
  }
  text += "->";
  for (const c10::Argument& result : schema.returns()) text += result.real_type()->str() + ',';
  return text;
}

using SharedKernels = absl::flat_hash_map<SignatureText, Shared>;

template <typename Return, typename... Args>
void add(Return (*)(Args...), SharedKernels& kernels) {
  using Kernel = SharedKernel<Return(Args...)>;
  Shared shared = {[](const c10::OperatorHandle& op) {
                     return c10::KernelFunction::makeFromUnboxedFunctor<false, Kernel>(std::make_unique<Kernel>(op));
                   },
                   c10::impl::CppSignature::make<Return(Args...)>()};
  kernels.emplace(text_of(*c10::detail::inferFunctionSchemaFromFunctor<Kernel>(), std::is_reference_v<Return>), shared);
}

template <typename... Signatures>
SharedKernels shared_kernels() {
  SharedKernels kernels;
  (add(static_cast<Signatures*>(nullptr), kernels), ...);
  return kernels;
}

using at::Tensor;
using Tensors = std::vector<Tensor>;
using T = const Tensor&;
using N = const at::Scalar&;
using I = std::int64_t;
using S = c10::SymInt;
using Ints = at::IntArrayRef;
using SymInts = c10::SymIntArrayRef;
using OptionalInts = at::OptionalIntArrayRef;
using Float = compat::optional<double>;
using Type = compat::optional<at::ScalarType>;
using Random = compat::optional<at::Generator>;

// The signatures that most operators of aten have, by how many have them.
const SharedKernels& all() {
  static const auto& kernels = *new SharedKernels(
      shared_kernels<
          Tensor(T), Tensor(T, T), Tensor(T, T, T), Tensor(T, T, T, T), Tensor(T, N), Tensor(N, T), Tensor(T, T, N),
          Tensor(T, N, N), Tensor(T, T, T, N), Tensor(T, T, N, N), Tensor(T, T, T, N, N), Tensor(T, bool), Tensor(T, T, bool),
          Tensor(T, I), Tensor(T, I, I), Tensor(T, I, bool), Tensor(T, T, I), Tensor(T, T, T, I), Tensor(T, I, T),
          Tensor(T, I, T, T), Tensor(T, T, I, I, bool), Tensor(T, S), Tensor(T, Ints), Tensor(T, Ints, bool), Tensor(T, SymInts),
          Tensor(T, T, SymInts), Tensor(T, Type), Tensor(T, I, Type), Tensor(T, OptionalInts, bool, Type),
          Tensor(T, SymInts, Float, Float), Tensor(T, SymInts, bool, Float, Float), Tensor(T, Random), Tensor(T, double, Random),
          Tensors(at::TensorList), Tensors(at::TensorList, N), Tensors(at::TensorList, at::TensorList), Tensor(at::TensorList, I),
          std::tuple<Tensor, Tensor>(T), std::tuple<Tensor, Tensor>(T, I, bool), Tensor&(Tensor&), Tensor&(Tensor&, T),
          Tensor&(Tensor&, N), Tensor&(Tensor&, I), Tensor&(Tensor&, N, N), Tensor&(Tensor&, T, N), Tensor&(Tensor&, T, T),
          Tensor&(Tensor&, T, T, N, N), Tensor&(Tensor&, I, T, T), Tensor&(Tensor&, double, double, Random)>());
  return kernels;
}

// What is looked at after the operator has run has to be as it was before: no operator that may change the size of what it writes
// to (resize_, set_, t_: none of them is counted), and no out=.
bool leaves_sizes_alone(const c10::OperatorHandle& op, const formulas::Row& row, bool* writes_first) {
  const auto& arguments = op.schema().arguments();
  for (const c10::Argument& argument : arguments) {
    if (argument.alias_info() == nullptr || !argument.alias_info()->isWrite()) continue;
    if (argument.is_out() || &argument != arguments.data() || row.kind != VerdictKind::kCounted) return false;
    *writes_first = true;
  }
  return true;
}

}  // namespace

std::optional<c10::RegistrationHandleRAII> register_shared(const c10::OperatorHandle& op) {
  const c10::OperatorName& name = op.operator_name();
  // Others may write their signatures otherwise.
  if (!absl::StartsWith(name.name, "aten::") || decomposes(op)) return std::nullopt;
  const formulas::Row* const row = formulas::find_row(name.name);
  // The values of a tensor are read where it is boxed.
  if (row == nullptr || (row->family != nullptr && !row->family->reads_values.empty())) return std::nullopt;
  bool writes_first = false;
  if (!leaves_sizes_alone(op, *row, &writes_first)) return std::nullopt;
  const auto shared = all().find(text_of(op.schema(), writes_first));
  if (shared == all().end()) return std::nullopt;
  try {
    return c10::Dispatcher::singleton().registerImpl(name, kKey, shared->second.make_kernel(op), shared->second.signature,
                                                     nullptr, "torchtally: shared kernel");
  } catch (const c10::Error&) {
    return std::nullopt;  // the schema has the types, and the C++ signature is another one
  }
}

}  // namespace torchtally::dispatch
