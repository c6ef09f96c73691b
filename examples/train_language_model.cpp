// Trains a small transformer to continue texts, byte by byte, with a StepMeter on: the licenses that lie on every Debian system.
//
//   build/release/bin/train_language_model --log language_model.jsonl     (docs/training.md shows what comes of it)
//
// Sequences grow while it learns, from a quarter of the context to all of it. So steps are counted where the sizes of their
// inputs are new, three times in all, and the others take those counts (--every 0).
#include <torch/torch.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>

#include "settings.h"
#include "step_log.h"
#include "torchtally/call.h"
#include "torchtally/torchtally.h"

namespace torchtally::examples {
namespace {

namespace nn = torch::nn;

constexpr std::int64_t kBytes = 256;
constexpr std::int64_t kWidth = 128;
constexpr std::int64_t kHeads = 4;
constexpr int kLayers = 4;

struct BlockImpl : nn::Module {
  BlockImpl() : nn::Module("Block") {
    register_module("norm1", norm1);
    register_module("qkv", qkv);
    register_module("out", out);
    register_module("norm2", norm2);
    register_module("mlp", mlp);
  }
  torch::Tensor forward(const torch::Tensor& x) {
    const torch::Tensor y = x + call(out, attention(call(qkv, call(norm1, x))));
    return y + call(mlp, call(norm2, y));
  }

  // Takes no parameter: what it computes belongs to the block, which is called in a scope.
  static torch::Tensor attention(const torch::Tensor& qkv) {
    const auto parts = qkv.unflatten(-1, {3, kHeads, kWidth / kHeads}).permute({2, 0, 3, 1, 4}).unbind(0);
#if TORCH_VERSION_MAJOR >= 2
    const torch::Tensor values = at::scaled_dot_product_attention(parts[0], parts[1], parts[2], {}, 0, /*is_causal=*/true);
#else
    const torch::Tensor scores = parts[0].matmul(parts[1].transpose(-2, -1)).div(std::sqrt(double(kWidth) / kHeads));
    const std::int64_t length = scores.size(-1);
    const torch::Tensor later = torch::ones({length, length}, torch::kBool).triu(1);
    const torch::Tensor values = scores.masked_fill(later, -INFINITY).softmax(-1).matmul(parts[2]);
#endif
    return values.transpose(1, 2).flatten(2);
  }

  nn::LayerNorm norm1{nn::LayerNormOptions({kWidth})};
  nn::Linear qkv{kWidth, 3 * kWidth};
  nn::Linear out{kWidth, kWidth};
  nn::LayerNorm norm2{nn::LayerNormOptions({kWidth})};
  nn::Sequential mlp{nn::Linear(kWidth, 4 * kWidth), nn::GELU(), nn::Linear(4 * kWidth, kWidth)};
};
TORCH_MODULE(Block);

struct LanguageModelImpl : nn::Module {
  explicit LanguageModelImpl(std::int64_t context) : nn::Module("LanguageModel"), positions(context, kWidth) {
    register_module("bytes", bytes);
    register_module("positions", positions);
    for (int i = 0; i < kLayers; ++i) blocks->push_back(Block());
    register_module("blocks", blocks);
    register_module("norm", norm);
    register_module("head", head);
  }
  torch::Tensor forward(const torch::Tensor& text) {
    const torch::Tensor x = call(bytes, text) + call(positions, torch::arange(text.size(1)));
    return call(head, call(norm, call_in_turn<BlockImpl>(blocks, x)));
  }

  nn::Embedding bytes{kBytes, kWidth};
  nn::Embedding positions;
  nn::ModuleList blocks;
  nn::LayerNorm norm{nn::LayerNormOptions({kWidth})};
  nn::Linear head{nn::LinearOptions(kWidth, kBytes).bias(false)};
};
TORCH_MODULE(LanguageModel);

// All of them, one after the other; of a folder its files, each once (some are links to others).
std::string read_texts(const std::string& path) {
  namespace fs = std::filesystem;
  std::set<fs::path> files;
  if (fs::is_directory(path)) {
    for (const fs::directory_entry& entry : fs::directory_iterator(path)) {
      if (entry.is_regular_file()) files.insert(fs::canonical(entry.path()));
    }
  } else {
    files.insert(path);
  }
  std::string text;
  for (const fs::path& file : files) {
    std::ifstream stream(file, std::ios::binary);
    if (!stream) throw std::runtime_error("cannot read " + file.string() + ". --text names a text, or a folder of texts.");
    text.append(std::istreambuf_iterator<char>(stream), {});
  }
  return text;
}

struct Batch {
  torch::Tensor text;
  torch::Tensor next;  // the byte after each
};

class Text {
 public:
  explicit Text(const std::string& text)
      : bytes_(torch::from_blob(const_cast<char*>(text.data()), {static_cast<std::int64_t>(text.size())}, torch::kByte)
                   .to(torch::kLong)) {}

  std::int64_t size() const { return bytes_.size(0); }
  Batch random(std::int64_t count, std::int64_t length) const { return at(torch::randint(size() - length, {count}), length); }
  Batch at(const torch::Tensor& begins, std::int64_t length) const {
    const torch::Tensor indices = begins.unsqueeze(1) + torch::arange(length);
    return {bytes_.take(indices), bytes_.take(indices + 1)};
  }

 private:
  torch::Tensor bytes_;
};

torch::Tensor loss_of(LanguageModel& model, const Batch& batch) {
  return nn::functional::cross_entropy(model->forward(batch.text).flatten(0, 1), batch.next.flatten());
}

double held_out_loss(LanguageModel& model, const Text& text, std::int64_t context) {
  const torch::NoGradGuard no_grad;
  constexpr std::int64_t kAtOnce = 32;
  double sum = 0;
  std::int64_t batches = 0;
  const torch::Tensor begins = torch::arange(0, text.size() - context, context);
  for (const torch::Tensor& some : begins.split(kAtOnce)) {
    sum += loss_of(model, text.at(some, context)).item<double>() * static_cast<double>(some.size(0));
    batches += some.size(0);
  }
  return sum / static_cast<double>(batches);
}

void train(const Settings& settings, const std::string& path, std::int64_t context) {
  if (settings.threads > 0) torch::set_num_threads(settings.threads);
  torch::manual_seed(settings.seed);
  const std::string all = read_texts(path);
  const std::size_t end = all.size() / 10 * 9;
  if (static_cast<std::int64_t>(all.size() - end) <= context + 1) {
    throw std::runtime_error(path + " has " + std::to_string(all.size()) + " bytes, too few for a context of " +
                             std::to_string(context) + ". --text names a longer text, or a folder of texts.");
  }
  const Text text(all.substr(0, end));
  const Text held_out(all.substr(end));
  StepLog log(settings.log);

  LanguageModel model(context);
  torch::optim::AdamW optimizer(model->parameters(), torch::optim::AdamWOptions(1e-3));

  StepMeter::Options options;
  options.peak_flops = settings.peak_gflops > 0 ? settings.peak_gflops * 1e9 : measure_peak();
  options.every = settings.every;
  StepMeter meter(*model, options);
  for (std::int64_t i = 0; i < settings.steps; ++i) {
    // A quarter, a half, all of it: a third of the steps each.
    const std::int64_t shift = 2 - 3 * i / settings.steps;
    const Batch batch = text.random(settings.batch, std::max<std::int64_t>(context >> shift, 1));
    double loss = 0;
    {
      const auto step = meter.step({batch.text});
      optimizer.zero_grad();
      const torch::Tensor error = loss_of(model, batch);
      error.backward();
      optimizer.step();
      loss = error.item<double>();
    }
    log.write(meter.last(), loss);
  }
  log.close();

  ReportOptions report;
  report.depth = 2;
  report.columns = {Column::kType, Column::kParameters, Column::kMacs, Column::kMaskedMacs, Column::kFlops, Column::kShare};
  std::cout << to_table(meter.tally(), report);
  report = ReportOptions();
  report.by = {GroupBy::kPhase};
  std::cout << to_table(meter.tally(), report) << to_progress(meter.last()) << "\n"
            << held_out_loss(model, held_out, context) / std::log(2) << " bits a byte of " << held_out.size()
            << " bytes that it has not been trained on\n";
}

}  // namespace
}  // namespace torchtally::examples

int main(int argc, char** argv) {
  using namespace torchtally::examples;
  CLI::App app("Trains a small transformer to continue texts byte by byte, and says what each step computes.",
               "train_language_model");
  Settings settings;
  settings.steps = 600;
  settings.batch = 16;
  settings.every = 0;
  add_options(app, settings);
  std::string path = "/usr/share/common-licenses";
  app.add_option("--text", path, "A text, or a folder of texts")->type_name("PATH")->capture_default_str();
  std::int64_t context = 128;
  app.add_option("--context", context, "Bytes that it sees at once")->check(CLI::PositiveNumber)->capture_default_str();
  return run(app, argc, argv, [&] { train(settings, path, context); });
}
