"""Several gloo processes on this machine: what each counts is local, reduce() adds it up."""

import os
import tempfile
import warnings

import torch
import torch.distributed as dist
import torch.distributed._functional_collectives as functional
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


def _reduced(rank):
    x = torch.ones(10)
    with torchtally.CountingGuard() as guard:
        dist.all_reduce(x)
    assert guard.tally.total.bytes_communicated == 40, guard.tally
    assert reduce(guard.tally).total.bytes_communicated == 80


def _send(rank):
    dist.send(_floats(5), 1) if rank == 0 else dist.recv(_floats(5), 0)


def _send_to_any(rank):
    dist.send(_floats(5), 1) if rank == 0 else dist.recv(_floats(5))


def _exchange(rank):
    operations = [dist.P2POp(dist.isend, _floats(5), 1 - rank), dist.P2POp(dist.irecv, _floats(3 + 2), 1 - rank)]
    for work in dist.batch_isend_irecv(operations):
        work.wait()


def _floats(n):
    return torch.ones(n)


def _at_root(rank, *sizes):
    return [_floats(n) for n in sizes] if rank == 0 else None


def _uneven(rank):
    """What comes back of 5: one from either; or four."""
    return [1, 1] if rank == 0 else [4, 4]


def _autograd(rank):
    x = _floats(5).requires_grad_()
    functional.all_to_all_single_autograd(x, _uneven(rank), [1, 4], dist.group.WORLD).sum().backward()


# What is called, and with which bytes in process 0 and in process 1: what it puts in; or, where it only receives, what arrives.
_COLLECTIVES = {
    "allreduce_": (lambda rank: dist.all_reduce(_floats(10)), 40, 40),
    "allreduce_coalesced_": (lambda rank: dist.all_reduce_coalesced([_floats(4), _floats(6)]), 40, 40),
    "broadcast_": (lambda rank: dist.broadcast(_floats(10), 0), 40, 40),
    "reduce_": (lambda rank: dist.reduce(_floats(10), 0), 40, 40),
    "allgather_": (lambda rank: dist.all_gather([_floats(10), _floats(10)], _floats(10)), 40, 40),
    "_allgather_base_": (lambda rank: dist.all_gather_into_tensor(_floats(20), _floats(10)), 40, 40),
    "allgather_coalesced_": (
        lambda rank: dist.all_gather_coalesced([[_floats(4), _floats(6)] for _ in range(2)], [_floats(4), _floats(6)]), 40, 40,
    ),
    "gather_": (lambda rank: dist.gather(_floats(10), _at_root(rank, 10, 10), 0), 40, 40),
    "scatter_": (lambda rank: dist.scatter(_floats(10), _at_root(rank, 10, 10), 0), 80, 40),
    "reduce_scatter_": (lambda rank: dist.reduce_scatter(_floats(10), [_floats(10), _floats(10)]), 80, 80),
    "_reduce_scatter_base_": (lambda rank: dist.reduce_scatter_tensor(_floats(10), _floats(20)), 80, 80),
    "alltoall_": (lambda rank: dist.all_to_all([_floats(2), _floats(2)], [_floats(2), _floats(2)]), 16, 16),
    "alltoall_base_": (
        lambda rank: dist.all_to_all_single(_floats(2 if rank == 0 else 8), _floats(5), _uneven(rank), [1, 4]), 20, 20,
    ),
    "barrier": (lambda rank: dist.barrier(), 0, 0),
    "monitored_barrier_": (lambda rank: dist.monitored_barrier(), 0, 0),
    "send recv_": (_send, 20, 20),
    "send recv_any_source_": (_send_to_any, 20, 20),
    "send & recv_": (_exchange, 40, 40),
}  # fmt: skip

# The same as functions of tensors: of results that are used, and so waited for.
_FUNCTIONS = {
    "all_reduce": (lambda rank, world: functional.all_reduce(_floats(10), "sum", world), 40, 40),
    "all_reduce_coalesced": (lambda rank, world: functional.all_reduce_coalesced([_floats(4), _floats(6)], "sum", world), 40, 40),
    "all_gather_into_tensor": (lambda rank, world: functional.all_gather_tensor(_floats(10), 0, world), 40, 40),
    "all_gather_into_tensor_coalesced": (
        lambda rank, world: functional.all_gather_into_tensor_coalesced([_floats(4), _floats(6)], world), 40, 40,
    ),
    "reduce_scatter_tensor": (lambda rank, world: functional.reduce_scatter_tensor(_floats(20), "sum", 0, world), 80, 80),
    "reduce_scatter_tensor_coalesced": (
        lambda rank, world: functional.reduce_scatter_tensor_coalesced([_floats(4), _floats(6)], "sum", [0, 0], world), 40, 40,
    ),
    "all_to_all_single": (
        lambda rank, world: functional.all_to_all_single(_floats(5), _uneven(rank), [1, 4], world), 20, 20,
    ),
    "broadcast": (lambda rank, world: functional.broadcast(_floats(10), 0, world), 40, 40),
}  # fmt: skip


def _expect(rank, call, operators, communicated):
    with torchtally.CountingGuard() as guard:
        call()
    tally = guard.tally
    assert tally.total.bytes_communicated == communicated[rank], (operators, tally)
    assert not tally.unknown_operators, (operators, tally.unknown_operators)
    assert set(operators) & set(tally.by_operator), (operators, list(tally.by_operator))


def _collectives(rank):
    warnings.simplefilter("ignore")  # older names
    for names, (call, *communicated) in _COLLECTIVES.items():
        _expect(rank, lambda: call(rank), [f"c10d::{name}" for name in names.split()], communicated)
    for name, (call, *communicated) in _FUNCTIONS.items():

        def use():
            results = call(rank, dist.group.WORLD)
            return [result + 1 for result in (results if isinstance(results, list) else [results])]

        _expect(rank, use, [f"_c10d_functional::{name}"], communicated)
    # 5 of the input; of the gradient, 1 + 1 or 4 + 4 come back
    _expect(rank, lambda: _autograd(rank), ["_c10d_functional::all_to_all_single"], (28, 52))


def test_distributed_data_parallel():
    _in_processes(_data_parallel)


def test_collectives():
    _in_processes(_collectives)


def test_reduced_tally():
    _in_processes(_reduced)


def _tensor_parallel(rank):
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.tensor import Replicate, Shard, distribute_tensor
    from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, parallelize_module

    mesh = init_device_mesh("cpu", (WORLD,))
    a, b = distribute_tensor(torch.randn(16, 8), mesh, [Shard(0)]), distribute_tensor(torch.randn(8, 4), mesh, [Replicate()])
    for _ in range(2):  # the first asks with fake tensors what shape the result has
        with torchtally.CountingGuard() as guard:
            a @ b
        # half of the 16 rows
        assert guard.tally.by_operator["aten::mm"].macs == 8 * 8 * 4, guard.tally
        assert guard.tally.by_operator["aten::mm"].calls == 1
    with torchtally.CountingGuard() as guard:
        b.redistribute(mesh, [Shard(0)]).full_tensor()
    assert guard.tally.total.bytes_communicated == 4 * 4 * 4, guard.tally  # this process's half

    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))
    x = torch.randn(3, 8)
    with torchtally.CountingGuard(net) as whole:
        net(x).sum().backward()
    net.zero_grad()
    parallelize_module(net, mesh, {"0": ColwiseParallel(), "2": RowwiseParallel()})
    with torchtally.CountingGuard(net) as outer, torchtally.CountingGuard(net) as guard:
        net(x).sum().backward()
    assert guard.tally.total == outer.tally.total
    for module in ("0", "2"):
        assert 2 * guard.tally.by_module[module].macs == whole.tally.by_module[module].macs, (module, guard.tally)
        for phase in ("forward", "backward"):
            parts = [tally.by_module_and_phase[module][phase].macs for tally in (whole.tally, guard.tally)]
            assert parts[0] == 2 * parts[1], (module, phase, guard.tally)
    assert guard.tally.total.bytes_communicated == 3 * 4 * 4  # the sum of the results of the second layer
    assert reduce(guard.tally).total.macs == whole.tally.total.macs
    assert guard.tally.parameters.total == whole.tally.parameters.total
    with torch.no_grad(), torchtally.CountingGuard(net) as guard:
        net(x)
    assert guard.tally.total.macs == 3 * (8 * 8 + 8 * 4), guard.tally


def _sharded(rank):
    from torch.distributed.fsdp import fully_shard

    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))
    x = torch.randn(3, 8)
    with torchtally.CountingGuard(net) as whole:
        net(x).sum().backward()
    net.zero_grad()
    elements = sum(parameter.numel() for parameter in net.parameters())
    for layer in (net[0], net[2], net):
        fully_shard(layer)
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    for _ in range(2):
        with torchtally.CountingGuard(net) as guard:
            net(x).sum().backward()
            optimizer.step()
            optimizer.zero_grad()
        tally = guard.tally
        assert tally.total.macs == whole.tally.total.macs, tally
        for module in ("0", "2"):
            assert tally.by_module_and_phase[module]["backward"].macs == whole.tally.by_module_and_phase[module]["backward"].macs
        # Gathered for the forward and again for the backward, half put in by either process; then the gradients, whole.
        assert tally.by_operator["c10d::_allgather_base_"].bytes_communicated == 2 * elements * 4 // 2
        assert tally.by_operator["c10d::_reduce_scatter_base_"].bytes_communicated == elements * 4
        # weight - 0.1 gradient, of what this process holds
        assert tally.by_phase["optimizer"].flops == 2 * elements // 2, tally.by_phase
        assert tally.unknown_operators == {}


def _local(rank):
    _tensor_parallel(rank)
    _sharded(rank)


def test_tensor_parallel_and_fully_sharded():
    _in_processes(_local)
