"""Samples that show the same image."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from automed.data.finding import Finding, few, number
from automed.data.inspection import Inspection


def duplicates_of(inspections: Sequence[Inspection]) -> list[list[Inspection]]:
    """Samples whose decoded images are equal pixel by pixel, in sets of two or more."""
    by_pixels: dict[str, list[Inspection]] = defaultdict(list)
    for seen in inspections:
        if seen.pixels is not None:
            by_pixels[seen.pixels].append(seen)
    return [same for same in by_pixels.values() if len(same) > 1]


def duplicate_findings(sets: Sequence[Sequence[Inspection]]) -> list[Finding]:
    """Warnings: duplicates that contradict each other first, then those that agree."""
    contradicting = [same for same in sets if len({seen.target for seen in same}) > 1]
    agreeing = [same for same in sets if len({seen.target for seen in same}) == 1]
    findings = []
    if contradicting:
        findings.append(
            Finding(
                code="contradicting-duplicates",
                message=f"{number(len(contradicting), 'set')} of identical images with different "
                f"targets, so that no model can be right: {_shown(contradicting)}",
                files=_files(contradicting),
                hint="remove the copies whose label or mask is wrong",
            )
        )
    if agreeing:
        findings.append(
            Finding(
                code="duplicates",
                message=f"{number(len(agreeing), 'set')} of identical images: {_shown(agreeing)}",
                files=_files(agreeing),
                hint="remove the copies: what is trained on must not be tested on",
            )
        )
    return findings


def _shown(sets: Sequence[Sequence[Inspection]]) -> str:
    return few([" = ".join(seen.sample.image for seen in same[:3]) for same in sets])


def _files(sets: Sequence[Sequence[Inspection]]) -> tuple[str, ...]:
    return tuple(seen.sample.image for same in sets for seen in same)
