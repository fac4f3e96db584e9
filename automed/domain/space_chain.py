"""A search space and those that it extends, as files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from os.path import normpath
from pathlib import Path

from automed.domain.errors import SpaceError
from automed.domain.space_problem import InvalidSpaceError, Problem
from automed.domain.space_text import HEAD, SpaceText, read_tables
from automed.domain.suggestion import suggestion


@dataclass(frozen=True)
class SpaceFile:
    """Where a space is written.

    Attributes:
        source: What error messages call it.
        file: To be read.
        folder: What a relative path in it starts from.
    """

    source: str
    file: Traversable
    folder: Traversable

    @property
    def identity(self) -> str:
        """Equal for two names of one file."""
        return str(Path(str(self.file)).resolve())


@dataclass(frozen=True)
class Chain:
    """The files of a space.

    Attributes:
        texts: The extended ones first.
        broken: The line that says why a file is missing from them, or None.
    """

    texts: tuple[SpaceText, ...]
    broken: tuple[str, ...] = ()


def shipped_names() -> list[str]:
    """The spaces that come with automed."""
    return sorted(f.name[:-5] for f in _shipped().iterdir() if f.name.endswith(".toml"))


def find_space(name: str, below: SpaceFile | None = None) -> SpaceFile:
    """A space that ships with automed, by name, or any ``.toml`` file, by path.

    Args:
        name: As a user or the file ``below`` spells it.
        below: A relative path starts from its folder; None: from the working directory.

    Raises:
        SpaceError: There is no such space.
    """
    if not name.endswith(".toml"):
        if name not in shipped_names():
            raise SpaceError(
                f"there is no search space {name!r}{suggestion(name, shipped_names())}",
                expected=f"one of {', '.join(shipped_names())}, or a path that ends in .toml",
            )
        return SpaceFile(f"{name}.toml", _shipped() / f"{name}.toml", _shipped())
    source = name if below is None else normpath(Path(below.source).parent / name)
    file = Path(name) if below is None else below.folder / name
    if not file.is_file():
        raise SpaceError(f"search space {source}: there is no such file")
    folder = file.parent if isinstance(file, Path) else _shipped()
    return SpaceFile(source, file, folder)


def read_text(file: SpaceFile) -> str:
    """The content of a file.

    Raises:
        SpaceError: It cannot be read, or is not UTF-8.
    """
    try:
        return file.file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SpaceError(f"search space {file.source} is not UTF-8: {error}") from None
    except OSError as error:
        raise SpaceError(
            f"search space {file.source} cannot be read: {error.strerror or error}"
        ) from error


def read_chain(text: str, file: SpaceFile, above: Sequence[SpaceFile] = ()) -> Chain:
    """A file and those that it extends.

    Args:
        text: Its content.
        file: Where it stands.
        above: The files that extend it, the first one of them first.

    Raises:
        InvalidSpaceError: The text is no TOML.
    """
    own = read_tables(text, file.source)
    if own.head is None or own.head.extends is None:
        return Chain((own,))
    route = (*above, file)
    try:
        base = find_space(own.head.extends, below=file)
        _refuse_cycle(route, base)
        chain = read_chain(read_text(base), base, route)
    except InvalidSpaceError as error:
        return Chain((own,), error.problems)
    except SpaceError as error:
        place = f"{own.at(HEAD, ('extends',))}: {Problem('', HEAD, ('extends',)).name}"
        expected = f" (expected {error.expected})" if error.expected else ""
        return Chain((own,), (f"{place}: {error.problem}{expected}",))
    return Chain((*chain.texts, own), chain.broken)


def _refuse_cycle(route: Sequence[SpaceFile], base: SpaceFile) -> None:
    if base.identity in [file.identity for file in route]:
        names = " -> ".join(file.source for file in (*route, base))
        raise SpaceError(f"a space cannot extend itself: {names}")


def _shipped() -> Traversable:
    return resources.files("automed.search_spaces")
