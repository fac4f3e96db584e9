"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from automed.domain.data_options import DataOptions
    from automed.domain.workspace import Workspace

WorkspaceOption = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        help="Folder for studies, caches and MLflow.",
        show_default="$AUTOMED_WORKSPACE or ./automed-workspace",
    ),
]
Layout = Annotated[
    str | None,
    typer.Option(
        help="How files lie in the folder: paired_folders, pranet, one_folder, "
        "object_masks, class_folders or manifest; recognized where not given."
    ),
]
GroupPattern = Annotated[
    str | None,
    typer.Option(
        metavar="'C{center}_*'|REGEX",
        help="What to keep whole, from file names: {patient}, or the first (group), is its id.",
    ),
]
GroupCsv = Annotated[
    Path | None, typer.Option(help="CSV that names each image and its patient, sequence or plate.")
]
GroupColumn = Annotated[str | None, typer.Option(help="Column of --group-csv with the group.")]
NoGroups = Annotated[
    str | None, typer.Option(help="Why splitting image by image is right for these data.")
]
MaskValues = Annotated[
    str | None,
    typer.Option(
        help="half: foreground above half range; nonzero: any value but 0.", show_default="half"
    ),
]
Fresh = Annotated[
    bool,
    typer.Option("--fresh", help="Forget the flags that the folder is registered with."),
]

Allow = Annotated[
    list[str] | None,
    typer.Option(
        metavar="CODE", help="Waive a finding of the audit, such as unreadable. Repeatable."
    ),
]


def workspace_at(path: Path | None) -> Workspace:
    """The workspace of an option."""
    from automed.domain.workspace import Workspace

    return Workspace.at(path)


def data_options(
    layout: str | None,
    group_pattern: str | None,
    group_csv: Path | None,
    group_column: str | None,
    no_groups: str | None,
    mask_values: str | None,
    allow: list[str] | None = None,
) -> DataOptions:
    """The flags as one value; only what they say is among its ``model_fields_set``.

    Raises:
        AutomedError: They contradict each other or cannot be read.
    """
    from pydantic import ValidationError

    from automed.domain.data_options import DataOptions
    from automed.domain.errors import AutomedError

    try:
        given = {
            "layout": layout, "group_pattern": group_pattern,
            "group_csv": str(group_csv.absolute()) if group_csv else None,
            "group_column": group_column, "no_groups": no_groups, "mask_values": mask_values,
            "allow": tuple(dict.fromkeys(allow)) if allow else None,
        }  # fmt: skip
        said = {name: value for name, value in given.items() if value is not None}
        return DataOptions.model_validate(said)
    except ValidationError as error:
        first = error.errors()[0]
        flag = "".join(f"--{str(p).replace('_', '-')}: " for p in first["loc"])
        raise AutomedError(f"{flag}{first['msg'].removeprefix('Value error, ')}") from None
