"""Bundles are written whole, and only where nothing is lost; damaged ones are refused by name."""

from __future__ import annotations

import json
import shutil

import pytest

from automed.deploy import write_bundle as writing
from automed.deploy.files import NAMES
from automed.deploy.read_bundle import read_bundle
from automed.deploy.write_bundle import write_bundle
from automed.domain.bundle import Interval
from automed.domain.errors import BundleError
from automed.domain.parity import Parity


def files_in(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


def test_a_bundle_is_read_as_it_was_written(bundle_of):
    folder, _ = bundle_of(remarks=("mind this",), threshold=0.3)
    assert {p.name for p in folder.iterdir()} == set(NAMES)
    bundle = read_bundle(folder)
    assert bundle.remarks == ("mind this",)
    assert bundle.threshold == 0.3


def test_the_same_model_gives_the_same_bytes(bundle_of, tmp_path):
    one, two = (bundle_of(folder=tmp_path / name)[0] for name in ("one", "two"))
    assert files_in(one) == files_in(two)


def test_an_empty_folder_is_used_and_a_bundle_replaced_by_force_alone(bundle_of, tmp_path):
    (tmp_path / "bundle").mkdir()
    folder, _ = bundle_of()
    bundle, model = read_bundle(folder), folder / "model.onnx"
    with pytest.raises(BundleError, match="holds a bundle already") as error:
        write_bundle(bundle, model, folder)
    assert "--force" in str(error.value)
    changed = bundle.replace(remarks=("new",))
    copy = shutil.copy(model, tmp_path / "copy.onnx")
    write_bundle(changed, copy, folder, force=True)
    assert read_bundle(folder) == changed
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("name", ["results.csv", "masks/a.png"])
def test_other_files_are_never_replaced(name, force, bundle_of, tmp_path):
    folder, _ = bundle_of()
    model = shutil.copy(folder / "model.onnx", tmp_path / "copy.onnx")
    mine = folder / name
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("mine")
    with pytest.raises(BundleError, match=r"holds other files") as error:
        write_bundle(read_bundle(folder), model, folder, force=force)
    assert name.split("/")[0] in str(error.value)
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "manifest.json").write_text("{}")
    with pytest.raises(BundleError, match="not empty, and no bundle"):
        write_bundle(read_bundle(folder), model, foreign, force=force)
    with pytest.raises(BundleError, match="is a file"):
        write_bundle(read_bundle(folder), model, foreign / "manifest.json", force=force)


def test_a_writer_that_fails_leaves_what_was_there(bundle_of, tmp_path, monkeypatch):
    folder, _ = bundle_of()
    before = files_in(folder)
    bundle = read_bundle(folder)
    model = shutil.copy(folder / "model.onnx", tmp_path / "copy.onnx")

    def fail(bundle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing, "card", fail)
    for target in (folder, tmp_path / "new"):
        with pytest.raises(BundleError, match="cannot be written") as error:
            write_bundle(bundle, model, target, force=True)
        assert "No space left" in str(error.value)
    assert files_in(folder) == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bundle", "copy.onnx"]


def edited(folder, **changes):
    file = folder / "manifest.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda f: (f / "manifest.json").unlink(), "it has no manifest.json"),
        (lambda f: (f / "manifest.json").write_text("{"), "is no JSON"),
        (lambda f: (f / "manifest.json").write_bytes(b"\xff\xfe"), "is no JSON"),
        (lambda f: (f / "manifest.json").write_text('{"name": "x"}'), "no manifest of automed's"),
        (lambda f: edited(f, format=2), "another format"),
        (lambda f: edited(f, surplus=1), "surplus"),
        (lambda f: edited(f, preprocess=None), "preprocess"),
        (lambda f: (f / "model.onnx").unlink(), "No such file"),
        (lambda f: (f / "model.onnx").write_bytes(b"other"), "SHA-256 differs"),
        (shutil.rmtree, "there is no bundle"),
    ],
)
def test_damaged_and_foreign_bundles_are_named(damage, words, bundle_of):
    folder, _ = bundle_of()
    damage(folder)
    with pytest.raises(BundleError) as error:
        read_bundle(folder)
    assert words in str(error.value)
    assert str(folder) in str(error.value)


def test_the_card_says_what_a_user_must_know(bundle_of):
    folder, _ = bundle_of(
        demo=True, threshold=0.35, remarks=("Dice is 0.05 worse than its parent's",),
        intervals={"dice": Interval(low=0.41, high=0.59)}, validation_images=12,
        parity=Parity(max_difference=1e-6, snr_db=110, metrics={}), details={"kept_channels": 0.5},
    )  # fmt: skip
    card = (folder / "card.md").read_text()
    for words in (
        "SYNTHETIC DEMO DATA", "no medical device", "at least 0.350", "0.05 worse",
        "0.4100 to 0.5900",
        "12 validation images", "share of their channels that is left", "1e-06", "none needed",
        "python predict.py",
        "GMACs", "optimistic",
    ):  # fmt: skip
        assert words in card, words
    plain = bundle_of(folder=folder.parent / "plain")[0]
    text = (plain / "card.md").read_text()
    assert "SYNTHETIC" not in text
    assert "No intervals" in text
    assert "Compression" not in text
