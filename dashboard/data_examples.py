"""A few images with what is to be learnt from them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from automed.api.data_report import (
    ExampleShown,
    Opened,
    choose_examples,
    example,
    test_part_uses,
)
from automed.api.opened_study import OpenedStudy
from automed.domain.split import Split

from .plain import literal

_COUNT = 8
_COLUMNS = 4
_SEED = "example seed"


def show(found: Opened, study: OpenedStudy | None, split: Split | None) -> None:
    """The section."""
    heading, again, plain = st.columns([3, 1, 1], vertical_alignment="bottom")
    heading.subheader("Examples", anchor=False)
    if again.button("Others", icon=":material/shuffle:", key="others", width="stretch"):
        st.session_state[_SEED] = st.session_state.get(_SEED, 0) + 1
    masks = found.source.task.kind == "segmentation"
    bare = masks and not plain.toggle("Outlines", value=True, key="outlines")
    unlocked = study is not None and test_part_uses(study) > 0
    seed = st.session_state.get(_SEED, 0)
    shown = _examples(found.stamp, seed, unlocked, found, split)
    draw_examples(shown, bare=bare)
    _legend(found, masks and not bare, locked=split is not None and not unlocked)


@st.cache_data(max_entries=32, show_spinner="Reading examples")
def _examples(
    stamp: str, seed: int, test: bool, _found: Opened, _split: Split | None
) -> list[ExampleShown]:
    del stamp  # the key of the cache
    samples = choose_examples(_found.dataset.samples, _split, _COUNT, seed, test=test)
    return [example(_found, sample, _split) for sample in samples[: 2 * _COUNT]]


def draw_examples(shown: Sequence[ExampleShown], *, bare: bool = False) -> None:
    """Samples in rows: picture, without outlines if bare, or why there is none, and name."""
    for start in range(0, len(shown), _COLUMNS):
        for column, one in zip(st.columns(_COLUMNS), shown[start : start + _COLUMNS], strict=False):
            with column:
                _draw(one, bare)


def _draw(one: ExampleShown, bare: bool) -> None:
    sample = one.sample
    about = [sample.id if len(sample.id) <= 40 else f"{sample.id[:39]}…"]
    about += [text for text in (sample.label, sample.group, one.part) if text]
    picture = one.plain if bare else one.picture
    if picture is None:
        st.error("cannot be read", icon=":material/broken_image:")
        st.text(one.problem)
        return
    st.image(picture, width="stretch", alt=f"sample {sample.id}")
    st.caption(" · ".join(map(literal, about)))


def _legend(found: Opened, outlined: bool, *, locked: bool) -> None:
    texts = []
    if outlined:
        names = found.dataset.classes
        texts += [f"{_hue(i)} {literal(name)}" for i, name in enumerate(names, start=1)]
    if locked:
        texts.append("Images of the locked test part are not shown.")
    if texts:
        st.caption(" · ".join(texts))


def _hue(index: int) -> str:
    """The outline's colour by name, as `automed.analysis.class_colours` has them in turn."""
    names = ("sky blue", "orange", "pink", "yellow", "green", "blue")
    place = (index - 1) % (2 * len(names))
    return f"{'dark ' if place >= len(names) else ''}{names[place % len(names)]} outline:"
