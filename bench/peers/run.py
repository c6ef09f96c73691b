"""torchtally beside the counters that people use: counts, what they could not count, and what counting costs.

    PYTHONPATH=build/release/python third_party/local/bin/python3 bench/peers/run.py --markdown docs/comparison.md

makes an environment of its own in build/peers (the torch of the Python that runs this, the peers by pip), counts every case with every
tool, each in a process of its own, so that a tool that fails, hangs or leaves torch patched is one cell, and checks that torchtally's
multiply-adds are the right ones. `--json` keeps the figures, and `--from` makes the document of kept ones.
"""

import argparse
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
from typing import Any, Callable, Dict, List

PEERS = [
    "fvcore==0.1.5.post20221221",
    "thop==0.1.1.post2209072238",
    "ptflops==0.7.5",
    "calflops==0.3.2",
    "torchprofile==0.1.0",
    "torchinfo==1.8.0",
    "transformers>=5,<6",
    "torchvision==0.28.0",
    "pillow",
]
HERE = pathlib.Path(__file__).resolve().parent


def make_environment(where: pathlib.Path) -> pathlib.Path:
    """A virtual environment that sees this Python's torch, and torchtally, and has the peers. Returns its Python."""
    import torch

    import torchtally

    python = where / "bin/python3"
    if not python.exists():
        base = pathlib.Path(sys.base_prefix, "bin", f"python{sys.version_info.major}.{sys.version_info.minor}")
        subprocess.run([base, "-m", "venv", where], check=True)
    (site,) = where.glob("lib/python3*/site-packages")
    # As torchtally is found, not where its sources are: links are not followed.
    paths = [pathlib.Path(torch.__file__).parents[1], pathlib.Path(torchtally.__file__).parents[1]]
    (site / "from_outside.pth").write_text("".join(f"{path.absolute()}\n" for path in paths), encoding="utf-8")
    # With dependencies, but of torch the one that is there.
    constraints = where / "constraints.txt"
    constraints.write_text(f"torch=={torch.__version__}\n", encoding="utf-8")
    command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--constraint", constraints, *PEERS]
    subprocess.run(command, check=True)
    return python


def in_a_process(work: Callable[[], Any], timeout: float) -> Dict[str, Any]:
    """What `work` returns, or {"error": ...}. A fork: what is imported is there, what it does to torch is gone afterwards. Forks nest."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        try:
            result = work()
        except BaseException as error:
            result = {"error": f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}"}
        with os.fdopen(write, "w") as pipe:
            json.dump(result, pipe)
        os._exit(0)
    os.close(write)
    end = time.monotonic() + timeout
    os.set_blocking(read, False)
    text = b""
    with os.fdopen(read, "rb") as pipe:
        while time.monotonic() < end:
            part = pipe.read()
            if part:
                text += part
            elif part == b"":
                break
            else:
                time.sleep(0.005)
        else:
            os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if time.monotonic() >= end:
        return {"error": f"not finished in {timeout:.0f} s"}
    if not text:
        return {"error": f"process ended by signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else "no answer"}
    return json.loads(text)


def count_all(pattern: str, timeout: float, results: Dict[str, Any], keep: Callable[[], None]) -> None:
    os.environ["TORCHINDUCTOR_COMPILE_THREADS"] = "1"  # its pool of threads would not be in the forks

    import torch

    import census
    import counters
    from cases import all_cases, right_of

    def count(tool: str, built: Any) -> Dict[str, Any]:
        counted = counters.count(tool, *built)
        return {"macs": counted.macs, "unknown": counted.unknown}

    def look_at(case: Any) -> Dict[str, Any]:
        torch.set_num_threads(1)  # what has threads of its own cannot be forked
        torch.manual_seed(0)
        model, args = case.build()
        built = (model.eval(), args)
        right, arithmetic = right_of(case, built)
        found = {"section": case.section, "right": right, "arithmetic": arithmetic, "published": case.published}
        found["census"] = census.of(*built)
        found["tools"] = {tool: in_a_process(lambda tool=tool: count(tool, built), timeout) for tool in counters.TOOLS}
        return found

    counters.import_all()
    for case in all_cases():
        if case.name in results or not re.search(pattern, case.name):
            continue
        results[case.name] = found = in_a_process(lambda: look_at(case), 10 * timeout)
        if "error" in found:
            raise RuntimeError(f"{case.name}: {found['error']}")
        keep()
        print(case.name, found["right"], file=sys.stderr)
        for tool, cell in found["tools"].items():
            print(f"    {tool}: {cell.get('macs', cell.get('error'))}", file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--environment", type=pathlib.Path, default=HERE.parents[1] / "build/peers", help="made if it is not there")
    parser.add_argument("--cases", default="", metavar="REGEX", help="only these")
    parser.add_argument("--timeout", type=float, default=600, help="seconds for one case and tool")
    parser.add_argument("--json", type=pathlib.Path, help="keep the figures here; what it has is not counted again")
    parser.add_argument("--from", dest="kept", type=pathlib.Path, metavar="JSON", help="do not count; write what was kept")
    parser.add_argument("--markdown", type=pathlib.Path, help="write the document here; else it is printed")
    parser.add_argument("--no-cost", action="store_true", help="without what counting costs, which takes two minutes")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()

    if options.kept:
        results = json.loads(options.kept.read_text(encoding="utf-8"))
    elif not options.inside:
        python = make_environment(options.environment)
        return subprocess.run([python, __file__, "--inside", *sys.argv[1:]], check=False).returncode
    else:
        import vision_operators

        vision_operators.make_loadable()
        import training
        import works

        results = {"cases": {}, "training": {}, "cost": {}}
        if options.json and options.json.exists():
            results.update(json.loads(options.json.read_text(encoding="utf-8")))
        results["about"] = works.about(PEERS)

        def keep() -> None:
            if options.json:
                options.json.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

        count_all(options.cases, options.timeout, results["cases"], keep)
        training.count_all(options.cases, options.timeout, in_a_process, results["training"])
        keep()
        if not options.no_cost:
            results["cost"] = works.measure_all(options.cases, in_a_process)
            keep()

    import document

    text = document.of(results)
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")
    else:
        print(text)
    wrong: List[str] = document.wrong(results)
    for line in wrong:
        print("torchtally is not right:", line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
