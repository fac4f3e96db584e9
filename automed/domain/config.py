"""A config: one point of a search space."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ConfigDict, RootModel, field_validator

from automed.domain.digest import digest

Value = bool | int | float | str
"""What a parameter can hold. Never a callable, never a container: it must survive TOML and JSON."""


class Config(RootModel[dict[str, Value]]):
    """Flat dotted keys (``model.encoder``, ``training.loss``) and their values.

    Holds active parameters only: a key that has no effect for the chosen architecture is absent.
    """

    model_config = ConfigDict(frozen=True)

    @field_validator("root", mode="before")
    @classmethod
    def _sorted(cls, values: Mapping[str, Value]) -> dict[str, Value]:
        return dict(sorted(values.items()))

    def __getitem__(self, key: str) -> Value:
        return self.root[key]

    def __contains__(self, key: object) -> bool:
        return key in self.root

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]  # over keys, as a mapping does
        return iter(self.root)

    def __len__(self) -> int:
        return len(self.root)

    def __hash__(self) -> int:
        return hash(self.digest)

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ANN401 - as dict.get
        """The value of a key, or the default where the key is inactive."""
        return self.root.get(key, default)

    def items(self) -> list[tuple[str, Value]]:
        """Keys and values, sorted by key."""
        return list(self.root.items())

    def part(self, *prefixes: str) -> Config:
        """The keys that begin with one of the prefixes, for example ``config.part("model.")``."""
        return Config({k: v for k, v in self.root.items() if k.startswith(prefixes)})

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the content; the order of insertion does not matter."""
        return digest(self.root)
