// StepLog: a line of JSON a step to a file, and a line of progress to a person who waits.
#ifndef TORCHTALLY_EXAMPLES_STEP_LOG_H_
#define TORCHTALLY_EXAMPLES_STEP_LOG_H_

#include <fstream>
#include <string>

#include "torchtally/step_record.h"

namespace torchtally::examples {

class StepLog {
 public:
  // An empty path: no file. Throws std::runtime_error if it cannot be written to.
  explicit StepLog(std::string path);
  // The record with the loss beside it. Throws std::runtime_error, as close() does.
  void write(const StepRecord& record, double loss);
  void close();

 private:
  void check() const;

  std::string path_;
  std::ofstream file_;
  bool has_terminal_;
};

}  // namespace torchtally::examples

#endif  // TORCHTALLY_EXAMPLES_STEP_LOG_H_
