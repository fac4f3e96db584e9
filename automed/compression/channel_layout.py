"""Where the channels of each tensor lie once convolutions have been given more of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from onnx import ModelProto, NodeProto

from automed.compression.graph_edit import Constants, groups_of, makers_of

Layout = tuple[int, ...]
"""Of each channel of a tensor: which it was before, or -1 for one that was added."""

_NARROW = 8
"""Outputs of a convolution below which those added are cut off again at once: to hand on twice as
many channels would cost more than it saves."""
_KEEP = (
    "Relu", "Clip", "HardSigmoid", "Sigmoid", "LeakyRelu", "HardSwish", "MaxPool", "AveragePool",
    "GlobalAveragePool", "Identity", "Resize",
)  # fmt: skip
"""What leaves channels where they are."""
_JOIN = ("Add", "Mul")


def find_layouts(
    model: ModelProto, constants: Constants, multiple: int
) -> dict[str, Layout | None]:
    """Fill up the outputs of all convolutions whose readers allow it.

    Args:
        model: In float.
        constants: Its initializers.
        multiple: What filled outputs are a multiple of.

    Returns:
        For each tensor that is computed; None where its channels are not known, and not changed.
    """
    makers = makers_of(model.graph)
    # One value a channel, as in squeeze and excitation, takes no time worth bytes.
    refused = {n.output[0] for n in model.graph.node if _pooled(n, makers)}
    while True:
        layouts, problems = _attempt(model, constants, multiple, refused)
        blamed = {name for tensor in problems for name in _roots(tensor, makers)} - refused
        if not blamed:
            return layouts
        refused |= blamed


def _pooled(node: NodeProto, makers: Mapping[str, NodeProto]) -> bool:
    source = makers.get(node.input[0]) if node.op_type == "Conv" else None
    return source is not None and source.op_type == "GlobalAveragePool"


def is_narrow(node: NodeProto, constants: Mapping[str, object]) -> bool:
    """Whether a node is a convolution with so few outputs that more are cut off at once."""
    if node.op_type != "Conv" or groups_of(node) > 1 or node.input[1] not in constants:
        return False
    return bool(constants[node.input[1]].shape[0] < _NARROW)  # type: ignore[attr-defined]


def _attempt(
    model: ModelProto, constants: Constants, multiple: int, refused: set[str]
) -> tuple[dict[str, Layout | None], list[str]]:
    """Layouts if only some convolutions keep to their outputs, and tensors that must not change."""
    layouts: dict[str, Layout | None] = {}
    for image in model.graph.input:
        dims = image.type.tensor_type.shape.dim
        layouts[image.name] = tuple(range(dims[1].dim_value)) if len(dims) == 4 else None
    problems: list[str] = []
    for node in model.graph.node:
        inputs = [name for name in node.input if name and name not in constants]
        made, wrong = _made(node, inputs, layouts, constants)
        problems += [name for name in wrong if _changed(layouts.get(name))]
        if made and _fills(node, constants, refused):
            made = (*made, *[-1] * (-len(made) % multiple))
        for name in node.output:
            layouts[name] = made
    problems += [o.name for o in model.graph.output if _changed(layouts[o.name])]
    return layouts, problems


def _made(
    node: NodeProto, inputs: list[str], layouts: Mapping[str, Layout | None], constants: Constants
) -> tuple[Layout | None, list[str]]:
    """The layout of what a node makes, and those of its inputs that it cannot take changed."""
    given = [layouts.get(name) for name in inputs]
    kind = node.op_type
    if kind in ("Conv", "ConvTranspose") and len(inputs) == 1:
        shape = constants[node.input[1]].shape
        if groups_of(node) == 1:
            return tuple(range(shape[0 if kind == "Conv" else 1])), []
        if kind == "Conv" and shape[1] == 1 and shape[0] == groups_of(node):
            return given[0], []
        return None, inputs
    if kind in _KEEP and len(inputs) == 1:
        return given[0], []
    if kind in _JOIN:
        return _joined(node, given, constants), inputs if not _agree(node, given, constants) else []
    if kind == "Concat" and _axis(node) == 1:
        return _side_by_side(given), [] if all(given) else inputs
    return None, inputs


def _agree(node: NodeProto, given: list[Layout | None], constants: Constants) -> bool:
    scalars = all(constants[name].size == 1 for name in node.input if name in constants)
    return scalars and all(layout == given[0] for layout in given)


def _joined(node: NodeProto, given: list[Layout | None], constants: Constants) -> Layout | None:
    return given[0] if given and _agree(node, given, constants) else None


def _side_by_side(given: list[Layout | None]) -> Layout | None:
    found: list[int] = []
    before = 0
    for layout in given:
        if layout is None:
            return None
        found += [place + before if place >= 0 else -1 for place in layout]
        before += sum(place >= 0 for place in layout)
    return tuple(found)


def _fills(node: NodeProto, constants: Constants, refused: set[str]) -> bool:
    return (
        node.op_type == "Conv"
        and groups_of(node) == 1
        and not is_narrow(node, constants)
        and node.output[0] not in refused
    )


def _roots(tensor: str, makers: Mapping[str, NodeProto]) -> Iterator[str]:
    """Outputs of the convolutions that a tensor's channels come from."""
    node = makers.get(tensor)
    if node is None:
        return
    if node.op_type == "Conv" and groups_of(node) == 1:
        yield tensor
        return
    for name in node.input:
        yield from _roots(name, makers)


def _changed(layout: Layout | None) -> bool:
    return layout is not None and -1 in layout


def _axis(node: NodeProto) -> int:
    return next(int(a.i) for a in node.attribute if a.name == "axis")
