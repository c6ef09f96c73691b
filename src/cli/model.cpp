#include "cli/model.h"

#include <caffe2/serialize/file_adapter.h>
#include <caffe2/serialize/inline_container.h>
#include <torch/csrc/jit/serialization/import.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>

#include "cli/failure.h"
#include "cli/torch_error.h"

namespace torchtally::cli {
namespace {

void check_readable(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) throw Failure("the model '" + path + "' is a folder: name a TorchScript file");
  if (!std::ifstream(path).is_open()) throw Failure("cannot open the model '" + path + "': " + std::strerror(errno));
}

bool is_torchscript(const std::string& path) {
  try {
    caffe2::serialize::PyTorchStreamReader reader(path);
    return reader.hasRecord("constants.pkl");  // torch.save() writes none
  } catch (const std::exception&) {
    return false;
  }
}

// Says how much of the file has been read. Parts that are read again, or not at all, make it end elsewhere than at 100 %.
class WatchedFile : public caffe2::serialize::ReadAdapterInterface {
 public:
  WatchedFile(const std::string& path, Progress& progress) : file_(path), what_("loading " + path), progress_(progress) {
    progress_.say(what_, 0, 1);
  }
  std::size_t size() const override { return file_.size(); }
  std::size_t read(std::uint64_t pos, void* buf, std::size_t n, const char* what) const override {
    const std::size_t count = file_.read(pos, buf, n, what);
    read_ += static_cast<double>(count);
    progress_.say(what_, read_, static_cast<double>(file_.size()));
    return count;
  }

 private:
  caffe2::serialize::FileAdapter file_;
  std::string what_;
  Progress& progress_;
  mutable double read_ = 0;  // the interface reads from a constant
};

}  // namespace

torch::jit::Module load_model(const std::string& path, c10::Device device, Progress& progress) {
  check_readable(path);
  if (!is_torchscript(path)) {
    throw Failure("'" + path +
                  "' is not a TorchScript archive\n"
                  "  Weights alone (torch.save) do not say what is computed. Make an archive in Python with\n"
                  "    torch.jit.script(model).save(\"model.pt\")      or, without control flow,\n"
                  "    torch.jit.trace(model, example).save(\"model.pt\")");
  }
  try {
    torch::jit::Module model = torch::jit::load(std::make_shared<WatchedFile>(path, progress), device);
    model.eval();
    return model;
  } catch (const std::exception& error) {
    const std::string unknown = unknown_name(error);
    if (!unknown.empty()) {
      throw Failure("the model '" + path + "' calls " + unknown +
                    ", which LibTorch does not have\n"
                    "  Name the library that brings it: --library /path/to/library.so (torchvision's is torchvision/_C.so)");
    }
    const std::string without_meta = device.is_meta() ? operator_without_meta_kernel(error) : "";
    if (!without_meta.empty()) {
      throw Failure(
          "cannot load the model '" + path + "' without its values: " + without_meta +
          " has no kernel for meta tensors\n  A frozen model (torch.jit.freeze) needs --device cpu; so does a quantized one.");
    }
    throw Failure("cannot load the model '" + path + "': " + summary_of(error));
  }
}

}  // namespace torchtally::cli
