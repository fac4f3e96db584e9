"""One loss, or a sum of some."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from automed.domain.errors import TrainingError
from automed.domain.suggestion import suggestion
from automed.training.losses.formula import Term, read_formula
from automed.training.losses.kind import Kind, kind_of_logits
from automed.training.losses.table import LOSSES, Option, Options, losses_for, losses_taking


class Loss(nn.Module):
    """A sum of losses; which kind of targets it serves shows in the call.

    Args:
        name: The formula, for error messages.
        terms: What the formula says; all of them names of `LOSSES`.
        options: Class weights and label smoothing, for the terms that take them.
    """

    def __init__(self, name: str, terms: tuple[Term, ...], options: Options) -> None:
        super().__init__()
        self.name = name
        self._factors = [term.weight for term in terms]
        weights = options.class_weights
        self._classes = None if weights is None else len(weights)
        rows = [LOSSES[term.name] for term in terms]
        self._modules_of: dict[Kind, nn.ModuleList] = {}
        for kind in _kinds(terms):
            modules = nn.ModuleList(row.makes[kind](options) for row in rows)
            self.add_module(kind, modules)
            self._modules_of[kind] = modules

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """A scalar, computed in float32, also under autocast.

        Args:
            logits: The model's output.
            targets: As `Kind` lists them.

        Raises:
            TrainingError: The loss is not made for such targets, or for so many classes.
        """
        kind = kind_of_logits(logits)
        self._check(kind, logits)
        total = torch.zeros((), device=logits.device)
        with torch.autocast(logits.device.type, enabled=False):
            logits = logits.float()
            for factor, module in zip(self._factors, self._modules_of[kind], strict=True):
                total = total + factor * module(logits, targets)
        return total

    def _check(self, kind: Kind, logits: Tensor) -> None:
        if kind not in self._modules_of:
            raise _misfit(self.name, kind)
        classes = 2 if kind == "binary masks" else logits.shape[1]
        if self._classes not in (None, classes):
            raise TrainingError(
                f"the class weights of the loss {self.name!r} do not belong to this model",
                found=f"{self._classes} weights",
                expected=f"{classes}, one for each class (a binary mask has two)",
            )


def build_loss(
    name: str, *, class_weights: Tensor | None = None, label_smoothing: float = 0.0
) -> Loss:
    """A loss by its formula: ``bce``, ``bce+dice``, ``0.3*bce+0.7*dice``.

    Args:
        name: Names of `LOSSES`, with weights or without, joined by ``+``.
        class_weights: Shape (classes,), or (2,) for background and foreground of a binary mask:
            of bce, ce and focal, which become means weighted by the true class.
        label_smoothing: s, of bce and ce: a label keeps 1 - s and shares s among all classes.

    Raises:
        TrainingError: The formula cannot be read, names an unknown loss, or has no term that takes
            the class weights or the label smoothing.
    """
    check_loss(name, class_weights=class_weights is not None, label_smoothing=label_smoothing)
    return Loss(name, read_formula(name), Options(class_weights, label_smoothing))


def check_loss(
    name: str, kind: Kind | None = None, *, class_weights: bool = False, label_smoothing: float = 0
) -> None:
    """Raise a `TrainingError` where `build_loss` would, or the call for a kind of targets."""
    terms = read_formula(name)
    for term in terms:
        if term.name not in LOSSES:
            raise TrainingError(
                f"there is no loss {term.name!r}{suggestion(term.name, LOSSES)}",
                found=name,
                expected=f"one of {', '.join(LOSSES)}, or a sum such as bce+dice",
            )
    if kind is not None and kind not in _kinds(terms):
        raise _misfit(name, kind)
    if class_weights:
        _demand_taker(name, terms, "class_weights", "true")
    if label_smoothing > 0:
        _demand_taker(name, terms, "label_smoothing", str(label_smoothing))


def _kinds(terms: tuple[Term, ...]) -> list[Kind]:
    first, *rest = (LOSSES[term.name].makes for term in terms)
    return [kind for kind in first if all(kind in makes for makes in rest)]


def _misfit(name: str, kind: Kind) -> TrainingError:
    return TrainingError(
        f"the loss {name!r} is not for {kind}",
        expected=f"one of {', '.join(losses_for(kind))}, or a sum of them",
    )


def _demand_taker(name: str, terms: tuple[Term, ...], option: Option, value: str) -> None:
    if not any(option in LOSSES[term.name].takes for term in terms):
        raise TrainingError(
            f"training.{option} would have no effect: no term of the loss {name!r} takes it",
            found=f"training.{option} = {value}",
            expected=f"a loss with one of the terms {', '.join(losses_taking(option))}",
            hint=f"--set training.loss=... with such losses only, or leave training.{option} out",
        )
