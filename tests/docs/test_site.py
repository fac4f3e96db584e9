"""The site: built strictly, offline, whole, and without a link that leads nowhere."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlparse

import pytest

from .blocks import ROOT
from .site_links import Page, dead_ends, read_site

BIN = Path(sys.executable).parent
REGISTRIES = re.compile(r"pypi\.org|pythonhosted|npmjs|anaconda\.org|debian\.org|crates\.io")


def built(project: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BIN / "zensical", "build", "--strict", "--config-file", "mkdocs.yml"],
        cwd=project, capture_output=True, text=True, timeout=300,
    )  # fmt: skip


def assembled(project: Path) -> Path:
    """A folder with the configuration and the pages, as ``make docs`` has them."""
    project.mkdir()
    shutil.copy(ROOT / "mkdocs.yml", project)
    (project / "automed").symlink_to(ROOT / "automed")
    command = [sys.executable, ROOT / "docs" / "assemble", "--output", project / "build" / "docs"]
    subprocess.run(command, check=True, timeout=120)
    return project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = assembled(tmp_path_factory.mktemp("site") / "project")
    done = built(made)
    assert done.returncode == 0, done.stdout + done.stderr
    return made


@pytest.fixture(scope="module")
def site(project: Path) -> Path:
    return project / "site"


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return read_site(site)


def test_no_link_leads_nowhere(site: Path, pages: dict[Path, Page]) -> None:
    assert len(pages) > 25
    assert not dead_ends(site, pages)


def test_a_dead_end_is_noticed(tmp_path: Path) -> None:
    text = (
        '<a href="#here" id="here"></a><a href="#gone"></a><a href="b.html"></a><img src="c.png">'
    )
    (tmp_path / "a.html").write_text(text)
    assert [end.partition(" -> ")[2] for end in dead_ends(tmp_path, read_site(tmp_path))] == [
        "#gone (no such anchor)", "b.html", "c.png",
    ]  # fmt: skip


def test_nothing_is_loaded_from_elsewhere(site: Path, pages: dict[Path, Page]) -> None:
    for file, page in pages.items():
        assert not {load for load in page.loads if urlparse(load).netloc}, file
        assert not REGISTRIES.search(" ".join(page.links)), file
    for sheet in site.rglob("*.css"):
        assert not re.search(r"url\([\"']?(https?:)?//", sheet.read_text(encoding="utf-8")), sheet


def test_every_page_is_in_the_menu(project: Path) -> None:
    text = (project / "mkdocs.yml").read_text(encoding="utf-8")
    menu = text.partition("\nnav:\n")[2].partition("\n\n")[0]
    listed = set(re.findall(r"[\w/-]+\.md", menu))
    docs = project / "build" / "docs"
    assert listed == {str(file.relative_to(docs)) for file in docs.rglob("*.md")}


def test_the_references_are_generated(site: Path) -> None:
    commands = (site / "commands.html").read_text(encoding="utf-8")
    assert "In a checkout" in (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert "In a checkout" not in commands
    for said in ("automed search", "--max-gflops", "automed data leak", "automed plugin new"):
        assert said in commands
    parts = (site / "plugin-reference.html").read_text(encoding="utf-8")
    for said in ("Preprocessing", "To be raised whenever the same bytes", "random_configs_train"):
        assert said in parts
    examples = (site / "examples.html").read_text(encoding="utf-8")
    assert "Nucleus and cytoplasm" in examples


def test_a_link_to_a_file_that_the_site_lacks_is_refused() -> None:
    sys.path.insert(0, str(ROOT / "docs" / "assemble"))
    try:
        from places import on_the_site, places
    finally:
        sys.path.pop(0)
    known = places(ROOT)
    moved = on_the_site("[a](../CHANGELOG.md#x) `[b](c)`\n<!-- run -->\n", "docs/data.md", known)
    assert moved == "[a](changelog.md#x) `[b](c)`\n"
    with pytest.raises(ValueError, match=r"LICENSE, which is not on the site"):
        on_the_site("[a](../LICENSE)", "docs/data.md", known)
