// Trains a convolutional network on Fashion-MNIST with a StepMeter on.
//
//   build/release/bin/train_cnn --log cnn.jsonl     (docs/training.md shows what comes of it)
#include <torch/torch.h>

#include <iostream>

#include "fashion_mnist.h"
#include "settings.h"
#include "step_log.h"
#include "torchtally/call.h"
#include "torchtally/torchtally.h"

namespace torchtally::examples {
namespace {

namespace nn = torch::nn;

constexpr std::int64_t kClasses = 10;

struct CnnImpl : nn::Module {
  CnnImpl() : nn::Module("Cnn") {
    register_module("features", features);
    register_module("classifier", classifier);
  }
  // call() opens a scope for each layer, so that those without parameters have their own share too.
  torch::Tensor forward(const torch::Tensor& x) { return call(classifier, call(features, x)); }

  static nn::Conv2d convolution(std::int64_t from, std::int64_t to) {
    return nn::Conv2d(nn::Conv2dOptions(from, to, 3).padding(1).bias(false));
  }
  nn::Sequential features{convolution(1, 32),  nn::BatchNorm2d(32), nn::ReLU(),      nn::MaxPool2d(2),
                          convolution(32, 64), nn::BatchNorm2d(64), nn::ReLU(),      convolution(64, 64),
                          nn::BatchNorm2d(64), nn::ReLU(),          nn::MaxPool2d(2)};
  nn::Sequential classifier{nn::Flatten(), nn::Linear(64 * 7 * 7, 128), nn::ReLU(), nn::Linear(128, kClasses)};
};
TORCH_MODULE(Cnn);

struct Batch {
  torch::Tensor images;
  torch::Tensor labels;
};

class Images {
 public:
  explicit Images(LabelledImages data) : data_(std::move(data)) {
    pixels_ = torch::from_blob(data_.pixels.data(), {data_.count(), 1, kImageSize, kImageSize}, torch::kByte);
    labels_ = torch::from_blob(data_.labels.data(), {data_.count()}, torch::kByte);
  }
  Images(const Images&) = delete;
  Images& operator=(const Images&) = delete;

  std::int64_t count() const { return data_.count(); }

  // The next of an epoch in random order; the last one has what is left.
  Batch next(std::int64_t size) {
    if (position_ == 0) order_ = torch::randperm(count());
    const torch::Tensor indices = order_.narrow(0, position_, std::min(size, count() - position_));
    position_ = position_ + size < count() ? position_ + size : 0;
    return batch(pixels_.index_select(0, indices), labels_.index_select(0, indices));
  }
  Batch range(std::int64_t begin, std::int64_t size) const {
    return batch(pixels_.narrow(0, begin, size), labels_.narrow(0, begin, size));
  }

 private:
  static Batch batch(const torch::Tensor& pixels, const torch::Tensor& labels) {
    constexpr double kMean = 0.286;
    constexpr double kDeviation = 0.353;
    return {pixels.to(torch::kFloat).div(255).sub(kMean).div(kDeviation), labels.to(torch::kLong)};
  }

  LabelledImages data_;
  torch::Tensor pixels_;
  torch::Tensor labels_;
  torch::Tensor order_;
  std::int64_t position_ = 0;
};

double accuracy(Cnn& model, const Images& images, std::int64_t count) {
  const torch::NoGradGuard no_grad;
  model->eval();
  constexpr std::int64_t kBatch = 500;
  std::int64_t right = 0;
  for (std::int64_t begin = 0; begin < count; begin += kBatch) {
    const Batch batch = images.range(begin, std::min(kBatch, count - begin));
    right += model->forward(batch.images).argmax(1).eq(batch.labels).sum().item<std::int64_t>();
  }
  model->train();
  return static_cast<double>(right) / static_cast<double>(count);
}

void train(const Settings& settings, const std::string& folder, std::int64_t test_images) {
  if (settings.threads > 0) torch::set_num_threads(settings.threads);
  torch::manual_seed(settings.seed);
  Images images(load_fashion_mnist(folder, "train"));
  const Images held_out(load_fashion_mnist(folder, "t10k"));
  StepLog log(settings.log);

  Cnn model;
  torch::optim::SGD optimizer(model->parameters(), torch::optim::SGDOptions(0.02).momentum(0.9).weight_decay(5e-4));

  StepMeter::Options options;
  options.peak_flops = settings.peak_gflops > 0 ? settings.peak_gflops * 1e9 : measure_peak();
  options.every = settings.every;
  StepMeter meter(*model, options);
  for (std::int64_t i = 0; i < settings.steps; ++i) {
    const Batch batch = images.next(settings.batch);
    double loss = 0;
    {
      const auto step = meter.step({batch.images});
      optimizer.zero_grad();
      const torch::Tensor error = nn::functional::cross_entropy(model->forward(batch.images), batch.labels);
      error.backward();
      optimizer.step();
      loss = error.item<double>();
    }
    log.write(meter.last(), loss);
  }
  log.close();

  ReportOptions report;
  report.columns = {Column::kType, Column::kParameters, Column::kMacs, Column::kFlops, Column::kShare, Column::kBytes};
  std::cout << to_table(meter.tally(), report);
  report = ReportOptions();
  report.by = {GroupBy::kPhase};
  std::cout << to_table(meter.tally(), report) << to_progress(meter.last()) << "\n";
  test_images = std::min(test_images, held_out.count());
  if (test_images > 0) {
    std::cout << 100 * accuracy(model, held_out, test_images) << " % of " << test_images
              << " pictures that it has not been trained on are recognized\n";
  }
}

}  // namespace
}  // namespace torchtally::examples

int main(int argc, char** argv) {
  using namespace torchtally::examples;
  CLI::App app("Trains a convolutional network on Fashion-MNIST, and says what each step computes.", "train_cnn");
  Settings settings;
  settings.steps = 469;  // an epoch
  settings.batch = 128;
  add_options(app, settings);
  std::string folder = "/usr/share/datasets/fashion-mnist";
  app.add_option("--data", folder, "The folder with train-images-idx3-ubyte.gz and so on")
      ->type_name("FOLDER")
      ->capture_default_str();
  std::int64_t test_images = 10000;
  app.add_option("--test-images", test_images, "Pictures to test it with in the end")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  return run(app, argc, argv, [&] { train(settings, folder, test_images); });
}
