// Recurrent layers against a loop nest that counts each multiply-add.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <random>

#include "call_builder.h"

namespace torchtally {
namespace {

using Shape = CallBuilder::Shape;

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

  // The loop nest: every step of every layer and direction, for the samples that are still there.
  std::int64_t multiply_adds() const {
    std::int64_t n = 0;
    const auto multiply_matrix = [&n](std::int64_t out, std::int64_t in) {
      for (std::int64_t o = 0; o < out; ++o) {
        for (std::int64_t i = 0; i < in; ++i) ++n;
      }
    };
    for (std::int64_t layer = 0; layer < layers; ++layer) {
      for (std::int64_t direction = 0; direction < directions; ++direction) {
        for (const auto samples : batch_sizes) {
          for (std::int64_t sample = 0; sample < samples; ++sample) {
            for (std::int64_t gate = 0; gate < kGates[mode]; ++gate) {
              multiply_matrix(hidden, features_of(layer));
              multiply_matrix(hidden, outputs());
            }
            if (projection > 0) multiply_matrix(projection, hidden);
          }
        }
      }
    }
    return n;
  }

  static Network random(std::mt19937& generator) {
    const auto draw = [&](std::int64_t low, std::int64_t high) {
      return std::uniform_int_distribution<std::int64_t>(low, high)(generator);
    };
    Network network;
    network.mode = static_cast<Mode>(draw(kRelu, kGru));
    network.features = draw(1, 5);
    network.hidden = draw(2, 5);
    if (network.mode == kLstm && draw(0, 1) == 1) network.projection = draw(1, network.hidden - 1);
    network.layers = draw(1, 3);
    network.directions = draw(1, 2);
    network.packed = draw(0, 1) == 1;
    network.biases = draw(0, 1) == 1;
    network.batch_sizes.assign(draw(1, 4), draw(1, 4));
    if (network.packed) {
      for (auto& size : network.batch_sizes) size = draw(1, 4);
      std::sort(network.batch_sizes.begin(), network.batch_sizes.end(), std::greater<>());
    }
    return network;
  }
};

void add_network(CallBuilder& call, const Network& network) {
  call.integer("mode", network.mode).integer("hidden_size", network.hidden).integer("proj_size", network.projection);
  call.integer("num_layers", network.layers).flag("batch_first", false).number("dropout", 0).flag("train", true);
  call.flag("bidirectional", network.directions == 2).integers("batch_sizes", network.packed ? network.batch_sizes : Shape{});
}

Cost cudnn_forward(const Network& network) {
  CallBuilder call("aten::_cudnn_rnn");
  call.tensor("input", network.with_width(network.features)).tensors("weight", network.parameters());
  call.integer("weight_stride0", (network.biases ? 4 : 2) + (network.projection > 0 ? 1 : 0)).none("weight_buf");
  add_network(call, network);
  return call.returns(network.with_width(network.directions * network.outputs())).cost();
}

Cost cudnn_backward(const Network& network, bool of_weights) {
  CallBuilder call("aten::_cudnn_rnn_backward");
  call.tensor("input", network.with_width(network.features)).tensors("weight", network.parameters());
  call.integer("weight_stride0", (network.biases ? 4 : 2) + (network.projection > 0 ? 1 : 0)).none("weight_buf");
  add_network(call, network);
  return call.flags("output_mask", {true, true, true, of_weights}).cost();
}

TEST(CudnnRnn, CountsEachMultiplyAdd) {
  std::mt19937 generator(7);
  for (int i = 0; i < 200; ++i) {
    const Network network = Network::random(generator);
    const std::int64_t expected = network.multiply_adds();
    EXPECT_EQ(cudnn_forward(network).macs, expected) << i;
    EXPECT_EQ(cudnn_backward(network, true).macs, 2 * expected) << i;
    EXPECT_EQ(cudnn_backward(network, false).macs, expected) << i;
  }
}

TEST(MpsLstm, CountsEachMultiplyAdd) {
  std::mt19937 generator(8);
  for (int i = 0; i < 100; ++i) {
    Network network = Network::random(generator);
    network.mode = kLstm;
    network.projection = 0;
    const auto cost = [&](std::string_view name, bool backward) {
      CallBuilder call(name);
      if (backward) call.none("grad_y");
      call.tensor("input", network.with_width(network.features));
      call.tensors("hx", {{network.layers * network.directions, network.batch_sizes[0], network.hidden}});
      call.tensors("params", network.parameters()).flag("has_biases", network.biases).integer("num_layers", network.layers);
      return call.flag("bidirectional", network.directions == 2).cost();
    };
    EXPECT_EQ(cost("aten::_lstm_mps", false).macs, network.multiply_adds()) << i;
    EXPECT_EQ(cost("aten::lstm_mps_backward", true).macs, 2 * network.multiply_adds()) << i;
  }
}

// Nothing is known of the packed parameters.
TEST(QuantizedRnn, CountsEachMultiplyAdd) {
  std::mt19937 generator(9);
  for (int i = 0; i < 100; ++i) {
    Network network = Network::random(generator);
    network.mode = i % 2 == 0 ? kLstm : kGru;
    network.projection = 0;
    CallBuilder call(network.mode == kLstm ? "aten::quantized_lstm" : "aten::quantized_gru", network.packed ? "data" : "input");
    call.tensor("input", network.with_width(network.features));
    if (network.packed) call.tensor("batch_sizes", {network.steps()}, DType::kInt64);
    call.tensors("hx", {{network.layers * network.directions, network.batch_sizes[0], network.hidden}}).other("params");
    call.flag("has_biases", network.biases).integer("num_layers", network.layers);
    call.flag("bidirectional", network.directions == 2);
    EXPECT_EQ(call.cost().macs, network.multiply_adds()) << i;
  }
}

// 2 samples, 4 features, hidden 5: weights 20 * 9 = 180, 360 MACs. 40 gates: sum and two biases, 120; 10 elements of 4 and 5.
// Quantized: 2 * 9 elements, 7 each; 2 * 40 results, 2 each.
TEST(QuantizedRnn, LstmCell) {
  CallBuilder call("quantized::quantized_lstm_cell_dynamic");
  call.tensor("input", {2, 4}).tensors("hx", {{2, 5}, {2, 5}}).packed("w_ih", {20, 4}).packed("w_hh", {20, 5});
  EXPECT_THAT(call.returns({2, 5}).returns({2, 5}).cost(), Costs(360, 120 + 40 + 126 + 160, 50));
}

// 3 steps of 2 samples, two layers of hidden 5 in both directions: 6 * 4 * 5 = 120 elements. Gates: sums and biases.
// Between the layers 6 rows of 10 are dropped out, 2 each, if in training.
TEST(CudnnRnn, Cells) {
  const auto cost = [](Mode mode, double dropout) {
    Network network;
    network.mode = mode;
    network.features = 4;
    network.hidden = 5;
    network.layers = 2;
    network.directions = 2;
    network.batch_sizes = {2, 2, 2};
    CallBuilder call("aten::_cudnn_rnn");
    call.tensor("input", {3, 2, 4}).tensors("weight", network.parameters()).integer("weight_stride0", 4);
    call.integer("mode", mode).integer("hidden_size", 5).integer("num_layers", 2).number("dropout", dropout);
    return call.flag("train", true).flag("bidirectional", true).returns({3, 2, 10}).cost();
  };
  const std::int64_t lstm = 6 * 20 * (2 * (4 + 5) + 2 * (10 + 5));
  EXPECT_THAT(cost(kRelu, 0), Costs(lstm / 4, 120 * (1 + 2 + 1), 0));
  EXPECT_THAT(cost(kTanh, 0), Costs(lstm / 4, 120 * (1 + 2), 120));
  EXPECT_THAT(cost(kLstm, 0), Costs(lstm, 120 * (4 + 8 + 4), 600));
  EXPECT_THAT(cost(kGru, 0), Costs(lstm / 4 * 3, 120 * (2 + 6 + 5), 360));
  EXPECT_THAT(cost(kLstm, 0.5), Costs(lstm, 120 * (4 + 8 + 4) + 6 * 10 * 2, 600));
}

// The buffer of the weights (36 elements) holds what the list does, and comes back as a result: reads input (8 elements), the
// list, hx; writes output and hy.
TEST(CudnnRnn, WeightBufferIsReadOnce) {
  CallBuilder call("aten::_cudnn_rnn");
  call.tensor("input", {2, 2, 2}).tensors("weight", {{3, 2}, {3, 3}, {3}, {3}}).integer("weight_stride0", 4);
  call.tensor("weight_buf", {36}).tensor("hx", {1, 2, 3}).integer("mode", kTanh).integer("hidden_size", 3);
  call.returns({2, 2, 3}).returns({1, 2, 3}).returns({0}).returns({0}).returns({36});
  EXPECT_THAT(call.cost(), Moves(4 * (8 + 21 + 6), 4 * (12 + 6)));
  EXPECT_EQ(call.cost().activations, 12 + 6);
}

// 3 steps of 2 samples, 4 features, hidden 5: weights 20*4 + 20*5 = 180, 6 * 180 = 1080 MACs. Gates: 6 * 20 = 120 sums of both
// products, and two biases: 3 * 120. Cell: 6 * 5 = 30 elements, 4 and 5 transcendentals.
CallBuilder lstm(bool biases) {
  CallBuilder call("aten::mkldnn_rnn_layer");
  call.tensor("input", {3, 2, 4})
      .tensor("weight0", {20, 4})
      .tensor("weight1", {20, 5})
      .tensor("weight2", {20})
      .tensor("weight3", {20});
  call.tensor("hx_", {2, 5}).tensor("cx_", {2, 5}).flag("reverse", false).integers("batch_sizes", {}).integer("mode", 2);
  call.integer("hidden_size", 5).integer("num_layers", 1).flag("has_biases", biases).returns({3, 2, 5});
  return call;
}
TEST(Lstm, Layer) {
  EXPECT_THAT(lstm(true).cost(), Costs(1080, 360 + 120, 150));
  EXPECT_THAT(lstm(false).cost(), Costs(1080, 120 + 120, 150));
}

// Twice the products; the bias gradient sums 120 gates; 22 and a tanh per cell element.
TEST(Lstm, Backward) {
  CallBuilder call("aten::mkldnn_rnn_layer_backward");
  call.tensor("input", {3, 2, 4}).tensor("weight1", {20, 4}).tensor("weight2", {20, 5}).integer("hidden_size", 5);
  call.flag("has_biases", true).returns({3, 2, 4});
  EXPECT_THAT(call.cost(), Costs(2160, 120 + 660, 30));
}

// Two layers of 256 on 64 features, 32 steps of 4: 128 * (1024 * 64 + 3 * 1024 * 256).
TEST(Lstm, NamedExample) {
  const auto layer = [](std::int64_t features) {
    CallBuilder call("aten::mkldnn_rnn_layer");
    call.tensor("input", {32, 4, features}).tensor("weight0", {1024, features}).tensor("weight1", {1024, 256});
    return call.integer("hidden_size", 256).returns({32, 4, 256}).cost();
  };
  EXPECT_EQ((layer(64) + layer(256)).macs, 109051904);
}

// 2 samples, hidden 5: 40 gates add their two products and two biases; 10 elements, 4 and 5.
TEST(Lstm, FusedCell) {
  CallBuilder call("aten::_thnn_fused_lstm_cell");
  call.tensor("input_gates", {2, 20}).tensor("hidden_gates", {2, 20}).tensor("cx", {2, 5}).tensor("input_bias", {20});
  call.tensor("hidden_bias", {20}).returns({2, 5}).returns({2, 5}).returns({2, 20});
  EXPECT_THAT(call.cost(), Costs(0, 120 + 40, 50));
}

// 10 elements: r and z add their products (2), six biases, 5 and 3 transcendentals.
TEST(Gru, FusedCell) {
  CallBuilder call("aten::_thnn_fused_gru_cell");
  call.tensor("input_gates", {2, 15}).tensor("hidden_gates", {2, 15}).tensor("hx", {2, 5}).tensor("input_bias", {15});
  call.tensor("hidden_bias", {15}).returns({2, 5}).returns({2, 25});
  EXPECT_THAT(call.cost(), Costs(0, 20 + 60 + 50, 30));
}

// 10 elements: 22 and a tanh; four gates are added up for the biases.
TEST(Lstm, FusedCellBackward) {
  CallBuilder call("aten::_thnn_fused_lstm_cell_backward_impl");
  call.tensor("grad_hy", {2, 5}).none("grad_cy").tensor("cx", {2, 5}).tensor("cy", {2, 5}).tensor("workspace", {2, 20});
  EXPECT_THAT(call.flag("has_bias", true).returns({2, 20}).cost(), Costs(0, 220 + 40, 10));
}

// 10 elements: 16 each; three gates are added up for each of the two biases.
TEST(Gru, FusedCellBackward) {
  CallBuilder call("aten::_thnn_fused_gru_cell_backward");
  call.tensor("grad_hy", {2, 5}).tensor("workspace", {2, 25}).flag("has_bias", true).returns({2, 15}).returns({2, 15});
  EXPECT_THAT(call.cost(), Costs(0, 160 + 60, 0));
}

}  // namespace
}  // namespace torchtally
