"""Names of parameters and plugins as the text that they are."""

from __future__ import annotations

import html


def escaped(text: object) -> str:
    """For Plotly, which reads a few HTML tags in its texts, and no entities for quotes."""
    return html.escape(str(text), quote=False)
