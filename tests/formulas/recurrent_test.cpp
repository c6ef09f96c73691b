// What the loop nests of recurrent layers (loop_nests/recurrent.cpp) do not say.
#include <gtest/gtest.h>

#include <vector>

#include "call_builder.h"

namespace torchtally {
namespace {

using Shape = CallBuilder::Shape;

enum Mode { kRelu, kTanh, kLstm, kGru };

// 2 samples, 4 features, hidden 5: weights 20 * 9 = 180, 360 MACs. 40 gates: sum and two biases, 120; 10 elements of 4 and 5.
// Quantized: 2 * 9 elements, 7 each; 2 * 40 results, 2 each.
TEST(QuantizedRnn, LstmCell) {
  CallBuilder call("quantized::quantized_lstm_cell_dynamic");
  call.tensor("input", {2, 4}).tensors("hx", {{2, 5}, {2, 5}}).packed("w_ih", {20, 4}).packed("w_hh", {20, 5});
  EXPECT_THAT(call.returns({2, 5}).returns({2, 5}).cost(), Costs(360, 120 + 40 + 126 + 160, 50));
}

// The same with weights in half precision, and as a layer of 2 samples: nothing is quantized. A layer reads 2 bytes per weight,
// beside input 8, hx 20 floats.
TEST(QuantizedRnn, HalfPrecision) {
  CallBuilder cell("quantized::quantized_lstm_cell_dynamic");
  cell.tensor("input", {2, 4}).tensors("hx", {{2, 5}, {2, 5}}).packed("w_ih", {20, 4}, DType::kFloat16);
  cell.packed("w_hh", {20, 5}, DType::kFloat16);
  EXPECT_THAT(cell.returns({2, 5}).returns({2, 5}).cost(), Costs(360, 120 + 40, 50));
  const auto layer = [](std::int64_t dtype) {
    CallBuilder call("aten::quantized_lstm", "input");
    call.tensor("input", {1, 2, 4}).tensors("hx", {{1, 2, 5}, {1, 2, 5}}).other("params").flag("has_biases", true);
    call.integer("num_layers", 1).integer("dtype", dtype);
    return call.returns({1, 2, 5}).cost();
  };
  EXPECT_THAT(layer(static_cast<std::int64_t>(DType::kFloat16)), Costs(360, 120 + 40, 50));
  EXPECT_THAT(layer(static_cast<std::int64_t>(DType::kFloat16)), Moves(4 * 28 + 2 * 180, 40));
  EXPECT_THAT(layer(static_cast<std::int64_t>(DType::kQInt8)), Costs(360, 120 + 40 + 126 + 160, 50));
}

// 3 steps of 2 samples, two layers of hidden 5 in both directions: 6 * 4 * 5 = 120 elements. Gates: sums and biases.
// Between the layers 6 rows of 10 are dropped out, 2 each, if in training.
TEST(CudnnRnn, Cells) {
  const auto cost = [](Mode mode, double dropout) {
    const std::int64_t gates = mode == kLstm ? 20 : mode == kGru ? 15 : 5;
    CallBuilder call("aten::_cudnn_rnn");
    const std::vector<Shape> first = {{gates, 4}, {gates, 5}, {gates}, {gates}};
    const std::vector<Shape> second = {{gates, 10}, {gates, 5}, {gates}, {gates}};
    std::vector<Shape> weights;
    for (const auto& direction : {first, first, second, second})
      weights.insert(weights.end(), direction.begin(), direction.end());
    call.tensor("input", {3, 2, 4}).tensors("weight", weights).integer("weight_stride0", 4);
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
