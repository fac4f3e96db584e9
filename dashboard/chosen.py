"""The workspace, the study that is being looked at, and noticing that it has changed."""

from __future__ import annotations

import shlex
from pathlib import Path
from time import monotonic

import streamlit as st

from automed.api.opened_study import (
    OpenedStudy,
    Revision,
    StudyOpener,
    revision_of,
    study_folders,
)
from automed.domain.workspace import Workspace

from .address import linked, remember
from .plain import literal

STUDY = "study"
"""Of the study's name in the address."""
_NAME = "automed_study"
_MISSING = "automed_missing"
"""The study that the address asks for, or that was looked at, and that is not there."""
_INSTEAD = "automed_instead"
LIVE = "live"
POLL_SECONDS = 3.0
_KEPT = 64
"""Snapshots in memory, over all visitors."""
_OPENERS = 16
"""Studies whose trials stay in memory, so that only what is new is read."""
_REST = 4.0
"""Times as long as a page took to draw, it is left in peace: a busy machine is not kept busy."""
_SEEN = "automed_seen"
_DRAWN_AT = "automed_drawn_at"
_DRAWN_FOR = "automed_drawn_for"


def workspace() -> Workspace:
    """The workspace that ``automed dashboard`` was started for."""
    return Workspace.at()


def opened(folder: Path) -> OpenedStudy:
    """A study, read anew only where its files have changed.

    Raises:
        StudyError: It cannot be read.
    """
    return _open(str(folder), revision_of(folder))


def chosen() -> OpenedStudy | None:
    """The study that the pages are about; None: there is none yet, and the page says how to begin.

    Raises:
        StudyError: It cannot be read.
    """
    name = chosen_name()
    if (missing := missing_name()) is not None:
        st.header("No such study", anchor=False)
        st.error("There is no such study in this workspace.", icon=":material/link_off:")
        st.text(missing)
        st.caption(
            "It was removed or renamed, or the address is of another workspace. Choose one on the "
            "left."
        )
        return None
    if name is None:
        st.info("No studies yet. Start one, and it appears here:", icon=":material/info:")
        st.code(f"automed search polyp --budget 12 --no-pretrained{_flag()}", language="sh")
        return None
    return opened(workspace().studies / name)


def choose() -> None:
    """Let the visitor choose a study; the address names it, so that it can be passed on."""
    names = [folder.name for folder in study_folders(workspace())]
    if not names:
        st.session_state.pop(_NAME, None)
        st.session_state.pop(_MISSING, None)
        return
    name = _asked(names)
    if name is not None:
        remember(STUDY, name)
    st.session_state[_NAME] = name
    st.toggle("Live", value=True, key=LIVE, help="Follow a search while it runs")
    st.caption(f"Workspace {literal(workspace().root)}")


def _asked(names: list[str]) -> str | None:
    """The study to look at; None, and it is remembered: the one that was asked for is not there."""
    asked = st.query_params.get(STUDY, chosen_name())
    if asked is None or asked in names:
        st.session_state.pop(_MISSING, None)
        return st.selectbox("Study", names, key=linked(STUDY, names, names[0]))
    st.session_state[_MISSING] = asked
    instead = st.selectbox("Study", names, index=None, placeholder="Choose one", key=_INSTEAD)
    if instead is None:
        return None
    st.query_params[STUDY] = instead
    st.rerun()


def chosen_name() -> str | None:
    """The study that the visitor looks at; None: there is none."""
    name: str | None = st.session_state.get(_NAME)
    return name


def missing_name() -> str | None:
    """The study that was asked for and is not there; None: it is, or none was."""
    name: str | None = st.session_state.get(_MISSING)
    return name


@st.fragment(run_every=POLL_SECONDS)
def watch() -> None:
    """Draw the page again when a study of the workspace has changed, unless told not to."""
    now = tuple(revision_of(folder) for folder in study_folders(workspace()))
    before = st.session_state.setdefault(_SEEN, now)
    if before == now or not st.session_state.get(LIVE, True):
        return
    if monotonic() - st.session_state.get(_DRAWN_AT, 0.0) < _REST * _drawing_seconds():
        return
    st.session_state[_SEEN] = now
    # A click on another page is taken up here. It would be lost in the rerun of this page, which
    # replaces what waits.
    st.empty()
    st.rerun()


def note_drawn(seconds: float) -> None:
    """Remember when and how long a page was drawn: a slow one is drawn less often."""
    st.session_state[_DRAWN_AT] = monotonic()
    st.session_state[_DRAWN_FOR] = seconds


def _drawing_seconds() -> float:
    """How long it took the last time."""
    return float(st.session_state.get(_DRAWN_FOR, 0.0))


def command(text: str) -> None:
    """A command to copy, with the flag for this workspace."""
    st.code(f"{text}{_flag()}", language="sh")


def _flag() -> str:
    # The visitor's shell need not know the workspace of this process.
    default = Path.cwd() / "automed-workspace"
    root = workspace().root
    return "" if root == default else f" --workspace {shlex.quote(str(root))}"


@st.cache_resource(max_entries=_KEPT, show_spinner="Reading the study")
def _open(folder: str, revision: Revision) -> OpenedStudy:
    del revision  # the key of the cache
    return _opener(folder).open()


@st.cache_resource(max_entries=_OPENERS, show_spinner=False)
def _opener(folder: str) -> StudyOpener:
    return StudyOpener(Path(folder))
