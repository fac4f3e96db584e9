"""What paper 1 combined, and what it reported."""

from __future__ import annotations

from automed.domain.compression import Compression
from automed.domain.config import Value
from automed.domain.paper_grid import Combination, PaperGrid

_METRICS = {
    "accuracy": "accuracy", "dice": "F1", "iou": "Jaccard", "recall": "recall",
    "precision": "precision",
}  # fmt: skip

# Table 3, "Evaluation metrics for the testing phase of all different combinations", digit by digit;
# columns as in _METRICS. Figure 7 shows 27 of the rows, rounded; they agree, but for the accuracy
# of rmsprop + bce, sparse: .955 there.
_TABLE_3: dict[str, tuple[dict[str, Value], dict[str, tuple[float, ...]]]] = {
    "adam + bce": (
        {},
        {
            "none": (0.9535, 0.9395, 0.8941, 0.9394, 0.9427),
            "ptq": (0.9531, 0.9415, 0.8962, 0.9376, 0.9508),
            "qat": (0.9527, 0.9387, 0.8925, 0.9253, 0.9594),
            "sparse": (0.9542, 0.9444, 0.8992, 0.9480, 0.9446),
        },
    ),
    "nadam + bce": (
        {"training.optimizer": "nadam"},
        {
            "none": (0.9496, 0.9359, 0.8877, 0.9348, 0.9403),
            "ptq": (0.9485, 0.9340, 0.8850, 0.9309, 0.9450),
            "qat": (0.9496, 0.9331, 0.8849, 0.9215, 0.9553),
            "sparse": (0.9541, 0.9443, 0.8991, 0.9530, 0.9393),
        },
    ),
    "rmsprop + bce": (
        {"training.optimizer": "rmsprop"},
        {
            "none": (0.9481, 0.9334, 0.8835, 0.9384, 0.9318),
            "ptq": (0.9491, 0.9313, 0.8831, 0.9192, 0.9553),
            "qat": (0.9493, 0.9338, 0.8849, 0.9284, 0.9475),
            "sparse": (0.954, 0.9464, 0.9019, 0.9504, 0.9445),
        },
    ),
    "adagrad + bce": (
        {"training.optimizer": "adagrad"},
        {
            "none": (0.8259, 0.8019, 0.6842, 0.7810, 0.8459),
            "ptq": (0.8229, 0.8085, 0.6901, 0.7786, 0.8600),
            "qat": (0.8315, 0.8212, 0.7067, 0.8032, 0.8551),
            "sparse": (0.8724, 0.8528, 0.7555, 0.8277, 0.8866),
        },
    ),
    "adam + bce+dice": (
        {"training.loss": "bce+dice"},
        {
            "none": (0.9534, 0.9427, 0.8969, 0.9416, 0.9460),
            "ptq": (0.9531, 0.9407, 0.8952, 0.9326, 0.9557),
            "qat": (0.9532, 0.9399, 0.8949, 0.9376, 0.9498),
            "sparse": (0.9546, 0.9446, 0.8994, 0.9477, 0.9439),
        },
    ),
    "adam + dice+focal": (
        {"training.loss": "dice+focal"},
        {
            "none": (0.9533, 0.9448, 0.8992, 0.9489, 0.9434),
            "ptq": (0.9531, 0.9404, 0.8949, 0.9422, 0.9445),
            "qat": (0.9548, 0.9454, 0.9013, 0.9455, 0.9483),
            "sparse": (0.9534, 0.9434, 0.8975, 0.9494, 0.9411),
        },
    ),
    "adam + bce+jaccard": (
        {"training.loss": "bce+jaccard"},
        {
            "none": (0.9541, 0.9449, 0.8997, 0.9452, 0.9471),
            "ptq": (0.9531, 0.9404, 0.8949, 0.9422, 0.9445),
            "qat": (0.9544, 0.9431, 0.8987, 0.9409, 0.9506),
            "sparse": (0.9535, 0.9434, 0.8975, 0.9494, 0.9411),
        },
    ),
    "rmsprop + bce+jaccard": (
        {"training.optimizer": "rmsprop", "training.loss": "bce+jaccard"},
        {
            "none": (0.947798, 0.957535, 0.897256, 0.957799, 0.956771),
            "ptq": (0.954473, 0.944771, 0.899828, 0.940101, 0.967221),
            "qat": (0.951916, 0.943059, 0.896906, 0.938187, 0.951274),
            "sparse": (0.9561, 0.9561, 0.9314, 0.9602, 0.9432),
        },
    ),
}

PAPER_1 = PaperGrid(
    name="paper1",
    title="Cell segmentation: optimizers and losses, with quantization and pruning",
    source="Table 3",
    task="cell",
    baseline="paper 1 base",
    combinations=tuple(
        Combination(
            name=name, changes=changes,
            reported={
                method: dict(zip(_METRICS, figures, strict=True))
                for method, figures in reported.items()
            },
        )
        for name, (changes, reported) in _TABLE_3.items()
    ),
    compressions=(
        Compression(), Compression(method="ptq"), Compression(method="qat"),
        Compression(method="sparse"),
    ),
    labels={"none": "Base", "ptq": "PostQ", "qat": "DuringTQ", "sparse": "Pruned"},
    metrics=_METRICS,
    remarks=(
        "ours are means over the images of the validation part, of the exported file; the test "
        "part stays locked",
        "the paper's are means over its own test images: compare within a column, not across",
        "rmsprop + bce+jaccard, none: the paper's F1 .9575 and Jaccard .8973 cannot both be means "
        "over the same images",
    ),
)  # fmt: skip
"""Eight combinations, one factor at a time around Adam with cross entropy, and four compressions.

F1 is Dice and Jaccard is IoU. The paper averaged over images: of figures pooled over all pixels, F1
F would come with a Jaccard of exactly F / (2 - F), and nearly all of its rows lie above that.
"""
