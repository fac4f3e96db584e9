"""The rows that stand for a journal file: optuna's storage over them, and several that write."""

from __future__ import annotations

import multiprocessing
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState
from postgres_server import PASSWORD

from automed.domain.errors import StudyError
from automed.search import postgres
from automed.search.postgres import Postgres
from automed.search.postgres_journal import PostgresJournal

WRITERS, TRIALS = 8, 200


def records(*numbers: int) -> list[dict]:
    return [{"op_code": 10, "worker_id": "w", "number": n} for n in numbers]


def test_records_come_back_in_order_and_from_any_number_on(storage: str) -> None:
    journal, other = PostgresJournal(storage, "s"), PostgresJournal(storage, "other")
    assert journal.read_logs(0) == []
    journal.append_logs(records(0, 1))
    other.append_logs(records(7))
    PostgresJournal(storage, "s").append_logs(records(2))
    assert journal.read_logs(0) == records(0, 1, 2)
    assert journal.read_logs(2) == records(2)
    assert journal.read_logs(3) == []
    assert other.read_logs(0) == records(7)


def test_what_json_does_not_know_is_kept(storage: str) -> None:
    journal = PostgresJournal(storage, "s")
    odd = {"op_code": 9, "worker_id": "w", "text": "ä \x00 \ud800", "value": float("inf"), "1": [2]}
    journal.append_logs([odd])
    assert journal.read_logs(0) == [odd]


def test_optuna_writes_the_same_records_as_into_a_file(storage: str, tmp_path: Path) -> None:
    backends = [PostgresJournal(storage, "s"), JournalFileBackend(str(tmp_path / "j"))]
    for backend in backends:
        study = optuna.create_study(study_name="s", storage=JournalStorage(backend))
        trial = study.ask({"x": optuna.distributions.FloatDistribution(0, 1)})
        trial.report(float("nan"), 1)
        trial.set_user_attr("a", {"b": [1, None]})
        study.tell(trial, 0.5)
    rows, lines = (list(backend.read_logs(0)) for backend in backends)
    assert len(rows) == len(lines) > 4
    for row, line in zip(rows, lines, strict=True):
        assert row.keys() == line.keys()
        assert row["op_code"] == line["op_code"]
    study = optuna.load_study(study_name="s", storage=JournalStorage(PostgresJournal(storage, "s")))
    assert study.best_value == 0.5


def write(url: str, number: int) -> None:
    # In one go where the order of the rows does not decide who runs what.
    study = optuna.load_study(study_name="s", storage=JournalStorage(PostgresJournal(url, "s")))
    for _ in range(number):
        trial = study.ask({"x": optuna.distributions.FloatDistribution(0, 1)})
        trial.set_user_attr("pid", os.getpid())
        trial.report(trial.params["x"], 1)
        study.tell(trial, trial.params["x"])


@pytest.mark.timeout(300)
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_eight_processes_write_two_hundred_trials(storage: str) -> None:
    optuna.create_study(study_name="s", storage=JournalStorage(PostgresJournal(storage, "s")))
    context = multiprocessing.get_context("fork")
    writers = [
        context.Process(target=write, args=(storage, TRIALS // WRITERS)) for _ in range(WRITERS)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * WRITERS
    study = optuna.load_study(study_name="s", storage=JournalStorage(PostgresJournal(storage, "s")))
    trials = study.get_trials()
    assert [trial.number for trial in trials] == list(range(TRIALS))
    assert {trial.state for trial in trials} == {TrialState.COMPLETE}
    assert all(trial.value == trial.params["x"] == trial.intermediate_values[1] for trial in trials)
    pids = [trial.user_attrs["pid"] for trial in trials]
    assert sorted(map(pids.count, set(pids))) == [TRIALS // WRITERS] * WRITERS
    rows = Postgres(storage).rows("select at from automed.log where study = 's' order by at")
    assert [at for (at,) in rows] == list(range(len(rows)))


def test_the_tables_are_made_once_by_whoever_comes_first(storage: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: Postgres(storage).rows("select 1"), range(8)))
    assert found == [[(1,)]] * 8


class TestAServerThatIsLost:
    """Backends are ended one by one, which looks to a client as a restart does."""

    def cut(self, storage: str) -> None:
        Postgres(storage).rows(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid()"
        )

    def test_between_two_questions(self, storage: str) -> None:
        journal = PostgresJournal(storage, "s")
        journal.append_logs(records(0))
        self.cut(storage)
        assert journal.read_logs(0) == records(0)
        self.cut(storage)
        journal.append_logs(records(1))
        assert journal.read_logs(0) == records(0, 1)

    def test_after_a_write_and_before_its_answer(self, storage: str) -> None:
        database = Postgres(storage)
        journal = PostgresJournal(database, "s")
        journal.append_logs(records(0))
        connected = database._connected()
        execute, lost = connected.execute, []

        def lose(query, *values):
            done = execute(query, *values)
            if query == "commit" and not lost:
                lost.append(query)
                self.cut(storage)
                execute("select 1")  # raises what the client of a lost server sees
            return done

        connected.execute = lose
        journal.append_logs(records(1, 2))
        assert lost
        assert journal.read_logs(0) == records(0, 1, 2), "not twice"

    def test_before_a_write_is_whole(self, storage: str) -> None:
        database = Postgres(storage)
        tried = []

        def work(connection, again):
            tried.append(again)
            connection.execute("insert into automed.study (name) values ('s')")
            if not again:
                self.cut(storage)
            return connection.execute("select count(*) from automed.study").fetchone()

        assert database.transact(work) == (1,)
        assert tried == [False, True]

    def test_because_it_waited_too_long_for_this_search(self, storage: str, monkeypatch) -> None:
        """As for one that hangs in its turn: the others need not wait for it for ever."""
        monkeypatch.setattr(postgres, "_THINKING_MS", 200)
        tried = []

        def work(connection, again):
            tried.append(again)
            time.sleep(0 if again else 1)
            return connection.execute("select 1").fetchone()

        assert Postgres(storage).transact(work) == (1,)
        assert tried == [False, True]

    def test_for_too_long(self, storage: str, request, caplog) -> None:
        server = request.getfixturevalue("postgres")
        database = Postgres(storage, patience=0.3)
        database.rows("select 1")
        server.control("-m", "fast", "stop")
        try:
            began = time.monotonic()
            with pytest.raises(StudyError, match="went away") as error:
                database.rows("select 1")
            assert time.monotonic() - began < 20
        finally:
            server.control("start")
        assert "--resume" in str(error.value)
        assert PASSWORD not in str(error.value) + caplog.text
        assert database.rows("select 1") == [(1,)]


class TestARefusal:
    def test_no_server(self) -> None:
        with pytest.raises(StudyError, match="cannot be used") as error:
            Postgres(f"postgresql://a:{PASSWORD}@127.0.0.1:1/d").rows("select 1")
        assert "127.0.0.1:1/d" in str(error.value)
        assert "automed doctor" in str(error.value)
        assert PASSWORD not in str(error.value)

    def test_a_wrong_password(self, storage: str, tmp_path: Path, monkeypatch) -> None:
        with pytest.raises(StudyError, match="password authentication failed"):
            Postgres(storage.replace(PASSWORD, "guessed")).rows("select 1")
        (tmp_path / "secret").write_text(f"{PASSWORD}\n")
        monkeypatch.setenv("AUTOMED_STORAGE_PASSWORD_FILE", str(tmp_path / "secret"))
        bare = storage.replace(f":{PASSWORD}@", "@")
        assert Postgres(bare).rows("select 1") == [(1,)]
        monkeypatch.setenv("AUTOMED_STORAGE_PASSWORD_FILE", str(tmp_path / "none"))
        with pytest.raises(StudyError, match="AUTOMED_STORAGE_PASSWORD_FILE names a file"):
            Postgres(bare).rows("select 1")

    def test_a_statement_that_fails_is_no_reason_to_wait(self, storage: str) -> None:
        with pytest.raises(StudyError, match="division by zero"):
            Postgres(storage).rows("select 1 / 0")

    def test_no_driver(self, monkeypatch) -> None:
        monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
        with pytest.raises(StudyError, match="driver that is not installed") as error:
            Postgres("postgresql://h/d")
        assert "pip install 'automed[postgres]'" in str(error.value)
