"""FlopCountAnalysis: multiply-adds, with norms, pooling and resampling as fvcore has them."""

from collections import Counter, defaultdict
from typing import Any, DefaultDict, Dict, Optional, Tuple, Union

from torch import Tensor, nn

from torchtally.fvcore.jit_analysis import JitModelAnalysis
from torchtally.fvcore.jit_handles import (
    Handle,
    addmm_flop_jit,
    batchnorm_flop_jit,
    bmm_flop_jit,
    conv_flop_jit,
    einsum_flop_jit,
    elementwise_flop_counter,
    linear_flop_jit,
    matmul_flop_jit,
    norm_flop_counter,
)

_DEFAULT_SUPPORTED_OPS: Dict[str, Handle] = {
    "aten::_convolution": conv_flop_jit,
    "aten::adaptive_avg_pool2d": elementwise_flop_counter(1, 0),
    "aten::addmm": addmm_flop_jit,
    "aten::batch_norm": batchnorm_flop_jit,
    "aten::bmm": bmm_flop_jit,
    "aten::einsum": einsum_flop_jit,
    "aten::grid_sampler": elementwise_flop_counter(0, 4),
    "aten::group_norm": norm_flop_counter(2),
    "aten::instance_norm": norm_flop_counter(1),
    "aten::layer_norm": norm_flop_counter(2),
    "aten::linear": linear_flop_jit,
    "aten::matmul": matmul_flop_jit,
    "aten::mm": matmul_flop_jit,
    "aten::upsample_bilinear2d": elementwise_flop_counter(0, 4),
    "aten::upsample_nearest2d": elementwise_flop_counter(0, 1),
}


class FlopCountAnalysis(JitModelAnalysis):
    """total(), by_operator(), by_module(), by_module_and_operator(): see JitModelAnalysis. One multiply-add is one flop.

    >>> FlopCountAnalysis(nn.Linear(1000, 10), torch.randn(1, 1000)).total()
    10000
    """

    _counts_products = True

    def __init__(self, model: nn.Module, inputs: Union[Tensor, Tuple[Any, ...]]) -> None:
        super().__init__(model, inputs)
        self.set_op_handle(**_DEFAULT_SUPPORTED_OPS)


def flop_count(
    model: nn.Module, inputs: Tuple[Any, ...], supported_ops: Optional[Dict[str, Handle]] = None
) -> Tuple[DefaultDict[str, float], "Counter[str]"]:
    """Gigaflops by operator, and the calls of unsupported ones. `supported_ops`: handles to add, or to use instead."""
    analysis = FlopCountAnalysis(model, inputs).set_op_handle(**(supported_ops or {}))
    giga_flops: DefaultDict[str, float] = defaultdict(float)
    giga_flops.update({op: flops / 1e9 for op, flops in analysis.by_operator().items()})
    return giga_flops, analysis.unsupported_ops()
