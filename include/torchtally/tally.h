// Tally: what was counted, as a value. Module × operator × dtype, and any sum over them.
//
//   torchtally::Tally tally = guard.tally();
//   tally.total().macs;
//   for (const auto& [name, cost] : tally.by_operator()) { ... }      // "aten::convolution"
//   tally.by_module().at("layer1.0").flops;                           // with everything below it
//
// A module's figure includes its submodules; the root's name is "" and its figure is the total. A shared module has one
// canonical name (the first in definition order) and is counted there; ModuleInfo::aliases has the others.
//
// Not for: formatting, see report.h. Thread-safety: a plain value, detached from the guard it came from.
#ifndef TORCHTALLY_TALLY_H_
#define TORCHTALLY_TALLY_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "torchtally/cost.h"
#include "torchtally/dtype.h"
#include "torchtally/export.h"
#include "torchtally/verdict.h"

namespace torchtally {

// Distinct parameters, in elements; a shared one counts once.
struct ParameterCount {
  std::int64_t total = 0;
  std::int64_t trainable = 0;
};

struct ModuleInfo {
  std::string name;                  // "layer1.0.conv1"; "" for the root
  std::string type;                  // "Conv2d"; empty for a frame opened by name only
  std::vector<std::string> aliases;  // other names of the same module
  int parent = -1;                   // index in Tally::modules(), always smaller than this one's; -1 for the root
  ParameterCount parameters;         // with everything below it
  bool registered = false;           // part of the guard's model, not only a named scope
  bool called = false;               // a scope was opened for it, or an operator ran in it or below it
};

struct OperatorInfo {
  std::string name;      // "aten::add"
  std::string overload;  // "Tensor"
  VerdictKind verdict = VerdictKind::kUnknown;
  ZeroReason reason = ZeroReason::kIgnored;  // if verdict is kZero
};

class TORCHTALLY_API Tally {
 public:
  // The calls of one operator overload in one dtype directly in one module, submodules not included.
  struct Row {
    int module = 0;  // index in modules()
    int op = 0;      // index in operators()
    Cost cost;
    DType dtype = DType::kUndefined;  // of the arithmetic; undefined where nothing is computed or moved
  };

  Tally() = default;
  // modules[0] is the root; a parent comes before its children. Throws std::invalid_argument if rows point outside.
  Tally(std::vector<ModuleInfo> modules, std::vector<OperatorInfo> operators, std::vector<Row> rows);

  Cost total() const;
  std::map<std::string, Cost> by_operator() const;
  std::map<std::string, Cost> by_module() const;
  // "float32", ...; "none" has the calls that neither compute nor move anything, such as views.
  std::map<std::string, Cost> by_dtype() const;
  std::map<std::string, std::map<std::string, Cost>> by_module_and_operator() const;

  // Operators without a verdict, with their calls. What they called inside is counted; they themselves are not.
  std::map<std::string, Count> unknown_operators() const;
  // Operators that cost no arithmetic, with the reason.
  std::map<std::string, ZeroReason> zero_operators() const;
  // Registered modules in which nothing ran, in definition order. A C++ module without a scope of its own counts as uncalled.
  std::vector<std::string> uncalled_modules() const;
  ParameterCount parameters() const;
  // True if a counter left 64 bits: that figure says "at least".
  bool saturated() const;

  // In definition order, scopes after the model's modules; modules()[0] is the root. Never empty.
  const std::vector<ModuleInfo>& modules() const { return modules_; }
  const std::vector<OperatorInfo>& operators() const { return operators_; }
  const std::vector<Row>& rows() const { return rows_; }
  // By index in modules(): with everything below.
  std::vector<Cost> inclusive_costs() const;

 private:
  std::vector<ModuleInfo> modules_ = {ModuleInfo{}};
  std::vector<OperatorInfo> operators_;
  std::vector<Row> rows_;
};

}  // namespace torchtally

#endif  // TORCHTALLY_TALLY_H_
