"""The study's folder: what lies in it, what may be wrong with it, and who holds it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from toy_study import (
    TIGHT,
    cost_of,
    spec_of,
)

from automed.domain.errors import StudyError
from automed.domain.trial import Trial
from automed.search.lock import HOLDER_FILE
from automed.search.study import Study


def asked(study: Study) -> Trial:
    trial = study.ask()
    assert trial is not None
    return trial


class TestFolder:
    def test_a_second_study_in_it(self, tmp_path: Path) -> None:
        Study.create(tmp_path / "s", spec_of(), cost_of).close()
        before = (tmp_path / "s" / "study.json").read_bytes()
        with pytest.raises(StudyError, match="there is a study 'toy-study'") as error:
            Study.create(tmp_path / "s", spec_of(seed=9), cost_of)
        assert "--resume" in str(error.value)
        assert (tmp_path / "s" / "study.json").read_bytes() == before

    def test_no_study_in_it(self, tmp_path: Path) -> None:
        with pytest.raises(StudyError, match="there is no study in") as error:
            Study.open(tmp_path, cost_of)
        assert "automed studies" in str(error.value)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("text", ["", "{", "[]", '{"name": "x"}', "\xff\xfe"])
    def test_a_broken_spec(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "study.json").write_text(text, encoding="latin-1")
        with pytest.raises(StudyError, match=r"study\.json is no study of this version"):
            Study.open(tmp_path, cost_of)

    def test_objectives_that_do_not_belong_to_the_journal(self, tmp_path: Path) -> None:
        Study.create(tmp_path / "s", spec_of(), cost_of).close()
        spec = json.loads((tmp_path / "s" / "study.json").read_text())
        spec["task"]["objectives"].pop()
        (tmp_path / "s" / "study.json").write_text(json.dumps(spec))
        with pytest.raises(StudyError, match="do not belong together"):
            Study.open(tmp_path / "s", cost_of)
        # The lock was released on the way out.
        with pytest.raises(StudyError, match="do not belong together"):
            Study.open(tmp_path / "s", cost_of)

    def test_one_that_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(StudyError, match="cannot be made"):
            Study.create(tmp_path / "file" / "s", spec_of(), cost_of)

    def test_a_relative_path(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        Study.create(Path("s"), spec_of(), cost_of).close()
        # Optuna's own lock would wait for ever on this one if its path were relative.
        (tmp_path / "s" / "journal.log.lock").symlink_to(tmp_path / "s" / "journal.log")
        with Study.open(Path("s"), cost_of) as study:
            monkeypatch.chdir(tmp_path.parent)
            assert asked(study).number == 0

    def test_the_spec_survives_the_file(self, tmp_path: Path) -> None:
        spec = spec_of(constraints=TIGHT, seed=5)
        with Study.create(tmp_path / "s", spec, cost_of) as study:
            folder = study.folder
        assert Study.open(folder, cost_of).spec == spec
        assert list(json.loads((folder / "study.json").read_text())["task"]["space"]["parameters"])[
            :2
        ] == ["model.architecture", "model.width"]


class TestLock:
    def test_a_running_study_is_not_opened_twice(self, tmp_path: Path) -> None:
        with Study.create(tmp_path / "s", spec_of(), cost_of) as study:
            with pytest.raises(StudyError, match=f"already running, pid {os.getpid()} on"):
                Study.open(tmp_path / "s", cost_of)
            study.close()
            study.close()
            Study.open(tmp_path / "s", cost_of).close()

    def test_nor_by_another_process(self, tmp_path: Path) -> None:
        script = (
            "import sys; from pathlib import Path; from toy_study import *;"
            "from automed.search.study import Study\n"
            "try: Study.open(Path(sys.argv[1]), cost_of)\n"
            "except Exception as error: print(type(error).__name__, error)"
        )
        with Study.create(tmp_path / "s", spec_of(), cost_of):
            done = subprocess.run(
                [sys.executable, "-c", script, str(tmp_path / "s")],
                env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)},
                capture_output=True, text=True, timeout=60,
            )  # fmt: skip
        assert f"StudyError study 's' is already running, pid {os.getpid()}" in done.stdout

    def test_one_whose_holder_died_is_waited_for(self, tmp_path: Path) -> None:
        """A data loader outlives its killed parent for a moment, and the lock with it."""
        dead = subprocess.Popen([sys.executable, "-c", ""])
        dead.wait()
        study = Study.create(tmp_path / "s", spec_of(), cost_of)
        holder = json.loads((tmp_path / "s" / HOLDER_FILE).read_text())
        (tmp_path / "s" / HOLDER_FILE).write_text(json.dumps(holder | {"pid": dead.pid}))
        later = threading.Timer(0.5, study.close)
        later.start()
        Study.open(tmp_path / "s", cost_of).close()
        later.join()

    def test_one_without_a_name_on_it(self, tmp_path: Path) -> None:
        with Study.create(tmp_path / "s", spec_of(), cost_of):
            (tmp_path / "s" / HOLDER_FILE).write_text("{")
            with pytest.raises(StudyError, match="already running, pid unknown"):
                Study.open(tmp_path / "s", cost_of)
