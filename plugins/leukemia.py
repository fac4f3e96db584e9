"""Leukemia subtypes in blood smears (ALL, four classes), after paper 3."""

from __future__ import annotations

from automed import Augment, Baseline, ClassificationTask, SplitPolicy, TrainingSettings, load_space

BASE = {
    "data.preprocess": "raw",
    "data.normalize": "imagenet",
    "augment.strength": 1.0,
    "model.encoder": "tf_efficientnet_b4",
    "model.dropout": 0.4,
    "training.loss": "ce",
    "training.optimizer": "adamw",
    "training.learning_rate": 1e-4,
    "training.weight_decay": 1e-4,
    "training.schedule": "constant",
    "training.batch_size": 8,
    "training.label_smoothing": 0.0,
    "training.class_weights": True,
    "training.freeze": "blocks.5.6.conv_pw",
    "training.frozen_share": 0.625,
}

task = ClassificationTask(
    name="leukemia",
    title="Leukemia subtype in peripheral blood smears",
    image_size=(224, 224),
    split=SplitPolicy(
        train=0.7, val=0.15, test=0.15, group="patient",
        waiver="the files name no patients: smears of one patient may lie on both sides of the "
        "split, and the scores may be too good",
    ),
    augment=Augment(
        rotation=15, shift=0.1, zoom=0.1, zoom_each_axis=True, horizontal_flip=0.5,
        vertical_flip=0.5,
    ),
    training=TrainingSettings(epochs=80, patience=7, monitor="loss"),
    space=load_space("leukemia"),
    baselines=(
        Baseline(name="paper 3 raw", config=BASE),
        Baseline(name="paper 3 segmented", config=BASE | {"data.preprocess": "otsu"}),
    ),
    demo="leukemia",
)  # fmt: skip
