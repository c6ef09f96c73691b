// Note [Attention]
// macs are dense, whatever a fused kernel skips: masked_macs says how many of them a causal mask, a window or lengths make
// superfluous; a mask that is a tensor is not looked into. Sequences that are packed, or parts of a nested tensor, count with
// their own lengths: that is what is dense there. The heads are those of the query, however few the keys and values have.
//
// Which diagonal a causal mask follows differs: scaled_dot_product_attention's is that of the top left corner, and so are its
// kernels, but for flash attention's, which starts from the bottom right one (and so is not taken for other than square causal
// attention). The kernel of efficient attention is told. 1.13's flash attention is FlashAttention 1, which leaves out keys after
// the query, both counted from the start of their sequence.
#include <array>

#include "formulas/attention_mask.h"
#include "formulas/building_blocks.h"
#include "formulas/families.h"

namespace torchtally::formulas {
namespace {

struct Shape {
  Count scores;    // heads * queries * keys of all sequences
  Count masked;    // of them
  Count outputs;   // heads * queries * value features
  Count features;  // of a query, and of a key
  Count values;    // of a value

  void add(Count sequences_and_heads, Count queries, Count keys, const Mask& mask) {
    scores += sequences_and_heads * queries * keys;
    masked += sequences_and_heads * masked_pairs(queries, keys, mask);
    outputs += sequences_and_heads * queries * values;
  }
};

// Forward: scores = q k^T, output = scores v. Per score: the scale, the mask if there is one, softmax.
void add_forward(Cost& cost, const Shape& shape, bool has_mask_tensor) {
  const Count each = shape.features + shape.values;
  cost.add_macs(shape.scores * each);
  cost.masked_macs += shape.masked * each;
  add_work(cost, shape.scores, kSoftmax);
  cost.flops += shape.scores * (has_mask_tensor ? 2 : 1);
}

// Backward of a fused kernel: the scores again, then the gradients of q and k (features each), of the scores and of v (values
// each). Per score: scale, mask, minus the saved log-sum, exp; the gradient minus the row's sum, times the score, times the
// scale. The row's sum: a product and an addition per output element.
void add_backward(Cost& cost, const Shape& shape, bool has_mask_tensor) {
  const Count each = shape.features * 3 + shape.values * 2;
  cost.add_macs(shape.scores * each);
  cost.masked_macs += shape.masked * each;
  add_work(cost, shape.scores, {has_mask_tensor ? 6 : 5, 1});
  cost.flops += shape.outputs * 2;
}

bool has_mask_tensor(const OpCall& call) {
  return call.tensor("attn_mask").defined() || call.tensor("attn_bias").defined() || call.tensor("bias").defined();
}

// What the names of either kind of kernel call the same.
const Argument& either(const OpCall& call, std::string_view name, std::string_view other) {
  const Argument& argument = call.argument(name);
  return argument.is_none() ? call.argument(other) : argument;
}

// is_causal, and the window of flash attention, where -1 is no bound.
Mask mask_of(const OpCall& call, Diagonal diagonal) {
  Mask mask{diagonal, {}, {}};
  const std::int64_t left = call.argument("window_size_left").to_int(-1);
  const std::int64_t right = call.argument("is_causal").to_bool() ? 0 : call.argument("window_size_right").to_int(-1);
  if (left >= 0) mask.left = left;
  if (right >= 0) mask.right = right;
  return mask;
}

// Flash attention's arguments, or those of efficient attention: custom_mask_type 1 (earlier: causal) is causal from the top left,
// 2 from the bottom right; a window_size that is not 0 has so many keys, up to the diagonal.
Mask packed_mask_of(const OpCall& call) {
  const std::int64_t type = either(call, "custom_mask_type", "causal").to_int();
  if (type == 0) return mask_of(call, Diagonal::kBottomRight);
  Mask mask{type == 2 ? Diagonal::kBottomRight : Diagonal::kTopLeft, {}, 0};
  const std::int64_t window = call.argument("window_size").to_int();
  if (window > 0) mask.left = window - 1;
  return mask;
}

// (batch..., heads, sequence, features), or nested, each part (heads, sequence, features).
Shape shape_of(const TensorView& query, const TensorView& key, const TensorView& value, const Mask& mask) {
  Shape shape;
  shape.features = query.part_size(0, -1);
  shape.values = value.part_size(0, -1);
  if (query.layout() == Layout::kNested) {
    for (std::int64_t i = 0; i < query.parts(); ++i) {
      shape.add(query.part_size(i, -3), query.part_size(i, -2), key.part_size(i, -2), mask);
    }
  } else {
    Count heads = query.defined() ? 1 : 0;
    for (int d = 0; d < query.dim() - 2; ++d) heads *= query.size(d);
    shape.add(heads, query.size(-2), key.size(-2), mask);
  }
  return shape;
}

// How long packed sequences are: what is used of them, or what lies between their offsets. Both may have values that nobody can
// read (on another device): then every sequence counts as the longest.
struct Lengths {
  absl::Span<const std::int64_t> offsets;
  absl::Span<const std::int64_t> used;
  Count longest;

  bool known() const { return !offsets.empty() || !used.empty(); }
  Count of(std::size_t sequence) const {
    if (sequence < used.size()) return used[sequence];
    return sequence + 1 < offsets.size() ? Count(offsets[sequence + 1] - offsets[sequence]) : longest;
  }
};

// (batch, sequence, heads, features); with offsets of the sequences (total, heads, features) or (1, total, heads, features).
Shape packed_shape_of(const OpCall& call, const TensorView& query, const TensorView& key, const TensorView& value,
                      const Mask& mask) {
  const TensorView& query_offsets = either(call, "cum_seq_q", "cu_seqlens_q").tensor();
  Lengths queries{query_offsets.values(), {}, query.size(-3)};
  Lengths keys{either(call, "cum_seq_k", "cu_seqlens_k").tensor().values(),
               either(call, "seqused_k", "seqlen_k").tensor().values(), key.size(-3)};
  Count batch = query.dim() > 3 ? query.size(0) : Count(1);
  if (query_offsets.defined() && query_offsets.size(0) > 0) {
    batch = query_offsets.size(0) - 1;
    queries.longest = either(call, "max_q", "max_seqlen_q").to_int(queries.longest);
    keys.longest = either(call, "max_k", "max_seqlen_k").to_int(keys.longest);
  }

  const Count heads = query.size(-2);
  Shape shape;
  shape.features = query.size(-1);
  shape.values = value.size(-1);
  if (queries.known() || keys.known()) {
    for (std::int64_t i = 0; i < batch; ++i) {
      const auto sequence = static_cast<std::size_t>(i);
      shape.add(heads, queries.of(sequence), keys.of(sequence), mask);
    }
  } else {
    shape.add(batch * heads, queries.longest, keys.longest, mask);
  }
  return shape;
}

// By name: _flash_attention_forward_no_dropout_inplace has its output before them.
Shape packed_shape_of(const OpCall& call) {
  return packed_shape_of(call, call.tensor("query"), call.tensor("key"), call.tensor("value"), packed_mask_of(call));
}

// cuDNN's entry: (batch, heads, sequence, features), or packed as others.
Shape top_left_packed_shape_of(const OpCall& call) {
  const TensorView& query = call.tensor("query");
  const TensorView& key = call.tensor("key");
  const TensorView& value = call.tensor("value");
  const Mask mask = mask_of(call, Diagonal::kTopLeft);
  return query.dim() > 3 ? shape_of(query, key, value, mask) : packed_shape_of(call, query, key, value, mask);
}

template <Diagonal diagonal>
void count_attention(const OpCall& call, const Row&, Cost& cost) {
  const Mask mask = mask_of(call, diagonal);
  add_forward(cost, shape_of(call.tensor(std::size_t{0}), call.tensor(1), call.tensor(2), mask), has_mask_tensor(call));
}

template <Diagonal diagonal>
void count_attention_backward(const OpCall& call, const Row&, Cost& cost) {
  const Mask mask = mask_of(call, diagonal);
  add_backward(cost, shape_of(call.tensor(1), call.tensor(2), call.tensor(3), mask), has_mask_tensor(call));
}

void count_packed_attention(const OpCall& call, const Row&, Cost& cost) {
  add_forward(cost, packed_shape_of(call), has_mask_tensor(call));
}

// The output is the first argument: written, never read.
void count_packed_attention_into_output(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& out = call.tensor(std::size_t{0});
  add_forward(cost, packed_shape_of(call), has_mask_tensor(call));
  cost.bytes_read = 0;
  for (std::size_t i = 1; i < call.arguments().size(); ++i) cost.bytes_read += call.argument(i).bytes();
  cost.bytes_written += out.bytes();
  cost.activations += out.numel();
}

void count_packed_attention_backward(const OpCall& call, const Row&, Cost& cost) {
  add_backward(cost, packed_shape_of(call), has_mask_tensor(call));
}

void count_top_left_packed_attention(const OpCall& call, const Row&, Cost& cost) {
  add_forward(cost, top_left_packed_shape_of(call), has_mask_tensor(call));
}

void count_top_left_packed_attention_backward(const OpCall& call, const Row&, Cost& cost) {
  add_backward(cost, top_left_packed_shape_of(call), has_mask_tensor(call));
}

// flex_attention's, whose score_mod is a program of its own and not counted. kept_scores: what the blocks of its mask leave, if
// known.
Shape flex_shape_of(const OpCall& call) {
  const Mask none{Diagonal::kTopLeft, {}, {}};
  Shape shape = shape_of(call.tensor("query"), call.tensor("key"), call.tensor("value"), none);
  const std::int64_t kept = call.argument("kept_scores").to_int(-1);
  if (kept >= 0) shape.masked = shape.scores - kept;
  return shape;
}

void count_flex_attention(const OpCall& call, const Row&, Cost& cost) { add_forward(cost, flex_shape_of(call), false); }

void count_flex_attention_backward(const OpCall& call, const Row&, Cost& cost) { add_backward(cost, flex_shape_of(call), false); }

// A linear layer on `rows` rows.
void add_linear(Cost& cost, Count rows, Count in, Count out, bool bias) {
  cost.add_macs(rows * in * out);
  if (bias) cost.flops += rows * out;
}

// Of (batch, sequence, features), or of a nested tensor with parts (sequence, features).
Count tokens(const TensorView& tensor) {
  if (tensor.layout() != Layout::kNested) return tensor.size(0) * tensor.size(1);
  Count n;
  for (std::int64_t i = 0; i < tensor.parts(); ++i) n += tensor.part_size(i, 0);
  return n;
}

struct MultiHead {
  Count width;
  Count heads;
  bool has_mask_tensor = false;
  bool averages_weights = false;
  Count earlier_keys;  // per sample, their projections saved by earlier calls
};

// Projections of query, key and value, attention in all heads, output projection. Averaging the weights over the heads adds each
// once and divides each average.
void add_multi_head_attention(Cost& cost, const TensorView& query, const TensorView& key, const TensorView& value,
                              const MultiHead& layer) {
  const Count queries = tokens(query);
  add_linear(cost, queries, query.part_size(0, -1), layer.width, true);
  add_linear(cost, tokens(key), key.part_size(0, -1), layer.width, true);
  add_linear(cost, tokens(value), value.part_size(0, -1), layer.width, true);

  Count pairs;
  if (query.layout() == Layout::kNested) {
    for (std::int64_t i = 0; i < query.parts(); ++i) pairs += query.part_size(i, 0) * (key.part_size(i, 0) + layer.earlier_keys);
  } else {
    pairs = queries * (key.size(1) + layer.earlier_keys);
  }
  // Not through add_forward(): the scale is applied to the query, once per element of it.
  cost.flops += queries * layer.width;
  cost.add_macs(pairs * layer.width * 2);
  add_work(cost, pairs * layer.heads, kSoftmax);
  if (layer.has_mask_tensor) cost.flops += pairs * layer.heads;
  if (layer.averages_weights) cost.flops += pairs * (layer.heads + 1);

  add_linear(cost, queries, layer.width, layer.width, true);
}

MultiHead multi_head(const OpCall& call, std::size_t width_and_heads, std::int64_t batch) {
  MultiHead layer;
  layer.width = call.argument(width_and_heads).to_int();
  layer.heads = call.argument(width_and_heads + 1).to_int();
  layer.has_mask_tensor = call.tensor("mask").defined();
  layer.averages_weights = call.argument("need_weights").to_bool() && call.argument("average_attn_weights").to_bool();
  const Count row = layer.width * batch;
  if (row > 0) layer.earlier_keys = call.tensor("incr_key").numel() / row;
  return layer;
}

// (query, key, value, embed_dim, num_head, ...)
void count_multi_head_attention(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& query = call.tensor(std::size_t{0});
  add_multi_head_attention(cost, query, call.tensor(1), call.tensor(2), multi_head(call, 3, query.size(0)));
}

// (src, embed_dim, num_heads, ...): attention, two layer norms with weight and bias, a two-layer perceptron with relu or gelu
// between, two residual additions.
void count_transformer_layer(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& source = call.tensor(std::size_t{0});
  const MultiHead layer = multi_head(call, 1, source.size(0));
  const Count rows = tokens(source);
  const Count elements = rows * layer.width;
  add_multi_head_attention(cost, source, source, source, layer);

  const Count hidden = call.tensor("ffn_weight_1").size(0);
  add_linear(cost, rows, layer.width, hidden, true);
  add_work(cost, rows * hidden, call.argument("use_gelu").to_bool() ? kGelu : Work{1, 0});
  add_linear(cost, rows, hidden, layer.width, true);

  for (int norm = 0; norm < 2; ++norm) {
    add_work(cost, elements, kNormalizePerElement);
    add_work(cost, rows, kNormalizePerGroup);
    cost.flops += elements * 2;  // weight, bias
    cost.flops += elements;      // residual
  }
}

// (qkv, qkv_bias, num_heads): the bias on all three, the scale on the query.
void count_transform_bias_rescale_qkv(const OpCall& call, const Row&, Cost& cost) {
  const Count elements = call.tensor(std::size_t{0}).numel();
  cost.flops += elements + elements / 3;
}

constexpr std::array<std::string_view, 6> kLengths = {"cum_seq_q",    "cum_seq_k", "cu_seqlens_q",
                                                      "cu_seqlens_k", "seqused_k", "seqlen_k"};

constexpr std::string_view kFlopCounter = "torch.utils.flop_counter, sdpa_flop; FlashAttention-2 (Dao 2023) for what masks leave";
constexpr std::string_view kFlopCounterBackward =
    "torch.utils.flop_counter, sdpa_backward_flop; FlashAttention-2 (Dao 2023) for what masks leave";
constexpr std::string_view kNativeTransformers = "aten/src/ATen/native/transformers/attention.cpp: the products of its layers";

}  // namespace

const Family attention = {
    count_attention<Diagonal::kTopLeft>,
    "macs = batch · query heads · queries · keys · (key features + value features), masked: key j > query i if causal; per score "
    "flops += scale, mask tensor, softmax 4, transcendentals += exp; nested: summed over parts",
    kFlopCounter, true};
const Family attention_backward = {
    count_attention_backward<Diagonal::kTopLeft>,
    "macs = batch · query heads · queries · keys · (3 key features + 2 value features), masked: key j > query i if causal; per "
    "score flops += 5 (6 with a mask tensor), transcendentals += exp; flops += 2 outputs; nested: summed over parts",
    kFlopCounterBackward, true};
const Family flash_attention = {
    count_attention<Diagonal::kBottomRight>,
    "macs = batch · query heads · queries · keys · (key features + value features), masked: key j > query i + keys - queries if "
    "causal; per score flops += scale, softmax 4, transcendentals += exp; nested: summed over parts",
    kFlopCounter, true};
const Family flash_attention_backward = {
    count_attention_backward<Diagonal::kBottomRight>,
    "macs = batch · query heads · queries · keys · (3 key features + 2 value features), masked: key j > query i + keys - queries "
    "if causal; per score flops += 5, transcendentals += exp; flops += 2 outputs; nested: summed over parts",
    kFlopCounterBackward, true};
const Family packed_attention = {
    count_packed_attention,
    "macs = query heads · (key features + value features) · sum over sequences of queries · keys (longest · longest where "
    "lengths "
    "are on a device), masked: what causality and window leave out; per score flops += scale, mask tensor, softmax 4, "
    "transcendentals += exp",
    kFlopCounter, true, kLengths};
const Family packed_attention_into_output = {
    count_packed_attention_into_output,
    "macs = query heads · (key features + value features) · sum over sequences of queries · keys (longest · longest where "
    "lengths "
    "are on a device), masked: what causality and window leave out; per score flops += scale, softmax 4, transcendentals += exp",
    kFlopCounter, true, kLengths};
const Family packed_attention_backward = {
    count_packed_attention_backward,
    "macs = query heads · (3 key features + 2 value features) · sum over sequences of queries · keys (longest · longest where "
    "lengths are on a device), masked: what causality and window leave out; per score flops += 5 (6 with a mask tensor), "
    "transcendentals += exp; flops += 2 outputs",
    kFlopCounterBackward, true, kLengths};
const Family top_left_packed_attention = {
    count_top_left_packed_attention,
    "macs = query heads · (key features + value features) · sum over sequences of queries · keys (longest · longest where "
    "lengths "
    "are on a device), masked: key j > query i if causal; per score flops += scale, mask tensor, softmax 4, transcendentals += "
    "exp",
    kFlopCounter, true, kLengths};
const Family top_left_packed_attention_backward = {
    count_top_left_packed_attention_backward,
    "macs = query heads · (3 key features + 2 value features) · sum over sequences of queries · keys (longest · longest where "
    "lengths are on a device), masked: key j > query i if causal; per score flops += 5 (6 with a mask tensor), transcendentals "
    "+= "
    "exp; flops += 2 outputs",
    kFlopCounterBackward, true, kLengths};
const Family flex_attention = {count_flex_attention,
                               "macs = batch · query heads · queries · keys · (key features + value features), masked: pairs "
                               "outside of the mask's blocks; per "
                               "score flops += scale, softmax 4, transcendentals += exp; score_mod not counted",
                               kFlopCounter, true};
const Family flex_attention_backward = {count_flex_attention_backward,
                                        "macs = batch · query heads · queries · keys · (3 key features + 2 value features), "
                                        "masked: pairs outside of the mask's blocks; "
                                        "per score flops += 5, transcendentals += exp; flops += 2 outputs; score_mod not counted",
                                        kFlopCounterBackward, true};
const Family multi_head_attention = {
    count_multi_head_attention,
    "macs = tokens · features · width for query, key, value and output, + 2 queries · keys · width (nested: summed over parts; "
    "saved keys of earlier calls included); flops += biases, scale of the query, per score softmax 4 and mask, averaged weights; "
    "transcendentals = scores",
    kNativeTransformers, true};
const Family transformer_layer = {count_transformer_layer,
                                  "macs = multi-head attention + 2 tokens · width · hidden; flops += its other arithmetic, "
                                  "biases, relu or gelu, two layer norms, "
                                  "two residual additions",
                                  kNativeTransformers, true};
const Family transform_bias_rescale_qkv = {count_transform_bias_rescale_qkv,
                                           "flops = 1 per element of q, k and v (bias), 1 more per element of q (scale)",
                                           "aten/src/ATen/native/transformers/attention.cpp: the kernel's arithmetic"};

}  // namespace torchtally::formulas
