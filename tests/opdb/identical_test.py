#!/usr/bin/env python3
"""Counting changes no result, knows every operator and stays within 64 bits: over PyTorch's operator database.

    identical_test.py BRIDGE SHARD SHARDS

Every SHARDS-th entry of the database from SHARD on, forward and backward: twice without counting and once with.
"""

import collections
import sys
from typing import Dict, List

import counting
import database

# Whose last bits depend on where memory lies: two plain runs may differ too. Shapes, dtypes and strides are compared.
DEPENDS_ON_MEMORY = {"linalg.lstsq"}

# Without a row: operators that PyTorch defines in Python. What they call inside is counted.
EXPECTED_UNKNOWN = {
    "torch_nn::_linear_cross_entropy_batch_chunked", "torch_nn::_linear_cross_entropy_batch_chunked_no_reduction",
}  # fmt: skip


def main() -> int:
    library, shard, shards = counting.load(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    database.quiet()
    notes: List[str] = []
    failures: List[str] = []
    unknown: Dict[str, int] = collections.Counter()
    known: Dict[str, int] = collections.Counter()
    ran = with_gradient = refused = 0
    entries = database.entries(shard, shards)
    for op in entries:
        for sample in database.samples_of(op, sys.maxsize, notes.append):
            guards: List[counting.Counting] = []

            def guarded() -> counting.Counting:
                guards.append(counting.Counting(library))
                return guards[-1]

            plain = database.run(sample)
            counted = database.run(sample, guarded)
            again = database.run(sample)
            ran += 1
            with_gradient += bool(plain.gradients)
            refused += plain.error is not None
            has_values = op.name not in database.UNINITIALIZED | DEPENDS_ON_MEMORY
            if not database.same_run(plain, again, has_values):
                notes.append(f"{sample.name}: differs by itself from run to run: not compared")
            elif not database.same_run(plain, counted, has_values):
                failures.append(f"{sample.name}: differs where it is counted: {plain} and {counted}"[:2000])
            for guard in guards:
                failures += [f"{sample.name}: {what}" for what in counting.numbers_out_of_range(guard.tally)]
                unknown.update(guard.tally["unknown_operators"])
                known.update({name: cost["calls"] for name, cost in guard.tally["by_operator"].items()})
    for name, calls in unknown.items():
        (notes if name in EXPECTED_UNKNOWN else failures).append(f"unknown operator {name}: {calls} calls")
    print(*notes, sep="\n")
    print(*failures, sep="\n")
    print(f"{len(entries)} entries, {ran} samples, {with_gradient} with gradients, "
          f"{refused} that PyTorch refuses; {len(known)} operators called, {len(unknown)} unknown; {len(failures)} failures")  # fmt: skip
    return 1 if failures or ran == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
