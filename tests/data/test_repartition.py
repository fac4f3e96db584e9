"""Other partitions of a study's samples: groups whole, the test part untouched, all different."""

from __future__ import annotations

import pytest

from automed.data.dataset import Dataset
from automed.data.repartition import repartitions
from automed.data.split import make_split
from automed.domain.data_options import DataOptions
from automed.domain.errors import SplitError
from automed.domain.sample import Sample
from automed.domain.split import SplitPolicy

POLICY = SplitPolicy(train=0.6, val=0.2, test=0.2, group="patient")
ALONE = POLICY.replace(waiver="none known")


@pytest.fixture
def smears(tmp_path):
    """Builds a classification set from rows of (label, patient, content)."""

    def build(rows):
        samples = []
        for number, (label, group, content) in enumerate(rows):
            name = f"{number:03d}.png"
            (tmp_path / name).write_bytes(content.encode())
            samples.append(Sample(id=name, image=name, label=label, group=group))
        grouped_by = "patients.csv" if rows[0][1] else None
        return Dataset(tmp_path, tuple(samples), "t", ("a", "b"), DataOptions(), grouped_by)

    return build


def patients(count=20, images=3):
    return [
        ("ab"[p % 2], f"p{p:02d}", f"{p} {i}") for p in range(count) for i in range(images)
    ]  # fmt: skip


def test_groups_are_whole_and_the_test_part_is_the_studys(smears):
    dataset = smears(patients())
    split = make_split(dataset, POLICY, 0)
    found = repartitions(dataset, split, POLICY, 8)
    assert len(found) == 8
    for other in found:
        assert other.test == split.test
        assert {*other.train, *other.val} == {*split.train, *split.val}
        held = {dataset.by_id[i].group for i in other.val}
        assert not held & {dataset.by_id[i].group for i in other.train}
        assert {dataset.by_id[i].label for i in other.val} == {"a", "b"}
        assert len(other.val) == pytest.approx(len(split.val), abs=3)


def test_all_differ_and_none_is_the_searchs_own(smears):
    dataset = smears(patients())
    split = make_split(dataset, POLICY, 0)
    found = repartitions(dataset, split, POLICY, 8)
    assert len({frozenset(other.val) for other in (*found, split)}) == 9
    assert len({other.digest for other in (*found, split)}) == 9


def test_fewer_are_the_first_of_more(smears):
    dataset = smears([(label, None, content) for label, _, content in patients()])
    split = make_split(dataset, ALONE, 0)
    assert repartitions(dataset, split, ALONE, 3) == repartitions(dataset, split, ALONE, 6)[:3]


def test_identical_images_stay_on_one_side(smears):
    rows = [(label, None, content.split()[0]) for label, _, content in patients(images=2)]
    dataset = smears(rows)
    split = make_split(dataset, ALONE, 0)
    for other in repartitions(dataset, split, ALONE, 5):
        content = {i: rows[int(i[:3])][2] for i in (*other.train, *other.val)}
        assert not {content[i] for i in other.train} & {content[i] for i in other.val}


def test_too_few_groups_for_so_many_say_how_many_there_are(smears):
    dataset = smears([("ab"[i], f"p{p}", f"{p} {i}") for p in range(6) for i in range(2)])
    split = make_split(dataset, POLICY, 0)
    with pytest.raises(SplitError, match="in 12 different ways") as error:
        repartitions(dataset, split, POLICY, 12)
    possible = int(error.value.found.split()[0])
    assert 3 <= possible < 12
    assert error.value.hint == f"--partitions {possible}"
