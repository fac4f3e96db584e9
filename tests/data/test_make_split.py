"""Splits of data sets: groups whole, classes everywhere, and errors that say what to do."""

from collections import Counter

import cv2
import numpy as np
import pytest

from automed.data.dataset import Dataset
from automed.data.split import make_split
from automed.domain.data_options import DataOptions
from automed.domain.errors import DataError, SplitError
from automed.domain.sample import Sample
from automed.domain.split import SplitPolicy

PATIENTS = "patient (patients.csv, column patient)"
STRICT = SplitPolicy(train=0.6, val=0.2, test=0.2)
WAIVED = STRICT.replace(waiver="no patients are known, scores may be too good")


@pytest.fixture
def smears(tmp_path):
    """Builds a classification set from rows of (label, patient, content)."""

    def build(rows, grouped_by=PATIENTS, options=DataOptions()):  # noqa: B008
        samples = []
        for number, (label, group, content) in enumerate(rows):
            name = f"{number:03d}.png"
            (tmp_path / name).write_bytes(content.encode())
            samples.append(Sample(id=name, image=name, label=label, group=group))
        classes = tuple(sorted({label for label, _, _ in rows}))
        return Dataset(tmp_path, tuple(samples), "class_folders", classes, options, grouped_by)

    return build


@pytest.fixture
def lesions(tmp_path):
    """Builds a segmentation set from rows of (foreground rows of 20, group)."""

    def build(rows, grouped_by="sequence (x.csv, column sequence)"):
        samples = []
        for number, (height, group) in enumerate(rows):
            mask = np.zeros((20, 20), np.uint8)
            mask[:height] = 255
            name = f"{number:03d}"
            cv2.imwrite(str(tmp_path / f"m{name}.png"), mask)
            (tmp_path / f"i{name}.png").write_bytes(name.encode())
            samples.append(
                Sample(id=name, image=f"i{name}.png", masks=(f"m{name}.png",), group=group)
            )
        return Dataset(
            tmp_path, tuple(samples), "one_folder", ("lesion",), DataOptions(), grouped_by
        )

    return build


def patients(classes=("a", "b"), each=6, images=4):
    return [
        (label, f"{label}{patient}", f"{label}{patient}{image}")
        for label in classes
        for patient in range(each)
        for image in range(images)
    ]


def parts_of(split, dataset, value):
    return {
        part: {value(dataset.by_id[i]) for i in split.ids(part)}
        for part in ("train", "val", "test")
    }


def test_groups_are_whole_and_every_class_is_in_every_part(smears):
    dataset = smears(patients())
    split = make_split(dataset, STRICT, seed=3)
    groups = parts_of(split, dataset, lambda s: s.group)
    assert groups["train"].isdisjoint(groups["val"] | groups["test"])
    assert groups["val"].isdisjoint(groups["test"])
    assert all(
        labels == {"a", "b"} for labels in parts_of(split, dataset, lambda s: s.label).values()
    )
    assert sorted([*split.train, *split.val, *split.test]) == sorted(dataset.by_id)
    assert split.grouped_by == PATIENTS
    assert split.note == ""


def test_deterministic_in_the_order_of_the_samples(smears):
    dataset = smears(patients())
    split = make_split(dataset, STRICT, seed=1)
    assert split == make_split(dataset, STRICT, seed=1)
    assert split.digest == make_split(dataset, STRICT, seed=1).digest
    order = list(dataset.by_id)
    assert list(split.train) == sorted(split.train, key=order.index)
    assert len({make_split(dataset, STRICT, seed).train for seed in range(6)}) > 1


def test_without_groups_a_waiver_is_needed(smears):
    rows = [(label, None, f"{label}{n}") for label in "ab" for n in range(20)]
    dataset = smears(rows, grouped_by=None)
    with pytest.raises(SplitError) as caught:
        make_split(dataset, STRICT, 0)
    for flag in ("--group-csv", "--group-column", "--group-pattern", '--no-groups "'):
        assert flag in str(caught.value)
    split = make_split(dataset, WAIVED, 0)
    assert split.grouped_by is None
    assert split.note == WAIVED.waiver
    assert [len(split.ids(p)) for p in ("train", "val", "test")] == [24, 8, 8]


def test_the_users_own_words_waive_groups_that_are_known(smears):
    why = "all images are of one cell line"
    dataset = smears(patients(each=2, images=10), options=DataOptions(no_groups=why))
    split = make_split(dataset, STRICT, 0)
    assert split.note == why
    assert split.grouped_by is None


def test_identical_images_stay_on_one_side(smears):
    rows = [(label, None, f"{label}{n // 2}") for label in "ab" for n in range(40)]
    dataset = smears(rows, grouped_by=None)
    for seed in range(5):
        split = make_split(dataset, WAIVED, seed)
        contents = parts_of(split, dataset, lambda s: (dataset.root / s.image).read_bytes())
        assert contents["train"].isdisjoint(contents["val"] | contents["test"])
        assert contents["val"].isdisjoint(contents["test"])


def test_groups_that_share_an_image_stay_on_one_side(smears):
    rows = patients(each=8)
    rows[0] = ("a", "a0", "twin")
    rows[4] = ("a", "a1", "twin")
    dataset = smears(rows)
    for seed in range(6):
        split = make_split(dataset, STRICT, seed)
        homes = parts_of(split, dataset, lambda s: s.group)
        assert all({"a0", "a1"} <= home or not {"a0", "a1"} & home for home in homes.values())


def test_an_image_in_every_group_does_not_tie_them_into_one(smears):
    rows = [("a", f"p{n // 4}", "black" if n % 4 == 0 else f"{n}") for n in range(40)]
    rows += [("b", f"p{n // 4}", f"b{n}") for n in range(40)]
    split = make_split(smears(rows), STRICT, 0)
    assert "Identical images" in split.note
    assert split.grouped_by == PATIENTS


def test_one_group_spanning_everything(smears):
    dataset = smears([("a", "p1", "1"), ("b", "p1", "2"), ("a", "p1", "3"), ("b", "p1", "4")])
    with pytest.raises(SplitError, match="one patient spans all images") as caught:
        make_split(dataset, STRICT, 0)
    assert "p1 (4 images)" in str(caught.value)
    assert "--group-pattern" in str(caught.value)


def test_two_groups_are_too_few(smears):
    dataset = smears([(label, f"p{n % 2}", f"{label}{n}") for label in "ab" for n in range(6)])
    with pytest.raises(SplitError, match="too few patient groups"):
        make_split(dataset, WAIVED, 0)


def test_a_class_in_a_single_group(smears):
    rows = [*patients(("a", "b")), ("rare", "only", "x"), ("rare", "only", "y")]
    with pytest.raises(SplitError, match="rare cannot be both") as caught:
        make_split(smears(rows), STRICT, 0)
    assert "rare only in patient only" in str(caught.value)


def test_classes_that_no_partition_brings_to_both_sides(smears):
    """Three classes in pairs of three groups."""
    rows = [(c, g, c + g) for c, g in [("a", "1"), ("b", "1"), ("b", "2"), ("c", "2")]]
    rows += [("c", "3", "c3"), ("a", "3", "a3")]
    with pytest.raises(SplitError, match="has every class in train and in validation"):
        make_split(smears(rows), STRICT, 0)


def test_a_class_with_one_image_and_no_groups(smears):
    rows = [("a", None, f"{n}") for n in range(9)] + [("b", None, "only")]
    with pytest.raises(SplitError, match="b cannot be both"):
        make_split(smears(rows, grouped_by=None), WAIVED, 0)


def test_two_copies_of_one_image_are_no_two_images(smears):
    rows = [("a", None, f"{n}") for n in range(9)] + [("b", None, "same"), ("b", None, "same")]
    with pytest.raises(SplitError, match="b cannot be both"):
        make_split(smears(rows, grouped_by=None), WAIVED, 0)


def test_samples_without_a_group_are_named(smears):
    rows = patients()
    rows[5] = ("a", None, "x")
    with pytest.raises(SplitError, match="1 of 48 samples have no patient") as caught:
        make_split(smears(rows), STRICT, 0)
    assert "005.png" in str(caught.value)


def test_foreground_sizes_and_empty_masks_are_shared_out(lesions):
    rows = [((0, 1, 8, 18)[n % 4], f"g{n}") for n in range(80)]
    split = make_split(lesions(rows), STRICT, 0)
    for part, each in (("train", 12), ("val", 4), ("test", 4)):
        heights = Counter(rows[int(i)][0] for i in split.ids(part))
        assert heights == {0: each, 1: each, 8: each, 18: each}


def test_train_and_validation_both_get_foreground(lesions):
    rows = [(0, f"g{n}") for n in range(20)] + [(9, "g20"), (9, "g21")]
    for seed in range(5):
        split = make_split(lesions(rows), STRICT, seed)
        assert sorted(i for i in ("020", "021") if i in split.train) != []
        assert sorted(i for i in ("020", "021") if i in split.val) != []


def test_masks_that_are_all_empty(lesions):
    with pytest.raises(SplitError, match="every mask is empty"):
        make_split(lesions([(0, f"g{n}") for n in range(5)]), STRICT, 0)


def test_a_mask_that_cannot_be_read_is_named(lesions, tmp_path):
    dataset = lesions([(n % 5, f"g{n}") for n in range(9)])
    (tmp_path / "m004.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"m004\.png"):
        make_split(dataset, STRICT, 0)
