"""Whether the parameters and choices of a search space mean anything to models and trainings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from automed.data.preprocess import read_chain
from automed.data.window import read_window
from automed.domain.applied import AUGMENT_KEYS, DATA_KEYS
from automed.domain.compression import METHODS, PREFIX, Compression
from automed.domain.config import Value
from automed.domain.errors import AutomedError
from automed.domain.parameter import Parameter
from automed.domain.space import SearchSpace
from automed.domain.space_file import load_space
from automed.domain.space_problem import Problem
from automed.domain.suggestion import suggestion
from automed.models.architectures import ARCHITECTURES
from automed.models.encoders import check_encoder
from automed.training.losses import check_loss
from automed.training.optimizers import check_optimizer
from automed.training.recipe import Recipe

_COLOUR = 3

_KEYS = (
    "model.architecture", "model.encoder", "model.dropout",
    *(f"training.{name}" for name in Recipe.model_fields),
    *DATA_KEYS, *AUGMENT_KEYS,
    *(f"{PREFIX}{name}" for name in Compression.model_fields),
)  # fmt: skip


def keys() -> tuple[str, ...]:
    """Every parameter that something reads, a plugin's models among them."""
    models = {key for row in ARCHITECTURES.values() for key in row.keys}
    return (*_KEYS, *sorted(models))


def load_known(name: str) -> SearchSpace:
    """A space as `load_space` finds it, all of whose parameters and choices are known.

    Raises:
        SpaceError: There is none, or it is invalid; every problem with file, line and key.
    """
    return load_space(name, vocabulary_problems)


def vocabulary_problems(parameters: Mapping[str, Parameter]) -> Iterator[Problem]:
    """Parameters that nothing reads, and choices that nothing is called."""
    known = keys()
    for key, parameter in parameters.items():
        if key not in known:
            meant = suggestion(key, known)
            yield Problem("nothing reads a parameter of this name", key=key, hint=meant)
            continue
        judge = _JUDGES.get(key)
        for position, choice in enumerate(getattr(parameter, "choices", ())):
            problem = _problem(judge, choice) if judge else None
            if problem is not None:
                yield Problem(problem, key=key, field=("choices", position))


def _problem(judge: Callable[[str], object], choice: Value) -> str | None:
    try:
        judge(str(choice))
    except AutomedError as error:
        return f"{choice!r}: {error.problem}"
    return None


def _check_architecture(name: str) -> None:
    if name not in ARCHITECTURES:
        raise AutomedError(f"there is no architecture {name!r}{suggestion(name, ARCHITECTURES)}")


def _check_method(name: str) -> None:
    if name not in METHODS:
        raise AutomedError(f"there is no method {name!r}{suggestion(name, METHODS)}")


_JUDGES: dict[str, Callable[[str], object]] = {
    "model.architecture": _check_architecture,
    "model.encoder": check_encoder,
    "training.loss": check_loss,
    "training.optimizer": check_optimizer,
    "compression.method": _check_method,
    "data.preprocess": lambda text: read_chain(text, _COLOUR),
    "data.window": read_window,
}
