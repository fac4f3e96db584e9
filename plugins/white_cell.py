"""Nucleus and cytoplasm of white blood cells in stained smears: masks of several classes.

Made for the data of Zheng et al., "Fast and robust segmentation of white blood cell images by
self-supervised learning", Micron 107 (2018) 55.
"""

from __future__ import annotations

from automed import Augment, Baseline, SegmentationTask, SplitPolicy, TrainingSettings, load_space

BASE = {
    "data.preprocess": "raw",
    "data.normalize": "imagenet",
    "augment.strength": 1.0,
    "model.architecture": "unet",
    "model.encoder": "tf_mobilenetv3_large_075",
    "model.encoder_depth": 5,
    "model.decoder_width": 0.5,
    "model.decoder_attention": "none",
    "training.freeze": "none",
    "training.layer_decay": 1.0,
    "training.loss": "ce+dice",
    "training.optimizer": "adamw",
    "training.learning_rate": 1e-3,
    "training.weight_decay": 1e-2,
    "training.schedule": "constant",
    "training.batch_size": 8,
}

task = SegmentationTask(
    name="white_cell",
    title="Nucleus and cytoplasm of white blood cells",
    classes=("cytoplasm", "nucleus"),
    mask_values=(128, 255),
    image_size=(128, 128),
    split=SplitPolicy(
        train=0.6, val=0.2, test=0.2, group="patient",
        waiver="the data name no patients: cells of one patient may lie on both sides of the "
        "split, and the scores may be too good",
    ),
    augment=Augment(horizontal_flip=0.5, vertical_flip=0.5, rotation=180),
    training=TrainingSettings(epochs=60, patience=15),
    space=load_space("white_cell"),
    baselines=(Baseline(name="u-net", config=BASE),),
)  # fmt: skip
