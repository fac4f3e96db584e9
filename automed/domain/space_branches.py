"""Which branches a search space has: what can be chosen, and in how many ways."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from automed.domain.config import Value
from automed.domain.exclusion import Conditions, Exclusion
from automed.domain.parameter import CategoricalParameter, Parameter

Test = tuple[str, tuple[Value, ...]]
"""A parameter and the values of it that a condition names."""

Held = frozenset[Test]
"""The tests that hold so far and that later parameters still ask for."""

Group = tuple[Held, int, tuple[Value, ...]]
"""Values that no later condition tells apart: the tests they pass, their number, and the values
themselves where conditions or exclusions may rule some of them out."""


class Branches:
    """Walks a space parameter by parameter, keeping of the values only what later ones ask for.

    So the work grows with the number of distinguishable situations, not with that of the configs:
    dynamic programming over the conditions and exclusions. A range of real numbers counts as one
    value.

    Args:
        parameters: In order, each after those that its conditions name.
    """

    def __init__(self, parameters: Mapping[str, Parameter]) -> None:
        self._keys = list(parameters)
        self._parameters = parameters
        self._tests: dict[str, set[Test]] = {key: set() for key in self._keys}
        asked = [self._asked(parameters[key]) for key in self._keys]
        for test in set().union(*asked):
            self._tests[test[0]].add(test)
        self._needed: list[Held] = [frozenset()]
        for tests in reversed(asked):
            self._needed.insert(0, self._needed[0] | tests)

    @cached_property
    def _layers(self) -> list[Counter[Held]]:
        """How many ways lead to each situation, before each parameter and after the last."""
        layers: list[Counter[Held]] = [Counter({frozenset(): 1})]
        for position in range(len(self._keys)):
            after: Counter[Held] = Counter()
            for held, ways in layers[position].items():
                for group in self._groups(position, held):
                    after[self._next(position, held, group)] += ways * group[1]
            layers.append(after)
        return layers

    @cached_property
    def _alive(self) -> list[set[Held]]:
        """The situations from which a config can be completed, in the same places."""
        alive = [set(self._layers[-1])]
        for position in reversed(range(len(self._keys))):
            alive.insert(
                0,
                {
                    held
                    for held in self._layers[position]
                    if any(
                        self._next(position, held, group) in alive[0]
                        for group in self._groups(position, held)
                    )
                },
            )
        return alive

    def combinations(self) -> int:
        """The number of configs that differ in more than real numbers."""
        return self._layers[-1].total()

    def usable(self) -> dict[str, tuple[Value, ...]]:
        """What can be chosen of each parameter that ever has an effect.

        Returns:
            The values that occur in some config; of a number that no condition names, none are
            listed, since all of them do.
        """
        found: dict[str, tuple[Value, ...]] = {}
        for position, key in enumerate(self._keys):
            groups = list(self._living_groups(position))
            if groups:
                values = {value for group in groups for value in group[2]}
                listed = self._parameters[key].values() if values else ()
                found[key] = tuple(value for value in listed if value in values)
        return found

    def _living_groups(self, position: int) -> Iterator[Group]:
        key = self._keys[position]
        for held in self._alive[position]:
            if not _passed(self._parameters[key].when, held):
                continue
            for group in self._groups(position, held):
                if self._next(position, held, group) in self._alive[position + 1]:
                    yield group

    def _next(self, position: int, held: Held, group: Group) -> Held:
        return (held | group[0]) & self._needed[position + 1]

    def _groups(self, position: int, held: Held) -> list[Group]:
        key = self._keys[position]
        parameter = self._parameters[key]
        if not _passed(parameter.when, held):
            return [(frozenset(), 1, ())]
        if isinstance(parameter, CategoricalParameter):
            barred = {
                choice
                for exclusion in parameter.exclude
                if _bars(exclusion, held)
                for choice in exclusion.choices
            }
            return self._grouped(key, [c for c in parameter.choices if c not in barred])
        if self._tests[key]:
            return self._grouped(key, parameter.values())
        return [(frozenset(), parameter.count() or 1, ())]

    def _grouped(self, key: str, values: Iterable[Value]) -> list[Group]:
        groups: dict[Held, list[Value]] = {}
        for value in values:
            passed = frozenset(test for test in self._tests[key] if value in test[1])
            groups.setdefault(passed, []).append(value)
        return [(passed, len(same), tuple(same)) for passed, same in groups.items()]

    @staticmethod
    def _asked(parameter: Parameter) -> Held:
        conditions = [parameter.when]
        for exclusion in parameter.exclude if isinstance(parameter, CategoricalParameter) else ():
            conditions += [exclusion.when, exclusion.unless]
        return frozenset(test for when in conditions for test in when.items())


def _passed(when: Conditions, held: Held) -> bool:
    return all(test in held for test in when.items())


def _bars(exclusion: Exclusion, held: Held) -> bool:
    allowed = bool(exclusion.unless) and _passed(exclusion.unless, held)
    return _passed(exclusion.when, held) and not allowed
