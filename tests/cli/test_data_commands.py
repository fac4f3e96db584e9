"""``automed data check`` through the command line: report, waivers, another set, changed data."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from audit_faults import draw

from automed.api.datasets import add_data, check_data, reopen
from automed.cli.data import app
from automed.data.register import registered
from automed.domain.data_options import DataOptions
from automed.domain.errors import DataError
from automed.domain.study_spec import DataRef
from automed.domain.workspace import Workspace
from automed.registry.tasks import load_task

WHY = "one field of view each"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return draw(tmp_path / "cells", 16, side=48)


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(words))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def test_a_report_is_written_as_page_and_as_json(root: Path, workspace: Path) -> None:
    first = sorted((root / "images").iterdir())[0]
    for folder in ("images", "masks"):
        with Image.open(root / folder / first.name) as image:
            image.transpose(Image.Transpose.FLIP_TOP_BOTTOM).save(root / folder / "copy <b>.png")
    code, _ = run("check", str(root), "--task", "cell")
    assert code == 0
    folder = workspace / "audits" / "cell-cells"
    facts = json.loads((folder / "audit.json").read_text())
    assert [f["code"] for f in facts["warnings"]] == ["near-duplicates"]
    assert facts["kept_together"] == [[first.stem, "copy <b>"]]
    page = (folder / "audit.html").read_text()
    assert "near-duplicates" in page
    assert "copy &lt;b&gt;" in page
    assert "copy <b>" not in page
    assert "data:image/jpeg;base64," in page


def test_an_error_is_waived_on_request(root: Path, tmp_path: Path, workspace: Path) -> None:
    broken = sorted((root / "images").iterdir())[0]
    broken.unlink()
    broken.symlink_to(tmp_path / "nowhere.png")
    words = ("check", str(root), "--task", "cell", "-o", str(tmp_path / "report"))
    assert run(*words)[0] == 1
    facts = json.loads((tmp_path / "report" / "audit.json").read_text())
    assert facts["digest"] is None
    assert facts["errors"][0]["files"] == [f"images/{broken.name}"]
    assert run(*words, "--allow", "unreadable")[0] == 0
    facts = json.loads((tmp_path / "report" / "audit.json").read_text())
    assert facts["options"] == {"allow": ["unreadable"], "left_out": [broken.stem]}


def test_against_names_what_both_hold(root: Path, tmp_path: Path, workspace: Path) -> None:
    other = draw(tmp_path / "other", 8, seed=4, side=48)
    first = sorted((root / "images").iterdir())[0]
    for folder in ("images", "masks"):
        (other / folder / "again.png").write_bytes((root / folder / first.name).read_bytes())
    report = tmp_path / "report"
    words = ("check", str(root), "--task", "cell", "--against", str(other), "-o", str(report))
    assert run(*words)[0] == 0
    facts = json.loads((report / "audit.json").read_text())
    assert facts["warnings"][0]["code"] == "in-another-set"
    assert facts["warnings"][0]["files"] == [f"images/{first.name}"]


def test_a_study_refuses_data_that_changed(root: Path, workspace: Path) -> None:
    task = load_task("cell")
    options = DataOptions(no_groups=WHY)
    ref = check_data("cell", root, options).ref
    assert reopen(task, ref).digest == ref.digest
    mask = sorted((root / "masks").iterdir())[0]
    Image.new("L", (48, 48), 255).save(mask)
    with pytest.raises(DataError, match="changed since the study began"):
        reopen(task, ref)


def test_what_was_waived_is_registered(root: Path, workspace: Path) -> None:
    sorted((root / "images").iterdir())[0].write_bytes(b"")
    place = Workspace.at()
    options = DataOptions(no_groups=WHY, allow=("unreadable",))
    with pytest.raises(DataError, match="--allow unreadable"):
        add_data("cell", root, place, DataOptions(no_groups=WHY))
    checked = add_data("cell", root, place, options)
    assert len(checked.dataset.samples) == 15
    assert reopen(load_task("cell"), checked.ref).digest == checked.ref.digest


def test_a_registered_folder_is_read_as_it_was_registered(root: Path, workspace: Path) -> None:
    flags = ("--group-pattern", "{plate}_*", "--allow", "few-samples", "--mask-values", "nonzero")
    for folder in ("images", "masks"):
        for number, file in enumerate(sorted((root / folder).iterdir())):
            file.rename(file.with_name(f"p{number % 4}_{file.name}"))
    assert run("add", "cell", str(root), *flags)[0] == 0
    code, said = run("check", str(root), "--task", "cell")
    assert code == 0
    kept = "--group-pattern '^([^_]+)_' --mask-values nonzero --allow few-samples"
    assert f"note: read as it was registered: {kept}; --fresh forgets it" in said
    assert f"automed data add cell {root} {kept}\n" in said
    code, said = run("add", "cell", str(root), "--no-groups", WHY, "--mask-values", "half")
    assert code == 0
    assert "registered: --group-pattern '^([^_]+)_' --mask-values nonzero\n" in said
    entry = registered(Workspace.at(), "cell")
    assert entry is not None
    assert entry.options == DataOptions(no_groups=WHY, allow=("few-samples",))
    code, said = run("add", "cell", str(root), "--fresh")
    assert f"registered: --no-groups '{WHY}' --allow few-samples\n" in said
    entry = registered(Workspace.at(), "cell")
    assert entry is not None
    assert entry.options == DataOptions()


def test_another_folder_replaces_the_registered_one_aloud(
    root: Path, tmp_path: Path, workspace: Path
) -> None:
    other = draw(tmp_path / "other", 8, seed=4, side=48)
    assert run("add", "cell", str(root), "--no-groups", WHY)[0] == 0
    code, said = run("add", "cell", str(other))
    assert code == 0
    assert f"for task cell instead of {root} --no-groups '{WHY}'." in said
    assert "read as it was registered" not in said


def test_a_study_from_before_ties_is_still_read() -> None:
    old = {"name": "d", "path": "/d", "digest": "x", "options": {"no_groups": WHY}}
    ref = DataRef.model_validate(old)
    assert ref.ties == ()
    assert ref.options.allow == ()
