// OutputFile: where the report goes with --output. Either the whole report gets there or nothing changes.
#ifndef TORCHTALLY_SRC_CLI_OUTPUT_FILE_H_
#define TORCHTALLY_SRC_CLI_OUTPUT_FILE_H_

#include <optional>
#include <string>
#include <string_view>

namespace torchtally::cli {

class [[nodiscard]] OutputFile {
 public:
  // `option`: what the path was given with, for errors. Makes a temporary file beside `path`, so that a place that cannot be
  // written to is known before the model runs. A path that is no regular file (/dev/null, a pipe) is opened itself. Throws
  // Failure.
  explicit OutputFile(const std::string& path, std::string option = "--output");
  // Removes the temporary file, if it has not been committed.
  ~OutputFile();

  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  OutputFile(OutputFile&&) = delete;
  OutputFile& operator=(OutputFile&&) = delete;

  // Writes the next part. Throws Failure.
  void write(std::string_view text);
  // Puts the file in its place, when all is written. Throws Failure.
  void commit();

 private:
  [[noreturn]] void fail(const std::string& why) const;

  std::string path_;
  std::string option_;
  std::string temporary_;  // empty: writes to path_ itself, or committed
  int file_ = -1;
};

// Into the file if there is one, otherwise to the standard output. Throws Failure.
void write_report(std::string_view text, std::optional<OutputFile>& file);

// To the standard output. A reader that has gone away is no error: nobody is left to read about it. Throws Failure.
void write_to_stdout(std::string_view text);

}  // namespace torchtally::cli

#endif  // TORCHTALLY_SRC_CLI_OUTPUT_FILE_H_
