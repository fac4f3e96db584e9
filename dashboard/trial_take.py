"""Taking a trial along: training it again, its bundle, its run in MLflow."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from automed.api.opened_study import OpenedStudy, Revision, revision_of
from automed.api.trial_bundle import ZippedBundle, zip_bundle
from automed.api.trial_mlflow import UnreachableError, mlflow_command, mlflow_page, mlflow_served
from automed.domain.errors import AutomedError
from automed.domain.trial import Trial

from .chosen import command, opened, workspace

if TYPE_CHECKING:
    from automed.api.trial_commands import Again


def take_view(study: OpenedStudy, trial: Trial) -> None:
    """The page's part."""
    _again(study, trial)
    _bundle(study, trial)
    _mlflow(study, trial)


def _again(study: OpenedStudy, trial: Trial) -> None:
    st.subheader("Train it again", anchor=False)
    try:
        again = _command(str(study.folder), revision_of(study.folder), trial.number)
    except AutomedError as error:
        st.warning("There is no command for this trial.", icon=":material/warning:")
        st.text(str(error))
        return
    st.caption(
        "A study of its own with this one configuration: same data, split, seed and settings. It "
        "comes to the same figures, to the last digit where as many threads of the same machine "
        "compute."
        if trial.parent is None
        else "Trains the parent's model again, and compresses it in the same way."
    )
    if again.space:
        st.caption("The study searched a space of its own, so that one comes along. Put it where "
                   "you type the command:")  # fmt: skip
        st.download_button(
            f"Download {again.file}", again.space, file_name=again.file, mime="application/toml",
            key="download space", icon=":material/download:", on_click="ignore",
        )  # fmt: skip
        with st.expander("What is in it"):
            st.code(again.space, language="toml")
    if again.differs:
        st.warning("The task's plugin has changed since; these settings are not as they were: "
                   + ", ".join(again.differs), icon=":material/warning:")  # fmt: skip
    if study.spec.data.is_demo:
        st.caption("On the demo data, as long as no data are registered for the task.")
    command(again.command)


def _bundle(study: OpenedStudy, trial: Trial) -> None:
    st.subheader("Use it elsewhere", anchor=False)
    if trial.result is None:
        st.info("There is no model to export.", icon=":material/info:")
        return
    st.caption("A bundle needs only onnxruntime, numpy and Pillow.")
    # Light, unlike the rest of `trial_commands`.
    folder = f"{study.name}-trial-{trial.number}"
    command(f"automed export {study.word} --trial {trial.number} -o {shlex.quote(folder)}")
    asked = f"bundle {study.folder} {trial.number}"
    if st.button("Build the bundle to download", key="build bundle", icon=":material/package_2:"):
        st.session_state[asked] = True
    if st.session_state.get(asked):
        _built(study, trial, asked)


def _built(study: OpenedStudy, trial: Trial, asked: str) -> None:
    with st.status("Building the bundle: seconds, or half a minute where the model is exported "
                   "anew", expanded=False) as status:  # fmt: skip
        try:
            bundle = _zip(str(study.folder), revision_of(study.folder), trial.number)
        except AutomedError as error:
            status.update(label="The bundle could not be built", state="error", expanded=True)
            st.text(str(error))
            del st.session_state[asked]
            return
        status.update(label=f"Built: {bundle.size / 1e6:.1f} MB", state="complete")
    st.download_button(
        "Download the bundle", bundle.path.read_bytes, file_name=bundle.path.name,
        mime="application/zip", key="download bundle", icon=":material/download:", type="primary",
        on_click="ignore",
    )  # fmt: skip


def _mlflow(study: OpenedStudy, trial: Trial) -> None:
    st.subheader("Its run in MLflow", anchor=False)
    if trial.rejected is not None:
        st.caption("Rejected configurations have none.")
        return
    if not mlflow_served(workspace()):
        st.caption("The runs lie in a file. This serves them on `localhost:5000`, in the "
                   f"experiment `automed/{study.spec.task.name}`:")  # fmt: skip
        st.code(mlflow_command(workspace()), language="sh", wrap_lines=True)
        return
    try:
        page = _page(str(study.folder), study.spec.task.name, trial.number)
    except UnreachableError as error:
        st.warning("MLflow's server does not answer.", icon=":material/cloud_off:")
        st.text(str(error))
        return
    if page is None:
        st.caption("MLflow's server has no run of this trial. What it missed is copied by:")
        command(f"automed sync {study.word}")
        return
    st.link_button("Open it in MLflow", page, icon=":material/open_in_new:", key="open mlflow")


@st.cache_data(max_entries=64, show_spinner="Looking up what the command needs")
def _command(folder: str, revision: Revision, number: int) -> Again:
    # Here, as it needs the task's plugin and torch: the other parts do without.
    from automed.api.trial_commands import train_again

    del revision  # a part of the cache's key
    study = opened(Path(folder))
    return train_again(study.spec, study.trial(number))


@st.cache_resource(max_entries=4, show_spinner=False)
def _zip(folder: str, revision: Revision, number: int) -> ZippedBundle:
    del revision  # a part of the cache's key
    return zip_bundle(Path(folder).name, number, workspace())


@st.cache_data(ttl=60, max_entries=64, show_spinner="Asking MLflow")
def _page(folder: str, task: str, number: int) -> str | None:
    return mlflow_page(workspace(), task, Path(folder), number)
