#include "cli/options.h"

#include <torch/version.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <map>

#include "cli/failure.h"

namespace torchtally::cli {
namespace {

constexpr char kOverview[] = R"(torchtally counts what a PyTorch program really computes.

Examples:
  torchtally count resnet50.pt --input 1x3x224x224
  torchtally count resnet50.pt --input 1x3x224x224 --format json --output resnet50.json
  torchtally count --help)";

constexpr char kExamples[] = R"(Examples:
  What ResNet-50 computes for one image, two levels of modules deep:
    torchtally count resnet50.pt --input 1x3x224x224 --depth 2
  A language model with 128 tokens below 30522 and a mask, as JSON:
    torchtally count bert.pt --input '1x128:int64<30522' --input 1x128:int64 --format json
  A detector that takes a list of images and needs torchvision's operators:
    torchtally count maskrcnn.pt --input '[3x320x320,3x256x256]' --library torchvision/_C.so
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

The model runs in evaluation mode, without gradients. Random inputs are the same in every run.
Exit codes: 0, 1 if it failed, 2 if the command line is wrong.)";

std::string version() { return std::string("torchtally ") + TORCHTALLY_VERSION + " (LibTorch " + TORCH_VERSION + ")"; }

int wrong_usage(const std::string& message) {
  std::cerr << "torchtally: " << message << "\n  See torchtally count --help\n";
  return kWrongUsage;
}

}  // namespace

std::optional<int> read_command_line(int argc, char** argv, CountOptions& options) {
  const std::map<std::string, Format> formats = {{"table", Format::kTable}, {"tree", Format::kTree}, {"json", Format::kJson}};
  const std::map<std::string, Device> devices = {{"cpu", Device::kCpu}, {"cuda", Device::kCuda}, {"meta", Device::kMeta}};
  std::vector<std::string> inputs;
  std::string format = "table";
  std::string device = "cpu";

  CLI::App app(kOverview, "torchtally");
  app.set_version_flag("--version", version());
  app.require_subcommand(1);
  CLI::App* count = app.add_subcommand("count", "Run a TorchScript model once and count what it computes");
  count->add_option("MODEL", options.model, "TorchScript archive")->required();
  // No extra arguments: with them CLI11 takes a list's brackets apart.
  count->add_option("--input", inputs, "Input of forward(); once for each argument")->allow_extra_args(false)->type_name("INPUT");
  count->add_option("--depth", options.depth, "Levels of modules to show; all if not given")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N");
  count->add_option("--format", format, "table, tree or json")
      ->check(CLI::IsMember(formats))
      ->type_name("FORMAT")
      ->capture_default_str();
  count->add_option("--output", options.output, "Write the report here; the standard output if not given")->type_name("FILE");
  count->add_option("--library", options.libraries, "Load this library's operators before the model; may be repeated")
      ->allow_extra_args(false)
      ->type_name("LIB.so");
  count->add_option("--device", device, "cpu, cuda, or meta: count without computing")
      ->check(CLI::IsMember(devices))
      ->type_name("DEVICE")
      ->capture_default_str();
  count->footer(kExamples);

  try {
    app.parse(argc, argv);
    for (const std::string& input : inputs) options.inputs.push_back(parse_input_spec(input));
  } catch (const CLI::Success& request) {  // --help, --version
    return app.exit(request);
  } catch (const CLI::ParseError& error) {
    return wrong_usage(error.what());
  } catch (const InputSpecError& error) {
    return wrong_usage(error.what());
  }
  options.format = formats.at(format);
  options.device = devices.at(device);
  return std::nullopt;
}

}  // namespace torchtally::cli
