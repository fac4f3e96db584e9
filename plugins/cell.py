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
# The paper's U-Net is too costly for small devices: what a small one should be compared with.
LIGHT = {
    "data.preprocess": "raw",
    "data.normalize": "imagenet",
    "augment.strength": 1.0,
    "model.architecture": "unet",
    "model.encoder": "tf_mobilenetv3_large_075",
    "model.encoder_depth": 5,
    "model.decoder_width": 0.5,
    "model.decoder_attention": "none",
    "training.loss": "bce+dice",
    "training.optimizer": "adamw",
    "training.learning_rate": 1e-3,
    "training.weight_decay": 1e-2,
    "training.schedule": "cosine",
    "training.warmup": 0.0,
    "training.batch_size": 8,
    "training.freeze": "none",
    "training.layer_decay": 1.0,
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
        Baseline(name="light u-net", config=LIGHT),
    ),
    demo="cell",
)  # fmt: skip
