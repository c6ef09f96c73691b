// Note [MACs of a recurrent layer]
// Every matrix of a layer (of the gates from the input and from the hidden state, and the projection, where there is one) is
// applied once to every row: a step of a sequence. So, over all layers and directions,
//   macs = rows * (elements of all matrices).
// The rows of packed sequences are those that are there, without padding: their input is (rows, features), and batch_sizes says
// how many of them every step has. Backward, the gradients of input and hidden state cost as much as the forward, those of the
// matrices as much again.
#include "formulas/building_blocks.h"
#include "formulas/families.h"

namespace torchtally::formulas {
namespace {

// The arithmetic of one step per hidden element, beside the matrices.
struct Cell {
  int gates;
  int sums;  // gates that add their two products before their activation
  Work forward;
  Work backward;
  int bias_sums;  // gates whose gradients are added up for the biases
};

// Numbered as cudnn's, MIOpen's and MKL-DNN's modes are.
enum Mode : std::int64_t { kRelu = 0, kTanh = 1, kLstm = 2, kGru = 3 };

// LSTM: three sigmoids and a tanh; c = f c + i g is 3; h = o tanh(c). Backward: tanh(c) again; do = dh tanh(c);
// dc += dh o (1 - tanh(c)^2) is 5; di, dg, df, dc_prev; three sigmoid derivatives and one of tanh, 3 each.
// GRU: r, z, n; r h_n; its addition; h = n + z (h - n) is 3. Backward: dz = dh (h - n) (1 - z) z is 5; dh z;
// dn = dh (1 - z) (1 - n^2) is 5; dn r; dr = dn h_n (1 - r) r is 4. The gate n has two bias gradients, before and after r.
// tanh: backward dh (1 - h^2). relu: backward selects.
constexpr Cell kCells[] = {
    {1, 1, {1, 0}, {0, 0}, 1},
    {1, 1, {0, 1}, {3, 0}, 1},
    {4, 4, {4, 5}, {22, 1}, 4},
    {3, 2, {5, 3}, {16, 0}, 4},
};

const Cell& cell_of(const OpCall& call) {
  const std::int64_t mode = call.argument("mode").to_int(kLstm);
  return kCells[mode < kRelu || mode > kGru ? kLstm : mode];
}

// All layers and directions that one call runs.
struct Layers {
  Count rows;
  Count matrices;  // elements
  Count cells;     // layers * directions
  Count hidden;
  bool biases = false;
};

// The first argument, but for backward operators that begin with a gradient.
const TensorView& input_of(const OpCall& call) {
  const TensorView& input = call.tensor("input");
  return input.defined() ? input : call.tensor(std::size_t{0});
}

Count rows_of(const OpCall& call) {
  const auto batch_sizes = call.argument("batch_sizes").ints();
  Count rows;
  if (!batch_sizes.empty()) {
    for (const auto size : batch_sizes) rows += size;
    return rows;
  }
  const TensorView& input = input_of(call);
  rows = input.defined() ? 1 : 0;
  for (int d = 0; d + 1 < input.dim(); ++d) rows *= input.size(d);
  return rows;
}

Count directions_of(const OpCall& call) { return call.argument("bidirectional").to_bool() ? 2 : 1; }

Count cells_of(const OpCall& call) { return directions_of(call) * call.argument("num_layers").to_int(1); }

// From the argument; else as wide as the hidden state.
Count hidden_of(const OpCall& call) {
  const Argument& size = call.argument("hidden_size");
  if (size.kind() == Argument::Kind::kInt) return size.to_int();
  const auto states = call.argument("hx").tensors();
  return states.empty() ? Count(0) : states[0].size(-1);
}

Count matrices_in(const Argument& weights) {
  Count n;
  for (const TensorView& weight : weights.tensors()) {
    if (weight.dim() > 1) n += weight.numel();
  }
  return n;
}

// mkldnn_rnn_layer runs one direction of one layer.
Layers mkldnn_layer(const OpCall& call) {
  return {rows_of(call), call.tensor(1).numel() + call.tensor(2).numel(), 1, hidden_of(call),
          call.argument("has_biases").to_bool()};
}

// All parameters in one list: per layer and direction the two matrices, two biases, the projection. weight_stride0 says how many
// that are: 2 or 3 without biases.
Layers cudnn_layers(const OpCall& call) {
  return {rows_of(call), matrices_in(call.argument("weight")), cells_of(call), hidden_of(call),
          call.argument("weight_stride0").to_int() > 3};
}

Layers mps_layers(const OpCall& call) {
  return {rows_of(call), matrices_in(call.argument("params")), cells_of(call), hidden_of(call),
          call.argument("has_biases").to_bool()};
}

// Between two layers: times the mask, times the scale.
void add_dropout(const OpCall& call, Cost& cost, const Layers& layers) {
  const std::int64_t transitions = call.argument("num_layers").to_int(1) - 1;
  if (transitions < 1 || !call.argument("train").to_bool() || call.argument("dropout").to_float() == 0) return;
  const std::int64_t projection = call.argument("proj_size").to_int();
  const Count width = directions_of(call) * (projection > 0 ? Count(projection) : layers.hidden);
  cost.flops += layers.rows * width * transitions * 2;
}

// The two products of every gate are added, and two biases to them.
void add_forward(const OpCall& call, Cost& cost, const Layers& layers, const Cell& cell) {
  cost.add_macs(layers.rows * layers.matrices);
  const Count elements = layers.rows * layers.cells * layers.hidden;
  cost.flops += elements * (cell.sums + (layers.biases ? 2 * cell.gates : 0));
  add_work(cost, elements, cell.forward);
  add_dropout(call, cost, layers);
}

void add_backward(const OpCall& call, Cost& cost, const Layers& layers, const Cell& cell, bool of_weights = true) {
  cost.add_macs(layers.rows * layers.matrices * (of_weights ? 2 : 1));
  const Count elements = layers.rows * layers.cells * layers.hidden;
  if (of_weights && layers.biases) cost.flops += elements * cell.bias_sums;
  add_work(cost, elements, cell.backward);
  add_dropout(call, cost, layers);
}

// weight_buf holds the same parameters as the list of weights, and is among the results.
void leave_out_weight_buffer(const OpCall& call, Cost& cost) {
  const TensorView& buffer = call.tensor("weight_buf");
  if (!buffer.defined() || cost.bytes_read.saturated()) return;
  cost.bytes_read = cost.bytes_read - buffer.bytes();
  const TensorView& returned = call.output(4);
  if (!returned.defined() || cost.bytes_written.saturated() || cost.activations.saturated()) return;
  cost.bytes_written = cost.bytes_written - returned.bytes();
  cost.activations = cost.activations - returned.numel();
}

void count_mkldnn_rnn(const OpCall& call, const Row&, Cost& cost) { add_forward(call, cost, mkldnn_layer(call), cell_of(call)); }

void count_mkldnn_rnn_backward(const OpCall& call, const Row&, Cost& cost) {
  add_backward(call, cost, mkldnn_layer(call), cell_of(call));
}

void count_cudnn_rnn(const OpCall& call, const Row&, Cost& cost) {
  add_forward(call, cost, cudnn_layers(call), cell_of(call));
  leave_out_weight_buffer(call, cost);
}

// The gradients of the weights, the last of the mask, need those of the hidden states: these are always made.
void count_cudnn_rnn_backward(const OpCall& call, const Row&, Cost& cost) {
  add_backward(call, cost, cudnn_layers(call), cell_of(call), wants_gradient(call, 3));
  leave_out_weight_buffer(call, cost);
}

void count_mps_lstm(const OpCall& call, const Row&, Cost& cost) { add_forward(call, cost, mps_layers(call), kCells[kLstm]); }

void count_mps_lstm_backward(const OpCall& call, const Row&, Cost& cost) {
  add_backward(call, cost, mps_layers(call), kCells[kLstm]);
}

// An LSTM layer is told the type of its weights, a cell's weight shows it; of a GRU layer they are taken to be bytes.
bool has_half_weights(const OpCall& call) {
  constexpr auto kHalf = static_cast<std::int64_t>(DType::kFloat16);
  return call.argument("dtype").to_int() == kHalf || call.tensor("w_ih").dtype() == DType::kFloat16;
}

// The parameters are packed objects, in a list that can't be looked into: the matrices' sizes follow from those of input and
// hidden state. Every layer after the first sees the outputs of all directions. Input and hidden state are quantized at every
// matrix (minimum, maximum, 5 to quantize); what comes out is corrected by the zero points and scaled. Weights in half precision
// need none of that.
template <Mode kMode>
void count_quantized_rnn(const OpCall& call, const Row&, Cost& cost) {
  const Cell& cell = kCells[kMode];
  const Count hidden = hidden_of(call);
  const Count directions = directions_of(call);
  const std::int64_t further = call.argument("num_layers").to_int(1) - 1;
  Count features = input_of(call).size(-1) + hidden;
  if (further > 0) features += (directions * hidden + hidden) * further;
  features *= directions;

  const Layers layers{rows_of(call), features * hidden * cell.gates, cells_of(call), hidden,
                      call.argument("has_biases").to_bool(true)};
  add_forward(call, cost, layers, cell);
  const bool half = has_half_weights(call);
  if (!half) {
    cost.flops += layers.rows * features * 7;
    cost.flops += layers.rows * layers.cells * hidden * (2 * cell.gates) * 2;
  }
  if (call.argument("params").kind() == Argument::Kind::kOther) cost.bytes_read += layers.matrices * (half ? 2 : 1);
}

// (input_gates, hidden_gates, cx, input_bias, hidden_bias): the products were made before, the gates are added here.
void count_fused_lstm_cell(const OpCall& call, const Row&, Cost& cost) {
  cost.flops += call.tensor(std::size_t{0}).numel() * (call.tensor(3).defined() ? 3 : 1);
  add_work(cost, call.tensor(2).numel(), kCells[kLstm].forward);
}

// (grad_hy, grad_cy, cx, cy, workspace, has_bias): both biases share one sum.
void count_fused_lstm_cell_backward(const OpCall& call, const Row&, Cost& cost) {
  const Count hidden = call.tensor(2).numel();
  add_work(cost, hidden, kCells[kLstm].backward);
  if (call.argument(5).to_bool()) cost.flops += hidden * 4;
}

// (input_gates, hidden_gates, hx, input_bias, hidden_bias): of the three gates, r and z add their two products; n does so after
// r.
void count_fused_gru_cell(const OpCall& call, const Row&, Cost& cost) {
  const Count hidden = call.tensor(2).numel();
  cost.flops += hidden * 2;
  if (call.tensor(3).defined()) cost.flops += hidden * 6;
  add_work(cost, hidden, kCells[kGru].forward);
}

// (grad_hy, workspace, has_bias): a sum for each of the two biases, of three gates.
void count_fused_gru_cell_backward(const OpCall& call, const Row&, Cost& cost) {
  const Count hidden = call.tensor(std::size_t{0}).numel();
  add_work(cost, hidden, kCells[kGru].backward);
  if (call.argument(2).to_bool()) cost.flops += hidden * 6;
}

constexpr std::string_view kForward =
    "macs = rows · elements of all weight matrices (projections too); rows = steps that packed sequences have, or steps · batch. "
    "Per row, layer, direction and hidden element: LSTM 4 sums of gates, 8 for biases, 4 flops, 5 transcendentals; GRU 2, 6, 5, "
    "3; tanh 1, 2, 0, 1; relu 1, 2, 1, 0. Dropout between layers: 2 per element";
constexpr std::string_view kBackward =
    "macs = rows · elements of all weight matrices, for the inputs and again for the weights where they are asked for. Per row, "
    "layer, direction and hidden element: LSTM 22 flops, 4 for biases, 1 transcendental; GRU 16, 4, 0; tanh 3, 1, 0; relu 0, 1, "
    "0. Dropout between layers: 2 per element";
constexpr std::string_view kQuantizedForward =
    "macs = rows · elements of all weight matrices, whose sizes follow from those of input and hidden state; the cells as in "
    "floating point; 7 per element that goes into a "
    "matrix (minimum, maximum, quantized), 2 per element that comes out (corrected, scaled), neither where weights are in half "
    "precision (a GRU layer does not say: int8)";
constexpr std::string_view kProducts = "the layer's matrix products; aten/src/ATen/native/cuda/RNN.cu: the cells' arithmetic";
constexpr std::string_view kKernels = "aten/src/ATen/native/cuda/RNN.cu: the kernel's arithmetic";

}  // namespace

const Family mkldnn_rnn = {count_mkldnn_rnn, kForward, kProducts};
const Family mkldnn_rnn_backward = {count_mkldnn_rnn_backward, kBackward, kProducts};
const Family cudnn_rnn = {count_cudnn_rnn, kForward, kProducts};
const Family cudnn_rnn_backward = {count_cudnn_rnn_backward, kBackward, kProducts};
const Family mps_lstm = {count_mps_lstm, kForward, kProducts};
const Family mps_lstm_backward = {count_mps_lstm_backward, kBackward, kProducts};
const Family quantized_lstm = {count_quantized_rnn<kLstm>, kQuantizedForward, kProducts};
const Family quantized_gru = {count_quantized_rnn<kGru>, kQuantizedForward, kProducts};
const Family quantized_rnn_tanh = {count_quantized_rnn<kTanh>, kQuantizedForward, kProducts};
const Family quantized_rnn_relu = {count_quantized_rnn<kRelu>, kQuantizedForward, kProducts};
const Family fused_lstm_cell = {
    count_fused_lstm_cell,
    "per gate: the sum of both products, 2 more with biases; per hidden element: 4 flops, 5 transcendentals", kKernels};
const Family fused_lstm_cell_backward = {count_fused_lstm_cell_backward,
                                         "per hidden element: 22 flops, 1 transcendental, with biases 4 additions", kKernels};
const Family fused_gru_cell = {count_fused_gru_cell,
                               "per hidden element: 2 sums of products, 6 for biases, 5 flops, 3 transcendentals", kKernels};
const Family fused_gru_cell_backward = {count_fused_gru_cell_backward, "per hidden element: 16 flops, with biases 6 additions",
                                        kKernels};

}  // namespace torchtally::formulas
