"""Samples that show the same image: equal pixel by pixel, or one a copy of the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from automed.data.audit_near import Sets, near_copies
from automed.data.finding import Finding, few, number
from automed.data.group_words import plural, word_of_groups
from automed.data.inspection import Inspection

MOST_TIED = 1 / 3
"""Share of the samples in one set of copies from which a split could not keep them together."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Copies:
    """Which samples show the same image.

    Attributes:
        equal: Samples whose decoded images are equal, in sets of two or more.
        near: Samples of which one is a turned, mirrored, trimmed or recompressed copy of another,
            with the copies of these copies; those in `equal` count once.
        samples: How many were compared.
    """

    equal: tuple[tuple[Inspection, ...], ...]
    near: tuple[tuple[Inspection, ...], ...]
    samples: int

    @property
    def ties(self) -> tuple[tuple[str, ...], ...]:
        """Ids of samples that a split must keep on one side, beyond those of one group.

        None where one set holds so many that no split could: near copies are then frames of one
        scene rather than copies.
        """
        sets = Sets(0)
        place: dict[str, int] = {}
        for found in (*self.equal, *self.near):
            for seen in found:
                place.setdefault(seen.sample.id, sets.add())
            for seen in found[1:]:
                sets.join(place[found[0].sample.id], place[seen.sample.id])
        names = list(place)
        tied = [tuple(sorted(names[index] for index in one)) for one in sets.several]
        groups = {s.sample.id: s.sample.group for one in (*self.equal, *self.near) for s in one}
        loose = [one for one in tied if _apart([groups[name] for name in one])]
        if max(map(len, loose), default=0) > MOST_TIED * self.samples:
            return ()
        return tuple(sorted(loose))


def _apart(groups: Sequence[str | None]) -> bool:
    """Whether no group holds all of them together."""
    return None in groups or len(set(groups)) > 1


def _crosses(groups: Sequence[str | None]) -> bool:
    return len({group for group in groups if group is not None}) > 1


def copies_in(inspections: Sequence[Inspection], progress: Progress | None = None) -> Copies:
    """Find equal images, and copies that are not quite equal.

    Args:
        inspections: Of all samples.
        progress: Called with how many images were compared, and of how many.
    """
    equal = duplicates_of(inspections)
    again = {id(seen) for same in equal for seen in same[1:]}
    # Slices of a volume are like their neighbours by nature, and lie in one group.
    seen = [s for s in inspections
            if s.look is not None and id(s) not in again and s.sample.slice is None]  # fmt: skip
    pairs = near_copies([s.look for s in seen if s.look is not None], progress)
    joined = Sets(len(seen))
    for one, other in pairs:
        joined.join(one, other)
    near = tuple(tuple(seen[index] for index in one) for one in joined.several)
    return Copies(tuple(map(tuple, equal)), near, len(inspections))


def duplicates_of(inspections: Sequence[Inspection]) -> list[list[Inspection]]:
    """Samples whose decoded images are equal pixel by pixel, in sets of two or more."""
    by_pixels: dict[str, list[Inspection]] = defaultdict(list)
    for seen in inspections:
        if seen.pixels is not None and not (seen.look is not None and seen.look.blank):
            by_pixels[seen.pixels].append(seen)
    return [same for same in by_pixels.values() if len(same) > 1]


def duplicate_findings(copies: Copies, grouped_by: str | None = None) -> list[Finding]:
    """Warnings: copies that contradict each other first, then those that agree.

    Near copies that one group holds together are what frames of a video are, and no flaw.

    Args:
        copies: What was found.
        grouped_by: Where the groups come from, which says what they are called.
    """
    word = word_of_groups(grouped_by) if grouped_by else ""
    contradicting = [same for same in copies.equal if len({seen.target for seen in same}) > 1]
    agreeing = [same for same in copies.equal if len({seen.target for seen in same}) == 1]
    near = [same for same in copies.near if _apart([seen.sample.group for seen in same])]
    differing = [same for same in near if len({seen.sample.label for seen in same}) > 1]
    alike = [same for same in near if same not in differing]
    found = (
        _finding(
            "contradicting-duplicates", contradicting,
            "of identical images with different targets, so that no model can be right",
            "remove the copies whose label or mask is wrong", word,
        ),
        _finding(
            "contradicting-near-duplicates", differing,
            "of copies of one image (turned, mirrored, trimmed or compressed) under two labels",
            "look at them, and remove the copies whose label is wrong", word,
        ),
        _finding(
            "duplicates", agreeing, "of identical images",
            "remove the copies; those that stay are kept on one side of every split", word,
        ),
        _finding(
            "near-duplicates", alike,
            "of copies of one image (turned, mirrored, trimmed or compressed)",
            "remove the copies, or say what belongs together (--group-csv); those that stay are "
            "kept on one side of every split", word,
        ),
    )  # fmt: skip
    return [finding for finding in found if finding is not None]


def _finding(
    code: str, sets: Sequence[Sequence[Inspection]], what: str, hint: str, word: str
) -> Finding | None:
    if not sets:
        return None
    crossing = sum(_crosses([seen.sample.group for seen in same]) for same in sets)
    where = ""
    if crossing and word:
        some = "" if len(sets) == 1 else f"{'all' if crossing == len(sets) else crossing} of them "
        where = f", {some}under different {plural(word)}"
        hint = f"first see whether a file lies under the wrong {word}; then {hint}"
    shown = few([" = ".join(seen.sample.image for seen in same[:3]) for same in sets])
    return Finding(
        code=code,
        message=f"{number(len(sets), 'set')} {what}{where}: {shown}",
        files=tuple(seen.sample.image for same in sets for seen in same),
        sets=tuple(tuple(seen.sample.image for seen in same) for same in sets),
        hint=hint,
    )
