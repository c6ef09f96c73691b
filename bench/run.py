#!/usr/bin/env python3
"""Runs the benchmarks on one pinned core and prints what counting adds, beside the baselines of the same run.

    cmake --preset bench && cmake --build --preset bench
    bench/run.py build/bench/bin/operators_bench --out build/bench/operators.json

Every figure is the fastest of the repetitions, which are interleaved at random, so that a slow spell of the machine hits all alike.
`added` is nanoseconds over the plain call; `x no-op` is that over what a boxed fallback that does nothing adds; `allocations` are heap
allocations per call over the plain call.
"""

import argparse
import collections
import json
import os
import subprocess
import sys

BASELINES = ["Plain", "NoOpFallback", "RecordFunctionCallback", "Torchtally"]


def run(program, out, repetitions, core):
    command = [
        program,
        "--benchmark_enable_random_interleaving=true",
        f"--benchmark_repetitions={repetitions}",
        "--benchmark_min_time=0.05",
        f"--benchmark_out={out}",
        "--benchmark_out_format=json",
    ]
    pin = (lambda: os.sched_setaffinity(0, {core})) if hasattr(os, "sched_setaffinity") else None
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, preexec_fn=pin)


def fastest(path):
    """{(operator, length): {baseline: (nanoseconds, allocations)}}"""
    figures = collections.defaultdict(dict)
    with open(path, encoding="utf-8") as file:
        for entry in json.load(file)["benchmarks"]:
            if entry["run_type"] != "iteration":
                continue
            operator, baseline, length = entry["name"].split("<")[1].split(">")[0].split(", ")
            best = figures[operator, int(length)].get(baseline, (float("inf"), 0))
            figures[operator, int(length)][baseline] = min(best, (entry["ns"], entry["allocations"]))
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="operators_bench")
    parser.add_argument("--out", default="operators.json", help="where Google Benchmark's JSON is kept (%(default)s)")
    parser.add_argument("--repetitions", type=int, default=15, help="(%(default)s)")
    parser.add_argument("--core", type=int, default=0, help="the core to pin to (%(default)s)")
    parser.add_argument("--print-only", action="store_true", help="print the figures of an earlier --out")
    arguments = parser.parse_args()
    if not arguments.print_only:
        run(arguments.program, arguments.out, arguments.repetitions, arguments.core)

    print(f"{'operator':<9}{'chain':>6}  {'baseline':<24}{'ns/call':>9}{'added':>9}{'slower':>9}{'x no-op':>9}{'allocations':>13}")
    for (operator, length), figures in sorted(fastest(arguments.out).items(), key=lambda item: (item[0][1], item[0][0])):
        plain, plain_allocations = figures["Plain"]
        no_op = figures["NoOpFallback"][0] - plain
        for baseline in BASELINES:
            nanoseconds, allocations = figures[baseline]
            added = nanoseconds - plain
            ratio = f"{added / no_op:.2f}" if no_op > 0 else "-"
            print(
                f"{operator:<9}{length:>6}  {baseline:<24}{nanoseconds:>9.0f}{added:>+9.0f}{100 * added / plain:>+8.1f}%"
                f"{ratio:>9}{allocations - plain_allocations:>+13.2f}"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
