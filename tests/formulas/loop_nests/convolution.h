// A convolution of any number of dimensions, as loops.
#ifndef TORCHTALLY_TESTS_FORMULAS_LOOP_NESTS_CONVOLUTION_H_
#define TORCHTALLY_TESTS_FORMULAS_LOOP_NESTS_CONVOLUTION_H_

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <optional>

#include "loop_nest.h"

namespace torchtally::loop_nests {

// Calls `visit` with every index below `sizes`.
template <typename Visit>
void for_each_index(const Shape& sizes, Visit visit) {
  for (const auto size : sizes) {
    if (size == 0) return;
  }
  Shape index(sizes.size(), 0);
  while (true) {
    visit(index);
    std::size_t d = sizes.size();
    while (d-- > 0) {
      if (++index[d] < sizes[d]) break;
      index[d] = 0;
      if (d == 0) return;
    }
    if (sizes.empty()) return;
  }
}

struct Convolution {
  std::int64_t samples = 1, in = 1, out = 1, groups = 1;
  Shape size, kernel, stride, padding, dilation, output_padding;
  bool transposed = false;
  bool bias = false;

  // What an entry can do; what is not there is drawn.
  struct Limits {
    std::optional<bool> transposed;
    std::optional<std::int64_t> dims;
    bool depthwise = false;
    bool grouped = true;
    bool dilated = true;
  };

  static Convolution random(Draw& draw, const Limits& limits) {
    Convolution conv;
    conv.samples = draw(1, 2);
    if (limits.depthwise) {
      conv.groups = conv.in = draw(1, 4);
      conv.out = conv.in * draw(1, 2);
    } else {
      conv.groups = limits.grouped ? draw(1, 3) : 1;
      conv.in = conv.groups * draw(1, 2);
      conv.out = conv.groups * draw(1, 3);
    }
    conv.transposed = limits.transposed ? *limits.transposed : draw.coin();
    conv.bias = draw.coin();
    for (std::int64_t d = limits.dims ? *limits.dims : draw(1, 3); d > 0; --d) {
      conv.kernel.push_back(draw(1, 3));
      conv.stride.push_back(draw(1, 3));
      conv.dilation.push_back(limits.dilated ? draw(1, 2) : 1);
      conv.padding.push_back(draw(0, (conv.kernel.back() - 1) * conv.dilation.back() / 2));
      conv.output_padding.push_back(conv.transposed ? draw(0, conv.stride.back() - 1) : 0);
      conv.size.push_back(draw(5, 6));
    }
    return conv;
  }

  Shape output_size() const {
    Shape sizes;
    for (std::size_t d = 0; d < size.size(); ++d) {
      const std::int64_t reach = dilation[d] * (kernel[d] - 1);
      sizes.push_back(transposed ? (size[d] - 1) * stride[d] - 2 * padding[d] + reach + output_padding[d] + 1
                                 : (size[d] + 2 * padding[d] - reach - 1) / stride[d] + 1);
    }
    return sizes;
  }

  static Shape with_channels(std::int64_t n, std::int64_t c, const Shape& spatial) {
    Shape sizes{n, c};
    sizes.insert(sizes.end(), spatial.begin(), spatial.end());
    return sizes;
  }
  Shape input() const { return with_channels(samples, in, size); }
  Shape output() const { return with_channels(samples, out, output_size()); }
  Shape weight() const { return transposed ? with_channels(in, out / groups, kernel) : with_channels(out, in / groups, kernel); }
  std::int64_t outputs() const { return loops(output()); }

  // The loop nest: output positions gather over the kernel's taps, padding included; transposed, input positions scatter.
  std::int64_t multiply_adds() const {
    std::int64_t count = 0;
    const Shape swept = transposed ? size : output_size();
    const Shape other = transposed ? output_size() : size;
    for (std::int64_t n = 0; n < samples; ++n) {
      for (std::int64_t g = 0; g < groups; ++g) {
        for (std::int64_t o = 0; o < out / groups; ++o) {
          for (std::int64_t i = 0; i < in / groups; ++i) {
            for_each_index(swept, [&](const Shape& position) {
              for_each_index(kernel, [&](const Shape& tap) {
                for (std::size_t d = 0; d < size.size(); ++d) {
                  const std::int64_t reached = position[d] * stride[d] - padding[d] + dilation[d] * tap[d];
                  ASSERT_GE(reached, -padding[d]);
                  ASSERT_LT(reached, other[d] + padding[d]);
                }
                ++count;
              });
            });
          }
        }
      }
    }
    return count;
  }
};

// Stride, padding and so on, as far as the entry has them.
inline void add_geometry(NestCall& call, const Convolution& conv) {
  const auto add = [&call](std::string_view name, const Shape& values) {
    if (call.has(name)) call.integers(name, values);
  };
  add("kernel_size", conv.kernel);
  add("stride", conv.stride);
  add("padding", conv.padding);
  add("dilation", conv.dilation);
  add("output_padding", conv.output_padding);
  if (call.has("transposed")) call.flag("transposed", conv.transposed);
  if (call.has("groups")) call.integer("groups", conv.groups);
}

}  // namespace torchtally::loop_nests

#endif  // TORCHTALLY_TESTS_FORMULAS_LOOP_NESTS_CONVOLUTION_H_
