#!/usr/bin/env python3
"""matmul_flops against torch.utils.flop_counter.FlopCounterMode, call by call.

    flop_counter_test.py BRIDGE

The calls are those of the operator database's samples and of the programs below. Where the two differ, FlopCounterMode has one of
the defects that are named here; one that no call shows any more is a failure too.
"""

import collections
import sys
from typing import Any, Dict, List

import torch
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode, flop_registry

import calls
import counting
import database

# Products of matrices and vectors that FlopCounterMode has no formula for.
NO_FORMULA = {
    "aten.addmv", "aten.addbmm", "aten.dot", "aten.vdot", "aten.mv", "aten.addr", "aten.linalg_matrix_exp", "aten.linalg_pinv",
    "aten._trilinear", "aten._scaled_mm_v2", "aten._embedding_bag_per_sample_weights_backward",
    "aten._scaled_dot_product_flash_attention_for_cpu", "aten._scaled_dot_product_flash_attention_for_cpu_backward",
    # The in-place variant of one that it knows.
    "aten.addmm_",
    # Operators in Python; it does not look into them.
    "torch_nn._linear_cross_entropy_batch_chunked", "torch_nn._linear_cross_entropy_batch_chunked_no_reduction",
}  # fmt: skip


def differentiable(*sizes: int) -> torch.Tensor:
    return torch.randn(sizes, requires_grad=True)


def grouped_convolutions() -> None:
    functional.conv1d(differentiable(2, 4, 9), differentiable(6, 2, 3), groups=2).sum().backward()
    functional.conv2d(differentiable(2, 8, 7, 6), differentiable(8, 1, 3, 3), padding=1, groups=8).sum().backward()
    functional.conv3d(differentiable(1, 4, 5, 4, 3), differentiable(4, 2, 2, 2, 2), stride=2, groups=2).sum().backward()
    functional.conv_transpose2d(differentiable(2, 4, 5, 6), differentiable(4, 3, 3, 3), groups=2).sum().backward()


def attention() -> None:
    for backend in (torch.nn.attention.SDPBackend.MATH, torch.nn.attention.SDPBackend.FLASH_ATTENTION):
        with torch.nn.attention.sdpa_kernel(backend):
            query, key, value = differentiable(2, 3, 5, 8), differentiable(2, 3, 7, 8), differentiable(2, 3, 7, 8)
            functional.scaled_dot_product_attention(query, key, value).sum().backward()


def defect_of(library: Any, call: calls.Call, ours: int, theirs: int) -> str:
    """Why FlopCounterMode's figure is another one; "" if nobody has said."""
    packet = call.op._overloadpacket
    if packet not in flop_registry:
        return "no formula" if str(packet) in NO_FORMULA and theirs == 0 else ""
    if any(tensor.is_complex() for tensor in database.tensors_in((call.arguments, call.keywords))) and ours == 4 * theirs:
        return "a complex multiply-accumulate is one, not four"
    if packet is torch.ops.aten.convolution_backward:
        groups = call.arguments[9]
        weight_only = calls.Call(call.op, (*call.arguments[:10], [False, True, False]), {})
        of_weight = calls.cost_of(library, weight_only, call.op)["totals"]["matmul_flops"]
        if groups > 1 and theirs == ours + (groups - 1) * of_weight:
            return "the gradient of a grouped convolution's weight times the groups"
    return ""


def main() -> int:
    library = counting.load(sys.argv[1])
    database.quiet()
    agree: Dict[str, int] = collections.Counter()
    defects: Dict[str, Dict[str, int]] = collections.defaultdict(collections.Counter)
    failures: List[str] = []
    for call in calls.record([grouped_convolutions, attention], limit=20):
        packet = call.op._overloadpacket
        try:
            ours = calls.cost_of(library, call, call.op)["totals"]["matmul_flops"]
            with FlopCounterMode(display=False) as counter:
                call.run(call.op)
        except Exception as error:
            if packet in flop_registry:
                failures.append(f"{call}: {database.first_line(error)}")
            continue
        theirs = counter.get_total_flops()
        if ours == theirs:
            agree[str(packet)] += packet in flop_registry
            continue
        defect = defect_of(library, call, ours, theirs)
        defects[defect][str(packet)] += 1
        if not defect:
            failures.append(f"{call}: {ours} here, {theirs} by FlopCounterMode")
    failures += [f"{name}: FlopCounterMode has a formula now" for name in sorted(NO_FORMULA - set(defects["no formula"]))]
    print("agree:", ", ".join(f"{name} {n}" for name, n in sorted(agree.items()) if n))
    for defect, names in defects.items():
        print(f"FlopCounterMode: {defect or 'unexplained'}:", ", ".join(f"{name} {n}" for name, n in sorted(names.items())))
    print("registered, but no call on the CPU:", ", ".join(sorted(str(p) for p in flop_registry if not agree[str(p)])))
    print(*failures, f"{len(failures)} failures", sep="\n")
    return 1 if failures or not agree else 0


if __name__ == "__main__":
    sys.exit(main())
