"""fvcore.nn's counters, by running the model: change the import, keep the rest.

    from torchtally.fvcore import FlopCountAnalysis, flop_count_table

    flops = FlopCountAnalysis(model, inputs)
    flops.total(), flops.by_module()
    print(flop_count_table(flops))

One multiply-add is one flop, norms and resampling count as fvcore has them. The model runs as it is instead of being traced: any
inputs and outputs, control flow as taken, nothing pruned. Numbers are fvcore's, except where fvcore's are wrong: broadcast
matrix products, matrix × vector, `padding="same"`, and products that fvcore lists as unsupported (attention, recurrent layers,
baddbmm, ...), which are counted here.
"""

from torchtally.fvcore.activation_count import ActivationCountAnalysis, activation_count
from torchtally.fvcore.flop_count import FlopCountAnalysis, flop_count
from torchtally.fvcore.parameter_count import parameter_count, parameter_count_table
from torchtally.fvcore.print_model_statistics import flop_count_str, flop_count_table

__all__ = [
    "ActivationCountAnalysis",
    "FlopCountAnalysis",
    "activation_count",
    "flop_count",
    "flop_count_str",
    "flop_count_table",
    "parameter_count",
    "parameter_count_table",
]
