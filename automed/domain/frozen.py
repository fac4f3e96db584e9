"""The base of every noun: frozen, validated at construction, strict about unknown keys."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, SerializationInfo

from automed.domain.digest import digest

_FOR_DIGEST = {"purpose": "digest"}


class Frozen(BaseModel):
    """An immutable, hashable value whose digest is a function of its content alone."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_default=True,
        allow_inf_nan=True,
        ser_json_inf_nan="constants",
        use_attribute_docstrings=True,
    )

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the canonical JSON of this value."""
        return digest(self.model_dump(mode="json", context=_FOR_DIGEST))

    def __hash__(self) -> int:
        return hash(self.digest)

    def replace(self, **changes: Any) -> Any:  # noqa: ANN401 - the caller's own type
        """A copy with some fields changed, validated again.

        Raises:
            pydantic.ValidationError: A new value is not valid.
        """
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return type(self)(**{**fields, **changes})


def for_digest(info: SerializationInfo) -> bool:
    """Whether a value is written out to be digested: a serializer may then leave notes out."""
    return bool(info.context == _FOR_DIGEST)
