"""The page about planted faults."""

from __future__ import annotations

import io
from typing import Any


def page(rows: list[dict[str, Any]], suspected: list[dict[str, Any]]) -> str:
    """The results as Markdown."""
    text = io.StringIO()
    text.write("# Planted faults\n\nBy `benchmarks/audit_faults.py`: faults planted into clean ")
    text.write("data, ten at a time; a copy counts as found if it is named and every split keeps ")
    text.write("it beside its original.\n\n| data | samples | faults | recall | false alarms, ")
    text.write("clean | beside faults |\n|---|---|---|---|---|---|\n")
    for row in rows:
        text.write(f"| {row['data']} | {row['samples']} | {row['faults']} | {row['recall']:.3f} | ")
        text.write(f"{row['false_alarms_clean']:.3f} | {row['false_alarms_beside_faults']:.4f} |\n")
    text.write(_suspected(suspected))
    for row in rows:
        text.write(f"\n## {row['data']}\n\n| fault | found | planted |\n|---|---|---|\n")
        for kind, (hit, total) in row["by_kind"].items():
            text.write(f"| {kind} | {hit} | {total} |\n")
        text.writelines(
            f"\nClean data, said by the audit: {said}\n" + _truth(said)
            for said in row["clean_findings"]
        )
    last = rows[-1]
    text.write(f"\n{last['machine']}; automed {last['automed']}, Python {last['python']}, numpy ")
    text.write(f"{last['numpy']}, OpenCV {last['opencv']}; {last['date']}, seed {last['seed']}.\n")
    return text.getvalue()


def _suspected(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    text.write("\n## What can only be suspected\n\nWarnings about masks that may be shifted and ")
    text.write("labels that may be wrong. Planted four times: masks of a tenth of the samples ")
    text.write("moved by 10 to 20 % of the longer side with black coming in, or all masks by 5 %; ")
    text.write("images, one in fifty, moved to the folder of another class. The recall above is ")
    text.write("without these.\n\n")
    text.write("| fault | data | samples | found | planted | recall | named, clean | named beside ")
    text.write("faults |\n|---|---|---|---|---|---|---|---|\n")
    for row in rows:
        text.write(f"| {row['suspicion']} | {row['data']} | {row['samples']} | {row['found']} | ")
        text.write(f"{row['planted']} | {row['found'] / row['planted']:.3f} | ")
        text.write(f"{row['clean_named'] / row['samples']:.4f} | ")
        others = row["others_named"] / row["others"] if row["others"] else None
        text.write("" if others is None else f"{others:.4f}")
        text.write(" |\n")
    return text.getvalue()


TRUE = {
    "cju886ryxnsl50801r93jai7q": "These two are frames of one polyp, three seconds apart by the "
    "clock in the picture: a true finding, which counts as two samples of the false alarms above.",
}
"""What is known of findings in clean data, by a file that they name."""


def _truth(said: str) -> str:
    return "".join(f"\n{known}\n" for file, known in TRUE.items() if file in said)
