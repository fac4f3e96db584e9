"""What plugins declare besides tasks: losses, metrics, models, ..., found by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from typing import Generic, TypeVar

from automed.domain.component import Component
from automed.domain.errors import PluginError

AnyComponent = TypeVar("AnyComponent", bound=Component)
Row = TypeVar("Row")

_DECLARED: dict[tuple[type[Component], str], tuple[Component, str]] = {}
"""By kind and name: the component, and the plugin that it comes from."""
_WAITING: list[Callable[[], object]] = []


def declare(components: object, origin: str) -> None:
    """Make a plugin's components known; those that it declared before are replaced.

    Args:
        components: What the plugin's module calls ``components``.
        origin: Of the plugin, for error messages.

    Raises:
        PluginError: It is no sequence of components, or a name is taken by another plugin.
    """
    if not isinstance(components, tuple | list) or not all(
        isinstance(one, Component) for one in components
    ):
        raise PluginError(
            f"the `components` of {origin} cannot be used",
            found=repr(components)[:200],
            expected="a tuple of Reader, Preprocessing, Augmentation, Metric, Loss or Model",
        )
    for one in components:
        known = _DECLARED.get((type(one), one.name))
        if known is not None and known[0] is not one and known[1] != origin:
            raise PluginError(
                f"two plugins declare a {one.kind} {one.name!r}",
                found=f"{known[1]} and {origin}",
                hint="rename one of them, or import it from one place in both",
            )
    for key in [key for key, (_, where) in _DECLARED.items() if where == origin]:
        del _DECLARED[key]
    _DECLARED.update({(type(one), one.name): (one, origin) for one in components})


def when_needed(load: Callable[[], object]) -> None:
    """Let a plugin be loaded as soon as a name is looked for that automed itself does not have."""
    _WAITING.append(load)


def declared(kind: type[AnyComponent]) -> dict[str, AnyComponent]:
    """The components of a kind that plugins declare, by name.

    Raises:
        PluginError: A plugin that is needed is broken.
    """
    while _WAITING:
        _WAITING.pop()()
    return {name: one for (_, name), (one, _) in _DECLARED.items() if isinstance(one, kind)}


def declared_by(origin: str) -> tuple[Component, ...]:
    """What one plugin that was loaded declares, by kind and name.

    Args:
        origin: Of the plugin, as `declare` was given it.
    """
    own = [one for one, where in _DECLARED.values() if where == origin]
    return tuple(sorted(own, key=lambda one: (one.kind, one.name)))


class WithPlugins(MutableMapping[str, Row], Generic[Row]):
    """automed's own rows of a table, and one for each component of a kind; ours come first.

    Args:
        own: Our rows.
        kind: Of the components.
        adapt: From a component to its row.
    """

    def __init__(
        self, own: dict[str, Row], kind: type[AnyComponent], adapt: Callable[[AnyComponent], Row]
    ) -> None:
        self._own = own
        self._rows: Callable[[], dict[str, Row]] = lambda: {
            name: adapt(one) for name, one in declared(kind).items()
        }

    def __getitem__(self, name: str) -> Row:
        return self._own[name] if name in self._own else self._rows()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self._own, *self._rows()]))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __setitem__(self, name: str, row: Row) -> None:
        self._own[name] = row

    def __delitem__(self, name: str) -> None:
        del self._own[name]
