"""How to read a folder, where the folder itself does not say."""

from __future__ import annotations

import re
import shlex
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from automed.domain.frozen import Frozen
from automed.domain.group_template import read_template


class DataOptions(Frozen):
    """What a user may add to a data set's path. All optional: recognition comes first."""

    layout: str | None = None
    group_pattern: str | None = None
    """Regular expression on the file's name (its path for class folders): group 1 is the group.

    ``C{center}_*`` is understood as well, and kept as a regular expression."""
    group_csv: str | None = None
    """CSV with a column that names the images and a column that names the group."""
    group_column: str | None = None
    no_groups: str | None = Field(default=None, min_length=3)
    """Why samples may be split one by one although the task asks for groups."""
    mask_values: Literal["half", "nonzero"] = "half"
    """half: foreground lies above half of the full range (JPEG masks); nonzero: any value but 0."""

    allow: tuple[str, ...] = ()
    """Codes of findings that the user waives."""
    left_out: tuple[str, ...] = ()
    """Ids of samples that are not used, because the errors about them were waived."""

    @field_validator("group_pattern")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        if pattern is not None:
            pattern, _ = read_template(pattern)
            try:
                groups = re.compile(pattern).groups
            except re.error as error:
                raise ValueError(
                    f"--group-pattern {pattern!r} is no regular expression: {error}"
                ) from None
            if groups < 1:
                raise ValueError(
                    f"--group-pattern {pattern!r} needs one (group) in parentheses, or a name "
                    "in braces: 'patient{patient}_*'"
                )
        return pattern

    @property
    def flags(self) -> str:
        """The flags that spell these options, to be copied behind a command."""
        given = self.model_dump(exclude_defaults=True, exclude={"allow", "left_out"})
        flags = [(key.replace("_", "-"), str(value)) for key, value in given.items()]
        flags += [("allow", code) for code in self.allow]
        return "".join(f" --{name} {shlex.quote(value)}" for name, value in flags)

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.group_pattern and self.group_csv:
            raise ValueError("--group-pattern and --group-csv exclude each other")
        if self.group_column and not self.group_csv:
            raise ValueError("--group-column needs --group-csv")
        return self
