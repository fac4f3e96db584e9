"""A plugin's source reaches a process that has neither its folder nor its package."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from automed.api.carried import Carried, carried
from automed.domain.errors import StudyError
from automed.registry import components as registry
from automed.registry.plugin_source import PluginSource, source_of

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"

# What a worker does with what it is sent.
WORKER = """
import pickle, sys
from automed.domain.component import Loss, Metric, Reader
from automed.registry.components import declared
run = pickle.loads(sys.stdin.buffer.read())
assert not declared(Metric) and not declared(Loss)
print(run("a trial", None), sorted([*declared(Metric), *declared(Loss), *declared(Reader)]))
run("another", None)
"""


def told(trial: object, report: object) -> str:
    return str(trial)


@pytest.fixture(autouse=True)
def empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_DECLARED", {})
    monkeypatch.setattr(registry, "_WAITING", [])


def elsewhere(source: PluginSource, folder: Path) -> str:
    """What a fresh process says that has only what is sent to it."""
    env = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "AUTOMED_PLUGINS")}
    payload = pickle.dumps(Carried(str.format, source))  # type: ignore[arg-type]
    done = subprocess.run(
        [sys.executable, "-c", WORKER],
        input=payload, capture_output=True, cwd=folder, env=env, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


def test_a_package_is_taken_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    shutil.copytree(EXAMPLES / "mha_cells" / "mha_cells", site / "mha_cells")
    info = site / "mha_cells-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mha-cells\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text("[automed.tasks]\nmha_cell = mha_cells:task\n")
    monkeypatch.syspath_prepend(site)
    source = source_of("mha_cell")
    assert source is not None
    assert "mha_cells/metaimage.py" in source.files
    assert elsewhere(source, tmp_path) == "a trial ['metaimage', 'outline_f1']"


def test_a_file_is_taken_along_with_its_spaces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    space = '[space]\nname = "mine"\nextends = "cell"\n'
    (folder / "mine.toml").write_text(space)
    (folder / "mine.py").write_text(
        "from pathlib import Path\n"
        "from automed import Loss, SegmentationTask, load_space\n"
        "components = (Loss('squared', make=lambda: lambda a, b: ((a - b) ** 2).mean()),)\n"
        "task = SegmentationTask(name='mine', title='Test', classes=('thing',), "
        "image_size=(64, 64), space=load_space(str(Path(__file__).with_name('mine.toml'))))\n"
    )
    monkeypatch.setenv("AUTOMED_PLUGINS", str(folder))
    source = source_of("mine")
    assert source is not None
    assert sorted(source.files) == ["mine.py", "mine.toml"]
    shutil.rmtree(folder)
    assert elsewhere(source, tmp_path) == "a trial ['squared']"


def test_ours_and_those_that_are_gone_need_nothing() -> None:
    assert source_of("polyp") is None
    assert source_of("never_there") is None
    assert carried(told, "polyp") is told


def test_a_plugin_that_cannot_be_imported_ends_the_search_and_says_why() -> None:
    source = PluginSource("mine 1.0", "not_installed_anywhere", False, {})
    with pytest.raises(StudyError, match=r"mine 1\.0 cannot be imported") as caught:
        Carried(told, source)(None, None)  # type: ignore[arg-type]
    assert "ModuleNotFoundError" in str(caught.value.found)
    broken = replace(source, files={"not_installed_anywhere.py": b"1 / 0"})
    with pytest.raises(StudyError) as caught:
        Carried(told, broken)(None, None)  # type: ignore[arg-type]
    assert "ZeroDivisionError" in str(caught.value.found)
