"""The page that `compression_matrix` writes."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Iterator
from typing import Any

from automed.domain.compression import METHODS

Row = dict[str, Any]


def page(rows: list[Row]) -> str:
    """Markdown: a table an architecture's pairs, what was refused and why, and the differences."""
    versions = sorted({row["torch_pruning"] for row in rows})
    return "\n".join(
        [
            "# What can be compressed",
            "",
            "Written by `benchmarks/compression_matrix.py`; the rows lie in",
            "`benchmarks/results/compression_matrix.jsonl`. torch_pruning " + ", ".join(versions)
            + ".",
            "Every pair of architecture and encoder of the tasks' search spaces, at the smallest",
            "square of 64, 128 and 256 pixels that it takes, with random weights. Each file was",
            "compared with the model in PyTorch; `prune` alone was prepared and compared with the",
            "masked original, its files are those of `prune+ptq` before int8.",
            "",
            *_totals(rows),
            "",
            "## Pairs",
            "",
            "Share of the whole model's MACs that is left; `yes` where MACs stay; `-` where it is",
            "refused.",
            "",
            *_pairs(rows),
            "",
            "## Refused",
            "",
            *_refused(rows),
        ]
    ) + "\n"  # fmt: skip


def _totals(rows: list[Row]) -> Iterator[str]:
    yield (
        "| method | tried | works | MACs left, median | MACs, measured / predicted "
        "| parameters, measured / predicted | bytes, measured / predicted |"
    )
    yield "|---|---|---|---|---|---|---|"
    for method in _methods(rows):
        mine = [row for row in rows if row["method"] == method]
        works = [row for row in mine if "measured" in row]
        left = [_left(row) for row in works]
        yield (
            f"| `{method}` | {len(mine)} | {len(works)} "
            f"| {statistics.median(left) if left else float('nan'):.3f} "
            f"| {_range(works, 'macs')} | {_range(works, 'parameters')} "
            f"| {_range(works, 'size_bytes')} |"
        )


def _range(rows: list[Row], name: str) -> str:
    """Smallest, median and largest of a quotient."""
    found = sorted(
        row["measured"][name] / row["predicted"][name] for row in rows if name in row["measured"]
    )
    if not found:
        return "not measured"
    return f"{found[0]:.3f} to {found[-1]:.3f}, median {statistics.median(found):.3f}"


def _pairs(rows: list[Row]) -> Iterator[str]:
    tried = Counter(row["method"] for row in rows)
    methods = [method for method in _methods(rows) if 2 * tried[method] > max(tried.values())]
    yield "| architecture | encoder | " + " | ".join(f"`{m}`" for m in methods) + " |"
    yield "|---" * (2 + len(methods)) + "|"
    cells: dict[tuple[str, str], dict[str, str]] = {}
    for row in rows:
        pair = row["architecture"] or "classifier", row["encoder"] or "none"
        cells.setdefault(pair, {})[row["method"]] = _cell(row)
    for (architecture, encoder), found in sorted(cells.items()):
        filled = " | ".join(found.get(method, "") for method in methods)
        yield f"| {architecture} | {encoder} | {filled} |"


def _cell(row: Row) -> str:
    if "measured" not in row:
        return "-"
    return f"{_left(row):.2f}" if "prune" in row["method"] else "yes"


def _left(row: Row) -> float:
    return float(row["measured"]["macs"] / row["whole"]["macs"])


def _refused(rows: list[Row]) -> Iterator[str]:
    """What was refused and why; the numbers in a library's messages are not told apart."""
    reasons: dict[str, dict[str, list[str]]] = {}
    for row in rows:
        if "refused" in row:
            because = re.sub(r"(?<!-)[0-9]+", "N", row["because"])
            problem = row["refused"] + (f": {because}" if because else "")
            pair = f"{row['architecture'] or 'classifier'} x {row['encoder'] or 'none'}"
            reasons.setdefault(problem, {}).setdefault(pair, []).append(row["method"])
    for problem, pairs in sorted(reasons.items()):
        methods = sorted({method for of in pairs.values() for method in of}, key=_order)
        number = f"{len(pairs)} model{'s' * (len(pairs) > 1)}"
        yield f"- {problem}. {number}, by {', '.join(f'`{m}`' for m in methods)}:"
        yield f"  {', '.join(sorted(pairs))}."


def _methods(rows: list[Row]) -> list[str]:
    return sorted({row["method"] for row in rows}, key=_order)


def _order(method: str) -> tuple[int, str]:
    """As automed lists its methods, options aside."""
    plain = "+".join(step.split(":")[0] for step in method.split("+"))
    return METHODS.index(plain), method
