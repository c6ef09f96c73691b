"""Formulas of one's own."""

import pytest
import torch

import torchtally


@pytest.fixture(scope="module")
def library():
    library = torch.library.Library("ttpytest", "DEF")
    library.define("scaled(Tensor x, Tensor weight, Tensor[] others, float scale, int[] sizes=[], str name='a') -> Tensor")
    library.impl("scaled", lambda x, weight, others, scale, sizes=(), name="a": x @ weight * scale, "CompositeExplicitAutograd")
    yield torch.ops.ttpytest.scaled
    library._destroy()


def test_unknown_until_it_has_a_formula(library):
    x, w = torch.randn(2, 3), torch.randn(3, 4)
    with torchtally.CountingGuard() as guard:
        library(x, w, [], 2.0)
    assert guard.tally.unknown_operators == {"ttpytest::scaled": 1}
    assert guard.tally.total.macs == 24  # of what it calls inside

    seen = []

    @torchtally.formula("ttpytest::scaled")
    def scaled(call, cost):
        seen.append(call)
        assert call.name == "ttpytest::scaled"
        assert call["x"].shape == (2, 3) and call[1].shape == (3, 4)
        assert call["scale"] == 2.0 and call["sizes"] == [7, 8] and call["name"] == "b"
        assert [tensor.shape for tensor in call["others"]] == [(2, 3), (3, 4)]
        assert call["nothing"] is None
        assert call.output().shape == (2, 4) and call.output().dtype == "float32"
        assert call["x"].size(-1) == 3 and call["x"].numel() == 6 and call["x"].strides == (3, 1)
        assert cost.calls == 1 and cost.activations == 8
        cost.add_macs(1000)
        cost.flops += 5

    try:
        with torchtally.CountingGuard() as guard:
            library(x, w, [x, w], 2.0, [7, 8], "b")
    finally:
        torchtally.formula.remove("ttpytest::scaled")
    assert guard.tally.unknown_operators == {}
    assert (guard.tally.total.macs, guard.tally.total.flops) == (1000, 2005)
    with pytest.raises(ValueError, match="while the formula runs"):
        seen[0].name
    with torchtally.CountingGuard() as guard:
        library(x, w, [], 2.0)
    assert guard.tally.unknown_operators == {"ttpytest::scaled": 1}


def test_of_one_guard():
    formulas = torchtally.FormulaSet().set("aten::linear", lambda call, cost: cost.add_macs(7)).ignore("aten::relu")
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU())
    with torchtally.CountingGuard(net, formulas=formulas) as guard:
        net(torch.randn(2, 3))
    assert guard.tally.by_module["0"].macs == 7
    assert guard.tally.zero_operators["aten::relu"] == "ignored"
    with torchtally.CountingGuard(net) as guard:
        net(torch.randn(2, 3))
    assert guard.tally.by_module["0"].macs == 24


def test_on_the_thread_of_the_backward_pass(library):
    calls = []
    formulas = torchtally.FormulaSet().set("aten::threshold_backward", lambda call, cost: calls.append(call["grad_output"].shape))
    x = torch.randn(2, 3, requires_grad=True)
    with torchtally.CountingGuard(formulas=formulas):
        x.relu().sum().backward()
    assert calls == [(2, 3)]


def test_an_error_in_a_formula_reaches_the_caller():
    def broken(call, cost):
        raise LookupError("no such shape")

    with torchtally.CountingGuard(formulas=torchtally.FormulaSet().set("aten::relu", broken)):
        with pytest.raises(Exception, match="no such shape"):
            torch.randn(2).relu()


def test_a_malformed_name():
    with pytest.raises(ValueError):
        torchtally.formula("relu")
