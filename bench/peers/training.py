"""Forward and backward of training steps: torchtally and FlopCounterMode against arithmetic, in FLOPs (2 per multiply-add)."""

import functools
import re
from typing import Any, Callable, Dict, List, Tuple

import torch
from torch import nn

import cases


def _image_model(name: str) -> Callable[[], Tuple[nn.Module, torch.Tensor]]:
    def build() -> Tuple[nn.Module, torch.Tensor]:
        from torchvision import models

        return models.get_model(name, weights=None), torch.randn(2, 3, 224, 224)

    return build


def _gpt2(attention: str) -> Callable[[], Tuple[nn.Module, torch.Tensor]]:
    def build() -> Tuple[nn.Module, torch.Tensor]:
        case = cases.named()["GPT-2" if attention == "sdpa" else "GPT-2, eager attention"]
        model, args = case.build()
        for module in model.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.0  # the fused attention of CPUs has none
        return model, args[0]

    return build



MODELS: Dict[str, Callable[[], Tuple[nn.Module, torch.Tensor]]] = {
    "resnet18, batch 2": _image_model("resnet18"),
    "GPT-2 small, 128 tokens, eager attention": _gpt2("eager"),
    "GPT-2 small, 128 tokens, fused attention": _gpt2("sdpa"),
    "mobilenet_v2, batch 2": _image_model("mobilenet_v2"),
    "efficientnet_b0, batch 2": _image_model("efficientnet_b0"),
    "convnext_tiny, batch 2": _image_model("convnext_tiny"),
    "resnext50_32x4d, batch 2": _image_model("resnext50_32x4d"),
}


# The fused attention does not keep the scores: backward multiplies queries with keys again, 2 FLOPs each.
_RECOMPUTED = {"GPT-2 small, 128 tokens, fused attention": 2 * 12 * 128 * 128 * 768}


def _right(name: str, model: nn.Module, x: torch.Tensor) -> Dict[str, Any]:
    first: List[int] = []

    def see(module: nn.Module, inputs: Tuple[Any, ...], output: torch.Tensor) -> None:
        first.append(output.numel() * module.weight[0].numel())  # type: ignore[operator]

    handles = [module.register_forward_hook(see) for module in model.modules() if isinstance(module, nn.Conv2d)]
    layers = cases.products(model, (x,))
    for handle in handles:
        handle.remove()
    if not first:  # GPT-2, by cases' arithmetic: nothing is ahead of its first weights that would need no gradient
        forward = eval(cases.named()["GPT-2"].right)
        again = _RECOMPUTED.get(name, 0)
        arithmetic = "2 × forward" + (f" + {again} (the scores again)" if again else "")
        return {"forward": 2 * forward, "backward": 4 * forward + again, "arithmetic": arithmetic}
    arithmetic = f"2 × forward − {2 * first[0]} (nobody asks for the image's gradient)"
    return {"forward": 2 * layers, "backward": 4 * layers - 2 * first[0], "arithmetic": arithmetic}


def _torchtally(model: nn.Module, x: torch.Tensor) -> Dict[str, Any]:
    import torchtally

    with torchtally.CountingGuard(model) as guard:
        model(x).sum().backward()
    return {phase: cost.matmul_flops for phase, cost in guard.tally.by_phase.items()}


def _flop_counter_mode(model: nn.Module, x: torch.Tensor) -> Dict[str, Any]:
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as mode:
        loss = model(x).sum()
        forward = mode.get_total_flops()
        loss.backward()
    return {"forward": forward, "backward": mode.get_total_flops() - forward}


def count_all(pattern: str, timeout: float, in_a_process: Callable[..., Dict[str, Any]], results: Dict[str, Any]) -> None:
    for name, build in MODELS.items():
        if name in results or not re.search(pattern, name):
            continue

        def run(what: Callable[..., Dict[str, Any]]) -> Dict[str, Any]:
            torch.set_num_threads(1)
            torch.manual_seed(0)
            model, x = build()
            return what(model.train(), x)

        results[name] = {
            "right": in_a_process(lambda: run(functools.partial(_right, name)), timeout),
            "torchtally": in_a_process(lambda: run(_torchtally), timeout),
            "FlopCounterMode": in_a_process(lambda: run(_flop_counter_mode), timeout),
        }
