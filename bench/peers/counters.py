"""Every tool behind one signature: (model, arguments) to multiply-adds, and what the tool says it did not count."""

import contextlib
import io
import logging
import warnings
from typing import Any, Callable, Dict, List, NamedTuple, Tuple

import torch


class Counted(NamedTuple):
    macs: float
    unknown: List[str]  # operators that the tool names as not counted; most tools name none


def torchtally(model: torch.nn.Module, args: Tuple[Any, ...]) -> Counted:
    import torchtally

    with torch.no_grad(), torchtally.CountingGuard(model) as guard:
        model(*args)
    return Counted(guard.tally.total.macs, sorted(guard.tally.unknown_operators))


def fvcore(model: torch.nn.Module, args: Tuple[Any, ...]) -> Counted:
    from fvcore.nn import FlopCountAnalysis

    analysis = FlopCountAnalysis(model, args).unsupported_ops_warnings(False).uncalled_modules_warnings(False).tracer_warnings("none")
    # With gradients, as its own examples do: without, it traces the fast paths of nn.MultiheadAttention and nn.TransformerEncoderLayer.
    return Counted(analysis.total(), sorted(analysis.unsupported_ops()))


def flop_counter_mode(model: torch.nn.Module, args: Tuple[Any, ...]) -> Counted:
    from torch.utils.flop_counter import FlopCounterMode

    with torch.no_grad(), FlopCounterMode(display=False) as mode:
        model(*args)
    return Counted(mode.get_total_flops() / 2, [])


def thop(model: torch.nn.Module, args: Tuple[Any, ...]) -> Counted:
    from thop import profile

    return Counted(profile(model, inputs=args, verbose=False)[0], [])


def ptflops(model: torch.nn.Module, args: Tuple[Any, ...]) -> Counted:
    from ptflops import get_model_complexity_info

    class Positional(torch.nn.Module):
        """It calls with keywords only, and then its hooks do not find the inputs."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, unused: None) -> Any:
            return self.model(*args)

    macs, _ = get_model_complexity_info(
        Positional(),
        (1,),
        input_constructor=lambda _: {"unused": None},
        as_strings=False,
        print_per_layer_stat=False,
        verbose=False,
        backend="pytorch",
    )
    if macs is None:
        raise RuntimeError("ptflops gave up")
    return Counted(macs, [])


def calflops(model: torch.nn.Module, args: Tuple[Any, ...]) -> Counted:
    from calflops import calculate_flops

    _, macs, _ = calculate_flops(model, args=list(args), output_as_string=False, print_results=False, print_detailed=False)
    return Counted(macs, [])


def torchprofile(model: torch.nn.Module, args: Tuple[Any, ...]) -> Counted:
    from torchprofile import profile_macs

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        macs = profile_macs(model, args)
    skipped = {str(one.message).split('"')[1] for one in said if str(one.message).startswith("No handlers found")}
    return Counted(macs, sorted(skipped))


def torchinfo(model: torch.nn.Module, args: Tuple[Any, ...]) -> Counted:
    from torchinfo import summary

    return Counted(summary(model, input_data=list(args), verbose=0).total_mult_adds, [])


TOOLS: Dict[str, Callable[[torch.nn.Module, Tuple[Any, ...]], Counted]] = {
    "torchtally": torchtally,
    "fvcore": fvcore,
    "FlopCounterMode ÷ 2": flop_counter_mode,
    "thop": thop,
    "ptflops": ptflops,
    "calflops": calflops,
    "torchprofile": torchprofile,
    "torchinfo": torchinfo,
}


def import_all() -> None:
    """Once, ahead of the forks."""
    import calflops  # noqa: F401
    import fvcore.nn  # noqa: F401
    import ptflops  # noqa: F401
    import thop  # noqa: F401
    import torch.utils.flop_counter
    import torchinfo  # noqa: F401
    import torchprofile  # noqa: F401

    import torchtally  # noqa: F401


def count(tool: str, model: torch.nn.Module, args: Tuple[Any, ...]) -> Counted:
    """In evaluation mode, and without what the tools print."""
    logging.disable(logging.WARNING)
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return TOOLS[tool](model.eval(), args)
