"""Fluorescence images of dsb2018, for tests on real ones."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

FIELDS = 40


def link_fields(real_data: Path, folder: Path) -> Path:
    """Make a folder of forty images and their masks, as links; returns it."""
    source = real_data / "cell" / "dsb2018_pairs"
    names = sorted(p.name for p in (source / "images").iterdir())
    chosen = [n for n in names if size_of(source / "images" / n) == (256, 256)][:FIELDS]
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
        for name in chosen:
            match = next((source / kind).glob(f"{Path(name).stem}.*"))
            (folder / kind / match.name).symlink_to(match)
    return folder


def size_of(path: Path) -> tuple[int, int]:
    """Width and height of a picture."""
    with Image.open(path) as image:
        return image.size
