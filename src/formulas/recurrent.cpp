#include "formulas/building_blocks.h"
#include "formulas/families.h"

namespace torchtally::formulas {
namespace {

// One step of an LSTM per hidden element, after the gates' sums: three sigmoids and a tanh; c = f c + i g is 3; h = o tanh(c).
constexpr Work kLstmCell{4, 5};
// Its backward: tanh(c) again; do = dh tanh(c); dc += dh o (1 - tanh(c)^2) is 5; di, dg, df, dc_prev; three sigmoid derivatives
// and one of tanh, 3 each.
constexpr Work kLstmCellBackward{22, 1};
// One step of a GRU per hidden element, after the gates' sums: r, z, n; r h_n; its addition; h = n + z (h - n) is 3.
constexpr Work kGruCell{5, 3};

// mkldnn_rnn_layer runs one direction of one LSTM layer: input (steps, batch, features).
struct Layer {
  Count steps;    // steps * batch
  Count weights;  // elements of both weight matrices
  Count gates;    // 4 * hidden
  Count hidden;
};

Layer layer_of(const OpCall& call) {
  const TensorView& input = call.tensor(std::size_t{0});
  const TensorView& from_input = call.tensor(1);
  const TensorView& from_hidden = call.tensor(2);
  const Count hidden = call.argument("hidden_size").to_int();
  return {input.size(0) * input.size(1), from_input.numel() + from_hidden.numel(), hidden * 4, hidden};
}

void count_mkldnn_rnn(const OpCall& call, const Row&, Cost& cost) {
  const Layer layer = layer_of(call);
  cost.add_macs(layer.steps * layer.weights);
  // The two products of every gate are added, and two biases to them.
  cost.flops += layer.steps * layer.gates * (call.argument("has_biases").to_bool() ? 3 : 1);
  add_work(cost, layer.steps * layer.hidden, kLstmCell);
}

void count_mkldnn_rnn_backward(const OpCall& call, const Row&, Cost& cost) {
  const Layer layer = layer_of(call);
  cost.add_macs(layer.steps * layer.weights * 2);
  if (call.argument("has_biases").to_bool()) cost.flops += layer.steps * layer.gates;
  add_work(cost, layer.steps * layer.hidden, kLstmCellBackward);
}

// (input_gates, hidden_gates, cx, input_bias, hidden_bias): the products were made before, the gates are added here.
void count_fused_lstm_cell(const OpCall& call, const Row&, Cost& cost) {
  cost.flops += call.tensor(std::size_t{0}).numel() * (call.tensor(3).defined() ? 3 : 1);
  add_work(cost, call.tensor(2).numel(), kLstmCell);
}

// (input_gates, hidden_gates, hx, input_bias, hidden_bias): of the three gates, r and z add their two products; n does so after
// r.
void count_fused_gru_cell(const OpCall& call, const Row&, Cost& cost) {
  const Count hidden = call.tensor(2).numel();
  cost.flops += hidden * 2;
  if (call.tensor(3).defined()) cost.flops += hidden * 6;
  add_work(cost, hidden, kGruCell);
}

}  // namespace

const Family mkldnn_rnn = {count_mkldnn_rnn, "", ""};
const Family mkldnn_rnn_backward = {count_mkldnn_rnn_backward, "", ""};
const Family fused_lstm_cell = {count_fused_lstm_cell, "", ""};
const Family fused_gru_cell = {count_fused_gru_cell, "", ""};

}  // namespace torchtally::formulas
