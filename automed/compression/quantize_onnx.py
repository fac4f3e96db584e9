"""From a float ONNX file to one that computes in int8."""

from __future__ import annotations

import contextlib
import io
import logging
import tempfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
import onnx
import onnxruntime
import torch
from onnxruntime.quantization import QDQQuantizer, QuantType, quant_pre_process
from onnxruntime.quantization.calibrate import TensorsData
from onnxruntime.quantization.quant_utils import load_model_with_shape_infer

from automed.artifact.export import INPUT
from automed.artifact.quantized import check_quantized
from automed.artifact.session import open_session
from automed.compression.calibration import Batch, CalibrationImages, activation_ranges
from automed.compression.faster_graph import pool_globally, upsample_by_copies
from automed.compression.float_activations import with_float_activations
from automed.compression.half_resolution import halve_resolution
from automed.compression.integer_hard_sigmoid import add_hard_sigmoids
from automed.compression.shared_ranges import leave_logits, share_ranges
from automed.compression.static_sizes import fix_scales
from automed.compression.whole_vectors import fill_vectors
from automed.domain.compression import Calibration
from automed.domain.errors import CompressionError, ExportError

WEIGHTED = ("Conv", "ConvTranspose", "MatMul", "Gemm")
"""Operators that compute with weights: what int8 makes faster and smaller."""

OPERATORS = (
    *WEIGHTED, "Add", "Mul", "Sigmoid", "Relu", "Clip", "LeakyRelu", "MaxPool", "AveragePool",
    "GlobalAveragePool", "Resize", "Concat", "Pad", "Reshape", "Flatten", "Squeeze", "Unsqueeze",
    "Transpose", "Split", "Slice",
)  # fmt: skip
"""Those between them that onnxruntime also computes in integers, so that activations stay u8."""

ENOUGH_DB = 25.0
"""SNR of the probabilities on the calibration images below which other ranges are tried."""
_SAME_DB = 80.0
"""SNR of logits from which on a float graph rewritten for speed answers as before."""
_NOISIER_DB = 6.0
"""How much further from the float graph a rewritten one may be than the float graph is from itself,
once onnxruntime does not optimize it: its sums are added in yet another order."""
_WORSE_DB = 3.0
"""How much further from the float file an int8 graph rewritten for speed may be than before: sums
that are rounded in another order differ by a step now and then."""
_POOR = 10.0
"""Decibels below that from which on some nodes keep float activations, which costs time."""
_KEPT = 0.25
"""At most this share of the weighted nodes keeps float activations."""
_STRETCHES = 16
"""Into so many parts of neighbouring nodes the graph is cut, to find those that lose most."""
_COMPARED, _CLASSIFIED = 16, 64
"""Calibration images on which the probabilities are compared, of masks and of classes. A mask is
thousands of decisions, a class is one: of few images, chance would tell which ranges are best."""


@dataclass(frozen=True)
class Quantized:
    """What was done.

    Attributes:
        calibration: How the ranges were chosen in the end.
        images: How many calibrated.
        nodes: Weighted nodes that compute in int8.
        kept_float: Names of those that keep float activations; their weights are int8.
        snr_db: Of the probabilities on calibration images, against the float file.
        refused_db: What that would have become with kernels that are faster, where the file was
            not rewritten for them; None: it was.
    """

    calibration: str
    images: int
    nodes: int
    kept_float: tuple[str, ...]
    snr_db: float
    refused_db: float | None = None


def quantize_onnx(
    source: Path, target: Path, images: CalibrationImages, enough_db: float = ENOUGH_DB
) -> Quantized:
    """Write an int8 file: QDQ, u8 activations, s8 weights a channel, for onnxruntime on CPUs.

    Where the int8 probabilities of the calibration images are too far from the float ones, ranges
    are chosen in the other ways too and the nearest is kept; where even that is poor, the parts of
    the graph that lose most keep float activations. Weights are int8 always, so that the file stays
    small. One image with a bright spot can widen all ranges by minmax: which way is best depends on
    the images that are drawn.

    Args:
        source: As `export_onnx` writes it.
        target: Of the int8 file.
        images: What calibrates.
        enough_db: SNR of the probabilities from which on no fall-back is tried.

    Raises:
        CompressionError: Nothing can be quantized, or onnxruntime's quantizer fails.
        ExportError: The int8 file does not stand for the float file.
        OSError: The file cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="automed-int8-") as name, _quiet():
        folder = Path(name)
        graph = folder / "preprocessed.onnx"
        # Symbolic inference fails on some graphs that the exporter annotated well (DeepLabV3+).
        quant_pre_process(str(source), str(graph), skip_symbolic_shape=True)
        _prepare(graph, images)
        if not _weighted(onnx.load(graph, load_external_data=False)):
            raise CompressionError(
                "the model has nothing to quantize",
                found="no convolution and no matrix product",
                expected=f"some of {', '.join(WEIGHTED)}",
            )
        try:
            search = _Search(graph, folder, images, enough_db)
            found = search.run()
        except (ValueError, RuntimeError, KeyError, AssertionError) as error:
            raise CompressionError(
                f"onnxruntime {onnxruntime.__version__} cannot quantize the model",
                found=f"{type(error).__name__}: {error}",
                hint="leave int8 out of --compress for this architecture",
            ) from error
        _sign(found.model, search.floating)
        target.write_bytes(_bytes(found.model))
        check_quantized(graph, target, np.concatenate(list(images.batches())))
        refused = _accelerate(found, target, search)
    return Quantized(
        found.calibration, len(images.picked), len(search.nodes) - len(found.kept), found.kept,
        found.snr_db, refused,
    )  # fmt: skip


def _prepare(graph: Path, images: CalibrationImages) -> None:
    """Rewrite the float file into what is fast in integers."""
    model = onnx.load(graph)
    fix_scales(model)
    if pool_globally(model) + halve_resolution(model) + fill_vectors(model):
        inputs = _first(images, 4)
        before = _answers(graph.read_bytes(), inputs)
        found = snr_db(before, _answers(_bytes(model), inputs))
        if found < _SAME_DB:
            # Deep models that amplify what float32 rounds do not repeat themselves any better.
            own = snr_db(before, _answers(graph.read_bytes(), inputs, optimized=False))
            _expect_same(found, min(_SAME_DB, own - _NOISIER_DB))
        onnx.save(model, graph)


def _accelerate(found: _Candidate, target: Path, search: _Search) -> float | None:
    """Rewrite the checked file for speed.

    Integer kernels round a level up that others round down, now and then. Most models do not mind;
    one that amplifies what it is given may answer otherwise, which on its own is no worse. But its
    answers are not those that were checked, and no one could tell them from a defect of the
    rewriting: such a file stays as it is, and slower.

    Returns:
        Where it stays as it is, the SNR that it would have had; else None.
    """
    model = found.model
    faster = share_ranges(model, search.floating) + leave_logits(model) + add_hard_sigmoids(model)
    if faster + upsample_by_copies(model, search.floating):
        nearness = search.snr_db(model)
        if not nearness >= found.snr_db - _WORSE_DB:
            return nearness
        target.write_bytes(_bytes(model))
    return None


def _expect_same(found: float, enough: float) -> None:
    if not found >= enough:
        raise ExportError(
            "the float graph does not answer as before once it is rewritten for speed",
            found=f"a signal-to-noise ratio of {found:.1f} dB",
            expected=f"at least {enough:.1f} dB",
            hint="report the model's config: this is a defect of automed",
        )


def _bytes(model: onnx.ModelProto) -> bytes:
    data: bytes = model.SerializeToString(deterministic=True)
    return data


@dataclass(frozen=True, eq=False)
class _Candidate:
    model: onnx.ModelProto
    calibration: str
    kept: tuple[str, ...]
    snr_db: float


class _Search:
    """For int8 graphs whose logits are near enough."""

    def __init__(
        self, graph: Path, folder: Path, images: CalibrationImages, enough_db: float
    ) -> None:
        self._enough = enough_db
        self._graph, self._folder, self._images = graph, folder, images
        self.floating = onnx.load(graph)
        self.nodes = _weighted(self.floating)
        self._inputs = _first(images, _COMPARED)
        self._logits = _answers(graph.read_bytes(), self._inputs)
        if self._logits.ndim == 2:
            self._inputs = _first(images, _CLASSIFIED)
            self._logits = _answers(graph.read_bytes(), self._inputs)

    def run(self) -> _Candidate:
        found = self._calibrated(self._images)
        for other in get_args(Calibration):
            if found.snr_db >= self._enough:
                return found
            if other != self._images.method:
                nearer = self._calibrated(self._images.by(other))
                if nearer.snr_db > found.snr_db and self._stands(nearer):
                    found = nearer
        return found if found.snr_db >= self._enough - _POOR else self._keeping(found)

    def _calibrated(self, images: CalibrationImages) -> _Candidate:
        ranges = activation_ranges(self._graph, images, OPERATORS, self._folder)
        model = quantized(self._graph, ranges)
        return self._measured(model, images.method, ())

    def _stands(self, candidate: _Candidate) -> bool:
        """Whether the gate would let it pass: entropy may cut off more than that allows."""
        path = self._folder / "candidate.onnx"
        path.write_bytes(_bytes(candidate.model))
        try:
            check_quantized(self._graph, path, np.concatenate(list(self._images.batches())))
        except ExportError:
            return False
        return True

    def _keeping(self, plain: _Candidate) -> _Candidate:
        """With float activations for the stretches of the graph that lose most."""
        stretches = [list(chunk) for chunk in np.array_split(self.nodes, _STRETCHES) if len(chunk)]
        alone = [self._kept(plain, stretch) for stretch in stretches]
        order = np.argsort([-found.snr_db for found in alone], kind="stable")
        best, kept = plain, list[str]()
        for place in order:
            kept += stretches[place]
            if len(kept) > max(1, int(_KEPT * len(self.nodes))):
                break
            best = max(best, self._kept(plain, kept), key=_near)
            if best.snr_db >= self._enough:
                break
        return best

    def _kept(self, plain: _Candidate, nodes: Collection[str]) -> _Candidate:
        model = with_float_activations(plain.model, nodes, self.floating)
        return self._measured(model, plain.calibration, tuple(nodes))

    def _measured(
        self, model: onnx.ModelProto, calibration: str, kept: tuple[str, ...]
    ) -> _Candidate:
        return _Candidate(model, calibration, kept, self.snr_db(model))

    def snr_db(self, model: onnx.ModelProto) -> float:
        """Of the probabilities of calibration images, against the float file."""
        logits = _answers(_bytes(model), self._inputs)
        return snr_db(probabilities(self._logits), probabilities(logits))


def _answers(model: bytes, inputs: list[Batch], *, optimized: bool = True) -> Batch:
    session = open_session(model, optimized=optimized)
    return np.concatenate([session.run(None, {INPUT: batch})[0] for batch in inputs])


def quantized(graph: Path, ranges: TensorsData) -> onnx.ModelProto:
    """The QDQ model of a preprocessed float file."""
    quantizer = QDQQuantizer(
        load_model_with_shape_infer(graph), True, False, QuantType.QInt8, QuantType.QUInt8,
        ranges, [], [], list(OPERATORS), {},
    )  # fmt: skip
    quantizer.quantize_model()
    quantizer.model.topological_sort()  # ONNX asks for it, and the quantizer leaves it out
    model: onnx.ModelProto = quantizer.model.model
    return model


def probabilities(logits: Batch) -> Batch:
    """What decisions are made by: far from zero, the noise of a logit changes nothing."""
    wide = torch.from_numpy(logits)
    return (wide.sigmoid() if wide.shape[1] == 1 else wide.softmax(dim=1)).numpy()


def snr_db(reference: Batch, other: Batch) -> float:
    """Power of logits over that of a difference, in decibels; minus infinity if not finite."""
    noise = float(np.square(reference - other, dtype=np.float64).sum())
    power = float(np.square(reference, dtype=np.float64).sum())
    if noise == 0:
        return 200.0  # zeros for zeros, too
    if not np.isfinite(noise) or power == 0:
        return -np.inf
    return min(200.0, float(10 * np.log10(power / noise)))


def _near(candidate: _Candidate) -> float:
    return candidate.snr_db


def _first(images: CalibrationImages, count: int) -> list[Batch]:
    found: list[Batch] = []
    for batch in images.batches(size=4):
        found.append(batch)
        if 4 * len(found) >= count:
            break
    return found


def _weighted(model: onnx.ModelProto) -> list[str]:
    return [node.name for node in model.graph.node if node.op_type in WEIGHTED]


def _sign(model: onnx.ModelProto, source: onnx.ModelProto) -> None:
    """What the float file says of its maker, without the quantizer's and the shapes' notes."""
    del model.graph.value_info[:], model.metadata_props[:]
    model.metadata_props.extend(p for p in source.metadata_props if "onnx" not in p.key)
    model.producer_name, model.producer_version = source.producer_name, source.producer_version


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the lines of onnxruntime and its quantizer on the terminal."""
    disabled = logging.root.manager.disable
    # logging.warning() of the root logger would install a handler for good, were there none.
    silent = logging.NullHandler()
    logging.root.addHandler(silent)
    logging.disable(logging.CRITICAL)
    onnxruntime.set_default_logger_severity(4)
    try:
        with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
            yield
    finally:
        onnxruntime.set_default_logger_severity(2)
        logging.disable(disabled)
        logging.root.removeHandler(silent)
