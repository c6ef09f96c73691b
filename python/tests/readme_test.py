"""README's Python example, as it stands there, and the examples."""

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
    assert "Linear" in capsys.readouterr().out


@pytest.mark.parametrize("example", sorted((ROOT / "python/examples").glob("*.py")), ids=lambda path: path.stem)
def test_examples(example, capsys):
    runpy.run_path(str(example), run_name="__main__")
    assert capsys.readouterr().out
