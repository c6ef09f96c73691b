// Names that LibTorch moved between 1.13 and 2.x.
#ifndef TORCHTALLY_SRC_DISPATCH_TORCH_COMPAT_H_
#define TORCHTALLY_SRC_DISPATCH_TORCH_COMPAT_H_

#include <torch/version.h>

#if TORCH_VERSION_MAJOR >= 2
#include <optional>
#include <string_view>
#else
#include <c10/util/Optional.h>
#include <c10/util/string_view.h>
#endif

namespace torchtally::dispatch::compat {

#if TORCH_VERSION_MAJOR >= 2
template <typename T>
using optional = std::optional<T>;
using string_view = std::string_view;
#else
template <typename T>
using optional = c10::optional<T>;
using string_view = c10::string_view;
#endif

}  // namespace torchtally::dispatch::compat

#endif  // TORCHTALLY_SRC_DISPATCH_TORCH_COMPAT_H_
