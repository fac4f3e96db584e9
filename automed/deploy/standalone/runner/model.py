"""The exported model with what its manifest says about images and classes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from . import preprocess
from .manifest import CLASSIFICATION, SEGMENTATION, is_binary, read_manifest
from .preprocess import Box, Image
from .refused import RefusedError
from .regions import count_components
from .resize import resize


@dataclass(frozen=True)
class Region:
    """What an image shows of one class.

    Attributes:
        area: Pixels.
        share: Of all pixels of the image.
        components: Connected components, corners connecting.
        confidence: Mean probability of the class over its pixels; None: it has none.
    """

    area: int
    share: float
    components: int
    confidence: float | None


@dataclass(frozen=True, eq=False)
class Prediction:
    """What the model says about one image.

    Attributes:
        mask: Of a segmentation: class indices, 0 for background, uint8 (height, width), at the
            image's own size.
        regions: Of a segmentation: by class.
        probabilities: Of a classification: by class.
    """

    mask: NDArray[np.uint8] | None
    regions: dict[str, Region]
    probabilities: dict[str, float]


class Model:
    """A bundle that is ready to predict.

    Args:
        folder: Of the bundle.
        threads: Within an operator; 0: as many as the machine has cores.
        threshold: Of a binary segmentation, in place of the manifest's.

    Raises:
        RefusedError: A file is missing or damaged, or something that it needs is not installed.
    """

    def __init__(self, folder: Path, threads: int = 0, threshold: float | None = None) -> None:
        self.manifest = read_manifest(folder)
        self.channels, *size = self.manifest["input_shape"]
        self.size = (int(size[0]), int(size[1]))
        self.classes: list[str] = self.manifest["classes"]
        self.kind: str = self.manifest["kind"]
        self.binary = is_binary(self.manifest)
        if threshold is not None and not self.binary:
            raise RefusedError(
                "--threshold has no effect on several classes: the most probable one is taken"
            )
        self.threshold = float(
            self.manifest.get("threshold") or 0.5 if threshold is None else threshold
        )
        preprocess.check(self.manifest["preprocess"])
        self._mean, self._std = (
            np.array(self.manifest["normalization"][name], np.float32) for name in ("mean", "std")
        )
        self._session = _session(checked_model(folder, self.manifest), threads)
        self._check_shapes(folder)

    def predict(self, image: Image) -> Prediction:
        """Answer for one image.

        Args:
            image: uint8, shape (height, width, channels), of any size.
        """
        logits, box = self.logits(image)
        if self.kind == CLASSIFICATION:
            probabilities = map(float, _softmax(logits))
            return Prediction(None, {}, dict(zip(self.classes, probabilities, strict=True)))
        mask = np.zeros(image.shape[:2], np.uint8)
        sure = np.zeros(image.shape[:2], np.float32)
        mask[box], sure[box] = self._mask(logits, mask[box].shape)
        found = {c: _region(mask == i, sure) for i, c in enumerate(self.classes, start=1)}
        return Prediction(mask, found, {})

    def logits(self, image: Image) -> tuple[NDArray[np.float32], Box]:
        """What the model answers at its own size, and which part of the image that is."""
        ready, box = preprocess.prepare(image, self.manifest["preprocess"], self.size)
        normalized = (ready.astype(np.float32) / np.float32(255) - self._mean) / self._std
        batch = np.ascontiguousarray(normalized.transpose(2, 0, 1)[None])
        return self._session.run(None, {self._session.get_inputs()[0].name: batch})[0][0], box

    def _check_shapes(self, folder: Path) -> None:
        image = (self.channels, *self.size)
        masks = self.kind == SEGMENTATION
        outputs = len(self.classes) + (masks and not self.binary)
        for what, node, expected in (
            ("takes", self._session.get_inputs()[0], image),
            ("answers with", self._session.get_outputs()[0], (outputs, *self.size * masks)),
        ):
            found = node.shape[1:]
            if len(found) != len(expected) or any(
                isinstance(f, int) and f != e for f, e in zip(found, expected, strict=True)
            ):
                raise RefusedError(
                    f"{folder / 'manifest.json'} does not fit the model, which {what} "
                    f"{_times(found)}, not {_times(expected)}"
                )

    def _mask(
        self, logits: NDArray[np.float32], size: tuple[int, ...]
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Class indices, and the probability of each; probabilities are resized, then compared."""
        goal = (size[0], size[1])
        if self.binary:
            foreground = resize(_sigmoid(logits).transpose(1, 2, 0), goal)[..., 0]
            return (foreground >= np.float32(self.threshold)).astype(np.uint8), foreground
        winner, most = np.zeros(goal, np.uint8), np.full(goal, -1, np.float32)
        for index, plane in enumerate(_softmax(logits)):  # one at a time: pictures may be large
            probability = resize(plane[..., None], goal)[..., 0]
            wins = probability > most
            winner[wins], most[wins] = index, probability[wins]
        return winner, most


def checked_model(folder: Path, manifest: dict[str, Any]) -> bytes:
    """The bytes of the model, if they are those that the manifest was written for.

    Raises:
        RefusedError: The file is missing or another one.
    """
    file = folder / "model.onnx"
    try:
        data = file.read_bytes()
    except OSError as error:
        raise RefusedError(f"{file}: {error.strerror}; copy the whole bundle again") from None
    if hashlib.sha256(data).hexdigest() != manifest["model_sha256"]:
        raise RefusedError(f"{file} is not the file that was exported: its SHA-256 differs")
    return data


def _times(shape: Sequence[object]) -> str:
    return "x".join(map(str, shape))


def _session(model: bytes, threads: int) -> Any:  # noqa: ANN401 - onnxruntime is untyped
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise RefusedError(
            f"onnxruntime {onnxruntime.__version__} cannot open the model: {error}"
        ) from error


def _sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray((1 + np.tanh(logits / 2)) / 2, np.float32)


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    raised = np.exp(logits - logits.max(axis=0))
    return np.asarray(raised / raised.sum(axis=0), np.float32)


def _region(mask: NDArray[np.bool_], probability: NDArray[np.float32]) -> Region:
    area = int(mask.sum())
    confidence = float(probability[mask].mean(dtype=np.float64)) if area else None
    return Region(area, area / mask.size, count_components(mask), confidence)
