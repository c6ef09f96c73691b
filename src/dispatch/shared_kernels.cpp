#include "dispatch/shared_kernels.h"

#include <ATen/core/op_registration/op_registration.h>

#include <array>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "dispatch/decomposes.h"
#include "dispatch/typed_kernel.h"
#include "dispatch/typed_writer.h"
#include "formulas/table.h"

namespace torchtally::dispatch {
namespace {

// A new tensor, or the first argument: anything else is written to elsewhere, or nothing returned.
template <typename Return, typename... Args>
struct IsWriter : std::is_void<Return> {};
template <typename First, typename... Args>
struct IsWriter<at::Tensor&, First, Args...> : std::negation<std::is_same<First, at::Tensor&>> {};
template <typename... Tensors, typename... Args>
struct IsWriter<std::tuple<Tensors&...>, Args...> : std::true_type {};

template <typename Schema>
class SharedKernel;

template <typename Return, typename... Args>
class SharedKernel<Return(Args...)> final : public c10::OperatorKernel {
 public:
  using Schema = Return(Args...);
  using Path =
      std::conditional_t<IsWriter<Return, Args...>::value, WriterPath<SharedKernel, Schema>, TypedPath<SharedKernel, Schema>>;
  // Some operators' results depend on data.
  static constexpr bool kResultsFollow = false;

  explicit SharedKernel(const c10::OperatorHandle& op) : op_(op.typed<Schema>()) {}

  Return operator()(c10::DispatchKeySet keys, Args... args) { return Path::call(*this, keys, args...); }

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

// "Tensor!,number->Tensor": the types of arguments and results, with a mark behind tensors that are written to.
using SignatureText = std::string;

// `writes`: whether the argument with a number is written to.
template <typename Writes>
SignatureText text_of(const c10::FunctionSchema& schema, const Writes& writes) {
  SignatureText text;
  for (std::size_t i = 0; i < schema.arguments().size(); ++i) {
    if (i != 0) text += ',';
    text += schema.arguments()[i].real_type()->str();
    if (writes(i)) text += '!';
  }
  text += "->";
  for (const c10::Argument& result : schema.returns()) text += result.real_type()->str() + ',';
  return text;
}

bool is_written(const c10::Argument& argument) { return argument.alias_info() != nullptr && argument.alias_info()->isWrite(); }

// Lists have no mark: in C++ they look alike, written to or not.
SignatureText text_of(const c10::OperatorHandle& op) {
  const auto& arguments = op.schema().arguments();
  return text_of(op.schema(), [&](std::size_t i) {
    return is_written(arguments[i]) && arguments[i].real_type()->kind() == c10::TypeKind::TensorType;
  });
}

template <typename Kernel, typename Return, typename... Args>
SignatureText text_of(Return (*)(Args...)) {
  constexpr std::array<bool, sizeof...(Args)> kWritten = {std::is_same_v<Args, at::Tensor&>...};
  return text_of(*c10::detail::inferFunctionSchemaFromFunctor<Kernel>(), [&](std::size_t i) { return kWritten[i]; });
}

using SharedKernels = absl::flat_hash_map<SignatureText, Shared>;

template <typename Return, typename... Args>
void add(Return (*signature)(Args...), SharedKernels& kernels) {
  using Kernel = SharedKernel<Return(Args...)>;
  Shared shared = {[](const c10::OperatorHandle& op) {
                     return c10::KernelFunction::makeFromUnboxedFunctor<false, Kernel>(std::make_unique<Kernel>(op));
                   },
                   c10::impl::CppSignature::make<Return(Args...)>()};
  kernels.emplace(text_of<Kernel>(signature), shared);
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
using List = at::TensorList;
using I = std::int64_t;
using S = c10::SymInt;
using Ints = at::IntArrayRef;
using SymInts = c10::SymIntArrayRef;
using OptionalInts = at::OptionalIntArrayRef;
using Float = compat::optional<double>;
using Type = compat::optional<at::ScalarType>;
using Random = compat::optional<at::Generator>;
using OptionalTensor = const compat::optional<Tensor>&;
using Scalars = at::ArrayRef<at::Scalar>;
using Out = Tensor&;

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
          Tensors(List), Tensors(List, N), Tensors(List, N, Type), Tensors(List, List), Tensor(List, I),
          std::tuple<Tensor, Tensor>(T), std::tuple<Tensor, Tensor>(T, I, bool), Tensor&(Tensor&), Tensor&(Tensor&, T),
          Tensor&(Tensor&, N), Tensor&(Tensor&, I), Tensor&(Tensor&, N, N), Tensor&(Tensor&, T, N), Tensor&(Tensor&, T, T),
          Tensor&(Tensor&, T, T, N, N), Tensor&(Tensor&, I, T, T), Tensor&(Tensor&, double, double, Random),
          // out=
          Out(T, Out), Out(T, T, Out), Out(T, T, T, Out), Out(T, N, Out), Out(N, T, Out), Out(T, T, N, Out), Out(T, N, N, Out),
          Out(T, T, T, N, Out), Out(T, T, T, N, N, Out), Out(T, I, Out), Out(T, I, bool, Out), Out(T, T, I, Out),
          Out(T, Ints, Out), Out(T, Ints, bool, Out), Out(T, SymInts, Out), Out(T, I, Type, Out),
          Out(T, OptionalInts, bool, Type, Out), std::tuple<Out, Out>(T, Out, Out), std::tuple<Out, Out>(T, I, bool, Out, Out),
          // Optimizers that take all parameters at once, and what scales their gradients.
          void(List), void(List, N), void(List, Scalars), void(List, T), void(List, List), void(List, List, bool),
          void(List, List, N), void(List, List, List, N), void(List, List, List, Scalars), void(List, List, List, T),
          void(List, Out, T),
          void(List, List, List, double, double, double, double, bool, bool, bool, OptionalTensor, OptionalTensor),
          void(List, List, List, List, List, List, double, double, double, double, double, bool, bool, OptionalTensor,
               OptionalTensor)>());
  return kernels;
}

// Whether typed kernels may stand for an operator that counts as `row` says.
bool may_share(const c10::OperatorHandle& op, const formulas::Row& row) {
  // The values of a tensor are read where it is boxed.
  if (row.family != nullptr && !row.family->reads_values.empty()) return false;
  if (op.schema().returns().empty()) return true;  // it is looked at before it runs
  // So is an out=. What is written to in place is looked at afterwards, and has to be as it was before: no operator that may
  // change its size (resize_, set_, t_: none of them is counted).
  const auto& arguments = op.schema().arguments();
  for (const c10::Argument& argument : arguments) {
    if (!is_written(argument)) continue;
    const bool is_first = &argument == arguments.data();
    if (row.kind != VerdictKind::kCounted || argument.is_out() == is_first) return false;
  }
  return true;
}

}  // namespace

std::optional<c10::RegistrationHandleRAII> register_shared(const c10::OperatorHandle& op) {
  const c10::OperatorName& name = op.operator_name();
  // Others may write their signatures otherwise.
  if (!absl::StartsWith(name.name, "aten::") || decomposes(op)) return std::nullopt;
  const formulas::Row* const row = formulas::find_row(name.name);
  if (row == nullptr || !may_share(op, *row)) return std::nullopt;
  const auto shared = all().find(text_of(op));
  if (shared == all().end()) return std::nullopt;
  try {
    return c10::Dispatcher::singleton().registerImpl(name, kKey, shared->second.make_kernel(op), shared->second.signature,
                                                     nullptr, "torchtally: shared kernel");
  } catch (const c10::Error&) {
    return std::nullopt;  // the schema has the types, and the C++ signature is another one
  }
}

}  // namespace torchtally::dispatch
