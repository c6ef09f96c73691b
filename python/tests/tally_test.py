"""What a Tally says, and in which forms."""

import csv
import io
import json
import os
import pickle

import pytest
import torch
from torch import nn

import torchtally


@pytest.fixture
def tally():
    net = nn.Sequential(nn.Linear(8, 4, bias=False), nn.GELU(), nn.Identity())
    with torchtally.CountingGuard(net) as guard:
        net(torch.randn(2, 8))
    return guard.tally


def test_costs(tally):
    cost = tally.by_module["0"]
    # 2·8·4; reads 2·8 + 8·4 floats, writes 2·4
    assert (cost.macs, cost.flops, cost.matmul_flops) == (64, 128, 128)
    assert (cost.bytes_read, cost.bytes_written, cost.bytes) == (192, 32, 224)
    assert cost.activations == 8
    assert cost.arithmetic_intensity == 128 / 224
    assert tally.by_module["1"].transcendentals == 8
    assert cost.as_dict()["macs"] == 64
    assert repr(tally.by_operator["aten::mm"]).startswith("Cost(macs=64, flops=128")
    assert (cost + cost).macs == 128


def test_json_has_the_schema_of_the_command(tally):
    report = json.loads(tally.to_json())
    assert report["schema"] == "torchtally/1"
    assert report["torch_version"] == torch.__version__.split("+")[0]
    assert report["by_module"]["0"]["macs"] == 64
    assert report["totals"] == tally.total.as_dict()


def test_rows_add_up(tally):
    assert sum(row["macs"] for row in tally.rows) == tally.total.macs
    row = next(row for row in tally.rows if row["operator"] == "aten::mm")
    assert (row["module"], row["module_type"], row["dtype"], row["verdict"]) == ("0", "Linear", "float32", "counted")


def test_dataframe(tally):
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    frame = tally.to_dataframe()
    assert isinstance(frame, pandas.DataFrame)
    assert frame.groupby("module").macs.sum()["0"] == 64


def test_text(tally):
    assert "Linear" in tally.table() and "64" in tally.table()
    assert "Linear" not in tally.table(depth=0)
    assert "0: Linear" in tally.tree()
    assert str(tally) == tally.table()


def test_notebook(tally):
    page = tally._repr_html_()
    assert page.count("<tr>") == 5 and "Linear" in page
    with torchtally.CountingGuard() as guard, torchtally.ModuleScope("<b>"):
        torch.ones(2)
    assert "&lt;b&gt;" in guard._repr_html_()


def test_rows_columns_and_order_are_those_asked_for(tally):
    rows = list(csv.DictReader(io.StringIO(tally.to_csv(by=["operator"], columns=["macs", "share"]))))
    assert rows[0]["operator"] == "aten::mm" and set(rows[0]) == {"operator", "macs", "share"}
    assert sum(int(row["macs"]) for row in rows) == 64
    table = tally.table(columns=["bytes"], sort="bytes", top=2)
    assert table.splitlines()[0].split() == ["Module", "Bytes"] and table.splitlines()[3] == "and 2 more"
    assert tally.to_markdown(1).startswith("| Module |")
    assert "and 2 more" in tally.tree(sort="flops", top=1)
    assert tally.to_folded("macs") == "Sequential;0;aten::mm 64\n"
    for wrong in (dict(by=["layer"]), dict(columns=["flop"]), dict(sort="type"), dict(ancestors="parent")):
        with pytest.raises(ValueError):
            tally.table(**wrong)


def test_by_caller():
    head = nn.Linear(4, 4, bias=False)

    class Body(nn.Module):
        def forward(self, x):
            return head(x)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.head, self.body = head, Body()

        def forward(self, x):
            return self.body(self.head(x))

    net = Net()
    with torchtally.CountingGuard(net) as guard:
        net(torch.randn(1, 4))
    assert guard.tally.to_folded("macs") == "Net;head;aten::mm 32\n"
    assert guard.tally.to_folded("macs", "caller") == "Net;head;aten::mm 16\nNet;body;(head);aten::mm 16\n"
    of_body = [line.split()[-1] for line in guard.table(columns=["macs"], ancestors="caller").splitlines() if line.startswith("body")]
    assert of_body == ["16"]
    assert "body.(head)" in guard.html(ancestors="caller")


def test_page(tally):
    assert tally.html("<title>", 1e12, 1e11).count("<h1>&lt;title&gt;</h1>") == 1


def test_times_and_trace(tmp_path):
    net = nn.Linear(8, 4)
    trace = tmp_path / "trace.json"
    with torchtally.CountingGuard(net, trace=trace, times=True) as guard:
        net(torch.randn(2, 8))
        assert not trace.exists()
    slices = [event for event in json.loads(trace.read_text())["traceEvents"] if event["ph"] == "X"]
    assert sum(event["args"]["flops"] for event in slices) == guard.tally.total.flops
    assert list(tmp_path.iterdir()) == [trace]
    assert "aten::addmm" in guard.times_table() and "Of roofline" in guard.times_table("module", peak_flops=1e12, bandwidth=1e11)
    data = json.loads(guard.html().split('id="data">', 1)[1].split("</script>", 1)[0])
    assert sum(pair[-1] for pair in data["pairs"]) > 0
    with pytest.raises(OSError):
        with torchtally.CountingGuard(net, trace=tmp_path / "nowhere" / "trace.json"):
            pass
    with pytest.raises(ValueError, match="times=True"):
        torchtally.CountingGuard(net).times_table()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_a_trace_on_a_full_disk_leaves_nothing(tmp_path):
    net = nn.Linear(8, 4)
    guard = torchtally.CountingGuard(net, trace=tmp_path / "trace.json")
    os.symlink("/dev/full", guard._unfinished())
    with pytest.raises(OSError, match="cannot write the trace: No space left on device"):
        with guard:
            net(torch.randn(2, 8))
    assert list(tmp_path.iterdir()) == []


def test_diff(tally):
    net = nn.Sequential(nn.Linear(8, 6, bias=False), nn.GELU(), nn.Identity())
    with torchtally.CountingGuard(net) as guard:
        net(torch.randn(2, 8))
    change = torchtally.diff(tally, guard.tally)
    assert not change.is_same and change.largest_relative_change == 0.5
    assert "Modules that changed" in str(change) and "| MACs | 64 | 96 |" in change.to_markdown(top=1)
    assert json.loads(change.to_json())["totals"]["after"]["macs"] == 96
    assert torchtally.diff(tally, torchtally.Tally.from_json(tally.to_json())).is_same


def test_pickle_and_sum(tally):
    again = pickle.loads(pickle.dumps(tally))
    assert again.to_json() == tally.to_json()
    both = tally + again
    assert both.total.macs == 128
    assert both.by_module["0"].macs == 128
    assert len(both.modules) == len(tally.modules)
    assert (torchtally.Tally() + tally).total == tally.total


def test_human_count():
    assert torchtally.human_count(4089184256) == "4.089 G"


def test_numbers_of_rows_and_levels_below_zero():
    with torchtally.CountingGuard(times=True) as guard:
        torch.ones(2, 2) @ torch.ones(2, 2)
    tally = guard.tally
    difference = torchtally.diff(tally, tally)
    reports = (tally.table, tally.tree, tally.to_csv, tally.to_markdown, guard.times_table)
    for report in reports:
        with pytest.raises(ValueError, match="depth is a number of levels"):
            report(depth=-1)
        assert report(depth=0) and report(depth=None)
    for report in (*reports, difference.to_text, difference.to_markdown):
        with pytest.raises(ValueError, match="top is a number of rows"):
            report(top=-1)
        assert report(top=0)
