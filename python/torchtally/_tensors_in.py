"""The tensors in a structure of any kind."""

import collections.abc
import dataclasses
from typing import Any, List, Optional, Set

import torch
from torch.utils._pytree import tree_leaves

# Of these nothing is a tensor, and some are long.
_ATOMS = (str, bytes, bytearray, memoryview, range)


def tensors_in(structure: Any, seen: Optional[Set[int]] = None) -> List[torch.Tensor]:
    """Beyond what PyTorch takes for a structure: mappings (BatchEncoding), sequences and sets of any class, dataclass instances.

    Nothing is used up: an iterator is passed over, as is anything else that is no tensor and holds none.
    """
    seen = set() if seen is None else seen  # what leads back to itself is looked at once
    found: List[torch.Tensor] = []
    for leaf in tree_leaves(structure):
        if isinstance(leaf, torch.Tensor):
            found.append(leaf)
            continue
        parts = _parts(leaf)
        if parts and id(leaf) not in seen:
            seen.add(id(leaf))
            found += tensors_in(parts, seen)
    return found


def _parts(leaf: Any) -> List[Any]:
    if isinstance(leaf, collections.abc.Mapping):
        return list(leaf.values())
    if dataclasses.is_dataclass(leaf) and not isinstance(leaf, type):
        return [getattr(leaf, field.name, None) for field in dataclasses.fields(leaf)]
    if isinstance(leaf, (collections.abc.Sequence, collections.abc.Set)) and not isinstance(leaf, _ATOMS):
        return list(leaf)
    return []
