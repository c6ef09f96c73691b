"""torchtally.fvcore against fvcore: the same numbers, but where fvcore's are wrong, and then why. peers_own_tests.py runs fvcore's own
tests with the import changed."""

import functools
import inspect
import logging
from collections import Counter

import pytest
import tabulate
import torch
import torch.nn.functional as F
from torch import nn

import torchtally.fvcore as ours

peer = pytest.importorskip("fvcore.nn", reason="fvcore is not installed: run third_party/bootstrap.sh")


class Wrapped(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *args):
        return self.function(*args)


class Mixed(nn.Module):
    """A bit of everything that fvcore has a handle for, a shared module, one that is never called, and one called by forward()."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(inplace=True))
        self.depthwise = nn.Conv2d(8, 8, 3, groups=8)
        self.up = nn.ConvTranspose2d(8, 4, 4, stride=2)
        self.norm = nn.GroupNorm(2, 4)
        self.instance = nn.InstanceNorm2d(4, affine=True)
        self.shared = nn.Linear(4, 4)
        self.again = self.shared
        self.by_forward = nn.Linear(4, 4)
        self.unused = nn.Linear(5, 5)
        self.layer_norm = nn.LayerNorm(4)
        self.dropout = nn.Dropout(0.5)

    def forward(self, x):
        x = self.instance(self.norm(self.up(self.depthwise(self.conv(x)))))
        x = F.interpolate(x, scale_factor=2, mode="bilinear")
        x = F.interpolate(x, scale_factor=2, mode="nearest")
        grid = torch.zeros(x.shape[0], 5, 5, 2)
        x = F.grid_sample(x, grid, align_corners=False)
        x = F.adaptive_avg_pool2d(x, 1).flatten(1)
        x = self.by_forward.forward(self.again(self.shared(x)))
        x = self.layer_norm(self.dropout(x))
        y = torch.einsum("bi,bj->bij", x, x) @ torch.ones(x.shape[0], 4, 2)
        return torch.sigmoid(torch.bmm(y.transpose(1, 2), y)) + x.sum()


def analyses(model, inputs, kind="FlopCountAnalysis", **switches):
    made = []
    for module in (peer, ours):
        torch.manual_seed(0)
        analysis = getattr(module, kind)(model, inputs)
        analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False).tracer_warnings("none")
        for name, value in switches.items():
            getattr(analysis, name)(value)
        made.append(analysis)
    return made


@pytest.mark.parametrize("mode", ["owner", "caller"])
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("kind", ["FlopCountAnalysis", "ActivationCountAnalysis"])
def test_a_model_of_everything(kind, training, mode):
    theirs, own = analyses(Mixed().train(training), torch.randn(2, 3, 8, 8), kind, ancestor_mode=mode)
    expected = theirs.by_module_and_operator()
    if kind == "FlopCountAnalysis":
        # fvcore halves what numpy says of an outer product: 2·4·4 products, and no sums that would pair with them
        assert expected[""]["einsum"] == 16
        expected[""]["einsum"] = 32
    assert own.by_module_and_operator() == expected
    assert own.uncalled_modules() == theirs.uncalled_modules()
    assert own.unsupported_ops() == theirs.unsupported_ops()


def test_names_and_tables(monkeypatch):
    if "preserve_whitespace" in inspect.signature(tabulate.tabulate).parameters:
        # fvcore asks for it by a variable that tabulate reads no more, and its tables have lost their indentation
        monkeypatch.setattr(tabulate, "tabulate", functools.partial(tabulate.tabulate, preserve_whitespace=True))
    model = Mixed().eval()
    assert set(ours.__all__) <= set(dir(peer))
    for theirs, own in (
        (peer.parameter_count(model), ours.parameter_count(model)),
        (peer.parameter_count_table(model, 2), ours.parameter_count_table(model, 2)),
    ):
        assert own == theirs
    part = [nn.Sequential(model.conv, model.depthwise), torch.randn(2, 3, 8, 8)]
    theirs, own = analyses(*part)
    their_acts, own_acts = analyses(*part, kind="ActivationCountAnalysis")
    assert ours.flop_count_table(own, activations=own_acts) == peer.flop_count_table(theirs, activations=their_acts)
    assert ours.flop_count_table(own, 1, show_param_shapes=False) == peer.flop_count_table(theirs, 1, show_param_shapes=False)
    own_text, their_text = ours.flop_count_str(own, own_acts), peer.flop_count_str(theirs, their_acts)
    assert own_text.splitlines()[-20:] == their_text.splitlines()[-20:]


def test_functions():
    linear, x = nn.Linear(8, 4), torch.randn(5, 8)
    assert ours.flop_count(linear, (x,)) == peer.flop_count(linear, (x,))
    assert ours.activation_count(linear, (x,)) == peer.activation_count(linear, (x,))
    handles = {"aten::sigmoid": lambda inputs, outputs: Counter({"sig": 7})}
    net = nn.Sequential(linear, nn.Sigmoid())
    assert ours.flop_count(net, (x,), handles) == peer.flop_count(net, (x,), handles)


def test_handles_see_what_they_see_in_a_trace():
    seen = []

    def look(inputs, outputs):
        seen.append(
            (
                [value.type().sizes() if value.isCompleteTensor() else None for value in inputs],
                [value.type().sizes() for value in outputs],
                inputs[3].toIValue() if len(inputs) > 3 else None,
            )
        )
        return 1

    model = Wrapped(lambda x: F.layer_norm(x, (4,)).softmax(-1))
    for analysis in analyses(model, torch.randn(2, 4)):
        analysis.set_op_handle("aten::layer_norm", look, "aten::softmax", look).total()
    assert seen[:2] == seen[2:]


@pytest.mark.parametrize(
    "ask",
    [
        lambda inputs, outputs: [type(value.debugName()) for value in inputs],
        lambda inputs, outputs: [type(outputs[0].unique()), inputs[0].toIValue(), inputs[1].toIValue()],
        lambda inputs, outputs: [inputs[0].type().dtype(), inputs[0].type().scalarType()],
        lambda inputs, outputs: [value.type().kind() for value in inputs],
        lambda inputs, outputs: [value.node().kind() for value in (*inputs, *outputs)],
    ],
)
def test_values_are_those_of_a_trace(ask):
    seen = []

    def look(inputs, outputs):
        seen.append(ask(inputs, outputs))
        return 1

    for analysis in analyses(Wrapped(lambda x: x.softmax(-1)), torch.randn(2, 4, dtype=torch.float64)):
        analysis.set_op_handle("aten::softmax", look).total()
    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    "model",
    [
        Wrapped(lambda x: F.cross_entropy(x, torch.tensor([0, 1]))),
        Wrapped(lambda x: x.clone().detach_() + torch.as_tensor([1.0, 2.0, 3.0, 4.0])),
        nn.DataParallel(nn.Sequential(nn.Linear(4, 4), nn.Sigmoid())),
    ],
)
def test_nothing_that_a_trace_does_not_have(model):
    theirs, own = analyses(model, torch.randn(2, 4))
    assert own.by_module_and_operator() == theirs.by_module_and_operator()
    assert own.unsupported_ops() == theirs.unsupported_ops()


def test_custom_functions():
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x @ x

    model, x = Wrapped(lambda x: Double.apply(x)), torch.randn(3, 3)
    for analysis in analyses(model, x):
        assert analysis.set_op_handle("prim::PythonOp.Double", lambda inputs, outputs: 42).total() == 42
    theirs, own = analyses(model, x)
    # fvcore does not look into it
    assert (theirs.total(), own.total()) == (0, 27)
    assert own.unsupported_ops() == theirs.unsupported_ops() == {"prim::PythonOp.Double": 1}


def test_errors_are_the_same():
    for module in (peer, ours):
        analysis = module.FlopCountAnalysis(nn.Linear(2, 2), torch.randn(1, 2))
        with pytest.raises(RuntimeError, match="should be computed"):
            analysis.unsupported_ops()
        with pytest.raises(KeyError):
            analysis.total("nothing")
        with pytest.raises(TypeError):
            analysis.set_op_handle("aten::linear")
        with pytest.raises(ValueError):
            analysis.ancestor_mode("neither")
        with pytest.raises(ValueError):
            analysis.tracer_warnings("loud")


def test_none_ignores_an_operator_that_has_a_handle():
    # fvcore's documentation says so, but it goes on counting by the handle
    theirs, own = analyses(nn.Linear(8, 4), torch.randn(5, 8))
    assert theirs.set_op_handle("aten::linear", None).total() == 160
    assert own.set_op_handle("aten::linear", None).total() == 0
    assert own.unsupported_ops() == {}


def test_copy_keeps_the_settings():
    _, own = analyses(Mixed().eval(), torch.randn(2, 3, 8, 8), ancestor_mode="caller")
    own.set_op_handle("aten::linear", None)
    copied = own.copy(new_inputs=torch.randn(4, 3, 8, 8))
    assert type(copied) is ours.FlopCountAnalysis
    assert copied.by_operator()["conv"] == 2 * own.by_operator()["conv"]
    assert "linear" not in copied.by_operator()


def test_warnings(caplog):
    with caplog.at_level(logging.WARNING):
        ours.FlopCountAnalysis(Mixed().eval(), torch.randn(2, 3, 8, 8)).total()
    assert "Unsupported operator aten::sigmoid encountered 1 time(s)" in caplog.text
    assert "by_forward, unused" in caplog.text


def test_the_model_is_left_as_it_was():
    model = Mixed()
    before = {name: dict(module.__dict__) for name, module in model.named_modules()}
    apply = torch.autograd.Function.__dict__["apply"]
    own = ours.FlopCountAnalysis(model, torch.randn(2, 3, 1, 1))
    with pytest.raises(RuntimeError):
        own.total()
    assert {name: dict(module.__dict__) for name, module in model.named_modules()} == before
    assert not nn.modules.module._has_any_global_hook()
    assert torch.autograd.Function.__dict__["apply"] is apply


# Where fvcore is wrong: its number, and the right one.
@pytest.mark.parametrize(
    "function, inputs, theirs, right",
    [
        # 10 times (4, 5) by (5, 6); fvcore forgets the broadcast of the first
        (torch.matmul, (torch.ones(4, 5), torch.ones(10, 5, 6)), 120, 1200),
        (lambda x: F.conv2d(x, torch.ones(2, 1, 3, 3), padding="same"), (torch.ones(1, 1, 4, 4),), 0, 288),
        # scores and weighted values: 2·3·3·4 each
        (lambda x: F.scaled_dot_product_attention(x, x, x), (torch.ones(1, 2, 3, 4),), 0, 144),
        (torch.baddbmm, (torch.ones(3, 4, 6), torch.ones(3, 4, 5), torch.ones(3, 5, 6)), 0, 360),
        (torch.mv, (torch.ones(4, 5), torch.ones(5)), 0, 20),
        (torch.dot, (torch.ones(5), torch.ones(5)), 0, 5),
        # two contractions, 4·4·16·8 in all; numpy prints the estimate rounded
        (lambda x: torch.einsum("bhid,bhjd->bhij", x, x), (torch.ones(2, 4, 32, 16),), 131050, 131072),
        # each of 2 · 16 · 3 output elements
        (F.bilinear, (torch.ones(2, 4), torch.ones(2, 5), torch.ones(3, 4, 5)), 0, 2 * 3 * 4 * 5 + 2 * 3 * 5),
        (torch.einsum, ("ii->i", torch.ones(4, 4)), 2, 0),
    ],
)
def test_where_fvcore_is_wrong(function, inputs, theirs, right):
    tensors = tuple(value for value in inputs if isinstance(value, torch.Tensor))
    rest = tuple(value for value in inputs if not isinstance(value, torch.Tensor))
    model = Wrapped(lambda *args: function(*rest, *args))
    with torch.no_grad():
        analysis = analyses(model, tensors)
        assert analysis[0].total() == theirs
        assert analysis[1].total() == right


def test_matrix_times_vector_where_fvcore_fails():
    model, inputs = Wrapped(torch.matmul), (torch.ones(4, 5), torch.ones(5))
    with pytest.raises(Exception):
        analyses(model, inputs)[0].total()
    assert analyses(model, inputs)[1].total() == 20


def test_recurrent_layers_which_fvcore_does_not_count():
    theirs, own = analyses(nn.LSTM(4, 8, num_layers=2), torch.randn(5, 3, 4))
    assert theirs.total() == 0
    # 15 steps of 4 gates of 8 units: from 4 inputs and 8 states, then from 8 and 8
    assert own.total() == 15 * 4 * 8 * (4 + 8 + 8 + 8)


def test_inputs_of_any_kind_which_cannot_be_traced():
    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 4)

        def forward(self, given, times):
            for _ in range(times):
                given["x"] = self.fc(given["x"])
            return given

    assert ours.FlopCountAnalysis(Odd(), ({"x": torch.randn(2, 4)}, 3)).total() == 3 * 32
