#!/usr/bin/env python3
"""What an operator costs against what PyTorch's decomposition of it costs, call by call.

    decompositions_test.py BRIDGE [--differences]

MACs, and FLOPs and transcendentals together, are the same, or the operator stands below. One that no longer differs is a failure.
"""

import collections
import sys
from typing import Any, Dict, List, Tuple

import torch
from torch._decomp import decomposition_table

import calls
import counting
import database

# Why the decomposition rightly costs something else: reason -> operators, in-place variants included.
REASONS = {
    "random numbers are drawn, not computed": "cauchy exponential geometric log_normal normal",
    "computes indices and positions with tensors, which are a kernel's loop":
        "_adaptive_avg_pool2d _unsafe_masked_index _unsafe_masked_index_put_accumulate arange bucketize col2im im2col linspace linalg_cross "
        "max_pool2d_with_indices max_pool3d_with_indices max_unpool2d max_unpool3d reflection_pad1d reflection_pad1d_backward "
        "reflection_pad2d reflection_pad2d_backward reflection_pad3d reflection_pad3d_backward replication_pad1d replication_pad2d "
        "replication_pad3d slice_scatter tril triu tril_indices triu_indices _upsample_nearest_exact1d _upsample_nearest_exact2d "
        "_upsample_nearest_exact3d upsample_nearest1d upsample_nearest2d upsample_nearest3d grid_sampler_2d upsample_bicubic2d "
        "upsample_bilinear2d upsample_linear1d upsample_trilinear3d",
    "writes a minimum, a maximum or a threshold as a comparison, which is free; or the other way round":
        "any clamp relu threshold logit logaddexp logaddexp2 hardshrink softshrink isinf adaptive_max_pool3d lerp",
    "spells out what is one transcendental function": "sigmoid special_entr special_log_ndtr",
    "multiplies by factors that are one, or that a kernel folds into one, or scales an operand before it is broadcast":
        "addcdiv addcmul addmm addmv baddbmm celu elu elu_backward glu_backward softplus_backward "
        "_scaled_dot_product_flash_attention_for_cpu",
    "applies the function before broadcasting, a kernel per element of the result": "polar xlogy special_xlog1py ldexp",
    "makes a real operand complex first": "div mul mean",
    "takes the root of a complex element's square before it squares it again; or a short cut where there is one element":
        "linalg_vector_norm",
    "divides by way of a reciprocal": "renorm",
    "sums rows of an expanded matrix up: quadratic": "cumsum cumprod",
    "sums products up elementwise: not as MACs": "addr dot vdot mv",
    "counts every part of it: deviations and statistics that a kernel has at hand":
        "native_batch_norm _native_batch_norm_legit _batch_norm_with_update native_batch_norm_backward batch_norm_backward "
        "native_layer_norm native_layer_norm_backward native_group_norm native_group_norm_backward var_mean logsumexp mish mish_backward",
    "both branches of a piecewise function, signs, and rows that no class selects, are computed":
        "binary_cross_entropy_backward copysign huber_loss huber_loss_backward smooth_l1_loss smooth_l1_loss_backward "
        "soft_margin_loss_backward nll_loss_forward nll_loss_backward nll_loss2d_forward nll_loss2d_backward multi_margin_loss "
        "multilabel_margin_loss_forward sigmoid_backward tanh_backward mvlgamma round",
    "takes a short cut where a dimension has one element, or misses one that the exponent offers": "unfold_backward pow",
}  # fmt: skip

LISTED = {name: reason for reason, names in REASONS.items() for name in names.split()}


def work(tally: Dict[str, Any]) -> Tuple[int, int]:
    totals = tally["totals"]
    return totals["macs"], totals["flops"] + totals["transcendentals"]


def base_name(call: calls.Call) -> str:
    return call.name().split("::")[1].rstrip("_")


def main() -> int:
    library = counting.load(sys.argv[1])
    database.quiet()
    agree: Dict[str, int] = collections.Counter()
    differ: Dict[str, List[str]] = collections.defaultdict(list)
    notes: Dict[str, int] = collections.Counter()
    for call in calls.record():
        decomposition = decomposition_table.get(call.op)
        if decomposition is None:
            continue
        try:
            ours = calls.cost_of(library, call, call.op)
            theirs = calls.cost_of(library, call, decomposition)
        except Exception as error:
            notes[f"{call.op}: {database.first_line(error)}"] += 1
            continue
        if theirs["result"] is NotImplemented:
            continue
        if work(ours) == work(theirs):
            agree[base_name(call)] += 1
        else:
            differ[base_name(call)].append(f"{call}: MACs, FLOPs and transcendentals {work(ours)}, decomposed {work(theirs)}")
    failures = [example for name, examples in differ.items() if name not in LISTED for example in examples]
    failures += [f"{name}: does not differ any more" for name in LISTED if name not in differ]
    if "--differences" in sys.argv:
        print(*(f"{LISTED.get(name)}: {example}" for name, examples in differ.items() for example in examples), sep="\n")
    for note, times in notes.items():
        print(f"not compared: {note} ({times} calls)")
    print(*failures, sep="\n")
    print(f"{sum(agree.values())} calls of {len(agree)} operators agree; {sum(map(len, differ.values()))} calls of {len(differ)} "
          f"differ, {len(LISTED)} operators listed; {len(failures)} failures")  # fmt: skip
    return 1 if failures or not agree else 0


if __name__ == "__main__":
    sys.exit(main())
