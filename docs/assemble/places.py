"""Where each file of the repository stands on the site, and how pages link to it from there."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

EXAMPLES = "examples.md"
_LINK = re.compile(r"`[^`]*`|(!?\[[^\]]*\]\()([^)\s]+)(\))")
"""A link; or code, in which nothing is one."""
_FENCED = re.compile(r"(^ *```.*?^ *```$)", re.MULTILINE | re.DOTALL)
_MARKER = re.compile(r"^ *<!-- (?:run|save|not run)\b.*-->\n", re.MULTILINE)
"""Comments that are for the tests alone; see tests/docs/blocks.py."""


def places(root: Path) -> dict[str, str]:
    """Paths within the repository, and within the site's pages.

    Args:
        root: Of the repository.
    """
    found = {"CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md"}
    for folder, site, patterns in (
        ("docs", "", ("*.md",)),
        ("docs/images", "images/", ("*",)),
        ("benchmarks/results", "measured/", ("*.md", "*.png")),
        ("search_spaces", "search_spaces/", ("*.toml",)),
    ):
        for pattern in patterns:
            found |= {
                f"{folder}/{file.name}": site + file.name for file in (root / folder).glob(pattern)
            }
    return found


def on_the_site(text: str, page: str, known: dict[str, str]) -> str:
    """A page with its links as the site needs them, and without the tests' markers.

    Args:
        text: Markdown.
        page: Its path within the repository.
        known: See `places`.

    Raises:
        ValueError: A link leads to something that is not on the site.
    """

    def moved(found: re.Match[str]) -> str:
        before, target, after = found.groups()
        return before + _moved(target, page, known) + after if target else found[0]

    parts = _FENCED.split(text)  # every other one is a fenced block
    parts[::2] = [_LINK.sub(moved, _MARKER.sub("", part)) for part in parts[::2]]
    return "".join(parts)


def _moved(target: str, page: str, known: dict[str, str]) -> str:
    if re.match(r"[a-z]+:|#", target):
        return target
    path, _, anchor = target.partition("#")
    source = posixpath.normpath(posixpath.join(posixpath.dirname(page), path))
    if source == "docs/examples" or source.startswith("docs/examples/"):
        name = source.removeprefix("docs/examples").strip("/")
        place, anchor = EXAMPLES, name.replace(".", "").replace("/", "") or anchor
    elif source in known:
        place = known[source]
    else:
        raise ValueError(f"{page} links to {target}, which is not on the site")
    here = posixpath.dirname(known.get(page, ""))
    return posixpath.relpath(place, here or ".") + (f"#{anchor}" if anchor else "")
