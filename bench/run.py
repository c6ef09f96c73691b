#!/usr/bin/env python3
"""Runs the benchmarks on one pinned core and prints what counting adds, beside the baselines of the same run.

    cmake --preset release && cmake --build --preset release
    bench/run.py                          all of them: minutes
    bench/run.py operators --out mine     only operators_bench; its JSON goes to mine/operators.json

Every figure is the fastest of the repetitions, which are interleaved at random, so that a slow spell of the machine hits all alike.
`added` is nanoseconds over the plain call; `x no-op` is that over what a boxed fallback that does nothing adds; `allocations` are heap
allocations per call over the plain call; `leaf calls` are those that were counted. A model's own noise is larger than what counting
adds to it: the last column estimates that from below, as its leaf calls times what a counted one-element add adds.
"""

import argparse
import collections
import json
import os
import pathlib
import statistics
import subprocess
import sys

BASELINES = ["Plain", "NoOpFallback", "RecordFunctionCallback", "Torchtally"]
# Seconds that one repetition takes at least, and how many there are.
EFFORT = {"operators": (0.05, 15), "models": (1.0, 7), "training": (0.5, 25), "memory": (0, 1)}


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
        for baseline in BASELINES:
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
    for entry in entries(path):
        work, every = entry["name"].split("<")[1].split(">")[0].split(", ")
        steps[work, int(every)].append(entry["ns"])
        calls[work, int(every)] = entry["leaf_calls"]
    for (work, every), figures in sorted(steps.items()):
        plain = steps[work, 0]
        slower = 100 * (min(figures) / min(plain) - 1)
        median = 100 * (statistics.median(figures) / statistics.median(plain) - 1)
        how = {0: "none", 1: "every step"}.get(every, f"every {every}th")
        print(f"{work:<16}{how:<16}{min(figures):>14.0f}{slower:>+8.1f}%{median:>+8.1f}%{calls[work, every] or '':>12}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmarks", nargs="*", metavar="BENCHMARK", help="operators, models, training, memory; all if none is named")
    parser.add_argument("--programs", type=pathlib.Path, default="build/release/bin", help="where they were built (%(default)s)")
    parser.add_argument("--out", type=pathlib.Path, default="build/bench", help="where Google Benchmark's JSON is kept (%(default)s)")
    parser.add_argument("--core", type=int, default=0, help="the core to pin to (%(default)s)")
    parser.add_argument("--print-only", action="store_true", help="print the figures of an earlier run")
    arguments = parser.parse_args()
    for name in arguments.benchmarks:
        if name not in EFFORT:
            parser.error(f"no benchmark '{name}'; there are: {', '.join(EFFORT)}")

    arguments.out.mkdir(parents=True, exist_ok=True)
    added_by_add = None
    for name in arguments.benchmarks or EFFORT:
        out = arguments.out / f"{name}.json"
        if not arguments.print_only:
            print(f"{name}: running", file=sys.stderr)
            run(arguments.programs / f"{name}_bench", out, *EFFORT[name], arguments.core)
        print(f"\n{name}")
        if name == "memory":
            print_memory(out)
            continue
        if name == "training":
            print_steps(out)
            continue
        figures = fastest(out)
        print_calls(figures, added_by_add)
        if ("Add", 1) in figures:
            added_by_add = figures["Add", 1]["Torchtally"][0] - figures["Add", 1]["Plain"][0]
    return 0


if __name__ == "__main__":
    sys.exit(main())
