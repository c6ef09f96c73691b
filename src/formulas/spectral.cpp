#include <cmath>

#include "formulas/building_blocks.h"
#include "formulas/families.h"

namespace torchtally::formulas {
namespace {

// (self, dim, ...). Over several dimensions the logarithms of their sizes add up. The dimensions' sizes are those of the larger
// side, the elements too.
void count_fft(const OpCall& call, const Row&, Cost& cost) {
  const TensorView& input = call.tensor(std::size_t{0});
  const TensorView& output = call.output();
  const TensorView& full = output.numel() > input.numel() ? output : input;
  const bool one_side_real = !is_complex(input.dtype()) || !is_complex(output.dtype());
  double levels = 0;
  for (const auto d : call.argument(1).ints()) {
    const Count size = full.size(static_cast<int>(d));
    if (size > 1) levels += std::log2(static_cast<double>(size));
  }
  const Count n = full.numel();
  if (n.saturated()) {
    cost.flops += n;
  } else {
    cost.flops += std::llround(static_cast<double>(n) * levels * (one_side_real ? 2.5 : 5.0));
  }
}

}  // namespace

const Family fft = {count_fft, "flops = 5 N log2 N per transform of N points, 2.5 N log2 N where one side is real",
                    "the radix-2 algorithm: Cooley and Tukey; FFTW's benchmarks count so for any size"};

}  // namespace torchtally::formulas
