// Recurrent layers: every step of every layer and direction, for the samples that are still there.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "loop_nest.h"

namespace torchtally::loop_nests {
namespace {

enum Mode { kRelu, kTanh, kLstm, kGru };
constexpr std::int64_t kGates[] = {1, 1, 4, 3};

struct Network {
  Mode mode = kLstm;
  std::int64_t features = 1, hidden = 1, projection = 0, layers = 1, directions = 1;
  Shape batch_sizes;  // samples at every step, longest sequence first
  bool packed = false;
  bool biases = true;

  std::int64_t outputs() const { return projection > 0 ? projection : hidden; }
  std::int64_t features_of(std::int64_t layer) const { return layer == 0 ? features : directions * outputs(); }
  std::int64_t rows() const { return std::accumulate(batch_sizes.begin(), batch_sizes.end(), std::int64_t{0}); }
  std::int64_t steps() const { return static_cast<std::int64_t>(batch_sizes.size()); }
  Shape with_width(std::int64_t width) const { return packed ? Shape{rows(), width} : Shape{steps(), batch_sizes[0], width}; }
  Shape input() const { return with_width(features); }
  Shape output() const { return with_width(directions * outputs()); }
  Shape state() const { return {layers * directions, batch_sizes[0], hidden}; }

  // Per layer and direction: from the input, from the hidden state, two biases, the projection.
  std::vector<Shape> parameters() const {
    std::vector<Shape> list;
    const std::int64_t gates = kGates[mode] * hidden;
    for (std::int64_t layer = 0; layer < layers; ++layer) {
      for (std::int64_t direction = 0; direction < directions; ++direction) {
        list.push_back({gates, features_of(layer)});
        list.push_back({gates, outputs()});
        if (biases) list.insert(list.end(), 2, {gates});
        if (projection > 0) list.push_back({projection, hidden});
      }
    }
    return list;
  }

  std::int64_t multiply_adds() const {
    std::int64_t n = 0;
    for (std::int64_t layer = 0; layer < layers; ++layer) {
      for (std::int64_t direction = 0; direction < directions; ++direction) {
        for (const auto samples : batch_sizes) {
          for (std::int64_t sample = 0; sample < samples; ++sample) {
            for (std::int64_t gate = 0; gate < kGates[mode]; ++gate) {
              n += loops({hidden, features_of(layer)});
              n += loops({hidden, outputs()});
            }
            if (projection > 0) n += loops({projection, hidden});
          }
        }
      }
    }
    return n;
  }

  static Network random(Draw& draw) {
    Network network;
    network.mode = static_cast<Mode>(draw(kRelu, kGru));
    network.features = draw(1, 5);
    network.hidden = draw(2, 5);
    network.layers = draw(1, 3);
    network.directions = draw(1, 2);
    network.biases = draw.coin();
    network.batch_sizes.assign(draw(1, 4), draw(1, 4));
    return network;
  }

  // Sequences of their own lengths, one step of all of them after the other.
  void pack(Draw& draw) {
    packed = true;
    for (auto& size : batch_sizes) size = draw(1, 4);
    std::sort(batch_sizes.begin(), batch_sizes.end(), std::greater<>());
  }
};

void add_network(NestCall& call, const Network& network) {
  if (call.has("mode")) call.integer("mode", network.mode);
  if (call.has("hidden_size")) call.integer("hidden_size", network.hidden);
  if (call.has("proj_size")) call.integer("proj_size", network.projection);
  if (call.has("batch_sizes")) call.integers("batch_sizes", network.packed ? network.batch_sizes : Shape{});
  if (call.has("has_biases")) call.flag("has_biases", network.biases);
  call.integer("num_layers", network.layers).flag("train", true).flag("bidirectional", network.directions == 2);
}

// The gradient of what goes into a matrix has its loops once more, that of the matrix once again.
void cudnn(NestCall& call, Draw& draw) {
  Network network = Network::random(draw);
  if (draw.coin()) network.pack(draw);
  if (network.mode == kLstm && call.has("proj_size") && draw.coin()) network.projection = draw(1, network.hidden - 1);
  call.tensor("input", network.input()).tensors("weight", network.parameters()).number("dropout", 0);
  call.integer("weight_stride0", (network.biases ? 4 : 2) + (network.projection > 0 ? 1 : 0));
  call.tensor("hx", network.state());
  add_network(call, network);
  if (!call.has("output_mask")) {
    EXPECT_EQ(call.returns(network.output()).cost().macs, network.multiply_adds());
    return;
  }
  const bool of_weights = draw.coin();
  call.flags("output_mask", {true, true, true, of_weights});
  EXPECT_EQ(call.cost().macs, network.multiply_adds() * (of_weights ? 2 : 1));
}

// One direction of one layer a call, however many there are.
void mkldnn(NestCall& call, Draw& draw) {
  Network network = Network::random(draw);
  if (draw.coin()) network.pack(draw);
  const bool backward = call.has("grad_output");
  network.layers = network.directions = 1;
  const std::vector<Shape> parameters = network.parameters();
  call.tensor("input", network.input()).tensor(call.name(1), parameters[0]).tensor(call.name(2), parameters[1]);
  call.tensor("hx_", {network.batch_sizes[0], network.hidden}).returns(backward ? network.input() : network.output());
  network.layers = draw(1, 3);
  add_network(call, network);
  network.layers = 1;
  EXPECT_EQ(call.cost().macs, network.multiply_adds() * (backward ? 2 : 1));
}

void mps(NestCall& call, Draw& draw) {
  Network network = Network::random(draw);
  network.mode = kLstm;
  const bool backward = call.has("grad_y");
  if (backward) call.tensor("grad_y", network.output());
  call.tensor("input", network.input()).tensors("hx", {network.state(), network.state()});
  call.tensors("params", network.parameters());
  add_network(call, network);
  EXPECT_EQ(call.cost().macs, network.multiply_adds() * (backward ? 2 : 1));
}

// The packed parameters can't be looked into.
void quantized(NestCall& call, Draw& draw) {
  Network network = Network::random(draw);
  const bool is_lstm = call.op() == "aten::quantized_lstm";
  network.mode = is_lstm ? kLstm : kGru;
  if (call.has("batch_sizes")) network.pack(draw);
  call.tensor(call.name(0), network.input()).other("params").flag("has_biases", network.biases);
  if (call.has("batch_sizes")) call.tensor("batch_sizes", {network.steps()}, DType::kInt64);
  if (is_lstm) {
    call.tensors("hx", {network.state(), network.state()});
  } else {
    call.tensor("hx", network.state());
  }
  call.integer("num_layers", network.layers).flag("bidirectional", network.directions == 2);
  EXPECT_EQ(call.cost().macs, network.multiply_adds());
}

void quantized_cell(NestCall& call, Draw& draw) {
  Network network = Network::random(draw);
  const auto named = [&call](std::string_view part) { return call.op().find(part) != std::string_view::npos; };
  network.mode = named("lstm") ? kLstm : named("gru") ? kGru : kTanh;
  network.layers = network.directions = 1;
  network.batch_sizes.resize(1);
  const std::int64_t samples = network.batch_sizes[0], gates = kGates[network.mode] * network.hidden;
  call.tensor("input", {samples, network.features}).packed("w_ih", {gates, network.features});
  call.packed("w_hh", {gates, network.hidden}).returns({samples, network.hidden});
  if (named("lstm")) {
    call.tensors("hx", {{samples, network.hidden}, {samples, network.hidden}});
  } else {
    call.tensor("hx", {samples, network.hidden});
  }
  EXPECT_EQ(call.cost().macs, network.multiply_adds());
}

constexpr Nest kNests[] = {
    {"aten::_cudnn_rnn", cudnn},
    {"aten::_cudnn_rnn_backward", cudnn},
    {"aten::_lstm_mps", mps},
    {"aten::lstm_mps_backward", mps},
    {"aten::miopen_rnn", cudnn},
    {"aten::miopen_rnn_backward", cudnn},
    {"aten::mkldnn_rnn_layer", mkldnn},
    {"aten::mkldnn_rnn_layer_backward", mkldnn},
    {"aten::quantized_gru", quantized},
    {"aten::quantized_lstm", quantized},
    {"quantized::quantized_gru_cell_dynamic", quantized_cell},
    {"quantized::quantized_lstm_cell_dynamic", quantized_cell},
    {"quantized::quantized_rnn_relu_cell_dynamic", quantized_cell},
    {"quantized::quantized_rnn_tanh_cell_dynamic", quantized_cell},
};

}  // namespace

absl::Span<const Nest> recurrent_nests() { return kNests; }

}  // namespace torchtally::loop_nests
