"""A study that is kept in Postgres: its settings, as all machines that search it have them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from automed.domain.budget import Budget
from automed.domain.compression import Compression
from automed.domain.errors import StudyError
from automed.domain.study_spec import StudySpec
from automed.search.postgres import Postgres

if TYPE_CHECKING:
    from automed.search.postgres import Connection


@dataclass(frozen=True)
class SharedStudy:
    """What a machine that joins needs to know.

    Attributes:
        spec: The settings, with the paths of the machine that began the study.
        split: As in ``split.json``; empty: none was given.
        prior: As in ``warm_start.json``; None: the study has no warm start.
        changes: How often budget or compressions were changed.
    """

    spec: StudySpec
    split: str = ""
    prior: str | None = None
    changes: int = 0


class SharedStudies:
    """The studies in a database.

    Args:
        url: Of the database.
    """

    def __init__(self, url: str) -> None:
        self._database = Postgres(url)

    @property
    def place(self) -> str:
        """Host and database, for messages."""
        return self._database.place

    def names(self) -> list[str]:
        """Of all studies."""
        query = "select name from automed.study where spec is not null order by name"
        return [name for (name,) in self._database.rows(query)]

    def find(self, name: str) -> SharedStudy | None:
        """A study; None: there is none of that name.

        Raises:
            StudyError: It is of another version of automed, or the database cannot be reached.
        """
        rows = self._database.rows(_FIND, name)
        return _read(name, rows[0]) if rows else None

    def add(self, study: SharedStudy) -> bool:
        """Begin a study; False: another machine has begun one of that name."""
        spec = study.spec
        text = _text(spec)

        def add(connection: Connection, again: bool) -> bool:
            connection.execute(
                "insert into automed.study (name) values (%s) on conflict do nothing", [spec.name]
            )
            row = connection.execute(
                "select spec, split, prior from automed.study where name = %s for no key update",
                [spec.name],
            ).fetchone()
            if row is not None and row[0] is not None:
                return again and tuple(row) == (text, study.split, study.prior)
            connection.execute(_ADD, [text, study.split, study.prior, spec.name])
            return True

        return self._database.transact(add)

    def change(
        self, name: str, budget: Budget | None, compress: tuple[Compression, ...]
    ) -> SharedStudy:
        """Replace a study's budget and add to its compressions, for all machines.

        Raises:
            StudyError: There is no such study.
        """

        def change(connection: Connection, again: bool) -> SharedStudy:
            del again
            row = connection.execute(f"{_FIND} for no key update", [name]).fetchone()
            if row is None:
                raise StudyError(
                    f"there is no study {name!r} in {self.place}",
                    hint="it was removed there; start anew under another --name",
                )
            study = _read(name, row)
            spec = study.spec.replace(
                budget=budget or study.spec.budget,
                compress=tuple(dict.fromkeys([*study.spec.compress, *compress])),
            )
            if spec == study.spec:
                return study
            connection.execute(_CHANGE, [_text(spec), name])
            return SharedStudy(spec, study.split, study.prior, study.changes + 1)

        return self._database.transact(change)

    def close(self) -> None:
        """Hang up."""
        self._database.close()


def _text(spec: StudySpec) -> str:
    return json.dumps(spec.model_dump(mode="json"))


def _read(name: str, row: tuple[str, str | None, str | None, int]) -> SharedStudy:
    text, split, prior, changes = row
    try:
        return SharedStudy(StudySpec.model_validate_json(text), split or "", prior, changes)
    except ValidationError as error:
        raise StudyError(
            f"study {name!r} in the storage is of another version of automed",
            found=str(error).splitlines()[0],
            hint="search it with the same version on all machines, or start anew under another "
            "--name",
        ) from error


_FIND = """
select spec, split, prior, changes from automed.study where name = %s and spec is not null
"""
_ADD = "update automed.study set spec = %s, split = %s, prior = %s where name = %s"
_CHANGE = "update automed.study set spec = %s, changes = changes + 1 where name = %s"
