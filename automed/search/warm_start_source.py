"""Which of another study's trials a new one begins with."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from optuna.trial import FrozenTrial, TrialState

from automed.domain.compression import PREFIX, compression_of, dense
from automed.domain.config import Config
from automed.domain.errors import StudyError
from automed.domain.front import non_dominated
from automed.domain.result import Result
from automed.domain.space import SearchSpace
from automed.domain.study_spec import StudySpec
from automed.search import record
from automed.search.screen import Verdict
from automed.search.study_file import read_spec
from automed.search.told import Told
from automed.search.trials_reader import read_trials
from automed.search.warm_start import Prior, PriorTrial, in_words

MOST = 30
"""Trials that are taken over: three times what a sampler draws at random before it trusts a
model, and few enough that a budget of fifty trainings outgrows them."""

DEAF = ("random", "qmc", "grid")
"""Samplers that other trials teach nothing; grid would even skip their configs."""

OUTSIDE = "outside the search space"
REFUSED = "not to be built or allowed here"
UNMEASURED = "without {}"
EXCESS = f"beyond the {MOST} that are taken"

Tick = Callable[[int, int], None]


@dataclass(frozen=True)
class _Found:
    """A finished trial of the other study, as its samplers saw it.

    Attributes:
        config: In this study's space.
        metrics: This study's objectives that only training decides.
        losses: All objectives there, smaller is better: for the choice alone.
        quality: The guide metric, larger is better.
    """

    config: Config
    metrics: dict[str, float]
    losses: tuple[float, ...]
    quality: float


def prior_of(
    folder: Path, spec: StudySpec, judge: Callable[[Config], Verdict], tick: Tick
) -> Prior:
    """Take over trials of a study, which may be running.

    Args:
        folder: The other study's; nothing is written there.
        spec: The new study's settings.
        judge: The new study's screen: costs depend on its image size and channels.
        tick: Called with the configs that are priced, and about how many there will be.

    Raises:
        StudyError: The other study cannot be read, is of another kind, or has nothing in common.
    """
    source = read_spec(folder)
    _check_alike(source, spec)
    told = Told(source)([t for t in read_trials(folder, source) if record.is_ours(t)])
    finished = [
        t for t in told if t.state is TrialState.COMPLETE and record.EXTRA not in t.user_attrs
    ]
    left_out: Counter[str] = Counter()
    found = list(_found(finished, source, spec, left_out))
    trials, refused = _priced(found, judge, tick)
    left_out[REFUSED] = refused
    left_out[EXCESS] = len(found) - refused - len(trials)
    why = {reason: number for reason, number in left_out.items() if number}
    if not trials:
        raise StudyError(
            f"study {source.name!r} has no trial that could guide this one",
            found=in_words(why) if finished else "no finished trial",
            expected=f"finished trials whose configs lie in space {spec.task.space.name!r} as "
            "--space, --set and --fix leave it",
            hint="leave --warm-start out, or search the space that the other study searched",
        )
    return Prior(
        study=source.name, same_training=_training_of(source) == _training_of(spec),
        trials=trials, finished=len(finished), left_out=why,
    )  # fmt: skip


def _check_alike(source: StudySpec, spec: StudySpec) -> None:
    if spec.sampler in DEAF:
        raise StudyError(
            f"--warm-start has no effect on the sampler {spec.sampler!r}, which learns nothing "
            "from trials",
            hint="choose another sampler, such as tpe, or leave --warm-start out",
        )
    if source.task.kind != spec.task.kind:
        raise StudyError(
            f"study {source.name!r} cannot guide this one: it is of another kind of task",
            found=f"{source.task.kind} ({source.task.name})",
            expected=f"{spec.task.kind}, as {spec.task.name} is",
        )


def _training_of(spec: StudySpec) -> tuple[object, ...]:
    """What decides, besides its config and chance, how good a model gets."""
    apart = {"name", "title", "space", "baselines", "demo", "objectives"}
    return spec.data.digest, spec.weights, spec.task.model_dump(mode="json", exclude=apart)


def _found(
    finished: Sequence[FrozenTrial], source: StudySpec, spec: StudySpec, left_out: Counter[str]
) -> Iterator[_Found]:
    objectives = spec.task.objectives
    needed = [o.metric for o in spec.task.uncertain]
    for trial in finished:
        config = _inside(Config(trial.params), spec.task.space)
        values = _values_of(trial, source)
        missing = [m for m in needed if not math.isfinite(values.get(m, math.nan))]
        if config is None:
            left_out[OUTSIDE] += 1
        elif missing:
            left_out[UNMEASURED.format(missing[0])] += 1
        else:
            losses = tuple(o.loss(values.get(o.metric, math.inf)) for o in objectives)
            quality = -spec.task.quality.loss(values[spec.task.guide])
            yield _Found(config, {m: values[m] for m in needed}, losses, quality)


def _values_of(trial: FrozenTrial, source: StudySpec) -> dict[str, float]:
    """What is known of a finished trial; of a stopped one, what it would have ended with."""
    told = dict(zip((o.metric for o in source.task.objectives), trial.values, strict=True))
    if record.RESULT not in trial.user_attrs:
        return told
    result = Result.model_validate_json(trial.user_attrs[record.RESULT])
    return {**told, **result.values()}


def _inside(config: Config, space: SearchSpace) -> Config | None:
    """The same training as a config of this space; None where the space does not hold it."""
    method = f"{PREFIX}method"
    values = dict(config.items())
    if method not in space.parameters and compression_of(config) is None:
        values = dict(dense(config).items())
    elif method in space.parameters:
        values.setdefault(method, "none")
    completed = space.complete(values)
    if completed is None:
        return None
    kept = all(key in completed and completed[key] == value for key, value in values.items())
    return completed if kept else None


def _priced(
    found: Sequence[_Found], judge: Callable[[Config], Verdict], tick: Tick
) -> tuple[tuple[PriorTrial, ...], int]:
    """The trials to take, worth most first, and how many the screen refused.

    Prices take up to half a second each, so that only what is chosen is priced; where the screen
    refuses some, the choice is made again without them.
    """
    verdicts: dict[Config, Verdict] = {}
    pool = list(found)
    while True:
        chosen = chosen_of(pool)
        for one in chosen:
            if one.config not in verdicts:
                verdicts[one.config] = judge(one.config)
                tick(len(verdicts), max(len(verdicts), min(MOST, len(found))))
        left = [f for f in pool if f.config not in verdicts or _allowed(verdicts[f.config])]
        if len(left) == len(pool):
            return tuple(_trial(f, verdicts[f.config]) for f in chosen), len(found) - len(pool)
        pool = left


def _allowed(verdict: Verdict) -> bool:
    return verdict.rejected is None and verdict.cost is not None


def _trial(found: _Found, verdict: Verdict) -> PriorTrial:
    assert verdict.cost is not None
    return PriorTrial(
        config=found.config, cost=verdict.cost, violations=verdict.violations, metrics=found.metrics
    )


def chosen_of(found: Sequence[_Found]) -> list[_Found]:
    """At most `MOST`: half from the front and half from the rest, each spread over its qualities.

    A sampler that saw the front alone would not learn what makes the others worse.
    """
    if not found:
        return []
    leads = non_dominated(np.asarray([f.losses for f in found], np.float64))
    front = [f for f, on in zip(found, leads, strict=True) if on]
    rest = [f for f, on in zip(found, leads, strict=True) if not on]
    from_front = min(len(front), max(MOST // 2, MOST - len(rest)))
    return [*_spread(front, from_front), *_spread(rest, MOST - from_front)]


def _spread(found: Sequence[_Found], number: int) -> list[_Found]:
    ranked = sorted(found, key=lambda f: -f.quality)
    if len(ranked) <= number:
        return ranked
    places = np.linspace(0, len(ranked) - 1, number).round()
    return [ranked[int(place)] for place in places]
