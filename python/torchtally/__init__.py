"""Counts what a PyTorch program really computes, while it runs.

    import torchtally

    with torchtally.CountingGuard(model) as guard:
        loss = model(batch).loss
        loss.backward()
        optimizer.step()
    print(guard.table(depth=3))
    guard.tally.by_module["encoder.layer.3"].macs
"""

import torch as _torch

from torchtally import _load

_load.check(_torch.__version__)

from torchtally._core import Cost, GuardMisuse, ModuleInfo, OpCall, ParameterCount, StepRecord, Tally, TallyDiff, TensorView, diff, human_count
from torchtally._formulas import FormulaSet, formula
from torchtally._guard import CountingGuard, ModuleScope, PauseCounting, PhaseScope, ThreadContext
from torchtally._peak import known_peak, measure_peak
from torchtally._step_meter import StepMeter

__all__ = [
    "Cost",
    "CountingGuard",
    "FormulaSet",
    "GuardMisuse",
    "ModuleInfo",
    "ModuleScope",
    "OpCall",
    "ParameterCount",
    "PauseCounting",
    "PhaseScope",
    "StepMeter",
    "StepRecord",
    "Tally",
    "TallyDiff",
    "ThreadContext",
    "TensorView",
    "diff",
    "formula",
    "human_count",
    "known_peak",
    "measure_peak",
]

__version__ = "0.1.0"
