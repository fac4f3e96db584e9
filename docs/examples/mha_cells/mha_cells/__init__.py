"""Cells in MetaImage files (.mha), scored by their outlines, too: an installable plugin.

Install it with ``pip install docs/examples/mha_cells``, and ``automed plugin list`` shows it.
"""

from __future__ import annotations

from automed import Augment, Metric, Objective, Reader, SegmentationTask, SplitPolicy, load_space
from mha_cells.metaimage import read_metaimage
from mha_cells.outlines import outline_f1

components = (
    Reader("metaimage", suffixes=(".mha",), read=read_metaimage),
    Metric("outline_f1", compute=outline_f1),
)

task = SegmentationTask(
    name="mha_cell",  # the name of the entry point
    title="Cells in MetaImage files",
    classes=("cell",),
    image_size=(128, 128),
    split=SplitPolicy(train=0.6, val=0.2, test=0.2, group="slide", waiver="no slide is named"),
    augment=Augment(horizontal_flip=0.5, vertical_flip=0.5),
    metrics=("outline_f1",),
    objectives=(
        Objective(metric="dice", reference=0.0),
        Objective(metric="outline_f1", reference=0.0),
        Objective(metric="macs", direction="minimize"),
    ),
    space=load_space("cell"),
)
