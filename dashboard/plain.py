"""Names of files, parameters and plugins as the text that they are."""

from __future__ import annotations

import re

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~:$&])")


def literal(text: object) -> str:
    """For Streamlit's captions and headings, which read Markdown."""
    return _MARKDOWN.sub(r"\\\1", " ".join(str(text).split()))
