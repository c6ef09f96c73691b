"""torch.compile and higher-order operators under a guard."""

import pytest
import torch
from torch import nn
from torch._dynamo.callback import callback_handler

import torchtally


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
    if backend != "inductor":
        return
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


def test_higher_order_operators_count_what_they_run():
    from torch._higher_order_ops.while_loop import while_loop
    from torch.nn.attention.flex_attention import flex_attention

    a = torch.randn(4, 4)
    with torchtally.CountingGuard() as guard:
        torch.cond(torch.tensor(True), lambda x: x @ x.sin(), lambda x: (x @ x.sin()) @ x, (a,))
    assert guard.tally.total.macs == 64
    with torchtally.CountingGuard() as guard:
        while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, x @ x), (torch.tensor(0), a))
    assert guard.tally.total.macs == 3 * 64
    q = torch.randn(1, 2, 16, 8)
    with torchtally.CountingGuard() as guard:
        flex_attention(q, q, q)
    # 2 heads, 16 by 16, keys and values of 8
    assert guard.tally.total.macs == 2 * 16 * 16 * (8 + 8)
