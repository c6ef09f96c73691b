"""Training steps from Python: plain, under torch's FlopCounterMode, under torchtally, in one run on one thread.

    PYTHONPATH=build/release/python third_party/local/bin/python3 bench/training_python.py build/models training_python.json

The models are those of training_works.h: the same archive of ResNet-18, and the same transformer, layer by layer. bench/run.py training runs
it, and prints what it writes: by model and by counter the nanoseconds of each step.
"""

import contextlib
import json
import sys
import time

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import torchtally

ROUNDS = 12
STEPS = 10  # of one kind, one after the other


class Layer(nn.TransformerEncoderLayer):
    """As LibTorch's C++ has it: attention as products, not fused."""

    def _sa_block(self, x, attn_mask, key_padding_mask, is_causal=False):
        return self.self_attn(x, x, x, need_weights=True)[0]


class Transformer:
    TOKENS, VOCABULARY, WIDTH = 16, 256, 128

    def __init__(self):
        layers = [Layer(self.WIDTH, 4, 4 * self.WIDTH, dropout=0) for _ in range(4)]
        self.model = nn.Sequential(
            nn.Embedding(self.VOCABULARY, self.WIDTH), *layers, nn.Linear(self.WIDTH, self.VOCABULARY)
        )
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-4, foreach=False)
        self.x = torch.randint(self.VOCABULARY, (self.TOKENS, 1))
        self.label = torch.randint(self.VOCABULARY, (self.TOKENS,))

    def step(self):
        self.optimizer.zero_grad()
        nn.functional.cross_entropy(self.model(self.x).view(self.TOKENS, self.VOCABULARY), self.label).backward()
        self.optimizer.step()


class ResNet18:
    def __init__(self, archive):
        self.model = torch.jit.load(archive)
        for parameter in self.model.parameters():
            parameter.data = 0.02 * torch.randn(parameter.shape)
        self.model.train()
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=1e-4, foreach=False)
        self.x = torch.randn(2, 3, 64, 64)
        self.label = torch.randint(1000, (2,))

    def step(self):
        self.optimizer.zero_grad()
        nn.functional.cross_entropy(self.model(self.x), self.label).backward()
        self.optimizer.step()


def timed(step, figures):
    begin = time.thread_time_ns()
    step()
    figures.append(time.thread_time_ns() - begin)


def measure(work):
    """{counter: nanoseconds of each step}, of the thread: what else runs on the machine is not in them."""
    meters = {"torchtally, every step": torchtally.StepMeter(), "torchtally, every 10th": torchtally.StepMeter(every=10)}

    def metered(meter):
        with meter.step(work.x):
            work.step()

    figures = {name: [] for name in ("plain", "FlopCounterMode", *meters)}
    for round_ in range(ROUNDS + 1):  # the first one is to warm up
        if round_ == 1:
            figures = {name: [] for name in figures}
        for name in figures:
            counter = FlopCounterMode(display=False) if name == "FlopCounterMode" else contextlib.nullcontext()
            step = (lambda meter=meters[name]: metered(meter)) if name in meters else work.step
            with counter:
                for _ in range(STEPS):
                    timed(step, figures[name])
    return figures


def main():
    models, out = sys.argv[1:]
    torch.set_num_threads(1)
    with torch.jit.optimized_execution(False):
        figures = {"Transformer": measure(Transformer()), "ResNet18": measure(ResNet18(models + "/resnet18.pt"))}
    with open(out, "w", encoding="utf-8") as file:
        json.dump({"torch_version": torch.__version__, "nanoseconds": figures}, file)


if __name__ == "__main__":
    main()
