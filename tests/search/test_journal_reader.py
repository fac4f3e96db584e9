"""Reading a journal by ourselves: what optuna reads of it, and only what is new."""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
from pathlib import Path

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState
from toy_study import TIGHT, cost_of, result_of, spec_of, step

from automed.domain.errors import StudyError
from automed.search import journal_reader
from automed.search.journal_reader import JournalReader
from automed.search.study import Study
from automed.search.view import StudyReader


def theirs(path: Path, study: str) -> list[FrozenTrial]:
    storage = JournalStorage(JournalFileBackend(str(path)))
    return storage.get_all_trials(storage.get_study_id_from_name(study))


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    with Study.create(tmp_path / "s", spec_of(constraints=TIGHT), cost_of) as study:
        for _ in range(6):
            step(study)
        assert study.ask() is not None
    return tmp_path / "s" / "journal.log"


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A journal by optuna alone, with all that it can write."""
    path = tmp_path / "optuna.log"
    storage = JournalStorage(JournalFileBackend(str(path)))
    optuna.create_study(study_name="other", storage=storage).enqueue_trial({"x": 1.0})
    study = optuna.create_study(study_name="toy-study", storage=storage, direction="maximize")
    study.set_user_attr("a", "\u00e9")
    study.enqueue_trial({"x": 0.5, "kind": "b"})
    for number in range(3):
        trial = study.ask()
        x, kind = trial.suggest_float("x", 0, 1), trial.suggest_categorical("kind", ["a", "b"])
        trial.report(x, 1)
        trial.report(float("nan"), 2)
        trial.set_user_attr("odd", "\ud800")  # half a surrogate pair: JSON holds it, UTF-8 does not
        if number == 0:
            study.tell(trial, x + (kind == "a"))
        elif number == 1:
            study.tell(trial, state=TrialState.FAIL)
    # Another process suggests the same name as something else: optuna leaves it out.
    with path.open("a") as file:
        other = {"name": "CategoricalDistribution", "attributes": {"choices": ["q"]}}
        for record in (
            {"op_code": 5, "trial_id": 3, "param_name": "x", "param_value_internal": 0},
            {"op_code": 8, "trial_id": 99, "user_attr": {"a": 1}},
            {"op_code": 7, "trial_id": 1, "step": 9, "intermediate_value": 1.0},
        ):
            line = {"worker_id": "w", **record}
            if record["op_code"] == 5:
                line["distribution"] = json.dumps(other)
            file.write(json.dumps(line) + "\n")
    optuna.create_study(study_name="gone", storage=storage)
    optuna.delete_study(study_name="gone", storage=storage)
    return path


@pytest.mark.parametrize("which", ["journal", "foreign"])
def test_optuna_reads_the_same(which: str, request: pytest.FixtureRequest) -> None:
    path: Path = request.getfixturevalue(which)
    expected = theirs(path, "toy-study")
    # repr: NaN equals itself there.
    assert list(map(repr, JournalReader(path).trials("toy-study"))) == list(map(repr, expected))
    assert len({t.state for t in expected}) > 2
    assert JournalReader(path).trials("gone") == []


@pytest.mark.parametrize("block", [1, 100, 2**20])
def test_at_every_length_it_is_what_optuna_would_read(
    journal: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(journal_reader, "_BLOCK", block)
    content = journal.read_bytes()
    growing = tmp_path / "growing.log"
    growing.write_bytes(b"")
    reader = JournalReader(growing)
    assert reader.trials("toy-study") == []
    ends = [n + 1 for n, byte in enumerate(content) if byte == ord("\n")]
    for end in sorted({*ends, *(e - 3 for e in ends)}):
        with growing.open("ab") as file:
            file.write(content[growing.stat().st_size : end])
        known = reader.trials("toy-study")
        assert known == JournalReader(growing).trials("toy-study")
    assert known == theirs(journal, "toy-study")


def test_a_snapshot_stays_as_it_was(journal: Path) -> None:
    reader = JournalReader(journal)
    before = reader.trials("toy-study")
    last = before[-1]
    told = repr(last)
    storage = JournalStorage(JournalFileBackend(str(journal)))
    storage.set_trial_intermediate_value(last._trial_id, 1, 0.25)
    storage.set_trial_user_attr(last._trial_id, "a", 1)
    after = reader.trials("toy-study")
    assert after[-1].intermediate_values == {1: 0.25}
    assert repr(last) == told
    assert all(now is then for now, then in zip(after[:-1], before[:-1], strict=True))


def test_a_journal_that_was_replaced_is_read_anew(journal: Path, tmp_path: Path) -> None:
    reader = JournalReader(journal)
    whole = journal.read_bytes()
    count = len(reader.trials("toy-study"))
    lines = whole.splitlines(keepends=True)
    ends = [n for n, line in enumerate(lines) if b'"op_code":4' in line]

    journal.write_bytes(b"".join(lines[: ends[2]]))  # cut
    assert len(reader.trials("toy-study")) == 2
    journal.write_bytes(whole.replace(b'"op_code":7', b'"op_code":3'))  # in place, and longer
    assert {len(t.intermediate_values) for t in reader.trials("toy-study")} == {0}
    changed = tmp_path / "changed.log"
    changed.write_bytes(whole)
    changed.replace(journal)  # another file under this name
    assert max(len(t.intermediate_values) for t in reader.trials("toy-study")) == 3
    same_length = whole.replace(b'"automed:origin":"tpe"', b'"automed:origin":"xyz"')
    assert len(same_length) == len(whole) != same_length.count(b"xyz")
    journal.write_bytes(same_length)
    assert "xyz" in {t.user_attrs["automed:origin"] for t in reader.trials("toy-study")}
    assert len(reader.trials("toy-study")) == count


def test_after_a_broken_line_it_reads_what_was_mended(journal: Path) -> None:
    reader = JournalReader(journal)
    reader.trials("toy-study")
    good = journal.read_bytes()
    journal.write_bytes(good + b"{\n{}\n")
    with pytest.raises(ValueError, match="Expecting"):
        reader.trials("toy-study")
    journal.write_bytes(good)
    assert reader.trials("toy-study") == theirs(journal, "toy-study")


def test_a_folder_that_nothing_may_be_written_to(journal: Path, as_nobody) -> None:
    with tempfile.TemporaryDirectory() as place:  # nobody may not enter pytest's
        folder = Path(place) / "s"
        shutil.copytree(journal.parent, folder)
        Path(place).chmod(0o755)
        for file in folder.iterdir():
            file.chmod(0o444)
        folder.chmod(0o555)
        before = {f.name: f.stat().st_mtime_ns for f in folder.iterdir()}
        with as_nobody():
            with pytest.raises(PermissionError):
                (folder / "x").touch()
            view = StudyReader(folder).read()
        assert len(view.trials) > 6
        assert {f.name: f.stat().st_mtime_ns for f in folder.iterdir()} == before
        folder.chmod(0o755)


def test_reading_waits_for_no_lock(journal: Path) -> None:
    # What optuna's writers hold while they write.
    (journal.parent / "journal.log.lock").symlink_to(journal)
    assert len(StudyReader(journal.parent).read().trials) > 6


def test_many_readers_of_a_study_that_grows(tmp_path: Path) -> None:
    errors: list[Exception] = []
    with Study.create(tmp_path / "s", spec_of(trials=20), cost_of) as study:
        shared = StudyReader(study.folder)
        over = threading.Event()

        def look() -> None:
            seen = 0
            try:
                while not over.is_set():
                    view = shared.read()
                    assert len(view.trials) >= seen
                    assert view.running
                    seen = len(view.trials)
            except Exception as error:  # noqa: BLE001 - told to the test's thread
                errors.append(error)

        threads = [threading.Thread(target=look) for _ in range(3)]
        for thread in threads:
            thread.start()
        for _ in range(12):
            step(study)
        over.set()
        for thread in threads:
            thread.join()
        assert errors == []
        assert shared.read().trials == tuple(study.trials)


def test_what_has_ended_is_parsed_once(tmp_path: Path) -> None:
    with Study.create(tmp_path / "s", spec_of(), cost_of) as study:
        reader = StudyReader(study.folder)
        trial = study.ask()
        assert trial is not None
        study.tell(trial, result_of(trial))
        first = reader.read()
        study.ask()
        second = reader.read()
    assert second.trials[0] is first.trials[0]
    assert [t.label for t in second.trials] == ["done", "running"]
    assert second.running
    assert second.paused == {}
    assert reader.read().paused == {1: 0}


def test_a_result_of_another_version_names_the_trial(tmp_path: Path) -> None:
    with Study.create(tmp_path / "s", spec_of(), cost_of) as study:
        step(study)
        step(study)
    path = tmp_path / "s" / "journal.log"
    path.write_text(path.read_text().replace('"automed:seed"', '"automed:seed0"'))
    assert StudyReader(tmp_path / "s").read().trials == ()
    path.write_text(path.read_text().replace('"automed:seed0"', '"automed:seed"'))
    path.write_text(path.read_text().replace('\\"epochs\\"', '\\"epoken\\"'))
    with pytest.raises(StudyError, match=r"trial \d in .* another version") as error:
        StudyReader(tmp_path / "s").read()
    assert "epo" in str(error.value)
