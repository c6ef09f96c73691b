// Embeddings whose rows are quantized one by one: a row of D numbers of 8, 4 or 2 bits is followed by its scale and its offset,
// in single precision for 8 bits, in half precision for fewer.
#include "formulas/building_blocks.h"
#include "formulas/families.h"

namespace torchtally::formulas {
namespace {

template <int kBits>
Count row_bytes(Count width) {
  constexpr int kPerByte = 8 / kBits;
  if (width.saturated()) return width;
  return Count((width + (kPerByte - 1)) / kPerByte) + (kBits == 8 ? 8 : 4);
}

// Reads the rows that are looked up.
template <int kBits>
void set_gathered_bytes(const OpCall& call, Cost& cost) {
  const TensorView& indices = call.tensor("indices");
  cost.bytes_read = indices.numel() * row_bytes<kBits>(call.output().size(-1)) + indices.bytes() +
                    call.tensor("offsets").bytes() + call.tensor("per_sample_weights").bytes() +
                    call.tensor("compressed_indices_mapping").bytes();
}

// Per element of the rows looked up: times the scale, plus the offset. Rows that were pruned count too.
template <int kBits>
void count_quantized_embedding(const OpCall& call, const Row&, Cost& cost) {
  cost.flops += call.tensor("indices").numel() * call.output().size(-1) * 2;
  set_gathered_bytes<kBits>(call, cost);
}

// The same, added up; a sample's weight is multiplied into the scale and the offset of its row.
template <int kBits>
void count_quantized_embedding_bag(const OpCall& call, const Row&, Cost& cost) {
  const Count rows = call.tensor("indices").numel();
  cost.flops += rows * call.output().size(-1) * 3;
  if (call.tensor("per_sample_weights").defined()) cost.flops += rows * 2;
  set_gathered_bytes<kBits>(call, cost);
}

constexpr std::string_view kEmbedding = "2 per element of the rows looked up: times the row's scale, plus its offset";
constexpr std::string_view kBag =
    "3 per element of the rows looked up: times the row's scale, plus its offset, added; 2 per row for a sample's weight";
constexpr std::string_view kSource = "FBGEMM, EmbeddingSpMDM's reference implementation";

}  // namespace

const Family embedding_byte = {count_quantized_embedding<8>, kEmbedding, kSource};
const Family embedding_4bit = {count_quantized_embedding<4>, kEmbedding, kSource};
const Family embedding_bag_byte = {count_quantized_embedding_bag<8>, kBag, kSource};
const Family embedding_bag_4bit = {count_quantized_embedding_bag<4>, kBag, kSource};
const Family embedding_bag_2bit = {count_quantized_embedding_bag<2>, kBag, kSource};

}  // namespace torchtally::formulas
