"""Cell segmentation in microscopy, after paper 1."""

from __future__ import annotations

from automed import Augment, Baseline, SegmentationTask, SplitPolicy, TrainingSettings, load_space

BASE = {
    "data.preprocess": "raw",
    "data.normalize": "unit",
    "augment.strength": 0.0,
    "model.architecture": "plain_unet",
    "model.base_width": 64,
    "training.loss": "bce",
    "training.optimizer": "adam",
    "training.learning_rate": 1e-4,
    "training.weight_decay": 1e-8,
    "training.schedule": "step",
    "training.batch_size": 8,
    "training.smooth_masks": "none",
}

task = SegmentationTask(
    name="cell",
    title="Cell and nucleus segmentation in microscopy",
    classes=("cell",),
    image_size=(256, 256),
    split=SplitPolicy(
        train=0.6, val=0.2, test=0.2, group="patient",
        waiver="the data name no patient, slide or plate: images of one specimen may lie on both "
        "sides of the split, and the scores may be too good",
    ),
    augment=Augment(horizontal_flip=0.5, vertical_flip=0.5),
    training=TrainingSettings(epochs=100, patience=15),
    space=load_space("cell"),
    baselines=(
        Baseline(name="paper 1 base", config=BASE),
        Baseline(
            name="paper 1 final",
            config=BASE | {"training.optimizer": "rmsprop", "training.loss": "bce+jaccard"},
        ),
    ),
    demo="cell",
)  # fmt: skip
