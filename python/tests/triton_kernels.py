"""Kernels for tests: Triton reads their source, so they need a file."""

import triton
import triton.language as tl


@triton.jit
def saxpy(x_ptr, y_ptr, out_ptr, n, BLOCK: tl.constexpr):
    index = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = index < n
    tl.store(out_ptr + index, 2 * tl.load(x_ptr + index, mask=inside) + tl.load(y_ptr + index, mask=inside), mask=inside)


tuned = triton.autotune(configs=[triton.Config({"BLOCK": size}) for size in (128, 256)], key=["n"])(saxpy)
