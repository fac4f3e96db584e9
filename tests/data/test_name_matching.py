"""Names against names: pairing and path lookup hold for any names, not only for the known ones."""

from __future__ import annotations

import random
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automed.data.file_names import normal, parts, plain, without_ending
from automed.data.layouts.names import is_part, role_of
from automed.data.layouts.pairing import pair
from automed.data.path_index import PathIndex

STEM = (
    st.text("abcxyzÄß0123456789 -.()", min_size=1, max_size=8)
    .map(str.strip)
    .filter(lambda s: s.strip(" .-") != "" and not s.startswith("."))
)
STEMS = st.lists(STEM, min_size=1, max_size=12, unique_by=lambda s: normal(s).strip(" _.-"))
AFFIX = st.sampled_from(["", "_mask", "_gt", "-label", " seg", "_Segmentation", "_anno"])


@given(STEMS, AFFIX, st.randoms(use_true_random=False), st.integers(0, 3))
def test_pairing_finds_every_mask_and_invents_none(
    stems: list[str], affix: str, rng: random.Random, dropped: int
) -> None:
    images = [f"{stem}.jpg" for stem in stems]
    masks = [f"{stem}{affix}.png" for stem in stems[dropped:]]
    rng.shuffle(masks)
    found = pair(images, masks)
    expected = {f"{stem}.jpg": (f"{stem}{affix}.png",) for stem in stems[dropped:]}
    assert found.matched == expected
    assert set(found.images_alone) == set(images[:dropped])
    assert found.masks_alone == ()


@given(st.lists(STEM, max_size=8), st.lists(STEM, max_size=8))
def test_pairing_accounts_for_every_file_once(left: list[str], right: list[str]) -> None:
    images, masks = [f"{s}.png" for s in set(left)], [f"{s}.png" for s in set(right)]
    found = pair(images, masks)
    assert sorted([*found.matched, *found.images_alone]) == sorted(images)
    used = [mask for some in found.matched.values() for mask in some]
    assert sorted([*used, *found.masks_alone]) == sorted(masks)


def test_two_images_of_one_name_are_not_paired_by_chance() -> None:
    found = pair(["1.png", "1.jpg"], ["1.png"])
    assert found.matched == {}
    assert found.images_alone == ("1.png", "1.jpg")


PATHS = st.lists(
    st.lists(st.sampled_from(["a", "b", "Ä", "1", "01"]), min_size=1, max_size=4).map("/".join),
    min_size=1,
    max_size=8,
    unique=True,
)


@given(PATHS, st.data())
def test_an_end_of_a_path_finds_it_if_no_other_path_has_it(
    stems: list[str], data: st.DataObject
) -> None:
    paths = [f"{stem}.png" for stem in stems]
    index = PathIndex(paths)
    pieces = data.draw(st.sampled_from(stems)).split("/")
    end = "/".join(pieces[data.draw(st.integers(0, len(pieces) - 1)) :])
    owners = [p for p in paths if f"/{without_ending(p)}".endswith(f"/{end}")]
    assert index.find(end) == (owners[0] if len(owners) == 1 else None)
    assert index.find(f"{end}.PNG") == index.find(end)


@given(st.text("ab./ ", min_size=1, max_size=12).filter(lambda s: "//" not in s and s[0] != "/"))
def test_parts_are_those_of_pathlib(path: str) -> None:
    path = path.rstrip("/.") + "x"
    expected = PurePosixPath(path)
    folder, stem, suffix = parts(path)
    assert (stem, suffix) == (expected.stem, expected.suffix.lower())
    assert PurePosixPath(folder or ".") == expected.parent


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("images", "image"), ("Original", "image"), ("JPEGImages", "image"), ("masks", "mask"),
        ("Ground Truth", "mask"), ("groundTruth", "mask"), ("GT", "mask"), ("mask_images", "mask"),
        ("SegmentationClass", "mask"), ("Benign", None), ("imagery", None), ("unlabeled", None),
    ],
)  # fmt: skip
def test_roles_of_folders(name: str, role: str | None) -> None:
    assert role_of(name)[0] == role


@pytest.mark.parametrize("name", ["train", "TEST_SIMPLE", "fold_0", "stage1_train", "TrainDataset"])
def test_parts_of_a_split(name: str) -> None:
    assert is_part(name)


@pytest.mark.parametrize("name", ["Benign", "training-free", "contest", "restrained"])
def test_what_only_sounds_like_a_part(name: str) -> None:
    assert is_part(name) == (name == "training-free")


def test_plain_names_of_columns() -> None:
    assert [plain(c) for c in ("Image ID", " image-id ", "IMAGE__ID")] == ["image_id"] * 3
