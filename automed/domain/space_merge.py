"""The tables of a space and of those that it extends, as one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from automed.domain.space_chain import Chain
from automed.domain.space_problem import Problem
from automed.domain.space_text import HEAD, SpaceText
from automed.domain.suggestion import suggestion


@dataclass
class Merged:
    """The tables of a chain, and what is wrong with them.

    A table replaces that of the extended space with the same key, in its place; new ones come
    last. What is both removed and given anew comes last, too. See also `ordered`.
    """

    chain: Chain
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    _origin: dict[str, SpaceText] = field(default_factory=dict)
    _removed: dict[str, SpaceText] = field(default_factory=dict)
    _problems: list[tuple[SpaceText, Problem]] = field(default_factory=list)
    _given_up: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        for text in self.chain.texts:
            self._problems += [(text, problem) for problem in text.problems]
            self._remove(text)
            for key, table in text.tables.items():
                self.tables[key] = table
                self._origin[key] = text
                self._removed.pop(key, None)
        if not self.tables and not self.chain.broken:
            self._problems.append((self.chain.texts[-1], Problem("holds no parameter", HEAD)))

    def _remove(self, text: SpaceText) -> None:
        for position, key in enumerate(text.head.remove if text.head else ()):
            if key in self.tables:
                del self.tables[key], self._origin[key]
                self._removed[key] = text
            elif not self.chain.broken:
                message = f"{key!r} is not in the extended space{suggestion(key, self.tables)}"
                self._problems.append((text, Problem(message, HEAD, ("remove", position))))

    def ordered(self, parents: Mapping[str, Collection[str]]) -> list[str]:
        """The keys in the order in which their values are decided.

        A table that names a parameter of another file in a condition moves behind it: one that
        replaces an extended one may ask for what its own file adds. Within one file, what is
        named must stand first.

        Args:
            parents: The parameters that each one's conditions name.
        """
        left = [key for key in self.tables if key in parents]
        order: list[str] = []
        while left:
            waiting = {
                key for key in left if any(p in left and self._moves(key, p) for p in parents[key])
            }
            # Conditions that go round in a circle are left as they are, to be refused.
            ready = next((key for key in left if key not in waiting), left[0])
            order.append(ready)
            left.remove(ready)
        return order

    def _moves(self, key: str, parent: str) -> bool:
        own = self._origin[key]
        if self._origin[parent] is not own:
            return True
        names = list(own.tables)
        return names.index(parent) < names.index(key)

    def fitted(self, key: str, fields: dict[str, Any]) -> dict[str, Any] | None:
        """An extended table without the values that later files took from its conditions.

        Who extends a space to make a list shorter need not repeat all that depends on the list.

        Args:
            key: Of the table.
            fields: With conditions as flat keys and lists.

        Returns:
            None where no value is left that the table asks for: it can never have an effect.
        """
        left = self._left(key, fields.get("when"))
        if left is None:
            self._given_up.add(key)
            return None
        changed = fields | ({"when": left} if "when" in fields else {})
        exclusions = fields.get("exclude")
        if isinstance(exclusions, list):
            changed["exclude"] = [e for e in map(partial(self._exclusion, key), exclusions) if e]
        return changed

    def _exclusion(self, key: str, exclusion: Any) -> Any:  # noqa: ANN401 - as it was read
        if not isinstance(exclusion, dict):
            return exclusion
        when = self._left(key, exclusion.get("when"))
        if when is None:
            return None
        unless = self._left(key, exclusion.get("unless"))
        changed = exclusion | ({"when": when} if "when" in exclusion else {})
        if "unless" in exclusion:
            changed = {**changed, "unless": unless or {}}
        return changed if changed.get("when") or changed.get("unless") else exclusion

    def _left(self, key: str, conditions: Any) -> Any:  # noqa: ANN401 - as it was read
        if not isinstance(conditions, dict):
            return conditions if conditions is not None else {}
        left = {}
        for parent, values in conditions.items():
            kept = values
            if isinstance(values, list) and self._is_before(key, parent):
                choices = self.tables[parent].get("choices") if parent in self.tables else None
                gone = parent in self._given_up
                if gone or isinstance(choices, list):
                    kept = [] if gone else [v for v in values if v in (choices or [])]
                if not kept:
                    return None
            left[parent] = kept
        return left

    def _is_before(self, key: str, parent: str) -> bool:
        """Whether a later file than that of a table changed one of its parents."""
        if parent in self._given_up:
            return True
        if parent not in self._origin:
            return False
        files = list(self.chain.texts)
        return files.index(self._origin[key]) < files.index(self._origin[parent])

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong so far."""
        return not self._problems and not self.chain.broken

    def note(self, problem: Problem, parent: str | None = None) -> None:
        """Keep a problem of a parameter.

        Args:
            problem: Names the parameter; else it is about the whole space.
            parent: The other parameter that it is about, to be named with its file and line.
        """
        text = self._origin.get(problem.key, self.chain.texts[-1])
        hint = problem.hint
        if parent in self._removed:
            hint = f"; {self._removed[parent].at(HEAD, ('remove',))} removes it"
        elif parent in self._origin and self._origin[parent] is not text:
            hint = f"; {parent} stands in {self._origin[parent].at(parent)}"
        self._problems.append((text, replace(problem, key=problem.key or HEAD, hint=hint)))

    def lines(self) -> list[str]:
        """All problems, the extended files' first, each as ``file:line: key: message``."""
        files = list(self.chain.texts)
        found = [(files.index(t), t.line(p), f"{t.source}:{t.line(p)}: {p}")
                 for t, p in self._problems]  # fmt: skip
        return [*self.chain.broken, *(line for _, _, line in sorted(found))]
