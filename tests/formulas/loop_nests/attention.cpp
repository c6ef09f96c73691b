// Attention: loops over sequences, heads, queries, keys and features. A pair of a query and a key that the mask leaves out is
// counted too, and told apart.
#include <gtest/gtest.h>

#include <utility>

#include "loop_nest.h"

namespace torchtally::loop_nests {
namespace {

struct Products {
  std::int64_t all = 0;
  std::int64_t allowed = 0;  // by the mask

  void add(bool is_allowed, std::int64_t count) {
    all += count;
    if (is_allowed) allowed += count;
  }
};

void expect(NestCall& call, const Products& products) {
  const Cost cost = call.cost();
  EXPECT_EQ(cost.macs, products.all);
  EXPECT_EQ(cost.unmasked_macs(), products.allowed);
}

// Where query i of `queries` stands among `keys`, and which keys it sees.
struct Mask {
  bool from_bottom_right = false;
  std::int64_t left = -1, right = -1;  // -1: no bound

  bool allows(std::int64_t i, std::int64_t j, std::int64_t queries, std::int64_t keys) const {
    const std::int64_t diagonal = from_bottom_right ? i + keys - queries : i;
    return (left < 0 || j >= diagonal - left) && (right < 0 || j <= diagonal + right);
  }
};

struct Sequences {
  std::int64_t heads = 1, key_heads = 1, features = 1, values = 1;
  Shape queries, keys;  // of each sequence

  // Grouped queries: several heads share one of the keys and values.
  explicit Sequences(Draw& draw, bool differ) : key_heads(draw(1, 3)), features(draw(1, 5)), values(draw(1, 5)) {
    heads = key_heads * draw(1, 3);
    const std::int64_t same_queries = draw(1, 9), same_keys = draw(1, 9);
    for (std::int64_t s = draw(1, 4); s > 0; --s) {
      queries.push_back(differ ? draw(0, 9) : same_queries);
      keys.push_back(differ ? draw(0, 9) : same_keys);
    }
  }

  std::int64_t batch() const { return static_cast<std::int64_t>(queries.size()); }

  // score[i][j] = sum of q[i][f] k[j][f]; out[i][f] = sum of score[i][j] v[j][f]
  Products forward(const Mask& mask) const { return count(mask, 1, 1); }
  // The score again, dq[i][f] = sum of dscore[i][j] k[j][f], dk[j][f] = sum of dscore[i][j] q[i][f]; dscore[i][j] = sum of
  // dout[i][f] v[j][f], dv[j][f] = sum of score[i][j] dout[i][f]
  Products backward(const Mask& mask) const { return count(mask, 3, 2); }

 private:
  Products count(const Mask& mask, std::int64_t of_features, std::int64_t of_values) const {
    Products products;
    for (std::size_t s = 0; s < queries.size(); ++s) {
      for (std::int64_t h = 0; h < heads; ++h) {
        for (std::int64_t i = 0; i < queries[s]; ++i) {
          for (std::int64_t j = 0; j < keys[s]; ++j) {
            const bool allowed = mask.allows(i, j, queries[s], keys[s]);
            products.add(allowed, loops({of_features, features}));
            products.add(allowed, loops({of_values, values}));
          }
        }
      }
    }
    return products;
  }
};

Shape offsets(const Shape& lengths) {
  Shape sums{0};
  for (const auto length : lengths) sums.push_back(sums.back() + length);
  return sums;
}

bool is_backward(const NestCall& call) { return call.name(0).substr(0, 4) == "grad"; }

void expect(NestCall& call, const Sequences& sequences, const Mask& mask) {
  expect(call, is_backward(call) ? sequences.backward(mask) : sequences.forward(mask));
}

// (batch, heads, sequence, features), all of one length.
void add_heads_first(NestCall& call, const Sequences& sequences) {
  const std::size_t first = is_backward(call) ? 1 : 0;
  const std::int64_t batch = sequences.batch(), queries = sequences.queries[0], keys = sequences.keys[0];
  if (first == 1) call.tensor(call.name(0), {batch, sequences.heads, queries, sequences.values});
  call.tensor(call.name(first), {batch, sequences.heads, queries, sequences.features});
  call.tensor(call.name(first + 1), {batch, sequences.key_heads, keys, sequences.features});
  call.tensor(call.name(first + 2), {batch, sequences.key_heads, keys, sequences.values});
}

// scaled_dot_product_attention's kernels. Nested tensors have sequences of their own lengths, the heads before them.
void heads_first(NestCall& call, Draw& draw, bool from_bottom_right) {
  const bool nested = draw.coin();
  const Sequences sequences(draw, nested);
  Mask mask{from_bottom_right, -1, -1};
  if (call.has("is_causal") && draw.coin()) {
    call.flag("is_causal", true);
    mask.right = 0;
  }
  if (nested) {
    std::vector<Shape> query, key, value, grad;
    for (std::size_t s = 0; s < sequences.queries.size(); ++s) {
      query.push_back({sequences.heads, sequences.queries[s], sequences.features});
      grad.push_back({sequences.heads, sequences.queries[s], sequences.values});
      key.push_back({sequences.key_heads, sequences.keys[s], sequences.features});
      value.push_back({sequences.key_heads, sequences.keys[s], sequences.values});
    }
    const std::size_t first = is_backward(call) ? 1 : 0;
    if (first == 1) call.nested(call.name(0), grad);
    call.nested(call.name(first), query).nested(call.name(first + 1), key).nested(call.name(first + 2), value);
  } else {
    add_heads_first(call, sequences);
  }
  expect(call, sequences, mask);
}
void top_left(NestCall& call, Draw& draw) { heads_first(call, draw, false); }
void bottom_right(NestCall& call, Draw& draw) { heads_first(call, draw, true); }

// (batch, sequence, heads, features) or, one sequence after the other, (all, heads, features).
void add_sequence_first(NestCall& call, const Sequences& sequences, bool packed, bool has_batch) {
  const auto shape = [&](const Shape& lengths, std::int64_t heads, std::int64_t width) {
    const std::int64_t all = offsets(lengths).back();
    if (!packed) return Shape{sequences.batch(), lengths[0], heads, width};
    return has_batch ? Shape{1, all, heads, width} : Shape{all, heads, width};
  };
  if (is_backward(call)) call.tensor(call.name(0), shape(sequences.queries, sequences.heads, sequences.values));
  call.tensor("query", shape(sequences.queries, sequences.heads, sequences.features));
  call.tensor("key", shape(sequences.keys, sequences.key_heads, sequences.features));
  call.tensor("value", shape(sequences.keys, sequences.key_heads, sequences.values));
}

// Causal, a window, or both; of packed sequences, some with a cache of keys of which not all are used.
void flash(NestCall& call, Draw& draw) {
  const bool packed = draw.coin();
  const Sequences sequences(draw, packed);
  Mask mask{true, draw(-1, 6), draw(-1, 6)};
  call.integer("window_size_left", mask.left).integer("window_size_right", mask.right);
  if (draw.coin()) {
    call.flag("is_causal", true);
    mask.right = 0;
  }
  if (packed && call.has("seqused_k") && draw.coin()) {
    call.tensor("query", {offsets(sequences.queries).back(), sequences.heads, sequences.features});
    call.tensor("key", {64, 16, sequences.key_heads, sequences.features});
    call.tensor("value", {64, 16, sequences.key_heads, sequences.values});
    call.values("cum_seq_q", offsets(sequences.queries)).values("seqused_k", sequences.keys);
    call.integer("max_q", 9).integer("max_k", 1024);
  } else {
    add_sequence_first(call, sequences, packed, false);
    if (packed) call.values("cum_seq_q", offsets(sequences.queries)).values("cum_seq_k", offsets(sequences.keys));
  }
  if (call.has("out") && !is_backward(call)) {
    call.mutated("out", {offsets(sequences.queries).back(), sequences.heads, sequences.values});
  }
  expect(call, sequences, mask);
}

// custom_mask_type: none, causal from the top left corner, from the bottom right one. A window reaches back from the diagonal.
void efficient(NestCall& call, Draw& draw) {
  const bool packed = draw.coin();
  const Sequences sequences(draw, packed);
  const std::int64_t type = draw(0, 2), window = type == 0 ? 0 : draw(0, 6);
  call.integer("custom_mask_type", type).integer("window_size", window);
  add_sequence_first(call, sequences, packed, true);
  if (packed) call.values("cu_seqlens_q", offsets(sequences.queries)).values("cu_seqlens_k", offsets(sequences.keys));
  expect(call, sequences, {type == 2, window > 0 ? window - 1 : -1, type == 0 ? -1 : 0});
}

// cuDNN's: the heads first, or packed.
void cudnn(NestCall& call, Draw& draw) {
  const bool packed = draw.coin();
  const Sequences sequences(draw, packed);
  const bool causal = draw.coin();
  call.flag("is_causal", causal);
  if (packed) {
    add_sequence_first(call, sequences, true, false);
    call.values("cum_seq_q", offsets(sequences.queries)).values("cum_seq_k", offsets(sequences.keys));
  } else {
    add_heads_first(call, sequences);
  }
  expect(call, sequences, {false, -1, causal ? 0 : -1});
}

// 1.13's kernel for packed sequences: a key after its query, both counted from the start, is left out.
void first_flash(NestCall& call, Draw& draw) {
  const Sequences sequences(draw, true);
  const bool causal = draw.coin();
  add_sequence_first(call, sequences, true, false);
  call.values("cum_seq_q", offsets(sequences.queries)).values("cum_seq_k", offsets(sequences.keys)).flag("is_causal", causal);
  expect(call, sequences, {false, -1, causal ? 0 : -1});
}

// out[r][o] = sum of in[r][i] weight[o][i] on rows of `width`, to `out`.
std::int64_t projection(std::int64_t rows, std::int64_t width, std::int64_t out) { return loops({rows, out, width}); }

struct Heads {
  std::int64_t heads, width;  // of all heads together

  explicit Heads(Draw& draw) : heads(draw(1, 3)), width(heads * draw(1, 4)) {}

  // Queries, keys and values projected from rows of their own, attention in every head, projected again. Saved keys come first.
  std::int64_t multiply_adds(const Shape& lengths, std::int64_t saved) const {
    std::int64_t count = 0;
    for (const auto tokens : lengths) {
      count += 3 * projection(tokens, width, width);
      for (std::int64_t h = 0; h < heads; ++h) {
        const std::int64_t scores = loops({tokens, saved + tokens, width / heads});
        count += scores + scores;  // of the query and each key, and what is made of each value
      }
      count += projection(tokens, width, width);
    }
    return count;
  }
};

void multi_head(NestCall& call, Draw& draw) {
  const Heads layer(draw);
  const std::int64_t samples = draw(1, 3), tokens = draw();
  call.integer("embed_dim", layer.width).integer("num_head", layer.heads);
  if (!call.has("incr_key") && draw.coin()) {
    Shape lengths;
    std::vector<Shape> parts;
    for (std::int64_t s = 0; s < samples; ++s) parts.push_back({lengths.emplace_back(draw()), layer.width});
    call.nested("query", parts).nested("key", parts).nested("value", parts).returns_nested(parts);
    EXPECT_EQ(call.cost().macs, layer.multiply_adds(lengths, 0));
    return;
  }
  std::int64_t saved = 0;
  if (call.has("incr_key") && draw.coin()) {
    saved = draw();
    for (const auto* name : {"incr_key", "incr_value"}) {
      call.tensor(name, {samples, layer.heads, saved, layer.width / layer.heads});
    }
  }
  for (const auto* name : {"query", "key", "value"}) call.tensor(name, {samples, tokens, layer.width});
  call.returns({samples, tokens, layer.width});
  EXPECT_EQ(call.cost().macs, layer.multiply_adds(Shape(samples, tokens), saved));
}

// Attention of the source to itself, and two linear layers.
void transformer_layer(NestCall& call, Draw& draw) {
  const Heads layer(draw);
  const std::int64_t hidden = draw(), samples = draw(1, 3);
  call.integer("embed_dim", layer.width).integer("num_heads", layer.heads);
  call.tensor("ffn_weight_1", {hidden, layer.width}).tensor("ffn_weight_2", {layer.width, hidden});
  Shape lengths(samples, draw());
  if (!call.has("incr_key") && draw.coin()) {
    std::vector<Shape> parts;
    for (auto& length : lengths) parts.push_back({length = draw(), layer.width});
    call.nested("src", parts).returns_nested(parts);
  } else {
    call.tensor("src", {samples, lengths[0], layer.width}).returns({samples, lengths[0], layer.width});
  }
  std::int64_t saved = 0;
  if (call.has("incr_key") && draw.coin()) {
    saved = draw();
    call.tensor("incr_key", {samples, layer.heads, saved, layer.width / layer.heads});
    call.tensor("incr_value", {samples, layer.heads, saved, layer.width / layer.heads});
  }
  std::int64_t perceptron = 0;
  for (const auto tokens : lengths)
    perceptron += projection(tokens, layer.width, hidden) + projection(tokens, hidden, layer.width);
  EXPECT_EQ(call.cost().macs, layer.multiply_adds(lengths, saved) + perceptron);
}

// flex_attention, and what its caller knows of the mask, if anything: how many pairs it leaves.
void flex(NestCall& call, Draw& draw) {
  const Sequences sequences(draw, false);
  Mask mask{false, -1, -1};
  if (draw.coin()) {
    mask.left = draw(-1, 6);
    mask.right = draw(-1, 6);
    std::int64_t kept = 0;
    for (std::int64_t s = 0; s < sequences.batch() * sequences.heads; ++s) {
      for (std::int64_t i = 0; i < sequences.queries[0]; ++i) {
        for (std::int64_t j = 0; j < sequences.keys[0]; ++j) {
          kept += mask.allows(i, j, sequences.queries[0], sequences.keys[0]) ? 1 : 0;
        }
      }
    }
    call.integer("kept_scores", kept);
  }
  add_heads_first(call, sequences);
  expect(call, call.has("grad_out") ? sequences.backward(mask) : sequences.forward(mask));
}

constexpr Nest kNests[] = {
    {"aten::_cudnn_attention_backward", cudnn},
    {"aten::_cudnn_attention_forward", cudnn},
    {"aten::_efficient_attention_backward", efficient},
    {"aten::_efficient_attention_forward", efficient},
    {"aten::_flash_attention_backward", flash},
    {"aten::_flash_attention_forward", flash},
    {"aten::_flash_attention_forward_no_dropout_inplace", flash},
    {"aten::_flash_scaled_dot_product_attention", first_flash},
    {"aten::_native_decoder_only_multi_head_attention", multi_head},
    {"aten::_native_multi_head_attention", multi_head},
    {"aten::_scaled_dot_product_attention_forward", top_left},
    {"aten::_scaled_dot_product_attention_math_for_mps", top_left},
    {"aten::_scaled_dot_product_cudnn_attention", top_left},
    {"aten::_scaled_dot_product_cudnn_attention_backward", top_left},
    {"aten::_scaled_dot_product_efficient_attention", top_left},
    {"aten::_scaled_dot_product_efficient_attention_backward", top_left},
    {"aten::_scaled_dot_product_flash_attention", bottom_right},
    {"aten::_scaled_dot_product_flash_attention_backward", bottom_right},
    {"aten::_scaled_dot_product_flash_attention_for_cpu", top_left},
    {"aten::_scaled_dot_product_flash_attention_for_cpu_backward", top_left},
    {"aten::_scaled_dot_product_fused_attention_overrideable", top_left},
    {"aten::_scaled_dot_product_fused_attention_overrideable_backward", top_left},
    {"aten::_transformer_decoder_only_layer_fwd", transformer_layer},
    {"aten::_transformer_encoder_layer_fwd", transformer_layer},
    {"aten::_triton_multi_head_attention", multi_head},
    {"aten::_triton_scaled_dot_attention", top_left},
    {"higher_order::flex_attention", flex},
    {"higher_order::flex_attention_backward", flex},
};

}  // namespace

absl::Span<const Nest> attention_nests() { return kNests; }

}  // namespace torchtally::loop_nests
