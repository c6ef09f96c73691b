// Shape functions for --device meta.
//
// LibTorch itself has no Meta kernel for convolution, normalization and some others (in the Python wheel, Python registers them).
// Without computing anything there is nothing but the output's shape and type to say; this says it for the operators
// that vision models call.
#ifndef TORCHTALLY_SRC_CLI_META_KERNELS_H_
#define TORCHTALLY_SRC_CLI_META_KERNELS_H_

namespace torchtally::cli {

// Registers those that nobody else has registered, for the rest of the process.
void register_missing_meta_kernels();

}  // namespace torchtally::cli

#endif  // TORCHTALLY_SRC_CLI_META_KERNELS_H_
