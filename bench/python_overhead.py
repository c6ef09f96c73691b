"""What counting from Python costs, against nothing, against a pair of global module hooks that do nothing, and against torch's
FlopCounterMode, in one run on one thread.

    PYTHONPATH=build/release/python third_party/local/bin/python3 bench/python_overhead.py
"""

import contextlib
import time

import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.utils.flop_counter import FlopCounterMode

import torchtally


class Block(nn.Module):
    """Of GPT-2 small."""

    def __init__(self, width=768, heads=12):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.gelu, self.down = nn.Linear(width, 4 * width), nn.GELU("tanh"), nn.Linear(4 * width, width)
        self.dropout = nn.Dropout(0.1)

    def forward(self, x):
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in self.attention(self.norm1(x)).chunk(3, -1))
        y = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.dropout(self.out(y.transpose(1, 2).flatten(2)))
        return x + self.dropout(self.down(self.gelu(self.up(self.norm2(x)))))


def chain():
    one = torch.ones(1)

    def work():
        y = one
        for _ in range(1000):
            y = y + one

    return work


def mlp_step():
    mlp = nn.Sequential(nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 4))
    optimizer = torch.optim.SGD(mlp.parameters(), lr=1e-3)
    x = torch.randn(16, 32)

    def work():
        optimizer.zero_grad()
        mlp(x).sum().backward()
        optimizer.step()

    return work


def language_model(width=768, words=50257):
    """GPT-2 small, or one as deep and less wide."""
    blocks = (Block(width) for _ in range(12))
    return nn.Sequential(nn.Embedding(words, width), *blocks, nn.LayerNorm(width), nn.Linear(width, words, bias=False))


def gpt2(width=768, words=50257):
    model = language_model(width, words).eval()
    ids = torch.randint(words, (1, 16))

    def work():
        with torch.no_grad():
            model(ids)

    return work


@contextlib.contextmanager
def empty_hooks():
    """What whoever tells modules apart cannot do without: with hooks nn.Module calls its forward() the slow way."""
    handles = [
        register_module_forward_pre_hook(lambda module, args: None),
        register_module_forward_hook(lambda module, args, result: None, always_call=True),
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def best_of_interleaved(works, seconds=6.0):
    best = [float("inf")] * len(works)
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        for i, (work, context) in enumerate(works):
            with context():
                work()  # warm
                for _ in range(3):
                    begin = time.thread_time()
                    work()
                    best[i] = min(best[i], time.thread_time() - begin)
    return best


def main():
    torch.set_num_threads(1)
    cases = {
        "add x 1000, 1 element": chain(),
        "small MLP, training step": mlp_step(),
        # The same calls as the next one, without the work in which their cost drowns.
        "GPT-2 small's modules, 12 wide, 16 tokens": gpt2(12, 100),
        "GPT-2 small, 16 tokens": gpt2(),
    }
    for name, work in cases.items():
        with torchtally.CountingGuard() as guard:
            work()
        calls = guard.tally.total.calls
        plain, hooks, ours, torchs = best_of_interleaved(
            [(work, around) for around in (contextlib.nullcontext, empty_hooks, torchtally.CountingGuard, lambda: FlopCounterMode(display=False))]
        )
        hooks_each, ours_each, torchs_each = ((t - plain) / calls * 1e6 for t in (hooks, ours, torchs))
        print(
            f"{name}: {plain * 1e3:.2f} ms, {calls} calls; torchtally +{ours_each:.2f} µs a call, {(ours - plain) / plain:+.1%}; "
            f"FlopCounterMode +{torchs_each:.2f} µs, {(torchs - plain) / plain:+.1%}; {torchs_each / ours_each:.0f} times; "
            f"empty hooks {hooks_each:+.2f} µs"
        )


if __name__ == "__main__":
    main()
