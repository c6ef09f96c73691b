// FailingModule: while alive, remembers in which module of a TorchScript model the first operator threw.
//
// The error itself shows lines of source code, but not whose: forward() of a block stands there once for sixteen blocks.
// Thread-safety: construct, destroy and ask on one thread; operators of that thread only.
#ifndef TORCHTALLY_SRC_CLI_FAILING_MODULE_H_
#define TORCHTALLY_SRC_CLI_FAILING_MODULE_H_

#include <cstdint>
#include <string>

namespace torchtally::cli {

class [[nodiscard]] FailingModule {
 public:
  FailingModule();
  ~FailingModule();

  FailingModule(const FailingModule&) = delete;
  FailingModule& operator=(const FailingModule&) = delete;
  FailingModule(FailingModule&&) = delete;
  FailingModule& operator=(FailingModule&&) = delete;

  // "layer1.0.conv1 (Conv2d)"; empty if no operator threw, or if it threw in the model's own forward().
  std::string name() const;

 private:
  std::uint64_t callback_;
};

}  // namespace torchtally::cli

#endif  // TORCHTALLY_SRC_CLI_FAILING_MODULE_H_
