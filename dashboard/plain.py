"""Names of files, parameters and plugins as the text that they are."""

from __future__ import annotations

import html
import re

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~:$&])")


def escaped(text: object) -> str:
    """For Plotly, which reads a few HTML tags in its texts."""
    return html.escape(str(text), quote=False)


def literal(text: object) -> str:
    """For Streamlit's captions and headings, which read Markdown."""
    return _MARKDOWN.sub(r"\\\1", " ".join(str(text).split()))
