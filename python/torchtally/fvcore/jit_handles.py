"""Handles: how many operations one call of an operator is, from its inputs and outputs.

A handle takes two lists of values, and returns a number, or a Counter by name. A value is what fvcore hands out, a
torch._C.Value of a trace, as far as handles ask it: isCompleteTensor(), type().sizes(), toIValue(), node().inputs().
"""

from collections import Counter
from math import prod
from typing import Any, Callable, Dict, List, Optional, Union

Handle = Callable[[List[Any], List[Any]], Union["Counter[str]", int, float]]


def get_shape(val: Any) -> Optional[List[int]]:
    """The sizes of a value that is a tensor; None of any other."""
    return val.type().sizes() if val.isCompleteTensor() else None


def _shape(val: Any) -> List[int]:
    shape = get_shape(val)
    assert shape is not None, "a tensor is expected here"
    return shape


def generic_activation_jit(op_name: Optional[str] = None) -> Handle:
    """Elements of the first output, under a name of its own if one is given."""

    def count(inputs: List[Any], outputs: List[Any]) -> Union["Counter[str]", int]:
        elements = prod(_shape(outputs[0]))
        return elements if op_name is None else Counter({op_name: elements})

    return count


def linear_flop_jit(inputs: List[Any], outputs: List[Any]) -> int:
    """linear(input, weight, bias): every input element meets every row of the weight."""
    return prod(_shape(inputs[0])) * _shape(inputs[1])[0]


def addmm_flop_jit(inputs: List[Any], outputs: List[Any]) -> int:
    """addmm(input, mat1, mat2): (m, k) by (k, n)."""
    return prod(_shape(inputs[1])) * _shape(inputs[2])[-1]


def bmm_flop_jit(inputs: List[Any], outputs: List[Any]) -> int:
    """bmm(a, b): b times (m, k) by (k, n)."""
    return prod(_shape(inputs[0])) * _shape(inputs[1])[-1]


def matmul_flop_jit(inputs: List[Any], outputs: List[Any]) -> int:
    """matmul(a, b) with everything that it broadcasts; vectors too."""
    a, b = list(_shape(inputs[0])), list(_shape(inputs[1]))
    if len(a) == 1:
        a = [1, *a]
    if len(b) == 1:
        b = [*b, 1]
    batch_a, batch_b = a[:-2], b[:-2]
    dims = max(len(batch_a), len(batch_b))
    batch = zip([1] * (dims - len(batch_a)) + batch_a, [1] * (dims - len(batch_b)) + batch_b)
    return prod(y if x == 1 else x for x, y in batch) * a[-2] * a[-1] * b[-1]


def conv_flop_count(x_shape: List[int], w_shape: List[int], out_shape: List[int], transposed: bool = False) -> int:
    """The whole weight for every output position, for every input position if transposed. Bias not counted."""
    return x_shape[0] * prod(w_shape) * prod((x_shape if transposed else out_shape)[2:])


def conv_flop_jit(inputs: List[Any], outputs: List[Any]) -> "Counter[str]":
    """_convolution(input, weight, bias, stride, padding, dilation, transposed, ...), under the name "conv"."""
    shapes = _shape(inputs[0]), _shape(inputs[1]), _shape(outputs[0])
    return Counter({"conv": conv_flop_count(*shapes, transposed=inputs[6].toIValue())})


def einsum_flop_jit(inputs: List[Any], outputs: List[Any]) -> int:
    """einsum(equation, operands, path): operands two by two, in the order in which torch takes them."""
    equation = inputs[0].toIValue().replace(" ", "")
    shapes = [_shape(operand) for operand in inputs[1].node().inputs()]
    terms, arrow, result = equation.partition("->")
    operands = [_labels(term, len(shape)) for term, shape in zip(terms.split(","), shapes)]
    sizes: Dict[str, int] = {}
    for labels, shape in zip(operands, shapes):
        for label, size in zip(labels, shape):
            sizes[label] = max(sizes.get(label, 1), size)
    if arrow:
        kept = set(_labels(result, sum(label not in "." for label in result.replace("...", ""))))
        kept |= {label for labels in operands for label in labels if not label.isalpha()} if "..." in result else set()
    else:
        every = [label for labels in operands for label in labels]
        kept = {label for label in every if every.count(label) == 1 or not label.isalpha()}
    path = inputs[2].toIValue() if len(inputs) > 2 else None
    path = list(path) if path else [0, 1] * (len(operands) - 1) if len(operands) <= 2 else None
    flops = 0
    while len(operands) > 1:
        # Without a path torch keeps the result of the first two in front.
        first, second = (path.pop(0), path.pop(0)) if path else (0, 1)
        pair = [operands[first], operands[second]]
        together = set(pair[0]) | set(pair[1])
        flops += prod(sizes[label] for label in together)
        for index in sorted((first, second), reverse=True):
            operands.pop(index)
        needed = kept.union(*operands) if operands else kept
        contracted = [label for label in together if label in needed]
        operands.append(contracted) if path else operands.insert(0, contracted)
    return flops


def _labels(term: str, dims: int) -> List[str]:
    """The index of every dimension; those of an ellipsis are numbered from the last."""
    before, dots, after = term.partition("...")
    hidden = dims - len(before) - len(after) if dots else 0
    return [*before, *(str(d) for d in range(hidden, 0, -1)), *after]


def norm_flop_counter(affine_arg_index: int) -> Handle:
    """A normalization by statistics of its own: 4 an element, 5 with a weight, which is the argument of that index."""

    def count(inputs: List[Any], outputs: List[Any]) -> int:
        return prod(_shape(inputs[0])) * (4 if get_shape(inputs[affine_arg_index]) is None else 5)

    return count


def batchnorm_flop_jit(inputs: List[Any], outputs: List[Any]) -> Union["Counter[str]", int, float]:
    """batch_norm(input, weight, bias, mean, variance, training, ...): in evaluation one or two an element."""
    if inputs[5].toIValue():
        return norm_flop_counter(1)(inputs, outputs)
    return prod(_shape(inputs[0])) * (1 if get_shape(inputs[1]) is None else 2)


def elementwise_flop_counter(input_scale: float = 1, output_scale: float = 0) -> Handle:
    """So many for an element of the first input, so many for one of the first output."""

    def count(inputs: List[Any], outputs: List[Any]) -> float:
        flops = 0.0 if isinstance(input_scale, float) or isinstance(output_scale, float) else 0
        if input_scale:
            flops += input_scale * prod(_shape(inputs[0]))
        if output_scale:
            flops += output_scale * prod(_shape(outputs[0]))
        return flops

    return count
