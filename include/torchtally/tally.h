// Tally: what was counted, as a value. Module × operator × phase × dtype, and any sum over them.
//
//   torchtally::Tally tally = guard.tally();
//   tally.total().macs;
//   for (const auto& [name, cost] : tally.by_operator()) { ... }      // "aten::convolution"
//   tally.by_module().at("layer1.0").flops;                           // with everything below it
//
// A module's figure includes its submodules; the root's name is "" and its figure is the total. A shared module has one
// canonical name (the first in definition order) and is counted there; ModuleInfo::aliases has the others.
//
// "With everything below it" can mean two things where a module is called from outside of the one that owns it. By owner, the
// default, a call counts for the modules on the path of its module's name; by caller, for those that were on the stack of modules
// when it ran (its forward ran, if it is a backward call). fvcore calls these ancestor modes.
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
#include "torchtally/module_formula.h"
#include "torchtally/phase.h"
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
  // Scopes that were opened for it, or calls of its forward() that TorchScript's interpreter announced. 0 where it is not known:
  // parameters tell where an operator belongs, not how often a module was called; and of a scripted model that ran before the
  // guard was opened, or that forks, the interpreter does not announce all.
  std::int64_t calls = 0;
  // Sizes of the tensors that it was last called with and that it returned, where known: the scope was told (call.h), or Python's
  // hooks saw them. Of a scripted module only those that it was called with.
  TensorSizes input_sizes;
  TensorSizes output_sizes;
};

// A frame of the module stack: a module, and the frame that it was entered from.
struct FrameInfo {
  int module = 0;   // index in Tally::modules()
  int caller = -1;  // index in Tally::frames(), always smaller than this one's; -1 for the first, the root's
};

enum class Ancestors : std::uint8_t { kOwner, kCaller };

struct OperatorInfo {
  std::string name;      // "aten::add"
  std::string overload;  // "Tensor"
  VerdictKind verdict = VerdictKind::kUnknown;
  ZeroReason reason = ZeroReason::kIgnored;  // if verdict is kZero
};

class TORCHTALLY_API Tally {
 public:
  // The calls of one operator overload in one dtype and phase directly in one frame, what it calls not included.
  struct Row {
    int module = 0;  // index in modules()
    int op = 0;      // index in operators()
    Cost cost;
    DType dtype = DType::kUndefined;  // of the arithmetic; undefined where nothing is computed or moved
    Phase phase = Phase::kForward;
    int frame = -1;  // index in frames(), of a frame of `module`; -1 if it is not known: then the caller is taken for the owner
  };

  Tally() = default;
  // modules[0] is the root; a parent comes before its children, a caller before its frames. Throws std::invalid_argument if rows
  // or frames point outside.
  Tally(std::vector<ModuleInfo> modules, std::vector<OperatorInfo> operators, std::vector<Row> rows,
        std::vector<FrameInfo> frames = {});

  Cost total() const;
  std::map<std::string, Cost> by_operator() const;
  std::map<std::string, Cost> by_module(Ancestors ancestors = Ancestors::kOwner) const;
  // "forward", "backward", ...: all that phase_name() has, also where nothing ran.
  std::map<std::string, Cost> by_phase() const;
  // "float32", ...; "none" has the calls that neither compute nor move anything, such as views.
  std::map<std::string, Cost> by_dtype() const;
  std::map<std::string, std::map<std::string, Cost>> by_module_and_operator(Ancestors ancestors = Ancestors::kOwner) const;
  // All phases of every module.
  std::map<std::string, std::map<std::string, Cost>> by_module_and_phase(Ancestors ancestors = Ancestors::kOwner) const;

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
  const std::vector<FrameInfo>& frames() const { return frames_; }
  // By index in modules(): with everything below.
  std::vector<Cost> inclusive_costs(Ancestors ancestors = Ancestors::kOwner) const;

 private:
  // Calls visit(module) for the row's module and those above it, each once.
  template <typename Visit>
  void for_each_ancestor(const Row& row, Ancestors ancestors, Visit visit) const;

  std::vector<ModuleInfo> modules_ = {ModuleInfo{}};
  std::vector<OperatorInfo> operators_;
  std::vector<Row> rows_;
  std::vector<FrameInfo> frames_;
};

}  // namespace torchtally

#endif  // TORCHTALLY_TALLY_H_
