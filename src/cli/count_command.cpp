#include "cli/count_command.h"

#include <c10/core/GradMode.h>
#include <torch/version.h>

#include <cmath>
#include <filesystem>
#include <optional>

#include "cli/failing_module.h"
#include "cli/failure.h"
#include "cli/hardware_counters.h"
#include "cli/inputs.h"
#include "cli/library.h"
#include "cli/meta_kernels.h"
#include "cli/model.h"
#include "cli/output_file.h"
#include "cli/progress.h"
#include "cli/run_observers.h"
#include "cli/torch_error.h"
#include "cli/training.h"
#include "torchtally/counting_guard.h"
#include "torchtally/report.h"

namespace torchtally::cli {
namespace {

constexpr char kNeedsValues[] = "\n  A model whose course depends on values (a detector, say) needs --device cpu.";

constexpr char kNeedsKernel[] =
    "\n  Count it with --device cpu (a model whose course depends on values, a detector say, needs that), or load a library that"
    "\n  has such a kernel with --library.";
constexpr char kNeedsLess[] = "\n  Give a smaller --input, or count without memory: --device meta\n  ";

[[noreturn]] void fail_run(const std::exception& error, const std::string& module, const std::string& signature, bool on_meta) {
  const std::string where = "the model failed" + (module.empty() ? "" : " in " + module) + ": ";
  const std::string op = on_meta ? operator_without_meta_kernel(error) : "";
  if (op == "aten::_local_scalar_dense") {
    throw Failure(where + "it asks for a tensor's value, and meta tensors have none" + kNeedsValues);
  }
  if (!op.empty()) throw Failure(where + op + " has no kernel for meta tensors" + kNeedsKernel);
  if (is_out_of_memory(error)) {
    throw Failure(where + "it does not fit into memory" + kNeedsLess + summary_of(error));
  }
  throw Failure(where + summary_of(error) + (on_meta ? kNeedsValues : "") +
                "\n  Do the shapes and types of --input fit the model? " + signature);
}

struct Call {
  torch::jit::Method method;
  Arguments arguments;
};

// forward(), or the first of its overloads (nn.LSTM has two: forward__0, forward__1) that takes the inputs.
Call choose_forward(const torch::jit::Module& model, const CountOptions& options, c10::Device device) {
  std::optional<Failure> misfit;
  for (const torch::jit::Method& method : model.get_methods()) {
    if (method.name() != "forward" && method.name().rfind("forward__", 0) != 0) continue;
    try {
      return {method, make_arguments(method.function().getSchema(), options.inputs, device)};
    } catch (const Failure& failure) {
      misfit = failure;
    }
  }
  throw misfit ? *misfit : Failure("the model '" + options.model + "' has no forward(): script a module that has one");
}

// As Failure says what went wrong, and in which module.
template <typename Work>
auto explained(const Call& call, bool on_meta, Work work) {
  const FailingModule failing_module;
  try {
    return work();
  } catch (const Failure&) {
    throw;
  } catch (const std::exception& error) {
    fail_run(error, failing_module.name(), signature_of(call.method.function().getSchema()), on_meta);
  }
}

void run_once(Call& call, const CountOptions& options, c10::Device device) {
  const c10::AutoGradMode gradients(options.train);
  explained(call, device.is_meta(), [&] {
    const at::IValue output = call.method({}, call.arguments);
    if (options.train) run_backward(output);
  });
}

// A first run takes memory, loads a device's kernels and chooses among them: that is no time of the model's.
void warm_up(const torch::jit::Module& model, Call& call, const CountOptions& options, c10::Device device, Progress& progress) {
  progress.say("warming up");
  {
    const CountingGuard as_counted(model);  // TorchScript's executor is another without
    run_once(call, options, device);
  }
  for (at::Tensor parameter : model.parameters()) parameter.mutable_grad().reset();  // else the next backward adds to them
}

Tally run(const torch::jit::Module& model, Call& call, const CountOptions& options, c10::Device device, CallObserver* observer,
          Progress& progress) {
  const CountingGuard guard(model, FormulaSet::builtin(), observer);
  for (int i = 1; i <= options.repeat; ++i) {
    const std::string what = "running " + options.model;
    if (options.repeat == 1) {
      progress.say(what);
    } else {
      progress.say(what + " " + std::to_string(options.repeat) + " times", i - 1, options.repeat);
    }
    run_once(call, options, device);
  }
  return guard.tally();
}

std::string hardware_text(const HardwareCounters& counters, double retired, Count counted) {
  if (!counters.why_not().empty()) return "Hardware: not counted, " + counters.why_not() + ".\n";
  const auto operations = static_cast<std::int64_t>(retired);
  std::string text =
      "Hardware: " + human_count(operations) + " floating-point operations retired, " + human_count(counted) + " counted";
  if (counted > 0 && operations > 0) {
    constexpr double kPercent = 100;
    text += " (" + std::to_string(std::llround(kPercent * static_cast<double>(std::int64_t{counted}) / retired)) + " %)";
  }
  return text + ".\n";
}

}  // namespace

void count(const CountOptions& options) {
  std::optional<OutputFile> output;
  if (!options.report.output.empty()) output.emplace(options.report.output);
  RunObservers observers(options);
  const c10::Device device = find_device(options.device);
  if (device.is_meta()) register_missing_meta_kernels();
  for (const std::string& library : options.libraries) load_library(library);
  Progress progress(options.quiet);
  torch::jit::Module model = load_model(options.model, device, progress);
  if (options.train) model.train();
  Call call = choose_forward(model, options, device);
  if (options.time || !options.trace.empty()) warm_up(model, call, options, device, progress);
  std::optional<HardwareCounters> hardware;
  if (options.hardware) hardware.emplace();
  const double before = hardware ? hardware->operations() : 0;
  const Tally tally = run(model, call, options, device, observers.observer(), progress);
  progress.clear();
  const double retired = hardware ? hardware->operations() - before : 0;
  observers.finish();
  const bool is_html = options.report.format == Format::kHtml;
  std::string text = render(tally, options.report, TORCH_VERSION, std::filesystem::path(options.model).stem().string(),
                            options.time ? &observers.times() : nullptr);
  if (options.time && !is_html) text += "\n" + observers.times_text();
  if (hardware) text += "\n" + hardware_text(*hardware, retired, tally.total().flops);
  write_report(text, output);
}

}  // namespace torchtally::cli
