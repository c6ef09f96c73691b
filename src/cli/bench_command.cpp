#include "cli/bench_command.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/add.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>
#include <torch/version.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "cli/choice.h"
#include "cli/numbers.h"
#include "cli/output_file.h"
#include "cli/output_option.h"
#include "cli/progress.h"
#include "dispatch/device_queue.h"
#include "report/text_columns.h"
#include "torchtally/counting_guard.h"
#include "torchtally/report.h"
#include "torchtally/step_meter.h"

namespace torchtally::cli {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

constexpr char kExamples[] = R"(Examples:
  What this machine can do, and what counting costs on it:
    torchtally bench
  The same of the GPU:
    torchtally bench --device cuda
  With the figures that the HTML report's roofline takes:
    torchtally report resnet50.json --format html --peak 1200 --bandwidth 60 --output resnet50.html

Peak: products of square matrices, the best of several sizes. Bandwidth: a copy that is larger than the caches, read and
written bytes together. Counting: a chain of calls with and without a guard. All are the best run in the time allowed.)";

constexpr int kChain = 1000;

struct Peak {
  DType dtype;
  double flops;  // per second
  std::int64_t size;
};

struct Overhead {
  const char* name;
  double plain;    // nanoseconds per call
  double counted;  // nanoseconds per call
};

// The shortest of as many runs as fit into the time, at least three, in seconds.
template <typename Work>
double shortest(double seconds, Work work) {
  constexpr int kAtLeast = 3;
  work();  // allocates, starts threads
  double best = std::numeric_limits<double>::infinity();
  const Clock::time_point end =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  for (int i = 0; i < kAtLeast || Clock::now() < end; ++i) {
    const Clock::time_point start = Clock::now();
    work();
    best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count());
  }
  return best;
}

Peak best_peak(DType dtype, c10::Device device, double seconds) {
  constexpr std::array<std::int64_t, 4> kOnCpu = {256, 512, 1024, 2048};
  constexpr std::array<std::int64_t, 4> kElsewhere = {1024, 2048, 4096, 8192};
  Peak best = {dtype, 0, 0};
  for (const std::int64_t size : device.is_cpu() ? kOnCpu : kElsewhere) {
    const double flops = measure_peak(dtype, seconds / 4, size, device.str());
    if (flops > best.flops) best = {dtype, flops, size};
  }
  return best;
}

double measure_bandwidth(c10::Device device, double seconds) {
  constexpr std::int64_t kElements = std::int64_t{64} * 1024 * 1024;  // 256 MiB, more than any cache
  const at::Tensor from = at::ones({kElements}, at::TensorOptions(device));
  at::Tensor to = at::empty_like(from);
  constexpr double kBytes = 2.0 * kElements * sizeof(float);
  return kBytes / shortest(seconds, [&] {
           to.copy_(from);
           dispatch::wait_for(from.device());
         });
}

template <typename Call>
Overhead measure_overhead(const char* name, c10::Device device, double seconds, Call call) {
  const auto chain = [&] {
    for (int i = 0; i < kChain; ++i) call();
    dispatch::wait_for(device);
  };
  constexpr double kNanoseconds = 1e9 / kChain;
  Overhead overhead = {name, shortest(seconds / 2, chain) * kNanoseconds, 0};
  const CountingGuard guard;
  overhead.counted = shortest(seconds / 2, chain) * kNanoseconds;
  return overhead;
}

struct Results {
  std::vector<Peak> peaks;
  double bandwidth = 0;  // bytes per second
  std::vector<Overhead> overheads;
};

Results measure(const BenchOptions& options) {
  const c10::Device device = find_device(options.device);
  Progress progress(options.quiet);
  const std::array<DType, 3> dtypes = {DType::kFloat32, DType::kFloat64, DType::kBFloat16};
  const double stages = dtypes.size() + 2;
  double done = 0;
  const auto next = [&](const std::string& what) { progress.say("measuring " + what, done++, stages); };
  const at::NoGradGuard no_grad;
  Results results;
  for (const DType dtype : dtypes) {
    next("the peak, " + std::string(dtype_name(dtype)));
    results.peaks.push_back(best_peak(dtype, device, options.seconds));
  }
  next("the bandwidth");
  results.bandwidth = measure_bandwidth(device, options.seconds);
  next("what counting costs");
  const at::Tensor one = at::ones({1}, at::TensorOptions(device));
  const at::Tensor small = at::ones({4, 4}, at::TensorOptions(device));
  results.overheads = {
      measure_overhead("view", one.device(), options.seconds,
                       [&] {
                         return small.view({2, 8});
                       }),
      measure_overhead("add, 1 element", one.device(), options.seconds, [&] { return at::add(one, one); }),
      measure_overhead("mm, 4x4", one.device(), options.seconds, [&] { return at::mm(small, small); }),
  };
  return results;
}

std::string rounded(double number) { return std::to_string(std::llround(number)); }

std::string text_of(const Results& results) {
  const auto count = [](double number) { return human_count(static_cast<std::int64_t>(number)); };
  using report::Align;
  report::TextColumns machine({Align::kLeft, Align::kRight, Align::kLeft});
  for (const Peak& peak : results.peaks) {
    machine.add_row({"peak, " + std::string(dtype_name(peak.dtype)), count(peak.flops) + "FLOP/s",
                     "product of " + std::to_string(peak.size) + "x" + std::to_string(peak.size) + " matrices"});
  }
  machine.add_row({"bandwidth", count(results.bandwidth) + "B/s", "copy of 256 MiB"});
  report::TextColumns counting({Align::kLeft, Align::kRight, Align::kRight, Align::kRight});
  counting.add_row({"ns per call", "plain", "counted", "more"});
  for (const Overhead& overhead : results.overheads) {
    counting.add_row({overhead.name, rounded(overhead.plain), rounded(overhead.counted),
                      (overhead.counted < overhead.plain ? "" : "+") + rounded(overhead.counted - overhead.plain)});
  }
  return "LibTorch " TORCH_VERSION ", " + std::to_string(at::get_num_threads()) + " threads\n" + machine.str() + "\n" +
         counting.str() + "\nFor the roofline of the HTML report: --peak " + rounded(results.peaks[0].flops / 1e9) +
         " --bandwidth " + rounded(results.bandwidth / 1e9) + "\n";
}

std::string json_of(const Results& results) {
  Json peaks = Json::object();
  for (const Peak& peak : results.peaks) peaks[std::string(dtype_name(peak.dtype))] = peak.flops;
  Json overheads = Json::object();
  for (const Overhead& overhead : results.overheads) {
    overheads[overhead.name] = {{"plain_ns", overhead.plain}, {"counted_ns", overhead.counted}};
  }
  const Json json = {{"schema", "torchtally.bench/1"},
                     {"torch_version", TORCH_VERSION},
                     {"threads", at::get_num_threads()},
                     {"peak_flops_per_second", std::move(peaks)},
                     {"bandwidth_bytes_per_second", results.bandwidth},
                     {"counting", std::move(overheads)}};
  return json.dump(2) + "\n";
}

}  // namespace

const CLI::App& add_bench(CLI::App& app, BenchOptions& options) {
  CLI::App* bench = app.add_subcommand("bench", "Measure this machine, and what counting costs on it");
  add_choice(*bench, "--format", options.format, {{"text", BenchFormat::kText}, {"json", BenchFormat::kJson}}, "text", "FORMAT",
             "text or json");
  add_choice(*bench, "--device", options.device, {{"cpu", Device::kCpu}, {"cuda", Device::kCuda}}, "cpu", "DEVICE",
             "cpu or cuda");
  bench->add_option("--seconds", options.seconds, "Time for each of the measurements")
      ->check(check_positive)
      ->capture_default_str()
      ->type_name("S");
  bench->add_flag("--quiet", options.quiet, "No word about progress");
  add_output(*bench, options.output, "the figures");
  bench->footer(kExamples);
  return *bench;
}

void bench(const BenchOptions& options) {
  std::optional<OutputFile> output;
  if (!options.output.empty()) output.emplace(options.output);
  const Results results = measure(options);
  write_report(options.format == BenchFormat::kJson ? json_of(results) : text_of(results), output);
}

}  // namespace torchtally::cli
