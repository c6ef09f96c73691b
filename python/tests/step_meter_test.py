"""StepMeter from Python."""

import collections
import concurrent.futures
import dataclasses
import json
import types
import warnings

import pytest
import torch
from torch import nn

import torchtally


def test_steps():
    net = nn.Linear(8, 4, bias=False)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    meter = torchtally.StepMeter(peak_flops=1e12, every=2)
    records = []
    for rows in (2, 2, 2, 3):
        batch = {"x": torch.randn(rows, 8)}
        with meter.step(batch):
            net(batch["x"]).sum().backward()
            optimizer.step()
            has_hooks = nn.modules.module._has_any_global_hook()
        records.append(meter.last)
        assert has_hooks != meter.last.reused  # what is not counted costs nothing
    assert [record.step for record in records] == [1, 2, 3, 4]
    assert [record.reused for record in records] == [False, True, False, False]
    assert [record.by_phase["forward"].macs for record in records] == [64, 64, 64, 96]
    assert [record.by_phase["backward"].macs for record in records] == [64, 64, 64, 96]
    assert records[0].by_phase["optimizer"].flops == 64
    assert records[0].model_flops == records[0].hardware_flops == 256
    assert 0 < records[0].mfu < 1 and records[0].seconds > 0
    assert json.loads(records[0].to_json_line())["step"] == 1
    assert "step 4" in str(records[3])
    assert meter.tally.by_module["Linear"].macs == 2 * 128 + 192
    assert not nn.modules.module._has_any_global_hook()


def test_a_step_that_fails_is_not_recorded():
    x = torch.ones(2, 2)
    meter = torchtally.StepMeter(every=0)
    for error in (ValueError, KeyboardInterrupt):
        with pytest.raises(error, match="mine"), meter.step([x]):
            x @ x
            raise error("mine")
        assert not nn.modules.module._has_any_global_hook()
        assert meter.last.step == 0
    with meter.step([x]):
        x @ x @ x
    assert (meter.last.step, meter.last.reused, meter.last.total.macs) == (1, False, 16)
    with meter.step([x]):
        pass
    assert (meter.last.step, meter.last.reused, meter.last.total.macs) == (2, True, 16)


def test_an_interrupt_in_a_module_is_what_the_step_ends_with():
    class Interrupted(nn.Module):
        def forward(self, x):
            raise KeyboardInterrupt("mine")  # passes PyTorch's hook by

    meter = torchtally.StepMeter()
    with pytest.raises(KeyboardInterrupt, match="mine"), meter.step():
        Interrupted()(torch.ones(1))
    with meter.step():
        pass
    assert meter.last.step == 1


def test_a_new_module_at_an_old_address_is_not_taken_for_it():
    meter = torchtally.StepMeter()
    known = set()
    comes_again = False
    for _ in range(50):
        for make in (lambda: nn.Linear(4, 4, bias=False), lambda: nn.Sequential(nn.Bilinear(2, 2, 4, bias=False))):
            net = make()
            x = torch.ones(1, net.in_features if isinstance(net, nn.Linear) else 2)
            comes_again |= id(net) in known
            known.add(id(net))
            with meter.step():
                net(x) if isinstance(net, nn.Linear) else net[0](x, x)
            del net
    assert comes_again and len(meter._living._known) == 0
    calls = {module.name: module.calls for module in meter.tally.modules if module.calls > 0}
    assert calls == {"Linear": 50, "Bilinear": 50}


@dataclasses.dataclass
class Batch:
    tensor: torch.Tensor
    itself: object = None


@pytest.mark.parametrize(
    "put",
    [
        lambda x: x,
        lambda x: {"x": [x, None, "text", 7]},
        lambda x: collections.UserDict(x=x),
        lambda x: [collections.UserDict(x=collections.UserList([x]))],
        lambda x: types.MappingProxyType({"x": x}),
        lambda x: {x},
        lambda x: (frozenset([x]), collections.deque([x])),
        Batch,
        lambda x: [Batch([Batch(x)])],
    ],
)
def test_inputs_in_any_structure(put):
    meter = torchtally.StepMeter(every=0)
    reused = []
    for rows in (2, 3, 2):
        with meter.step(put(torch.ones(rows, 2))):
            pass
        reused.append(meter.last.reused)
    assert reused == [False, False, True]


def test_inputs_that_hold_no_tensor_are_passed_over():
    around_itself = Batch(torch.ones(2))
    around_itself.itself = around_itself
    numbers = iter([torch.ones(2)])
    meter = torchtally.StepMeter(every=0)
    for inputs in (around_itself, [torch.ones(2), numbers, Batch, "text", b"bytes", range(10**12), object(), collections.UserDict()]):
        with meter.step(inputs):
            pass
    assert meter.last.reused and len(list(numbers)) == 1


def test_modules_of_a_model():
    net = nn.Sequential(nn.Linear(4, 4, bias=False), nn.ReLU(), nn.Linear(4, 2, bias=False))
    net.register_module("spare", nn.Linear(3, 3))
    meter = torchtally.StepMeter(net)
    x = torch.randn(2, 4)
    for _ in range(2):
        with meter.step():
            net[2](net[0].forward(x)).sum().backward()  # forward() has no hooks: it is known by its parameters
    assert (meter.tally.by_module["0"].macs, meter.tally.by_module["2"].macs) == (2 * 64, 2 * 48)
    assert meter.tally.parameters.total == 16 + 8 + 12
    assert meter.tally.uncalled_modules == ["1", "spare"]
    with pytest.raises(TypeError, match="must be a torch.nn.Module, not int"):
        torchtally.StepMeter(1)


def test_modules_of_the_model_count_on_any_python_thread():
    net, x = nn.Linear(4, 4), torch.randn(2, 4)
    meter = torchtally.StepMeter(net)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        for _ in range(2):
            with meter.step():
                pool.submit(net, x).result()
            pool.submit(net, x).result()
    assert meter.last.total.macs == 32 and meter.tally.total.macs == 64


def test_script_module_is_attributed_by_itself():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        net = torch.jit.script(nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 2)))
    meter = torchtally.StepMeter(net)
    for _ in range(3):
        with meter.step():
            net(torch.randn(2, 4))
    assert {name: cost.macs for name, cost in meter.tally.by_module.items()} == {"": 144, "0": 96, "1": 48}


def test_a_part_of_the_model_that_is_replaced_is_forgotten():
    net = nn.Sequential(nn.Linear(4, 4))
    meter = torchtally.StepMeter(net)
    net[0] = nn.Identity()
    assert set(meter._living._known) == {id(net)}


def test_on_step_and_differing_steps():
    x = torch.ones(2, 2)
    seen = []

    def on_step(record):
        x @ x
        seen.append((record.step, record.reused, record.total.macs))
        if record.step == 3:
            raise ValueError("mine")

    meter = torchtally.StepMeter(every=2, on_step=on_step)
    with torchtally.CountingGuard() as guard:
        for _ in range(2):
            with meter.step([x]):
                x @ x
        assert meter.differing_steps == 0
        with pytest.raises(ValueError, match="mine"), meter.step([x]):
            x @ x @ x
        with pytest.raises(KeyError), meter.step([x]):
            raise KeyError
    assert seen == [(1, False, 8), (2, True, 8), (3, False, 16)]
    assert meter.differing_steps == 1
    assert guard.tally.total.macs == 8 + 8 + 16


def test_peak():
    assert torchtally.measure_peak(0.01) > 1e6
