"""Polyp segmentation in colonoscopy, after Jeong et al., Electronics 12 (2023) 1962."""

from __future__ import annotations

from automed import Augment, Baseline, SegmentationTask, SplitPolicy, TrainingSettings, load_space

BASE = {
    "data.preprocess": "raw",
    "data.normalize": "imagenet",
    "augment.strength": 1.0,
    "model.architecture": "deeplabv3plus",
    "model.encoder": "tf_mobilenetv3_large_075",
    "model.decoder_channels": 256,
    "model.output_stride": 16,
    "model.atrous_rates": "12/24/36",
    "model.decoder_dropout": 0.5,  # of segmentation_models_pytorch, which the paper uses
    "training.loss": "bce+dice",
    "training.optimizer": "adamw",
    "training.learning_rate": 1e-3,
    "training.weight_decay": 1e-2,
    "training.schedule": "constant",  # none is stated, nor the batch size
    "training.batch_size": 16,
    "training.freeze": "none",
    "training.layer_decay": 1.0,
    "training.smooth_masks": "none",
}

task = SegmentationTask(
    name="polyp",
    title="Polyp segmentation in colonoscopy",
    classes=("polyp",),
    image_size=(288, 384),
    split=SplitPolicy(
        train=0.8, val=0.1, test=0.1, group="sequence",
        waiver="the data name no video sequences or patients: frames of one polyp may lie on "
        "both sides of the split, and the scores may be too good",
    ),
    augment=Augment(horizontal_flip=0.3, vertical_flip=0.3, coarse_dropout=0.2),
    training=TrainingSettings(epochs=100, patience=15),
    space=load_space("polyp"),
    baselines=(
        Baseline(name="paper 2 base", config=BASE),
        Baseline(
            name="paper 2 final",
            config=BASE | {"training.optimizer": "ranger", "model.atrous_rates": "8/22/36"},
        ),
    ),
    demo="polyp",
)  # fmt: skip
