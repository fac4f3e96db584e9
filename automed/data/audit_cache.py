"""What an audit saw, kept by the files' content: a second look at unchanged files costs nothing."""

from __future__ import annotations

import io
import json
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from automed.data.audit_fit import Fit
from automed.data.audit_look import Look
from automed.data.dataset import Dataset
from automed.data.inspection import Inspection, inspect
from automed.data.readers import VERSION
from automed.domain.digest import digest
from automed.domain.errors import DataError
from automed.domain.sample import Sample
from automed.domain.task import AnyTask

FORMAT = 2
"""Raised when the same files would be seen in another way."""

_SCHEMA = "CREATE TABLE IF NOT EXISTS seen (key TEXT PRIMARY KEY, facts TEXT, look BLOB)"
_WAIT = 10.0
_APART = ("sample", "problems", "look", "fit")
_KEPT = tuple(f.name for f in fields(Inspection) if f.name not in _APART)


class AuditCache:
    """A SQLite file that remembers what was seen of samples.

    A file that is damaged, locked or not writable makes audits slow, not wrong: it is passed over.

    Args:
        path: The file; it is made where it is missing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = self._read()
        self._new: dict[str, tuple[str, bytes]] = {}
        self._lock = threading.Lock()
        self.hits = 0
        """How many samples were known."""

    def inspect(
        self, dataset: Dataset, sample: Sample, task: AnyTask, *, fitting: bool = False
    ) -> Inspection:
        """As `automed.data.inspection.inspect`; samples with problems are looked at every time."""
        key = _key(dataset, sample, task, fitting)
        if key is not None and key in self._known:
            with self._lock:
                self.hits += 1
            return _restored(sample, *self._known[key])
        seen = inspect(dataset, sample, task, fitting=fitting)
        if key is not None and not seen.problems and seen.look is not None:
            with self._lock:
                self._new[key] = _stored(seen)
        return seen

    def save(self) -> None:
        """Write what is new."""
        rows = [(key, *row) for key, row in self._new.items()]
        if not rows:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self._path, timeout=_WAIT)) as store, store:
                store.execute(_SCHEMA)
                store.executemany("INSERT OR REPLACE INTO seen VALUES (?, ?, ?)", rows)
        except (sqlite3.Error, OSError):
            return  # the next audit decodes again
        self._known |= self._new
        self._new = {}

    def _read(self) -> dict[str, tuple[str, bytes]]:
        if not self._path.is_file():
            return {}
        try:
            with closing(sqlite3.connect(self._path, timeout=_WAIT)) as store:
                rows: Sequence[tuple[str, str, bytes]] = store.execute(
                    "SELECT key, facts, look FROM seen"
                ).fetchall()
        except sqlite3.DatabaseError:
            self._discard()
            return {}
        return {key: (facts, look) for key, facts, look in rows}

    def _discard(self) -> None:
        try:
            self._path.unlink(missing_ok=True)
        except OSError:
            return  # not ours to remove


def _key(dataset: Dataset, sample: Sample, task: AnyTask, fitting: bool) -> str | None:
    try:
        content = [dataset.content_of(sample), [dataset.file_digests[m] for m in sample.masks]]
    except DataError:  # one of the files cannot be read; the inspection tells which
        return None
    how = [FORMAT, VERSION, task.channels, task.window, dataset.options.mask_values,
           dataset.several_classes, dataset.classes if sample.masks else (),
           dataset.mask_values, fitting and bool(sample.masks)]  # fmt: skip
    # The target is the content of a mask, or the label, which the sample itself carries.
    return digest([how, [list(content[0]), content[1]], sample.image.lower().endswith(".png")])


def _stored(seen: Inspection) -> tuple[str, bytes]:
    assert seen.look is not None
    facts = {name: getattr(seen, name) for name in _KEPT} | {"overlay": seen.look.overlay}
    stream = io.BytesIO()
    look, fit = seen.look, seen.fit
    arrays: dict[str, Any] = {"thumb": look.thumb, "colours": look.colours, "middle": look.middle}
    if fit is not None:
        arrays["surface"] = fit.surface
        facts["fit"] = {"offset": fit.offset, "peak": fit.peak, "centre": fit.centre}
    np.savez(stream, **arrays)
    return json.dumps(facts), stream.getvalue()


def _restored(sample: Sample, facts: str, content: bytes) -> Inspection:
    told: dict[str, Any] = json.loads(facts)
    overlay, fit = told.pop("overlay"), told.pop("fit", None)
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        look = Look(arrays["thumb"], arrays["colours"], arrays["middle"], overlay)
        if fit is not None:
            told["fit"] = Fit(tuple(fit["offset"]), fit["peak"], fit["centre"], arrays["surface"])
    for name in ("size", "mask_size"):
        told[name] = None if told[name] is None else tuple(told[name])
    told["class_shares"] = tuple(told["class_shares"])
    told["strays"] = tuple((value, count) for value, count in told["strays"])
    return replace(Inspection(sample), look=look, **told)
