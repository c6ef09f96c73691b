#!/usr/bin/env python3
"""A transformer of 70 billion parameters, counted on meta tensors: in seconds, without its memory, exactly.

    large_model_test.py COMMAND [unittest's arguments]

The shape is that of a well-known model: 80 layers, width 8192, 64 heads that share 8 keys and values, a gated layer of 28672, 128256
tokens. Every parameter is one number expanded to its shape, so the archive holds one element per parameter.
"""

import json
import pathlib
import resource
import subprocess
import sys
import tempfile
import time
import unittest

import torch
from torch import nn
from torch.nn import functional

COMMAND = str(pathlib.Path(sys.argv[1]).resolve())
LAYERS, WIDTH, HEADS, SHARED, GATED, TOKENS = 80, 8192, 64, 8, 28672, 128256
HEAD = WIDTH // HEADS
LENGTH = 2048


def weight(*shape):
    return nn.Parameter(torch.zeros(()).expand(*shape), requires_grad=False)


class Linear(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight = weight(outputs, inputs)

    def forward(self, x):
        return functional.linear(x, self.weight)


class RmsNorm(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = weight(WIDTH)

    def forward(self, x):
        return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + 1e-5) * self.weight


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.q = Linear(WIDTH, WIDTH)
        self.k = Linear(WIDTH, SHARED * HEAD)
        self.v = Linear(WIDTH, SHARED * HEAD)
        self.o = Linear(WIDTH, WIDTH)
        self.heads: int = HEADS
        self.shared: int = SHARED
        self.head: int = HEAD

    def forward(self, x):
        batch, length, width = x.shape[0], x.shape[1], x.shape[2]
        q = self.q(x).view(batch, length, self.heads, self.head).transpose(1, 2)
        k = self.k(x).view(batch, length, self.shared, 1, self.head).expand(-1, -1, -1, self.heads // self.shared, -1)
        v = self.v(x).view(batch, length, self.shared, 1, self.head).expand(-1, -1, -1, self.heads // self.shared, -1)
        k = k.reshape(batch, length, self.heads, self.head).transpose(1, 2)
        v = v.reshape(batch, length, self.heads, self.head).transpose(1, 2)
        scores = torch.matmul(q, k.transpose(2, 3)) * 0.08838834764831845
        return self.o(torch.matmul(torch.softmax(scores, -1), v).transpose(1, 2).reshape(batch, length, width))


class Gated(nn.Module):
    def __init__(self):
        super().__init__()
        self.gate = Linear(WIDTH, GATED)
        self.up = Linear(WIDTH, GATED)
        self.down = Linear(GATED, WIDTH)

    def forward(self, x):
        return self.down(functional.silu(self.gate(x)) * self.up(x))


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention_norm = RmsNorm()
        self.attention = Attention()
        self.gated_norm = RmsNorm()
        self.gated = Gated()

    def forward(self, x):
        x = x + self.attention(self.attention_norm(x))
        return x + self.gated(self.gated_norm(x))


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = weight(TOKENS, WIDTH)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.norm = RmsNorm()
        self.output = Linear(WIDTH, TOKENS)

    def forward(self, tokens):
        x = functional.embedding(tokens, self.embedding)
        for layer in self.layers:
            x = layer(x)
        return self.output(self.norm(x))


class LargeModel(unittest.TestCase):
    def test_is_counted_in_seconds_without_its_memory(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "transformer.pt"
            torch.jit.script(Transformer()).save(str(path))
            started = time.monotonic()
            result = subprocess.run([COMMAND, "count", str(path), "--input", f"1x{LENGTH}:int64", "--device", "meta", "--format", "json"],
                                    stdout=subprocess.PIPE, check=True, timeout=300)
            seconds = time.monotonic() - started
        megabytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        report = json.loads(result.stdout)

        projections = 2 * WIDTH * WIDTH + 2 * WIDTH * SHARED * HEAD + 3 * WIDTH * GATED
        parameters = 2 * TOKENS * WIDTH + LAYERS * (projections + 2 * WIDTH) + WIDTH
        self.assertEqual(report["parameters"]["total"], parameters)
        # Each parameter of a product meets each token; the scores and their sum are LENGTH x LENGTH x WIDTH a layer.
        macs = LENGTH * (LAYERS * projections + TOKENS * WIDTH) + LAYERS * 2 * LENGTH * LENGTH * WIDTH
        self.assertEqual(report["totals"]["macs"], macs)
        self.assertEqual(report["unknown_operators"], {})
        self.assertEqual(report["by_module"]["layers.79.gated.up"]["macs"], LENGTH * WIDTH * GATED)

        print(f"{parameters / 1e9:.2f} billion parameters, {macs / 1e12:.1f} T MACs: {seconds:.1f} s, {megabytes:.0f} MB at most")
        self.assertLess(seconds, 60)
        self.assertLess(megabytes, 2000)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
