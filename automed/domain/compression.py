"""How a trained model is made smaller: the nouns, and how a flag or a config spells them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

from pydantic import Field, ValidationError

from automed.domain.config import Config, Value
from automed.domain.errors import SpaceError
from automed.domain.frozen import Frozen
from automed.domain.suggestion import suggestion

PREFIX = "compression."

Method = Literal["none", "ptq", "qat", "sparse", "prune", "prune+ptq", "prune+qat"]
Scope = Literal["uniform", "global"]
Importance = Literal["l1", "l2", "bn_scale", "taylor", "random"]
Calibration = Literal["minmax", "percentile", "entropy"]

METHODS: tuple[str, ...] = get_args(Method)
_OFFERED = ", ".join(method for method in METHODS if method != "none")

_EXPECTED = {
    "ratio": "a share of the channels between 0 and 1, such as prune:0.5",
    "sparsity": "a share of zeros above 0.5 and below 1, such as sparse:0.9",
    "epochs": "at least one, such as 5ep",
}

_TAKES: Mapping[str, tuple[str, ...]] = {
    "none": (),
    "ptq": ("calibration",),
    "qat": ("epochs",),
    "sparse": ("sparsity", "epochs"),
    "prune": ("ratio", "scope", "importance", "sparsity_learning", "epochs"),
}
"""Which fields each step of a method reads."""


class Compression(Frozen):
    """One way to compress a trained model. Fields that its method does not read keep defaults."""

    method: Method = "none"
    ratio: float = Field(default=0.5, gt=0, lt=1)
    """prune: share of the channels that is removed. MACs fall with its square, roughly."""
    scope: Scope = "uniform"
    """prune: the same ratio in each layer, or the least important channels of the whole model."""
    importance: Importance = "taylor"
    """prune: what a channel is worth."""
    sparsity_learning: bool = False
    """prune: before it, train with a penalty that drives weak channels towards zero."""
    sparsity: float = Field(default=0.9, gt=0.5, lt=1)
    """sparse: share of zero weights at the end; it begins at one half (paper 1)."""
    calibration: Calibration = "minmax"
    """ptq: how the ranges of activations are chosen."""
    epochs: int | None = Field(default=None, ge=1)
    """Of fine-tuning; None: a quarter of the study's epochs, half of them after pruning."""

    @property
    def steps(self) -> tuple[str, ...]:
        """The single methods, in order: ``prune+ptq`` is ``prune``, then ``ptq``."""
        return tuple(self.method.split("+"))

    @property
    def quantized(self) -> bool:
        """Whether the artifact computes in int8."""
        return self.steps[-1] in ("ptq", "qat")

    @property
    def keys(self) -> dict[str, Value]:
        """What a config holds of it: the method and what that reads."""
        read = {name for step in self.steps for name in _TAKES[step]}
        values = {name: getattr(self, name) for name in type(self).model_fields if name in read}
        found = {f"{PREFIX}{name}": value for name, value in values.items() if value is not None}
        return {f"{PREFIX}method": self.method, **found}

    def __str__(self) -> str:
        """As ``--compress`` spells it, for example ``prune:0.3:global+ptq``."""
        return "+".join(":".join([step, *self._options(step)]) for step in self.steps)

    def _options(self, step: str) -> list[str]:
        always = {"prune": "ratio", "sparse": "sparsity"}.get(step)
        words = []
        for name in _TAKES[step]:
            value = getattr(self, name)
            if name == always:
                words.append(f"{value:g}")
            elif name == "epochs":
                # Of two steps that fine-tune, the last says it.
                if value is not None and step == [s for s in self.steps if s != "ptq"][-1]:
                    words.append(f"{value}ep")
            elif value != type(self).model_fields[name].default:
                words.append("sparsity_learning" if name == "sparsity_learning" else str(value))
        return words


def compression_of(config: Config) -> Compression | None:
    """What a config's ``compression.*`` keys describe; None where it is dense.

    Raises:
        SpaceError: A key is unknown, not valid, or without effect on the method.
    """
    given = {key.removeprefix(PREFIX): value for key, value in config.part(PREFIX).items()}
    if not given or given == {"method": "none"}:
        return None
    return _checked(given, f"{PREFIX}method = {given.get('method')!r}")


def read_compressions(text: str) -> tuple[Compression, ...]:
    """What ``--compress ptq,prune:0.3+ptq`` asks for, in order, each once.

    Raises:
        SpaceError: A method or an option is unknown or not valid.
    """
    found = [_read(word.strip()) for word in text.split(",") if word.strip()]
    if not found:
        raise SpaceError(
            "--compress names no method",
            found=repr(text),
            expected=f"some of {_OFFERED}, such as ptq,prune:0.5+ptq",
        )
    return tuple(dict.fromkeys(c for c in found if c.method != "none"))


def with_compression(config: Config, compression: Compression) -> Config:
    """The config of a child."""
    return Config({**dict(dense(config).items()), **compression.keys})


def least_share(compression: Compression, metric: str) -> float:
    """A lower bound of what is left of a model's cost: nothing comes out cheaper than this.

    Removing a share of the inputs and of the outputs of each layer leaves the square of the rest;
    a quarter of that is taken here, as the smallest layers lose whole blocks of channels. Int8
    takes a quarter of the bytes; a fifth is taken.

    Args:
        compression: What the model would go through.
        metric: ``macs``, ``parameters`` or ``size_bytes``.
    """
    share = (1 - compression.ratio) ** 2 / 4 if "prune" in compression.steps else 1.0
    return share / 5 if metric == "size_bytes" and compression.quantized else share


def dense(config: Config) -> Config:
    """The config without its compression: what is trained."""
    return Config({key: value for key, value in config.items() if not key.startswith(PREFIX)})


def _read(word: str) -> Compression:
    given: dict[str, Any] = {}
    steps = []
    if word == "auto":
        raise SpaceError(
            "--compress auto leaves the method to the sampler, and stands alone",
            expected=f"auto, or some of {_OFFERED}",
        )
    for part in word.split("+"):
        step, *options = (option.strip() for option in part.split(":"))
        if step not in _TAKES:
            raise SpaceError(
                f"--compress {word}: there is no method {step!r}{suggestion(step, METHODS)}",
                expected=f"some of {_OFFERED}, with options after colons, such as "
                "prune:0.5:global+ptq or ptq:percentile",
            )
        steps.append(step)
        for option in options:
            name, value = _option(step, option, word)
            given[name] = value
    method = "+".join(steps)
    if method not in METHODS:
        raise SpaceError(
            f"--compress {word}: there is no method {method!r}",
            expected=f"one of {_OFFERED}",
        )
    return _checked({"method": method, **given}, f"--compress {word}")


def _option(step: str, option: str, word: str) -> tuple[str, Any]:
    words: dict[str, str] = {}
    for name in _TAKES[step]:
        kind = {"scope": Scope, "importance": Importance, "calibration": Calibration}.get(name)
        words |= dict.fromkeys(get_args(kind), name)
    if option in words:
        return words[option], option
    if option == "sparsity_learning" and option in _TAKES[step]:
        return option, True
    if option.endswith("ep") and option[:-2].isdigit() and "epochs" in _TAKES[step]:
        return "epochs", int(option[:-2])
    number = {"prune": "ratio", "sparse": "sparsity"}.get(step)
    try:
        if number is not None:
            return number, float(option)
    except ValueError:
        pass  # said below, together with the words that it could have been
    expected = [*([f"a {number} such as 0.6"] if number else []), *words]
    expected += ["sparsity_learning"] if "sparsity_learning" in _TAKES[step] else []
    expected += ["epochs such as 5ep"] if "epochs" in _TAKES[step] else []
    raise SpaceError(
        f"--compress {word}: {step} has no option {option!r}{suggestion(option, words)}",
        expected=", ".join(expected),
    )


def _checked(given: Mapping[str, Any], where: str) -> Compression:
    try:
        found = Compression(**given)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        raise SpaceError(
            f"{where}: {name}: {first['msg']}",
            found=repr(given.get(name)),
            expected=_EXPECTED.get(name),
        ) from None
    idle = [name for name in given if f"{PREFIX}{name}" not in found.keys]
    if idle:
        raise SpaceError(
            f"{where}: {PREFIX}{idle[0]} has no effect on {found.method}",
            expected=", ".join(found.keys),
        )
    return found
