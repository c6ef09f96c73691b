"""PyTorch's own operator database: every operator, with inputs that its authors thought of."""

import copy
import itertools
import warnings
from typing import Any, Callable, Iterator, List, NamedTuple, Optional, Tuple

import torch
from torch.testing._internal.common_methods_invocations import op_db
from torch.utils._pytree import tree_flatten, tree_map

SEED = 20
# An integer type where an operator has none of the others; the first that it has.
INTEGERS = (torch.int64, torch.int32, torch.int16, torch.uint8, torch.int8, torch.uint32, torch.bool)

# These hand out memory as they find it: its values are nobody's.
UNINITIALIZED = {
    "empty", "empty_like", "empty_permuted", "empty_strided", "new_empty", "new_empty_strided", "resize_", "resize_as_",
}  # fmt: skip


class Sample(NamedTuple):
    name: str  # "nn.functional.conv2d float32 #3"
    op: Any  # OpInfo
    arguments: Tuple[Any, ...]
    keywords: dict
    differentiable: bool
    process: Callable[[Any], Any]  # of the result, before its gradient is taken

    def fresh(self) -> Tuple[Tuple[Any, ...], dict]:
        """The arguments, copied with their strides: operators may write to them."""
        return tree_map(copied, (self.arguments, self.keywords))


def copied(value: Any) -> Any:
    if not isinstance(value, torch.Tensor):
        return copy.deepcopy(value) if isinstance(value, torch.Generator) else value
    # Only a dense copy has to be made with care: clone() lays out anew what overlaps itself.
    duplicate = copy.deepcopy(value.detach()) if value.layout == torch.strided else value.detach().clone()
    return duplicate.requires_grad_(value.requires_grad)


def dtypes_of(op: Any) -> List[torch.dtype]:
    supported = op.supported_dtypes("cpu")
    chosen = [dtype for dtype in (torch.float32, torch.complex64) if dtype in supported]
    if torch.float32 not in supported:
        chosen += [dtype for dtype in INTEGERS if dtype in supported][:1]
    return chosen or sorted(supported, key=str)[:1]


def entries(shard: int = 0, shards: int = 1) -> List[Any]:
    return op_db[shard::shards]


def name_of(op: Any) -> str:
    return op.name + (f" ({op.variant_test_name})" if op.variant_test_name else "")


def samples_of(op: Any, limit: int, report: Callable[[str], None]) -> Iterator[Sample]:
    """At most `limit` samples of each dtype, spread over all that there are."""
    for dtype in dtypes_of(op):
        differentiable = op.supports_autograd and dtype in op.supported_backward_dtypes("cpu")
        name = f"{name_of(op)} {str(dtype)[6:]}"
        torch.manual_seed(SEED)
        try:
            samples = list(op.sample_inputs("cpu", dtype, requires_grad=differentiable))
        except Exception as error:  # what they need may not be here: LAPACK, SciPy, MKL
            report(f"{name}: no samples: {first_line(error)}")
            continue
        for i in sorted({i * len(samples) // min(limit, len(samples)) for i in range(min(limit, len(samples)))}):
            sample = samples[i]
            yield Sample(
                f"{name} #{i}",
                op,
                (sample.input, *sample.args),
                sample.kwargs,
                differentiable,
                sample.output_process_fn_grad or (lambda result: result),
            )


def tensors_in(value: Any) -> List[torch.Tensor]:
    return [leaf for leaf in tree_flatten(value)[0] if isinstance(leaf, torch.Tensor)]


class Run(NamedTuple):
    error: Optional[str]
    results: List[torch.Tensor]
    gradients: List[Optional[torch.Tensor]]


class Nothing:
    def __enter__(self) -> "Nothing":
        return self

    def __exit__(self, *_: object) -> None:
        pass


def run(sample: Sample, context: Callable[[], Any] = Nothing) -> Run:
    """Forward, and backward where there is a gradient, each within a context() of its own; what is around them is not."""
    arguments, keywords = sample.fresh()
    inputs = [tensor for tensor in tensors_in((arguments, keywords)) if tensor.requires_grad]
    torch.manual_seed(SEED)
    try:
        with context():
            output = sample.op(*arguments, **keywords)
    except Exception as error:
        return Run(first_line(error), [], [])
    results = tensors_in(output)
    if not (sample.differentiable and inputs):
        return Run(None, results, [])
    try:
        outputs = [tensor for tensor in tensors_in(sample.process(output)) if tensor.grad_fn is not None]
        if not outputs:
            return Run(None, results, [])
        upstream = [torch.randn_like(tensor) if tensor.layout == torch.strided else torch.ones_like(tensor) for tensor in outputs]
        with context():
            gradients = torch.autograd.grad(outputs, inputs, upstream, allow_unused=True)
    except Exception as error:
        return Run("backward: " + first_line(error), results, [])
    return Run(None, results, list(gradients))


def first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"


def bits(tensor: torch.Tensor) -> torch.Tensor:
    # Afresh: a single element may keep a stride that view() refuses.
    return torch.empty(tensor.shape, dtype=tensor.dtype).copy_(tensor.detach()).reshape(-1).view(torch.uint8)


def parts(tensor: torch.Tensor) -> List[torch.Tensor]:
    """The dense tensors that a sparse one is made of."""
    tensor = tensor.detach()
    if tensor.layout == torch.sparse_coo:
        return [tensor._indices(), tensor._values()]
    if tensor.layout in (torch.sparse_csr, torch.sparse_bsr):
        return [tensor.crow_indices(), tensor.col_indices(), tensor.values()]
    if tensor.layout in (torch.sparse_csc, torch.sparse_bsc):
        return [tensor.ccol_indices(), tensor.row_indices(), tensor.values()]
    return [tensor]


def same_tensor(a: Optional[torch.Tensor], b: Optional[torch.Tensor], values: bool = True) -> bool:
    if a is None or b is None:
        return a is b
    if (a.dtype, a.shape, a.layout, a.device) != (b.dtype, b.shape, b.layout, b.device):
        return False
    if a.is_meta:
        return a.stride() == b.stride()
    return all(
        p.shape == q.shape and p.stride() == q.stride() and (not values or torch.equal(bits(p), bits(q)))
        for p, q in itertools.zip_longest(parts(a), parts(b))
    )


def same_run(a: Run, b: Run, values: bool = True) -> bool:
    return (
        a.error == b.error
        and len(a.results) == len(b.results)
        and len(a.gradients) == len(b.gradients)
        and all(same_tensor(p, q, values) for p, q in zip(a.results + a.gradients, b.results + b.gradients))
    )


def quiet() -> None:
    """One thread, so that sums are added up in one order; none of the warnings that samples provoke."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
