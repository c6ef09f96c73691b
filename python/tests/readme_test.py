"""README's Python example, as it stands there, and the examples: scripts and the notebook."""

import pathlib
import re
import runpy

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_the_readme(capsys):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"<!-- python: run by a test -->\n```python\n(.*?)```", text, re.DOTALL)
    import torchtally

    try:
        exec(compile(example, "README.md", "exec"), {})
    finally:
        torchtally.formula.remove("mylib::fused_mlp")
    assert "90.11 k" in capsys.readouterr().out  # MACs: 16 rows of (32 64 + 64 8), backward 16 (32 64 + 2 64 8)


@pytest.mark.parametrize("example", sorted((ROOT / "python/examples").glob("*.py")), ids=lambda path: path.stem)
def test_examples(example, capsys):
    runpy.run_path(str(example), run_name="__main__")
    assert capsys.readouterr().out


def test_the_notebook():
    """It runs, and prints what stands in it: the cells that have no output there print times."""
    nbclient = pytest.importorskip("nbclient", reason="no nbclient: run third_party/bootstrap.sh")
    pytest.importorskip("ipykernel", reason="no ipykernel: run third_party/bootstrap.sh")
    import nbformat

    path = ROOT / "python/examples/tour.ipynb"
    saved, run = (nbformat.read(path, as_version=4) for _ in range(2))
    nbclient.NotebookClient(run, timeout=200, kernel_name="python3").execute()

    def shown(cell):  # what a cell prints may come in parts
        return "".join(output.get("text") or output["data"]["text/html"] for output in cell.outputs)

    for before, now in zip(saved.cells, run.cells):
        if before.cell_type == "code" and before.outputs:
            assert shown(now) == shown(before)
    assert sum(bool(cell.get("outputs")) for cell in saved.cells) >= 5
    assert "MFU" in shown(run.cells[-2])
