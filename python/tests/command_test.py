"""torchtally, the command of the Python package."""

import json
import subprocess
import sys

import pytest
import torch
from torch import nn

from torchtally.__main__ import main

MODULE = """
import torch
from torch import nn

def model():
    return nn.Sequential(nn.Linear(8, 4, bias=False), nn.Dropout(0.5))

class Net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Embedding(100, 8), nn.Linear(8, 4, bias=False))

def step():
    net = model()
    net(torch.ones(2, 8)).sum().backward()

def attend(query, key, scale=1.0):
    return query @ key.T * scale

def broken():
    raise ZeroDivisionError("no way")
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "tt_models.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    sys.modules.pop("tt_models", None)


def report(capsys, *arguments):
    assert main(["count", *arguments, "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_functions_and_models(here, capsys):
    assert report(capsys, "tt_models:step")["totals"]["macs"] == 128
    assert report(capsys, "tt_models:model", "--input", "2x8")["by_module"]["0"]["macs"] == 64
    assert report(capsys, "tt_models:Net", "--input", "2x3:int64<100")["by_module"]["1"]["macs"] == 192
    assert report(capsys, "tt_models:model", "--input", "999999x8", "--device", "meta")["totals"]["macs"] == 31999968
    assert report(capsys, "tt_models:attend", "--input", "2x8", "--input", "3x8")["totals"]["macs"] == 48


def test_files(here, capsys):
    net = nn.Sequential(nn.Linear(8, 4, bias=False)).eval()
    torch.jit.script(net).save("net.pt")
    torch.export.save(torch.export.export(net, (torch.ones(2, 8),)), "net.pt2")
    assert report(capsys, "net.pt", "--input", "2x8")["by_module"]["0"]["macs"] == 64
    assert report(capsys, "net.pt2", "--input", "2x8")["totals"]["macs"] == 64


def test_training_mode(here, capsys):
    net = nn.Sequential(nn.Linear(8, 4, bias=False), nn.Dropout(0.5))
    torch.jit.script(net).save("net.pt")
    torch.jit.script(net.eval()).save("evaluation.pt")

    def drops(*arguments):
        return "aten::bernoulli_" in report(capsys, *arguments, "--input", "2x8")["by_operator"]

    for target in ("tt_models:model", "net.pt"):
        assert (drops(target), drops(target, "--train")) == (False, True)
    assert not drops("evaluation.pt", "--train")


def test_an_exported_program_on_another_device(here, capsys):
    class Shifted(nn.Linear):
        def forward(self, x):
            return super().forward(x) + torch.arange(4, device=x.device)  # the device is written into the program

    torch.export.save(torch.export.export(Shifted(8, 4), (torch.ones(2, 8),)), "net.pt2")
    assert report(capsys, "net.pt2", "--input", "2x8", "--device", "meta")["totals"]["macs"] == 64


def test_text_and_output(here, capsys):
    assert main(["count", "tt_models:model", "--input", "2x8", "--depth", "0", "--output", "out.txt"]) == 0
    text = (here / "out.txt").read_text()
    assert "Sequential" in text and "Linear" not in text
    assert main(["count", "tt_models:model", "--input", "2x8", "--format", "tree"]) == 0
    assert "0: Linear" in capsys.readouterr().out
    assert main(["count", "tt_models:model", "--input", "2x8", "--output", "-"]) == 0
    assert "Linear" in capsys.readouterr().out
    assert not (here / "-").exists()


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["nothing.pt"], "there is no file nothing.pt"),
        (["tt_models"], "neither a file nor package.module:function"),
        (["tt_models:nothing"], "tt_models has no nothing"),
        (["no_such_module:f"], "cannot import no_such_module"),
        (["tt_models:model", "--input", "2xa"], "--input 2xa: not understood"),
        (["tt_models:attend"], "tt_models:attend takes query, key: an --input for each"),
        (["tt_models:attend", "--input", "2x8"], "missing 1 required positional argument: 'key'"),
        (["tt_models:Net"], "tt_models:Net gives a Net and computes nothing itself: --input"),
        (["tt_models:broken"], "tt_models:broken failed: ZeroDivisionError: no way"),
    ],
)
def test_errors(here, capsys, arguments, message):
    assert main(["count", *arguments]) == 1
    assert message in capsys.readouterr().err


def test_levels_below_none(here, capsys):
    with pytest.raises(SystemExit):
        main(["count", "tt_models:model", "--input", "2x8", "--depth", "-1"])
    assert "-1 is no number of levels" in capsys.readouterr().err


def test_as_a_module(here):
    done = subprocess.run([sys.executable, "-m", "torchtally", "--version"], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.startswith("torchtally 0.1.0, torch 2")
