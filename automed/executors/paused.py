"""How a training ends whose budget is spent."""

from __future__ import annotations


class Paused(BaseException):
    """Raised out of the report callback, as an interrupt would be.

    No ``Exception``: a training that handles its failures must not take it for one of them.
    """
