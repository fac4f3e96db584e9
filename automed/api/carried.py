"""What executors run, with the plugin that it needs: workers may not have that."""

from __future__ import annotations

from automed.domain.errors import PluginError, StudyError
from automed.domain.result import Result
from automed.domain.trial import Trial
from automed.executors.run_trial import Report, RunTrial
from automed.registry.plugin_source import PluginSource, install, source_of

_INSTALLED: set[str] = set()
"""Origins of the plugins that this process got so."""


class Carried:
    """Runs trials; in each process the plugin is imported first, once.

    Picklable, as the function that it wraps is: the plugin travels as its source.

    Args:
        run_trial: What needs the plugin.
        source: The plugin.
    """

    def __init__(self, run_trial: RunTrial, source: PluginSource) -> None:
        self._run_trial = run_trial
        self._source = source

    def __call__(self, trial: Trial, report: Report) -> Result:
        """Run a trial.

        Raises:
            StudyError: The plugin cannot be imported here, so that no trial can be trained.
        """
        if self._source.origin not in _INSTALLED:
            try:
                install(self._source)
            except PluginError as error:
                raise StudyError(
                    error.problem, found=error.found, expected=error.expected, hint=error.hint
                ) from error
            _INSTALLED.add(self._source.origin)
        return self._run_trial(trial, report)


def carried(run_trial: RunTrial, task: str) -> RunTrial:
    """With the plugin of a task, where that is not automed's own.

    Raises:
        PluginError: Its files cannot be read.
    """
    source = source_of(task)
    return run_trial if source is None else Carried(run_trial, source)
