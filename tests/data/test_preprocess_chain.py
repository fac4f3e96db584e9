"""Reading chains of preprocessing, their order, and errors that say what to write instead."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automed.data.cache import FORMAT, cache_key
from automed.data.preprocess import CROP, PREPROCESS, Chain, clahe, otsu, read_chain
from automed.domain.errors import DataError
from automed.domain.parameter import CategoricalParameter
from automed.domain.space import SearchSpace
from automed.domain.task import SegmentationTask

TASK = SegmentationTask(
    name="cell", title="Cells", classes=("cell",), image_size=(32, 32),
    space=SearchSpace(
        name="cell", parameters={"training.loss": CategoricalParameter(choices=("dice",))}
    ),
)  # fmt: skip


def image(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (24, 32, 3), dtype=np.uint8)


def test_steps_run_from_left_to_right():
    one = read_chain("clahe+otsu", 3).at_final_size(image())
    other = read_chain("otsu+clahe", 3).at_final_size(image())
    assert (one == otsu(clahe(image()))).all()
    assert (other == clahe(otsu(image()))).all()
    assert (one != other).any()


def test_raw_does_nothing():
    chain = read_chain("raw", 3)
    assert chain == Chain(())
    assert str(chain) == "raw"
    assert chain.at_final_size(image()) is not None
    assert (chain.at_final_size(image()) == image()).all()
    same, mask = chain.at_native_size(image(), image()[..., 0])
    assert (same == image()).all()
    assert (mask == image()[..., 0]).all()


def test_crop_cuts_image_and_mask_alike_at_native_size():
    whole = np.pad(image(), ((5, 0), (0, 7), (0, 0)))
    mask = np.pad(image()[..., 0] % 3, ((5, 0), (0, 7)))
    chain = read_chain("crop+clahe", 3)
    cut, labels = chain.at_native_size(whole, mask)
    assert (cut == image()).all()
    assert (labels == image()[..., 0] % 3).all()
    assert (chain.at_final_size(cut) == clahe(image())).all()
    assert chain.at_native_size(whole, None)[1] is None


@given(st.lists(st.sampled_from(sorted(PREPROCESS)), min_size=1, unique=True), st.booleans())
def test_every_chain_of_different_steps_is_read_as_it_is_written(names, cropped):
    text = "+".join([CROP] * cropped + names)
    chain = read_chain(text, 3)
    assert str(chain) == text
    assert read_chain(text.replace("+", " + "), 3) == chain


@pytest.mark.parametrize(
    ("text", "channels", "told"),
    [
        ("clahee", 3, "did you mean 'clahe'.*raw, crop, otsu"),
        ("crop+gray_world", 3, "did you mean 'grey_world'.*crop.gray_world"),
        ("", 3, "no preprocessing ''"),
        ("otsu+", 3, "no preprocessing ''"),
        ("raw+otsu", 3, "raw.*cannot be joined.*expected: otsu"),
        ("raw+raw", 3, "cannot be joined.*expected: raw"),
        ("clahe+otsu+clahe", 3, "named twice.*expected: clahe.otsu"),
        ("clahe+crop", 3, "crop must come first.*expected: crop.clahe"),
        ("macenko", 1, "'macenko' works on colours.*1 channels.*data.preprocess=raw"),
        ("crop+reinhard", 4, "'reinhard'.*4 channels.*data.preprocess=crop"),
        ("grey_world+otsu", 2, "'grey_world'.*data.preprocess=otsu"),
    ],
)
def test_errors_name_what_was_found_and_what_to_write(text, channels, told):
    with pytest.raises(DataError) as caught:
        read_chain(text, channels)
    assert re.search(told, str(caught.value).replace("\n", " "))


def test_equal_chains_share_a_cache_and_others_do_not():
    def key(text, **changes):
        return cache_key("d", TASK.replace(preprocess=text, **changes))

    assert key("crop+clahe") == key("crop + clahe")
    chains = ["raw", "crop", "clahe", "otsu", "crop+clahe", "clahe+otsu", "otsu+clahe"]
    assert len({key(text) for text in chains}) == len(chains)
    with pytest.raises(DataError, match="works on colours"):
        key("macenko", channels=1)


MEANS = {
    "otsu": 23.47, "otsu_bright": 74.15, "clahe": 116.06, "grey_world": 99.39, "macenko": 171.54,
    "reinhard": 174.27, "denoise": 99.11, "median": 99.20, "crop": 109.68,
}  # fmt: skip
"""Of each step's result on a fixed image."""


def test_other_results_need_another_format():
    """Caches that a changed step would give differently must not be taken for its own."""
    rows, columns = np.indices((64, 64))
    fixed = np.stack(
        [120 + 60 * np.sin(rows / 9), 90 + 70 * np.cos(columns / 7), (rows * columns) % 140 + 50], 2
    ).astype(np.uint8)
    fixed[:6] = 0
    found = {name: float(step(fixed).mean()) for name, step in PREPROCESS.items()}
    found["crop"] = float(read_chain("crop", 3).at_native_size(fixed, None)[0].mean())
    hint = f"raise FORMAT in automed/data/cache.py from {FORMAT}, and then these means"
    assert found == pytest.approx(MEANS, abs=0.3), hint
