#include "cli/count_options.h"

#include <CLI/CLI.hpp>

#include "cli/choice.h"
#include "cli/numbers.h"

namespace torchtally::cli {
namespace {

constexpr char kExamples[] = R"(Examples:
  What ResNet-50 computes for one image, two levels of modules deep:
    torchtally count resnet50.pt --input 1x3x224x224 --depth 2
  A language model with 128 tokens below 30522 and a mask, as JSON:
    torchtally count bert.pt --input '1x128:int64<30522' --input 1x128:int64 --format json
  A detector that takes a list of images and needs torchvision's operators:
    torchtally count maskrcnn.pt --input '[3x320x320,3x256x256]' --library torchvision/_C.so
  Where the bytes go, by operator; the ten layers that compute most:
    torchtally count resnet50.pt --input 1x3x224x224 --by operator --sort bytes
    torchtally count resnet50.pt --input 1x3x224x224 --sort flops --top 10 --columns type,flops,share,bytes,intensity
  Forward and backward of a training step, as a page for a browser:
    torchtally count resnet50.pt --input 8x3x224x224 --train --format html --output resnet50.html
  How fast it runs beside what it computes, and every call on a time line (open it in ui.perfetto.dev):
    torchtally count resnet50.pt --input 8x3x224x224 --repeat 5 --time operator --peak 1200 --bandwidth 60 --trace trace.json
  The same figures without computing anything, for a model too large for this machine:
    torchtally count vgg16.pt --input 64x3x224x224 --device meta

MODEL is a TorchScript archive. Make one in Python: torch.jit.script(model.eval()).save("model.pt")

Inputs, one --input for each argument of forward(), in order:
  1x3x224x224            float32 tensor, random numbers between 0 and 1
  1x8:bfloat16           of another type: float32 float64 float16 bfloat16 uint8 int8 int16 int32
                         int64 complex64 complex128 bool; integers and truth values are zeros
  '1x128:int64<30522'    random integers from 0 to 30521
  scalar, scalar:int64   zero-dimensional tensor
  int=5  float=0.5  bool=true  str=text  none
  '[3x320x320,3x256x256]'  list;  '(1x3,1x3)' tuple;  '{key=1x3}' dictionary; also inside one another
  @file.pt               value saved with torch.save
  mask=1x128:bool        by name: the argument "mask"; one that has a default may be left out

The model runs in evaluation mode, without gradients, unless --train is given. Random inputs are the same in every run.

)";

constexpr char kExitCodes[] = "\nExit codes: 0, 1 if it failed, 2 if the command line is wrong.";

}  // namespace

const CLI::App& add_count(CLI::App& app, CountOptions& options) {
  CLI::App* count = app.add_subcommand("count", "Run a TorchScript model once and count what it computes");
  count->add_option("MODEL", options.model, "TorchScript archive")->required();
  // No extra arguments: with them CLI11 takes a list's brackets apart.
  count
      ->add_option_function<std::vector<std::string>>(
          "--input",
          [&options](const std::vector<std::string>& inputs) {
            for (const std::string& input : inputs) options.inputs.push_back(parse_input_spec(input));
          },
          "Input of forward(); once for each argument")
      ->allow_extra_args(false)
      ->type_name("INPUT");
  add_report_flags(*count, options.report);
  count->add_flag("--train", options.train, "In training mode, with the backward of the sum of all outputs");
  count->add_option("--repeat", options.repeat, "Run so many times; figures are those of all runs together")
      ->check(check_positive)
      ->type_name("N");
  const std::map<std::string, std::optional<GroupBy>> timed = {{"operator", GroupBy::kOperator}, {"module", GroupBy::kModule}};
  add_choice(*count, "--time", options.time, timed, "", "WHAT",
             "How long it took, after a run to warm up: below a table by operator or module; in HTML throughout");
  count->add_option("--trace", options.trace, "Write a trace of the run for Perfetto or chrome://tracing here")
      ->type_name("FILE");
  count->add_flag("--hardware", options.hardware, "Then the floating-point operations that the CPU's own counters saw");
  count->add_flag("--quiet", options.quiet, "No word about progress");
  count->add_option("--library", options.libraries, "Load this library's operators before the model; may be repeated")
      ->allow_extra_args(false)
      ->type_name("LIB.so");
  add_choice(*count, "--device", options.device, {{"cpu", Device::kCpu}, {"cuda", Device::kCuda}, {"meta", Device::kMeta}}, "cpu",
             "DEVICE", "cpu, cuda, or meta: count without computing");
  count->callback([&options] {
    check(options.report);
    if (options.report.format == Format::kTable || options.report.format == Format::kTree) return;
    if (options.time && options.report.options.ancestors != Ancestors::kOwner) {
      throw CLI::ValidationError("--time", "is by owner: it does not go together with --ancestors caller in html");
    }
    if (options.time && options.report.format != Format::kHtml) {
      throw CLI::ValidationError("--time", "is for the formats table, tree and html; --trace has times for programs");
    }
    if (options.hardware) throw CLI::ValidationError("--hardware", "is for the formats table and tree");
  });
  count->footer(std::string(kExamples) + kReportHelp + kExitCodes);
  return *count;
}

}  // namespace torchtally::cli
