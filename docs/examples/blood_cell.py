"""Nucleus and cytoplasm of white blood cells: a plugin that is data alone.

Made for https://github.com/zxaoyou/segmentation_WBC (Zheng et al., Micron 107 (2018) 55):

    AUTOMED_PLUGINS=docs/examples automed data add blood_cell "segmentation_WBC/Dataset 1"
    AUTOMED_PLUGINS=docs/examples automed search blood_cell --budget 50
"""

from __future__ import annotations

from automed import Augment, SegmentationTask, SplitPolicy, load_space

task = SegmentationTask(
    name="blood_cell",  # the name of this file
    title="Nucleus and cytoplasm of white blood cells",
    classes=("cytoplasm", "nucleus"),  # and the background: three classes in all
    mask_values=(128, 255),  # of these classes, in this order; 0 is background
    image_size=(128, 128),
    split=SplitPolicy(
        train=0.6, val=0.2, test=0.2, group="patient",
        waiver="the data name no patients: cells of one patient may lie on both sides of the "
        "split, and the scores may be too good",
    ),
    augment=Augment(horizontal_flip=0.5, vertical_flip=0.5, rotation=180),
    space=load_space("white_cell"),
)  # fmt: skip
