#include "fashion_mnist.h"

#include <zlib.h>

#include <array>
#include <filesystem>
#include <memory>
#include <stdexcept>

namespace torchtally::examples {
namespace {

// An IDX file of bytes: two zeros, 8 for the type, the number of dimensions; a big-endian size each; the bytes.
class IdxFile {
 public:
  IdxFile(const std::string& folder, const std::string& name) {
    for (const char* ending : {".gz", ""}) {
      path_ = (std::filesystem::path(folder) / (name + ending)).string();
      if (std::filesystem::exists(path_)) break;
    }
    // gzopen reads what is not compressed as it is.
    file_.reset(gzopen(path_.c_str(), "rb"));
    if (!file_) {
      throw std::runtime_error("cannot read " + path_ +
                               ". Debian's package dataset-fashion-mnist has it (third_party/bootstrap.sh installs it); --data "
                               "names another folder.");
    }
    const std::vector<std::uint8_t> magic = bytes(4);
    if (magic[0] != 0 || magic[1] != 0 || magic[2] != kBytes) fail("is no IDX file of bytes");
    for (int i = 0; i < magic[3]; ++i) sizes_.push_back(size());
  }

  const std::vector<std::int64_t>& sizes() const { return sizes_; }

  std::vector<std::uint8_t> bytes(std::int64_t count) {
    std::vector<std::uint8_t> data(static_cast<std::size_t>(count));
    // gzfread's count is of items: one that is cut off is not counted.
    if (gzfread(data.data(), 1, data.size(), file_.get()) != data.size()) fail("ends too early, or is damaged");
    return data;
  }

  [[noreturn]] void fail(const std::string& what) const { throw std::runtime_error(path_ + " " + what); }

 private:
  static constexpr std::uint8_t kBytes = 8;

  std::int64_t size() {
    std::int64_t value = 0;
    for (const std::uint8_t byte : bytes(4)) value = value << 8 | byte;
    return value;
  }

  struct Close {
    void operator()(gzFile file) const { gzclose(file); }
  };
  std::string path_;
  std::unique_ptr<gzFile_s, Close> file_;
  std::vector<std::int64_t> sizes_;
};

}  // namespace

LabelledImages load_fashion_mnist(const std::string& folder, const std::string& part) {
  IdxFile images(folder, part + "-images-idx3-ubyte");
  const std::vector<std::int64_t> sizes = images.sizes();
  if (sizes.size() != 3 || sizes[0] == 0 || sizes[1] != kImageSize || sizes[2] != kImageSize) {
    images.fail("holds no pictures of 28x28");
  }
  IdxFile labels(folder, part + "-labels-idx1-ubyte");
  if (labels.sizes() != std::vector<std::int64_t>{sizes[0]}) labels.fail("does not hold a label for each picture");
  LabelledImages data;
  data.pixels = images.bytes(sizes[0] * sizes[1] * sizes[2]);
  data.labels = labels.bytes(sizes[0]);
  return data;
}

}  // namespace torchtally::examples
