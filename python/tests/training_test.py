"""A training step of real models by phase: as torch's FlopCounterMode counts it where it counts, as the arithmetic says where not."""

import os
import pathlib

import pytest
import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

import torchtally


class BasicBlock(nn.Module):
    def __init__(self, channels_in, channels, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample = None
        if stride != 1:
            self.downsample = nn.Sequential(nn.Conv2d(channels_in, channels, 1, stride, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x):
        y = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
        return (y + (x if self.downsample is None else self.downsample(x))).relu()


class ResNet18(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        sizes = [(64, 64, 1), (64, 128, 2), (128, 256, 2), (256, 512, 2)]
        self.layers = nn.Sequential(
            *(nn.Sequential(BasicBlock(before, after, stride), BasicBlock(after, after, 1)) for before, after, stride in sizes)
        )
        self.fc = nn.Linear(512, 1000)

    def forward(self, x):
        return self.fc(self.layers(self.maxpool(self.bn1(self.conv1(x)).relu())).mean((2, 3)))


WIDTH, HEADS, LAYERS, WORDS = 768, 12, 12, 50257


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.attention, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.up, self.gelu, self.down = nn.Linear(WIDTH, 4 * WIDTH), nn.GELU("tanh"), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x):
        q, k, v = (part.unflatten(-1, (HEADS, -1)).transpose(1, 2) for part in self.attention(self.norm1(x)).chunk(3, -1))
        y = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(y.transpose(1, 2).flatten(2))
        return x + self.down(self.gelu(self.up(self.norm2(x))))


class GPT2(nn.Module):
    """GPT-2 small: the head is the embedding of the words."""

    def __init__(self):
        super().__init__()
        self.words, self.places = nn.Embedding(WORDS, WIDTH), nn.Embedding(1024, WIDTH)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.norm = nn.LayerNorm(WIDTH)

    def forward(self, tokens):
        x = self.words(tokens) + self.places(torch.arange(tokens.size(1), device=tokens.device))
        for block in self.blocks:
            x = block(x)
        return nn.functional.linear(self.norm(x), self.words.weight)


def cross_entropy(output, target):
    return nn.functional.cross_entropy(output.flatten(0, -2), target.flatten())


def matmul_flops_of_a_step(model, optimizer, x, target):
    """By phase, of torchtally and of torch: forward, backward, optimizer. And the cost of the optimizer's step."""
    torchs = []
    optimizer.zero_grad()
    loss = None

    def forward():
        nonlocal loss
        loss = cross_entropy(model(x), target)

    for part in (forward, lambda: loss.backward(), optimizer.step):
        with FlopCounterMode(display=False) as counter:
            part()
        torchs.append(counter.get_total_flops())
    optimizer.zero_grad()
    with torchtally.CountingGuard(model) as guard:
        cross_entropy(model(x), target).backward()
        optimizer.step()
    phases = guard.tally.by_phase
    assert phases["recompute"].calls == phases["other"].calls == 0
    assert guard.tally.unknown_operators == {}
    ours = [phases[name].matmul_flops for name in ("forward", "backward", "optimizer")]
    for name in ("forward", "backward"):
        assert 2 * sum(row["macs"] for row in guard.tally.rows if row["phase"] == name) == phases[name].matmul_flops
    return ours, torchs, phases["optimizer"]


def parameters_of(model):
    return sum(p.numel() for p in model.parameters())


# Two pictures of 224x224. The first convolution; four of 64 channels; in each of the other three groups, which have twice the
# channels and a quarter of the places of the one before, one convolution from half the channels (3x3), three more, one of 1x1; the
# classifier. Backward is twice that, but for the first convolution, whose input wants no gradient.
def test_resnet18_as_published():
    with torch.device("meta"):
        model = ResNet18()
        assert parameters_of(model) == 11_689_512
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        ours, torchs, _ = matmul_flops_of_a_step(model, optimizer, torch.randn(2, 3, 224, 224), torch.zeros(2, dtype=torch.long))
    first = 64 * 112 * 112 * 3 * 7 * 7
    group = 128 * 28 * 28 * (64 * 9 + 3 * 128 * 9 + 64)
    macs = first + 4 * 64 * 56 * 56 * 64 * 9 + 3 * group + 512 * 1000
    assert ours == torchs == [2 * 2 * macs, 2 * 2 * (2 * macs - first), 0]
    assert [round(flops / 1e9, 4) for flops in ours] == [7.2563, 14.0405, 0]


def test_resnet18_on_small_pictures():
    model = ResNet18()
    optimizer = torch.optim.AdamW(model.parameters(), foreach=False)
    ours, torchs, update = matmul_flops_of_a_step(model, optimizer, torch.randn(2, 3, 64, 64), torch.tensor([1, 2]))
    assert ours == torchs
    assert ours[1] == 2 * ours[0] - 2 * 2 * 64 * 32 * 32 * 3 * 7 * 7
    # Decay 1, first moment 3 (lerp), second 4, denominator 2 and a root, update 3; and the steps of 62 tensors are counted.
    assert update.flops == 13 * parameters_of(model) + 62
    assert update.transcendentals == parameters_of(model)


# A token: 12 products of WIDTH·WIDTH a layer, and the head; a product of attention is tokens·tokens·WIDTH in all heads together.
def products_of_gpt2(tokens):
    return tokens * (LAYERS * 12 * WIDTH * WIDTH + WORDS * WIDTH), LAYERS * tokens * tokens * WIDTH


# FlopCounterMode knows products, and nothing of the CPU's fused attention: forward 31.624 GFLOPs for 32.228.
def test_gpt2_small():
    linear, attention = products_of_gpt2(128)
    with torch.device("meta"):
        model = GPT2()
        assert parameters_of(model) == 124_439_808
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        tokens = torch.zeros(1, 128, dtype=torch.long)
        with sdpa_kernel(SDPBackend.MATH):
            ours, torchs, _ = matmul_flops_of_a_step(model, optimizer, tokens, tokens)
    assert ours == torchs == [2 * (linear + 2 * attention), 4 * (linear + 2 * attention), 0]
    assert [round(flops / 1e9, 3) for flops in ours] == [32.228, 64.456, 0]


def test_gpt2_small_with_fused_attention():
    linear, attention = products_of_gpt2(16)
    model = GPT2()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    tokens = torch.randint(WORDS, (1, 16))
    with sdpa_kernel(SDPBackend.FLASH_ATTENTION):
        ours, torchs, update = matmul_flops_of_a_step(model, optimizer, tokens, tokens)
    # The fused backward makes the scores again, a fifth product.
    assert ours == [2 * (linear + 2 * attention), 2 * (2 * linear + 5 * attention), 0]
    assert torchs == [2 * linear, 4 * linear, 0]
    assert update.flops == 2 * parameters_of(model)


# torchvision's, without their weights, as tests/models exports them. GFLOPs of two pictures of 224x224: forward and backward; where
# convolutions are grouped, FlopCounterMode multiplies the weights' gradient by the groups.
@pytest.mark.filterwarnings("ignore:.torch.jit.load. is deprecated")
@pytest.mark.parametrize(
    "name, forward, backward, torchs_backward",
    [
        ("resnet18", 7.2563, 14.0405, 14.0405),
        ("mobilenet_v2", 1.2031, 2.3628, 23.356),
        ("efficientnet_b0", 1.5433, 3.0432, 62.828),
        ("convnext_tiny", 17.822, 35.586, 137.13),
        ("resnext50_32x4d", 16.922, 33.372, 62.042),
    ],
)
def test_grouped_convolutions(name, forward, backward, torchs_backward):
    archive = pathlib.Path(os.environ["TORCHTALLY_MODELS"], name + ".pt")
    if not archive.exists():
        pytest.skip(f"{archive} is missing: build the target torchtally_models")
    with torch.jit.optimized_execution(False):
        model = torch.jit.load(str(archive), map_location="meta").train()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        x, target = (torch.zeros(2, 3, 224, 224, device="meta"), torch.zeros(2, dtype=torch.long, device="meta"))
        ours, torchs, _ = matmul_flops_of_a_step(model, optimizer, x, target)
    assert ours[0] == torchs[0]
    figures = [flops / 1e9 for flops in (ours[0], ours[1], torchs[1])]
    assert figures == pytest.approx([forward, backward, torchs_backward], rel=5e-5)
