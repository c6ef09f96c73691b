"""python -m torchtally, or torchtally: counts a Python callable, a TorchScript archive or an exported program.

    torchtally count torchvision.models:resnet50 --input 1x3x224x224 --depth 2
    torchtally count my_package.train:step                    # a function without arguments: whatever it runs
    torchtally count my_package.attention:attend --input 2x8  # one that takes tensors: what it runs with these
    torchtally count my_package.nets:make --input 2x8         # one that needs no arguments and gives a model: the model
    torchtally count model.pt --input 1x128:int64             # TorchScript
    torchtally count model.pt2 --input 1x3x224x224 --format json
"""

import argparse
import importlib
import inspect
import os
import sys
from typing import Any, Callable, Dict, List, Optional, Sequence

import torch

import torchtally


class Failure(Exception):
    """What went wrong, and what to do, in a sentence for the user."""


def _tensor(text: str, device: str) -> torch.Tensor:
    """1x3x224x224, 1x128:int64, 1x128:int64<30522, scalar"""
    spec, _, limit = text.partition("<")
    shape_text, _, dtype_text = spec.partition(":")
    dtype = getattr(torch, dtype_text or "float32", None)
    try:
        shape = [] if shape_text == "scalar" else [int(size) for size in shape_text.split("x")]
        bound = int(limit) if limit else 1
    except ValueError:
        shape, bound = [-1], 1
    if not isinstance(dtype, torch.dtype) or any(size < 0 for size in shape) or bound < 1:
        raise Failure(f"--input {text}: not understood. Write sizes and a type: 1x3x224x224, 1x128:int64, '1x128:int64<30522', scalar")
    if dtype.is_floating_point or dtype.is_complex:
        return torch.rand(shape, device=device).to(dtype)
    return torch.randint(0, bound, shape, device=device).to(dtype)


def _exported(target: str, device: str) -> Any:
    with torch.device("cpu"):  # what reads the file asks its tensors for numbers, which meta's do not have
        program = torch.export.load(target)
    if device != "cpu":
        from torch.export.passes import move_to_device_pass

        program = move_to_device_pass(program, device)
    return program.module()


def _load(target: str, device: str) -> Any:
    if os.path.exists(target) or target.endswith((".pt", ".pt2", ".pth")):
        if not os.path.exists(target):
            raise Failure(f"there is no file {target}")
        if target.endswith(".pt2"):
            return _exported(target, device)
        try:
            return torch.jit.load(target, map_location=device)
        except RuntimeError as error:
            raise Failure(f"{target} is not a TorchScript archive: {str(error).splitlines()[0]}") from error
    module_name, colon, attribute = target.partition(":")
    if not colon:
        raise Failure(f"'{target}' is neither a file nor package.module:function")
    sys.path.insert(0, os.getcwd())
    try:
        found: Any = importlib.import_module(module_name)
    except ImportError as error:
        raise Failure(f"cannot import {module_name}: {error}") from error
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise Failure(f"{module_name} has no {attribute}")
        found = getattr(found, part)
    if not callable(found):
        raise Failure(f"{target} cannot be called")
    return found


def _wanted(function: Any) -> List[str]:
    """The arguments without which it cannot be called; of a class, which is a factory whatever it wants, none."""
    if isinstance(function, type):
        return []
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:  # written in C
        return []
    by_position = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [each.name for each in parameters if each.kind in by_position and each.default is each.empty]


def _count(options: argparse.Namespace) -> str:
    with torch.device(options.device):
        target = _load(options.target, options.device)
        is_model = isinstance(target, torch.nn.Module)
        wanted = [] if is_model else _wanted(target)
        if wanted and not options.input:
            raise Failure(f"{options.target} takes {', '.join(wanted)}: an --input for each says with what")
        if not is_model and options.input and not wanted:
            made = target()  # a function that makes the model
            if not callable(made):
                raise Failure(f"{options.target}() gives no model to call with --input; leave --input out to count it itself")
            target, is_model = made, isinstance(made, torch.nn.Module)
        if is_model and not options.train and not options.target.endswith(".pt2"):
            target.eval()
        inputs = [_tensor(text, options.device) for text in options.input]
        with torchtally.CountingGuard(target if is_model else None) as guard, torch.set_grad_enabled(not is_model):
            result = target(*inputs)
    tally = guard.tally
    if callable(result) and not options.input and tally.total.macs == 0:
        gives = f"{options.target} gives a {type(result).__name__} and computes nothing itself"
        raise Failure(f"{gives}: --input, as in --input 1x3x224x224, says what to call it with")
    reports: Dict[str, Callable[[], str]] = {
        "table": lambda: tally.table(options.depth),
        "tree": lambda: tally.tree(options.depth),
        "markdown": lambda: tally.to_markdown(options.depth),
        "csv": lambda: tally.to_csv(options.depth),
        "json": tally.to_json,
        "folded": tally.to_folded,
        "html": lambda: tally.html(options.target),
    }
    return reports[options.format]()


def _levels(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text} is no number of levels: 0 or more")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="torchtally", description="Counts what a PyTorch program computes.", epilog=__doc__.split("\n\n", 1)[1],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--version", action="version", version=f"torchtally {torchtally.__version__}, torch {torch.__version__}")
    count = parser.add_subparsers(dest="command", required=True).add_parser(
        "count", help="run a callable or a model once and count what it computes"
    )
    count.add_argument("target", metavar="TARGET", help="package.module:function, or a .pt or .pt2 file")
    count.add_argument("--input", action="append", default=[], metavar="SIZES[:TYPE]", help="input tensor; once for each argument")
    count.add_argument("--depth", type=_levels, default=None, help="levels of modules to show; all if not given")
    count.add_argument("--format", choices=("table", "tree", "json", "csv", "markdown", "html", "folded"), default="table")
    count.add_argument("--output", default=None, metavar="FILE", help="write the report here; the standard output if not given, or if -")
    count.add_argument("--device", choices=("cpu", "cuda", "meta"), default="cpu", help="meta: count without computing")
    count.add_argument("--train", action="store_true", help="leave the model in the mode that it has: a .pt2 file always stays in its own")
    return parser


def main(arguments: Optional[Sequence[str]] = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        report = _count(options)
        if options.output in (None, "-"):
            print(report, end="" if report.endswith("\n") else "\n")
        else:
            with open(options.output, "w", encoding="utf-8") as file:
                file.write(report)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (Failure, OSError) as error:
        print(f"torchtally: {error}", file=sys.stderr)
        return 1
    except Exception as error:  # the program's own: its last line says what, and its type what kind
        print(f"torchtally: {options.target} failed: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
