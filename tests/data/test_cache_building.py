"""The image cache: what it holds, and faults injected for real."""

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from automed.data.cache import build_cache, cache_key, open_cache
from automed.data.dataset import Dataset
from automed.data.preprocess import clahe, otsu
from automed.domain.data_options import DataOptions
from automed.domain.errors import DataError, WorkspaceError
from automed.domain.parameter import CategoricalParameter
from automed.domain.sample import Sample
from automed.domain.space import SearchSpace
from automed.domain.task import ClassificationTask, SegmentationTask

SIZE = (24, 32)
COUNT = 12

# What the child processes of these tests run; they find the data set by its path.
CHILD = """
import sys
from pathlib import Path
from automed.data.cache import build_cache
from automed.data.dataset import Dataset
from automed.domain.parameter import CategoricalParameter
from automed.domain.sample import Sample
from automed.domain.space import SearchSpace
from automed.domain.task import SegmentationTask
root, out = Path(sys.argv[1]), Path(sys.argv[2])
samples = tuple(
    Sample(id=p.stem, image=f"images/{p.name}", masks=(f"masks/{p.name}",))
    for p in sorted((root / "images").iterdir())
)
dataset = Dataset(root, samples, "paired_folders", ("cell",))
losses = CategoricalParameter(choices=("dice",))
task = SegmentationTask(
    name="cell", title="Cells", classes=("cell",), image_size=(24, 32),
    space=SearchSpace(name="cell", parameters={"training.loss": losses}),
)
def build(progress=None):
    return build_cache(dataset, task, out, progress)
"""

SPACE = SearchSpace(
    name="cell", parameters={"training.loss": CategoricalParameter(choices=("dice",))}
)
SEGMENTED = SegmentationTask(
    name="cell", title="Cells", classes=("cell",), image_size=SIZE, space=SPACE
)
CLASSIFIED = ClassificationTask(
    name="cell", title="Cells", classes=("a", "b", "c"), image_size=SIZE, space=SPACE
)


@pytest.fixture
def root(tmp_path):
    """A folder of images with masks, 40x48."""
    rng = np.random.default_rng(0)
    for folder in ("images", "masks"):
        (tmp_path / "data" / folder).mkdir(parents=True)
    for n in range(COUNT):
        image = rng.integers(0, 256, (40, 48, 3), dtype=np.uint8)
        mask = np.zeros((40, 48), np.uint8)
        cv2.circle(mask, (10 + 2 * n, 20), 9, 255, -1)
        cv2.imwrite(str(tmp_path / "data" / "images" / f"{n:02d}.png"), image)
        cv2.imwrite(str(tmp_path / "data" / "masks" / f"{n:02d}.png"), mask)
    return tmp_path / "data"


@pytest.fixture
def dataset(root):
    samples = tuple(
        Sample(id=f"{n:02d}", image=f"images/{n:02d}.png", masks=(f"masks/{n:02d}.png",))
        for n in range(COUNT)
    )
    return Dataset(root, samples, "paired_folders", ("cell",))


@pytest.fixture
def classified(root):
    samples = tuple(
        Sample(id=f"{n:02d}", image=f"images/{n:02d}.png", label="bac"[n % 3]) for n in range(COUNT)
    )
    return Dataset(root, samples, "class_folders", ("a", "b", "c"))


def build(dataset, out, progress=None, **changes):
    task = SEGMENTED if dataset.samples[0].masks else CLASSIFIED
    return build_cache(dataset, task.replace(**changes), out, progress)


def child(code, *args, **kwargs):
    command = [sys.executable, "-c", CHILD + code, *map(str, args)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **kwargs)


def test_rows_are_the_samples_in_their_order(dataset, tmp_path):
    seen = []
    cache = build(dataset, tmp_path / "cache", lambda *step: seen.append(step))
    assert cache.images.shape == (COUNT, *SIZE, 3)
    assert cache.targets.shape == (COUNT, *SIZE)
    assert cache.images.dtype == cache.targets.dtype == np.uint8
    assert cache.ids == tuple(s.id for s in dataset.samples)
    assert seen == [(n, COUNT) for n in range(1, COUNT + 1)]
    for n in (0, 7):
        bgr = cv2.imread(str(dataset.root / dataset.samples[n].image))
        small = cv2.resize(bgr[..., ::-1], SIZE[::-1], interpolation=cv2.INTER_AREA)
        assert (cache.images[n] == small).all()
        assert abs(cache.targets[n].mean() - np.pi * 9**2 / (40 * 48)) < 0.01
    assert (cache.index(["07", "00"]) == [7, 0]).all()
    with pytest.raises(DataError, match="not in the cache"):
        cache.index(["00", "nowhere"])


def test_targets_of_a_classification_are_indices_of_classes(classified, tmp_path):
    cache = build(classified, tmp_path / "cache")
    assert cache.targets.dtype == np.int64
    assert [cache.classes[i] for i in cache.targets] == [s.label for s in classified.samples]


def test_one_channel_and_preprocessing_at_the_final_size(classified, tmp_path):
    cache = build(classified, tmp_path / "cache", channels=1, preprocess="otsu")
    assert cache.images.shape == (COUNT, *SIZE, 1)
    plain = build(classified, tmp_path / "cache", channels=1)
    for segmented, image in zip(cache.images, plain.images, strict=True):
        assert (segmented == otsu(image)).all()


def test_arrays_cannot_be_written(dataset, tmp_path):
    cache = build(dataset, tmp_path / "cache")
    for array in (cache.images, cache.targets):
        assert isinstance(array, np.memmap)
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_a_second_build_opens_the_first(dataset, tmp_path):
    build(dataset, tmp_path / "cache")
    again = build(dataset, tmp_path / "cache", lambda *_: pytest.fail("built again"))
    key = cache_key(dataset.digest, SEGMENTED)
    assert again.folder == tmp_path / "cache" / key
    assert (open_cache(tmp_path / "cache", key).images == again.images).all()


def test_keys_differ_with_each_input():
    several = SEGMENTED.replace(classes=("cytoplasm", "nucleus"))
    tasks = [
        SEGMENTED, CLASSIFIED, several, several.replace(mask_values=(128, 255)),
        *(
            SEGMENTED.replace(**changes)
            for changes in (
                {"preprocess": "otsu"}, {"preprocess": "crop"}, {"image_size": SIZE[::-1]},
                {"channels": 1}, {"window": "lung"},
            )
        ),
    ]  # fmt: skip
    keys = {cache_key("d", task) for task in tasks} | {cache_key("e", SEGMENTED)}
    assert len(keys) == len(tasks) + 1


def test_keys_do_not_depend_on_what_leaves_the_pixels_alone():
    other = SEGMENTED.replace(name="nuclei", normalize="unit", classes=("nucleus",))
    assert cache_key("d", SEGMENTED) == cache_key("d", other)


def test_the_index_says_where_it_came_from(dataset, tmp_path):
    cache = build(dataset, tmp_path / "cache")
    index = json.loads((cache.folder / "index.json").read_text())
    assert index["provenance"]["dataset_digest"] == dataset.digest
    assert index["provenance"]["image_size"] == list(SIZE)
    assert {"automed", "opencv", "preprocess", "kind"} <= set(index["provenance"])


def test_a_missing_cache_is_an_error(tmp_path):
    with pytest.raises(DataError, match="no image cache"):
        open_cache(tmp_path, "0" * 32)


def test_an_unknown_preprocessing_names_the_known_ones(dataset, tmp_path):
    with pytest.raises(DataError, match="raw, crop, otsu"):
        build(dataset, tmp_path / "cache", preprocess="magic")


def test_a_crop_comes_before_resizing_and_cuts_the_mask_alike(root, dataset, tmp_path):
    plain = build(dataset, tmp_path / "cache")
    for folder in ("images", "masks"):
        for path in (root / folder).iterdir():
            cv2.imwrite(str(path), np.pad(cv2.imread(str(path)), ((7, 0), (0, 9), (0, 0))))
    framed = Dataset(root, dataset.samples, "paired_folders", ("cell",), DataOptions())
    whole = build(framed, tmp_path / "whole")
    cropped = build(framed, tmp_path / "cropped", preprocess="crop")
    assert (cropped.images == plain.images).all()
    assert (cropped.targets == plain.targets).all()
    assert not (whole.targets == plain.targets).all()
    both = build(framed, tmp_path / "cropped", preprocess="crop+clahe")
    assert (both.images[3] == clahe(plain.images[3])).all()


def test_an_unreadable_image_is_named_and_leaves_nothing(dataset, tmp_path):
    (dataset.root / "images" / "05.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"05\.png"):
        build(dataset, tmp_path / "cache")
    assert [p.suffix for p in (tmp_path / "cache").iterdir()] == [".lock"]


def test_a_mask_of_another_size_is_named(dataset, tmp_path):
    cv2.imwrite(str(dataset.root / "masks" / "03.png"), np.zeros((9, 9), np.uint8))
    with pytest.raises(DataError, match=r"03\.png differs in size"):
        build(dataset, tmp_path / "cache")


@pytest.mark.parametrize("victim", ["images.npy", "targets.npy", "index.json"])
@pytest.mark.parametrize("harm", ["truncated", "removed", "garbage", "another"])
def test_damage_is_noticed_and_repaired(dataset, tmp_path, victim, harm):
    good = build(dataset, tmp_path / "cache")
    pixels, key = np.array(good.images), good.folder.name
    path = good.folder / victim
    del good
    if harm == "removed":
        path.unlink()
    elif harm == "truncated":
        os.truncate(path, path.stat().st_size // 2)
    elif harm == "another" and victim != "index.json":
        np.save(path, np.zeros((3, 4), np.uint8))
    else:
        path.write_bytes(b"\x93" * 10)
    with pytest.raises(DataError, match=key):
        open_cache(tmp_path / "cache", key)
    assert (build(dataset, tmp_path / "cache").images == pixels).all()


def test_threads_that_want_the_same_cache_build_it_once(dataset, tmp_path):
    builds, caches = [], []

    def work():
        caches.append(build(dataset, tmp_path / "cache", lambda done, _: builds.append(done)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(caches) == 4
    assert builds == list(range(1, COUNT + 1))


def test_two_processes_that_want_the_same_cache_build_it_once(root, dataset, tmp_path):
    """Both wait at a gate, so that they begin together; the builder is slow enough to be met."""
    code = """
import time
(out.parent / f"ready{sys.argv[3]}").touch()
while not (out.parent / "go").exists():
    time.sleep(0.005)
steps = []
cache = build(lambda *step: (steps.append(step), time.sleep(0.05)))
print(len(steps), int(cache.images.sum()), cache.folder.name)
"""
    workers = [child(code, root, tmp_path / "cache", n) for n in range(2)]
    while not all((tmp_path / f"ready{n}").exists() for n in range(2)):
        assert all(worker.poll() is None for worker in workers)
    (tmp_path / "go").touch()
    said = sorted(worker.communicate(timeout=60)[0].split() for worker in workers)
    assert [worker.returncode for worker in workers] == [0, 0]
    assert [steps for steps, *_ in said] == ["0", str(COUNT)]
    assert said[0][1:] == said[1][1:]
    left = {p.name for p in (tmp_path / "cache").iterdir()}
    assert left == {said[0][2], f"{said[0][2]}.lock"}


def test_a_builder_that_is_killed_leaves_no_cache(root, dataset, tmp_path):
    code = """
import os, signal
build(lambda done, total: os.kill(os.getpid(), signal.SIGKILL) if done == total // 2 else None)
"""
    worker = child(code, root, tmp_path / "cache")
    worker.communicate(timeout=60)
    assert worker.returncode == -9
    assert any(p.name.endswith(".building") for p in (tmp_path / "cache").iterdir())
    with pytest.raises(DataError):
        open_cache(tmp_path / "cache", cache_key(dataset.digest, SEGMENTED))
    cache = build(dataset, tmp_path / "cache")
    assert (cache.images == build(dataset, tmp_path / "other").images).all()
    assert not any(p.name.endswith(".building") for p in (tmp_path / "cache").iterdir())


def test_a_folder_that_cannot_be_made(dataset, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WorkspaceError, match="file") as caught:
        build(dataset, tmp_path / "file" / "cache")
    assert "--workspace" in str(caught.value)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written(dataset, tmp_path):
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    with pytest.raises(WorkspaceError, match="locked"):
        build(dataset, locked / "cache")


@pytest.fixture
def tiny_disk(tmp_path):
    """A file system of 32 kB, less than the arrays need, where the system lets us mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", str(place)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no small file system can be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_disk_too_small_for_the_images_is_an_error_and_no_bus_error(root, tiny_disk):
    """Mapped pages without room behind them would kill the process when they are written."""
    code = """
from automed.domain.errors import WorkspaceError
try:
    build()
except WorkspaceError as error:
    print(error)
"""
    worker = child(code, root, tiny_disk / "cache")
    said = worker.communicate(timeout=60)[0]
    assert worker.returncode == 0
    assert "No space left on device" in said
    assert [p.suffix for p in (tiny_disk / "cache").iterdir()] == [".lock"]


@pytest.mark.skipif(sys.platform != "linux", reason="limits of file sizes as on Linux")
def test_a_file_that_may_not_grow_is_an_error(root, tmp_path):
    code = """
import resource, signal
from automed.domain.errors import WorkspaceError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    build()
except WorkspaceError as error:
    print(error)
"""
    worker = child(code, root, tmp_path / "cache")
    said = worker.communicate(timeout=60)[0]
    assert worker.returncode == 0
    assert str(tmp_path / "cache") in said
    assert "free some space" in said
    assert [p.suffix for p in (tmp_path / "cache").iterdir()] == [".lock"]


def test_masks_are_read_by_the_rule_of_the_options(root, dataset, tmp_path):
    for path in Path(root / "masks").iterdir():
        cv2.imwrite(str(path), cv2.imread(str(path), 0) // 255 * 90)
    half = build(dataset, tmp_path / "cache").targets
    options = DataOptions(mask_values="nonzero")
    nonzero = build(
        Dataset(root, dataset.samples, "paired_folders", ("cell",), options), tmp_path / "cache"
    ).targets
    assert half.sum() == 0
    assert nonzero.sum() > 0
