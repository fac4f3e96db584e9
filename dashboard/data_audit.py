"""What a look into every image finds."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime

import pandas as pd
import streamlit as st

from automed.api.audit_report import read_audit
from automed.api.data_report import Audited, Finding, Opened, audit_source
from automed.api.opened_study import OpenedStudy

from .data_flagged import LISTED, flagged_files
from .plain import literal

_AT_ONCE = 300
"""Samples up to which nobody needs to ask for it: a second or two."""
_KEPT = 16


def show(
    found: Opened, study: OpenedStudy | None, hidden: frozenset[str], forget: Callable[[], None]
) -> None:
    """The section.

    Args:
        found: The images.
        study: That the page is about; None: a registered data set.
        hidden: Samples that are not to be looked at: those of a locked test part.
        forget: Lets the folder be listed anew.
    """
    st.subheader("Audit", anchor=False)
    checked = _audits().get(found.stamp)
    if checked is None:
        busy = study is not None and study.running
        count = len(found.dataset.samples)
        if (busy or count > _AT_ONCE) and not _asked(count, busy):
            _kept(study)
            return
        checked = _audit(found)
    known, when = checked
    if _again(when):
        _audits().pop(found.stamp, None)
        forget()
        st.rerun()
    _verdict(known)
    for finding in known.audit.errors:
        _draw(finding, "error", ":material/error:")
        flagged_files(finding, found, hidden, f"error {finding.code}")
    for finding in known.audit.warnings:
        _draw(finding, "warning", ":material/warning:")
        flagged_files(finding, found, hidden, f"warning {finding.code}")
    _summary(known.audit.summary.lines())
    _alone(found)


def _asked(count: int, busy: bool) -> bool:
    why = " A search is at work on these data, which it would slow down." if busy else ""
    st.caption(
        f"Decodes all {count:,} images and their masks, and looks for unreadable files, sizes that "
        f"do not match, empty masks, duplicates and more.{why}"
    )
    return st.button("Check every image", icon=":material/fact_check:", key="audit")


@st.cache_resource(show_spinner=False)
def _audits() -> OrderedDict[str, tuple[Audited, datetime]]:
    """Those of this process with their times, by the stamps of the data; the oldest go first."""
    return OrderedDict()


def _audit(found: Opened) -> tuple[Audited, datetime]:
    with st.empty():
        known = audit_source(found, _progress())
        st.write("")
    kept = _audits()
    kept[found.stamp] = known, datetime.now()
    while len(kept) > _KEPT:
        kept.popitem(last=False)
    return kept[found.stamp]


def _again(when: datetime) -> bool:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"Every image was looked at on {when:%Y-%m-%d at %H:%M}.", width="content")
        return st.button(
            "Look again", icon=":material/refresh:", key="audit again", type="tertiary"
        )


def _kept(study: OpenedStudy | None) -> None:
    """What the search's own audit found, until somebody looks again."""
    report = None if study is None else read_audit(study)
    if report is None:
        return
    st.caption(f"What the search found when it looked, {report.when:%Y-%m-%d at %H:%M}:")
    for kind, icon, findings in (
        ("error", ":material/error:", report.errors),
        ("warning", ":material/warning:", report.warnings),
        ("allowed", ":material/check:", report.allowed),
    ):
        for finding in findings:
            _draw(finding, kind, icon)
    if not (report.errors or report.warnings or report.allowed):
        st.success("Nothing was wrong with these images.", icon=":material/check_circle:")


def _progress() -> Callable[[int, int], None]:
    began = shown = time.monotonic()
    bar = st.progress(0.0, text="Checking every image")

    def move(done: int, total: int) -> None:
        nonlocal shown
        now = time.monotonic()
        if now - shown < 0.2 and done < total:
            return
        shown = now
        left = (now - began) / done * (total - done)
        bar.progress(done / total, text=f"{done:,} of {total:,} images, about {left:.0f} s left")

    return move


def _verdict(known: Audited) -> None:
    errors, warnings = len(known.audit.errors), len(known.audit.warnings)
    if not errors and not warnings:
        st.success("Nothing is wrong with these images.", icon=":material/check_circle:")
    if not known.unchanged:
        st.warning(
            "The data are not those that were registered, or that the study began with: files "
            "were changed, added or removed since.",
            icon=":material/difference:",
        )


def _draw(finding: Finding, kind: str, icon: str) -> None:
    box = {"error": st.error, "warning": st.warning}.get(kind, st.info)
    box(f"`{finding.code}` {literal(finding.message)}", icon=icon)
    if finding.hint:
        st.text(f"Next: {finding.hint}")


def _summary(lines: Sequence[tuple[str, str]]) -> None:
    table = pd.DataFrame(lines, columns=["what", "found"])
    st.dataframe(
        table, key="summary", hide_index=True,
        column_config={"what": st.column_config.TextColumn(width=130),
                       "found": st.column_config.TextColumn(width="large")},
    )  # fmt: skip


def _alone(found: Opened) -> None:
    for what, files in (
        ("images without a mask", found.dataset.images_alone),
        ("masks without an image", found.dataset.masks_alone),
    ):
        if files:
            with st.expander(f"{len(files)} {what}"):
                st.dataframe(
                    pd.DataFrame({"file": files[:LISTED]}), key=f"alone {what}", hide_index=True
                )  # fmt: skip
