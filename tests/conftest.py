"""Fixtures for every test: where the real images lie, and a quiet, deterministic environment."""

from __future__ import annotations

import itertools
import os
import resource
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import hypothesis
import nibabel as nib
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

sys.path.insert(0, str(Path(__file__).resolve().parent))

import postgres_server

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # put in the background by a shell
    signal.signal(signal.SIGINT, signal.default_int_handler)
os.environ["COLUMNS"] = "200"  # read once, when the console is made

hypothesis.settings.register_profile(
    "busy machines", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("busy machines")

DATA = Path(
    os.environ.get("AUTOMED_TEST_DATA", Path(__file__).resolve().parents[2] / "shared" / "data")
)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with cell/, polyp/, leukemia/ and breast_cell/; skips where it is missing."""
    if not DATA.is_dir():
        pytest.skip(f"no real images at {DATA}; set AUTOMED_TEST_DATA")
    return DATA


@pytest.fixture
def as_nobody() -> Callable[[], AbstractContextManager[None]]:
    """Permissions mean nothing to root: a context in which we are somebody else."""

    @contextmanager
    def somebody() -> Iterator[None]:
        if os.geteuid() != 0:
            yield
            return
        os.seteuid(65534)
        try:
            yield
        finally:
            os.seteuid(0)

    return somebody


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty workspace folder that automed finds by itself."""
    root = tmp_path / "workspace"
    monkeypatch.setenv("AUTOMED_WORKSPACE", str(root))
    return root


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow database with its tables: making them takes seconds, copying them does not."""
    from mlflow import MlflowClient

    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    MlflowClient(tracking_uri=f"sqlite:///{path}").search_experiments()
    with sqlite3.connect(path) as store:
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[postgres_server.Server]:
    """Debian's Postgres on loopback; skips by name where it is missing."""
    programs = postgres_server.programs()
    if programs is None:
        pytest.skip("no Postgres here: install Debian's package postgresql")
    with postgres_server.running(programs) as server:
        yield server


@pytest.fixture
def storage(postgres: postgres_server.Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of an empty database, named by ``AUTOMED_STORAGE``."""
    name = f"studies_{next(_NUMBERS)}"
    url = postgres.new_database(name)
    monkeypatch.setenv("AUTOMED_STORAGE", url)
    yield url
    postgres.drop_database(name)


_NUMBERS = itertools.count()

WriteDicom = Callable[..., Path]
WriteNifti = Callable[..., Path]

LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
"""Axes to the left, to the back and up: those of BraTS."""


@pytest.fixture
def write_dicom() -> WriteDicom:
    """Write integers (H, W), or (H, W, 3), as a DICOM image; more elements by their keywords."""
    return _dicom


@pytest.fixture
def write_nifti() -> WriteNifti:
    """Write an array whose axes are x, y, z and perhaps channels, by default in LPS."""
    return _nifti


def _dicom(path: Path, values: NDArray[Any], *, payload: bytes | None = None, **elements: Any):
    path.parent.mkdir(parents=True, exist_ok=True)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.TransferSyntaxUID = elements.pop("TransferSyntaxUID", ExplicitVRLittleEndian)
    image = pydicom.Dataset()
    image.SOPClassUID = CTImageStorage
    image.SOPInstanceUID = elements.pop("SOPInstanceUID", generate_uid())
    meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
    image.file_meta = meta
    image.Rows, image.Columns = values.shape[:2]
    image.SamplesPerPixel = values.shape[2] if values.ndim == 3 else 1
    image.PhotometricInterpretation = "RGB" if values.ndim == 3 else "MONOCHROME2"
    if values.ndim == 3:
        image.PlanarConfiguration = 0
    image.BitsAllocated = image.BitsStored = 8 * values.dtype.itemsize
    image.HighBit = image.BitsStored - 1
    image.PixelRepresentation = int(values.dtype.kind == "i")
    for keyword, value in elements.items():
        setattr(image, keyword, value)
    if payload is None:
        image.PixelData = values.tobytes()
    else:
        image.PixelData = pydicom.encaps.encapsulate([payload])
        image["PixelData"].VR = "OB"
    image.save_as(path, enforce_file_format=True)
    return path


def _nifti(path: Path, values: NDArray[Any], affine: NDArray[Any] = LPS) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(values, affine), path)
    return path


@pytest.fixture
def files_no_larger_than():
    """Files that end at so many bytes, within a block: what a full disk does to a writer."""

    @contextmanager
    def limited(limit):
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limited
