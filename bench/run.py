#!/usr/bin/env python3
"""Runs the benchmarks on one pinned core and prints what counting adds, beside the baselines of the same run.

    cmake --preset release && cmake --build --preset release
    bench/run.py                          all of them: minutes
    bench/run.py operators --out mine     only operators_bench; its JSON goes to mine/operators.json

Every figure is the fastest of the repetitions, which are interleaved at random, so that a slow spell of the machine hits all alike.
`added` is nanoseconds over the plain call; `x no-op` is that over what a boxed fallback that does nothing adds (TypedNoOp has typed
kernels that do nothing); `allocations` are heap allocations per call over the plain call; `leaf calls` are those that were counted. A
model's own noise is larger than what counting adds to it: the last column estimates that from below, as its leaf calls times what a
counted one-element add adds.

`training` lets plain and counted steps take turns too, and sets torch's FlopCounterMode beside it, from Python on the same models.
`instructions` counts those of the same training steps under callgrind, which has no noise (apt-get install valgrind). `long_run` is a
million steps: memory after each power of ten. `startup` is what a process pays once, and how large the library is.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

BASELINES = ["Plain", "NoOpFallback", "RecordFunctionCallback", "TypedNoOp", "Torchtally"]
# Seconds that one repetition takes at least, and how many there are.
EFFORT = {"operators": (0.05, 15), "models": (1.0, 7), "training": (0.5, 25), "memory": (0, 1), "long_run": (0, 1)}
INSTRUCTIONS = "instructions"
STARTUP = "startup"
STARTS = 9  # processes whose fastest start counts
# What of the steps is counted.
HOW = {0: "none", 1: "every step", 10: "every 10th"}
# Steps that callgrind counts, by what of them is counted: of ten one with a meter for every tenth. Each takes it seconds.
STEPS = {0: 2, 1: 2, 10: 10}


def run(program, out, minimum, repetitions, core):
    command = [
        program,
        "--benchmark_enable_random_interleaving=true",
        f"--benchmark_repetitions={repetitions}",
        f"--benchmark_min_time={minimum}",
        f"--benchmark_out={out}",
        "--benchmark_out_format=json",
    ]
    pin = (lambda: os.sched_setaffinity(0, {core})) if hasattr(os, "sched_setaffinity") else None
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, preexec_fn=pin)


def entries(path):
    with open(path, encoding="utf-8") as file:
        return [entry for entry in json.load(file)["benchmarks"] if entry["run_type"] == "iteration"]


def fastest(path):
    """{(work, length): {baseline: (nanoseconds, allocations, leaf calls)}}"""
    figures = collections.defaultdict(dict)
    for entry in entries(path):
        work, baseline, length = entry["name"].split("<")[1].split(">")[0].split(", ")
        best = figures[work, int(length)].get(baseline, (float("inf"), 0, 0))
        figure = (entry["ns"], entry["allocations"], entry.get("leaf_calls", 0))
        figures[work, int(length)][baseline] = min(best, figure)
    return figures


def print_calls(figures, added_by_add):
    print(
        f"{'work':<16}{'chain':>6}  {'baseline':<24}{'ns/call':>12}{'added':>10}{'slower':>9}{'x no-op':>9}{'allocations':>13}"
        f"{'leaf calls':>12}{'estimated':>11}"
    )
    for (work, length), by_baseline in sorted(figures.items(), key=lambda item: (item[0][1], item[0][0])):
        plain, plain_allocations, _ = by_baseline["Plain"]
        no_op = by_baseline["NoOpFallback"][0] - plain
        for baseline in filter(by_baseline.get, BASELINES):
            nanoseconds, allocations, leaf_calls = by_baseline[baseline]
            added = nanoseconds - plain
            ratio = f"{added / no_op:.2f}" if no_op > 0 else "-"
            estimate = f"{100 * leaf_calls * added_by_add / plain:+.2f}%" if added_by_add and leaf_calls else ""
            print(
                f"{work:<16}{length:>6}  {baseline:<24}{nanoseconds:>12.0f}{added:>+10.0f}{100 * added / plain:>+8.1f}%"
                f"{ratio:>9}{allocations - plain_allocations:>+13.2f}{leaf_calls or '':>12}{estimate:>11}"
            )


def print_memory(path):
    print(f"{'pairs':>8}{'calls of each':>15}{'bytes held':>14}{'bytes per pair':>16}")
    for entry in entries(path):
        sizes = dict(part.split(":") for part in entry["name"].split("/") if ":" in part)
        print(f"{sizes['pairs']:>8}{sizes['calls']:>15}{entry['bytes']:>14.0f}{entry['bytes_per_pair']:>16.1f}")


def print_steps(path):
    """Training steps: plain, every one counted, every tenth."""
    print(f"{'work':<16}{'counted':<16}{'ns/step':>14}{'slower':>9}{'median':>9}{'leaf calls':>12}")
    steps = collections.defaultdict(list)
    calls = {}
    turns = collections.defaultdict(list)
    for entry in entries(path):
        work, every = entry["name"].split("<")[1].split(">")[0].split(", ")
        if "plain" in entry:
            turns[work].append(100 * (entry["counted"] / entry["plain"] - 1))
            continue
        steps[work, int(every)].append(entry["ns"])
        calls[work, int(every)] = entry["leaf_calls"]
    for (work, every), figures in sorted(steps.items()):
        print(f"{work:<16}{HOW[every]:<16}{slower_than(steps[work, 0], figures)}{calls[work, every] or '':>12}")
    for work, slower in sorted(turns.items()):
        low, median, high = statistics.quantiles(slower, n=4)
        print(f"{work:<16}in turns with plain ones: {median:+.1f} %, half of the turns between {low:+.1f} and {high:+.1f} %")


def slower_than(plain, figures):
    """By the fastest, by the median."""
    fastest = 100 * (min(figures) / min(plain) - 1)
    median = 100 * (statistics.median(figures) / statistics.median(plain) - 1)
    return f"{min(figures):>14.0f}{fastest:>+8.1f}%{median:>+8.1f}%"


def run_python_steps(python, programs, out, core):
    """The same models from Python, or why not."""
    package = programs.parent / "python"
    if not python.exists() or not list(package.glob("torchtally/_core.*")):
        return f"{python} or {package}: not there. third_party/bootstrap.sh and the release preset make them."
    command = [python, pathlib.Path(__file__).with_name("training_python.py"), "build/models", out]
    environment = dict(os.environ, PYTHONPATH=str(package), PYTHONDONTWRITEBYTECODE="1")
    pin = (lambda: os.sched_setaffinity(0, {core})) if hasattr(os, "sched_setaffinity") else None
    subprocess.run(command, check=True, env=environment, preexec_fn=pin)
    return None


def print_python_steps(path):
    print(f"{'from Python':<16}{'counted':<26}{'ns/step':>14}{'slower':>9}{'median':>9}")
    with open(path, encoding="utf-8") as file:
        for work, by_counter in json.load(file)["nanoseconds"].items():
            for counter, figures in by_counter.items():
                print(f"{work:<16}{counter:<26}{slower_than(by_counter['plain'], figures)}")


def count_instructions(programs, out, work, every):
    steps = STEPS[every]
    try:
        result = subprocess.run(
            ["valgrind", "--tool=callgrind", "--toggle-collect=*measured_steps*", f"--callgrind-out-file={out}.{work}.{every}.callgrind",
             programs / "training_instructions", work, str(every), str(steps)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    except FileNotFoundError:
        sys.exit("run.py: no valgrind here: apt-get install valgrind")
    collected = re.search(r"Collected : (\d+)", result.stderr)
    if result.returncode != 0 or not collected:
        sys.exit(f"run.py: valgrind failed:\n{result.stderr}")
    return {"work": work, "every": every, "instructions": int(collected[1]) / steps, "leaf_calls": int(result.stdout)}


def run_instructions(programs, out):
    # At once: what runs beside does not change how many there are.
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = [
            pool.submit(count_instructions, programs, out, work, every)
            for work in ("transformer", "resnet18")
            for every in STEPS
            if every <= 1 or work == "transformer"  # 34 of ResNet-18's steps would take half an hour
        ]
        figures = [run.result() for run in runs]
    with open(out, "w", encoding="utf-8") as file:
        json.dump({"steps": figures}, file, indent=1)


def print_instructions(path):
    print(f"{'work':<16}{'counted':<16}{'instructions/step':>18}{'more':>9}{'a counted call':>16}")
    with open(path, encoding="utf-8") as file:
        for figure in json.load(file)["steps"]:
            if figure["every"] == 0:
                plain = figure["instructions"]
            added = figure["instructions"] - plain
            each = f"{added / figure['leaf_calls']:+.0f}" if figure["every"] == 1 else ""
            print(f"{figure['work']:<16}{HOW[figure['every']]:<16}{figure['instructions']:>18.0f}{100 * added / plain:>+8.2f}%{each:>16}")


def print_long_run(path):
    print(f"{'counted':<16}{'steps':>10}{'bytes allocated':>17}{'since 1,000':>13}{'resident':>12}{'since 1,000':>13}")
    for entry in entries(path):
        every = int(re.search(r"every:(\d+)", entry["name"])[1])
        steps = sorted(int(name.split("_")[1]) for name in entry if name.startswith("heap_"))
        for step in steps:
            heap, resident = (entry[f"{what}_{step}"] for what in ("heap", "resident"))
            heap_since, resident_since = (now - entry[f"{what}_{steps[0]}"] for what, now in (("heap", heap), ("resident", resident)))
            print(f"{HOW[every]:<16}{step:>10}{heap:>17.0f}{heap_since:>+13.0f}{resident:>12.0f}{resident_since:>+13.0f}")


def measure_startup(programs, out, core):
    library = (programs / "../lib/libtorchtally.so").resolve()
    figures = {"bytes": library.stat().st_size}
    with tempfile.NamedTemporaryFile() as stripped:
        subprocess.run(["strip", "-o", stripped.name, library], check=True)
        figures["bytes stripped"] = pathlib.Path(stripped.name).stat().st_size
    for command in [[programs / "load_bench", library], [programs / "startup_bench"]] * STARTS:
        pin = (lambda: os.sched_setaffinity(0, {core})) if hasattr(os, "sched_setaffinity") else None
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, preexec_fn=pin).stdout
        for what, microseconds in json.loads(output).items():
            figures[what] = min(microseconds, figures.get(what, float("inf")))
    out.write_text(json.dumps(figures), encoding="utf-8")


def print_startup(path):
    figures = json.loads(path.read_text(encoding="utf-8"))
    for what, figure in figures.items():
        scale, unit = (1e6, "MB") if what.startswith("bytes") else (1e3, "ms") if figure >= 1e3 else (1, "us")
        print(f"{what:<16}{figure / scale:>10.2f} {unit}")


PRINT = {"memory": print_memory, "training": print_steps, "long_run": print_long_run, INSTRUCTIONS: print_instructions, STARTUP: print_startup}


def main():
    names = [*EFFORT, INSTRUCTIONS, STARTUP]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmarks", nargs="*", metavar="BENCHMARK", help=f"{', '.join(names)}; all if none is named")
    parser.add_argument("--programs", type=pathlib.Path, default="build/release/bin", help="where they were built (%(default)s)")
    parser.add_argument("--out", type=pathlib.Path, default="build/bench", help="where Google Benchmark's JSON is kept (%(default)s)")
    parser.add_argument("--python", type=pathlib.Path, default="third_party/local/bin/python3", help="whose torch it is (%(default)s)")
    parser.add_argument("--core", type=int, default=0, help="the core to pin to (%(default)s)")
    parser.add_argument("--print-only", action="store_true", help="print the figures of an earlier run")
    arguments = parser.parse_args()
    for name in arguments.benchmarks:
        if name not in names:
            parser.error(f"no benchmark '{name}'; there are: {', '.join(names)}")

    arguments.out.mkdir(parents=True, exist_ok=True)
    added_by_add = None
    for name in arguments.benchmarks or names:
        out = arguments.out / f"{name}.json"
        python_out = arguments.out / "training_python.json"
        why_not = None
        if not arguments.print_only:
            print(f"{name}: running", file=sys.stderr)
            if name == INSTRUCTIONS:
                run_instructions(arguments.programs, out)
            elif name == STARTUP:
                measure_startup(arguments.programs, out, arguments.core)
            else:
                run(arguments.programs / f"{name}_bench", out, *EFFORT[name], arguments.core)
            if name == "training":
                why_not = run_python_steps(arguments.python, arguments.programs, python_out, arguments.core)
        print(f"\n{name}")
        if name in PRINT:
            PRINT[name](out)
            if why_not:
                print(why_not)
            elif name == "training" and python_out.exists():
                print_python_steps(python_out)
            continue
        figures = fastest(out)
        print_calls(figures, added_by_add)
        if ("Add", 1) in figures:
            added_by_add = figures["Add", 1]["Torchtally"][0] - figures["Add", 1]["Plain"][0]
    return 0


if __name__ == "__main__":
    sys.exit(main())
