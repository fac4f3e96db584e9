"""The model card of a bundle (Mitchell et al., "Model Cards for Model Reporting", FAT* 2019)."""

from __future__ import annotations

from collections.abc import Iterable

from automed.deploy.files import MODEL, SCRIPT
from automed.domain.bundle import Bundle
from automed.domain.objective import LABELS

_DEMO = (
    "> **SYNTHETIC DEMO DATA.** This model has learned from drawn pictures. Its answers on real "
    "images mean nothing; use it to try out the software, and for nothing else."
)


_DETAILS = {
    "calibration": "ranges of activations chosen by",
    "calibration_images": "training images that calibrated",
    "quantized_nodes": "layers that compute in int8",
    "kept_float": "layers that keep float activations",
    "kept_float_nodes": "which",
    "calibration_snr_db": "int8 against float probabilities on training images, dB",
    "refused_faster_db": "the same with faster kernels, for which the file was not rewritten, dB",
    "fake_quantized_layers": "layers trained with rounding",
    "pruned_layers": "layers that lost channels",
    "kept_channels": "share of their channels that is left",
    "kept_parameters": "share of all parameters that is left",
    "masked_difference": "largest difference to the model with masked channels",
    "weak_channels": "share of channels that sparsity learning weakened",
    "reached_sparsity": "share of zeros among prunable weights",
    "zero_share_of_parameters": "share of zeros among all parameters",
}
"""What steps of compression say of themselves, in words; others stand as they are."""


def card(bundle: Bundle) -> str:
    """The text of ``card.md``, in Markdown."""
    sections = (
        ("", _head(bundle)),
        ("Intended use", _use(bundle)),
        ("How to predict", _how(bundle)),
        ("Data", _data(bundle)),
        ("Metrics", _metrics(bundle)),
        ("Cost", _cost(bundle)),
        ("What to know before deploying it", [f"- {remark}" for remark in bundle.remarks]),
        ("Compression", _compression(bundle)),
        ("Fidelity of the exported file", _parity(bundle)),
        ("Limits", _limits(bundle)),
        ("Pretrained weights", [f"{bundle.weights.source}", f"Licence: {bundle.weights.license}."]),
        ("Configuration", _table(("parameter", "value"), bundle.config.items())),
        ("Versions", _table(("library", "version"), bundle.versions.items())),
    )
    blocks = []
    for title, lines in sections:
        body = list(lines)
        if body:
            blocks += [*([f"## {title}"] if title else []), "\n".join(body)]
    return "\n\n".join(blocks) + "\n"


def _head(bundle: Bundle) -> list[str]:
    parent = bundle.origin.parent
    compressed = "" if parent is None else f", compressed from trial {parent}"
    lines = [f"# {bundle.title}: {bundle.name}", ""]
    lines += [_DEMO, ""] if bundle.demo else []
    return [*lines, f"Task `{bundle.task}`, a {bundle.kind}{compressed}."]


def _use(bundle: Bundle) -> list[str]:
    what = f"the class of an image, one of: {', '.join(bundle.classes)}"
    if bundle.kind == "segmentation":
        what = f"the pixels of: {', '.join(bundle.classes)}"
    return [
        f"Predicts {what}, in images like those that it was trained on (below).",
        "",
        "For research. It is no medical device, was not validated in a clinic, and must not decide "
        "about a patient.",
    ]


def _how(bundle: Bundle) -> list[str]:
    channels, height, width = bundle.input_shape
    steps = "none" if bundle.preprocess == "raw" else bundle.preprocess.replace("+", ", then ")
    lines = [
        "```",
        f"pip install {' '.join(repr(one) for one in bundle.requirements)}",
        f"python {SCRIPT} IMAGES... -o FOLDER",
        "```",
        "",
        f"The model takes {height}x{width} pixels (height x width) of {channels} channels; other "
        f"images are resized. Preprocessing: {steps}. `{MODEL}` takes the normalized image; "
        f"`{SCRIPT}` does all of it.",
    ]
    if bundle.binary:
        lines += [
            "",
            f"Foreground is what has a probability of at least {bundle.threshold or 0.5:.3f}"
            + (", chosen on the validation part." if bundle.threshold else "."),
        ]
    return lines


def _data(bundle: Bundle) -> list[str]:
    origin = bundle.origin
    images = bundle.validation_images
    return [
        f"Data set `{origin.data}` (digest {origin.data_digest[:12]}), "
        f"split {origin.split_digest[:12]} with seed {origin.seed}"
        + (f"; {images} validation images." if images else "."),
    ]


def _metrics(bundle: Bundle) -> list[str]:
    rows = []
    for name, value in bundle.metrics.items():
        interval = bundle.intervals.get(name)
        between = "" if interval is None else f"{interval.low:.4f} to {interval.high:.4f}"
        chosen = " (selected by)" if name == bundle.guide else ""
        before = bundle.parent_metrics.get(name)
        parents = () if not bundle.parent_metrics else ("" if before is None else f"{before:.4f}",)
        rows.append((f"{LABELS.get(name, name)}{chosen}", f"{value:.4f}", between, *parents))
    known = [
        "",
        "Intervals: bootstrap over images, 2000 resamples. Images of one patient are not "
        "independent; with several images a patient the true intervals are wider.",
    ]
    return [
        "On the **validation part**, at the model's input size"
        + (_halved(bundle) if bundle.binary else "")
        + ". The search chose among many models by these images, so they are optimistic.",
        "",
        *_table(("metric", "value", "95 % interval", *_parents_column(bundle)), rows),
        *(known if bundle.intervals else ["", "No intervals: what each image gave is not known."]),
    ]


def _parents_column(bundle: Bundle) -> tuple[str, ...]:
    return (f"before compression (trial {bundle.origin.parent})",) if bundle.parent_metrics else ()


def _halved(bundle: Bundle) -> str:
    at_half = ", with a threshold of 0.5, at which the search compares models"
    if bundle.threshold in (None, 0.5):
        return at_half
    return (
        f"{at_half} (`{SCRIPT} --threshold 0.5`; without, it takes {bundle.threshold:.3f}, which "
        "gives at least as much over all pixels of that part)"
    )


def _cost(bundle: Bundle) -> list[str]:
    cost, predicted = bundle.cost, bundle.predicted_cost
    rows = []
    for label, field, scale, unit in (
        ("parameters", "parameters", 1e6, "M"), ("compute", "macs", 1e9, "GMACs"),
        ("size", "size_bytes", 1e6, "MB"), ("size, deflated", "zipped_bytes", 1e6, "MB"),
    ):  # fmt: skip
        now, before = getattr(cost, field), predicted and getattr(predicted, field)
        if now is not None:
            said = "" if not before else f"{before.value / scale:.3f} {unit}"
            rows.append((label, f"{now.value / scale:.3f} {unit}", now.source, said))
    latency = cost.latency
    timed = []
    if latency is not None:
        timed = [
            "",
            f"One call with {latency.batch} image(s) on {latency.threads} thread(s): "
            f"{latency.p50_ms:.2f} ms (median), {latency.p95_ms:.2f} ms (95th percentile); "
            f"{latency.device}, {latency.runtime}.",
        ]
    header = ("", "of this model", "source", "predicted before training")
    return [*_table(header, rows), "", cost.describe() + ".", *timed]


def _compression(bundle: Bundle) -> list[str]:
    if not bundle.details:
        return []
    rows = [(_DETAILS.get(k, k), f"{v:.4g}" if isinstance(v, float) else v)
            for k, v in bundle.details.items()]  # fmt: skip
    return _table(("", ""), rows)


def _parity(bundle: Bundle) -> list[str]:
    parity, guide = bundle.parity, bundle.guide
    if parity is None:
        return ["Not compared with the PyTorch model on validation images: see the remarks."]
    there = parity.metrics.get(guide)
    scored = "" if there is None else (
        f" {LABELS.get(guide, guide)}: {bundle.metrics[guide]:.4f} from the file, {there:.4f} from "
        "the PyTorch model."
    )  # fmt: skip
    return [
        f"Largest difference of a logit to the PyTorch model: {parity.max_difference:.2g}; signal "
        f"to noise of the logits {parity.snr_db:.0f} dB, on validation images.{scored}"
    ]


def _limits(bundle: Bundle) -> list[str]:
    lines = [
        "Images from other devices, stains, clinics or populations than the training data may fare "
        "worse, without any warning from the model.",
        "Probabilities are not calibrated.",
    ]
    if bundle.kind == "classification":
        lines.append("Every image gets one of the classes, even one that shows none of them.")
    return [f"- {line}" for line in lines]


def _table(header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> list[str]:
    lines = [header, tuple("---" for _ in header), *rows]
    return [f"| {' | '.join(str(cell).replace('|', '/') for cell in line)} |" for line in lines]
