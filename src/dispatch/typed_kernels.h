// The operators that vision and language models call most go through typed kernels, by group. Any operator may be added to a
// list, or taken from it: only the cost of counting changes, never a count.
#ifndef TORCHTALLY_SRC_DISPATCH_TYPED_KERNELS_H_
#define TORCHTALLY_SRC_DISPATCH_TYPED_KERNELS_H_

#include <string_view>

namespace torch {
class Library;
}

namespace torchtally::dispatch {

// Each registers its group with a library of kind IMPL, namespace aten, for the key.
void register_typed_views(torch::Library& library);
void register_typed_pointwise(torch::Library& library);
void register_typed_layers(torch::Library& library);

}  // namespace torchtally::dispatch

#endif  // TORCHTALLY_SRC_DISPATCH_TYPED_KERNELS_H_
