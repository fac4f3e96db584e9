"""From images to masks, overlays and a table."""

from __future__ import annotations

import csv
import json
import math
import shutil

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from automed.data.preprocess.chain import read_chain
from automed.data.readers import read_image
from automed.data.resize import resize_image
from automed.deploy.predict import find_images, open_model, predict_images
from automed.deploy.read_bundle import read_bundle
from automed.deploy.standalone.runner.regions import count_components
from automed.deploy.standalone.runner.resize import resize
from automed.domain.errors import BundleError

SIZE = (32, 48)


def table(out):
    with (out / "predictions.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def logits_of(model, image, preprocess="raw", channels=3):
    """As training saw images: automed's own chain, in PyTorch."""
    chain = read_chain(preprocess, channels)
    cropped, _ = chain.at_native_size(image, None)
    ready = chain.at_final_size(resize_image(cropped, SIZE))
    pixels = torch.from_numpy(ready).permute(2, 0, 1)[None].float().div_(255)
    with torch.inference_mode():
        return model((pixels - 0.4) / 0.3)[0]


def predicted(folder, images, out, **options):
    model, bundle = open_model(folder), read_bundle(folder)
    found = find_images([str(i) for i in images], out)
    return predict_images(model, bundle, found, out, tick=lambda done, total: None, **options)


@pytest.fixture
def photo(tmp_path, picture):
    def save(name, seed=0, **size):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture(seed, **size)).save(path)
        return path

    return save


@pytest.mark.parametrize("preprocess", ["raw", "otsu", "grey_world+median", "clahe", "reinhard"])
def test_a_mask_at_the_models_size_is_what_training_would_have_given(
    preprocess, bundle_of, photo, tmp_path
):
    folder, model = bundle_of(preprocess=preprocess, threshold=0.45)
    path = photo("a.png", height=32, width=48)
    predicted(folder, [path], tmp_path / "out")
    probability = torch.sigmoid(logits_of(model, read_image(path, 3), preprocess))[0].numpy()
    clear = np.abs(probability - 0.45) > 1e-5  # what runtimes round apart
    assert clear.mean() > 0.99
    mask = np.asarray(Image.open(tmp_path / "out/masks/a.png"))
    assert set(np.unique(mask)) == {0, 255}
    assert np.array_equal((mask == 255)[clear], (probability >= 0.45)[clear])


def test_probabilities_are_resized_to_the_original_and_then_cut(bundle_of, photo, tmp_path):
    folder, model = bundle_of()
    path = photo("a.png", height=70, width=91)
    report = predicted(folder, [path], tmp_path / "out")
    probability = torch.sigmoid(logits_of(model, read_image(path, 3)))[0].numpy()
    large = cv2.resize(probability, (91, 70), interpolation=cv2.INTER_LINEAR)
    mask = np.asarray(Image.open(tmp_path / "out/masks/a.png")) == 255
    assert mask.shape == (70, 91)
    clear = np.abs(large - 0.5) > 1e-4
    assert np.array_equal(mask[clear], (large >= 0.5)[clear])
    (row,) = table(tmp_path / "out")
    assert row["file"] == path.as_posix()
    assert int(row["area_pixels"]) == mask.sum()
    assert float(row["area_share"]) == pytest.approx(mask.mean(), abs=1e-6)
    assert int(row["components"]) == cv2.connectedComponents(mask.astype(np.uint8))[0] - 1 > 1
    assert float(row["confidence"]) == pytest.approx(large[mask].mean(), abs=1e-4)
    assert report.table == tmp_path / "out/predictions.csv"


def test_a_cropped_image_gets_its_mask_in_the_whole_frame(bundle_of, photo, tmp_path, picture):
    folder, model = bundle_of(preprocess="crop", threshold=0.1)
    framed = np.zeros((100, 120, 3), np.uint8)
    framed[20:84, 10:106] = picture(0, height=64, width=96) // 2 + 100
    path = tmp_path / "framed.png"
    Image.fromarray(framed).save(path)
    predicted(folder, [path], tmp_path / "out")
    mask = np.asarray(Image.open(tmp_path / "out/masks/framed.png")) == 255
    inside = np.zeros_like(mask)
    inside[20:84, 10:106] = True
    assert mask.shape == (100, 120)
    assert mask.any()
    assert not mask[~inside].any()
    probability = torch.sigmoid(logits_of(model, framed, "crop"))[0].numpy()
    large = resize(probability[..., None], (64, 96))[..., 0]
    clear = np.abs(large - 0.1) > 1e-4
    assert np.array_equal(mask[20:84, 10:106][clear], (large >= 0.1)[clear])


def test_several_classes_give_indices_and_a_column_each(bundle_of, photo, tmp_path):
    folder, model = bundle_of(("cytoplasm", "nucleus"))
    path = photo("a.png", height=32, width=48)
    predicted(folder, [path], tmp_path / "out")
    logits = logits_of(model, read_image(path, 3))
    top = logits.topk(2, dim=0).values
    clear = (top[0] - top[1] > 1e-4).numpy()
    mask = np.asarray(Image.open(tmp_path / "out/masks/a.png"))
    assert set(np.unique(mask)) == {0, 1, 2}
    assert np.array_equal(mask[clear], logits.argmax(0).numpy()[clear])
    (row,) = table(tmp_path / "out")
    for index, name in enumerate(("cytoplasm", "nucleus"), start=1):
        where = mask == index
        assert int(row[f"area_pixels_{name}"]) == where.sum()
        expected = torch.softmax(logits, 0)[index].numpy()[where].mean()
        assert float(row[f"confidence_{name}"]) == pytest.approx(expected, abs=1e-4)


def test_a_classification_gives_probabilities_and_the_class(bundle_of, photo, tmp_path):
    classes = ("Benign", "Early", "Pro")
    folder, model = bundle_of(classes, "classification")
    paths = [photo(f"{n}.png", n) for n in range(4)]
    report = predicted(folder, paths, tmp_path / "out")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["predictions.csv"]
    rows = table(tmp_path / "out")
    assert len(rows) == len(report.rows) == 4
    for path, row in zip(paths, rows, strict=True):
        expected = torch.softmax(logits_of(model, read_image(path, 3)), 0).numpy()
        found = [float(row[f"probability_{name}"]) for name in classes]
        assert found == pytest.approx(expected, abs=1e-5)
        assert row["predicted"] == classes[int(expected.argmax())]


def test_nothing_found_is_an_area_of_0_without_a_confidence(bundle_of, photo, tmp_path):
    folder, _ = bundle_of(threshold=0.9999999)
    predicted(folder, [photo("a.png")], tmp_path / "out")
    (row,) = table(tmp_path / "out")
    assert (row["area_pixels"], row["components"], row["confidence"]) == ("0", "0", "")


def test_one_channel_and_four(bundle_of, tmp_path, picture):
    for channels in (1, 4):
        folder, _ = bundle_of(channels=channels, folder=tmp_path / f"bundle{channels}")
        np.save(tmp_path / f"{channels}.npy", picture(0, channels=channels))
        report = predicted(folder, [tmp_path / f"{channels}.npy"], tmp_path / f"out{channels}")
        assert not report.problems
        assert (tmp_path / f"out{channels}/masks/{channels}.png").is_file()
        with Image.open(tmp_path / f"out{channels}/overlays/{channels}.png") as overlay:
            assert overlay.mode == "RGB"


def test_an_overlay_colours_the_mask_and_nothing_else(bundle_of, photo, tmp_path):
    folder, _ = bundle_of()
    path = photo("a.png")
    predicted(folder, [path], tmp_path / "out")
    predicted(folder, [path], tmp_path / "bare", overlays=False)
    image, overlay = (np.asarray(Image.open(p)) for p in (path, tmp_path / "out/overlays/a.png"))
    mask = np.asarray(Image.open(tmp_path / "out/masks/a.png")) == 255
    assert np.array_equal(overlay[~mask], image[~mask])
    assert (overlay[mask] != image[mask]).any(axis=1).mean() > 0.9
    assert not (tmp_path / "bare/overlays").exists()


def test_one_bad_file_does_not_stop_the_rest(bundle_of, photo, tmp_path):
    folder, _ = bundle_of()
    good, other = photo("a.png"), photo("c.png", 1)
    bad = good.with_name("b.png")
    bad.write_bytes(b"no image")
    report = predicted(folder, [good.parent], tmp_path / "out")
    assert [row["file"] for row in table(tmp_path / "out")] == [good.as_posix(), other.as_posix()]
    assert len(report.problems) == 1
    assert str(bad) in report.problems[0]


def test_what_was_done_is_in_the_table_after_an_interrupt(bundle_of, photo, tmp_path):
    folder, _ = bundle_of()
    photos = [photo("a.png"), photo("b.png")]
    model, bundle = open_model(folder), read_bundle(folder)

    def tick(done, total):
        raise KeyboardInterrupt

    found = find_images([str(p) for p in photos], tmp_path / "out")
    with pytest.raises(KeyboardInterrupt):
        predict_images(model, bundle, found, tmp_path / "out", tick=tick)
    assert len(table(tmp_path / "out")) == 1


def test_only_files_of_the_same_names_are_replaced(bundle_of, photo, tmp_path):
    folder, _ = bundle_of()
    predicted(folder, [photo("a.png")], tmp_path / "out")
    kept, replaced = tmp_path / "out/masks/kept.png", tmp_path / "out/masks/a.png"
    kept.write_text("mine")
    first = replaced.read_bytes()
    predicted(folder, [photo("a.png", 5)], tmp_path / "out")
    assert kept.read_text() == "mine"
    assert replaced.read_bytes() != first


def test_a_folder_that_cannot_be_written_is_named(bundle_of, photo, tmp_path):
    folder, _ = bundle_of()
    (tmp_path / "out").write_text("a file")
    with pytest.raises(BundleError, match="out cannot be written"):
        predicted(folder, [photo("a.png")], tmp_path / "out")


class TestFindingImages:
    def names(self, given, out):
        return {p.as_posix(): n for p, n in find_images([str(g) for g in given], out).items()}

    def test_folders_patterns_and_files_each_once(self, photo, tmp_path):
        one, deep = photo("one.png"), photo("x/deep.png")
        (tmp_path / "photos/notes.txt").write_text("no image")
        photo(".hidden.png")
        expected = {one.as_posix(): "one", deep.as_posix(): "x/deep"}
        out = tmp_path / "out"
        assert self.names([one.parent], out) == expected
        assert self.names([one.parent, one, f"{one.parent}/*.png"], out) == expected
        assert self.names([f"{one.parent}/**/*.png"], out) == expected

    def test_equal_names_in_different_folders_stay_apart(self, photo, tmp_path):
        paths = [photo("a/1.png"), photo("b/1.png"), photo("b/c/1.png")]
        assert list(self.names(paths, tmp_path).values()) == ["a/1", "b/1", "b/c/1"]

    def test_names_that_differ_in_their_ending_alone_keep_it_and_others_do_not(
        self, photo, tmp_path
    ):
        paths = [photo("1.png"), photo("1.bmp"), photo("2.png")]
        assert list(self.names(paths, tmp_path).values()) == ["1.png", "1.bmp", "2"]

    def test_no_two_results_ever_meet(self, photo, tmp_path):
        for name in ("1.png", "1.bmp", "1.png.bmp"):
            photo(name)
        found = find_images([str(tmp_path / "photos")], tmp_path / "out")
        assert sorted(found.values()) == ["1.bmp", "1.png", "1.png.bmp"]

    def test_results_are_no_images(self, photo):
        one = photo("one.png")
        photo("out/masks/one.png")
        assert list(self.names([one.parent], one.parent / "out").values()) == ["one"]

    @pytest.mark.parametrize("what", ["missing.png", "empty", "*.png"])
    def test_nothing_there_is_an_error(self, what, tmp_path):
        (tmp_path / "empty").mkdir()
        with pytest.raises(BundleError, match=r"no image there|no such file") as error:
            find_images([str(tmp_path / what)], tmp_path / "out")
        assert what in str(error.value)


@pytest.mark.parametrize("seed", range(12))
def test_components_are_those_of_opencv(seed):
    source = np.random.default_rng(seed)
    mask = source.random((int(source.integers(1, 40)), int(source.integers(1, 40)))) < seed / 12
    assert count_components(mask) == cv2.connectedComponents(mask.astype(np.uint8))[0] - 1


class TestTheBundlesOwnCommand:
    def test_does_what_automed_does(self, bundle_of, photo, tmp_path, command):
        folder, _ = bundle_of(demo=True)
        paths = [photo("a/1.png"), photo("b/1.png", 1)]
        code, out, err = command(folder, paths[0].parent.parent, "-o", tmp_path / "own")
        assert code == 0
        assert "2 of 2 images" in out
        assert "SYNTHETIC DEMO DATA" in err
        predicted(folder, [paths[0].parent.parent], tmp_path / "automed")
        for name in ("predictions.csv", "masks/a/1.png", "masks/b/1.png", "overlays/a/1.png"):
            own, other = ((tmp_path / of / name).read_bytes() for of in ("own", "automed"))
            assert own == other, name

    def test_ends_with_1_where_an_image_was_left_out(self, bundle_of, photo, tmp_path, command):
        folder, _ = bundle_of()
        bad = photo("bad.png")
        bad.write_bytes(b"")
        code, out, err = command(folder, photo("a.png"), bad, "-o", tmp_path / "out")
        assert (code, "1 of 2 images" in out) == (1, True)
        assert "bad.png: the file is empty" in err
        assert command(folder, bad, "-o", tmp_path / "none")[0] == 1
        assert not (tmp_path / "none/predictions.csv").exists()

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["nothing.png"], "no such file"),
            (["--threshold", "1.5", "a.png"], "expected more than 0"),
            (["--threads", "-1", "a.png"], "threads"),
        ],
    )
    def test_bad_arguments_end_with_2(self, arguments, words, bundle_of, tmp_path, command):
        folder, _ = bundle_of()
        code, _, err = command(folder, *arguments, "-o", tmp_path / "out")
        assert code == 2
        assert words in err

    @pytest.mark.parametrize(
        ("damage", "words"),
        [
            (lambda f: (f / "model.onnx").unlink(), "model.onnx"),
            (
                lambda f: (f / "model.onnx").write_bytes((f / "model.onnx").read_bytes() + b"x"),
                "SHA-256 differs",
            ),
            (lambda f: (f / "manifest.json").unlink(), "is no bundle"),
            (lambda f: (f / "manifest.json").write_text("{"), "damaged or foreign"),
            (lambda f: (f / "manifest.json").write_text("[]"), "damaged or foreign"),
            (lambda f: (f / "manifest.json").write_text("[" * 100_000), "damaged or foreign"),
            (lambda f: (f / "manifest.json").write_text('{"format": 2}'), "format 2"),
        ],
    )
    def test_damaged_bundles_are_refused(self, damage, words, bundle_of, photo, tmp_path, command):
        folder, _ = bundle_of()
        damage(folder)
        code, _, err = command(folder, photo("a.png"), "-o", tmp_path / "out")
        assert code == 2
        assert words in err
        with pytest.raises(BundleError):
            open_model(folder)

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"kind": "banana"}, "kind is 'banana', expected one of segmentation, classification"),
            ({"kind": "classification"}, "answers with 1x32x48, not 1"),
            ({"threshold": "high"}, "threshold is 'high', expected null, or a number between"),
            ({"threshold": 1}, "threshold is 1"),
            ({"classes": None}, "classes is missing"),
            ({"classes": ["a", "b"]}, "answers with 1x32x48, not 3x32x48"),
            ({"classes": ["a", "b"], "threshold": 0.3}, "a threshold has no effect"),
            ({"input_shape": [3, 64, 48]}, "takes 3x32x48, not 3x64x48"),
            ({"input_shape": [1, 32, 48]}, "3 values of mean for 1 channels"),
            ({"input_shape": "3x32x48"}, "input_shape is '3x32x48'"),
            ({"normalization": {"mean": [0, 0, 0], "std": [1, 0, 1]}}, "std above 0"),
            ({"normalization": {"mean": [math.nan] * 3, "std": [1, 1, 1]}}, "normalization is"),
            ({"normalization": {"mean": [0, 0, 0], "std": [math.inf] * 3}}, "normalization is"),
            ({"classes": [""]}, "classes is ['']"),
            ({"classes": ["a", "a"]}, "each once"),
            ({"preprocess": 3}, "preprocess is 3"),
            ({"demo": None}, "demo is missing"),
        ],
    )
    def test_a_manifest_edited_by_hand_is_refused(
        self, changes, words, bundle_of, photo, tmp_path, command
    ):
        folder, _ = bundle_of()
        file = folder / "manifest.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))
        code, _, err = command(folder, photo("a.png"), "-o", tmp_path / "out")
        assert code == 2
        assert words in err
        assert "manifest.json" in err
        assert not (tmp_path / "out").exists()
        with pytest.raises(BundleError, match=r"manifest\.json"):
            open_model(folder)

    def test_a_threshold_of_several_classes_is_refused(self, bundle_of, photo, tmp_path, command):
        folder, _ = bundle_of(("cytoplasm", "nucleus"))
        code, _, err = command(folder, photo("a.png"), "-o", tmp_path, "--threshold", "0.3")
        assert (code, "no effect" in err) == (2, True)

    def test_results_of_another_run_are_not_mixed_with_new_ones(
        self, bundle_of, photo, tmp_path, command
    ):
        folder, _ = bundle_of()
        assert command(folder, photo("a.png"), "-o", tmp_path / "out")[0] == 0
        before = table(tmp_path / "out")
        code, _, err = command(folder, photo("b.png"), "-o", tmp_path / "out")
        assert code == 2
        assert "--force" in err
        assert table(tmp_path / "out") == before

    def test_a_lower_threshold_gives_more(self, bundle_of, photo, tmp_path, command):
        folder, _ = bundle_of()
        areas = []
        for threshold in ("0.3", "0.7"):
            command(
                folder, photo("a.png"), "-o", tmp_path / "out", "--force", "--threshold", threshold
            )
            areas.append(int(table(tmp_path / "out")[0]["area_pixels"]))
        assert areas[0] > areas[1] > 0


def test_the_code_in_a_bundle_is_the_code_that_is_tested(bundle_of):
    from automed.deploy import standalone

    folder, _ = bundle_of()
    source = next(iter(standalone.__path__))
    shutil.rmtree(folder / "runner/__pycache__", ignore_errors=True)
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*.py"))
    assert len(names) > 8
    for name in names:
        with open(f"{source}/{name}", "rb") as file:  # noqa: PTH123
            assert file.read() == (folder / name).read_bytes()
    assert json.loads((folder / "manifest.json").read_text())["format"] == 1
