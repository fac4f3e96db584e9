"""LIDC-IDRI: DICOM series with the readers' outlines in XML."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import generate_uid
from skimage.draw import polygon2mask, polygon_perimeter

from automed.data.audit import audit
from automed.data.cache import build_cache
from automed.data.dataset import open_dataset
from automed.data.read_sample import read_sample
from automed.data.split import make_split
from automed.domain.errors import DataError
from automed.registry.tasks import load_task

TASK = load_task("lung_nodule").replace(image_size=(32, 32))
SIZE, SLICES = 32, 12
NODULES = range(4, 7)
"""Slices in which readers outline something."""

Square = tuple[int, int, int, int]


def outline(square: Square) -> list[tuple[int, int]]:
    """The pixels (column, row) around a square (top, left, bottom, right), all of them outside."""
    top, left, bottom, right = square
    corners = [(top - 1, left - 1), (top - 1, right), (bottom, right), (bottom, left - 1)]
    rows, columns = polygon_perimeter(*zip(*corners, strict=True))
    return list(zip(columns.tolist(), rows.tolist(), strict=True))


def roi(uid: str, points: Sequence[tuple[int, int]], inclusion: str = "TRUE") -> str:
    edges = "".join(
        f"<edgeMap><xCoord>{x}</xCoord><yCoord>{y}</yCoord></edgeMap>" for x, y in points
    )
    return (
        f"<roi><imageZposition>1</imageZposition><imageSOP_UID>{uid}</imageSOP_UID>"
        f"<inclusion>{inclusion}</inclusion>{edges}</roi>"
    )


def xml(series: str, readers: Sequence[str]) -> str:
    """What each reader outlined, as a file of LIDC-IDRI."""
    sessions = "".join(
        "<readingSession><annotationVersion>3.12</annotationVersion><unblindedReadNodule>"
        f"<noduleID>{n}</noduleID>{rois}</unblindedReadNodule></readingSession>"
        for n, rois in enumerate(readers)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><LidcReadMessage xmlns="http://www.nih.gov">'
        f"<ResponseHeader><SeriesInstanceUid>{series}</SeriesInstanceUid></ResponseHeader>"
        f"{sessions}</LidcReadMessage>"
    )


def hounsfield(index: int) -> np.ndarray:
    """Lung with a denser square; every slice is different."""
    values = np.full((SIZE, SIZE), -850 + index, np.int16)
    values[8:16, 10:20] = 50
    return values


class Scan:
    """A CT series in its folder, and the UIDs of its slices."""

    def __init__(self, root: Path, patient: int, write_dicom, slices: int = SLICES) -> None:
        self.series = generate_uid()
        self.folder = root / f"LIDC-IDRI-{patient:04}" / "01-01-2000-30178" / "3000566-03192"
        self.uids = [generate_uid() for _ in range(slices)]
        for index, uid in enumerate(self.uids):
            write_dicom(
                self.folder / f"1-{index + 1:03}.dcm", (hounsfield(index) + 1024).astype(np.int16),
                SOPInstanceUID=uid, SeriesInstanceUID=self.series, RescaleSlope=1,
                RescaleIntercept=-1024, WindowCenter=40, WindowWidth=400,
                PatientID=f"LIDC-IDRI-{patient:04}",
            )  # fmt: skip

    def annotate(self, *readers: Square | None, name: str = "069.xml") -> None:
        """Each reader outlines a square, or nothing, in every slice of NODULES."""
        said = [
            "".join(roi(self.uids[n], outline(square)) for n in NODULES) if square else ""
            for square in readers
        ]
        self.write(xml(self.series, said), name)

    def write(self, text: str, name: str = "069.xml") -> None:
        (self.folder / name).write_text(text, encoding="utf-8")


BIG, SMALL, OTHER = (8, 10, 16, 20), (9, 11, 15, 18), (22, 22, 28, 28)


def filled(square: Square) -> np.ndarray:
    mask = np.zeros((SIZE, SIZE), bool)
    mask[square[0] : square[2], square[1] : square[3]] = True
    return mask


def mask_of(root: Path, end: str = "1-005") -> np.ndarray:
    dataset = open_dataset(root, TASK)
    sample = next(s for s in dataset.samples if s.id.endswith(end))
    return read_sample(dataset, sample, TASK)[1]


def test_slices_with_an_outline_and_four_without(tmp_path: Path, write_dicom) -> None:
    for patient in (1, 2, 3):
        Scan(tmp_path, patient, write_dicom).annotate(BIG, BIG, BIG, BIG)
    dataset = open_dataset(tmp_path, TASK)
    assert dataset.layout == "lidc"
    assert len(dataset.samples) == 3 * (3 + 4)
    names = [Path(s.image).stem for s in dataset.samples if s.group == "LIDC-IDRI-0002"]
    assert names == ["1-002", "1-004", "1-005", "1-006", "1-007", "1-009", "1-011"]
    assert dataset.grouped_by == "patient (folder LIDC-IDRI-...)"
    assert not any("not used" in note for note in dataset.notes)
    split = make_split(dataset, TASK.split, seed=0)
    groups = [{dataset.by_id[i].group for i in p} for p in (split.train, split.val, split.test)]
    assert sum(map(len, groups)) == 3


def test_the_outline_itself_is_outside(tmp_path: Path, write_dicom) -> None:
    Scan(tmp_path, 1, write_dicom).annotate(BIG, BIG, BIG, BIG)
    np.testing.assert_array_equal(mask_of(tmp_path), filled(BIG))
    assert not mask_of(tmp_path, "1-002").any()


def test_a_round_outline_agrees_with_scikit_image(tmp_path: Path, write_dicom) -> None:
    scan = Scan(tmp_path, 1, write_dicom)
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    corners = np.stack([16 + 9 * np.sin(angles), 15 + 7 * np.cos(angles)], axis=1).round()
    rows, columns = polygon_perimeter(corners[:, 0], corners[:, 1])
    points = list(zip(columns.tolist(), rows.tolist(), strict=True))
    scan.write(xml(scan.series, [roi(scan.uids[4], points)]))
    expected = polygon2mask((SIZE, SIZE), np.stack([rows, columns], axis=1))
    expected[rows, columns] = False
    np.testing.assert_array_equal(mask_of(tmp_path), expected)


def test_half_of_the_readers_are_enough(tmp_path: Path, write_dicom) -> None:
    Scan(tmp_path, 1, write_dicom).annotate(BIG, SMALL, OTHER, None)
    np.testing.assert_array_equal(mask_of(tmp_path), filled(BIG) & filled(SMALL))


def test_one_of_two_readers_is_half(tmp_path: Path, write_dicom) -> None:
    Scan(tmp_path, 1, write_dicom).annotate(BIG, OTHER)
    np.testing.assert_array_equal(mask_of(tmp_path), filled(BIG) | filled(OTHER))


def test_one_of_four_readers_is_too_few(tmp_path: Path, write_dicom) -> None:
    Scan(tmp_path, 1, write_dicom).annotate(BIG, None, None, None)
    assert not mask_of(tmp_path).any()


def test_a_hole_is_no_nodule(tmp_path: Path, write_dicom) -> None:
    scan = Scan(tmp_path, 1, write_dicom)
    hole: Square = (11, 13, 13, 16)
    uid = scan.uids[4]
    marks = roi(uid, outline(hole), "FALSE") + roi(uid, outline(BIG))
    scan.write(xml(scan.series, [marks]))
    np.testing.assert_array_equal(mask_of(tmp_path), filled(BIG) & ~filled(hole))


def test_a_small_nodule_is_a_point_and_its_slice_is_not_empty(tmp_path, write_dicom) -> None:
    scan = Scan(tmp_path, 1, write_dicom, slices=4)
    scan.write(xml(scan.series, [roi(scan.uids[1], [(5, 5)]), roi(scan.uids[2], outline(BIG))]))
    dataset = open_dataset(tmp_path, TASK)
    assert [Path(s.image).stem for s in dataset.samples] == ["1-001", "1-003", "1-004"]


def test_hounsfield_units_through_the_lung_window(tmp_path: Path, write_dicom) -> None:
    Scan(tmp_path, 1, write_dicom).annotate(BIG, BIG)
    dataset = open_dataset(tmp_path, TASK)
    sample = next(s for s in dataset.samples if s.id.endswith("1-005"))
    image, _ = read_sample(dataset, sample, TASK)
    expected = ((hounsfield(4) + 600.5) / 1499 + 0.5) * 255
    np.testing.assert_allclose(image[..., 0], expected.clip(0, 255), atol=0.6)
    own, _ = read_sample(dataset, sample, TASK.replace(window="auto"))
    same, _ = read_sample(dataset, sample, TASK.replace(window="40/400"))
    assert (own == same).all()


def test_xml_files_elsewhere_are_matched_by_their_series(tmp_path: Path, write_dicom) -> None:
    for patient in (1, 2):
        scan = Scan(tmp_path / "LIDC-IDRI", patient, write_dicom)
        scan.annotate(BIG if patient == 1 else SMALL, name="x.xml")
        target = tmp_path / "tcia-lidc-xml" / str(patient) / "158.xml"
        target.parent.mkdir(parents=True)
        (scan.folder / "x.xml").rename(target)
    (tmp_path / "tcia-lidc-xml" / "radiograph.xml").write_text("<IdriReadMessage/>")
    dataset = open_dataset(tmp_path, TASK)
    assert {s.masks[0] for s in dataset.samples} == {
        "tcia-lidc-xml/1/158.xml", "tcia-lidc-xml/2/158.xml",
    }  # fmt: skip
    second = next(s for s in dataset.samples if "0002" in s.id and s.id.endswith("1-005"))
    np.testing.assert_array_equal(read_sample(dataset, second, TASK)[1], filled(SMALL))


def test_other_series_are_left_out_and_counted(tmp_path: Path, write_dicom) -> None:
    Scan(tmp_path, 1, write_dicom).annotate(BIG)
    Scan(tmp_path, 2, write_dicom)
    dataset = open_dataset(tmp_path, TASK)
    assert {s.group for s in dataset.samples} == {"LIDC-IDRI-0001"}
    assert "1 series without an XML file are left out" in dataset.notes


def test_no_annotations_at_all(tmp_path: Path, write_dicom) -> None:
    Scan(tmp_path, 1, write_dicom)
    with pytest.raises(DataError, match="no annotations") as caught:
        open_dataset(tmp_path, TASK)
    assert "LIDC-XML-only.zip" in str(caught.value)


@pytest.mark.parametrize("text", ["<LidcReadMessage>", "{}", ""])
def test_damaged_xml_is_named(text: str, tmp_path: Path, write_dicom) -> None:
    Scan(tmp_path, 1, write_dicom).write(text)
    with pytest.raises(DataError, match=r"069\.xml"):
        open_dataset(tmp_path, TASK)


def test_an_outline_with_a_letter_for_a_number(tmp_path: Path, write_dicom) -> None:
    scan = Scan(tmp_path, 1, write_dicom)
    text = xml(scan.series, [roi(scan.uids[4], outline(BIG))])
    scan.write(text.replace("<xCoord>9<", "<xCoord>nine<"))
    with pytest.raises(DataError, match=r"069\.xml") as caught:
        open_dataset(tmp_path, TASK)
    assert "nine" in str(caught.value)


def test_several_classes_have_no_outlines(tmp_path: Path, write_dicom) -> None:
    Scan(tmp_path, 1, write_dicom).annotate(BIG)
    task = TASK.replace(classes=("solid", "ground glass"))
    dataset = open_dataset(tmp_path, task)
    with pytest.raises(DataError, match="one class"):
        read_sample(dataset, dataset.samples[0], task)


def test_audit_and_cache(tmp_path: Path, write_dicom) -> None:
    root = tmp_path / "data"
    for patient in (1, 2, 3):
        Scan(root, patient, write_dicom).annotate(BIG, SMALL, BIG, BIG)
    dataset = open_dataset(root, TASK)
    found = audit(dataset, TASK)
    assert found.errors == ()
    assert found.summary.formats == {".dcm": 21}
    assert found.summary.empty_masks == 12
    cache = build_cache(dataset, TASK, tmp_path / "cache")
    assert cache.images.shape == (21, 32, 32, 1)
    row = next(s.id for s in dataset.samples if s.id.endswith("1-006"))
    np.testing.assert_array_equal(cache.targets[cache.index([row])[0]], filled(BIG))


def test_what_a_reader_changes_changes_the_digest(tmp_path: Path, write_dicom) -> None:
    scan = Scan(tmp_path, 1, write_dicom)
    scan.annotate(BIG, BIG)
    before = open_dataset(tmp_path, TASK).digest
    scan.annotate(BIG, SMALL)
    assert open_dataset(tmp_path, TASK).digest != before
