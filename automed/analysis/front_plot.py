"""The front, drawn: a PNG for papers and an HTML page to explore."""

from __future__ import annotations

from automed.analysis.front_html import write_front_html
from automed.analysis.front_png import write_front_png

__all__ = ["write_front_html", "write_front_png"]
