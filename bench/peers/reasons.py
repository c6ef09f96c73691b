"""Why a tool's figure is not the number of multiply-adds: arithmetic that gives the difference exactly, else what is known."""

import itertools
import re
from typing import Any, Dict, List, Optional, Sequence, Tuple

_NORMS = tuple(f"elements of {kind} norm" for kind in ("batch", "layer", "group"))
_SUBCLASSES = tuple(f"{norm}'s subclass" for norm in _NORMS)
_ACTIVATIONS = tuple(f"elements of {kind}" for kind in ("ReLU", "ReLU6", "SiLU", "GELU", "Hardswish", "Hardsigmoid", "Sigmoid", "PReLU", "Softmax"))

# What a tool adds, beside multiply-adds: a term that census.of sees, and the factors that it may have.
_ADDED: Dict[str, Dict[str, Sequence[int]]] = {
    "fvcore": {
        "elements of batch norm": (2,),
        **dict.fromkeys((*_NORMS[1:], *_SUBCLASSES[1:]), (5,)),
        "read by adaptive pooling": (1,),
    },
    "FlopCounterMode ÷ 2": {},
    "thop": {
        **dict.fromkeys(_NORMS, (4,)),
        "read by adaptive pooling": (1,),
        "results of adaptive pooling": (1,),
        "results of average pooling": (1,),
    },
    "ptflops": {
        "elements of batch norm": (2,),
        **dict.fromkeys(_NORMS[1:], (1, 2)),
        **dict.fromkeys(_SUBCLASSES, (1, 2)),
        **dict.fromkeys(_ACTIVATIONS, (1, 2)),
        "elements that modules pool": (1,),
        "read by max pooling": (1,),
        "read by average pooling": (1,),
        "read by adaptive pooling": (1,),
        "biases that convolutions add": (1,),
        "biases that linear layers add": (1,),
    },
    "calflops": {},
    "torchprofile": {
        **dict.fromkeys((*_NORMS, *_SUBCLASSES), (1,)),
        "results of adaptive pooling": (1,),
        "results of average pooling": (1,),
        "elementwise multiplications": (1,),
        "results of softmax": (1,),
        "results of mean": (1,),
    },
    "torchinfo": {"biases that convolutions add": (1,), "biases that linear layers add": (1,), "parameters of norms": (1,)},
}

# What a tool leaves out, if it is not one of the parts that the case names.
_LEFT_OUT = ("products of linear layers", "products of convolutions")

_KNOWN: Sequence[Tuple[str, str, str]] = (
    ("FlopCounterMode", "^LSTM |^mv|× vector|^dot|Bilinear|^sparse", "no formula for the operator that runs: a zero without a word"),
    ("FlopCounterMode", "Encoder|Multihead|^vit_b", "no formula for the fast path of nn.MultiheadAttention and nn.TransformerEncoderLayer, which runs without gradients"),
    ("FlopCounterMode", "^SDPA|BERT$|RoBERTa$|GPT-2$|Llama$|^ViT$", "no formula for `_scaled_dot_product_flash_attention_for_cpu`: attention is 0 on this device, and is not on another"),
    ("FlopCounterMode", "matrix_exp", "the products are inside of one operator, for which it has no formula"),
    ("fvcore", "^LSTM |^RNN|^SDPA|mv|^dot|Bilinear|^sparse|^baddbmm|matrix_power|matrix_exp", "unsupported: it warns, and counts 0"),
    ("fvcore", "matmul (matrix|batch)", "fails: its formula asks for the second dimension of a vector"),
    ("fvcore", "broadcast", "4·5·6: the batch of 10, which only the second factor has, is not in it"),
    ("fvcore", "einsum", "numpy's estimate of the whole expression, halved: additions of sums that are not there, or one too few"),
    ("fvcore", "^fcn|^deeplab", "2 for each element of batch norm, 1 for each pooled one, 4 for each result of a bilinear interpolation: 21·520·520, and for deeplab 256·65·65"),
    ("fvcore", "^raft", "norms, and 4 for each sample of bilinear interpolations"),
    ("fvcore", "interpolate|grid_sample", "4 FLOPs for each result of a bilinear interpolation, which are no multiply-adds of products"),
    ("thop", "^LSTM|^RNN", "adds the gates' elementwise work to the products"),
    ("thop", "ConvTranspose", "output instead of input positions: stride² = 4 times as many"),
    ("thop", "GPT-2", "transformers' Conv1D is a module that it does not know: 0 for all layers but the last"),
    ("thop", "r3d", "looks types up exactly: a subclass of Conv3d is 0"),
    ("thop", "SDPA|Multihead|Encoder|einsum|^mm|@|bmm|^mv|matmul|^dot|^F\\.|Bilinear|directly|sparse|matrix_|BERT|RoBERTa|Llama|ViT|vit_b|swin|raft", "sees modules only, and only those whose type it knows: products without a module are 0"),
    ("thop", "maskrcnn", "layers that run once per image are counted right; the transposed convolution of the masks 4 times"),
    ("thop", "^PReLU", "1 for each element of PReLU, 3·64 − 1 for each row of the softmax"),
    ("ptflops", "r3d", "looks types up exactly: a subclass of Conv3d is 0"),
    ("ptflops", "matmul", "multiplies all sizes of both factors, or those of the first and the last of the second"),
    ("ptflops", "SDPA|einsum|@|^mv|^dot|^F\\.|Bilinear|directly|sparse|matrix_", "has no patch for this function: 0"),
    ("ptflops", "^LSTM|^RNN|ConvTranspose|Conv|baddbmm|Multihead|Encoder", "adds biases, gates and softmax to the products"),
    ("ptflops", "swin", "F.linear with a layer's weight, and matmul, are counted in part"),
    ("ptflops", "GPT-2|BERT|RoBERTa|Llama|ViT|vit_b", "does not see fused attention, and adds biases and norms"),
    ("ptflops", "", "adds elementwise work (bias, activation, norm, pooling, interpolation) to the products, that of activations and pooling twice: once for the module, once for the function in it"),
    ("calflops", "matmul", "multiplies all sizes of both factors, or those of the first and the last of the second"),
    ("calflops", "groups 4, 16→32 k3 s2", "divides a transposed convolution by the groups twice"),
    ("calflops", "Adaptive", "fails"),
    ("calflops", "^LSTM|^RNN", "its hooks count FLOPs here, and no multiply-adds"),
    ("calflops", "", "sees functions that it has patched only: 0 for the others"),
    ("torchprofile", "ConvTranspose2d 16", "output instead of input positions: stride² = 4 times as many"),
    ("torchprofile", "ConvTranspose2d groups", "stride² = 4 times the positions, and not divided by the 4 groups: 16 times"),
    ("torchprofile", "ij,jk,kl", "10·1000·10·1000: all indices at once, as if nothing were contracted in between"),
    ("torchprofile", "einsum", "the product of all sizes, also where nothing is added up"),
    ("torchprofile", "^RNN|^mm|^mv|^dot|Bilinear|^sparse|padding='same'|matrix_", "no handler for the operator, which a warning says"),
    ("torchprofile", "GPT-2|Llama|LSTMCell", "counts bias or elementwise products as multiply-adds too"),
    ("torchprofile", "", "adds a multiply-add for each element of norms, poolings, softmax or interpolation"),
    ("torchinfo", "LSTMCell", "multiplies the number of parameters with sizes that are not the steps"),
    ("torchinfo", "", "multiplies the parameters of a module with the positions of its output: modules that it does not see through, functions and attention are 0, norms and biases are added"),
)


def exact(tool: str, difference: int, census: Dict[str, int], parts: Dict[str, int]) -> Optional[List[Tuple[int, str, int]]]:
    """(factor, term, size), which add up to the difference: the fewest terms that do. None if none do. `parts`: of the right figure."""
    terms = {**census, **parts}
    choices = [(term, (0, *factors)) for term, factors in _ADDED[tool].items() if terms.get(term, 0) > 0]
    choices += [(term, (0, -1)) for term in (*parts, *_LEFT_OUT) if terms.get(term, 0) > 0]
    found = []
    for factors in itertools.product(*(options for _, options in choices)):
        if sum(factor * terms[term] for factor, (term, _) in zip(factors, choices)) == difference:
            found.append([(factor, term, terms[term]) for factor, (term, _) in zip(factors, choices) if factor != 0])
    return min(found, key=len) if found else None


def known(tool: str, case: str) -> str:
    for of, pattern, text in _KNOWN:
        if tool.startswith(of) and re.search(pattern, case):
            return text
    return "not taken apart"
