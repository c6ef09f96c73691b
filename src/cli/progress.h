// Progress: one line for a person who waits, on the standard error and only if that is a terminal.
//
// The line is written over by the next one and goes away with the object, so that an error stands by itself. Not thread-safe.
#ifndef TORCHTALLY_SRC_CLI_PROGRESS_H_
#define TORCHTALLY_SRC_CLI_PROGRESS_H_

#include <string>

namespace torchtally::cli {

class Progress {
 public:
  explicit Progress(bool quiet);
  ~Progress() { clear(); }

  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  Progress(Progress&&) = delete;
  Progress& operator=(Progress&&) = delete;

  // "running resnet50.pt"
  void say(const std::string& what);
  // "loading resnet50.pt, 43 %": how much of `total` is done. Writes only where the percentage is another one.
  void say(const std::string& what, double done, double total);
  // Before anything else is written to the terminal.
  void clear();

 private:
  void write(const std::string& text) const;

  const bool is_shown_;
  const bool can_rewrite_;  // a dumb terminal gets a line for each stage, and no percentages
  std::string what_;
  int percent_ = -1;
};

}  // namespace torchtally::cli

#endif  // TORCHTALLY_SRC_CLI_PROGRESS_H_
