"""What a crash, a full disk or a stray hand does to the journal, and what is left of the study."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.storages.journal._storage import JournalStorageReplayResult
from toy_study import cost_of, history, result_of, spec_of

from automed.domain.budget import Budget
from automed.domain.errors import StudyError
from automed.domain.measurement import Measurement
from automed.domain.result import Failure
from automed.search import journal_repair
from automed.search.study import Study
from automed.search.uninterrupted import uninterrupted
from automed.search.view import read_study


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of four trials, the last one just told."""
    folder = tmp_path_factory.mktemp("finished") / "study"
    with Study.create(folder, spec_of(trials=4), cost_of) as study:
        while (trial := study.ask()) is not None:
            study.report(trial, Measurement(epoch=1, metrics={"dice": 0.5}, seconds=1))
            study.tell(trial, result_of(trial))
    return folder


def copy_of(study: Path, tmp_path: Path, journal: bytes) -> Path:
    folder = tmp_path / "copy"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(study, folder)
    (folder / "journal.log").write_bytes(journal)
    return folder


def go_on(folder: Path) -> list:
    """Resume to the end of the budget, then check that anybody can read the journal."""
    with Study.open(folder, cost_of) as study:
        while (trial := study.ask()) is not None:
            study.tell(trial, result_of(trial))
        found = history(study.trials)
    for line in (folder / "journal.log").read_bytes().splitlines():
        assert journal_repair._is_record(line)
    assert history(read_study(folder).trials) == found
    return found


def test_cut_at_any_byte_of_its_last_records_the_study_ends_the_same(
    finished: Path, tmp_path: Path
) -> None:
    journal = (finished / "journal.log").read_bytes()
    whole = go_on(copy_of(finished, tmp_path, journal))
    lines = journal.splitlines(keepends=True)
    # The last trial: its creation, one epoch and its time, the whole time, its result, its state.
    begin = len(journal) - sum(map(len, lines[-6:]))
    edges = {begin + sum(map(len, lines[-6 : i - 6])) for i in range(7)}
    near = {e + d for e in edges for d in (-2, -1, 0, 1, 2)}
    places = [p for p in range(begin, len(journal) + 1) if p in near or p % 41 == 0]
    assert len(places) > 50
    for place in places:
        folder = copy_of(finished, tmp_path, journal[:place])
        assert len(read_study(folder).trials) >= 3, "reading needs no repair"
        assert go_on(folder) == whole, f"cut at byte {place} of {len(journal)}"


def test_every_byte_of_the_repair_itself(finished: Path, tmp_path: Path) -> None:
    """Cheaper than resuming: no whole record is ever lost, no part of one ever kept."""
    journal = (finished / "journal.log").read_bytes()
    lines = journal.splitlines(keepends=True)
    last = sum(map(len, lines[-3:]))
    path = tmp_path / "journal.log"
    for place in range(len(journal) - last, len(journal) + 1):
        path.write_bytes(journal[:place])
        (tmp_path / "journal.log.torn").unlink(missing_ok=True)
        note = journal_repair.repair(path)
        kept = path.read_bytes()
        whole = journal[:place].count(b"\n") + (journal[place : place + 1] == b"\n")
        assert kept == b"".join(lines[:whole])
        torn = len(journal[:place]) - min(place, len(kept))
        assert (note is not None) == (torn > 0)
        if torn:
            assert (tmp_path / "journal.log.torn").read_bytes() == journal[place - torn : place] + (
                b"\n"
            )


@pytest.mark.parametrize(
    "garbage",
    [b"\x00" * 300, b"garbage", b"garbage\n", b"5\n", b"{}\n", b"null\n{}\n\xff\xfe\n", b'{"op_'],
)
def test_garbage_at_the_end_is_set_aside_and_said(
    finished: Path, tmp_path: Path, garbage: bytes
) -> None:
    journal = (finished / "journal.log").read_bytes()
    folder = copy_of(finished, tmp_path, journal + garbage)
    with Study.open(folder, cost_of) as study:
        assert len(study.trials) == 4
        assert any("moved to journal.log.torn" in note for note in study.notes)
    assert (folder / "journal.log").read_bytes() == journal
    assert (folder / "journal.log.torn").read_bytes() == garbage + b"\n"


@pytest.mark.parametrize("line", [b"5\n", b"[1]\n", b"null\n", b'"x"\n', b"{}\n", b"[]\n"])
@pytest.mark.parametrize("at", [None, -3])
def test_a_line_that_is_json_but_no_record_is_a_study_that_cannot_be_read(
    finished: Path, tmp_path: Path, line: bytes, at: int | None
) -> None:
    """Optuna asks it for its fields: a TypeError, which no user should see."""
    lines = (finished / "journal.log").read_bytes().splitlines(keepends=True)
    lines.insert(len(lines) if at is None else at, line)
    folder = copy_of(finished, tmp_path, b"".join(lines))
    with pytest.raises(StudyError, match=r"journal\.log cannot be read"):
        read_study(folder)
    if at is None:
        with Study.open(folder, cost_of) as study:
            assert len(study.trials) == 4
    else:
        with pytest.raises(StudyError, match="is no record, but others follow it"):
            Study.open(folder, cost_of)


def test_garbage_in_the_middle_is_not_papered_over(finished: Path, tmp_path: Path) -> None:
    lines = (finished / "journal.log").read_bytes().splitlines(keepends=True)
    broken = b"".join([*lines[:-3], b"garbage\n", *lines[-3:]])
    folder = copy_of(finished, tmp_path, broken)
    with pytest.raises(StudyError, match=f"line {len(lines) - 2} is no record") as error:
        Study.open(folder, cost_of)
    assert "garbage" in str(error.value)
    assert (folder / "journal.log").read_bytes() == broken
    with pytest.raises(StudyError, match="cannot be read"):
        read_study(folder)


def test_a_lost_journal_is_no_empty_study(finished: Path, tmp_path: Path) -> None:
    folder = copy_of(finished, tmp_path, b"")
    (folder / "journal.log").unlink()
    (folder / "trials" / "0000").mkdir(parents=True)
    for read in (read_study, lambda path: Study.open(path, cost_of)):
        with pytest.raises(StudyError, match=r"journal\.log is missing"):
            read(folder)


@pytest.mark.parametrize("trials", [0, 2])
def test_nor_is_one_that_was_emptied_or_cut(finished: Path, tmp_path: Path, trials: int) -> None:
    lines = (finished / "journal.log").read_bytes().splitlines(keepends=True)
    begins = [place for place, line in enumerate(lines) if b'"op_code":4' in line]
    folder = copy_of(finished, tmp_path, b"".join(lines[: begins[trials]]) if trials else b"")
    before = (folder / "journal.log").read_bytes()
    for number in range(4):
        (folder / "trials" / f"{number:04d}").mkdir(parents=True)
        (folder / "trials" / f"{number:04d}" / "result.json").write_text("{}")
    for read in (read_study, lambda path: Study.open(path, cost_of)):
        with pytest.raises(StudyError, match="fewer trials than were trained") as caught:
            read(folder)
        assert f"{trials} trials" in str(caught.value.found)
    assert (folder / "journal.log").read_bytes() == before


def test_killed_before_the_journal_was_begun(finished: Path, tmp_path: Path) -> None:
    folder = copy_of(finished, tmp_path, b"")
    (folder / "journal.log").unlink()
    assert len(go_on(folder)) == 4


def test_a_trial_killed_between_result_and_state_is_not_trained_again(
    finished: Path, tmp_path: Path
) -> None:
    journal = (finished / "journal.log").read_bytes()
    lines = journal.splitlines(keepends=True)
    folder = copy_of(finished, tmp_path, b"".join(lines[:-1]))
    with Study.open(folder, cost_of) as study:
        assert study.trials[3].label == "done"
        assert study.ask() is None


@pytest.mark.parametrize("stopped", [True, False])
def test_an_unfinished_tell_keeps_its_meaning(tmp_path: Path, stopped: bool) -> None:
    folder = tmp_path / "s"
    with Study.create(folder, spec_of(trials=1), cost_of) as study:
        trial = study.ask()
        assert trial is not None
        failure = Failure(kind="DivergedError", message="no", epoch=2)
        study.tell(trial, result_of(trial) if stopped else failure, stopped=stopped)
        before = study.trials[0]
    lines = (folder / "journal.log").read_bytes().splitlines(keepends=True)
    (folder / "journal.log").write_bytes(b"".join(lines[:-1]))
    with Study.open(folder, cost_of) as study:
        assert study.trials[0] == before
        assert before.label == ("stopped" if stopped else "failed")


def test_the_lock_of_a_killed_writer_does_not_hold_the_study_up(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_repair, "_STALE_SECONDS", 0.3)
    folder = copy_of(finished, tmp_path, (finished / "journal.log").read_bytes())
    (folder / "journal.log.lock").symlink_to(folder / "journal.log")
    begin = time.monotonic()
    with Study.open(folder, cost_of, budget=Budget(trials=5)) as study:
        trial = study.ask()
        assert trial is not None
        study.tell(trial, result_of(trial))
    assert time.monotonic() - begin < 5, "optuna alone would wait 30 s"


def test_a_full_disk_ends_the_search_with_a_journal_that_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    script = textwrap.dedent(
        """
        import resource, signal, sys
        from pathlib import Path
        from toy_study import cost_of, result_of, spec_of
        from automed.domain.errors import StudyError
        from automed.search.study import Study
        folder = Path(sys.argv[1])
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        study = Study.create(folder, spec_of(trials=6), cost_of)
        journal = folder / "journal.log"
        for _ in range(2):
            trial = study.ask()
            study.tell(trial, result_of(trial))
        trial = study.ask()
        # From here on a write gets through for 60 bytes, as on a disk that fills up.
        soft = journal.stat().st_size + 60
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, resource.RLIM_INFINITY))
        try:
            study.tell(trial, result_of(trial))
        except StudyError as error:
            print(error)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        print(study.tell(trial, result_of(trial)).label)
        """
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder)],
        env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "journal.log cannot be written to" in done.stdout
    assert done.stdout.strip().endswith("done"), "room again: the same study goes on"
    assert (folder / "journal.log.torn").exists()
    assert [t.label for t in read_study(folder).trials] == ["done"] * 3
    assert len(go_on(folder)) == 6


def test_optuna_itself_reads_the_study(finished: Path) -> None:
    storage = JournalStorage(JournalFileBackend(str(finished / "journal.log")))
    study = optuna.load_study(study_name="toy-study", storage=storage)
    assert [d.name for d in study.directions] == ["MAXIMIZE", "MINIMIZE", "MINIMIZE"]
    assert study.metric_names == ["dice", "macs", "size_bytes"]
    assert study.user_attrs["automed:dataset"] == "demo"
    ours = read_study(finished)
    for theirs, trial in zip(study.trials, ours.trials, strict=True):
        assert trial.result is not None
        assert theirs.params == dict(trial.config.items())
        assert theirs.values == [trial.result.values()[m] for m in study.metric_names]
        assert theirs.intermediate_values == {1: 0.5}
    assert {t.number for t in study.best_trials} == {t.number for t in ours.front().trials}
    assert "params_training.learning_rate" in study.trials_dataframe().columns


def test_a_signal_waits_for_the_end_of_a_write() -> None:
    reached = []

    def write() -> None:
        with uninterrupted():
            signal.raise_signal(signal.SIGINT)
            reached.append("the end")

    with pytest.raises(KeyboardInterrupt):
        write()
    assert reached == ["the end"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_signal_in_the_middle_of_a_write_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply = JournalStorageReplayResult._apply_create_trial

    def interrupted(self: JournalStorageReplayResult, log: dict) -> None:
        signal.raise_signal(signal.SIGINT)
        apply(self, log)

    with Study.create(tmp_path / "s", spec_of(trials=2), cost_of) as study:
        monkeypatch.setattr(JournalStorageReplayResult, "_apply_create_trial", interrupted)
        with pytest.raises(KeyboardInterrupt):
            study.ask()
        monkeypatch.undo()
        # Written, and known in this process too: the next ask hands it out.
        assert [t.label for t in study.trials] == ["running"]
        trial = study.ask()
        assert trial is not None
        assert trial.number == 0
        study.tell(trial, result_of(trial))


def test_other_threads_write_without_signal_handlers() -> None:
    reached = []

    def write() -> None:
        with uninterrupted():
            reached.append("the end")

    thread = threading.Thread(target=write)
    thread.start()
    thread.join()
    assert reached == ["the end"]
