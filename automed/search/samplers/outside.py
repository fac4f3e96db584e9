"""Samplers of others: packages that register one, and OptunaHub."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

from optuna.samplers import BaseSampler

from automed.domain.errors import PluginError, StudyError
from automed.search.known import check_known
from automed.search.samplers.context import Context

GROUP = "automed.samplers"
"""Entry-point group in which a package names its samplers: callables that take a `Context` and
return an ``optuna.samplers.BaseSampler``."""

HUB = "optunahub:"
"""Prefix of samplers of OptunaHub, as in ``optunahub:samplers/auto_sampler``."""


def registered() -> dict[str, EntryPoint]:
    """The samplers that installed packages register, by name. Imports none of them.

    Raises:
        PluginError: Two packages claim one name.
    """
    found: dict[str, EntryPoint] = {}
    for entry in entry_points(group=GROUP):
        if entry.name in found:
            raise PluginError(
                f"two packages register a sampler {entry.name!r}",
                found=f"{found[entry.name].value}, {entry.value}",
                hint="uninstall one of them",
            )
        found[entry.name] = entry
    return found


def outside_sampler(context: Context) -> BaseSampler:
    """The sampler that a study names.

    Raises:
        ImportError: The package ``optunahub`` is missing.
        PluginError: The sampler cannot be loaded, or is none.
        StudyError: There is none of that name any more.
    """
    name = context.spec.sampler
    if name.startswith(HUB):
        return _from_hub(name.removeprefix(HUB), context.seed)
    known = registered()
    check_known("sampler", name, known)
    entry = known[name]
    try:
        sampler = entry.load()(context)
    except StudyError:
        raise  # says in its own words why it cannot serve this study
    except Exception as error:
        raise PluginError(
            f"the sampler {name!r} ({entry.value}) cannot be made",
            found=f"{type(error).__name__}: {error}",
            expected="a callable that takes a Context and returns an optuna sampler",
        ) from error
    return _checked(sampler, f"the sampler {name!r} ({entry.value})")


def _from_hub(package: str, seed: int) -> BaseSampler:
    import optunahub

    try:
        module = optunahub.load_module(package)
    except Exception as error:  # optunahub raises what its downloads raise
        raise PluginError(
            f"{package!r} cannot be loaded from OptunaHub",
            found=f"{type(error).__name__}: {error}",
            expected="a package of hub.optuna.org, such as samplers/auto_sampler",
        ) from error
    return hub_sampler(module, package, seed)


def hub_sampler(module: ModuleType, package: str, seed: int) -> BaseSampler:
    """The one sampler of an OptunaHub package, with this seed if it takes one.

    Raises:
        PluginError: There is none, or several.
    """
    kinds = list(_samplers_in(module))
    if len(kinds) != 1:
        raise PluginError(
            f"OptunaHub's {package!r} cannot be used as a sampler",
            found=", ".join(kind.__name__ for kind in kinds) or "no sampler",
            expected="a package that exports one sampler",
            hint=f"register a factory of your own as an entry point of group {GROUP}",
        )
    known: dict[str, Any] = {"seed": seed}
    takes = inspect.signature(kinds[0]).parameters
    return _checked(kinds[0](**{k: v for k, v in known.items() if k in takes}), package)


def _samplers_in(module: ModuleType) -> Iterator[type[BaseSampler]]:
    for name in getattr(module, "__all__", dir(module)):
        kind = getattr(module, name)
        if inspect.isclass(kind) and issubclass(kind, BaseSampler) and kind is not BaseSampler:
            yield kind


def _checked(sampler: object, what: str) -> BaseSampler:
    if not isinstance(sampler, BaseSampler):
        raise PluginError(
            f"{what} is no sampler",
            found=type(sampler).__name__,
            expected="an optuna.samplers.BaseSampler",
        )
    return sampler
