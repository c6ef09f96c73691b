"""torch.compile and higher-order operators under a guard."""

import subprocess
import sys
import types

import pytest
import torch
from torch import nn
from torch._dynamo.callback import callback_handler
from torch.nn.attention.flex_attention import create_block_mask, flex_attention

import torchtally
from torchtally import _higher_order, _triton


@pytest.fixture
def compilations():
    torch._dynamo.reset()
    started = []

    def callback(args):
        # Not those of a backward pass, which is compiled when it runs first, as part of its forward's compilation.
        if args.callback_trigger.name == "DYNAMO":
            started.append(args)

    callback_handler.register_start_callback(callback)
    yield started
    callback_handler.remove_start_callback(callback)


# "aot_eager" is inductor without its C++ compiler, which takes ten seconds: dynamo, its guards and autograd are the same.
@pytest.mark.parametrize("backend", ["aot_eager", "inductor"])
def test_compiled_code_stays_compiled_and_counts_as_eager(compilations, backend):
    net = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 4))
    x = torch.randn(3, 8)
    with torchtally.CountingGuard(net) as eager:
        net(x).sum().backward()
    compiled = torch.compile(net, backend=backend)
    compiled(x).sum().backward()
    compilations.clear()
    counted = []
    for _ in range(3):
        with torchtally.CountingGuard(net) as guard:
            compiled(x).sum().backward()
            compiled(x).sum().backward()
        counted.append((len(compilations), guard.tally.total.macs))
        compilations.clear()
        compiled(x).sum().backward()
        assert compilations == []
    # Entering changes the thread's dispatch keys: one compilation the first time, none later.
    assert [n for n, _ in counted] == [1, 0, 0]
    # What runs while compiling, on fake tensors, is not counted.
    assert {macs for _, macs in counted} == {2 * eager.tally.total.macs}
    hidden = [name for name in guard.tally.unknown_operators if name.startswith("torch_compile::")]
    shown = [guard.table(), guard.tree(), guard._repr_html_(), guard.tally.to_json()]
    if backend != "inductor":
        assert hidden == [] and "torch_compile" not in "".join(shown)
        return
    # What fused kernels hide is said: by names that say what is in them.
    assert any("relu" in name for name in hidden), guard.tally.unknown_operators
    assert not any("addmm" in name for name in hidden)
    assert all("torch_compile::" in text for text in shown)
    assert "Products and\nconvolutions that it calls as operators are counted" in shown[0]
    # Compiled code opens no scopes, but its products take the parameters of their modules. Not all of backward's do.
    forward = [tally.by_module_and_phase["2"]["forward"].macs for tally in (guard.tally, eager.tally)]
    assert forward == [2 * 96, 96]


def test_compiled_for_the_first_time_inside(compilations):
    compiled = torch.compile(lambda a: (a @ a).relu(), backend="aot_eager")
    a = torch.randn(4, 4)
    with torchtally.CountingGuard() as guard:
        compiled(a)
        assert len(compilations) == 1
        compiled(a)
    assert guard.tally.total.macs == 128
    with torchtally.CountingGuard():
        compiled(a)
    assert len(compilations) == 1


OPENED_INSIDE = """
import torch, torchtally

model, meter = torch.nn.Linear(4, 4), torchtally.StepMeter()

@torch.compile(backend="eager")
def guarded(x):
    with torchtally.CountingGuard(model) as guard:
        model(x)
    return guard.tally.total.macs

@torch.compile(backend="eager")
def metered(x):
    with meter.step(x):
        model(x)
    return meter.last.total.macs

print(*(function(torch.ones(2, 4)) for function in (guarded, metered) for _ in range(2)))
"""


def test_opened_in_code_that_is_compiled():
    # In a process of its own: what goes wrong here waits for ever.
    done = subprocess.run([sys.executable, "-c", OPENED_INSIDE], capture_output=True, text=True, timeout=100)
    assert done.stdout.split() == ["32"] * 4, done.stderr


@pytest.mark.parametrize("around", [lambda: torchtally.CountingGuard(), lambda: torchtally.StepMeter().step()])
def test_strict_export_and_explain(around):
    net, x = nn.Sequential(nn.Linear(8, 8), nn.ReLU()), torch.randn(3, 8)
    with around():
        program = torch.export.export(net, (x,), strict=True)
        explained = torch._dynamo.explain(net)(x)
    assert torch.equal(program.module()(x), net(x))
    assert (explained.graph_count, explained.graph_break_count) == (1, 0)


def test_higher_order_operators_count_what_they_run():
    from torch._higher_order_ops.while_loop import while_loop

    a = torch.randn(4, 4)
    with torchtally.CountingGuard() as guard:
        torch.cond(torch.tensor(True), lambda x: x @ x.sin(), lambda x: (x @ x.sin()) @ x, (a,))
    assert guard.tally.total.macs == 64
    with torchtally.CountingGuard() as guard:
        while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, x @ x), (torch.tensor(0), a))
    assert guard.tally.total.macs == 3 * 64


def test_a_higher_order_operator_with_a_formula_counts_as_a_whole():
    cond = torch.ops.higher_order.cond
    a = torch.randn(4, 4)

    def work():
        return cond(torch.tensor(True), lambda x: x @ x, lambda x: x, (a,))

    formulas = torchtally.FormulaSet().set(cond, lambda call, cost: cost.add_macs(call[3][0].numel()))
    with torchtally.CountingGuard(formulas=formulas) as guard:
        work()
    assert {name: cost.macs for name, cost in guard.tally.by_operator.items() if cost.macs} == {"higher_order::cond": 16}
    with torchtally.CountingGuard() as guard:
        work()
    assert {name: cost.macs for name, cost in guard.tally.by_operator.items() if cost.macs} == {"aten::mm": 64}


# Queries and keys, by the size of a mask's blocks: whole ones, and smaller ones at the end.
@pytest.mark.parametrize("n, block, kept", [(32, 16, 32 * 32 - 16 * 16), (24, 16, 24 * 24 - 16 * 8), (32, None, 32 * 32)])
@pytest.mark.parametrize("backend", [None, "aot_eager"])
def test_flex_attention_counts_by_a_formula(n, block, kept, backend, monkeypatch):
    # It refuses a backward pass on the CPU, which works: kernels there have none, and these are not compiled.
    monkeypatch.setattr("torch.nn.attention.flex_attention._validate_device", lambda *tensors: None)
    torch._dynamo.reset()
    mask = None
    if block is not None:
        mask = create_block_mask(lambda b, h, i, j: i >= j, None, None, n, n, device="cpu", BLOCK_SIZE=block)
    attention = flex_attention if backend is None else torch.compile(flex_attention, backend=backend, fullgraph=True)
    q, k, v = torch.randn(2, 4, n, 8), torch.randn(2, 2, n, 8), torch.randn(2, 2, n, 6)  # two queries share a key
    for tensor in (q, k, v):
        tensor.requires_grad_()
    plain = torch.autograd.grad(attention(q, k, v, block_mask=mask, enable_gqa=True).sum(), (q, k, v))
    for _ in range(2):
        with torchtally.CountingGuard() as guard:
            out = attention(q, k, v, block_mask=mask, enable_gqa=True)
            gradients = torch.autograd.grad(out.sum(), (q, k, v))
        assert all(torch.equal(a, b) for a, b in zip(plain, gradients))
        forward, backward = (guard.tally.by_operator[f"higher_order::flex_attention{name}"] for name in ("", "_backward"))
        # scores and weighted values; scores again, and four products for the gradients
        assert (forward.calls, forward.macs, forward.unmasked_macs) == (1, 8 * n * n * (8 + 6), 8 * kept * (8 + 6))
        assert (backward.macs, backward.unmasked_macs) == (8 * n * n * (3 * 8 + 2 * 6), 8 * kept * (3 * 8 + 2 * 6))
        assert forward.transcendentals == 8 * n * n
        assert guard.tally.total.macs == forward.macs + backward.macs
        assert guard.tally.by_phase["backward"].macs == backward.macs
        assert guard.tally.by_dtype["float32"].macs == guard.tally.total.macs


def saxpy(x_ptr, y_ptr, n, BLOCK):
    """What a kernel is made of."""


class FakeKernel:
    """A Triton kernel as PyTorch launches it; there is no device here for a real one."""

    arg_names = ["x_ptr", "y_ptr", "n", "BLOCK"]
    fn = staticmethod(saxpy)

    def __getitem__(self, grid):
        return lambda x, y, n, BLOCK: y.add_(x)


def launch(kernel, x, y):
    from torch._higher_order_ops.triton_kernel_wrap import kernel_side_table, triton_kernel_wrapper_mutation

    triton_kernel_wrapper_mutation(
        kernel_idx=kernel_side_table.add_kernel(kernel), constant_args_idx=kernel_side_table.add_constant_args({"BLOCK": 128}),
        grid=[(3, 1, 1)], tma_descriptor_metadata={}, kwargs={"x_ptr": x, "y_ptr": y, "n": x.numel()},
    )  # fmt: skip


def test_triton_kernels():
    kernel, x, y = FakeKernel(), torch.ones(300), torch.zeros(300)
    with torchtally.CountingGuard() as guard:
        launch(kernel, x, y)
    assert torch.equal(y, x)
    assert guard.tally.unknown_operators == {"triton::saxpy": 1}

    @torchtally.formula(kernel)
    def formula(call, cost):
        assert call.name == "triton::saxpy" and call["grid"] == [3, 1, 1] and call["BLOCK"] == 128
        assert call["x_ptr"].shape == (300,) and call["x_ptr"].dtype == "float32"
        cost.flops += 2 * call["n"]

    try:
        with torchtally.CountingGuard(), torchtally.CountingGuard() as guard, torchtally.ModuleScope("layer"):
            launch(kernel, x, y)
    finally:
        torchtally.formula.remove(kernel)
    assert {name: cost.flops for name, cost in guard.tally.by_operator.items()} == {"triton::saxpy": 600}
    assert guard.tally.by_module["layer"].flops == 600
    with torchtally.CountingGuard() as guard, torchtally.PauseCounting():
        launch(kernel, x, y)
    assert guard.tally.total.calls == 0


class KernelInterface:
    """Triton's, by which kernels of every kind are launched."""

    def __getitem__(self, grid):
        return lambda *args, **kwargs: self.run(*args, grid=grid, **kwargs)


class Kernel(KernelInterface):
    arg_names = FakeKernel.arg_names
    fn = staticmethod(saxpy)

    def run(self, x, y, n, grid, BLOCK):
        y.add_(x)


class Autotuned(KernelInterface):
    arg_names = FakeKernel.arg_names
    fn = Kernel()
    best_config = None

    def run(self, x, y, n, grid):
        for block in (32, 64):
            self.fn.run(x, torch.empty_like(y), n, grid=grid, BLOCK=block)
        self.best_config = types.SimpleNamespace(kwargs={"BLOCK": 64})
        self.fn.run(x, y, n, grid=grid, BLOCK=64)


class WithHeuristics(KernelInterface):
    arg_names = FakeKernel.arg_names
    fn = Kernel()
    values = {"BLOCK": lambda arguments: arguments["n"] // 3}

    def run(self, x, y, n, grid):
        self.fn.run(x, y, n, grid=grid, BLOCK=n // 3)


@pytest.fixture(scope="module")
def watched():
    _triton._watch_launches(types.SimpleNamespace(KernelInterface=KernelInterface), _higher_order._count)


@pytest.mark.parametrize("kernel, block", [(Kernel(), 128), (Autotuned(), 64), (WithHeuristics(), 100)])
def test_triton_kernels_launched_bare(watched, kernel, block):
    x, y = torch.ones(300), torch.zeros(300)
    constants = {"BLOCK": block} if isinstance(kernel, Kernel) else {}

    def launch_it(grid):
        y.zero_()
        kernel[grid](x, y, 300, **constants)
        assert torch.equal(y, x)

    with torchtally.CountingGuard() as guard:
        launch_it((3,))
    assert guard.tally.unknown_operators == {"triton::saxpy": 1}
    assert set(guard.tally.by_operator) == {"triton::saxpy", "aten::zero_", "aten::equal"}  # not what the launch runs

    @torchtally.formula(kernel)
    def formula(call, cost):
        assert (call["n"], call["BLOCK"], call["grid"]) == (300, block, [-(-300 // block), 1, 1])
        cost.flops += 2 * call["n"]

    try:
        for grid in ((-(-300 // block),), lambda meta: (-(-meta["n"] // meta["BLOCK"]),)):
            with torchtally.CountingGuard() as guard:
                launch_it(grid)
            assert guard.tally.by_operator["triton::saxpy"].flops == 600
    finally:
        torchtally.formula.remove(kernel)
    with torchtally.CountingGuard() as guard, torchtally.PauseCounting():
        launch_it((3,))
    assert guard.tally.total.calls == 0


def test_triton_kernels_with_torchs_register_flop_formula(monkeypatch):
    from torch.utils import flop_counter as theirs

    from torchtally.flop_counter import FlopCounterMode, register_flop_formula

    monkeypatch.setattr(theirs, "_JITFunction", FakeKernel)
    kernel = FakeKernel()
    seen = []

    @register_flop_formula(kernel)
    def formula(*args, grid, kwargs, **others):
        seen.append((grid, kwargs["x_ptr"], kwargs["n"]))
        return 7

    try:
        with FlopCounterMode(display=False) as counter:
            launch(kernel, torch.ones(300), torch.zeros(300))
    finally:
        theirs.flop_registry.pop(kernel)
    assert counter.get_flop_counts() == {"Global": {kernel: 7}}
    assert seen == [([3, 1, 1], (300,), 300)]
