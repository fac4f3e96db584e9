"""Which samples must stay together: from options, a manifest, or a table beside the images."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from automed.data.decode_dicom import is_dicom_name, read_header
from automed.data.file_names import plain
from automed.data.group_tables import best_in, sources_near
from automed.data.group_words import group_columns
from automed.data.layouts.found import Found
from automed.data.parallel import in_threads
from automed.data.path_index import PathIndex
from automed.data.table import Table, column_among, read_table
from automed.domain.data_options import DataOptions
from automed.domain.errors import DataError
from automed.domain.sample import Sample
from automed.domain.task import ClassificationTask, SegmentationTask

ENOUGH = 0.95
"""Share of the samples that a table must name before it is taken for theirs without being asked."""

WORTH_A_NOTE = 0.5
"""Share from which a table that names too few samples is mentioned."""

_WAIVE = '--no-groups "why samples may be split one by one"'


class Grouped(NamedTuple):
    """Samples with their groups, where these come from, and what to tell the user."""

    samples: tuple[Sample, ...]
    grouped_by: str | None
    notes: tuple[str, ...] = ()


def with_groups(
    found: Found,
    root: Path,
    task: SegmentationTask | ClassificationTask,
    options: DataOptions,
) -> Grouped:
    """Give each sample its group, from the first source that there is.

    Options (a waiver, a pattern, a table), then the manifest, then a table in the folder, its
    parent or its grandparent that has a column named after a group and another one that names at
    least 95 % of the images. Where there is none, slices are grouped by their volume, and DICOM
    images by the patient that each of their headers names.

    Raises:
        DataError: A source that was asked for, or found, leaves samples without a group; where
            several folders were taken together, the hint names each.
    """
    try:
        return _with_groups(found, root, task, options)
    except DataError as error:
        if len(found.together) < 2:
            raise
        commands = [
            f"automed data check {shlex.quote(str(root / folder))} --task {task.name}"
            for folder in found.together[:8]
        ]
        hint = "\n            ".join(
            [f"{len(found.together)} folders were taken together; choose one:", *commands,
             *filter(None, [error.hint and f"or {error.hint}"])]
        )  # fmt: skip
        raise DataError(
            error.problem, found=error.found, expected=error.expected, hint=hint
        ) from None


def _with_groups(
    found: Found,
    root: Path,
    task: SegmentationTask | ClassificationTask,
    options: DataOptions,
) -> Grouped:
    samples, word = found.samples, task.split.group
    if options.no_groups is not None:
        bare = tuple(sample.replace(group=None) for sample in samples)
        return Grouped(bare, None, (f"samples may be split one by one: {options.no_groups}",))
    if options.group_pattern is not None:
        return _by_pattern(samples, options.group_pattern, word)
    if options.group_csv is not None:
        path = table_path(root, options.group_csv)
        return _by_table(samples, root, path, options.group_column, word)
    if found.grouped_by is not None:
        return Grouped(samples, found.grouped_by)
    searched = _by_search(samples, root, found.folder, word)
    if searched.grouped_by is not None:
        return searched
    return _by_file(samples, root, searched.notes) or searched


def _by_file(samples: Sequence[Sample], root: Path, notes: tuple[str, ...]) -> Grouped | None:
    """Slices by their volume, DICOM images by the patient in their headers; None for others."""
    if any(sample.slice is not None for sample in samples):
        grouped = tuple(sample.replace(group=sample.image) for sample in samples)
        return Grouped(grouped, "volume (its file)", notes)
    if not all(is_dicom_name(sample.image) for sample in samples):
        return None
    patients = list(in_threads(lambda s: _patient(root / s.image), samples))
    if not all(patients) or len(set(patients)) == 1:  # anonymized
        return None
    grouped = tuple(s.replace(group=p) for s, p in zip(samples, patients, strict=True))
    return Grouped(grouped, "patient (DICOM header, PatientID)", notes)


def _patient(path: Path) -> str:
    try:
        return str(read_header(path, "PatientID").get("PatientID", ""))
    except DataError:  # a damaged file has no patient; the audit will name it
        return ""


def _by_pattern(samples: Sequence[Sample], pattern: str, word: str) -> Grouped:
    """Search the file names; where none of them matches, the whole paths."""
    found = {}
    for of in (lambda image: PurePosixPath(image).name, str):
        matches = ((s, re.search(pattern, of(s.image))) for s in samples)
        found = {s.id: m.group(1) for s, m in matches if m is not None and m.group(1)}
        if found:
            break
    _require_all(
        samples,
        found,
        f"--group-pattern {pattern!r}",
        "a pattern whose first (group) matches in every file name, or in every path",
    )
    return _grouped(samples, found, f"{word} (file names, pattern {pattern})")


def _by_table(
    samples: Sequence[Sample], root: Path, path: Path, column: str | None, word: str
) -> Grouped:
    table = read_table(path)
    chosen = _column_in(table, column, word)
    source = best_in(table, chosen, PathIndex(s.image for s in samples), trusted=True)
    by_id = _ids(samples, source.groups if source else {})
    _require_all(samples, by_id, f"--group-csv {path}", "a column that names every image")
    return _grouped(samples, by_id, _described(path, chosen, root))


def _column_in(table: Table, wanted: str | None, word: str) -> str:
    if wanted is None:
        found = next(iter(group_columns(table.columns, word)), None)
    else:
        found = wanted if wanted in table.columns else column_among(table.columns, [plain(wanted)])
    if found is None:
        what = "no column named after a group" if wanted is None else f"no column {wanted!r}"
        raise DataError(
            f"--group-csv {table.path} has {what}",
            found=", ".join(table.columns),
            expected=f"a column with the {word} of each image",
            hint=f"name it: --group-csv {table.path} --group-column {table.columns[-1]}",
        )
    return found


def table_path(root: Path, name: str) -> Path:
    """The absolute path of a table given from where the user stands, or within the data's folder.

    Raises:
        DataError: There is no such file.
    """
    for path in (Path(name).expanduser().absolute(), root / name):
        if path.is_file():
            return path
    raise DataError(f"--group-csv {name}: there is no such file", expected="a CSV file")


def _by_search(samples: Sequence[Sample], root: Path, folder: str, word: str) -> Grouped:
    index = PathIndex(sample.image for sample in samples)
    sources, notes = sources_near(root, folder, index, word)
    images = len({sample.image for sample in samples})
    enough = [s for s in sources if len(s.groups) >= ENOUGH * images]
    if enough:
        best = enough[0]
        by_id = _ids(samples, best.groups)
        described = _described(best.table.path, best.column, root)
        _require_all(samples, by_id, f"{best.table.path}", "a row for every image")
        return _grouped(samples, by_id, described)
    notes += [
        f"{s.table.path.name} names {len(s.groups)} of {images} images, too few to take "
        f"its column {s.column} for groups"
        for s in sources
        if len(s.groups) >= WORTH_A_NOTE * images
    ]
    return Grouped(tuple(samples), None, tuple(notes))


def _described(path: Path, column: str, root: Path) -> str:
    shown = path.relative_to(root) if path.is_relative_to(root) else path.name
    return f"{column} ({shown}, column {column})"


def _ids(samples: Sequence[Sample], by_image: Mapping[str, str]) -> dict[str, str]:
    return {s.id: by_image[s.image] for s in samples if s.image in by_image}


def _require_all(
    samples: Sequence[Sample], groups: Mapping[str, str], source: str, expected: str
) -> None:
    missing = [sample.image for sample in samples if sample.id not in groups]
    if missing:
        raise DataError(
            f"{source} gives no group for {len(missing)} of {len(samples)} samples",
            found=", ".join(missing[:3]),
            expected=expected,
            hint=f"complete it, or waive groups in so many words: {_WAIVE}",
        )


def _grouped(samples: Sequence[Sample], groups: Mapping[str, str], source: str) -> Grouped:
    notes: tuple[str, ...] = ()
    if len(set(groups.values())) == len(samples) > 1:
        notes = (f"each sample is a group of its own by {source}",)
    return Grouped(tuple(s.replace(group=groups[s.id]) for s in samples), source, notes)
