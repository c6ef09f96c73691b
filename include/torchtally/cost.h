// Cost: what operator calls cost, and the conventions that every number of torchtally follows.
//
// Note [Conventions]
// - macs: multiply-accumulates of matrix products and convolutions (attention and recurrent layers opened into their
//   products). One multiplication followed by one addition is one MAC (a complex one is four). This is fvcore's "flop".
// - flops: 2 per MAC, plus the other arithmetic: one per addition, subtraction, multiplication, division, minimum, maximum or
//   absolute value of a floating-point, integer or complex element. FlopCounterMode counts only the first part: matmul_flops().
// - transcendentals: exp, log, pow, sqrt, rsqrt, tanh, sigmoid, erf, sin, cos and their like, one per element. They are in a
//   column of their own and are not part of flops (as in XLA's cost analysis).
// - bytes_read, bytes_written: what a kernel has to touch at least. A dimension of stride 0 is read once, an in-place operand is
//   read once and written once, a view touches nothing.
// - activations: elements of the outputs. A view's output is no new element.
// - calls: leaf operator calls.
//
// Thread-safety: a plain value.
#ifndef TORCHTALLY_COST_H_
#define TORCHTALLY_COST_H_

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

  // Adds `n` multiply-accumulates: n to macs, 2n to flops.
  constexpr void add_macs(Count n) {
    macs += n;
    flops += n * 2;
  }

  // FLOPs of matrix products and convolutions alone: what torch.utils.flop_counter.FlopCounterMode counts.
  constexpr Count matmul_flops() const { return macs * 2; }

  constexpr Count bytes() const { return bytes_read + bytes_written; }

  // True if any counter left the range of 64 bits: that counter then says "at least".
  constexpr bool saturated() const {
    return calls.saturated() || macs.saturated() || flops.saturated() || transcendentals.saturated() || bytes_read.saturated() ||
           bytes_written.saturated() || activations.saturated();
  }

  constexpr Cost& operator+=(const Cost& other) {
    calls += other.calls;
    macs += other.macs;
    flops += other.flops;
    transcendentals += other.transcendentals;
    bytes_read += other.bytes_read;
    bytes_written += other.bytes_written;
    activations += other.activations;
    return *this;
  }
  friend constexpr Cost operator+(Cost a, const Cost& b) { return a += b; }

  // The cost of `n` calls alike.
  friend constexpr Cost operator*(Cost cost, Count n) {
    cost.calls *= n;
    cost.macs *= n;
    cost.flops *= n;
    cost.transcendentals *= n;
    cost.bytes_read *= n;
    cost.bytes_written *= n;
    cost.activations *= n;
    return cost;
  }

  friend constexpr bool operator==(const Cost& a, const Cost& b) {
    return a.calls == b.calls && a.macs == b.macs && a.flops == b.flops && a.transcendentals == b.transcendentals &&
           a.bytes_read == b.bytes_read && a.bytes_written == b.bytes_written && a.activations == b.activations;
  }
  friend constexpr bool operator!=(const Cost& a, const Cost& b) { return !(a == b); }
};

}  // namespace torchtally

#endif  // TORCHTALLY_COST_H_
