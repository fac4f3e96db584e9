"""What file names may say about groups: patterns such as ``C{center}_*``, with what they give."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import PurePosixPath

from automed.data.file_names import parts
from automed.data.group_words import GROUP_WORDS
from automed.data.layouts.names import is_part
from automed.domain.sample import Sample

FEWEST = 3
"""Groups that a pattern must give: one each for train, validation and test."""

_ENOUGH = 0.95
"""Share of the names that must be alike before a pattern is read into them."""

_ALIASES = {
    "pat": "patient", "pid": "patient", "uid": "patient", "id": "patient", "p": "patient",
    "subj": "subject", "sub": "subject", "sbj": "subject", "seq": "sequence", "vid": "video",
    "c": "center", "site": "hospital",
}  # fmt: skip
_SEPARATORS = r"[_\-. ]"
_KEYED = re.compile(r"([^\W\d_]+)(\d+[A-Za-z]?)")


@dataclass(frozen=True)
class GroupProposal:
    """A pattern on file names, or on paths, and the groups that it gives.

    Attributes:
        template: For people: ``C{center}_*``.
        pattern: The regular expression that ``--group-pattern`` takes.
        word: What a group is.
        sizes: How many images each group has.
        examples: Some files with their groups.
        sure: Whether the names themselves say so, rather than only look like it.
    """

    template: str
    pattern: str
    word: str
    sizes: dict[str, int]
    examples: tuple[tuple[str, str], ...]
    sure: bool

    def told(self) -> str:
        """For example ``C{center}_*: C1_001.png is of center 1, ...; 6 groups of 3 to 40``."""
        shown = ", ".join(f"{file} -> {group}" for file, group in self.examples)
        low, high = min(self.sizes.values()), max(self.sizes.values())
        of = f"{low}" if low == high else f"{low} to {high}"
        return f"{self.template} ({shown}; {len(self.sizes)} groups of {of} images)"


def propose_groups(samples: Sequence[Sample]) -> list[GroupProposal]:
    """Patterns that file names or folders suggest; the surest and finest first.

    A field of the name that is called after a group (``UID_12``, ``patient3``, ``C1``), or a folder
    for each of several images, is sure. A field that merely repeats, such as the first of
    ``101_7.png``, is not; only the first such is given. What only repeats the class of an image
    says nothing.
    """
    found = [*_by_folder(samples), *_by_field(samples)]
    sure = sorted((p for p in found if p.sure), key=lambda p: (_rank(p.word), -len(p.sizes)))
    return [*sure, *[p for p in found if not p.sure][:1]]


def _rank(word: str) -> int:
    return GROUP_WORDS.index(word) if word in GROUP_WORDS else len(GROUP_WORDS)


def _by_folder(samples: Sequence[Sample]) -> Iterator[GroupProposal]:
    folders = [PurePosixPath(sample.image).parent.parts for sample in samples]
    shared = len(list(takewhile(lambda level: len(set(level)) == 1, zip(*folders, strict=False))))
    for depth in range(shared, min(map(len, folders))):
        names = {folder[depth] for folder in folders}
        if any(map(is_part, names)):
            continue
        word = next(filter(None, (_word_of(re.split(r"[\W\d_]", n)[0]) for n in names)), "")
        pattern = "^" + "[^/]+/" * depth + "([^/]+)/"
        template = "*/" * depth + "{" + (word or "group") + "}/*"
        proposal = _proposal(samples, template, pattern, word or "group", str, sure=True)
        yield from [proposal] if proposal else []


def _by_field(samples: Sequence[Sample]) -> Iterator[GroupProposal]:
    rows = [re.split(f"({_SEPARATORS})", parts(_name(s.image))[1]) for s in samples]
    fields = Counter(len(row) for row in rows).most_common(1)[0][0]
    alike = [row for row in rows if len(row) == fields]
    if len(alike) < _ENOUGH * len(rows):
        fields = min(len(row) for row in rows)
        alike = rows
    before, shown = "^", ""
    for place in range(0, fields, 2):
        column = [row[place] for row in alike]
        end = {row[place + 1] for row in alike if len(row) > place + 1}
        more = end.pop() if len(end) == 1 and all(len(row) > place + 1 for row in alike) else None
        above = alike[0][place - 2] if place >= 2 else ""
        for template, pattern, word, sure in _readings(column, more, above):
            of = (shown + template, before + pattern, word)
            proposal = _proposal(samples, *of, _name, sure=sure)
            yield from [proposal] if proposal else []
        constant = len(set(column)) == 1
        before += (_literal(column[0]) if constant else _ANY) + (
            _literal(more) if more else _SEPARATORS
        )
        shown += (column[0] if constant else "*") + (more or "*")


_ANY = r"[^_\-. ]+"


def _readings(
    column: Sequence[str], more: str | None, above: str
) -> Iterator[tuple[str, str, str, bool]]:
    """What a field of all names may be: template, pattern, word, and whether that is sure."""
    end, rest = (_literal(more), f"{more}*") if more else (_SEPARATORS, "*")
    keyed = [_KEYED.fullmatch(value) for value in column]
    letters = {match[1] for match in keyed if match}
    if all(keyed) and len(letters) == 1 and (word := _word_of(letter := letters.pop())):
        yield f"{letter}{{{word}}}{rest}", rf"{letter}(\d+[A-Za-z]?){end}", word, True
    elif word := _word_of(above):
        yield f"{{{word}}}{rest}", rf"({_ANY}){end}", word, len(above) > 1
    elif more is not None:
        yield f"{{group}}{rest}", rf"({_ANY}){end}", "group", False


def _word_of(text: str) -> str:
    """The group word that a field is named after, or nothing."""
    plain = text.casefold()
    for word in (plain, plain.removesuffix("s")):
        if word in GROUP_WORDS:
            return word.replace("centre", "center")
    return _ALIASES.get(plain, "")


def _literal(text: str) -> str:
    return re.escape(text).replace(r"\-", "-").replace(r"\ ", " ")


def _name(image: str) -> str:
    return PurePosixPath(image).name


def _proposal(
    samples: Sequence[Sample], template: str, pattern: str, word: str,
    of: Callable[[str], str], *, sure: bool,
) -> GroupProposal | None:  # fmt: skip
    matches = [(sample, re.search(pattern, of(sample.image))) for sample in samples]
    found = [(sample, match[1]) for sample, match in matches if match and match[1]]
    sizes = Counter(group for _, group in found)
    if len(found) < len(samples) or not FEWEST <= len(sizes) <= len(samples) / 2:
        return None
    if _repeats_the_class(found):
        return None
    first = {group: of(sample.image) for sample, group in reversed(found)}
    examples = tuple((file, group) for group, file in list(first.items())[::-1][:3])
    return GroupProposal(template, pattern, word, dict(sizes), examples, sure)


def _repeats_the_class(found: Sequence[tuple[Sample, str]]) -> bool:
    labels = {sample.label for sample, _ in found}
    pairs = {(sample.label, group) for sample, group in found}
    groups = {group for _, group in found}
    return labels != {None} and len(pairs) == len(groups) <= len(labels)
