// Fashion-MNIST: 70,000 grey pictures of clothes in ten classes, in the files that MNIST has (IDX, with gzip or without).
#ifndef TORCHTALLY_EXAMPLES_FASHION_MNIST_H_
#define TORCHTALLY_EXAMPLES_FASHION_MNIST_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace torchtally::examples {

inline constexpr std::int64_t kImageSize = 28;

struct LabelledImages {
  std::vector<std::uint8_t> pixels;  // count() pictures of kImageSize rows of kImageSize
  std::vector<std::uint8_t> labels;  // 0 to 9

  std::int64_t count() const { return static_cast<std::int64_t>(labels.size()); }
};

// `part`: "train" or "t10k". Throws std::runtime_error, and says what to do, if the files are not there or are no such files.
LabelledImages load_fashion_mnist(const std::string& folder, const std::string& part);

}  // namespace torchtally::examples

#endif  // TORCHTALLY_EXAMPLES_FASHION_MNIST_H_
