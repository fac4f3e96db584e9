"""What the papers printed about their models, where it can stand on the axes of a front.

Left out is what no count reproduces: of Jeong et al., Table 11, the GFLOPs of TransFuse-S,
SSFormer, HarDNet-MSEG and MSRF-Net; of DeepLabV3+ with MobileNetV3 the 6.18 "parameters", which
belong to a smaller encoder; of Polisi et al. the 364 MB, which hold the optimizer's state as
well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from automed.domain.paper1_grid import PAPER_1

MEBIBYTE = 2**20


@dataclass(frozen=True)
class Published:
    """One row of a paper's table.

    Attributes:
        task: Name of the task that the paper belongs to.
        paper: Who, when, and the table.
        name: What the paper calls the model.
        part: Which images the quality is of. A search's own figures are of the validation part.
        values: By the names and in the units of results: Dice in [0, 1], MACs, bytes.
        input_size: Height and width at which the compute was counted; None: it is not printed.
    """

    task: str
    paper: str
    name: str
    part: Literal["validation", "test"]
    values: dict[str, float]
    input_size: tuple[int, int] | None = None


def published_points(task: str, x: str, y: str, size: tuple[int, int]) -> list[Published]:
    """The rows that have both metrics, counted at the same input size where that matters.

    Args:
        task: Name of the study's.
        x: Metric across.
        y: Metric up.
        size: Height and width of the study's input.
    """
    return [
        row
        for row in PUBLISHED
        if row.task == task
        and {x, y} <= set(row.values)
        and (row.input_size == size or "macs" not in (x, y))
    ]


def published_levels(task: str, x: str, y: str) -> list[Published]:
    """The rows whose paper prints the quality y, and nothing of the price x."""
    return [
        row
        for row in PUBLISHED
        if row.task == task and y in row.values and x not in row.values and y != "macs"
        if not any(price in row.values for price in ("macs", "parameters", "size_bytes"))
    ]


def left_out(task: str, x: str, y: str, size: tuple[int, int]) -> tuple[int, int] | None:
    """The input size at which a paper counted, where its rows are left out for that reason."""
    wanted = [row for row in PUBLISHED if row.task == task and {x, y} <= set(row.values)]
    others = [row.input_size for row in wanted if row not in published_points(task, x, y, size)]
    return next((other for other in others if other is not None), None)


_POLYP = (288, 384)
_JEONG = "Jeong et al. 2023"


def _polyp(
    name: str,
    table: int,
    dice: float,
    *,
    gflops: float | None = None,
    mebibytes: float | None = None,
    millions: float | None = None,
) -> Published:
    """A row of Jeong et al., figures as printed: Dice in per cent.

    Their GFLOPs are thop's, 1 to 4 % above the multiply-accumulates that we count. Their
    "parameters" of Table 4 are MiB of float32 weights; those of others in Table 11 are millions.
    """
    values = {"dice": dice / 100}
    if gflops is not None:
        values["macs"] = gflops * 1e9
    if millions is not None:
        values["parameters"] = millions * 1e6
    if mebibytes is not None:
        values |= {"size_bytes": mebibytes * MEBIBYTE, "parameters": mebibytes * MEBIBYTE / 4}
    return Published(
        "polyp", f"{_JEONG}, Table {table}", name, "test" if table == 11 else "validation", values,
        _POLYP,
    )  # fmt: skip


def _others() -> list[Published]:
    reported = {c.name: c.reported for c in PAPER_1.combinations}
    cell = (
        ("Adam, BCE", reported["adam + bce"]["none"]),
        ("RMSprop, Jaccard+BCE, pruned", reported["rmsprop + bce+jaccard"]["sparse"]),
    )
    return [
        *(Published("cell", "Polisi et al. 2025, Table 3", n, "test", dict(v)) for n, v in cell),
        Published(
            "leukemia", "Audina et al., Table 4", "EfficientNet-B4, raw images", "test",
            {"accuracy": 0.95, "f1_macro": 0.94, "f1_weighted": 0.95},
        ),
        Published(
            "leukemia", "Audina et al., Table 7", "EfficientNet-B4, segmented", "test",
            {"accuracy": 0.97, "f1_macro": 0.97, "f1_weighted": 0.97},
        ),
        # How precision, recall and F1 were averaged is not printed.
        *(
            Published("breast_cell", "Kakumani and Padma Sree, Table III", name, "test",
                      {"accuracy": accuracy})
            for name, accuracy in (
                ("EfficientNetV2-B0", 0.9815), ("Inception V3", 0.9444), ("NASNet Mobile", 0.8846),
            )
        ),
    ]  # fmt: skip


PUBLISHED = (
    _polyp("U-Net, MobileNetV3", 4, 93.42, gflops=4.795, mebibytes=18.64),
    _polyp("U-Net, EfficientNet", 4, 92.01, gflops=6.278, mebibytes=33.88),
    _polyp("U-Net, RegNet", 4, 91.56, gflops=8.808, mebibytes=55.27),
    _polyp("DeepLabV3+, MobileNetV3", 4, 94.03, gflops=1.623),
    _polyp("DeepLabV3+, EfficientNet", 4, 93.75, gflops=4.351, mebibytes=28.25),
    _polyp("DeepLabV3+, RegNet", 4, 93.21, gflops=5.718, mebibytes=45.61),
    _polyp("Ranger, 288 channels", 10, 95.83, gflops=1.845),
    _polyp("Ranger, atrous 8/22/36", 10, 96.35, gflops=1.623),
    _polyp("Ranger, atrous 8/22/36, 288 channels", 10, 96.21, gflops=1.845),
    _polyp("DoubleUNet", 11, 92.39, gflops=91.052, millions=29.29),
    _polyp("ResUNet++ with CRF", 11, 92.03, gflops=26.668, millions=4.07),
    _polyp("TransFuse-S", 11, 91.80, millions=26.30),
    _polyp("SSFormer", 11, 94.47, millions=66.20),
    _polyp("HarDNet-MSEG", 11, 93.20, mebibytes=66.47),
    *_others(),
)
