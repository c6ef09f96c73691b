"""Runs the peers' own tests with nothing but the import changed, and says which pass for whom.

    python python/tests/peers_own_tests.py <fvcore's sources>/tests <PyTorch's sources>/test/test_flop_counter.py

Takes files, and directories: of these, the files that test what torchtally replaces. The sources are not here: check out fvcore at
the commit of its last release (2022-12-21), PyTorch at the tag of the torch that is installed. It needs pytest, expecttest and fvcore;
without torchvision PyTorch's two tests of ResNet skip themselves, without a GPU those of fused attention and Triton. Exit code: 1 if a
test passes for the peer and fails here, unless it is listed below with the reason.
"""

import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Dict, List

_FILES = (
    "test_activation_count.py",
    "test_flop_count.py",
    "test_flop_counter.py",
    "test_jit_model_analysis.py",
    "test_param_count.py",
    "test_print_model_statistics.py",
)
_IMPORTS = ((r"\bfvcore\.nn\b", "torchtally.fvcore"), (r"\btorch\.utils\.flop_counter\b", "torchtally.flop_counter"))

_WHY = {
    "test_disable_warnings": "wants a TracerWarning: nothing is traced here",
    "test_scripted_function": "wants a scripted function to be unsupported: it is counted here",
}


def _results(file: Path, source: str) -> Dict[str, str]:
    """By test: "passed", "failed" or "skipped"."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, file.name).write_text(source, encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junit-xml=results.xml", file.name]
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))}
        ran = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True)
        cases = list(ElementTree.parse(Path(directory, "results.xml")).iter("testcase"))
        if ran.returncode not in (0, 1):
            raise SystemExit(f"{file}: pytest failed\n{ran.stdout[-2000:]}{ran.stderr[-2000:]}")
    results = {}
    for case in cases:
        kinds = {child.tag for child in case}
        results[case.get("name", "")] = "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"
    return results


def main(arguments: List[str]) -> int:
    files = [file for path in map(Path, arguments) for file in ([path / name for name in _FILES] if path.is_dir() else [path])]
    files = [file for file in files if file.exists()]
    if not files:
        print(__doc__, file=sys.stderr)
        return 2
    width = max(len(file.name) for file in files)
    print(f"{'file':{width}}  tests  peer passes  torchtally passes  skipped")
    notes = []
    unexplained = 0
    for file in files:
        source = file.read_text(encoding="utf-8")
        changed = source
        for name, ours in _IMPORTS:
            changed = re.sub(name, ours, changed)
        theirs, own = _results(file, source), _results(file, changed)
        passes = [list(results.values()).count("passed") for results in (theirs, own)]
        print(f"{file.name:{width}}  {len(own):5}  {passes[0]:11}  {passes[1]:17}  {list(own.values()).count('skipped'):7}")
        for test in sorted(own):
            if own[test] == theirs.get(test):
                continue
            fails = own[test] == "failed"
            unexplained += fails and test not in _WHY
            why = f": {_WHY.get(test, 'no reason is known')}" if fails else ""
            notes.append(f"{test} ({file.name}): {theirs.get(test)} there, {own[test]} here{why}")
    print("\n".join(["", *notes]))
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
