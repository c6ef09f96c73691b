// Cost: what operator calls cost, and the conventions that every number of torchtally follows.
//
// Note [Conventions]
// - macs: multiply-accumulates of matrix products and convolutions (attention and recurrent layers opened into their
//   products). One multiplication followed by one addition is one MAC (a complex one is four). This is fvcore's "flop".
// - flops: 2 per MAC, plus the other arithmetic: one per addition, subtraction, multiplication, division, minimum, maximum or
//   absolute value of a floating-point or integer element (Tally::by_dtype() tells them apart). FlopCounterMode counts only the
//   first part: matmul_flops().
// - transcendentals: exp, log, pow, sqrt, rsqrt, tanh, sigmoid, erf, sin, cos and their like, one per element. They are in a
//   column of their own and are not part of flops (as in XLA's cost analysis).
// - bytes_read, bytes_written: what a kernel has to touch at least. A dimension of stride 0 is read once, an in-place operand is
//   read once and written once, a view touches nothing.
// - masked_macs: those of macs that a causal mask, a window or the lengths of sequences make superfluous, whether the kernel
// skips
//   them or not: macs is the dense figure, unmasked_macs() what the mask leaves. A mask that is a tensor is not looked into.
// - bytes_communicated: payload that a collective puts in on this process: what each of its tensors holds, not what an algorithm
//   sends for it.
// - Complex arithmetic counts in real operations: an addition is 2, a multiplication 6, a multiply-accumulate 4 macs.
// - activations: elements of the outputs. A view's output is no new element.
// - calls: leaf operator calls.
//
// Thread-safety: a plain value.
#ifndef TORCHTALLY_COST_H_
#define TORCHTALLY_COST_H_

#include <cstddef>
#include <cstdint>

#include "torchtally/count.h"

namespace torchtally {

struct Cost {
  Count calls;
  Count macs;
  Count flops;
  Count transcendentals;
  Count bytes_read;
  Count bytes_written;
  Count activations;
  Count masked_macs;
  Count bytes_communicated;

  // Calls visit(member) for every counter: what has to be done with all of them stands here once.
  template <typename Visit>
  static constexpr void for_each_counter(Visit visit) {
    visit(&Cost::calls);
    visit(&Cost::macs);
    visit(&Cost::flops);
    visit(&Cost::transcendentals);
    visit(&Cost::bytes_read);
    visit(&Cost::bytes_written);
    visit(&Cost::activations);
    visit(&Cost::masked_macs);
    visit(&Cost::bytes_communicated);
  }
  static constexpr std::size_t kCounters = 9;

  // Adds `n` multiply-accumulates: n to macs, 2n to flops.
  constexpr void add_macs(Count n) {
    macs += n;
    flops += n * 2;
  }

  // FLOPs of matrix products and convolutions alone: what torch.utils.flop_counter.FlopCounterMode counts.
  constexpr Count matmul_flops() const { return macs * 2; }

  constexpr Count bytes() const { return bytes_read + bytes_written; }

  // What a mask, a window or lengths leave of macs.
  constexpr Count unmasked_macs() const { return macs - masked_macs; }

  // FLOPs per byte that has to be moved: where on a roofline the work lies. 0 if nothing is moved.
  constexpr double arithmetic_intensity() const {
    return bytes() == 0 ? 0 : static_cast<double>(std::int64_t{flops}) / static_cast<double>(std::int64_t{bytes()});
  }

  // True if any counter left the range of 64 bits: that counter then says "at least".
  constexpr bool saturated() const {
    bool any = false;
    for_each_counter([&](auto counter) { any = any || (this->*counter).saturated(); });
    return any;
  }

  constexpr Cost& operator+=(const Cost& other) {
    for_each_counter([&](auto counter) { this->*counter += other.*counter; });
    return *this;
  }
  friend constexpr Cost operator+(Cost a, const Cost& b) { return a += b; }

  // The cost of `n` calls alike.
  friend constexpr Cost operator*(Cost cost, Count n) {
    for_each_counter([&](auto counter) { cost.*counter *= n; });
    return cost;
  }

  friend constexpr bool operator==(const Cost& a, const Cost& b) {
    bool same = true;
    for_each_counter([&](auto counter) { same = same && a.*counter == b.*counter; });
    return same;
  }
  friend constexpr bool operator!=(const Cost& a, const Cost& b) { return !(a == b); }
};

}  // namespace torchtally

#endif  // TORCHTALLY_COST_H_
