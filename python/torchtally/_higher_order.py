"""Higher-order operators (cond, while_loop, flex_attention, ...) are dispatched in Python, which knows nothing of our key.

It is made transparent for them: what they run is counted as it runs. But one that has a formula is counted as a whole, under the name
higher_order::flex_attention, and the one that launches Triton kernels always (_triton.py).
"""

from types import ModuleType
from typing import Any, Callable, Dict, List, Optional, Tuple

import torch
from torch.utils._python_dispatch import _disable_current_modes
from torch.utils.weak import WeakTensorKeyDictionary

from torchtally import _core, _triton
from torchtally._imports import when_imported
from torchtally._local_operators import KEY

Arguments = List[Tuple[str, Any]]

_known = 0
_is_watching = False


def name_of(target: Any) -> str:
    """The name that calls of a target have: an operator's ("aten::add", torch.ops.aten.add), a higher-order operator's, a kernel's."""
    if isinstance(target, str):
        return target
    if isinstance(target, torch._ops.OpOverloadPacket):
        return target._qualified_op_name
    if isinstance(target, torch._ops.OpOverload):
        return target.name()
    if isinstance(target, torch._ops.HigherOrderOperator):
        return f"higher_order::{target.name()}"
    if not hasattr(target, "fn"):
        raise TypeError(f"{target!r} is neither an operator, its name (namespace::name), a higher-order operator nor a Triton kernel")
    return _triton.name_of(target)


def _named(parameters: str) -> Callable[[Tuple[Any, ...], Dict[str, Any]], Arguments]:
    names = parameters.split()
    return lambda args, kwargs: [*zip(names, args), *kwargs.items()]


def _any(args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Arguments:
    return [*((f"arg{index}", value) for index, value in enumerate(args)), *kwargs.items()]


# Of what the blocks of a mask leave, by the tensor that counts the blocks: a mask serves many calls, and to look into it a device is
# waited for.
_kept = WeakTensorKeyDictionary()  # the tensor's version, and scores


def _kept_scores(query: torch.Tensor, key: torch.Tensor, mask: Any) -> Optional[int]:
    """Scores that the blocks of flex_attention's mask leave: whole blocks, as the kernel computes them. None where nobody can know."""
    blocks = [part for part in mask if isinstance(part, torch.Tensor)] if isinstance(mask, (tuple, list)) else []
    if len(blocks) < 2 or any(type(part) not in (torch.Tensor, torch.nn.Parameter) or part.is_meta for part in blocks):
        return None
    counts, indices = mask[2], mask[3]
    if counts.is_cuda and torch.cuda.is_current_stream_capturing():
        return None
    known = _kept.get(counts)
    if known is None or known[0] != counts._version:
        rows, columns = query.size(-2), key.size(-2)
        block_rows, block_columns = mask[-3], mask[-2]
        with _disable_current_modes():
            kept = _pairs(counts, indices, rows, columns, block_rows, block_columns)
            if mask[4] is not None:
                kept += _pairs(mask[4], mask[5], rows, columns, block_rows, block_columns)
        known = _kept[counts] = (counts._version, kept)
    return known[1] * (query.size(0) // counts.size(0)) * (query.size(1) // counts.size(1))


def _pairs(counts: torch.Tensor, indices: torch.Tensor, rows: int, columns: int, block_rows: int, block_columns: int) -> int:
    """Rows times columns of the blocks that are listed. The last ones may be smaller."""
    counts, indices = counts.detach().cpu().long(), indices.detach().cpu().long()
    heights = (rows - torch.arange(counts.size(-1)) * block_rows).clamp(0, block_rows)
    widths = (columns - indices * block_columns).clamp(0, block_columns)
    is_listed = torch.arange(indices.size(-1)) < counts.unsqueeze(-1)
    return int(((widths * is_listed).sum(-1) * heights).sum())


def _flex_attention(args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Arguments:
    arguments = _named("query key value score_mod block_mask scale kernel_options")(args, kwargs)
    return [*arguments, ("kept_scores", _kept_scores(args[0], args[1], dict(arguments)["block_mask"]))]


def _flex_attention_backward(args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Arguments:
    names = "query key value out logsumexp grad_out grad_logsumexp fw_graph joint_graph block_mask scale kernel_options"
    arguments = _named(names)(args, kwargs)
    return [*arguments, ("kept_scores", _kept_scores(args[0], args[1], dict(arguments)["block_mask"]))]


_ARGUMENTS = {"flex_attention": _flex_attention, "flex_attention_backward": _flex_attention_backward}


def _excluded() -> Any:
    return torch._C._ExcludeDispatchKeyGuard(torch._C.DispatchKeySet(KEY))


def _below(operator: Any, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Any:
    """Calls what lies below the key, with the key still in for what is called inside."""
    keys = torch._ops._compute_keyset(args, kwargs, operator.non_fallthrough_keys.remove(KEY))
    return operator.dispatch(keys.highestPriorityTypeId(), *args, **kwargs)


def _count(name: str, arguments: Callable[[], Arguments], run: Callable[[], Any]) -> Any:
    with _excluded():
        result = run()
        given = arguments()
    _core.count_call(name, given, list(result) if isinstance(result, (tuple, list)) else [result])
    return result


def _as_a_whole(operator: Any) -> Callable[..., Any]:
    name = name_of(operator)
    of_call = _ARGUMENTS.get(operator.name(), _any)

    def call(*args: Any, **kwargs: Any) -> Any:
        if not _core.knows_call(name):
            return _below(operator, args, kwargs)
        return _count(name, lambda: of_call(args, kwargs), lambda: operator(*args, **kwargs))

    return call


def _kernel(operator: Any, table: Any) -> Callable[..., Any]:
    """Of triton_kernel_wrapper_mutation, which launches a kernel; the functional one calls it."""

    def call(**kwargs: Any) -> Any:
        if not _core.is_counting():
            return _below(operator, (), kwargs)
        return _count(*_triton.of_operator(table, kwargs), lambda: operator(**kwargs))

    return call


def _watch_kernels(wrap: ModuleType) -> None:
    operator = wrap.triton_kernel_wrapper_mutation
    operator.py_impl(KEY)(_kernel(operator, wrap.kernel_side_table))


def count_as_a_whole(operator: Any) -> None:
    """From now on the operator is counted by the formula of its name where a guard has one."""
    if KEY not in operator.py_kernels:
        operator.py_impl(KEY)(_as_a_whole(operator))


def let_through() -> None:
    """For every higher-order operator that there is, and those that are imported later."""
    global _known, _is_watching
    defaults: Any = torch._ops._HIGHER_ORDER_OP_DEFAULT_FALLTHROUGH_DISPATCH_KEYS
    if KEY not in defaults:
        defaults.append(KEY)
    operators: Any = torch._ops._higher_order_ops
    if not _is_watching:
        _is_watching = True
        for name in _ARGUMENTS:
            count_as_a_whole(operators[name])
        when_imported("torch._higher_order_ops.triton_kernel_wrap", _watch_kernels)
        _triton.watch(_count)
    if len(operators) == _known:
        return
    _known = len(operators)
    for operator in operators.values():
        if KEY not in operator.py_kernels:
            operator.fallthrough(KEY)
