"""Higher-order operators (cond, while_loop, flex_attention, ...) are dispatched in Python, which knows nothing of our key. It is made
transparent for them: what they run is counted as it runs."""

from typing import Any

import torch

from torchtally._local_operators import KEY

_known = 0


def let_through() -> None:
    """For every higher-order operator that there is, and those that are imported later."""
    global _known
    defaults: Any = torch._ops._HIGHER_ORDER_OP_DEFAULT_FALLTHROUGH_DISPATCH_KEYS
    if KEY not in defaults:
        defaults.append(KEY)
    operators: Any = torch._ops._higher_order_ops
    if len(operators) == _known:
        return
    _known = len(operators)
    for operator in operators.values():
        if KEY not in operator.py_kernels:
            operator.fallthrough(KEY)
