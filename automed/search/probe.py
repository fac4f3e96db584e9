"""Find out before a search whether any config can meet its constraints."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence

from automed.domain.config import Config, Value
from automed.domain.digest import derive_seed
from automed.domain.errors import ConstraintError
from automed.domain.grid import reached
from automed.domain.objective import SCALES, Constraint
from automed.domain.parameter import CategoricalParameter, Parameter
from automed.domain.space import SearchSpace
from automed.domain.study_spec import StudySpec
from automed.search.baselines import baselines_of
from automed.search.screen import Verdict, in_units

STARTS = 2
RANDOM_DRAWS = 8
SWEEPS = 4

_FLAGS = {
    ("macs", "at_most"): "--max-gflops",
    ("size_bytes", "at_most"): "--max-size-mb",
}


def find_feasible(spec: StudySpec, judge: Callable[[Config], Verdict]) -> Config:
    """A config that may be trained.

    Looks at the baselines, then at random configs, then changes the closest of them one
    parameter at a time for as long as that helps; all that from two starts. A cost takes up to
    half a second, so that a "no" should come after some fifty of them.

    Raises:
        ConstraintError: None was found; says what binds and what the cheapest one costs.
    """
    starts = [_Descent(spec, judge, start) for start in range(STARTS)]
    for search in starts:
        for config in search.candidates():
            if search.see(config):
                return config
    closest = min(starts, key=lambda search: _badness(search.verdict))
    seen = set().union(*(search.seen for search in starts))
    raise _constraint_error(spec, closest.best, closest.verdict, len(seen))


def _constraint_error(
    spec: StudySpec, cheapest: Config | None, verdict: Verdict, seen: int
) -> ConstraintError:
    space = spec.task.space.name
    if verdict.cost is None:
        return ConstraintError(
            f"none of {seen} configs of space {space!r} can be built",
            found=verdict.rejected,
            hint="try a larger --image-size"
            if "cannot take images" in (verdict.rejected or "")
            else "see what is wrong with the space: automed space check FILE --task TASK",
        )
    values = verdict.cost.as_metrics()
    bound = [c for c in spec.constraints if c.metric in values]
    binding = [c for c in bound if c.violation(values[c.metric]) > 0]
    prices = ", ".join(in_units(c.metric, values[c.metric]) for c in bound)
    where = ", ".join(f"{k}={v}" for k, v in (cheapest or {}).items() if k.startswith("model."))
    return ConstraintError(
        f"no config of space {space!r} meets: " + " and ".join(c.describe() for c in binding),
        found=f"the closest of {seen} configs has {prices}" + (f" ({where})" if where else ""),
        expected=" and ".join(c.describe() for c in bound),
        hint="loosen it, for example: " + " ".join(_flag(c, values[c.metric]) for c in binding),
    )


def _flag(constraint: Constraint, value: float) -> str:
    at_most = constraint.kind == "at_most"
    flag = _FLAGS.get((constraint.metric, constraint.kind))
    value /= SCALES.get(constraint.metric, 1.0) if flag else 1.0
    # Three digits, rounded to the side that lets the config pass.
    unit = 10.0 ** (math.floor(math.log10(abs(value))) - 2) if value else 1.0
    shown = (math.ceil if at_most else math.floor)(value / unit) * unit
    if flag is not None:
        return f"{flag} {shown:g}"
    if (constraint.metric, at_most) == ("parameters", True):
        return f"--max-params {shown:.0f}"
    return f"--constraint '{constraint.metric}{'<=' if at_most else '>='}{shown:g}'"


class _Descent:
    def __init__(self, spec: StudySpec, judge: Callable[[Config], Verdict], start: int) -> None:
        self._spec = spec
        self._judge = judge
        self._start = start
        self.seen: set[Config] = set()
        self.best: Config | None = None
        self.verdict = Verdict(None, {"tried": math.inf}, "nothing was tried")

    def see(self, config: Config) -> bool:
        """Judge a config, remember the best; whether it may be trained."""
        if config in self.seen:
            return False
        self.seen.add(config)
        verdict = self._judge(config)
        if self.best is None or _badness(verdict) < _badness(self.verdict):
            self.best, self.verdict = config, verdict
        return verdict.rejected is None

    def candidates(self) -> Iterator[Config]:
        if self._start == 0:
            yield from baselines_of(self._spec.task).configs.values()
        for draw in range(RANDOM_DRAWS):
            seed = derive_seed(self._spec.seed, "probe", self._start, draw)
            yield self._spec.task.space.sample(random.Random(seed))
        for _ in range(SWEEPS):
            start = self.best
            for key in self._spec.task.space.parameters:
                yield from self._changed(key)
            if self.best == start:
                return

    def _changed(self, key: str) -> Iterator[Config]:
        best = self.best
        if best is None or key not in best:
            return
        for value in _extremes(self._spec.task.space.parameters[key], dict(best.items())):
            changed = _with_value(self._spec.task.space, {**dict(best.items()), key: value})
            if changed is not None:
                yield changed


def _badness(verdict: Verdict) -> tuple[bool, float]:
    # What cannot be built is worse than any price: a bound may be missed by a factor of millions.
    return verdict.cost is None, verdict.violation


def _extremes(parameter: Parameter, values: Mapping[str, Value]) -> Sequence[Value]:
    if isinstance(parameter, CategoricalParameter):
        return parameter.left(values)
    low, high = parameter.low, parameter.high
    return (low, reached(low, high, parameter.step) if parameter.step else high)


def _with_value(space: SearchSpace, wanted: Mapping[str, Value]) -> Config | None:
    """The config nearest to what is wanted; what cannot be had takes the first value that can.

    None where exclusions leave a parameter no value.
    """
    values: dict[str, Value] = {}
    for key, parameter in space.parameters.items():
        if not space.is_active(key, values):
            continue
        if key in wanted and not space.clash(key, {**values, key: wanted[key]}):
            values[key] = wanted[key]
        elif extremes := _extremes(parameter, values):
            values[key] = extremes[0]
        else:
            return None
    return Config(values)
