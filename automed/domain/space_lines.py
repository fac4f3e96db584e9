"""In which line of a TOML file a key stands, which ``tomllib`` does not tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import tree_sitter_toml
from tree_sitter import Language, Node, Parser

_HEADERS = ("table", "table_array_element")
_KEYS = ("bare_key", "quoted_key", "dotted_key")


def lines_of(text: str) -> dict[str, int]:
    """The line, counted from 1, of every table, key and element of an array.

    Args:
        text: Valid TOML. An escape in a quoted key is left as it stands.

    Returns:
        By dotted path, with positions in arrays: ``model.encoder.exclude.0.choices.2``.
    """
    root = Parser(Language(tree_sitter_toml.language())).parse(text.encode()).root_node
    found: dict[str, int] = {}
    elements: Counter[str] = Counter()
    for node in root.named_children:
        if node.type == "pair":
            found |= _of_pair(node, "")
        elif node.type in _HEADERS:
            path = _path(node.named_children[0])
            if node.type == "table_array_element":
                elements[path] += 1
                found.setdefault(path, _line(node))
                path = f"{path}.{elements[path] - 1}"
            found[path] = _line(node)
            for pair in node.named_children[1:]:
                found |= _of_pair(pair, f"{path}.") if pair.type == "pair" else {}
    return found


def _of_pair(pair: Node, prefix: str) -> dict[str, int]:
    key, value = (child for child in pair.named_children if child.type != "comment")
    path = prefix + _path(key)
    return {path: _line(pair), **dict(_inside(value, path))}


def _inside(value: Node, path: str) -> Iterator[tuple[str, int]]:
    if value.type == "inline_table":
        for pair in value.named_children:
            yield from _of_pair(pair, f"{path}.").items()
    elif value.type == "array":
        elements = [child for child in value.named_children if child.type != "comment"]
        for position, element in enumerate(elements):
            yield f"{path}.{position}", _line(element)
            yield from _inside(element, f"{path}.{position}")


def _path(key: Node) -> str:
    if key.type == "dotted_key":
        return ".".join(_path(part) for part in key.named_children if part.type in _KEYS)
    text = (key.text or b"").decode()
    return text[1:-1] if key.type == "quoted_key" else text


def _line(node: Node) -> int:
    return node.start_point.row + 1
