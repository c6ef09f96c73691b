#!/usr/bin/env python3
"""Draws what training logs of schema torchtally.step/1 say: the loss, FLOPs by phase, the achieved rate, MFU and HFU.

    examples/plot.py cnn.jsonl language_model.jsonl --output training.png

A column for each log; the loss only where the program has added it. Needs matplotlib (apt-get install python3-matplotlib).
"""

import argparse
import json
import pathlib
import sys

PHASES = ["forward", "backward", "recompute", "optimizer", "other"]
COLOURS = ["#4c78a8", "#f58518", "#e45756", "#72b7b2", "#b0b0b0"]


def read(path):
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        sys.exit(f"plot.py: {path}: {error.strerror}")
    records = []
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line)
            if record["schema"] != "torchtally.step/1":
                raise ValueError
        except (ValueError, KeyError, TypeError):
            sys.exit(f"plot.py: {path}:{number}: no step of schema torchtally.step/1")
        records.append(record)
    if not records:
        sys.exit(f"plot.py: {path}: no steps")
    return records


def draw(axes, path, records):
    steps = [record["step"] for record in records]
    axes[0].set_title(path.stem.replace("_", " "))
    axes[0].set_ylabel("loss")
    if all("loss" in record for record in records):
        axes[0].plot(steps, [record["loss"] for record in records], color=COLOURS[0], linewidth=1)
        axes[0].set_ylim(bottom=0)

    used = [phase for phase in PHASES if any(record["by_phase"][phase]["flops"] for record in records)]
    flops = [[record["by_phase"][phase]["flops"] / 1e9 for record in records] for phase in used]
    axes[1].stackplot(steps, flops, labels=used, colors=[COLOURS[PHASES.index(phase)] for phase in used], step="mid")
    counted = [record["step"] for record in records if not record["reused"]]
    if len(counted) < len(records):
        axes[1].plot(counted, [0] * len(counted), "k^", clip_on=False, label=f"counted: {len(counted)} of {len(records)}")
    axes[1].set_ylabel("GFLOP a step")
    axes[1].legend(loc="best", fontsize="small")

    axes[2].plot(steps, [record["flops_per_second"] / 1e9 for record in records], color=COLOURS[0], linewidth=0.5, alpha=0.6)
    axes[2].set_ylabel("GFLOP/s")
    axes[2].set_ylim(bottom=0)

    for name, colour in (("hfu", COLOURS[1]), ("mfu", COLOURS[0])):
        if records[-1][name] is not None:
            axes[3].plot(steps, [100 * record[name] for record in records], color=colour, linewidth=0.8, label=name.upper())
    axes[3].set_ylabel("% of the peak")
    axes[3].set_ylim(bottom=0)
    axes[3].legend(loc="lower right", fontsize="small")
    axes[3].set_xlabel("step")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("logs", nargs="+", type=pathlib.Path, metavar="LOG")
    parser.add_argument("--output", type=pathlib.Path, default="training.png", help="(%(default)s)")
    arguments = parser.parse_args()
    logs = [(path, read(path)) for path in arguments.logs]
    try:
        import matplotlib
    except ImportError:
        sys.exit("plot.py needs matplotlib: apt-get install python3-matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(4, len(logs), figsize=(5.5 * len(logs), 9), sharex="col", squeeze=False, layout="constrained")
    for column, (path, records) in enumerate(logs):
        draw([row[column] for row in axes], path, records)
    figure.savefig(arguments.output, dpi=80)


if __name__ == "__main__":
    main()
