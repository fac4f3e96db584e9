"""What an audit found as a page that needs no network."""

from __future__ import annotations

import base64
import html
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

_SIDE = 128
_MOST_FILES = 200
_STYLE = """
body { font: 16px/1.5 Helvetica, Arial, sans-serif; color: #1b1f24; max-width: 60rem;
       margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; } td { padding: .15rem 1rem .15rem 0; vertical-align: top; }
td:first-child { color: #57606a; }
section { border-left: 6px solid #8c959f; padding: .2rem 1rem; margin: 1.5rem 0; }
section.error { border-color: #b3261e; } section.warning { border-color: #d99000; }
h2 { font-size: 1.05rem; margin: .3rem 0; } code { background: #eef1f4; padding: 0 .3rem; }
figure { display: inline-block; width: 136px; margin: .3rem .3rem .3rem 0; font-size: .7rem;
         overflow-wrap: anywhere; vertical-align: top; } img { display: block; max-width: 128px; }
"""


@dataclass(frozen=True, eq=False)
class Section:
    """One finding.

    Attributes:
        level: ``error``, ``warning``, ``allowed`` or ``note``.
        code: Its stable name.
        message: What was found.
        hint: What to do about it.
        files: All files it is about.
        pictures: Some of them, as uint8, shape (height, width, channels), with their names.
    """

    level: str
    code: str
    message: str
    hint: str | None
    files: tuple[str, ...]
    pictures: tuple[tuple[str, NDArray[np.uint8]], ...] = ()


def write_audit_page(
    path: Path, title: str, facts: Sequence[tuple[str, str]], sections: Sequence[Section]
) -> Path:
    """Write the page; it is whole or not there.

    Args:
        path: The file to write.
        title: Above all.
        facts: The data set in figures: name and value.
        sections: The findings, the worst first.
    """
    name = html.escape(title)
    rows = "".join(f"<tr><td>{html.escape(k)}</td><td>{html.escape(v)}</td></tr>" for k, v in facts)
    body = "".join(map(_section, sections)) or "<p>Nothing was found that speaks against it.</p>"
    page = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{name}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{name}</h1><table>{rows}</table>{body}"
        "</body></html>\n"
    )
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    partial.write_text(page, encoding="utf-8")
    partial.replace(path)
    return path


def _section(section: Section) -> str:
    files = "<br>".join(map(html.escape, section.files[:_MOST_FILES]))
    more = len(section.files) - _MOST_FILES
    files += f"<br>and {more} more" if more > 0 else ""
    hint = f"<p><b>Next:</b> {html.escape(section.hint)}</p>" if section.hint else ""
    listed = f"<details><summary>{len(section.files)} files</summary>{files}</details>"
    pictures = "".join(_figure(file, image) for file, image in section.pictures)
    return (
        f'<section class="{section.level}"><h2>{section.level} <code>{section.code}</code></h2>'
        f"<p>{html.escape(section.message)}</p>{hint}{pictures}"
        f"{listed if section.files else ''}</section>"
    )


def _figure(file: str, image: NDArray[np.uint8]) -> str:
    scale = _SIDE / max(image.shape[:2])
    size = [max(1, round(side * scale)) for side in image.shape[1::-1]]
    # OpenCV shrinks no more than four channels at once.
    shown = image[..., ::-1] if image.shape[2] == 3 else image[..., :1]
    small: Any = cv2.resize(np.ascontiguousarray(shown), size, interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".jpg", small)
    text, name = base64.b64encode(data.tobytes()).decode(), html.escape(file, quote=True)
    return (
        f'<figure><img alt="{name}" src="data:image/jpeg;base64,{text}"><figcaption>{name}'
        "</figcaption></figure>"
    )
