"""What a built page links to, loads and offers as anchors."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlparse

LOADS = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src"}


@dataclass
class Page:
    """``links`` are followed by people, ``loads`` by browsers without asking."""

    anchors: set[str] = field(default_factory=set)
    links: set[str] = field(default_factory=set)
    loads: set[str] = field(default_factory=set)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value for name, value in attributes if value is not None}
        self.page.anchors.update(given[name] for name in ("id", "name") if name in given)
        if tag == "a" and "href" in given:
            self.page.links.add(given["href"])
        if tag in LOADS and LOADS[tag] in given:
            self.page.loads.add(given[LOADS[tag]])
        if tag == "link" and "href" in given and given.get("rel") not in ("canonical", "alternate"):
            self.page.loads.add(given["href"])


def read_site(site: Path) -> dict[Path, Page]:
    found = {}
    for file in sorted(site.rglob("*.html")):
        reader = _Reader()
        reader.feed(file.read_text(encoding="utf-8"))
        found[file] = reader.page
    return found


def dead_ends(site: Path, pages: dict[Path, Page]) -> list[str]:
    """Links and loaded files within the site that lead nowhere, each with its page."""
    found = []
    for file, page in pages.items():
        for link in sorted(page.links | page.loads):
            if urlparse(link).scheme or urlparse(link).netloc:
                continue
            path, anchor = urldefrag(link)
            start = site if path.startswith("/") else file.parent  # the page of what is not found
            target = (start / unquote(path).lstrip("/")).resolve() if path else file
            target = target / "index.html" if target.is_dir() else target
            wanted = unquote(anchor)
            if not target.is_relative_to(site.resolve()) or not target.is_file():
                found.append(f"{file.relative_to(site)} -> {link}")
            elif wanted and target in pages and wanted not in pages[target].anchors | {"__top"}:
                found.append(f"{file.relative_to(site)} -> {link} (no such anchor)")
    return found
