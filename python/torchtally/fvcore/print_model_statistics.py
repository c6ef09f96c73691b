"""Counts as a table, and as the model's own representation with counts in it.

Statistics are dictionaries, by statistic and module or by module and statistic; modules are named by path, the root is "".
"""

from collections import defaultdict
from typing import Any, Dict, List, Optional, Set, Tuple

from torch import nn

from torchtally.fvcore._table import pipe_table
from torchtally.fvcore.activation_count import ActivationCountAnalysis
from torchtally.fvcore.flop_count import FlopCountAnalysis
from torchtally.fvcore.jit_analysis import JitModelAnalysis
from torchtally.fvcore.parameter_count import parameter_count


def _format_size(x: int, sig_figs: int = 3, hide_zero: bool = False) -> str:
    if hide_zero and x == 0:
        return ""
    for least, unit, suffix in ((1e14, 1e15, "P"), (1e11, 1e12, "T"), (1e8, 1e9, "G"), (1e5, 1e6, "M"), (1e2, 1e3, "K")):
        if abs(x) > least:
            return f"{x / unit:.{sig_figs}f}".rstrip("0").rstrip(".") + suffix
    return str(x)


def _pretty_statistics(
    statistics: Dict[str, Dict[str, int]], sig_figs: int = 3, hide_zero: bool = False
) -> Dict[str, Dict[str, str]]:
    return {
        module: {name: _format_size(value, sig_figs, hide_zero) for name, value in stats.items()}
        for module, stats in statistics.items()
    }


def _group_by_module(statistics: Dict[str, Dict[str, Any]]) -> Dict[str, Dict[str, Any]]:
    by_module: Dict[str, Dict[str, Any]] = defaultdict(dict)
    for name, values in statistics.items():
        for module, value in values.items():
            by_module[module][name] = value
    return dict(by_module)


def _indicate_uncalled_modules(
    statistics: Dict[str, Dict[str, str]], stat_name: str, uncalled_modules: Set[str], uncalled_indicator: str = "N/A"
) -> Dict[str, Dict[str, str]]:
    marked = {module: dict(stats) for module, stats in statistics.items()}
    for module in uncalled_modules:
        marked.setdefault(module, {})[stat_name] = uncalled_indicator
    return marked


def _children(name: str, statistics: Dict[str, Any]) -> List[str]:
    prefix = name + "." if name else ""
    return [other for other in statistics if other and other.startswith(prefix) and other.count(".") == prefix.count(".")]


def _remove_zero_statistics(
    statistics: Dict[str, Dict[str, int]], force_keep: Optional[Set[str]] = None, require_trivial_children: bool = False
) -> Dict[str, Dict[str, int]]:
    """Without modules whose statistics are all zero; if so required, only where those of all below are zero too."""
    always = force_keep or {""}
    kept: Dict[str, Dict[str, int]] = {}

    def visit(name: str) -> None:
        children = _children(name, statistics)
        for child in children:
            visit(child)
        has_child = require_trivial_children and any(child in kept for child in children)
        if name in always or has_child or any(statistics[name].values()):
            kept[name] = dict(statistics[name])

    visit("")
    return kept


def _fill_missing_statistics(model: nn.Module, statistics: Dict[str, Dict[str, int]]) -> Dict[str, Dict[str, int]]:
    filled = {name: dict(values) for name, values in statistics.items()}
    for module, _ in model.named_modules():
        for values in filled.values():
            values.setdefault(module, 0)
    return filled


def _model_stats_str(model: nn.Module, statistics: Dict[str, Dict[str, str]]) -> str:
    """str(model), with the statistics of a module after what it says of itself."""

    def represent(module: nn.Module, name: str) -> str:
        own = [line for line in module.extra_repr().split("\n") if line]
        stats = ", ".join(f"{stat}: {value}" for stat, value in statistics.get(name, {}).items())
        own += [stats] if stats else []
        below = []
        for key, child in module._modules.items():
            text = "None" if child is None else represent(child, f"{name}.{key}" if name else key)
            below.append(f"({key}): " + text.replace("\n", "\n  "))
        if len(own) == 1 and not below:
            return f"{module._get_name()}({own[0]})"
        inside = "".join(f"\n  {line}" for line in own + below)
        return f"{module._get_name()}({inside}" + ("\n)" if inside else ")")

    return represent(model, "")


def _combined(upper: Dict[str, str], lower: Dict[str, str]) -> Optional[Dict[str, str]]:
    """Both in one row, if they do not contradict each other."""
    if upper.keys() != lower.keys() or any(lower[k] != v and v and lower[k] for k, v in upper.items()):
        return None
    return {name: value or lower[name] for name, value in upper.items()}


def _fastforward(name: str, statistics: Dict[str, Dict[str, str]]) -> Tuple[str, Dict[str, str]]:
    """Down from a module to its only child as long as one row can say both."""
    while True:
        children = _children(name, statistics)
        combined = _combined(statistics[name], statistics[children[0]]) if len(children) == 1 else None
        if combined is None:
            return name, statistics[name]
        name = children[0]
        statistics[name] = combined


def _model_stats_table(
    statistics: Dict[str, Dict[str, str]], max_depth: int = 3, stat_columns: Optional[List[str]] = None
) -> str:
    columns = stat_columns or list({name: None for stats in statistics.values() for name in stats})
    rows: List[List[str]] = []

    def add(shown: str, stats: Dict[str, str], level: int) -> None:
        indent = " " * level
        rows.append([indent + shown, *(indent + stats[column] if column in stats else "" for column in columns)])

    root, stats = _fastforward("", statistics)
    add(root or "model", stats, 0)
    root_prefix = root + "." if root else ""

    def add_below(name: str, level: int) -> None:
        if level > max_depth:
            return
        for child in _children(name, statistics):
            last, stats = _fastforward(child, statistics)
            add(last[len(root_prefix) :] if last.startswith(root_prefix) else last, stats, level)
            add_below(last, level + 1)

    add_below(root, 1)
    return pipe_table(["module", *columns], rows)


def _quiet(analysis: JitModelAnalysis) -> JitModelAnalysis:
    return analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False).tracer_warnings("none")


def flop_count_str(flops: FlopCountAnalysis, activations: Optional[ActivationCountAnalysis] = None) -> str:
    """str(model) with parameters, flops and, if given, activations of every module that has some."""
    analyses: Dict[str, JitModelAnalysis] = {"#flops": _quiet(flops)}
    if activations is not None:
        analyses["#acts"] = _quiet(activations)
    numbers: Dict[str, Dict[str, int]] = {"#params": dict(parameter_count(flops._model))}
    numbers.update({name: dict(analysis.by_module()) for name, analysis in analyses.items()})
    uncalled = set().union(*(analysis.uncalled_modules() for analysis in analyses.values()))

    by_module = _group_by_module(_fill_missing_statistics(flops._model, numbers))
    stats = _pretty_statistics(_remove_zero_statistics(by_module, force_keep=uncalled), sig_figs=2)
    for name, analysis in analyses.items():
        stats = _indicate_uncalled_modules(stats, name, analysis.uncalled_modules())
    note = (
        "N/A indicates a possibly missing statistic due to how the module was called. Missing values are still included in the "
        "parent's total.\n"
    )
    return (note if uncalled else "") + _model_stats_str(flops._model, stats)


def flop_count_table(
    flops: FlopCountAnalysis,
    max_depth: int = 3,
    activations: Optional[ActivationCountAnalysis] = None,
    show_param_shapes: bool = True,
) -> str:
    """Parameters (and their shapes), flops and, if given, activations of every module that has some, `max_depth` levels deep."""
    parameters = "#parameters or shape" if show_param_shapes else "#parameters"
    analyses: Dict[str, JitModelAnalysis] = {"#flops": _quiet(flops)}
    if activations is not None:
        analyses["#activations"] = _quiet(activations)
    numbers: Dict[str, Dict[str, int]] = {parameters: dict(parameter_count(flops._model))}
    numbers.update({name: dict(analysis.by_module()) for name, analysis in analyses.items()})

    stats = _pretty_statistics(_remove_zero_statistics(_group_by_module(numbers), require_trivial_children=True))
    for name, analysis in analyses.items():
        stats = _indicate_uncalled_modules(stats, name, analysis.uncalled_modules() & stats.keys(), uncalled_indicator="")
    for name, parameter in flops._model.named_parameters():
        if name not in stats:
            continue
        if show_param_shapes:
            stats[name][parameters] = str(tuple(parameter.shape))
        else:
            del stats[name]
    return _model_stats_table(stats, max_depth, [parameters, *analyses])
