"""How an image size is written on a command line."""

from __future__ import annotations

from automed.domain.errors import AutomedError


def image_size_of(text: str | None) -> tuple[int, int] | None:
    """Height and width of ``128`` or ``288x384``; None where the option was not given.

    Raises:
        AutomedError: The text is neither.
    """
    if text is None:
        return None
    parts = text.lower().split("x")
    if len(parts) > 2 or not all(p.isdecimal() for p in parts):
        raise AutomedError("--image-size cannot be read", found=text, expected="128 or 288x384")
    return int(parts[0]), int(parts[-1])
