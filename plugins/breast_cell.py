"""Breast-cell classification in fluorescence microscopy, after paper 5."""

from __future__ import annotations

from automed import Augment, Baseline, ClassificationTask, SplitPolicy, TrainingSettings, load_space

BASE = {
    "data.preprocess": "raw",
    "data.normalize": "unit",
    "augment.strength": 1.0,
    "model.encoder": "tf_efficientnetv2_b0",
    "model.dropout": 0.0,
    "training.loss": "ce",
    "training.optimizer": "adam",
    "training.learning_rate": 5e-5,
    "training.weight_decay": 1e-8,
    "training.schedule": "constant",
    "training.batch_size": 16,
    "training.label_smoothing": 0.0,
    "training.class_weights": False,
    "training.freeze": "blocks.5.3.bn2",
    "training.frozen_share": 0.0,
}

task = ClassificationTask(
    name="breast_cell",
    title="Breast-cell lines and treatments in fluorescence microscopy",
    image_size=(224, 224),
    split=SplitPolicy(
        train=0.8, val=0.1, test=0.1, group="plate",
        waiver="the data name no plates: wells of one plate may lie on both sides of the split, "
        "and the scores may be too good",
    ),
    normalize="unit",
    augment=Augment(
        horizontal_flip=0.5, vertical_flip=0.5, rotation=20, shift=0.1, shear=10, zoom=0.1,
        zoom_each_axis=True,
    ),
    training=TrainingSettings(epochs=70, patience=15),
    space=load_space("breast_cell"),
    baselines=(
        Baseline(
            name="paper 5 base",
            config=BASE
            | {
                "model.encoder": "inception_v3",
                "training.freeze": "none",
                "training.layer_decay": 1.0,
            },
        ),
        Baseline(name="paper 5 final", config=BASE),
    ),
    demo="breast_cell",
)  # fmt: skip
