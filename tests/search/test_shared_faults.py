"""A turn at a study in Postgres that is cut off, and studies that cannot be opened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from toy_seats import Sit, asked, records, shared
from toy_study import BASE, TASK, TIGHT, cost_of, history, measurements, result_of, spec_of, step

from automed.domain.config import Config
from automed.domain.errors import StudyError
from automed.domain.study_spec import WarmStart
from automed.domain.trial import Trial
from automed.domain.workspace import trial_folder
from automed.search.postgres import Postgres
from automed.search.study import Study
from automed.search.view import read_study
from automed.search.warm_start import Prior, PriorTrial, read_prior


class TestATurn:
    def lose(self, study: Study, storage: str, query: str) -> list[str]:
        """Cut the search's connection once, right after a statement that begins so."""
        connection = study._seat._database._connected()
        execute, lost = connection.execute, []

        def losing(text: str, *values: Any) -> Any:
            done = execute(text, *values)
            if text.strip().startswith(query) and not lost:
                lost.append(text)
                Postgres(storage).rows(
                    "select pg_terminate_backend(pid) from pg_stat_activity "
                    "where pid <> pg_backend_pid() and pid = %s", connection.info.backend_pid,
                )  # fmt: skip
                execute("select 1")
            return done

        connection.execute = losing
        return lost

    @pytest.mark.parametrize(
        "query",
        ["begin", "select length", "insert into automed.log", "update automed.study", "commit"],
    )
    def test_that_is_cut_off_is_taken_again_once(
        self, sit: Sit, storage: str, tmp_path: Path, query: str
    ) -> None:
        def play(study: Study, before: Callable[[], None]) -> list[tuple[Any, ...]]:
            for _ in range(4):
                before()
                trial = asked(study)
                for measurement in measurements(trial):
                    before()
                    study.report(trial, measurement)
                before()
                study.tell(trial, result_of(trial))
            return history(study.trials)

        alone = spec_of(constraints=TIGHT, budget=shared().budget)
        with Study.create(tmp_path / "whole", alone, cost_of) as whole:
            expected = play(whole, lambda: None)
        heard: list[Trial] = []
        study = sit(shared(constraints=TIGHT), on_rejected=heard.append)
        losses: list[list[str]] = []
        found = play(study, lambda: losses.append(self.lose(study, storage, query)))
        assert all(losses)
        assert len(losses) == 20
        assert found == expected
        rejected = [t.number for t in study.trials if t.rejected]
        assert [t.number for t in heard] == rejected != []
        rows = Postgres(storage).rows("select at from automed.log order by at")
        assert [at for (at,) in rows] == list(range(len(rows)))

    def test_that_is_interrupted_was_never_taken(self, sit: Sit, storage: str) -> None:
        calls = []

        def interrupted(config):
            calls.append(config)
            if len(calls) == stop_at:
                raise KeyboardInterrupt
            return cost_of(config)

        stop_at = -1
        study = sit(shared(constraints=TIGHT), interrupted)
        first = asked(study)
        before, trials = records(storage), study.trials
        stop_at = len(calls) + 1
        with pytest.raises(KeyboardInterrupt):
            study.ask()
        assert (records(storage), study.trials) == (before, trials)
        study.report(first, measurements(first)[0])
        assert asked(study).number > first.number

    def test_at_a_study_that_was_removed(self, sit: Sit, storage: str) -> None:
        study = sit()
        Postgres(storage).rows("delete from automed.study returning 1")
        with pytest.raises(StudyError, match="was removed from the storage"):
            study.ask()
        with pytest.raises(StudyError, match="there is no study 'toy-study' in"):
            Study.open(study.folder, cost_of)


class TestOpening:
    def test_without_the_url(self, sit: Sit, monkeypatch: pytest.MonkeyPatch) -> None:
        study = sit()
        study.close()
        monkeypatch.delenv("AUTOMED_STORAGE")
        for act in (lambda: Study.open(study.folder, cost_of), lambda: read_study(study.folder)):
            with pytest.raises(StudyError, match="AUTOMED_STORAGE does not say where"):
                act()

    @pytest.mark.parametrize("url", ["sqlite:///x.db", "/tmp/x", "mysql://u:pw@h/d"])
    def test_what_machines_cannot_share(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
    ) -> None:
        monkeypatch.setenv("AUTOMED_STORAGE", url)
        with pytest.raises(StudyError, match="no storage that machines can share") as error:
            Study.create(tmp_path / "s", shared(), cost_of)
        assert "pw" not in str(error.value)

    def test_of_a_name_that_is_taken_there(self, sit: Sit, tmp_path: Path) -> None:
        sit()
        with pytest.raises(StudyError, match="there is a study 'toy-study' in the storage"):
            Study.create(tmp_path / "new", shared(), cost_of)
        assert not (tmp_path / "new" / "study.json").exists()

    def test_a_log_that_lost_trials(self, sit: Sit, storage: str) -> None:
        study = sit()
        step(study)
        folder = trial_folder(study.folder, 7)
        folder.mkdir(parents=True)
        (folder / "result.json").write_text("{}")
        study.close()
        with pytest.raises(StudyError, match="holds fewer trials than were trained"):
            Study.open(study.folder, cost_of)

    def test_what_it_began_with_is_there_for_all(self, sit: Sit) -> None:
        known = PriorTrial(config=Config(BASE), cost=cost_of(Config(BASE)), metrics={"dice": 0.7})
        prior = Prior(study="old", trials=(known,), finished=1)
        begun = shared(warm_start=WarmStart(study="old", content=prior.digest))
        sit(begun, prior=prior, split="{}")
        other = sit()
        assert read_prior(other.folder, other.spec) == prior
        assert prior.describe() in other.notes

    def test_the_task_of_another_version(self, sit: Sit, storage: str) -> None:
        study = sit(shared(task=TASK.replace(title="Other")))
        study.close()
        Postgres(storage).rows("update automed.study set spec = '{}' returning 1")
        with pytest.raises(StudyError, match="is of another version of automed"):
            Study.open(study.folder, cost_of)
