"""What counting costs in training steps on a GPU, against nothing and against torch's FlopCounterMode: the same model, in one run.

    PYTHONPATH=build/release/python python3 bench/gpu_training.py      # with a torch that finds a GPU

The kinds take turns, step by step, and wait for the device after each: what a noisy machine does meets them all alike.
"""

import contextlib
import statistics
import time
from typing import Any, Callable, Dict, List

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import torchtally
from python_overhead import language_model

WORDS = 50257
ROUNDS = 60
FEW = 10  # of FlopCounterMode, which takes long


def training(batch: int, length: int) -> Callable[[], None]:
    """GPT-2 small, in autocast, with AdamW."""
    model = language_model(words=WORDS).cuda()
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    ids = torch.randint(WORDS, (batch, length), device="cuda")

    def step() -> None:
        with torch.autocast("cuda", torch.bfloat16):
            loss = nn.functional.cross_entropy(model(ids).flatten(0, 1), ids.flatten())
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    return step


def measure(step: Callable[[], None]) -> Dict[str, List[float]]:
    meters = {"every step": torchtally.StepMeter(), "every 10th": torchtally.StepMeter(every=10)}
    kinds: Dict[str, Callable[[], Any]] = {
        "plain": contextlib.nullcontext,
        **{name: meter.step for name, meter in meters.items()},
        "FlopCounterMode": lambda: FlopCounterMode(display=False),
    }
    times: Dict[str, List[float]] = {name: [] for name in kinds}
    for turn in range(-5, ROUNDS):
        for name, around in kinds.items():
            if name == "FlopCounterMode" and turn >= FEW:
                continue
            torch.cuda.synchronize()
            begin = time.perf_counter()
            with around():
                step()
            torch.cuda.synchronize()
            if turn >= 0:
                times[name].append(time.perf_counter() - begin)
    return times


def main() -> None:
    print(f"torch {torch.__version__}, {torch.cuda.get_device_name()}")
    for batch, length in ((16, 1024), (1, 16)):
        times = measure(training(batch, length))
        print(f"GPT-2 small, {batch} × {length} tokens: ms by the median step (the fastest)")
        middle, fastest = statistics.median(times["plain"]), min(times["plain"])
        for name, seconds in times.items():
            more = f"{100 * (statistics.median(seconds) / middle - 1):+.1f} % ({100 * (min(seconds) / fastest - 1):+.1f} %)"
            print(f"    {name:16}{1e3 * statistics.median(seconds):8.2f} ({1e3 * min(seconds):.2f})  {more}")


if __name__ == "__main__":
    main()
