"""The figures as a Markdown document."""

from typing import Any, Dict, List, Tuple

import cases
import reasons

TOOLS = ("torchtally", "fvcore", "FlopCounterMode ÷ 2", "thop", "ptflops", "calflops", "torchprofile", "torchinfo")
SECTIONS = {"vision": "Vision", "transformers": "Transformers", "operators": "Operators and layers"}


def _number(count: float) -> str:
    if count >= 1e9:
        return f"{count / 1e9:.3f} G"
    if count >= 1e7:
        return f"{count / 1e6:.2f} M"
    return f"{count:.0f}"


def _row(cells: List[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _table(head: List[str], rows: List[List[str]]) -> List[str]:
    return [_row(head), "|" + "---|" * len(head), *(_row(row) for row in rows), ""]


def _cell(cell: Dict[str, Any], right: int) -> str:
    if "error" in cell:
        return "–"
    return _number(right) if cell["macs"] == right else f"*{_number(cell['macs'])}*"


def wrong(results: Dict[str, Any]) -> List[str]:
    """Where torchtally's multiply-adds are not the right ones, or not those that torchvision publishes."""
    lines = []
    for name, case in results["cases"].items():
        cell = case["tools"]["torchtally"]
        if cell.get("macs") != case["right"]:
            lines.append(f"{name}: {cell.get('macs', cell.get('error'))} for {case['right']}")
        elif case["published"] is not None and round(case["right"] / 1e9, 3) != case["published"]:
            lines.append(f"{name}: {case['right']}, but published are {case['published']} G")
        if cell.get("unknown"):
            lines.append(f"{name}: unknown operators {', '.join(cell['unknown'])}")
    for name, step in results["training"].items():
        for phase in ("forward", "backward"):
            if step["torchtally"].get(phase) != step["right"].get(phase):
                lines.append(f"{name}, {phase}: {step['torchtally'].get(phase)} for {step['right'].get(phase)}")
    return lines


def _counts(results: Dict[str, Any]) -> List[str]:
    lines = []
    for section, title in SECTIONS.items():
        rows = [
            [name, _number(case["right"]), *(_cell(case["tools"][tool], case["right"]) for tool in TOOLS)]
            for name, case in results["cases"].items()
            if case["section"] == section
        ]
        lines += [f"## {title}", "", *_table(["case", "right", *TOOLS], rows)]
    return lines


def _differences(results: Dict[str, Any]) -> List[str]:
    """Per tool: what its differences are made of, one row for all cases that have the same reason."""
    lines = ["## Who is right", ""]
    lines += [
        "Every *slanted* figure. A sum is that of the first case; in all cases of its row the same sum of their own sizes, which hooks have",
        "seen, gives the whole difference, to the last digit. In words: what no such sum gives, with the first case's difference.",
        "",
    ]
    named = cases.named()
    for tool in TOOLS[1:]:
        groups: Dict[str, Tuple[str, List[str]]] = {}
        for name, case in results["cases"].items():
            cell = case["tools"][tool]
            if cell.get("macs") == case["right"]:
                continue
            if "error" in cell:
                reason = example = f"fails: {cell['error']}"
            else:
                difference = round(cell["macs"] - case["right"])
                parts = {part: eval(size) for part, size in named[name].parts.items()}
                terms = reasons.exact(tool, difference, case["census"], parts)
                if terms is None:
                    reason = reasons.known(tool, name)
                    example = f"{reason} ({difference:+})" if cell["macs"] else reason
                else:
                    reason = " ".join(f"{factor:+} × {term}" for factor, term, _ in terms)
                    example = " ".join(f"{factor:+} × {elements} {term}" for factor, term, elements in terms) + f" = {difference:+}"
            groups.setdefault(reason, (example, []))[1].append(name)
        rows = [[", ".join(names), example] for example, names in groups.values()]
        lines += [f"### {tool}", "", *_table(["cases", "what is counted, or is not"], rows)]
    return lines


def _unknown(results: Dict[str, Any]) -> List[str]:
    rows = []
    for tool in TOOLS:
        cells = [case["tools"][tool] for case in results["cases"].values()]
        operators = sorted({operator for cell in cells for operator in cell.get("unknown", ())})
        silent = sum(
            1
            for case in results["cases"].values()
            if case["tools"][tool].get("macs", case["right"]) < case["right"] and not case["tools"][tool]["unknown"]
        )
        failed = sum(1 for cell in cells if "error" in cell)
        rows.append([tool, str(silent), str(failed), f"{len(operators)}: {', '.join(operators)}" if operators else "none"])
    return [
        "## What they say they did not count",
        "",
        *_table(["tool", "cases with too little and no word of it", "cases that fail", "operators that it names, in some case"], rows),
    ]


def _training(results: Dict[str, Any]) -> List[str]:
    def figure(step: Dict[str, Any], tool: str, phase: str) -> str:
        if "error" in step[tool]:
            return "–"
        text = f"{step[tool][phase] / 1e9:.4f}"
        return text if step[tool][phase] == step["right"][phase] else f"*{text}*"

    rows = [
        [
            name,
            *(figure(step, tool, phase) for phase in ("forward", "backward") for tool in ("right", "torchtally", "FlopCounterMode")),
            step["right"]["arithmetic"],
        ]
        for name, step in results["training"].items()
    ]
    head = ["model", *(f"{phase}, {tool}" for phase in ("forward", "backward") for tool in ("right", "torchtally", "FlopCounterMode"))]
    return [
        "## Training",
        "",
        "GFLOPs of matrix products and convolutions, 2 per multiply-add. FlopCounterMode multiplies the weight gradient of a grouped",
        "convolution by the groups, and has no formula for the fused attention of CPUs.",
        "",
        *_table([*head, "right backward"], rows),
    ]


def _cost(results: Dict[str, Any]) -> List[str]:
    if not results.get("cost"):
        return []
    lines = ["## What counting costs", "", "One thread, its own time, the best of many interleaved runs: µs more per operator call, and in all.", ""]
    inside = results["cost"]["inside"]
    modes = [mode for mode in next(iter(inside.values()))["seconds"] if mode != "plain"]
    rows = []
    for name, work in inside.items():
        plain = work["seconds"]["plain"]
        cells = [
            f"{(work['seconds'][mode] - plain) / work['calls'] * 1e6:.2f}, {(work['seconds'][mode] - plain) / plain:+.1%}" for mode in modes
        ]
        rows.append([f"{name}: {work['calls']} calls, {plain * 1e3:.3g} ms", *cells])
    lines += _table(["work", *modes], rows)
    whole = results["cost"]["whole"]
    lines += ["A count from the start to the number, by tools that trace or need a model prepared, in ms:", ""]
    rows = [[name, *(f"{cell['seconds'] * 1e3:.0f}" if "seconds" in cell else "–" for cell in tools.values())] for name, tools in whole.items()]
    lines += _table(["model", *next(iter(whole.values()))], rows)
    return lines


def of(results: Dict[str, Any]) -> str:
    about = results["about"]
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    lines = [
        "# The same work, counted by others",
        "",
        "Made by `bench/peers/run.py`, which installs the tools in an environment of its own, counts every case in a process of its own, and",
        f"fails if torchtally is not right. {about['date']}, torch {about['torch']}, {about['machine']}; {versions}.",
        "",
        "Multiply-adds of matrix products and convolutions: one image, sequences of 128 tokens, evaluation, no gradients. *Right* is arithmetic",
        "over shapes (`bench/peers/cases.py`), which for networks of many layers is done by hooks on their convolutions and linear layers; for",
        "torchvision's models it is also what torchvision publishes. A figure in *slanted* type is not right; – is a tool that failed.",
        "",
        *_counts(results),
        *_differences(results),
        *_unknown(results),
        *_training(results),
        *_cost(results),
    ]
    return "\n".join(lines).rstrip() + "\n"
