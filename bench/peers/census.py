"""What modules and functions with a known cost see in a forward: the terms that tools add to multiply-adds, or leave out."""

from collections import Counter
from typing import Any, Dict, Tuple

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

_NORMS = {
    nn.BatchNorm1d: "batch norm",
    nn.BatchNorm2d: "batch norm",
    nn.BatchNorm3d: "batch norm",
    nn.LayerNorm: "layer norm",
    nn.GroupNorm: "group norm",
}
_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_WITH_PRODUCTS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, *_TRANSPOSED, nn.Linear)
_MULTIPLICATIONS = ("mul", "mul_", "multiply", "__mul__", "__rmul__", "__imul__")


class _Functions(TorchFunctionMode):
    """Functions that are called, inside of modules or not."""

    def __init__(self, seen: Counter) -> None:
        super().__init__()
        self.seen = seen

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = function(*args, **(kwargs or {}))
        name = getattr(function, "__name__", "")
        if "_pool" in name and isinstance(result, torch.Tensor):
            kind = "adaptive pooling" if "adaptive" in name else "average pooling" if "avg" in name else "max pooling"
            self.seen[f"read by {kind}"] += args[0].numel()
            self.seen[f"results of {kind}"] += result.numel()
        elif name in _MULTIPLICATIONS and isinstance(result, torch.Tensor):
            self.seen["elementwise multiplications"] += result.numel()
        elif name in ("softmax", "mean") and isinstance(result, torch.Tensor):
            self.seen[f"results of {name}"] += result.numel()
        return result


def of(model: nn.Module, args: Tuple[Any, ...]) -> Dict[str, int]:
    seen: Counter = Counter()

    def see(module: nn.Module, inputs: Tuple[Any, ...], output: Any) -> None:
        if not isinstance(output, torch.Tensor):
            return
        norm = next((name for base, name in _NORMS.items() if isinstance(module, base)), None)
        if norm is not None:
            seen["elements of " + (norm if type(module) in _NORMS else f"{norm}'s subclass")] += output.numel()
            seen["parameters of norms"] += sum(parameter.numel() for parameter in module.parameters(recurse=False))
        elif isinstance(module, _WITH_PRODUCTS):
            kind = "linear layers" if isinstance(module, nn.Linear) else "convolutions"
            if module.bias is not None:
                seen[f"biases that {kind} add"] += output.numel()
            seen[f"products of {kind}"] += (inputs[0] if isinstance(module, _TRANSPOSED) else output).numel() * module.weight[0].numel()
        elif "Pool" in type(module).__name__:
            seen["elements that modules pool"] += inputs[0].numel()
        elif inputs:
            seen[f"elements of {type(module).__name__}"] += output.numel()

    handles = [module.register_forward_hook(see) for module in model.modules() if not list(module.children())]
    try:
        with torch.no_grad(), _Functions(seen):
            model(*args)
    finally:
        for handle in handles:
            handle.remove()
    return dict(seen)
