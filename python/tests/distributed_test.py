"""Several gloo processes on this machine: what each counts is local, reduce() adds it up."""

import os
import tempfile

import torch
import torch.distributed as dist
import torch.multiprocessing as multiprocessing
from torch import nn

import torchtally
from torchtally.distributed import reduce

WORLD = 2


def _in_processes(work):
    with tempfile.TemporaryDirectory() as directory:
        multiprocessing.start_processes(_start, (work, os.path.join(directory, "store")), nprocs=WORLD, start_method="spawn")


def _start(rank, work, store):
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=WORLD)
    try:
        work(rank)
    finally:
        dist.destroy_process_group()


def _data_parallel(rank):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(8, 4, bias=False), nn.ReLU(), nn.Linear(4, 2, bias=False))
    parallel = nn.parallel.DistributedDataParallel(net)
    with torchtally.CountingGuard(parallel) as guard:
        parallel(torch.randn(3 + rank, 8)).sum().backward()
    # a row: 32 + 8, the weights' gradients the same, the hidden input's 8
    assert guard.tally.total.macs == (3 + rank) * 88, guard.tally
    assert guard.tally.by_module["module.0"].macs == (3 + rank) * 64
    total = reduce(guard.tally)
    assert total.total.macs == 7 * 88
    assert total.by_module["module.2"].macs == 7 * 24
    assert total.by_phase["backward"].macs == 7 * 48
    assert total.parameters.total == 40
    assert reduce(torchtally.Tally()).total.macs == 0


def _collectives(rank):
    x = torch.ones(10)
    with torchtally.CountingGuard() as guard:
        dist.all_reduce(x)
    assert guard.tally.total.bytes_communicated == 40, guard.tally
    assert reduce(guard.tally).total.bytes_communicated == 80


def test_distributed_data_parallel():
    _in_processes(_data_parallel)


def test_collectives():
    _in_processes(_collectives)
