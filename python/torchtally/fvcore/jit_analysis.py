"""JitModelAnalysis: a statistic of every operator that a model calls, summed up by module."""

import itertools
import logging
import warnings
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from numbers import Number
from typing import Any, Callable, Dict, Iterator, List, Optional, Set, Tuple, TypeVar, Union

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

from torchtally import _core
from torchtally._guard import PauseCounting
from torchtally.fvcore.jit_handles import Handle

T = TypeVar("T", bound="JitModelAnalysis")

# What costs nothing by fvcore's convention: it moves, shapes or compares elements, or works on integers.
_IGNORED_OPS: Set[str] = {
    f"aten::{name}"
    for name in (
        "Int ScalarImplicit __and__ arange bitwise_not cat chunk clamp clamp_ constant_pad_nd contiguous copy_ detach dropout empty "
        "eq expand flatten floor floor_divide full full_like gather ge gt index index_put_ masked_fill max narrow new_empty "
        "new_full new_zeros nonzero ones permute relu relu_ remainder reshape roll select size slice split split_with_sizes "
        "squeeze stack t to transpose type_as unbind unsqueeze unsqueeze_ view zeros zeros_like"
    ).split()
}

# Operators that are not recorded themselves in a trace, but what they call: so it is here.
_NOT_RECORDED = {
    f"aten::{name}"
    for name in (
        "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d lstm_cell gru_cell rnn_tanh_cell rnn_relu_cell"
    ).split()
}
# Composite ones that hide products which fvcore does not see: looked into, whoever may have a handle for them excepted.
_LOOKED_INTO = {
    f"aten::{name}"
    for name in (
        "_convolution_mode scaled_dot_product_attention lstm gru rnn_tanh rnn_relu bilinear inner tensordot chain_matmul "
        "linalg_multi_dot linalg_matrix_power linalg_vecdot kron"
    ).split()
}
# Called by torch itself between the operators of a model; a trace has none of them.
_NOT_IN_A_TRACE = {
    f"aten::{name}"
    for name in "cudnn_is_acceptable detach detach_ lift_fresh is_same_size _has_compatible_shallow_copy_type".split()
}


@dataclass
class Statistics:
    """By module name."""

    counts: "Dict[str, Counter[str]]"
    unsupported_ops: "Dict[str, Counter[str]]"
    uncalled_mods: Set[str]


# As torch._C.TensorType spells them.
_SCALAR_TYPES = {
    "float16": "Half", "bfloat16": "BFloat16", "float32": "Float", "float64": "Double", "complex32": "ComplexHalf",
    "complex64": "ComplexFloat", "complex128": "ComplexDouble", "uint8": "Byte", "int8": "Char", "int16": "Short", "int32": "Int",
    "int64": "Long", "bool": "Bool",
}  # fmt: skip


class _Type:
    def __init__(self, tensor: Any) -> None:
        self._tensor = tensor

    def sizes(self) -> List[int]:
        return list(self._tensor.shape)

    def dim(self) -> int:
        return len(self._tensor.shape)

    def strides(self) -> Optional[List[int]]:
        return None if self._tensor.strides is None else list(self._tensor.strides)

    def dtype(self) -> torch.dtype:
        return getattr(torch, self._tensor.dtype)

    def scalarType(self) -> str:
        return _SCALAR_TYPES.get(self._tensor.dtype, self._tensor.dtype)

    def kind(self) -> str:
        if isinstance(self._tensor, _core.TensorView):
            return "TensorType"
        name = {"str": "String"}.get(type(self._tensor).__name__, type(self._tensor).__name__.capitalize())
        return "NoneType" if self._tensor is None else f"{name}Type"


class _Node:
    """What made a value; of a list its elements are the inputs."""

    def __init__(self, kind: str, values: List[Any]) -> None:
        self._kind = kind
        self._values = values

    def inputs(self) -> List["Value"]:
        return [Value(value) for value in self._values]

    def kind(self) -> str:
        return self._kind


_numbers = itertools.count()


class Value:
    """An input or output of a call, as handles ask for it: see jit_handles. `made_by`: the operator whose output it is."""

    def __init__(self, value: Any, made_by: Optional[str] = None) -> None:
        self._value = None if value is ... else value
        self._made_by = made_by
        self._number = next(_numbers)

    def isCompleteTensor(self) -> bool:
        return isinstance(self._value, _core.TensorView)

    def type(self) -> _Type:
        return _Type(self._value)

    def toIValue(self) -> Any:
        """A constant; a tensor is none."""
        return None if self.isCompleteTensor() else self._value

    def node(self) -> _Node:
        """Of an input that is a tensor nobody knows here what made it: it passes for the graph's own."""
        if isinstance(self._value, (list, tuple)):
            return _Node("prim::ListConstruct", list(self._value))
        return _Node(self._made_by or ("prim::Param" if self.isCompleteTensor() else "prim::Constant"), [])

    def unique(self) -> int:
        """A number of its own: a tensor has another one at every use."""
        return self._number

    def debugName(self) -> str:
        return str(self._number)


def _named_modules_with_dup(model: nn.Module, prefix: str = "") -> Iterator[Tuple[str, nn.Module]]:
    yield prefix, model
    for name, child in model._modules.items():
        if child is not None:
            yield from _named_modules_with_dup(child, f"{prefix}.{name}" if prefix else name)


def _unwrapped(model: nn.Module) -> nn.Module:
    """As fvcore has it: what distributes a model is no part of it."""
    wrappers = (nn.DataParallel, nn.parallel.DistributedDataParallel)
    return model.module if isinstance(model, wrappers) else model


def _all_operators() -> Set[str]:
    return {_core.operator_base_name(name) for name in torch._C._dispatch_get_all_op_names() if "::" in name}


class JitModelAnalysis:
    """Runs the model on the inputs when something is asked for the first time, and again after a handle has changed.

    Modules are asked for by name, the model's is "". An operator belongs to the module whose forward() is running; calls of
    other methods and of forward() itself belong to who calls.
    """

    # Whether products in operators without a handle are counted nevertheless.
    _counts_products = False

    def __init__(self, model: nn.Module, inputs: Union[Tensor, Tuple[Any, ...]]) -> None:
        """`inputs`: the arguments of the model in a tuple, or its only one."""
        self._model = model
        self._inputs = inputs
        self._op_handles: Dict[str, Handle] = {}
        self._named_modules: Dict[str, nn.Module] = dict(_named_modules_with_dup(model))
        # From a module, and from each of its names, to its first name.
        self._aliases: Dict[Union[nn.Module, str], str] = {}
        for name, module in _named_modules_with_dup(model):
            self._aliases[name] = self._aliases.setdefault(module, name)
        self._stats: Optional[Statistics] = None
        self._ignored_ops: Set[str] = set(_IGNORED_OPS)
        self.unsupported_ops_warnings(True)
        self.uncalled_modules_warnings(True)
        self.tracer_warnings("no_tracer_warning")
        self.ancestor_mode("owner")

    def total(self, module_name: str = "") -> int:
        """The statistic of a module, with everything below it."""
        return sum(self.by_operator(module_name).values())

    def by_operator(self, module_name: str = "") -> "Counter[str]":
        """The statistic of a module, by operator."""
        return self._analyze().counts[self.canonical_module_name(module_name)]

    def by_module_and_operator(self) -> "Dict[str, Counter[str]]":
        """The statistic of all modules, by operator."""
        return self._analyze().counts

    def by_module(self) -> "Counter[str]":
        """The statistic of all modules."""
        return Counter({module: sum(counts.values()) for module, counts in self._analyze().counts.items()})

    def unsupported_ops(self, module_name: str = "") -> "Counter[str]":
        """Calls of operators that have no handle and are not ignored. Only after something else has been asked."""
        if self._stats is None:
            raise RuntimeError("Analysis results should be computed before calling unsupported_ops()")
        return self._stats.unsupported_ops[self.canonical_module_name(module_name)]

    def uncalled_modules(self) -> Set[str]:
        """Modules in which no operator ran."""
        return self._analyze().uncalled_mods

    def set_op_handle(self: T, *args: Any, **kwargs: Optional[Handle]) -> T:
        """Adds or replaces handles: name, handle, name, handle, ... or name=handle. None: the operator is ignored."""
        if len(args) % 2 != 0:
            raise TypeError("set_op_handle should be called with pairs of names and handles!")
        self._stats = None
        for name, handle in [*zip(args[::2], args[1::2]), *kwargs.items()]:
            if handle is None:
                self._ignored_ops.add(name)
                self._op_handles.pop(name, None)
            else:
                self._op_handles[name] = handle
        return self

    def clear_op_handles(self: T) -> T:
        """Forgets all handles, and what was ignored besides fvcore's own list."""
        self._op_handles = {}
        self._ignored_ops = set(_IGNORED_OPS)
        self._stats = None
        return self

    def canonical_module_name(self, name: str) -> str:
        """The first name of a module: what it is listed under."""
        assert isinstance(name, str), "Module name must be a string."
        if name not in self._aliases:
            raise KeyError("Requested module name is not among the descendants of the analyzed model.")
        return self._aliases[name]

    def copy(
        self, new_model: Optional[nn.Module] = None, new_inputs: Union[None, Tensor, Tuple[Any, ...]] = None
    ) -> "JitModelAnalysis":
        """The same analysis of another model, or of other inputs."""
        copied = type(self)(
            self._model if new_model is None else new_model, self._inputs if new_inputs is None else new_inputs
        )
        copied._op_handles = dict(self._op_handles)
        copied._ignored_ops = set(self._ignored_ops)
        copied.unsupported_ops_warnings(self._enable_warn_unsupported_ops)
        copied.uncalled_modules_warnings(self._enable_warn_uncalled_mods)
        copied.tracer_warnings(self._warn_trace)
        return copied.ancestor_mode(self._ancestor_mode)

    def tracer_warnings(self: T, mode: str) -> T:
        """'all', 'no_tracer_warning' or 'none': which warnings of the model itself come through. Nothing traces, so the first
        two are the same."""
        if mode not in ("all", "no_tracer_warning", "none"):
            raise ValueError(f"Unrecognized tracer warning mode {mode}.")
        self._warn_trace = mode
        return self

    def ancestor_mode(self: T, mode: str) -> T:
        """'owner': an operator belongs to the innermost running module and to those that own it. 'caller': to all that are
        running."""
        if mode not in ("owner", "caller"):
            raise ValueError(f"Unrecognized ancestor mode: {mode}")
        self._ancestor_mode = mode
        return self

    def unsupported_ops_warnings(self: T, enabled: bool) -> T:
        """Whether unsupported operators are logged."""
        self._enable_warn_unsupported_ops = enabled
        return self

    def uncalled_modules_warnings(self: T, enabled: bool) -> T:
        """Whether uncalled modules are logged."""
        self._enable_warn_uncalled_mods = enabled
        return self

    def _ancestors(self, stack: List[str]) -> Set[str]:
        if self._ancestor_mode == "caller":
            return set(stack) or {""}
        parts = (stack[-1] if stack else "").split(".")
        return {""} | {".".join(parts[:k]) for k in range(1, len(parts) + 1)}

    def _analyze(self) -> Statistics:
        if self._stats is None:
            self._stats = _Run(self).statistics()
            self._warn(self._stats)
        return self._stats

    def _warn(self, stats: Statistics) -> None:
        logger = logging.getLogger(__name__)
        if self._enable_warn_unsupported_ops:
            for op, times in stats.unsupported_ops[""].items():
                logger.warning(f"Unsupported operator {op} encountered {times} time(s)")
        uncalled = sorted(name for name in stats.uncalled_mods if self._has_forward(name))
        if self._enable_warn_uncalled_mods and uncalled:
            logger.warning(
                "The following submodules of the model were never called: they may be unused, or only their forward() or other "
                "methods were, which count for the caller.\n" + ", ".join(uncalled)
            )

    def _has_forward(self, name: str) -> bool:
        module = self._named_modules.get(name)
        without = (nn.ModuleList, nn.ModuleDict, nn.Module, nn.Identity)
        return module is not None and all(type(module).forward is not other.forward for other in without)


class _Run:
    """One run of a model, with every operator seen as it is called: none of them decomposes."""

    def __init__(self, analysis: JitModelAnalysis) -> None:
        self._analysis = analysis
        self._handles = analysis._op_handles
        self._names = {id(module): name for module, name in analysis._aliases.items() if isinstance(module, nn.Module)}
        self._stack: List[str] = []
        self._seen: Set[str] = set()
        names = set(self._names.values())
        self._counts: "Dict[str, Counter[str]]" = {name: Counter() for name in analysis._aliases.values()}
        self._unsupported: "Dict[str, Counter[str]]" = {name: Counter() for name in names}

    def statistics(self) -> Statistics:
        self._run()
        uncalled = set(self._names.values()) - self._seen
        return Statistics(self._counts, self._unsupported, uncalled)

    def _run(self) -> None:
        analysis = self._analysis
        inputs = analysis._inputs if isinstance(analysis._inputs, tuple) else (analysis._inputs,)
        with ExitStack() as stack:
            stack.enter_context(warnings.catch_warnings())
            if analysis._warn_trace == "none":
                warnings.simplefilter("ignore")
            stack.callback(register_module_forward_pre_hook(self._enter).remove)
            stack.callback(register_module_forward_hook(self._leave, always_call=True).remove)
            stack.enter_context(_FunctionsSeen(self._function))
            guard = _core.Guard(self._formulas())
            stack.callback(guard.close)
            _unwrapped(analysis._model)(*inputs)

    def _formulas(self) -> _core.FormulaSet:
        decompose = _NOT_RECORDED | (_LOOKED_INTO - set(self._handles) if self._analysis._counts_products else set())
        formulas = _core.FormulaSet.empty()
        formulas.set_all(sorted(_all_operators() - decompose), self._operator)
        return formulas

    def _enter(self, module: nn.Module, args: Any) -> None:
        if id(module) in self._names:
            self._stack.append(self._names[id(module)])

    def _leave(self, module: nn.Module, args: Any, result: Any) -> None:
        if id(module) in self._names and self._stack:
            self._stack.pop()

    def _operator(self, call: _core.OpCall, cost: _core.Cost) -> None:
        kind = call.name
        inputs = call.arguments
        if kind == "aten::convolution":
            kind = "aten::_convolution"
            inputs = [*inputs, False, False, True, True]
        self._add(kind, lambda: [Value(i) for i in inputs], lambda: [Value(o, kind) for o in call.results], call)

    def _function(self, kind: str, inputs: Tuple[Any, ...]) -> bool:
        if kind in self._handles:
            self._add(kind, lambda: [Value(i) for i in inputs], lambda: [], None)
            return True
        if kind not in self._analysis._ignored_ops:
            for name in self._analysis._ancestors(self._stack):
                self._unsupported[name][kind] += 1
        return False

    def _add(self, kind: str, inputs: Callable[[], Any], outputs: Callable[[], Any], call: Optional[_core.OpCall]) -> None:
        ancestors = self._analysis._ancestors(self._stack)
        self._seen |= ancestors
        if kind in self._handles:
            counts: Any = self._handles[kind](inputs(), outputs())
            if isinstance(counts, Number):
                counts = Counter({_simple(kind): counts})
            for count in counts.values():
                if not isinstance(count, Number) or type(count).__name__ in ("int8", "int16", "int32", "float16", "float32"):
                    raise ValueError(f"Invalid type {type(count)} for the flop count! Please use a wider type to avoid overflow.")
            for name in ancestors:
                self._counts[name] += counts
            return
        if kind in self._analysis._ignored_ops or kind in _NOT_IN_A_TRACE:
            return
        macs = _core.builtin_cost(call).macs if self._analysis._counts_products and call is not None else 0
        for name in ancestors:
            if macs > 0:
                self._counts[name][_simple(kind)] += macs
            else:
                self._unsupported[name][kind] += 1


def _simple(kind: str) -> str:
    return kind.partition("::")[2] or kind


class _FunctionsSeen:
    """While it is entered, apply() of every torch.autograd.Function is announced, as fvcore's trace has it:
    prim::PythonOp.<class>. One that `see` knows counts as a whole."""

    def __init__(self, see: Callable[[str, Tuple[Any, ...]], bool]) -> None:
        self._see = see

    def __enter__(self) -> None:
        self._apply = torch.autograd.Function.__dict__["apply"]
        original, see = self._apply, self._see

        def apply(cls: Any, *args: Any, **kwargs: Any) -> Any:
            if not see(f"prim::PythonOp.{cls.__name__}", args):
                return original.__get__(None, cls)(*args, **kwargs)
            with PauseCounting():
                return original.__get__(None, cls)(*args, **kwargs)

        torch.autograd.Function.apply = classmethod(apply)  # type: ignore[assignment]

    def __exit__(self, *_: object) -> None:
        torch.autograd.Function.apply = self._apply  # type: ignore[assignment]
