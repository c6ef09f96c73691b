#include "cli/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "cli/failure.h"

namespace torchtally::cli {
namespace {

// False if the write failed, with errno set.
bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// What a file made by open() would have: mkstemp() makes private ones.
mode_t usual_mode() {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return 0666 & ~mask;
}

}  // namespace

OutputFile::OutputFile(const std::string& path, std::string option) : path_(path), option_(std::move(option)) {
  std::error_code error;
  const auto target = std::filesystem::canonical(path, error);
  if (!error) path_ = target.string();  // through a symbolic link: the rename must not replace the link
  struct stat status = {};
  const bool exists = ::stat(path_.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) fail("it is a folder");
  if (exists && !S_ISREG(status.st_mode)) {
    file_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
    if (file_ < 0) fail(std::strerror(errno));
    return;
  }
  if (exists && ::access(path_.c_str(), W_OK) != 0) fail(std::strerror(errno));
  temporary_ = path_ + ".XXXXXX";
  file_ = ::mkstemp(temporary_.data());
  if (file_ < 0) {
    const int reason = errno;
    temporary_.clear();
    fail(std::strerror(reason));
  }
  ::fchmod(file_, exists ? status.st_mode & 07777 : usual_mode());
}

OutputFile::~OutputFile() {
  if (file_ >= 0) ::close(file_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void OutputFile::write(std::string_view text) {
  if (!write_all(file_, text)) fail(std::strerror(errno));
}

void OutputFile::commit() {
  const int closed = ::close(file_);
  file_ = -1;
  if (closed != 0) fail(std::strerror(errno));
  if (temporary_.empty()) return;
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail(std::strerror(errno));
  temporary_.clear();
}

void OutputFile::fail(const std::string& why) const {
  throw Failure("cannot write " + option_ + " " + path_ + ": " + why +
                "\n  Choose a file in a folder that exists and that you may write to.");
}

void write_report(std::string_view text, std::optional<OutputFile>& file) {
  if (file) {
    file->write(text);
    file->commit();
  } else {
    write_to_stdout(text);
  }
}

void write_to_stdout(std::string_view text) {
  if (write_all(STDOUT_FILENO, text) || errno == EPIPE) return;
  throw Failure(std::string("cannot write to the standard output: ") + std::strerror(errno));
}

}  // namespace torchtally::cli
