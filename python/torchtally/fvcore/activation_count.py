"""ActivationCountAnalysis: elements of the outputs of convolutions and matrix products."""

from collections import Counter, defaultdict
from typing import Any, DefaultDict, Dict, Optional, Tuple, Union

from torch import Tensor, nn

from torchtally.fvcore.jit_analysis import JitModelAnalysis
from torchtally.fvcore.jit_handles import Handle, generic_activation_jit

_DEFAULT_SUPPORTED_OPS: Dict[str, Handle] = {
    "aten::_convolution": generic_activation_jit("conv"),
    **{f"aten::{name}": generic_activation_jit() for name in ("addmm", "bmm", "einsum", "linear", "matmul")},
}


class ActivationCountAnalysis(JitModelAnalysis):
    """total(), by_operator(), by_module(), by_module_and_operator(): see JitModelAnalysis."""

    def __init__(self, model: nn.Module, inputs: Union[Tensor, Tuple[Any, ...]]) -> None:
        super().__init__(model, inputs)
        self.set_op_handle(**_DEFAULT_SUPPORTED_OPS)


def activation_count(
    model: nn.Module, inputs: Tuple[Any, ...], supported_ops: Optional[Dict[str, Handle]] = None
) -> Tuple[DefaultDict[str, float], "Counter[str]"]:
    """Millions of activations by operator, and the calls of unsupported ones."""
    analysis = ActivationCountAnalysis(model, inputs).set_op_handle(**(supported_ops or {}))
    mega_activations: DefaultDict[str, float] = defaultdict(float)
    mega_activations.update({op: count / 1e6 for op, count in analysis.by_operator().items()})
    return mega_activations, analysis.unsupported_ops()
