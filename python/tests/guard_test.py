"""CountingGuard from Python: what is counted, for which module, and that nothing else changes."""

import concurrent.futures
import gc
import threading

import pytest
import torch
from torch import nn

import torchtally


class Block(nn.Module):
    def __init__(self, width=4):
        super().__init__()
        self.fc = nn.Linear(width, width, bias=False)

    def forward(self, x):
        return self.fc(x).relu()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(3, 4, bias=False)
        self.blocks = nn.ModuleList([Block(), Block()])
        self.head = nn.Linear(4, 2, bias=False)

    def forward(self, x):
        x = self.embed(x)
        for block in self.blocks:
            x = block(x)
        return self.head(x)


def macs(guard):
    return {name: cost.macs for name, cost in guard.tally.by_module.items()}


# 5 rows: 5·3·4 = 60; a block 5·4·4 = 80; the head 5·4·2 = 40.
def test_modules_of_a_model():
    net = Net()
    with torchtally.CountingGuard(net) as guard:
        net(torch.randn(5, 3))
    assert macs(guard) == {
        "": 260, "embed": 60, "blocks": 160, "blocks.0": 80, "blocks.0.fc": 80, "blocks.1": 80, "blocks.1.fc": 80, "head": 40,
    }  # fmt: skip
    assert guard.tally.total.macs == 260
    assert guard.tally.by_operator["aten::mm"].macs == 260
    assert guard.tally.by_module_and_operator["blocks.1"]["aten::mm"].macs == 80
    assert guard.tally.by_dtype["float32"].macs == 260
    assert guard.tally.parameters.total == 12 + 16 + 16 + 8
    assert guard.tally.uncalled_modules == []
    assert guard.tally.unknown_operators == {}


def test_without_a_model_names_are_by_type():
    net = Net()
    with torchtally.CountingGuard() as guard:
        net(torch.randn(5, 3))
        net(torch.randn(5, 3))
    assert macs(guard)["Net.blocks.1.fc"] == 160
    assert macs(guard)["Net"] == macs(guard)[""] == 520


# The input needs no gradient: embed 60, blocks 80 each, head 40 for weights; inputs of all but embed.
def test_backward_and_optimizer_count():
    net = Net()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with torchtally.CountingGuard(net) as guard:
        net(torch.randn(5, 3)).sum().backward()
        before = guard.tally.total
        optimizer.step()
    assert before.macs == 260 + 260 + 200
    # p += -0.1 g: two operations an element of 52
    assert guard.tally.total.flops - before.flops == 2 * 52


def test_shared_module_counts_under_its_first_name():
    net = Net()
    net.blocks[1] = net.blocks[0]
    with torchtally.CountingGuard(net) as guard:
        net(torch.randn(5, 3))
    assert macs(guard)["blocks.0"] == 160
    assert "blocks.1" not in macs(guard)
    assert guard.tally.modules[3].aliases == ["blocks.1"]
    assert guard.tally.parameters.total == 12 + 16 + 8


def test_uncalled_modules():
    net = Net()
    with torchtally.CountingGuard(net) as guard:
        net.head(torch.randn(5, 4))
    assert guard.tally.uncalled_modules == ["embed", "blocks", "blocks.0", "blocks.0.fc", "blocks.1", "blocks.1.fc"]


def test_any_inputs_and_outputs_and_control_flow():
    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 4, bias=False)

        def forward(self, given, *, times):
            x = given["x"]
            while times > 0:
                x, times = self.fc(x), times - 1
            return {"out": [x, None], "n": 3}

    odd = Odd()
    with torchtally.CountingGuard(odd) as guard:
        result = odd({"x": torch.randn(2, 4)}, times=3)
    assert result["n"] == 3
    assert macs(guard) == {"": 96, "fc": 96}


def test_methods_other_than_forward():
    net = Net()
    with torchtally.CountingGuard(net) as guard:
        with torchtally.ModuleScope(net.head):
            torch.randn(5, 4) @ torch.randn(4, 2)
            with torchtally.ModuleScope("extra"):
                torch.randn(5, 4) @ torch.randn(4, 1)
    assert macs(guard)["head"] == 60
    assert macs(guard)["head.extra"] == 20


def test_an_exception_leaves_the_modules_it_passes():
    class Failing(nn.Module):
        def __init__(self, error):
            super().__init__()
            self.fc = nn.Linear(4, 4, bias=False)
            self.error = error

        def forward(self, x):
            self.fc(x)
            raise self.error

    for error in (ValueError("no"), KeyboardInterrupt()):
        outer = nn.Sequential(Failing(error), nn.Linear(4, 4))
        with torchtally.CountingGuard(outer) as guard:
            with pytest.raises(type(error)):
                outer(torch.randn(2, 4))
            if isinstance(error, ValueError):
                torch.randn(2, 4) @ torch.randn(4, 1)
        assert macs(guard)["0.fc"] == 32
        assert macs(guard)[""] == 32 + (8 if isinstance(error, ValueError) else 0)
        assert macs(guard)["0"] == 32
        with torchtally.CountingGuard(outer) as guard:
            outer[1](torch.randn(2, 4))
        assert macs(guard) == {"": 32, "0": 0, "0.fc": 0, "1": 32}


def test_pause():
    a = torch.randn(4, 4)
    with torchtally.CountingGuard() as guard:
        a @ a
        with torchtally.PauseCounting():
            a @ a
            with torchtally.CountingGuard() as inside:
                a @ a
        a @ a
    assert guard.tally.total.macs == 128
    assert inside.tally.total.macs == 64


@pytest.mark.parametrize(
    "make",
    [
        torchtally.CountingGuard,
        torchtally.PauseCounting,
        lambda: torchtally.PhaseScope("other"),
        lambda: torchtally.ModuleScope("head"),
    ],
)
def test_what_is_open_is_not_opened_again(make):
    x = torch.randn(2, 2)
    with torchtally.CountingGuard() as guard:
        scope = make()
        with pytest.raises(torchtally.GuardMisuse, match="is open already: make another one"), scope, scope:
            pass
        with scope:
            pass
        x @ x
    assert guard.tally.total.macs == 8
    assert guard.tally.by_phase["forward"].macs == 8


def test_nested_guards_count_both_and_name_for_themselves():
    net = Net()
    with torchtally.CountingGuard(net) as outer:
        net.head(torch.randn(5, 4))
        with torchtally.CountingGuard(net.blocks[0]) as inner:
            net.blocks[0](torch.randn(5, 4))
    assert macs(outer)["blocks.0.fc"] == 80 and macs(outer)[""] == 120
    assert macs(inner) == {"": 80, "fc": 80}


def test_a_guard_used_again_counts_from_zero():
    a = torch.randn(4, 4)
    guard = torchtally.CountingGuard()
    for _ in range(2):
        with guard:
            a @ a
        assert guard.tally.total.macs == 64
    with guard, pytest.raises(torchtally.GuardMisuse, match="open already"):
        guard.__enter__()


def test_the_model_is_left_as_it_was():
    net = Net().train()
    net.head.eval()
    net(torch.randn(5, 3))
    before = {name: (dict(module.__dict__), module.training) for name, module in net.named_modules()}
    state = {name: (value.data_ptr(), value.clone()) for name, value in net.state_dict().items()}
    keys = list(net.state_dict())
    with torchtally.CountingGuard(net):
        net(torch.randn(5, 3))
        during = {name: (dict(module.__dict__), module.training) for name, module in net.named_modules()}
        with pytest.raises(RuntimeError):
            net(torch.randn(5, 2))
    after = {name: (dict(module.__dict__), module.training) for name, module in net.named_modules()}
    assert before == during == after
    assert list(net.state_dict()) == keys
    assert all(value.data_ptr() == state[name][0] and value.equal(state[name][1]) for name, value in net.state_dict().items())
    assert not nn.modules.module._has_any_global_hook()


def test_results_are_the_same_bits():
    net = Net()
    x = torch.randn(5, 3)
    plain = net(x)
    plain.sum().backward()
    gradients = [p.grad.clone() for p in net.parameters()]
    net.zero_grad()
    with torchtally.CountingGuard(net):
        counted = net(x)
        counted.sum().backward()
    assert counted.equal(plain)
    assert all(p.grad.equal(g) for p, g in zip(net.parameters(), gradients))


def test_a_new_module_at_an_old_address_is_not_taken_for_it():
    with torchtally.CountingGuard() as guard:
        for width in range(1, 50):
            nn.Linear(width, 1, bias=False)(torch.randn(1, width))
            nn.Bilinear(width, 1, 1, bias=False)
            gc.collect(0)
    assert set(macs(guard)) == {"", "Linear"}
    assert macs(guard)["Linear"] == sum(range(1, 50))


def test_another_thread_has_guards_of_its_own():
    a = torch.randn(4, 4)
    net = Net()

    def work():
        net(torch.randn(5, 3))
        with torchtally.CountingGuard(net) as other:
            net(torch.randn(5, 3))
        assert other.tally.total.macs == 260

    with torchtally.CountingGuard(net) as guard:
        a @ a
        thread = torch_thread(work)
        thread.join()
    # its own product, and the model that the thread called before it had a guard
    assert guard.tally.total.macs == 64 + 260


def torch_thread(work):
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_script_module_is_attributed_by_itself():
    scripted = torch.jit.script(Block())
    with torchtally.CountingGuard(scripted) as guard:
        scripted(torch.randn(2, 4))
    assert macs(guard) == {"": 32, "fc": 32}
    assert [(module.name, module.calls, module.input_sizes) for module in guard.tally.modules] == [("", 1, [[2, 4]]), ("fc", 1, [[2, 4]])]
    # Inside of an eager model it is one module.
    outer = nn.Sequential(scripted)
    with torchtally.CountingGuard(outer) as guard:
        outer(torch.randn(2, 4))
    assert macs(guard)["0"] == 32


def test_lazy_modules():
    lazy = nn.Sequential(nn.LazyLinear(4, bias=False))
    with torchtally.CountingGuard(lazy) as guard:
        lazy(torch.randn(2, 3))
    assert macs(guard) == {"": 24, "0": 24}


def test_autocast_and_modes():
    net = Net()
    with torchtally.CountingGuard(net) as guard, torch.autocast("cpu", torch.bfloat16), torch.inference_mode():
        net(torch.randn(5, 3))
    assert {name: cost.macs for name, cost in guard.tally.by_dtype.items() if cost.macs} == {"bfloat16": 260}


def test_meta_and_fake_tensors():
    from torch._subclasses.fake_tensor import FakeTensorMode

    with torch.device("meta"):
        net = Net()
        with torchtally.CountingGuard(net) as guard:
            net(torch.randn(5, 3))
    assert guard.tally.total.macs == 260
    with FakeTensorMode():
        net = Net()
        with torchtally.CountingGuard(net) as guard:
            net(torch.randn(5, 3)).sum().backward()
    assert guard.tally.total.macs == 720


def test_wrong_model():
    with pytest.raises(TypeError, match="must be a torch.nn.Module, not str"):
        torchtally.CountingGuard("model.pt")


def test_phases_and_the_module_of_backward():
    net = Net()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with torchtally.CountingGuard(net) as guard:
        net(torch.randn(5, 3)).sum().backward()
        optimizer.step()
        with torchtally.PhaseScope("other"):
            net.head(torch.randn(5, 4))
    phases = {name: cost.macs for name, cost in guard.tally.by_phase.items()}
    assert phases == {"forward": 260, "backward": 460, "recompute": 0, "optimizer": 0, "other": 40}
    assert guard.tally.by_phase["optimizer"].flops == 104
    by_phase = guard.tally.by_module_and_phase
    assert {name: by_phase[name]["backward"].macs for name in ("embed", "blocks.0", "blocks.1.fc", "head")} == {
        "embed": 60, "blocks.0": 160, "blocks.1.fc": 160, "head": 80,
    }  # fmt: skip
    with pytest.raises(ValueError, match="no phase 'training'"), torchtally.PhaseScope("training"):
        pass


def test_forward_called_directly_is_known_by_its_parameters():
    net = Net()
    with torchtally.CountingGuard(net) as guard:
        net.blocks[1].forward(net.embed.forward(torch.randn(5, 3)))
    assert macs(guard) == {
        "": 140, "embed": 60, "blocks": 80, "blocks.0": 0, "blocks.0.fc": 0, "blocks.1": 80, "blocks.1.fc": 80, "head": 0,
    }  # fmt: skip


def test_modules_of_the_model_count_on_any_python_thread():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(3, 3)

        def forward(self, x, again=True):
            return self(self.fc(x), False) if again else self.fc(x)

    net, other, x = Twice(), nn.Linear(3, 3), torch.randn(5, 3)
    failing = nn.Sequential(net.fc, nn.Linear(4, 4))
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        with torchtally.CountingGuard(net) as outer, torchtally.CountingGuard(net) as guard:
            pool.submit(net, x).result()
            pool.submit(net, x).result()
            with pytest.raises(RuntimeError, match="shapes"):
                pool.submit(failing, x).result()  # a module of someone else's, with one of the model's inside
            pool.submit(other, x).result()
            pool.submit(torch.mm, x, torch.randn(3, 3)).result()
            with torchtally.PauseCounting():
                net(x)
        pool.submit(net, x).result()
    for tally in (guard.tally, outer.tally):
        assert tally.by_module["fc"].macs == 5 * 45, tally
        assert tally.total.macs == 5 * 45
    with torchtally.CountingGuard(net) as guard:
        thread = torch_thread(lambda: net(x).sum().backward())
        thread.join()
    # Beyond the module's forward it is for ThreadContext.
    assert (guard.tally.by_phase["forward"].macs, guard.tally.by_phase["backward"].macs) == (90, 0)


def test_replicas_of_data_parallel_count_on_their_threads():
    net, x = nn.Linear(3, 4), torch.randn(5, 3)
    replica = net._replicate_for_data_parallel()
    replica.weight, replica.bias = net.weight.detach(), net.bias.detach()
    with torchtally.CountingGuard(net) as guard:
        torch_thread(lambda: replica(x)).join()
    assert guard.tally.total.macs == 60


def test_threads_adopt():
    net = Net()
    with torchtally.CountingGuard(net) as guard:
        context = torchtally.ThreadContext()
        threads = [torch_thread(lambda: context.run(net, torch.randn(5, 3))) for _ in range(3)]
        for thread in threads:
            thread.join()
    assert macs(guard)["blocks.1.fc"] == 240
    assert macs(guard)[""] == 780


def test_checkpoint_recomputes():
    from torch.utils.checkpoint import checkpoint

    net = Net()
    with torchtally.CountingGuard(net) as guard:
        x = net.embed(torch.randn(5, 3))
        checkpoint(net.blocks[0], x, use_reentrant=False).sum().backward()
    assert guard.tally.by_module_and_phase["blocks.0"]["recompute"].macs == 80


def test_what_an_optimizers_closure_runs_is_not_the_optimizers():
    net = nn.Linear(8, 4, bias=False)
    x = torch.randn(2, 8)
    for optimizer in (torch.optim.SGD(net.parameters(), lr=0.1), torch.optim.LBFGS(net.parameters(), max_iter=2)):
        calls = 0

        def closure():
            nonlocal calls
            calls += 1
            optimizer.zero_grad()
            loss = net(x).square().sum()
            loss.backward()
            return loss

        with torchtally.CountingGuard(net) as guard:
            optimizer.step(closure)
        phases = guard.tally.by_phase
        assert phases["forward"].macs == phases["backward"].macs == calls * 2 * 8 * 4
        assert phases["optimizer"].flops > 0

    def fails():
        raise ValueError("mine")

    with torchtally.CountingGuard(net) as guard:
        with pytest.raises(ValueError, match="mine"):
            optimizer.step(fails)
        net(x)
    assert guard.tally.by_phase["forward"].macs == 2 * 8 * 4


class Fails(torch.optim.SGD):
    def step(self, closure=None):
        super().step()
        raise RuntimeError("mine")


@pytest.mark.parametrize("is_kept", [False, True])
def test_a_step_that_fails_ends_the_optimizers_phase(is_kept):
    net = nn.Linear(8, 4, bias=False)
    fails = Fails(net.parameters(), lr=0.1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    kept = []
    with torchtally.CountingGuard(net) as guard:
        for _ in range(2):
            net(torch.randn(2, 8)).sum().backward()
            try:
                fails.step()
            except RuntimeError as error:
                if is_kept:
                    kept.append(error)  # and with it the step's frame
            if not is_kept:
                torch.ones(8, 8) @ torch.ones(8, 8)
            optimizer.step()
    assert guard.tally.by_phase["optimizer"].flops == 2 * 2 * 64  # of both steps
    others = 0 if is_kept else 2 * 512
    assert guard.tally.total.macs - guard.tally.by_phase["optimizer"].macs == 2 * 2 * 64 + others
    assert guard.tally.by_phase["backward"].macs == 2 * 64


def test_accumulated_gradients_belong_to_the_parameters_owner():
    class Head(nn.Module):
        def forward(self, x, weight):
            return x @ weight.t()

    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Linear(4, 6, bias=False)
            self.head = Head()

        def forward(self, x):
            return self.head(self.head(x, self.embedding.weight.t()), self.embedding.weight)

    net, x = Tied(), torch.randn(2, 6)
    net(x).sum().backward()  # from now on .grad is there, and added to
    with torchtally.CountingGuard(net) as guard:
        net(x).sum().backward()
    by_operator = guard.tally.by_module_and_operator
    assert by_operator["embedding"]["aten::add_"].flops == 24
    assert "aten::add_" not in by_operator["head"]
    # Where two gradients meet: between nodes
    assert guard.tally.by_operator["aten::add"].flops == 24


def sizes(guard):
    return {module.name: (module.calls, module.input_sizes, module.output_sizes) for module in guard.tally.modules}


def test_sizes_of_modules():
    class Inner(nn.Module):
        def forward(self, pair, *, named):
            return {"sum": pair[0] + named["x"], "parts": [pair[1], (pair[1], 3)]}

    class Outer(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 6)
            self.inner = Inner()

        def forward(self, x, scale=1):
            y = self.fc(x)
            return self.inner((y, x), named={"x": y * scale})["sum"]

    model = Outer()
    with torchtally.CountingGuard(model) as guard:
        model(torch.ones(2, 4))
        model(scale=2, x=torch.ones(3, 4))
    assert sizes(guard) == {
        "": (2, [[3, 4]], [[3, 6]]),
        "fc": (2, [[3, 4]], [[3, 6]]),
        "inner": (2, [[3, 6], [3, 4], [3, 6]], [[3, 6], [3, 4], [3, 4]]),
    }
    table = guard.table(columns=["module_calls", "inputs", "outputs"])
    assert "3x6, 3x4, 3x6" in table


def test_sizes_where_there_is_little_to_tell():
    class Odd(nn.Module):
        def forward(self, x):
            itself = []
            itself.append(itself)
            return [itself, torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]), x.to_sparse(), "text", None]

    class Unwilling(torch.Tensor):
        @staticmethod
        def __new__(cls, size):
            return torch.Tensor._make_wrapper_subclass(cls, size, dispatch_sizes_strides_policy="sizes")

        @classmethod
        def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
            raise RuntimeError("no " + str(func))

    class Passes(nn.Module):
        def forward(self, x):
            return x

    class Fails(nn.Module):
        def forward(self, x):
            raise ValueError("fails")

    model = nn.ModuleDict({"odd": Odd(), "passes": Passes(), "fails": Fails()})
    with torchtally.CountingGuard(model) as guard:
        model["odd"](torch.ones(2))
        model["passes"](Unwilling((5, 7)))
        with pytest.raises(ValueError, match="fails"):
            model["fails"](torch.ones(2))
    assert sizes(guard) == {
        "": (0, [], []),
        "odd": (1, [[2]], [[2]]),  # the sparse one's
        "passes": (1, [], []),
        "fails": (1, [], []),
    }


def test_sizes_of_fake_tensors():
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode():
        model = nn.Linear(1 << 20, 1 << 20)
        with torchtally.CountingGuard(model) as guard:
            model(torch.empty(8, 1 << 20))
    assert sizes(guard) == {"": (1, [[8, 1 << 20]], [[8, 1 << 20]])}


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.up = nn.Linear(4, 8)
        self.down = nn.Linear(8, 2)

    def forward(self, x, fail=False):
        x = self.up(x)
        if fail:
            raise ValueError("fails")
        return self.down(x)


def test_module_formulas():
    seen = []

    def linear(call, cost):
        seen.append((call.name, call.type, call.input_sizes, call.output_sizes))
        rows, width = call.input_sizes[0]
        cost.add_macs(rows * width * 1000)

    formulas = torchtally.FormulaSet().set_module(nn.Linear, linear)
    formulas.set_module("down", lambda call, cost: cost.add_macs(7), replaces=False)
    with torchtally.CountingGuard(Mlp(), formulas=formulas) as guard:
        model = guard._model
        model(torch.ones(3, 4)).sum().backward()
    assert seen == [("up", "Linear", [[3, 4]], [[3, 8]])]
    tally = guard.tally
    # up: 3 rows of 4, a thousand each, instead of 3*4*8; down: 7 and 3*8*2. Backward as it ran: up's weight, down's weight and input.
    assert tally.by_module_and_phase["up"]["forward"].macs == 12000
    assert tally.by_module_and_phase["down"]["forward"].macs == 7 + 48
    assert tally.by_phase["backward"].macs == 96 + 48 + 48
    assert tally.by_operator["torchtally::module(Linear, replaced)"].macs == 12000
    assert tally.by_operator["torchtally::module(down)"].macs == 7


def test_module_formula_of_a_class_is_not_for_others_of_its_name():
    def made():
        class Attention(nn.Linear):
            pass

        return Attention

    first, second = made(), made()
    formulas = torchtally.FormulaSet().set_module(first, lambda call, cost: cost.add_macs(1000))
    model = nn.Sequential(first(4, 4), second(4, 4), nn.Linear(4, 4), type("Sub", (first,), {})(4, 4))
    for known in (model, None):
        with torchtally.CountingGuard(known, formulas=formulas) as guard:
            model(torch.ones(2, 4))
        assert [cost.macs for cost in guard.tally.by_module.values()][-4:] == [1000, 32, 32, 32]
        assert guard.tally.by_operator["torchtally::module(Attention, replaced)"].macs == 1000
    formulas.set_module(second, lambda call, cost: cost.add_macs(7)).set_module("Attention", lambda call, cost: cost.add_macs(8))
    with torchtally.CountingGuard(model, formulas=formulas.set_module("0", lambda call, cost: cost.add_macs(9))) as guard:
        model(torch.ones(2, 4))
    assert [guard.tally.by_module[name].macs for name in "0123"] == [9, 7, 32, 32]


def test_module_formula_for_no_module():
    for wrong in (42, nn.Linear(1, 1), dict):
        with pytest.raises(TypeError, match="wants a class of modules"):
            torchtally.FormulaSet().set_module(wrong, lambda call, cost: None)


def test_module_formula_that_raises():
    def broken(call, cost):
        raise KeyError("no such size")

    model = Mlp()
    with torchtally.CountingGuard(model, formulas=torchtally.FormulaSet().set_module("up", broken)) as guard:
        with pytest.raises(KeyError, match="no such size"):
            model(torch.ones(3, 4))
        torch.ones(3, 4) @ torch.ones(4, 5)
    assert macs(guard)[""] == 60  # at the root again, and nothing replaced
    assert not torch.nn.modules.module._has_any_global_hook()


def test_a_call_that_raises_has_no_cost_as_a_whole():
    model = Mlp()
    formulas = torchtally.FormulaSet().set_module(Mlp, lambda call, cost: cost.add_macs(1000), replaces=False)
    with torchtally.CountingGuard(model, formulas=formulas) as guard:
        with pytest.raises(ValueError, match="fails"):
            model(torch.ones(3, 4), fail=True)
        with pytest.raises(ValueError, match="fails"), torchtally.ModuleScope(model):
            raise ValueError("fails")
    assert guard.tally.total.macs == 96


def test_cost_given_to_a_scope():
    cost = torchtally.Cost()
    cost.add_macs(5)
    with torchtally.CountingGuard() as guard:
        with torchtally.ModuleScope("kernel", cost=cost, replaces=True):
            torch.ones(3, 4) @ torch.ones(4, 5)
        with torchtally.ModuleScope("more", cost=cost):
            torch.ones(3, 4) @ torch.ones(4, 5)
        with pytest.raises(ValueError), torchtally.ModuleScope("failed", cost=cost):
            raise ValueError
    assert macs(guard) == {"": 70, "kernel": 5, "more": 65, "failed": 0}
    with pytest.raises(TypeError, match="set_module"):
        torchtally.ModuleScope(nn.Linear(1, 1), cost=cost)
    with pytest.raises(TypeError, match="replaces=True wants the cost"):
        torchtally.ModuleScope("kernel", replaces=True)


def test_lazy_modules_are_what_they_have_become():
    model = nn.Sequential(nn.LazyConv2d(4, 3), nn.Flatten(), nn.LazyLinear(2, bias=False))
    with torchtally.CountingGuard(model) as guard:
        before = guard.tally
        model(torch.ones(1, 3, 8, 8))
        inside = guard.tally
    assert (before.modules[1].type, before.parameters.total) == ("LazyConv2d", 0)
    for tally in (inside, guard.tally):
        modules = {module.name: (module.type, module.parameters.total, module.parameters.trainable) for module in tally.modules}
        assert modules["0"] == ("Conv2d", 112, 112) and modules["2"] == ("Linear", 288, 288)
        assert tally.parameters.total == modules[""][1] == 400
        assert tally.by_module["0"].macs == 4 * 27 * 36
    assert "LazyLinear" not in guard.table()


def test_arguments_of_the_wrong_kind():
    with pytest.raises(TypeError, match="a name or a torch.nn.Module, not int"):
        torchtally.ModuleScope(3)
    with pytest.raises(TypeError, match="torchtally.FormulaSet, not str"):
        torchtally.CountingGuard(formulas="x")


def test_hooks_without_kwargs(monkeypatch):
    monkeypatch.setattr("torchtally._hooks._WITH_KWARGS", {})  # as of older PyTorch
    model = Mlp()
    formulas = torchtally.FormulaSet().set_module(nn.Linear, lambda call, cost: cost.add_macs(call.output_sizes[0][1]))
    with torchtally.CountingGuard(model, formulas=formulas) as guard:
        model(torch.ones(3, 4))
        with pytest.raises(ValueError, match="fails"):
            model(torch.ones(5, 4), fail=True)
    assert sizes(guard) == {"": (2, [[3, 4]], [[3, 2]]), "up": (2, [[5, 4]], [[5, 8]]), "down": (1, [[3, 8]], [[3, 2]])}
    assert guard.tally.total.macs == 8 + 2 + 8
