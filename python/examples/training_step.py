"""What a training step of a small transformer computes, by module and by phase."""

import torch
from torch import nn

import torchtally

model = nn.TransformerEncoder(nn.TransformerEncoderLayer(64, 4, 128, batch_first=True), num_layers=2)
optimizer = torch.optim.AdamW(model.parameters())

with torchtally.CountingGuard(model) as guard:
    model(torch.randn(8, 16, 64)).square().mean().backward()
    optimizer.step()

print(guard.table(depth=2))
for phase, cost in guard.tally.by_phase.items():
    print(f"{phase:10} {torchtally.human_count(cost.flops):>10} FLOPs  {torchtally.human_count(cost.bytes):>10}B")
