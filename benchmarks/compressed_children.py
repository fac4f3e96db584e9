"""What compression costs in quality and saves in bytes and time, from studies on real images.

    automed search cell --data PATH --compress ptq,prune:0.5,prune:0.5+ptq ...
    python benchmarks/compressed_children.py STUDY [STUDY ...] [--workspace PATH] [--save FILE]

Each child beside its parent: both are ONNX files, scored in onnxruntime on the validation part, and
timed on one thread in turns with the same reference network.
"""

from __future__ import annotations

import argparse
import platform
from importlib.metadata import version
from pathlib import Path

from automed.api.front import show_front
from automed.artifact.cpu_name import cpu_name
from automed.domain.compression import compression_of
from automed.domain.study_spec import StudySpec
from automed.domain.trial import Trial, TrialState
from automed.domain.workspace import Workspace

HEADING = (
    "study", "model", "child", "quality", "drop", "bytes", "MACs", "faster", "predicted bytes",
)  # fmt: skip
PACKAGES = ("torch", "onnxruntime", "torch-pruning", "onnx")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("studies", nargs="+")
    parser.add_argument("--workspace", type=Path)
    parser.add_argument("--save", type=Path, help="write what is printed, as Markdown")
    arguments = parser.parse_args()
    rows = [row for name in arguments.studies for row in rows_of(name, arguments.workspace)]
    lines = ["| " + " | ".join(cells) + " |" for cells in (HEADING, ["---"] * len(HEADING), *rows)]
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    text = "\n".join(
        [
            "# Compressed children beside their parents",
            "",
            *lines,
            "",
            "Quality is Dice, or macro F1, on the validation part; a drop below 0 is a gain.",
            "Bytes and MACs are shares of the parent's. Faster is the parent's time over the",
            "child's: one image, one thread.",
            "",
            f"{cpu_name()}, Python {platform.python_version()}, {versions}.",
        ]
    )
    print(text)
    if arguments.save is not None:
        arguments.save.write_text(text + "\n", encoding="utf-8")


def rows_of(name: str, workspace: Path | None) -> list[list[str]]:
    shown = show_front(name, Workspace.at(workspace))
    complete = {t.number: t for t in shown.trials if t.state is TrialState.COMPLETE}
    return [
        row_of(shown.spec, complete[trial.parent], trial)
        for trial in complete.values()
        if trial.parent in complete
    ]


def row_of(spec: StudySpec, parent: Trial, child: Trial) -> list[str]:
    assert parent.result is not None
    assert child.result is not None
    assert child.predicted is not None
    before, after = parent.result.cost, child.result.cost
    assert before.latency is not None
    assert after.latency is not None
    quality = child.result.metrics[spec.task.guide]
    drop = spec.task.quality.loss(quality) - spec.task.quality.loss(
        parent.result.metrics[spec.task.guide]
    )
    height, width = spec.task.image_size
    model = " ".join(
        str(child.config[key])
        for key in ("model.architecture", "model.encoder")
        if key in child.config
    )
    return [
        f"{spec.data.name} {height}x{width}", model, str(compression_of(child.config)),
        f"{quality:.4f}", f"{drop:+.4f}", f"{after.size_bytes.value / before.size_bytes.value:.3f}",
        f"{after.macs.value / before.macs.value:.3f}",
        f"{before.latency.ratio / after.latency.ratio:.2f}x",
        f"{child.predicted.size_bytes.value / after.size_bytes.value - 1:+.1%}",
    ]  # fmt: skip


if __name__ == "__main__":
    main()
