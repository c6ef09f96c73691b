#!/usr/bin/env python3
"""What an operator costs against what PyTorch's decomposition of it costs, call by call.

    decompositions_test.py BRIDGE [--write]

MACs, FLOPs and transcendentals are the same; or the operator stands below, with a reason, and the call in decompositions.tsv, with
what it costs and what its decomposition does. A call that costs something else than it says there is a failure, and so is one that is
not made any more. --write writes the file anew: to be read before it is committed.
"""

import collections
import pathlib
import sys
from typing import Any, Dict, List, Tuple

import torch
from torch._decomp import decomposition_table

import calls
import counting
import database

# Why the decomposition rightly costs something else: reason -> operators, or overloads; in-place variants included.
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
        "any clamp relu threshold logit logaddexp logaddexp2 hardshrink softshrink isinf adaptive_max_pool2d "
        "adaptive_max_pool3d multi_margin_loss",
    "spells out what is one transcendental function": "sigmoid special_entr special_log_ndtr",
    "multiplies by factors that are one, or that a kernel folds into one, or scales an operand before it is broadcast":
        "addcdiv addcmul addmm addmv baddbmm celu elu elu_backward glu_backward softplus_backward "
        "_scaled_dot_product_flash_attention_for_cpu",
    "applies the function before broadcasting, a kernel per element of the result": "polar xlogy special_xlog1py ldexp",
    "makes a real operand complex first": "div mul mean",
    "corrects a floored quotient by its remainder": "div.Tensor_mode",
    "adds up by channel first, so that fewer factors meet every element": "native_group_norm_backward",
    "takes the root of a complex element's square before it squares it again; or a short cut where there is one element":
        "linalg_vector_norm",
    "divides by way of a reciprocal": "renorm",
    "sums rows of an expanded matrix up: quadratic": "cumsum cumprod",
    "sums products up elementwise: not as MACs": "addr dot vdot mv",
    "counts every part of it: deviations and statistics that a kernel has at hand":
        "native_batch_norm _native_batch_norm_legit _batch_norm_with_update native_batch_norm_backward batch_norm_backward "
        "native_layer_norm native_layer_norm_backward native_group_norm var_mean logsumexp mish mish_backward",
    "both branches of a piecewise function, signs, and rows that no class selects, are computed":
        "binary_cross_entropy_backward copysign huber_loss huber_loss_backward smooth_l1_loss smooth_l1_loss_backward "
        "soft_margin_loss_backward nll_loss_forward nll_loss_backward nll_loss2d_forward nll_loss2d_backward "
        "multilabel_margin_loss_forward sigmoid_backward tanh_backward mvlgamma lerp",
    "takes a short cut where a dimension has one element, or misses one that the exponent offers": "unfold_backward pow",
}  # fmt: skip

LISTED = {name: reason for reason, names in REASONS.items() for name in names.split()}


RECORDED = pathlib.Path(__file__).with_name("decompositions.tsv")
KINDS = ("macs", "flops", "transcendentals")


def work(tally: Dict[str, Any]) -> Tuple[int, ...]:
    return tuple(tally["totals"][kind] for kind in KINDS)


def recorded() -> Dict[str, str]:
    """{call: the rest of its line}"""
    lines = RECORDED.read_text(encoding="utf-8").splitlines()[1:]
    return dict(line.split("\t", 1) for line in lines)


def write(differences: Dict[str, str]) -> None:
    head = "\t".join(["call", *KINDS, *(f"decomposed {kind}" for kind in KINDS)])
    lines = [f"{call}\t{figures}" for call, figures in sorted(differences.items())]
    RECORDED.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")


def listed_as(call: calls.Call) -> str:
    """Its overload, if a reason is given for that; else its operator."""
    operator = call.name().split("::")[1].rstrip("_")
    overload = f"{operator}.{call.op._overloadname}"
    return overload if overload in LISTED else operator


def main() -> int:
    library = counting.load(sys.argv[1])
    database.quiet()
    agree: Dict[str, int] = collections.Counter()
    differ: Dict[str, Dict[str, str]] = collections.defaultdict(dict)
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
            agree[listed_as(call)] += 1
        else:
            differ[listed_as(call)][str(call)] = "\t".join(map(str, work(ours) + work(theirs)))
    found = {call: figures for examples in differ.values() for call, figures in examples.items()}
    if "--write" in sys.argv:
        write(found)
    expected = recorded()
    failures = [f"{name}: differs, and no reason is given" for name in differ if name not in LISTED]
    failures += [f"{name}: does not differ any more" for name in LISTED if name not in differ]
    failures += [f"{call}: not recorded; {KINDS} and decomposed: {found[call]}" for call in found if call not in expected]
    failures += [f"{call}: recorded, but not made or not different any more" for call in expected if call not in found]
    failures += [
        f"{call}: {KINDS} and decomposed are {found[call]}, recorded as {expected[call]}"
        for call in found
        if call in expected and found[call] != expected[call]
    ]
    for note, times in notes.items():
        print(f"not compared: {note} ({times} calls)")
    print(*failures, sep="\n")
    print(f"{sum(agree.values())} calls of {len(agree)} operators agree; {sum(map(len, differ.values()))} calls of {len(differ)} "
          f"differ, {len(LISTED)} operators listed; {len(failures)} failures")  # fmt: skip
    return 1 if failures or not agree else 0


if __name__ == "__main__":
    sys.exit(main())
