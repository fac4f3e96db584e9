"""Copies of image caches on a machine's own disk: made once, and never in the way."""

from __future__ import annotations

import json
import logging
import threading
from pathlib import Path

import numpy as np
import pytest

from automed.data import node_cache
from automed.data.image_cache import IMAGES, INDEX, TARGETS, describe_array, read_cache
from automed.data.node_cache import NODE_CACHE, near


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A small cache, as the machines of a cluster share it."""
    folder = tmp_path / "shared" / "0123abcd"
    folder.mkdir(parents=True)
    np.save(folder / IMAGES, np.arange(4 * 8 * 8 * 3, dtype=np.uint8).reshape(4, 8, 8, 3))
    np.save(folder / TARGETS, np.zeros((4, 8, 8), np.uint8))
    arrays = {name: describe_array(folder / name) for name in (IMAGES, TARGETS)}
    index = {"arrays": arrays, "ids": list("abcd"), "classes": ["cell"], "provenance": {}}
    (folder / INDEX).write_text(json.dumps(index))
    return folder


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The machine's own disk, as the environment names it."""
    monkeypatch.setenv(NODE_CACHE, str(tmp_path / "local"))
    return tmp_path / "local"


def test_without_a_name_it_is_read_where_it_is(cache: Path, monkeypatch) -> None:
    monkeypatch.delenv(NODE_CACHE, raising=False)
    assert near(cache) == cache


def test_a_copy_holds_the_same(cache: Path, local: Path) -> None:
    copy = near(cache)
    assert copy == local / cache.name
    assert np.array_equal(read_cache(copy).images, read_cache(cache).images)
    assert read_cache(copy).ids == ("a", "b", "c", "d")


def test_it_is_copied_once_however_many_ask(cache: Path, local: Path, monkeypatch) -> None:
    copied: list[Path] = []
    really = node_cache.shutil.copytree

    def noted(source: Path, target: Path, **options: bool) -> None:
        copied.append(source)
        really(source, target, **options)

    monkeypatch.setattr(node_cache.shutil, "copytree", noted)
    together = [threading.Thread(target=near, args=(cache,)) for _ in range(8)]
    for thread in together:
        thread.start()
    for thread in together:
        thread.join()
    assert near(cache) == local / cache.name
    assert copied == [cache]


def test_a_damaged_copy_is_made_anew(cache: Path, local: Path) -> None:
    images = near(cache) / IMAGES
    images.write_bytes(images.read_bytes()[:200])
    assert np.array_equal(read_cache(near(cache)).images, read_cache(cache).images)


def test_where_there_is_no_disk_the_shared_one_is_read(
    cache: Path, tmp_path: Path, monkeypatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv(NODE_CACHE, str(tmp_path / "file" / "below"))
    with caplog.at_level(logging.WARNING):
        assert near(cache) == cache
    assert "read over the network" in caplog.text


def test_a_cache_that_is_missing_is_missed_by_whoever_reads_it(tmp_path: Path, local: Path) -> None:
    assert near(tmp_path / "shared" / "gone") == tmp_path / "shared" / "gone"
    assert not (local / "gone").exists()
