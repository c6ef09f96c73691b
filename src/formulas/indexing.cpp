#include <algorithm>

#include "formulas/building_blocks.h"
#include "formulas/families.h"

namespace torchtally::formulas {
namespace {

bool is_in_place(const OpCall& call) { return call.name().back() == '_'; }

int addition_flops(const OpCall& call) { return computes_complex(call) ? 2 : 1; }

// What writing `hit` bytes of self touches: those alone in place, read too where something is added to them; otherwise self is
// copied first. `read`: the values and indices.
void set_scattered_bytes(const OpCall& call, Cost& cost, Count read, Count hit, bool accumulates) {
  if (is_in_place(call)) {
    cost.bytes_read = read + (accumulates ? hit : Count(0));
    cost.bytes_written = hit;
  } else {
    cost.bytes_read = call.tensor(std::size_t{0}).bytes() + read;
  }
}

// What an index selects is as large as the output.
void count_gathered_bytes(const OpCall& call, const Row&, Cost& cost) {
  read_only(cost, call.tensor(std::size_t{0}), cost.bytes_written);
}

// Reads what it writes, be it a part of its operand or an operand of which a part is replaced.
void count_selected_bytes(const OpCall&, const Row&, Cost& cost) {
  cost.bytes_read = smaller(cost.bytes_read, cost.bytes_written);
}

// A mask is not looked into: all of self may be written.
void count_masked_fill_bytes(const OpCall& call, const Row&, Cost& cost) {
  if (is_in_place(call)) do_not_read(cost, call.tensor(std::size_t{0}).bytes());
}

// (self, mask, source): at most as much of the source is needed as fits into self.
void count_masked_scatter_bytes(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& self = call.tensor(std::size_t{0});
  const Count hit = smaller(call.tensor(2).bytes(), self.bytes());
  set_scattered_bytes(call, cost, call.tensor(1).bytes() + hit, hit, false);
}

// (self, dim, index, source)
void count_index_copy_bytes(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& source = call.tensor(3);
  set_scattered_bytes(call, cost, source.bytes() + call.tensor(2).bytes(), source.bytes(), false);
}

// (self, dim, index, value): a slice per index.
void count_index_fill_bytes(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& self = call.tensor(std::size_t{0});
  const TensorView& index = call.tensor(2);
  const auto dim = static_cast<int>(call.argument(1).to_int());
  Count hit = index.numel() * element_size(self.dtype());
  for (int d = 0; d < self.dim(); ++d) {
    if (d != dim && d != dim + self.dim()) hit *= self.size(d);
  }
  set_scattered_bytes(call, cost, index.bytes() + call.tensor(3).bytes(), hit, false);
}

// Random numbers whose distribution is given by tensors: those are read. A self that gets the numbers, or gives their shape (a
// float follows it), is not.
void count_parameter_bytes(const OpCall& call, const Row&, Cost& cost) {
  cost.bytes_read = call.traffic().bytes_read;
  const bool self_has_no_parameters = is_in_place(call) || call.argument(1).kind() == Argument::Kind::kFloat;
  if (self_has_no_parameters) do_not_read(cost, call.tensor("self").bytes());
}

void count_second_not_read(const OpCall& call, const Row&, Cost& cost) { do_not_read(cost, call.tensor(1).bytes()); }

void count_copied_bytes(const OpCall& call, const Row&, Cost& cost) { cost.bytes_read = call.argument(1).bytes(); }

void count_no_bytes(const OpCall&, const Row&, Cost& cost) {
  cost.bytes_read = 0;
  cost.bytes_written = 0;
}

// Elements of self that a list of indices selects: the shape that the indices broadcast to, times the dimensions that they leave.
// How many a mask among them selects is not known from shapes: none here.
Count selected_elements(const TensorView& self, const Argument& indices) {
  Count selected = 1;
  int dim = 0;
  int index_dims = 0;
  for (const TensorView& index : indices.tensors()) {
    if (index.dtype() == DType::kBool || index.dtype() == DType::kUInt8) return 0;
    if (!index.defined()) selected *= self.size(dim);
    index_dims = std::max(index_dims, index.dim());
    ++dim;
  }
  for (; dim < self.dim(); ++dim) selected *= self.size(dim);
  for (int d = 1; d <= index_dims; ++d) {
    Count size = 1;
    for (const TensorView& index : indices.tensors()) {
      if (index.dim() >= d && index.size(-d) != 1) size = index.size(-d);
    }
    selected *= size;
  }
  return selected;
}

// (self, indices, values, accumulate): an addition per element where it accumulates. The values may be fewer: they broadcast.
void count_index_put(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& self = call.tensor(std::size_t{0});
  const TensorView& values = call.tensor(2);
  const bool accumulates = call.argument(3).to_bool();
  const Count elements = larger(values.numel(), selected_elements(self, call.argument(1)));
  if (accumulates) cost.flops += elements * addition_flops(call);
  set_scattered_bytes(call, cost, values.bytes() + call.argument(1).bytes(), elements * element_size(self.dtype()), accumulates);
}

// (self, index, source, accumulate): the index counts elements of self in order of their memory.
void count_put(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& index = call.tensor(1);
  const bool accumulates = call.argument(3).to_bool();
  if (accumulates) cost.flops += index.numel() * addition_flops(call);
  const Count hit = index.numel() * element_size(call.tensor(std::size_t{0}).dtype());
  set_scattered_bytes(call, cost, hit + index.bytes(), hit, accumulates);
}

// (self, mask, indices, values): what the mask excludes is added as zero.
void count_masked_index_put_accumulate(const OpCall& call, const Row&, Cost& cost) {
  cost.flops += call.tensor(3).numel() * addition_flops(call);
}

// (self, dim, index, source, alpha): an addition per element of the source, and a product where alpha is not 1.
void count_index_add(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& source = call.tensor(3);
  const Argument& alpha = call.argument(4);
  cost.flops += source.numel() * addition_flops(call);
  if (scales(alpha)) cost.flops += source.numel() * product_flops(computes_complex(call), alpha);
  set_scattered_bytes(call, cost, source.bytes() + call.argument(2).bytes(), source.bytes(), true);
}

// (self, dim, index, source or a value, ...): one operation per index where it reduces, none where it overwrites.
void count_scatter(const OpCall& call, const Row& row, Cost& cost) {
  const TensorView& index = call.tensor(2);
  const bool reduces = row.each.flops > 0 || call.argument("reduce").kind() == Argument::Kind::kString;
  if (reduces) cost.flops += index.numel() * addition_flops(call);
  const Count hit = index.numel() * element_size(call.tensor(std::size_t{0}).dtype());
  const Count source = call.tensor(3).defined() ? hit : Count(0);
  set_scattered_bytes(call, cost, source + index.bytes(), hit, reduces);
}

// (weight, indices, offsets, scale_grad_by_freq, mode, sparse, per_sample_weights): an addition (mode 2: a maximum) per element
// of the rows looked up, a product with the sample's weight; the mean (mode 1) divides every output element.
void count_embedding_bag(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& weight = call.tensor(std::size_t{0});
  const TensorView& indices = call.tensor(1);
  const Count elements = indices.numel() * weight.size(1);
  const TensorView& sample_weights = call.tensor("per_sample_weights");
  cost.flops += elements * (sample_weights.defined() ? 2 : 1);
  if (call.argument("mode").to_int() == 1) cost.flops += call.output().numel();
  const Count rows = smaller(elements * element_size(weight.dtype()), weight.bytes());
  cost.bytes_read = rows + indices.bytes() + call.tensor(2).bytes() + sample_weights.bytes();
}

// (grad, indices, ...): every row of the gradient is added to the rows that made it.
void count_embedding_bag_dense_backward(const OpCall& call, const Row&, Cost& cost) {
  cost.flops += call.tensor(1).numel() * call.tensor(std::size_t{0}).size(-1);
}

// (grad, weight, indices, ...): the row of the gradient times the row that was looked up, for each index.
void count_embedding_bag_sample_weights_backward(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& weight = call.tensor(1);
  const Count elements = call.tensor(2).numel() * weight.size(1);
  add_products(cost, elements, weight.dtype());
  read_only(cost, weight, elements * element_size(weight.dtype()));
}

}  // namespace

const Family gathered_bytes = {count_gathered_bytes, "bytes read = indices + what they select, at most the whole table",
                               "textbook definition"};
const Family selected_bytes = {count_selected_bytes, "bytes read = bytes written, at most the operands'", "textbook definition"};
const Family copied_bytes = {count_copied_bytes, "bytes read = the source's, not the destination's", "textbook definition"};
const Family second_not_read = {count_second_not_read,
                                "bytes read = all but the second operand's, which gives a shape or is written",
                                "aten/src/ATen/native: the kernels' operands"};
const Family masked_fill_bytes = {count_masked_fill_bytes, "in place, self is written and not read", "textbook definition"};
const Family masked_scatter_bytes = {count_masked_scatter_bytes,
                                     "in place, bytes of the mask, and of the source as far as it fits into self",
                                     "textbook definition"};
const Family index_copy_bytes = {count_index_copy_bytes, "in place, bytes of the elements hit only", "textbook definition"};
const Family index_fill_bytes = {count_index_fill_bytes, "in place, bytes of the elements hit only", "textbook definition"};
const Family parameter_bytes = {count_parameter_bytes, "bytes read = the distribution's parameters", "textbook definition"};
const Family no_bytes = {count_no_bytes, "no bytes", "aten/src/ATen/native/TensorFactories.cpp: memory that is not touched yet"};
const Family index_put = {count_index_put, "flops = values if it accumulates; in place, bytes of the elements hit only",
                          "textbook definition"};
const Family put = {count_put, "flops = indices if it accumulates; in place, bytes of the elements hit only",
                    "textbook definition"};
const Family masked_index_put_accumulate = {count_masked_index_put_accumulate, "flops = values", "textbook definition"};
const Family index_add = {count_index_add,
                          "flops = sources; += sources if alpha is not 1; in place, bytes of the elements hit only",
                          "textbook definition"};
const Family scatter = {count_scatter, "flops = indices if it reduces; in place, bytes of the elements hit only",
                        "textbook definition"};
const Family embedding_bag = {
    count_embedding_bag,
    "flops = indices · embedding size; twice with sample weights; += outputs for the mean; bytes of the rows looked up only",
    "aten/src/ATen/native/EmbeddingBag.cpp: the kernel's arithmetic"};
const Family embedding_bag_dense_backward = {count_embedding_bag_dense_backward, "flops = indices · embedding size",
                                             "aten/src/ATen/native/EmbeddingBag.cpp: the kernel's arithmetic"};
const Family embedding_bag_sample_weights_backward = {
    count_embedding_bag_sample_weights_backward, "macs = indices · embedding size",
    "aten/src/ATen/native/EmbeddingBag.cpp, _embedding_bag_per_sample_weights_backward_cpu_template"};

}  // namespace torchtally::formulas
