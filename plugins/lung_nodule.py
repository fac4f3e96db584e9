"""Lung nodules in CT, slice by slice: LIDC-IDRI, one of the two data sets of paper 4."""

from __future__ import annotations

from automed import Augment, Baseline, SegmentationTask, SplitPolicy, TrainingSettings, load_space

BASE = {
    "data.window": "lung",
    "data.preprocess": "raw",
    "data.normalize": "unit",
    "augment.strength": 1.0,
    "model.architecture": "unet",
    "model.encoder": "resnet18",
    "model.encoder_depth": 5,
    "model.decoder_width": 0.5,
    "model.decoder_attention": "none",
    "training.freeze": "none",
    "training.layer_decay": 1.0,
    "training.loss": "bce+dice",
    "training.optimizer": "adam",
    "training.learning_rate": 1e-3,
    "training.weight_decay": 1e-8,
    "training.schedule": "constant",
    "training.batch_size": 8,
    "training.smooth_masks": "none",
}

task = SegmentationTask(
    name="lung_nodule",
    title="Lung nodules in CT slices",
    classes=("nodule",),
    image_size=(512, 512),  # as scanned: most nodules are a few pixels wide
    channels=1,
    split=SplitPolicy(train=0.8, val=0.1, test=0.1, group="patient"),
    normalize="unit",
    window="lung",
    augment=Augment(horizontal_flip=0.5, rotation=10, zoom=0.1),
    training=TrainingSettings(epochs=50, patience=10),
    space=load_space("lung_nodule"),
    baselines=(Baseline(name="u-net", config=BASE),),
)
