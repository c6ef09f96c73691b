"""Tallies of several processes as one: torchtally.distributed.reduce(tally)."""

from typing import Any, List, Optional

import torch.distributed as dist

from torchtally._core import Tally
from torchtally._guard import PauseCounting


def reduce(tally: Tally, group: Optional[Any] = None) -> Tally:
    """The sum of all processes' tallies, on every process. Modules and operators are matched by name.

    What a process counts is local: of a sharded tensor its own part. So the sum is what all of them compute, and
    `bytes_communicated` what all put into collectives. (What every process computes alike, replicated, counts for each: it is
    computed by each.) Parameters are those of one process.
    """
    parts: List[Any] = [None] * dist.get_world_size(group)
    with PauseCounting():
        dist.all_gather_object(parts, tally, group=group)
    total = Tally()
    for part in parts:
        total = total + part
    return total
