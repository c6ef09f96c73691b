"""What a Tally says, and in which forms."""

import json
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
