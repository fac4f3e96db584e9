"""Which parts of a model its answer depends on: the rest is in no exported file."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def reached(model: nn.Module, image: Tensor) -> list[nn.Module]:
    """The modules without parameters of their own, and those whose parameters the answer needs.

    Encoders compute stages that a shallow decoder never asks for: of PSPNet's ten million
    parameters over efficientnet_b3, a twentieth is used. PyTorch keeps and computes the others; the
    exporter leaves them out.

    Args:
        model: In eval mode; may lie on the meta device.
        image: What it takes, on the same device.
    """
    with torch.enable_grad():
        return reached_by(model(image), model)


def reached_by(answer: Tensor, model: nn.Module) -> list[nn.Module]:
    """As `reached`, from an answer that the model gave with gradients enabled.

    Args:
        answer: Of the model.
        model: As it was then.
    """
    # Where it does not ask for gradients, nothing can be told from them.
    known = {id(p) for p in model.parameters() if not p.requires_grad} | _leaves(answer)
    return [
        module
        for module in model.modules()
        if not (own := list(module.parameters(recurse=False))) or any(id(p) in known for p in own)
    ]


def _leaves(answer: Tensor) -> set[int]:
    """Ids of the parameters in the graph that autograd would go back through."""
    waiting, seen, found = [answer.grad_fn], set(), set()
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            found.add(id(node.variable))
        waiting += [before for before, _ in node.next_functions]
    return found
