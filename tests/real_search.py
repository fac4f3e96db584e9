"""``automed search`` in a process that a test may kill, and what the study owes it afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from automed.api.screened_cost import screened_cost
from automed.domain.trial import Trial, TrialState
from automed.search.replay import replay
from automed.search.view import read_study

SMALL = (
    "--no-pretrained", "--image-size", "32", "--artifact", "weights", "--sampler", "random",
    "--set", "model.architecture=unet,linknet,fpn",
    "--fix", "model.encoder=tf_mobilenetv3_small_075",
)  # fmt: skip
NO_MLFLOW = "http://127.0.0.1:9"
"""A port where nobody answers: importing MLflow takes seconds, and these tests are not about it."""


class Search:
    """The command.

    Args:
        workspace: Where its study ``s`` lies.
        task: What is searched for.
        arguments: Further ones.
        tracking: Address of MLflow.
    """

    def __init__(
        self, workspace: Path, task: str, *arguments: str, tracking: str = NO_MLFLOW
    ) -> None:
        self.study = workspace / "studies" / "s"
        own = {"AUTOMED_WORKSPACE": str(workspace), "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from automed.cli.entry import run; run()", "search", task,
             "--name", "s", *arguments],
            env=os.environ | own | {"MLFLOW_TRACKING_URI": tracking},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    @property
    def begun(self) -> bool:
        """Whether there is a study: killed while it was being made, it does not exist."""
        return (self.study / "study.json").exists()

    @property
    def epochs(self) -> int:
        """How many stand in the journal."""
        journal = self.study / "journal.log"
        return journal.read_text().count('"intermediate_value"') if journal.exists() else 0

    def wait_for(self, epochs: int) -> None:
        """Until so many epochs stand in the journal, or the search has ended."""
        deadline = time.monotonic() + 500
        while self.process.poll() is None and self.epochs < epochs:
            assert time.monotonic() < deadline, "the search does not get on"
            time.sleep(0.02)

    def kill(self) -> None:
        """With signal 9."""
        self.process.kill()
        self.process.communicate()

    def end(self) -> str:
        """Wait for its end; what it printed."""
        output, _ = self.process.communicate(timeout=550)
        assert self.process.returncode == 0, output
        assert "Traceback" not in output
        return output

    def complete(self) -> dict[Path, int]:
        """The results that the study knows, and when they were written."""
        trials = read_study(self.study).trials if self.begun else ()
        done = [t for t in trials if t.state is TrialState.COMPLETE]
        files = [self.study / "trials" / f"{t.number:04d}" / "result.json" for t in done]
        return {file: file.stat().st_mtime_ns for file in files}


def whole(search: Search, trials: int, before: dict[Path, int]) -> list[Trial]:
    """The trials of a study of which nothing was lost, nor run twice.

    Args:
        search: Has ended.
        trials: Its budget.
        before: What was complete at some time.
    """
    trained = [t for t in read_study(search.study).trials if t.charged]
    assert [t.state for t in trained] == [TrialState.COMPLETE] * trials
    assert len({t.config.digest for t in trained}) == trials
    assert {file: file.stat().st_mtime_ns for file in before} == before
    assert replay(search.study, _price, lambda *_: None).differences == ()
    return trained


def _price(spec):
    return lambda config: screened_cost(config, task=spec.task, artifact=spec.artifact)
