#include "cli/saved_report.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>

#include "cli/failure.h"
#include "torchtally/tally_from_json.h"

namespace torchtally::cli {
namespace {

std::string read_all(const std::string& path) {
  if (path == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) throw Failure("the report '" + path + "' is a folder: name a JSON file");
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open()) throw Failure("cannot open the report '" + path + "': " + std::strerror(errno));
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace

SavedReport load_report(const std::string& path) {
  const std::string text = read_all(path);
  SavedReport report;
  try {
    report.tally = tally_from_json(text, &report.torch_version);
  } catch (const std::invalid_argument& error) {
    throw Failure("'" + path + "' is no report of torchtally: " + error.what() +
                  "\n  Make one with: torchtally count MODEL --input ... --format json --output FILE");
  }
  return report;
}

}  // namespace torchtally::cli
