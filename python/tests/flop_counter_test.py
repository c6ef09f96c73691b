"""torchtally.flop_counter against torch.utils.flop_counter: same names, same numbers where torch's are right. peers_own_tests.py runs
PyTorch's own tests with the import changed."""

import contextlib
import io

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.flop_counter import FlopCounterMode as TorchMode

from torchtally.flop_counter import FlopCounterMode, flop_registry, register_flop_formula

aten = torch.ops.aten


def both(work, **arguments):
    """Runs the work under torch's counter and under ours."""
    results = []
    for mode in (TorchMode, FlopCounterMode):
        torch.manual_seed(0)
        with mode(display=False, **arguments) as counter:
            work()
        results.append(counter)
    return results


def t(*shape, **kwargs):
    return torch.randn(*shape, **kwargs)


@pytest.mark.parametrize(
    "work, flops",
    [
        (lambda: torch.mm(t(4, 5), t(5, 6)), 240),
        (lambda: torch.addmm(t(6), t(4, 5), t(5, 6), beta=0.5), 240),
        (lambda: torch.bmm(t(3, 4, 5), t(3, 5, 6)), 720),
        (lambda: torch.baddbmm(t(3, 4, 6), t(3, 4, 5), t(3, 5, 6)), 720),
        (lambda: torch.einsum("ab,bc->ac", t(6, 7), t(7, 8)), 672),
        (lambda: t(2, 3, 4) @ t(2, 4, 5), 240),
        # 2·2·5·5 outputs of 3·4·4 for 6 channels
        (lambda: F.conv2d(t(2, 3, 6, 6), t(6, 3, 4, 4), padding=1), 28800),
        (lambda: F.conv1d(t(2, 3, 6), t(6, 3, 4), padding=1), 1440),
        (lambda: F.conv_transpose2d(t(1, 1, 2, 2), t(1, 1, 2, 2)), 32),
        (lambda: t(4, 5).cos(), 0),
    ],
)
def test_operators(work, flops):
    torchs, ours = both(work)
    assert ours.get_total_flops() == torchs.get_total_flops() == flops
    assert ours.get_flop_counts().get("Global") == torchs.get_flop_counts().get("Global")


@pytest.mark.parametrize("channels", [(1, 1), (3, 7), (4, 2)])
@pytest.mark.parametrize("convolution", [F.conv2d, F.conv_transpose2d])
def test_backward_of_a_convolution(channels, convolution):
    def work():
        c_in, c_out = channels
        weight = t(c_in, c_out, 2, 2) if convolution is F.conv_transpose2d else t(c_out, c_in, 2, 2)
        convolution(t(1, c_in, 4, 4, requires_grad=True), weight.requires_grad_()).sum().backward()

    torchs, ours = both(work)
    assert ours.get_flop_counts()["Global"] == torchs.get_flop_counts()["Global"]
    assert ours.flop_counts["Global"][aten.convolution_backward] == 2 * ours.flop_counts["Global"][aten.convolution]


def test_backward_through_a_view():
    def work():
        a = torch.mm(t(4, 5, requires_grad=True), t(5, 6)).unsqueeze(0).expand(7, 4, 6)
        torch.bmm(a, t(7, 6, 7)).sum().backward()

    torchs, ours = both(work)
    # 240 + 7·4·6·7·2, and backward: the first for one operand, the second for one
    assert ours.get_total_flops() == torchs.get_total_flops() == 2 * (240 + 2352)


def test_function_with_a_backward_of_its_own():
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x @ x

        @staticmethod
        def backward(ctx, gradient):
            return gradient @ gradient + gradient @ gradient

    torchs, ours = both(lambda: Square.apply(t(5, 5, requires_grad=True)).sum().backward())
    assert ours.get_total_flops() == torchs.get_total_flops() == 750


def test_torchscript():
    scripted = torch.jit.script(lambda_free_square)
    torchs, ours = both(lambda: scripted(t(5, 5)))
    assert ours.get_total_flops() == torchs.get_total_flops() == 250


def lambda_free_square(x):
    return torch.mm(x, x)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3))
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        return self.head(self.features(x).mean((2, 3)))


def test_hierarchy_of_a_forward_pass():
    net = Net()
    torchs, ours = both(lambda: net(t(1, 3, 8, 8)))
    counts = ours.get_flop_counts()
    # torch's lists a module of which nothing is counted only if something is asked about it
    assert counts == {name: ops for name, ops in torchs.get_flop_counts().items() if ops}
    assert set(counts) == {"Global", "Net", "Net.features", "Net.features.0", "Net.features.2", "Net.head"}
    for depth in (None, 1, 3):  # but for the order of the operators of a module
        assert sorted(ours.get_table(depth).splitlines()) == sorted(torchs.get_table(depth).splitlines())


def test_counts_may_be_read_while_counting():
    with FlopCounterMode(display=False) as counter:
        t(4, 5) @ t(5, 6)
        assert counter.get_total_flops() == 240
        t(4, 5) @ t(5, 6)
    assert counter.get_total_flops() == 480
    with counter:
        t(4, 5) @ t(5, 6)
    assert counter.get_total_flops() == 240


def test_display():
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        with FlopCounterMode():
            t(4, 5) @ t(5, 6)
    assert [line.split() for line in out.getvalue().splitlines()[2:]] == [
        ["Global", "240", "100.00%"], ["-", "aten.mm", "240", "100.00%"],
    ]  # fmt: skip


def test_mods_warn_as_torchs():
    with pytest.warns(UserWarning, match="not needed anymore"):
        FlopCounterMode(Net(), display=False)


def test_custom_mapping():
    mapping = {aten.add: lambda *args, out_shape: 5}
    torchs, ours = both(lambda: t(4, 5) + t(4, 5), custom_mapping=mapping)
    assert ours.get_total_flops() == torchs.get_total_flops() == 5

    def elements(*args, out_val):
        return out_val.numel()

    elements._get_raw = True
    torchs, ours = both(lambda: t(4, 5) + t(4, 5), custom_mapping={aten.add: elements})
    assert ours.get_total_flops() == torchs.get_total_flops() == 20


def test_custom_formulas_get_the_arguments_as_they_were_passed():
    seen = []

    def formula(*args, out_shape, **kwargs):
        seen.append((args, kwargs, out_shape))
        return 1

    both(lambda: torch.addmm(t(6), t(4, 5), t(5, 6), beta=2), custom_mapping={aten.addmm: formula})
    both(lambda: torch.add(t(4), t(4), alpha=3), custom_mapping={aten.add: formula})
    both(lambda: torch.cat([t(4, 1), t(4, 2)], 1), custom_mapping={aten.cat: formula})
    both(lambda: t(4, 5).sum(1, keepdim=True), custom_mapping={aten.sum: formula})
    assert len(seen) == 8
    for torchs, ours in zip(seen[::2], seen[1::2]):
        assert ours == torchs


def test_register_flop_formula():
    library = torch.library.Library("ttflop", "DEF")
    library.define("twice(Tensor x) -> Tensor")
    library.impl("twice", lambda x: x + x, "CompositeExplicitAutograd")
    try:

        @register_flop_formula(torch.ops.ttflop.twice)
        def twice(shape, out_shape=None, **kwargs):
            return shape[0] * out_shape[1]

        with pytest.raises(RuntimeError, match="duplicate"):
            register_flop_formula(torch.ops.ttflop.twice)(twice)
        with FlopCounterMode(display=False) as counter:
            torch.ops.ttflop.twice(t(4, 5))
        assert counter.get_flop_counts() == {"Global": {torch.ops.ttflop.twice: 20}}
    finally:
        flop_registry.pop(torch.ops.ttflop.twice)
        library._destroy()
    with pytest.raises(ValueError, match="expected each target"):
        register_flop_formula("mm")(lambda: 0)


def test_every_name_of_torchs_module_is_there():
    import torch.utils.flop_counter as theirs

    import torchtally.flop_counter as ours

    for name in ("flop_registry", "register_flop_formula", "sdpa_flop_count", "sdpa_backward_flop_count", "conv_flop_count", "get_shape"):
        assert getattr(ours, name) is getattr(theirs, name)
    with pytest.raises(AttributeError):
        ours.nothing


def test_packed_flash_attention_whose_layout_torch_2_13_mistakes():
    b, s, h, d = 2, 12, 3, 8  # batch, sequence, heads, features
    q = torch.randn(b, s, h, d, device="meta", dtype=torch.float16)
    torchs, ours = both(lambda: aten._flash_attention_forward(q, q, q, None, None, s, s, 0.0, False, False))
    # scores and weighted values
    assert ours.get_total_flops() == 2 * b * h * s * s * (d + d)
    assert torchs.get_total_flops() == 2 * b * s * h * h * (d + d)


def test_what_others_registered_with_torch_counts_here_too():
    from torch.utils import flop_counter

    library = torch.library.Library("ttflop2", "DEF")
    library.define("twice(Tensor x) -> Tensor")
    library.impl("twice", lambda x: x + x, "CompositeExplicitAutograd")
    try:
        flop_counter.register_flop_formula(torch.ops.ttflop2.twice)(lambda shape, out_shape=None, **kwargs: 7)
        torchs, ours = both(lambda: torch.ops.ttflop2.twice(t(4, 5)))
        assert ours.get_total_flops() == torchs.get_total_flops() == 7
    finally:
        flop_counter.flop_registry.pop(torch.ops.ttflop2.twice)
        library._destroy()


# Where torch's counter is wrong, and who is right.


def test_grouped_convolution_backward_is_not_multiplied_by_the_groups():
    def work():
        F.conv2d(t(1, 4, 4, 4, requires_grad=True), t(4, 1, 2, 2, requires_grad=True), groups=4).sum().backward()

    torchs, ours = both(work)
    # 4 channels of 3·3 outputs of 1·2·2: 144 multiply-adds; the same again for either gradient
    assert ours.flop_counts["Global"][aten.convolution] == 288
    assert ours.flop_counts["Global"][aten.convolution_backward] == 576
    assert torchs.flop_counts["Global"][aten.convolution_backward] == 288 + 4 * 288


@pytest.mark.parametrize(
    "work, macs",
    [
        (lambda: torch.mv(t(4, 5), t(5)), 20),
        (lambda: torch.dot(t(5), t(5)), 5),
        (lambda: t(4, 6).addmm_(t(4, 5), t(5, 6)), 120),
        (lambda: torch.addbmm(t(4, 6), t(3, 4, 5), t(3, 5, 6)), 360),
        (lambda: F.bilinear(t(2, 3), t(2, 4), t(5, 3, 4)), 2 * 5 * 3 * 4 + 2 * 5 * 4),
        # scores and sums: 1·2·3·3·4 each
        (lambda: F.scaled_dot_product_attention(t(1, 2, 3, 4), t(1, 2, 3, 4), t(1, 2, 3, 4)), 144),
        # one step: 4 gates of 3 units from 2 inputs and 3 states
        (lambda: nn.LSTM(2, 3)(t(1, 1, 2)), 4 * 3 * (2 + 3)),
    ],
)
def test_what_torchs_counter_does_not_see(work, macs):
    with torch.no_grad():
        torchs, ours = both(work)
    assert torchs.get_total_flops() == 0
    assert ours.get_total_flops() == 2 * macs
