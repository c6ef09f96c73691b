#include "sample_tally.h"

namespace torchtally::testing {
namespace {

ModuleInfo module_info(std::string name, std::string type, int parent, std::int64_t parameters, bool called = true) {
  ModuleInfo info;
  info.name = std::move(name);
  info.type = std::move(type);
  info.parent = parent;
  info.parameters = {parameters, parameters};
  info.registered = true;
  info.called = called;
  info.calls = called ? 1 : 0;
  return info;
}

Cost cost_of(std::int64_t calls, std::int64_t macs, std::int64_t other_flops, std::int64_t outputs) {
  Cost cost;
  cost.calls = calls;
  cost.add_macs(macs);
  cost.flops += other_flops;
  cost.bytes_read = outputs * 8;
  cost.bytes_written = outputs * 4;
  cost.activations = outputs;
  return cost;
}

}  // namespace

Tally sample_tally() {
  std::vector<ModuleInfo> modules = {module_info("", "Net", -1, 2'503'000),
                                     module_info("stem", "Conv2d", 0, 9'408),
                                     module_info("backbone", "Wrapper", 0, 2'360'000),
                                     module_info("backbone.body", "Sequential", 2, 2'360'000),
                                     module_info("backbone.body.0", "Linear", 3, 2'359'808),
                                     module_info("head", "Linear", 0, 192),
                                     module_info("spare", "Linear", 0, 133'400, false),
                                     module_info("backbone.body.größe <b>", "", 3, 0)};
  modules[5].aliases = {"backbone.body.tail"};
  modules[7].registered = false;
  modules[1].input_sizes = {{1, 3, 224, 224}};
  modules[1].output_sizes = {{1, 64, 112, 112}};
  modules[5].input_sizes = {{4, 8}, {}};
  std::vector<OperatorInfo> operators = {{"aten::convolution", "", VerdictKind::kCounted, ZeroReason::kIgnored},
                                         {"aten::addmm", "", VerdictKind::kCounted, ZeroReason::kIgnored},
                                         {"aten::view", "", VerdictKind::kZero, ZeroReason::kView},
                                         {"mylib::mystery", "", VerdictKind::kUnknown, ZeroReason::kIgnored},
                                         {"aten::convolution_backward", "", VerdictKind::kCounted, ZeroReason::kIgnored},
                                         {"aten::gelu", "", VerdictKind::kCounted, ZeroReason::kIgnored},
                                         {"aten::addmm", "out", VerdictKind::kCounted, ZeroReason::kIgnored}};
  Cost gelu = cost_of(1, 0, 20'480, 4'096);
  gelu.transcendentals = 4'096;
  const std::vector<FrameInfo> frames = {{0, -1}, {1, 0}, {2, 0}, {3, 2}, {4, 3}, {5, 3}, {5, 0}, {7, 3}};
  std::vector<Tally::Row> rows = {{1, 0, cost_of(1, 118'013'952, 0, 802'816), DType::kFloat32, Phase::kForward, 1},
                                  {1, 4, cost_of(1, 118'013'952, 802'816, 9'408), DType::kFloat32, Phase::kBackward, 1},
                                  {4, 1, cost_of(2, 999'950, 312, 4'096), DType::kBFloat16, Phase::kForward, 4},
                                  {4, 1, cost_of(2, 1'999'900, 0, 8'192), DType::kBFloat16, Phase::kBackward, 4},
                                  {3, 5, gelu, DType::kFloat32, Phase::kForward, 3},
                                  {5, 6, cost_of(1, 96, 6, 6), DType::kFloat32, Phase::kForward, 5},
                                  {5, 1, cost_of(1, 96, 6, 6), DType::kFloat32, Phase::kForward, 6},
                                  {0, 2, cost_of(3, 0, 0, 0), DType::kUndefined, Phase::kForward, 0},
                                  {7, 3, cost_of(12, 0, 0, 0), DType::kUndefined, Phase::kForward, 7},
                                  {7, 0, cost_of(1, 500, 0, 50), DType::kFloat32, Phase::kForward, 7}};
  return Tally(std::move(modules), std::move(operators), std::move(rows), frames);
}

}  // namespace torchtally::testing
