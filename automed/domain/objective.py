"""What a study optimizes, and what it must respect."""

from __future__ import annotations

from typing import Literal

from automed.domain.frozen import Frozen

Direction = Literal["maximize", "minimize"]

COST_METRICS = ("parameters", "macs", "size_bytes")
"""Metrics that are known exactly before any training."""


class Objective(Frozen):
    """A metric, which way is better, and the worst value that still counts."""

    metric: str
    direction: Direction = "maximize"
    reference: float | None = None
    """Reference point of the hypervolume; None: the worst value seen in the study."""

    @property
    def label(self) -> str:
        """The metric as axes and tables print it."""
        return LABELS.get(self.metric, self.metric)

    def loss(self, value: float) -> float:
        """The value with its sign turned so that smaller is better."""
        return -value if self.direction == "maximize" else value


class Constraint(Frozen):
    """A bound that a metric must keep."""

    metric: str
    bound: float
    kind: Literal["at_most", "at_least"] = "at_most"

    def violation(self, value: float) -> float:
        """How far the value lies on the wrong side of the bound; at most 0 where it is kept."""
        return value - self.bound if self.kind == "at_most" else self.bound - value

    def describe(self) -> str:
        """For example ``GFLOPs (MACs) at most 2``."""
        scale = SCALES.get(self.metric, 1.0)
        return (
            f"{LABELS.get(self.metric, self.metric)} "
            f"{self.kind.replace('_', ' ')} {self.bound / scale:g}"
        )


LABELS = {
    "dice": "Dice",
    "iou": "IoU",
    "precision": "Precision",
    "recall": "Recall",
    "accuracy": "Accuracy",
    "f1_macro": "F1 (macro)",
    "f1_weighted": "F1 (weighted)",
    "balanced_accuracy": "Balanced accuracy",
    "roc_auc": "ROC AUC",
    "dice_pooled": "Dice (all pixels)",
    "iou_pooled": "IoU (all pixels)",
    "precision_pooled": "Precision (all pixels)",
    "recall_pooled": "Recall (all pixels)",
    "accuracy_pooled": "Accuracy (all pixels)",
    "loss": "Loss",
    "macs": "GFLOPs (MACs)",
    "size_bytes": "Size (MB)",
    "parameters": "Parameters (M)",
    "latency_ms": "Latency (ms)",
}

SCALES = {"macs": 1e9, "size_bytes": 1e6, "parameters": 1e6}
"""What a cost is divided by before it is shown."""
