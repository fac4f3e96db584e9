"""Which images are meant, and what their results are called."""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from .read import SUFFIXES
from .refused import RefusedError

MASKS, OVERLAYS, TABLE = "masks", "overlays", "predictions.csv"
"""What results are called in the output folder."""


def find_images(
    given: Sequence[str], out: Path, suffixes: Sequence[str] = SUFFIXES
) -> dict[Path, str]:
    """The images that files, folders (with all below them) and patterns stand for.

    Args:
        given: What the user typed.
        out: Where results go: masks and overlays of an earlier run there are no images.
        suffixes: Endings looked for in folders; files that are named are taken as they are.

    Returns:
        Paths, each once, and for each the name of its result, without an ending: the way from
        the folder that all images share, so that names in different folders do not meet.

    Raises:
        RefusedError: A path does not exist, or no image is found.
    """
    found: dict[Path, Path] = {}
    results = {out.resolve() / name for name in (MASKS, OVERLAYS)}
    for text in given:
        paths = _matching(text, suffixes)
        if not paths:
            raise RefusedError(
                f"{text}: no image there; looked for {', '.join(suffixes)}"
                if Path(text).exists() or glob.has_magic(text)
                else f"{text}: there is no such file or folder"
            )
        for path in paths:
            whole = path.resolve()
            if not results & set(whole.parents):
                found.setdefault(whole, path)
    if not found:
        raise RefusedError(f"no image besides the results in the output folder {out}")
    return dict(zip(found.values(), _names(list(found)), strict=True))


def refuse_earlier(out: Path, force: bool) -> None:
    """Refuse a folder with the results of another run: masks and table would not belong together.

    Args:
        out: Where results go.
        force: Whether the table may be replaced, and masks of the same names.

    Raises:
        RefusedError: There are results.
    """
    if not force and (out / TABLE).exists():
        raise RefusedError(
            f"{out} holds the results of an earlier run: choose another -o, or add --force"
        )


def _matching(text: str, suffixes: Sequence[str]) -> list[Path]:
    path = Path(text)
    if path.is_file():
        return [path]
    if path.is_dir():
        return sorted(p for p in path.rglob("*") if _is_image(p, suffixes))
    names = glob.glob(text, recursive=True)  # noqa: PTH207 - a pattern may be absolute
    paths = [Path(name) for name in sorted(names)]
    inside = [p for folder in paths if folder.is_dir() for p in _matching(str(folder), suffixes)]
    return [p for p in paths if p.is_file()] + inside


def _is_image(path: Path, suffixes: Sequence[str]) -> bool:
    hidden = path.name.startswith(".")
    return not hidden and path.name.lower().endswith(tuple(suffixes)) and path.is_file()


def _names(paths: Sequence[Path]) -> list[str]:
    root = Path(os.path.commonpath([str(p.parent) for p in paths]))
    whole = [p.relative_to(root).as_posix() for p in paths]
    short = [Path(name).with_suffix("").as_posix() for name in whole]
    times = Counter(name.casefold() for name in short)
    # 1.png beside 1.jpg: these two keep their endings.
    apart = [w if times[s.casefold()] > 1 else s for w, s in zip(whole, short, strict=True)]
    return apart if len({name.casefold() for name in apart}) == len(paths) else whole
