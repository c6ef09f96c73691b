"""A decoder of 70 billion parameters, counted on meta tensors: no memory, no time."""

import torch
from torch import nn

import torchtally


class Layer(nn.Module):
    def __init__(self, width, heads, kv_heads, hidden):
        super().__init__()
        self.heads, self.head = heads, width // heads
        self.q = nn.Linear(width, width, bias=False)
        self.kv = nn.Linear(width, 2 * kv_heads * self.head, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.up, self.gate = nn.Linear(width, hidden, bias=False), nn.Linear(width, hidden, bias=False)
        self.down = nn.Linear(hidden, width, bias=False)

    def forward(self, x):
        batch, length, width = x.shape
        q = self.q(x).view(batch, length, self.heads, self.head).transpose(1, 2)
        k, v = self.kv(x).view(batch, length, 2, -1, self.head).transpose(1, 3).unbind(2)
        attended = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        x = x + self.out(attended.transpose(1, 2).reshape(batch, length, width))
        return x + self.down(nn.functional.silu(self.gate(x)) * self.up(x))


with torch.device("meta"), torch.no_grad():
    model = nn.Sequential(nn.Embedding(128256, 8192), *(Layer(8192, 64, 8, 28672) for _ in range(80)))
    with torchtally.CountingGuard(model) as guard:
        model(torch.zeros(1, 4096, dtype=torch.long))

total = guard.tally.total
print(f"{torchtally.human_count(guard.tally.parameters.total)} parameters, {torchtally.human_count(total.macs)} MACs for 4,096 tokens")
print(f"of which attention's mask leaves {torchtally.human_count(total.unmasked_macs)}")
