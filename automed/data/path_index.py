"""Finding a file by what a table calls it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from automed.data.file_names import normal, parts, without_ending


class PathIndex:
    """Paths by their ends: ``a/b/1.png`` answers to itself, ``b/1.png``, ``1.png``, ``a/b/1``, ...

    An end that two paths share names neither. Case and Unicode form never matter.

    Args:
        paths: POSIX paths of images.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self._by_end: dict[str, str | None] = {}
        self._by_number: dict[str, str | None] = {}
        for path in paths:
            for end in _ends(normal(path)):
                for name in {end, without_ending(end)}:
                    _enter(self._by_end, name, path)
            stem = parts(path)[1]
            if stem.isdecimal():
                _enter(self._by_number, str(int(stem)), path)

    def find(self, value: str) -> str | None:
        """The one path whose end a value is, with or without the file's ending."""
        return self._by_end.get(_cleaned(value))

    def find_loosely(self, value: str, *, numbers: bool) -> str | None:
        """As ``find``, for values written for another folder or format.

        ``elsewhere/b/1.tif`` finds ``b/1.png``. With ``numbers``, ``1`` finds ``001.png``; without,
        a number finds nothing, because numbers in a table may count anything.
        """
        name = _cleaned(value)
        number = without_ending(name)
        if number.isdecimal() and not numbers:
            return None
        for end in _ends(name):
            for key in (end, without_ending(end)):
                found = self._by_end.get(key)
                if found is not None:
                    return found
        return self._by_number.get(str(int(number))) if number.isdecimal() else None


def _enter(index: dict[str, str | None], name: str, path: str) -> None:
    if index.setdefault(name, path) != path:
        index[name] = None


def _cleaned(value: str) -> str:
    return normal(value.strip().replace("\\", "/").removeprefix("./"))


def _ends(path: str) -> Iterator[str]:
    parts = path.split("/")
    return ("/".join(parts[start:]) for start in range(len(parts)))
