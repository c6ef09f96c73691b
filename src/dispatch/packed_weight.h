// packed_weight: the shape of a weight that PyTorch has packed into an object of its own (quantized, MKL-DNN's prepacked layers).
#ifndef TORCHTALLY_SRC_DISPATCH_PACKED_WEIGHT_H_
#define TORCHTALLY_SRC_DISPATCH_PACKED_WEIGHT_H_

#include <ATen/core/ivalue.h>

#include "torchtally/op_call.h"

namespace torchtally::dispatch {

// The weight in an object, as it was before packing: (out, in) of a linear layer, (out, in / groups, ...) of a convolution,
// (in, out / groups, ...) of a transposed one. Unpacked once per object; the view stays valid for the life of the process.
// Argument::other() where the object holds no weight that is known how to get at.
//
// Thread-safe.
Argument packed_weight(const c10::IValue& object);

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_PACKED_WEIGHT_H_
