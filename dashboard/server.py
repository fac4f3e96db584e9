"""What ``streamlit run`` serves; see ``automed dashboard``.

Streamlit's own page looks for its server at every part of the address, and the console of the
browser lists each place where it is not. Here the page is told.
"""

from pathlib import Path

import streamlit
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse
from starlette.routing import Route
from streamlit.starlette import App

_HERE = '<script>window.__streamlit = { BACKEND_BASE_URL: window.location.origin + "/" }</script>'
_FOLDER = Path(__file__).parent
_INDEX = Path(streamlit.__file__).parent / "static" / "index.html"


def _index(request: Request) -> HTMLResponse:
    del request
    page = _INDEX.read_text(encoding="utf-8").replace("<head>", f"<head>{_HERE}", 1)
    return HTMLResponse(page, headers={"Cache-Control": "no-cache"})


def _first(request: Request) -> RedirectResponse:
    """Where a visit begins: Streamlit knows that page by no name."""
    query = request.url.query
    return RedirectResponse(f"/?{query}" if query else "/")


# From the files: the pages themselves can only be loaded where Streamlit runs already.
_NAMES = [file.stem.removeprefix("page_") for file in _FOLDER.glob("page_*.py")]
app = App(
    _FOLDER / "app.py",
    routes=[
        Route("/studies", _first),
        *(Route(f"/{name}", _index) for name in ("", *_NAMES)),
    ],
)
