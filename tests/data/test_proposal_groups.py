"""Patterns in file names are found where names say so, and only there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

import pytest

from automed.data.proposal_groups import propose_groups
from automed.domain.errors import DataError
from automed.domain.group_template import read_template
from automed.domain.sample import Sample


def samples(names: Sequence[str], labels: Sequence[str] | None = None) -> list[Sample]:
    if labels is None:
        return [Sample(id=name, image=name, masks=("m",)) for name in names]
    pairs = zip(names, labels, strict=True)
    return [Sample(id=name, image=name, label=label) for name, label in pairs]


@pytest.mark.parametrize(
    ("name", "template", "word", "group"),
    [
        ("C{a}_{i:04d}.jpg", "C{center}_*", "center", "3"),
        ("UID_{a}_{i:04d}.png", "UID_{patient}_*", "patient", "3"),
        ("patient{a}_{i}.png", "patient{patient}_*", "patient", "3"),
        ("case-{a}-frame-{i}.png", "case-{case}-*", "case", "3"),
        ("img_p{a}_{i}.png", "img_p{patient}_*", "patient", "3"),
        ("sequence_{a}_{i}.tif", "sequence_{sequence}_*", "sequence", "3"),
    ],
)
def test_fields_named_after_a_group_are_sure(
    name: str, template: str, word: str, group: str
) -> None:
    names = ["images/" + name.format(a=i % 6 + 3, i=i) for i in range(60)]
    best = propose_groups(samples(names))[0]
    assert (best.sure, best.template, best.word) == (True, template, word)
    assert set(best.sizes.values()) == {10}
    found = re.search(best.pattern, PurePosixPath(names[0]).name)
    assert found is not None
    assert found[1] == group
    assert best.examples[0] == (PurePosixPath(names[0]).name, group)


def test_the_finest_group_comes_first() -> None:
    names = [f"C{i % 3}_UID_{i % 9}_{i}.png" for i in range(90)]
    assert [p.word for p in propose_groups(samples(names)) if p.sure] == ["patient", "center"]


def test_a_folder_for_several_images_is_a_group() -> None:
    names = [f"images/patient{i % 5}/{i}.png" for i in range(40)]
    best = propose_groups(samples(names))[0]
    assert (best.sure, best.word, len(best.sizes)) == (True, "patient", 5)
    found = re.search(best.pattern, names[0])
    assert found is not None
    assert found[1] == "patient0"


def test_a_number_that_repeats_is_not_sure() -> None:
    names = [f"{100 + i % 6}_{i:03d}.png" for i in range(60)]
    (only,) = propose_groups(samples(names))
    assert (only.sure, only.template) == (False, "{group}_*")


@pytest.mark.parametrize(
    "names",
    [
        [f"images/{i:04d}.png" for i in range(50)],
        [f"img_{i:04d}.png" for i in range(50)],
        [f"train/{i}.png" if i % 2 else f"val/{i}.png" for i in range(50)],
        [f"C{i % 2}_{i}.png" for i in range(50)],  # two groups cannot be split in three
        [f"UID_{i}_x.png" for i in range(50)],  # each image is one
    ],
)
def test_other_names_propose_nothing(names: list[str]) -> None:
    assert propose_groups(samples(names)) == []


def test_what_repeats_the_class_is_no_group() -> None:
    labels = [name for name in ("Benign", "Early", "Pre") for _ in range(20)]
    names = [f"{label}/WBC-{label}-{i:03d}.jpg" for i, label in enumerate(labels)]
    assert propose_groups(samples(names, labels)) == []


def test_templates_become_regular_expressions() -> None:
    pattern, word = read_template("C{center}_*")
    assert word == "center"
    found = re.search(pattern, "C12_0001.png")
    assert found is not None
    assert found[1] == "12"
    assert re.search(pattern, "AC12_0001.png") is None
    assert read_template(r"C(\d{2})_") == (r"C(\d{2})_", "")
    with pytest.raises(DataError, match="several groups"):
        read_template("C{center}_{patient}_*")
