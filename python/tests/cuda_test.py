"""What a GPU runs, counted as it runs there. Skipped where there is none; needs torch, and Triton for its kernels."""

import contextlib
import copy
import os

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

import torchtally

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
GPU = torch.device("cuda")


def counted(work, model=None, **options):
    with torchtally.CountingGuard(model, **options) as guard:
        work()
        torch.cuda.synchronize()
    return guard


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 32, 3, 2, 1, bias=False), nn.BatchNorm2d(32), nn.ReLU(inplace=True), nn.MaxPool2d(2))
        self.grouped = nn.Conv2d(32, 64, 3, padding=1, groups=4)
        self.block = nn.TransformerEncoderLayer(64, 4, 128, dropout=0.0, batch_first=True, norm_first=True)
        self.head = nn.Linear(64, 10)

    def forward(self, x):
        y = self.grouped(self.stem(x)).flatten(2).transpose(1, 2)
        return self.head(self.block(y).mean(1))


# On the GPU other operators run (cuDNN's normalization, fused optimizers, other attention kernels) that compute the same.
@pytest.mark.parametrize("fused", [False, True])
def test_a_training_step_costs_what_it_costs_on_the_cpu(fused):
    network = Network()
    x = torch.randn(2, 3, 64, 64)
    tallies = {}
    for device in ("cpu", GPU):
        model, images = copy.deepcopy(network).to(device), x.to(device)
        optimizer = torch.optim.AdamW(model.parameters(), fused=fused)
        optimizer.zero_grad()

        def step():
            F.cross_entropy(model(images), torch.zeros(2, dtype=torch.long, device=device)).backward()
            optimizer.step()

        tallies[str(device)] = counted(step, model).tally
    cpu, gpu = tallies["cpu"], tallies["cuda"]
    assert gpu.unknown_operators == {}
    assert any(name.startswith("aten::cudnn_batch_norm") for name in gpu.by_operator)
    assert {phase: cost.macs for phase, cost in gpu.by_phase.items()} == {phase: cost.macs for phase, cost in cpu.by_phase.items()}
    assert {name: cost.macs for name, cost in gpu.by_module.items()} == {name: cost.macs for name, cost in cpu.by_module.items()}
    assert gpu.by_phase["optimizer"].flops == cpu.by_phase["optimizer"].flops


# Scores and weighted values; backward, a fused kernel makes the scores again: five products. Without, four.
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("backend, products", [("FLASH_ATTENTION", 5), ("EFFICIENT_ATTENTION", 5), ("CUDNN_ATTENTION", 5), ("MATH", 4)])
def test_attention(backend, products, causal):
    batch, heads, length, features = 2, 4, 128, 64
    q, k, v = (torch.randn(batch, heads, length, features, device=GPU, dtype=torch.bfloat16, requires_grad=True) for _ in range(3))

    def work():
        with sdpa_kernel(getattr(SDPBackend, backend)):
            F.scaled_dot_product_attention(q, k, v, is_causal=causal).sum().backward()

    tally = counted(work).tally
    product = batch * heads * length * length * features
    assert tally.unknown_operators == {}
    assert (tally.by_phase["forward"].macs, tally.by_phase["backward"].macs) == (2 * product, products * product)
    if backend != "MATH":
        kept = batch * heads * (length * (length + 1) // 2 if causal else length * length) * features
        assert tally.total.unmasked_macs == (2 + products) * kept


# A direction of a layer: input to gates and state to gates, every step. Backward, cuDNN makes both gradients of both.
@pytest.mark.parametrize("kind, gates", [(nn.RNN, 1), (nn.GRU, 3), (nn.LSTM, 4)])
def test_recurrent_networks_of_cudnn(kind, gates):
    batch, steps, inputs, hidden = 4, 10, 32, 64
    model = kind(inputs, hidden, num_layers=2, bidirectional=True).to(GPU)
    x = torch.randn(steps, batch, inputs, device=GPU)
    tally = counted(lambda: model(x)[0].sum().backward(), model).tally
    forward = 2 * steps * batch * gates * hidden * ((inputs + hidden) + (2 * hidden + hidden))
    assert tally.unknown_operators == {}
    assert {name: cost.macs for name, cost in tally.by_operator.items() if cost.macs} == {
        "aten::_cudnn_rnn": forward,
        "aten::_cudnn_rnn_backward": 2 * forward,
    }


def test_products_of_other_types():
    m, k, n = 64, 128, 96
    one = torch.ones((), device=GPU)
    a, b = torch.randn(m, k, device=GPU), torch.randn(n, k, device=GPU)
    a8, b8 = a.to(torch.float8_e4m3fn), b.to(torch.float8_e4m3fn).t()
    if torch.cuda.get_device_capability() >= (8, 9):
        tally = counted(lambda: torch._scaled_mm(a8, b8, scale_a=one, scale_b=one, out_dtype=torch.bfloat16)).tally
        assert (tally.total.macs, list(tally.by_dtype)) == (m * k * n, ["float8_e4m3fn"])
    tally = counted(lambda: torch._int_mm(a.to(torch.int8), b.to(torch.int8).t())).tally
    assert tally.by_operator["aten::_int_mm"].macs == m * k * n
    weights, ends = torch.randn(4, k, n, device=GPU, dtype=torch.bfloat16), torch.tensor([16, 32, 48, 64], device=GPU, dtype=torch.int32)
    if torch.cuda.get_device_capability() >= (9, 0):
        tally = counted(lambda: torch._grouped_mm(a.bfloat16(), weights, offs=ends)).tally
        assert tally.by_operator["aten::_grouped_mm"].macs == m * k * n  # every row meets one of the matrices


def test_autocast_scaler_and_checkpoint():
    from torch.utils.checkpoint import checkpoint

    width, rows = 64, 32
    # GELU keeps its input, so the linear layer before it has to run again.
    model = nn.Sequential(*(nn.Sequential(nn.Linear(width, width), nn.GELU()) for _ in range(2))).to(GPU)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    scaler = torch.amp.GradScaler("cuda")
    x = torch.randn(rows, width, device=GPU)

    def work():
        with torch.autocast("cuda", torch.float16):
            y = checkpoint(model[1], checkpoint(model[0], x, use_reentrant=False), use_reentrant=False)
        scaler.scale(y.float().sum()).backward()
        scaler.step(optimizer)
        scaler.update()

    tally = counted(work, model).tally
    product = rows * width * width
    assert tally.unknown_operators == {}
    phases = {phase: cost.macs for phase, cost in tally.by_phase.items()}
    # of the first layer only the weight's gradient is needed
    assert phases == {"forward": 2 * product, "recompute": 2 * product, "backward": 3 * product, "optimizer": 0, "other": 0}
    assert set(tally.by_dtype) >= {"float16", "float32"}


def test_times_are_the_devices():
    a = torch.randn(4096, 4096, device=GPU, dtype=torch.bfloat16)
    a @ a
    guard = counted(lambda: a @ a, times=True)
    row = next(line for line in guard.times_table().splitlines() if line.startswith("aten::mm"))
    number, unit = row.split()[1:3]
    seconds = float(number) * {"ms": 1e-3, "µs": 1e-6}[unit]
    # Launching it takes some microseconds. It cannot be faster than the device.
    assert seconds >= 2 * 4096**3 / (1.05 * torchtally.known_peak(GPU, torch.bfloat16) or float("inf"))
    assert seconds < 1


def test_the_peak_is_measured_on_the_device():
    measured = torchtally.measure_peak(0.05, dtype=torch.bfloat16, device=GPU)
    known = torchtally.known_peak(GPU, torch.bfloat16)
    assert measured > 10 * torchtally.measure_peak(0.05)
    assert known == 0 or 0.3 * known < measured < 1.05 * known


def test_what_a_graph_captures_counts_once():
    model = nn.Linear(256, 256).to(GPU).requires_grad_(False)
    x = torch.randn(64, 256, device=GPU)
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        model(x)
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torchtally.CountingGuard(model) as guard:
        with torch.cuda.graph(graph):
            model(x)
        graph.replay()
        graph.replay()
    assert guard.tally.total.macs == 64 * 256 * 256


def test_no_memory_is_held():
    model = nn.Sequential(nn.Linear(1024, 1024), nn.ReLU(), nn.Linear(1024, 1024)).to(GPU)
    x = torch.randn(1024, 1024, device=GPU)

    def step():
        model(x).sum().backward()
        model.zero_grad()

    def peak_of(around):
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        with around:
            step()
            left = torch.cuda.memory_allocated()
        return left, torch.cuda.max_memory_allocated()

    step()
    plain = peak_of(contextlib.nullcontext())
    assert peak_of(torchtally.CountingGuard(model)) == plain
    assert peak_of(torchtally.CountingGuard(model, times=True)) == plain


def test_compiled_code():
    torch._dynamo.reset()
    model = nn.Sequential(nn.Linear(64, 128), nn.GELU(), nn.Linear(128, 64)).to(GPU)
    x = torch.randn(32, 64, device=GPU)
    eager = counted(lambda: model(x).sum().backward()).tally
    compiled = torch.compile(model)
    compiled(x).sum().backward()
    for _ in range(2):
        tally = counted(lambda: compiled(x).sum().backward()).tally
        assert tally.total.macs == eager.total.macs
        assert tally.unknown_operators and all(name.startswith("torch_compile::triton_") for name in tally.unknown_operators)


def test_flex_attention_compiled():
    from torch.nn.attention.flex_attention import create_block_mask, flex_attention

    torch._dynamo.reset()
    heads, length, features = 4, 512, 64
    mask = create_block_mask(lambda b, h, i, j: i >= j, 1, heads, length, length, device=GPU)
    q, k, v = (torch.randn(1, heads, length, features, device=GPU, dtype=torch.bfloat16, requires_grad=True) for _ in range(3))
    attention = torch.compile(flex_attention)
    attention(q, k, v, block_mask=mask).sum().backward()
    tally = counted(lambda: attention(q, k, v, block_mask=mask).sum().backward()).tally
    # Its kernels are written by torch.compile: nothing can be seen in them, and they say so.
    assert any("flex_attention" in name for name in tally.unknown_operators), tally.unknown_operators


@pytest.fixture
def saxpy():
    pytest.importorskip("triton", reason="there is no Triton here")
    import triton_kernels

    yield triton_kernels.saxpy
    torchtally.formula.remove(triton_kernels.saxpy)


def test_triton_kernels(saxpy):
    import triton_kernels

    x, y, out = (torch.randn(1000, device=GPU) for _ in range(3))

    def grid(meta):
        return (-(-1000 // meta["BLOCK"]),)

    launches = {
        "bare": lambda: saxpy[grid](x, y, out, 1000, BLOCK=256),
        "wrapped": lambda: torch.library.wrap_triton(saxpy)[grid](x, y, out, 1000, BLOCK=256),
        "autotuned": lambda: triton_kernels.tuned[grid](x, y, out, 1000),
    }
    for launch in launches.values():
        out.zero_()
        assert counted(launch).tally.unknown_operators == {"triton::saxpy": 1}
        assert torch.equal(out, 2 * x + y)

    @torchtally.formula(saxpy)
    def formula(call, cost):
        assert call["n"] == 1000 and call["grid"] == [-(-1000 // call["BLOCK"]), 1, 1]
        cost.flops += 2 * call["n"]

    for launch in launches.values():
        tally = counted(launch).tally
        assert {name: cost.flops for name, cost in tally.by_operator.items()} == {"triton::saxpy": 2000}


def test_distributed():
    import torch.distributed as distributed
    from torch.distributed.fsdp import fully_shard

    import torchtally.distributed

    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT="29511")
    distributed.init_process_group("nccl", rank=0, world_size=1)
    try:
        rows, width = 8, 256
        x = torch.randn(rows, width, device=GPU)
        replica = nn.parallel.DistributedDataParallel(nn.Linear(width, width).to(GPU))
        tally = counted(lambda: replica(x).sum().backward(), replica).tally
        assert tally.unknown_operators == {}
        assert tally.total.macs == 2 * rows * width * width
        assert torchtally.distributed.reduce(tally).total.macs == tally.total.macs
        sharded = nn.Sequential(nn.Linear(width, width), nn.Linear(width, width)).to(GPU)
        for layer in sharded:
            fully_shard(layer)
        fully_shard(sharded)
        tally = counted(lambda: sharded(x).sum().backward(), sharded).tally
        assert tally.unknown_operators == {}
        assert tally.total.macs == 5 * rows * width * width  # the first layer's input needs no gradient
    finally:
        distributed.destroy_process_group()
