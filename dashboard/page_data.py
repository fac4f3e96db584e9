"""The images: what they are, what is wrong with them, and how they were split."""

from __future__ import annotations

import streamlit as st

from automed.api.data_report import (
    DataSource,
    locked_samples,
    of_registered,
    of_study,
    open_source,
    read_split,
)
from automed.api.data_report import Opened as OpenedData
from automed.api.datasets import registered_data
from automed.api.opened_study import OpenedStudy
from automed.domain.errors import AutomedError, DataError

from . import data_audit, data_examples, data_parts
from .chosen import chosen, chosen_name, command, missing_name, workspace
from .kept_choice import forget_unless_in
from .plain import literal

_STUDYS = "of the study"


def show() -> None:
    """The page."""
    st.title("Data")
    study = chosen() if (chosen_name() or missing_name()) is not None else None
    registered = {f"registered for {entry.task}": entry for entry in registered_data(workspace())}
    names = [*([] if study is None else [_STUDYS]), *registered]
    if not names:
        st.info("No data set is registered, and there is no study. Register a folder of images:")
        command("automed data add polyp PATH")
        return
    name = _choose(names)
    if study is not None and name == _STUDYS:
        _draw(of_study(study), study)
    else:
        _draw(of_registered(registered[name]), None)


def _choose(names: list[str]) -> str:
    if len(names) == 1:
        return names[0]
    forget_unless_in("data", names)
    name = st.segmented_control(
        "Data set", names, default=names[0], key="data", bind="query-params", required=True
    )
    return name or names[0]


def _draw(source: DataSource, study: OpenedStudy | None) -> None:
    found = _found(source)
    split = None if study is None else read_split(study)
    _heading(source, found)
    if study is not None:
        data_parts.show(study, split, found)
    if found is None:
        return
    data_examples.show(found, study, split)
    hidden = frozenset[str]() if study is None else locked_samples(study, split)
    data_audit.show(found, study, hidden, _opened.clear)


def _heading(source: DataSource, found: OpenedData | None) -> None:
    st.text(source.path)
    if source.is_demo:
        st.badge("synthetic demo data", icon=":material/warning:", color="orange")
    if found is None:
        return
    dataset = found.dataset
    groups = {s.group for s in dataset.samples if s.group is not None}
    first, second, third, fourth = st.columns(4)
    first.metric("Samples", f"{len(dataset.samples):,}")
    second.metric("Layout", dataset.layout)
    third.metric("Classes", len(dataset.classes), help=literal(", ".join(dataset.classes)))
    fourth.metric(
        literal(f"Groups ({source.task.split.group})"),
        f"{len(groups):,}" if dataset.grouped_by is not None else "none known",
    )
    if dataset.grouped_by is not None:
        st.text(f"Grouped by {dataset.grouped_by}")
    for note in dataset.notes:
        st.text(f"Note: {note}")


def _found(source: DataSource) -> OpenedData | None:
    """The samples; None, having said so, where the folder cannot be read from here."""
    try:
        return _opened(source.key, source)
    except AutomedError as error:
        st.warning("The images cannot be read from here.", icon=":material/folder_off:")
        lines = (error.problem, error.found, error.hint)
        st.text("\n".join(str(line) for line in lines if line))
        if isinstance(error, DataError) and source.is_demo:
            st.caption("Demo data are drawn again by the next search.")
        return None


@st.cache_resource(max_entries=8, ttl="1m", show_spinner="Listing the images")
def _opened(key: str, _source: DataSource) -> OpenedData:
    del key  # of the cache
    return open_source(_source)
