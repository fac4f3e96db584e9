"""What flags and answers about a plugin say."""

from __future__ import annotations

from automed.api.plugin_proposal import Kind
from automed.domain.errors import AutomedError


def check_kind(text: str | None) -> Kind | None:
    """What ``--kind`` says.

    Raises:
        AutomedError: It is neither kind.
    """
    match text:
        case None | "segmentation" | "classification":
            return text
        case _:
            raise AutomedError(
                f"--kind {text}: there is no such kind", expected="segmentation or classification"
            )


def listed(text: str | None) -> tuple[str, ...] | None:
    """Names that commas separate.

    Raises:
        AutomedError: One is empty, or stands there twice.
    """
    if text is None:
        return None
    names = tuple(name.strip() for name in text.split(","))
    if not all(names) or len(set(names)) < len(names):
        raise AutomedError(
            "--classes cannot be read", found=text, expected="different names, joined by commas"
        )
    return names
