"""What modules with a known cost see in a forward: the terms that tools add to multiply-adds, or leave out."""

from collections import Counter
from typing import Any, Dict, Tuple

import torch
from torch import nn

_NORMS = {nn.BatchNorm1d: "batch norm", nn.BatchNorm2d: "batch norm", nn.BatchNorm3d: "batch norm", nn.LayerNorm: "layer norm", nn.GroupNorm: "group norm"}
_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


def of(model: nn.Module, args: Tuple[Any, ...]) -> Dict[str, int]:
    """Elements of outputs by type of module, and of the inputs of poolings."""
    seen: Counter = Counter()

    def see(module: nn.Module, inputs: Tuple[Any, ...], output: Any) -> None:
        if not isinstance(output, torch.Tensor):
            return
        kind = next((name for base, name in _NORMS.items() if isinstance(module, base)), type(module).__name__)
        seen[kind] += output.numel()
        if inputs and isinstance(inputs[0], torch.Tensor):
            seen[kind + " in"] += inputs[0].numel()
        if isinstance(module, (*_CONVOLUTIONS, *_TRANSPOSED, nn.Linear)):
            if module.bias is not None:
                seen["bias of " + kind] += output.numel()
            transposed = isinstance(module, _TRANSPOSED)
            seen["macs of " + kind] += (inputs[0] if transposed else output).numel() * module.weight[0].numel()

    handles = [module.register_forward_hook(see) for module in model.modules() if not list(module.children())]
    try:
        with torch.no_grad():
            model(*args)
    finally:
        for handle in handles:
            handle.remove()
    return dict(seen)
