// Note [Attention]
// Dense: masked and causal positions count like any other, and so does what a fused kernel may skip. The heads are those of the
// query, however few the keys and values have.
#include "formulas/building_blocks.h"
#include "formulas/families.h"

namespace torchtally::formulas {
namespace {

struct Shape {
  Count scores;    // batch * heads * queries * keys
  Count outputs;   // batch * heads * queries * value features
  Count features;  // of a query, and of a key
  Count values;    // of a value
};

// Forward: scores = q k^T, output = scores v. Per score: the scale, the mask if there is one, softmax.
void add_forward(Cost& cost, const Shape& shape, bool masked) {
  cost.add_macs(shape.scores * (shape.features + shape.values));
  add_work(cost, shape.scores, kSoftmax);
  cost.flops += shape.scores * (masked ? 2 : 1);
}

// Backward of a fused kernel: the scores again, then the gradients of q and k (features each), of the scores and of v (values
// each). Per score: scale, mask, minus the saved log-sum, exp; the gradient minus the row's sum, times the score, times the
// scale. The row's sum: a product and an addition per output element.
void add_backward(Cost& cost, const Shape& shape, bool masked) {
  cost.add_macs(shape.scores * (shape.features * 3 + shape.values * 2));
  add_work(cost, shape.scores, {masked ? 6 : 5, 1});
  cost.flops += shape.outputs * 2;
}

Shape shape_of(const TensorView& query, const TensorView& key, const TensorView& value) {
  const Count rows = query.size(0) * query.size(1) * query.size(2);
  return {rows * key.size(2), rows * value.size(-1), query.size(-1), value.size(-1)};
}

// (batch, sequence, heads, features); with cumulative sequence lengths (total, heads, features), where only the longest sequence
// is known from the shapes: every sequence counts as that long.
Shape packed_shape_of(const OpCall& call, const TensorView& query, const TensorView& key, const TensorView& value) {
  const auto either = [&call](std::string_view name, std::string_view other) -> const Argument& {
    const Argument& argument = call.argument(name);
    return argument.is_none() ? call.argument(other) : argument;
  };
  Count queries = query.size(-3);
  Count keys = key.size(-3);
  Count batch = query.dim() > 3 ? query.size(0) : Count(1);
  const TensorView& offsets = either("cum_seq_q", "cu_seqlens_q").tensor();
  if (offsets.defined() && offsets.size(0) > 0) {
    batch = offsets.size(0) - 1;
    queries = either("max_q", "max_seqlen_q").to_int(queries);
    keys = either("max_k", "max_seqlen_k").to_int(keys);
  }
  const Count rows = batch * query.size(-2) * queries;
  return {rows * keys, rows * value.size(-1), query.size(-1), value.size(-1)};
}

bool is_masked(const OpCall& call) {
  return call.tensor("attn_mask").defined() || call.tensor("attn_bias").defined() || call.tensor("bias").defined();
}

// A linear layer on `rows` rows.
void add_linear(Cost& cost, Count rows, Count in, Count out, bool bias) {
  cost.add_macs(rows * in * out);
  if (bias) cost.flops += rows * out;
}

// Projections of query, key and value, attention in `heads` heads, output projection.
void add_multi_head_attention(Cost& cost, const TensorView& query, const TensorView& key, const TensorView& value, Count width,
                              Count heads, bool masked) {
  const Count batch = query.size(0);
  const Count query_rows = batch * query.size(1);
  add_linear(cost, query_rows, query.size(2), width, true);
  add_linear(cost, batch * key.size(1), key.size(2), width, true);
  add_linear(cost, batch * value.size(1), value.size(2), width, true);

  // Not through add_forward(): the scale is applied to the query, once per element of it.
  const Count pairs = query_rows * key.size(1);
  cost.flops += query_rows * width;
  cost.add_macs(pairs * width * 2);
  add_work(cost, pairs * heads, kSoftmax);
  if (masked) cost.flops += pairs * heads;

  add_linear(cost, query_rows, width, width, true);
}

void count_attention(const OpCall& call, const Row&, Cost& cost) {
  add_forward(cost, shape_of(call.tensor(std::size_t{0}), call.tensor(1), call.tensor(2)), is_masked(call));
}

void count_attention_backward(const OpCall& call, const Row&, Cost& cost) {
  add_backward(cost, shape_of(call.tensor(1), call.tensor(2), call.tensor(3)), is_masked(call));
}

void count_packed_attention(const OpCall& call, const Row&, Cost& cost) {
  add_forward(cost, packed_shape_of(call, call.tensor(std::size_t{0}), call.tensor(1), call.tensor(2)), is_masked(call));
}

void count_packed_attention_backward(const OpCall& call, const Row&, Cost& cost) {
  add_backward(cost, packed_shape_of(call, call.tensor(1), call.tensor(2), call.tensor(3)), is_masked(call));
}

// _native_multi_head_attention(query, key, value, embed_dim, num_head, qkv_weight, qkv_bias, proj_weight, proj_bias, mask,
// need_weights, average_attn_weights): averaging the weights over the heads adds each once and divides each average.
void count_multi_head_attention(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& query = call.tensor(std::size_t{0});
  const TensorView& key = call.tensor(1);
  const Count heads = call.argument(4).to_int();
  add_multi_head_attention(cost, query, key, call.tensor(2), call.argument(3).to_int(), heads, call.tensor(9).defined());
  if (call.argument(10).to_bool() && call.argument(11).to_bool()) {
    cost.flops += query.size(0) * query.size(1) * key.size(1) * (heads + 1);
  }
}

// _transformer_encoder_layer_fwd(src, embed_dim, num_heads, ...): attention, two layer norms with weight and bias, a two-layer
// perceptron with relu or gelu between, two residual additions.
void count_transformer_encoder_layer(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& source = call.tensor(std::size_t{0});
  const Count width = call.argument(1).to_int();
  const Count rows = source.size(0) * source.size(1);
  const Count elements = rows * width;
  add_multi_head_attention(cost, source, source, source, width, call.argument(2).to_int(), call.tensor("mask").defined());

  const Count hidden = call.tensor("ffn_weight_1").size(0);
  add_linear(cost, rows, width, hidden, true);
  add_work(cost, rows * hidden, call.argument("use_gelu").to_bool() ? kGelu : Work{1, 0});
  add_linear(cost, rows, hidden, width, true);

  for (int norm = 0; norm < 2; ++norm) {
    add_work(cost, elements, kNormalizePerElement);
    add_work(cost, rows, kNormalizePerGroup);
    cost.flops += elements * 2;  // weight, bias
    cost.flops += elements;      // residual
  }
}

}  // namespace

const Family attention = {count_attention, "", ""};
const Family attention_backward = {count_attention_backward, "", ""};
const Family packed_attention = {count_packed_attention, "", ""};
const Family packed_attention_backward = {count_packed_attention_backward, "", ""};
const Family multi_head_attention = {count_multi_head_attention, "", ""};
const Family transformer_encoder_layer = {count_transformer_encoder_layer, "", ""};

}  // namespace torchtally::formulas
