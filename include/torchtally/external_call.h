// count_call(): counts what no operator of PyTorch's does: a kernel that is launched by hand, a call into another library, code
// that a compiler made.
//
//   const std::int64_t shape[] = {m, k};
//   const torchtally::OpSchema::Parameter parameters[] = {{"x"}};
//   const torchtally::Argument arguments[] = {torchtally::Argument(torchtally::TensorView(shape, nullptr, 2, DType::kFloat32))};
//   my_kernel<<<...>>>(...);
//   torchtally::count_call({{"mykernels::fused_mlp", "", parameters}, arguments, {}});
//
// The call belongs to the module and the phase that the thread is in. Each guard's formula set says what it costs, by its name
// (FormulaSet::set("mykernels::fused_mlp", ...)); a guard that has no formula reports it as unknown, as it does an operator.
// Where no guard counts, or inside an operator that is counted, nothing happens.
//
// A CallObserver is not told. Thread-safety: any thread.
#ifndef TORCHTALLY_EXTERNAL_CALL_H_
#define TORCHTALLY_EXTERNAL_CALL_H_

#include <string_view>

#include "torchtally/export.h"
#include "torchtally/op_call.h"

namespace torchtally {

TORCHTALLY_API void count_call(const OpCall& call);

// True if count_call() would count.
TORCHTALLY_API bool is_counting();

// True if count_call() would find that the innermost guard has a formula for the name, or a reason why it costs nothing. False
// where nothing is counted.
TORCHTALLY_API bool knows_call(std::string_view name);

}  // namespace torchtally

#endif  // TORCHTALLY_EXTERNAL_CALL_H_
