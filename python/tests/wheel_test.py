"""A wheel, built as a user would build it, in an environment that has torch and nothing of this repository."""

import os
import pathlib
import subprocess
import sys
import sysconfig
import venv

import pytest

PACKAGE = pathlib.Path(__file__).resolve().parents[1]

PROGRAM = """
import torch, torchtally
assert "site-packages" in torchtally.__file__, torchtally.__file__
model = torch.nn.Linear(8, 4)
with torchtally.CountingGuard(model) as guard:
    model(torch.randn(2, 8))
print("macs", guard.tally.total.macs)
"""


def test_a_wheel_installs_and_counts(tmp_path):
    pytest.importorskip("scikit_build_core", reason="scikit-build-core is not installed: run third_party/bootstrap.sh")
    # By the name that the rest is compiled by: ccache has the library then.
    environment = {**os.environ, "CXX": "c++"}
    environment.pop("PYTHONPATH", None)

    def run(*command):
        done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path)
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        return done.stdout

    pip = ("-m", "pip", "--disable-pip-version-check", "--no-input")
    run(sys.executable, *pip, "wheel", "--no-build-isolation", "--no-deps", "--no-index", "-w", "wheels", str(PACKAGE))
    (wheel,) = (tmp_path / "wheels").glob("torchtally-*.whl")

    venv.create(tmp_path / "clean", with_pip=True)
    python = tmp_path / "clean/bin/python"
    (packages,) = (tmp_path / "clean/lib").glob("python3*/site-packages")
    # torch, but nothing that could help to build.
    (packages / "torch.pth").write_text(sysconfig.get_paths()["purelib"])
    run(python, *pip, "install", "--no-deps", "--no-index", str(wheel))
    assert run(python, "-c", PROGRAM) == "macs 64\n"
    assert "torchtally count" in run(tmp_path / "clean/bin/torchtally", "--help")
