"""Brain tumours in MRI, slice by slice: BRATS, one of the two data sets of paper 4."""

from __future__ import annotations

from automed import Augment, Baseline, SegmentationTask, SplitPolicy, TrainingSettings, load_space

BASE = {
    "data.preprocess": "raw",
    "data.normalize": "dataset",
    "augment.strength": 1.0,
    "model.architecture": "unet",
    "model.encoder": "resnet18",
    "model.encoder_depth": 5,
    "model.decoder_width": 0.5,
    "model.decoder_attention": "none",
    "training.freeze": "none",
    "training.layer_decay": 1.0,
    "training.loss": "ce",
    "training.optimizer": "adam",
    "training.learning_rate": 1e-3,
    "training.weight_decay": 1e-8,
    "training.schedule": "constant",
    "training.batch_size": 16,
}

task = SegmentationTask(
    name="brain_tumor",
    title="Brain tumour regions in MRI slices (FLAIR, T1, T1 with contrast agent, T2)",
    classes=("necrotic core", "oedema", "enhancing tumour"),
    mask_values=(1, 2, 4),  # BraTS 2018 to 2021; the layout knows that 2023 writes 3 for 4
    image_size=(224, 224),
    channels=4,
    split=SplitPolicy(train=0.8, val=0.1, test=0.1, group="patient"),
    normalize="dataset",
    augment=Augment(horizontal_flip=0.5, rotation=10, zoom=0.1),
    training=TrainingSettings(epochs=50, patience=10),
    space=load_space("brain_tumor"),
    baselines=(Baseline(name="u-net", config=BASE),),
)
