"""What an executor is given to run."""

from __future__ import annotations

from collections.abc import Callable

from automed.domain.decision import Decision
from automed.domain.measurement import Measurement
from automed.domain.result import Result
from automed.domain.trial import Trial

Report = Callable[[Measurement], Decision]
"""To be called after each epoch; says whether to go on."""

RunTrial = Callable[[Trial, Report], Result]
