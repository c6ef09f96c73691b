"""bench/peers: its single operators with the tools that the tests have, and the machinery; the whole takes half an hour and pip."""

import os
import pathlib
import sys

import pytest
import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench/peers"))
import cases  # noqa: E402
import census  # noqa: E402
import counters  # noqa: E402
import document  # noqa: E402
import reasons  # noqa: E402
import run  # noqa: E402

OPERATORS = [case for case in cases.all_cases() if case.section == "operators"]


@pytest.mark.parametrize("case", OPERATORS, ids=lambda case: case.name)
def test_operators(case):
    built = case.build()
    counted = counters.count("torchtally", *built)
    assert counted.macs == cases.right_of(case, built)[0]
    assert not counted.unknown


def test_what_others_count():
    def count(tool, name):
        return counters.count(tool, *cases.named()[name].build())

    assert count("fvcore", "mm 64").macs == count("FlopCounterMode ÷ 2", "mm 64").macs == 64**3
    assert count("FlopCounterMode ÷ 2", "LSTM 64→256, T7 B5") == (0, [])
    assert count("fvcore", "LSTM 64→256, T7 B5") == (0, ["aten::lstm"])


class Net(torch.nn.Sequential):
    def __init__(self):
        super().__init__(
            torch.nn.Conv2d(3, 8, 3),
            torch.nn.BatchNorm2d(8),
            torch.nn.ConvTranspose2d(8, 4, 2, 2),
            torch.nn.AdaptiveAvgPool2d(1),
            torch.nn.Flatten(),
            torch.nn.Linear(4, 2),
        )


def test_right_by_hooks_and_the_arithmetic_of_a_difference():
    case = cases.Case("net", "vision", lambda: (Net().eval(), (torch.randn(1, 3, 10, 10),)))
    built = case.build()
    right = cases.right_of(case, built)[0]
    assert right == 8 * 8 * 8 * 27 + 8 * 8 * 8 * 4 * 4 + 4 * 2
    assert counters.count("torchtally", *built).macs == right
    difference = counters.count("fvcore", *built).macs - right
    seen = census.of(*built)
    terms = reasons.exact("fvcore", difference, seen, {})
    assert terms == [(2, "elements of batch norm", 8 * 8 * 8), (1, "read by adaptive pooling", 4 * 16 * 16)]
    assert reasons.exact("fvcore", difference + 1, seen, {}) is None


def test_a_tool_that_fails_is_a_cell():
    assert run.in_a_process(lambda: {"macs": 1}, 60) == {"macs": 1}
    assert run.in_a_process(lambda: {"text": "x" * 200_000}, 60) == {"text": "x" * 200_000}
    assert run.in_a_process(lambda: 1 / 0, 60) == {"error": "ZeroDivisionError: division by zero"}
    assert "signal 9" in run.in_a_process(lambda: os.kill(os.getpid(), 9), 60)["error"]
    assert "not finished" in run.in_a_process(lambda: __import__("time").sleep(60), 0.2)["error"]


def test_the_document():
    cells = {tool: {"macs": 64**3, "unknown": []} for tool in document.TOOLS}
    cells["thop"] = {"macs": 0, "unknown": []}
    cells["calflops"] = {"error": "KeyError: 'x'"}
    case = {"section": "operators", "right": 64**3, "arithmetic": "64**3", "published": None, "census": {}, "tools": cells}
    results = {
        "about": {"date": "today", "torch": "2", "machine": "two cores", "versions": {"thop": "1"}},
        "cases": {"mm 64": case},
        "training": {},
        "cost": {},
    }
    text = document.of(results)
    assert "| mm 64 | 262144 | 262144 |" in text and "*0*" in text and "fails: KeyError: 'x'" in text
    assert document.wrong(results) == []
    cells["torchtally"] = {"macs": 5, "unknown": ["my::op"]}
    assert document.wrong(results) == ["mm 64: 5 for 262144", "mm 64: unknown operators my::op"]
