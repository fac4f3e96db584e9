"""From a config to a model with random weights."""

from __future__ import annotations

import timm
import torch

from automed.domain.config import Config
from automed.domain.space_edit import suggestion
from automed.domain.task import AnyTask, ClassificationTask, SegmentationTask
from automed.models.architectures import ARCHITECTURES, Architecture
from automed.models.build_error import BuildError
from automed.models.encoders import check_encoder, quiet_smp, smp_name

__all__ = ["BuildError", "architecture_of", "build_model"]


def build_model(config: Config, task: AnyTask) -> torch.nn.Module:
    """A model as its config describes it.

    Weights are drawn from torch's global random state, on the default device: seed it before.

    Args:
        config: Its ``model.*`` keys are read; all of them must be known to the architecture.
        task: Gives the channels and the classes.

    Returns:
        Takes float images (batch, channels, height, width), normalized; gives logits of shape
        (batch, 1, height, width) for a segmentation, (batch, classes) for a classification.

    Raises:
        BuildError: The encoder or the architecture is unknown, or they do not go together.
    """
    if "model.encoder" not in config:
        raise BuildError("the config names no model.encoder")
    if isinstance(task, SegmentationTask):
        return _segmentation(config, task)
    return _classification(config, task)


def architecture_of(config: Config) -> Architecture:
    """The row of the table that a config names.

    Raises:
        BuildError: There is no such architecture.
    """
    name = str(config.get("model.architecture", ""))
    if name not in ARCHITECTURES:
        raise BuildError(
            f"there is no architecture {name!r}{suggestion(name, ARCHITECTURES)}",
            expected=f"model.architecture, one of {', '.join(ARCHITECTURES)}",
        )
    return ARCHITECTURES[name]


def _segmentation(config: Config, task: SegmentationTask) -> torch.nn.Module:
    architecture = architecture_of(config)
    _refuse_unknown(config, {"model.architecture", "model.encoder", *architecture.keys})
    name = smp_name(str(config["model.encoder"]))
    arguments = architecture.arguments(config)
    try:
        with quiet_smp():
            model: torch.nn.Module = architecture.build(
                name, encoder_weights=None, in_channels=task.channels, classes=1, **arguments
            )
    except Exception as error:
        raise _unbuildable(config, architecture.title, error) from error
    return model


def _classification(config: Config, task: ClassificationTask) -> torch.nn.Module:
    _refuse_unknown(config, {"model.encoder", "model.dropout"})
    encoder = str(config["model.encoder"])
    check_encoder(encoder)
    if not task.classes:
        raise BuildError(
            f"the classes of task {task.name!r} are not known yet",
            hint="open the data set first and give the task its classes",
        )
    try:
        model: torch.nn.Module = timm.create_model(
            encoder,
            num_classes=len(task.classes),
            in_chans=task.channels,
            drop_rate=float(config.get("model.dropout", 0.0)),
        )
    except Exception as error:
        raise _unbuildable(config, "a classifier", error) from error
    return model


def _refuse_unknown(config: Config, known: set[str]) -> None:
    unknown = [key for key in config.part("model.") if key not in known]
    if unknown:
        raise BuildError(
            f"{', '.join(unknown)} would have no effect{suggestion(unknown[0], known)}",
            expected=", ".join(sorted(known)),
        )


def _unbuildable(config: Config, what: str, error: Exception) -> BuildError:
    return BuildError(
        f"the encoder {config['model.encoder']!r} cannot be built into {what}",
        found=f"{type(error).__name__}: {error}".splitlines()[0],
        hint="leave it out: --set model.encoder=NAME,NAME,... with the others",
    )
