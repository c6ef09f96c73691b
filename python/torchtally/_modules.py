"""How a model becomes the list of modules that the C++ library takes, and how long it may know them by their addresses."""

import functools
import weakref
from typing import Any, Callable, Dict, List, Tuple, Type

import torch

# (identity, index of the parent, name below the parent, type, its key, own parameters as (identity, elements, trainable))
Listed = Tuple[int, int, str, str, str, List[Tuple[int, int, bool]]]


def type_key(kind: Type[torch.nn.Module]) -> str:
    """Tells a class from others of its name, as long as it lives."""
    return f"class {id(kind)}"


def unwrapped(module: torch.nn.Module) -> torch.nn.Module:
    """What torch.compile(module) returns is a module around the module: to us they are one."""
    inside = module.__dict__.get("_modules", {}).get("_orig_mod") if type(module).__name__ == "OptimizedModule" else None
    return module if inside is None else inside


def _own_parameters(module: torch.nn.Module) -> List[Tuple[int, int, bool]]:
    """Its parameters, and its buffers as parameters without elements. Not those of a lazy module, which have no shape yet."""
    parameters = [
        (id(parameter), parameter.numel(), parameter.requires_grad)
        for parameter in module._parameters.values()
        if parameter is not None and not torch.nn.parameter.is_lazy(parameter)
    ]
    buffers = [
        (id(buffer), 0, False)
        for buffer in module._buffers.values()
        if isinstance(buffer, torch.Tensor) and not torch.nn.parameter.is_lazy(buffer)
    ]
    return parameters + buffers


def list_modules(model: torch.nn.Module, name: str = "") -> List[Listed]:
    """The model and all modules below it, parents first. A shared one stands there once for each of its names."""
    listed: List[Listed] = []
    seen: Dict[int, int] = {}

    def add(module: torch.nn.Module, parent: int, name: str) -> None:
        index = len(listed)
        is_new = id(module) not in seen
        kind = type(module)
        listed.append((id(module), parent, name, kind.__name__, type_key(kind), _own_parameters(module) if is_new else []))
        if not is_new:
            return
        seen[id(module)] = index
        for child_name, child in module._modules.items():
            if child is not None:
                add(child, index, child_name)

    add(unwrapped(model), -1, name)
    return listed


def is_scripted(model: Any) -> bool:
    return isinstance(model, torch.jit.ScriptModule) and hasattr(model, "_c")


def is_lazy(model: torch.nn.Module) -> bool:
    """Whether some of it has no shape until it is called."""
    return any(isinstance(module, torch.nn.modules.lazy.LazyModuleMixin) for module in model.modules())


def described(model: torch.nn.Module) -> List[Tuple[str, str, int, int]]:
    """Name, type, parameters and trainable ones of all modules, as they are now."""

    def count(parameters: List[torch.nn.Parameter]) -> int:
        return sum(parameter.numel() for parameter in parameters if not torch.nn.parameter.is_lazy(parameter))

    listed = []
    for name, module in unwrapped(model).named_modules():
        parameters = list(module.parameters())
        trainable = [parameter for parameter in parameters if parameter.requires_grad]
        listed.append((name, type(module).__name__, count(parameters), count(trainable)))
    return listed


class LivingModules:
    """Modules that a meter knows by their addresses: it forgets each when that dies, because another may come to be there.

    Not held, because a meter lives as long as a training: a loss that every step makes anew would pile up.
    """

    def __init__(self, forget: Callable[[int], None]) -> None:
        self._forget = forget
        self._known: Dict[int, "weakref.ref[torch.nn.Module]"] = {}

    def add(self, module: torch.nn.Module) -> None:
        """The module and all below it."""
        for part in module.modules():
            if id(part) not in self._known:
                self._known[id(part)] = weakref.ref(part, functools.partial(self._died, id(part)))

    def _died(self, address: int, _: "weakref.ref[torch.nn.Module]") -> None:
        del self._known[address]
        self._forget(address)
