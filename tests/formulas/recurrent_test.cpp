#include <gtest/gtest.h>

#include "call_builder.h"

namespace torchtally {
namespace {

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

}  // namespace
}  // namespace torchtally
