"""PraNet's polyp benchmark: ``TrainDataset/`` and ``TestDataset/<set>/``.

Source: Fan et al., "PraNet: Parallel Reverse Attention Network for Polyp Segmentation",
MICCAI 2020; its repository's data folders.
"""

from __future__ import annotations

from dataclasses import replace

from automed.data.file_names import normal
from automed.data.layouts import paired_folders
from automed.data.layouts.folder import Folder
from automed.data.layouts.found import Found, Kind, Layout, merged


def match(folder: Folder, kind: Kind, explicit: bool) -> list[Found]:
    """Take the training set and every test set; ids begin with their folders' names."""
    by_name = {normal(child.name): child for child in folder.folders}
    train, test = by_name.get("traindataset"), by_name.get("testdataset")
    founds = [] if train is None else paired_folders.match(train, kind, explicit)
    for test_set in test.folders if test is not None else ():
        founds += paired_folders.match(test_set, kind, explicit)
    if not founds:
        return []
    return [merged(folder.path, [replace(found, layout=LAYOUT.name) for found in founds])]


LAYOUT = Layout(
    name="pranet",
    kinds=("segmentation",),
    description="TrainDataset/{image,mask}/ and TestDataset/<set>/{images,masks}/, or one of them",
    match=match,
)
