"""Post-training quantization to int8."""

from __future__ import annotations

import copy
import tempfile
from pathlib import Path

from torch import nn

from automed.artifact.export import export_onnx
from automed.compression.bench import Bench
from automed.compression.calibration import CalibrationImages
from automed.compression.method import Details
from automed.compression.quantize_onnx import quantize_onnx


class Ptq:
    """Quantizes the exported file with ranges seen on training images; trains nothing."""

    def __init__(self) -> None:
        self._details: Details = {}

    def prepare(self, model: nn.Module, bench: Bench) -> nn.Module:
        """The model as it is."""
        return model

    def finetune(self, model: nn.Module, bench: Bench) -> nn.Module:
        """The model as it is."""
        return model

    def finalize(self, model: nn.Module, path: Path, bench: Bench) -> nn.Module:
        """Write the int8 file.

        Returns:
            The float model that it stands for, on the CPU in eval mode.

        Raises:
            ExportError: The model cannot be exported, or the int8 file does not stand for it.
            CompressionError: It cannot be quantized.
        """
        plain = copy.deepcopy(model).cpu().eval()
        with tempfile.TemporaryDirectory(prefix="automed-float-") as folder:
            floating = Path(folder) / "float.onnx"
            export_onnx(plain, floating, bench.shape)
            done = quantize_onnx(floating, path, CalibrationImages(bench))
        self._details = {
            "calibration": done.calibration,
            "calibration_images": done.images,
            "quantized_nodes": done.nodes,
            "kept_float": len(done.kept_float),
            "calibration_snr_db": round(done.snr_db, 2),
        }
        if done.kept_float:
            self._details["kept_float_nodes"] = ", ".join(done.kept_float)
        if done.refused_db is not None:
            self._details["refused_faster_db"] = round(done.refused_db, 2)
        return plain

    def describe(self) -> Details:
        """How it was calibrated, and what of it is not int8."""
        return dict(self._details)
