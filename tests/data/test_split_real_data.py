"""Splits of the public data sets that are hard to split: few groups, of unequal content."""

from collections import Counter

import pytest

from automed.data.dataset import open_dataset
from automed.data.split import make_split
from automed.data.strata import foreground_shares
from automed.registry.tasks import load_task

pytestmark = pytest.mark.real_data


def sizes(split):
    return [len(split.ids(part)) for part in ("train", "val", "test")]


def assert_groups_are_whole(dataset, split):
    homes = {}
    for part in ("train", "val", "test"):
        for sample in split.ids(part):
            assert homes.setdefault(dataset.by_id[sample].group, part) == part


@pytest.mark.parametrize("seed", [0, 1])
def test_the_thirteen_sequences_of_cvc_clinicdb(real_data, seed):
    task = load_task("polyp")
    dataset = open_dataset(real_data / "polyp" / "CVC-ClinicDB" / "PNG", task)
    split = make_split(dataset, task.split, seed)
    assert_groups_are_whole(dataset, split)
    assert len({s.group for s in dataset.samples}) == 13
    for count, share in zip(sizes(split), (0.8, 0.1, 0.1), strict=True):
        assert abs(count / len(dataset.samples) - share) < 0.02


def test_the_six_plates_of_bbbc021_of_which_three_hold_one_class(real_data):
    task = load_task("breast_cell")
    folder = real_data / "breast_cell" / "BBBC021_MCF7_subset" / "png8_derived"
    dataset = open_dataset(folder, task)
    split = make_split(dataset, task.split, 0)
    assert_groups_are_whole(dataset, split)
    for part in ("train", "val", "test"):
        assert len({dataset.by_id[i].label for i in split.ids(part)}) == 2
    assert sizes(split) == [750, 375, 375]


def test_the_duplicates_of_the_leukemia_set_stay_on_one_side(real_data):
    task = load_task("leukemia")
    dataset = open_dataset(real_data / "leukemia" / "ALL_4class", task)
    split = make_split(dataset, task.split, 0)
    homes = {}
    twins = Counter()
    for part in ("train", "val", "test"):
        for sample in split.ids(part):
            content = dataset.image_path(dataset.by_id[sample]).read_bytes()
            twins[content] += 1
            assert homes.setdefault(content, part) == part
    assert sum(count == 2 for count in twins.values()) == 6
    assert sizes(split) == [910, 195, 195]


def test_parts_have_the_same_mix_of_foreground_sizes(real_data):
    task = load_task("polyp")
    dataset = open_dataset(real_data / "polyp" / "Kvasir-SEG", task)
    shares = dict(zip(dataset.by_id, foreground_shares(dataset), strict=True))
    split = make_split(dataset, task.split, 0)
    means = [sum(shares[i] for i in split.ids(p)) / len(split.ids(p)) for p in ("train", "val")]
    assert means[0] == pytest.approx(means[1], rel=0.35)
