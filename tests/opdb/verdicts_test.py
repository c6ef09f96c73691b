#!/usr/bin/env python3
"""Every operator that PyTorch registers, from Python too (prims, functional collectives), has a verdict.

    verdicts_test.py TORCHTALLY_COMMAND

The C++ test of the same (tests/dispatch/coverage_test.cpp) sees only those that LibTorch itself registers.
"""

import json
import subprocess
import sys

import torch
import torch._prims  # registers prims
import torch.distributed  # and collectives
import torch.distributed._functional_collectives


def main() -> int:
    document = subprocess.run([sys.argv[1], "ops", "--all", "--format", "json"], check=True, capture_output=True, text=True).stdout
    rows = {operator["name"] for operator in json.loads(document)["operators"]}
    overloads = 0
    missing = []
    for name in torch._C._dispatch_get_all_op_names():
        if torch._C._dispatch_has_kernel_for_dispatch_key(name, "CompositeImplicitAutograd"):
            continue
        overloads += 1
        base = name.split(".")[0]
        in_place = base.endswith("_") and not base.endswith("__")
        if base not in rows and not (in_place and base[:-1] in rows):
            missing.append(name)
    print(*missing, sep="\n")
    print(f"{overloads} overloads that are not composite; {len(missing)} without a verdict")
    return 1 if missing or overloads < 2500 else 0


if __name__ == "__main__":
    sys.exit(main())
