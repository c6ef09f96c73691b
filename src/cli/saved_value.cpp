#include "cli/saved_value.h"

#include <torch/csrc/jit/serialization/import.h>
#include <torch/csrc/jit/serialization/pickle.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>
#include <vector>

#include "cli/failure.h"

namespace torchtally::cli {
namespace {

// C++'s torch::save writes a module with the attribute "0", or, for a vector, "size" and "0", "1", ...
std::optional<c10::IValue> read_cpp_archive(const std::string& path) {
  try {
    const torch::jit::Module archive = torch::jit::load(path);
    if (!archive.hasattr("0")) return std::nullopt;
    if (!archive.hasattr("size")) return archive.attr("0");
    c10::List<at::Tensor> tensors;
    const c10::IValue stored = archive.attr("size");
    const auto size = stored.isTensor() ? stored.toTensor().item().toLong() : stored.toInt();
    for (std::int64_t i = 0; i < size; ++i) tensors.push_back(archive.attr(std::to_string(i)).toTensor());
    return c10::IValue(tensors);
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

}  // namespace

c10::IValue read_saved_value(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) throw Failure("cannot read the input @" + path + ": it is a folder");
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open()) throw Failure("cannot read the input @" + path + ": " + std::strerror(errno));
  const std::vector<char> bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  try {
    return torch::jit::pickle_load(bytes);
  } catch (const std::exception&) {
    if (const auto value = read_cpp_archive(path)) return *value;
  }
  throw Failure("the input @" + path + " is not a saved value\n  Save one with torch.save(value, \"" + path +
                "\"): tensors, numbers, text, and lists, tuples and dictionaries of them.");
}

}  // namespace torchtally::cli
