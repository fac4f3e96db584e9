"""From a config to a model with random weights."""

from __future__ import annotations

import traceback

import timm
import torch

from automed.domain.config import Config
from automed.domain.suggestion import suggestion
from automed.domain.task import AnyTask, ClassificationTask, SegmentationTask
from automed.models.architectures import ARCHITECTURES, Architecture, Arguments
from automed.models.build_error import BuildError
from automed.models.encoders import check_encoder, encoder_of, quiet_smp, smp_name
from automed.models.strided_pointwise import guard_strided_pointwise
from automed.models.unread_stages import drop_unread_stages

__all__ = ["BuildError", "architecture_of", "build_model"]

_LEAVE_OUT = "leave it out: --set model.encoder=NAME,NAME,... with the others"


def build_model(config: Config, task: AnyTask) -> torch.nn.Module:
    """A model as its config describes it.

    Weights are drawn from torch's global random state, on the default device: seed it before.

    Args:
        config: Its ``model.*`` keys are read; all of them must be known to the architecture.
        task: Gives the channels and the classes.

    Returns:
        Takes float images (batch, channels, height, width), normalized; gives logits of shape
        (batch, task.outputs, height, width) for a segmentation, (batch, classes) for a
        classification.

    Raises:
        BuildError: The encoder or the architecture is unknown, or they do not go together.
    """
    if isinstance(task, SegmentationTask):
        model = _segmentation(config, task)
    else:
        model = _classification(config, task)
    guard_strided_pointwise(model)
    return model


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
    _refuse_unknown(config, architecture.parameters)
    arguments = architecture.arguments(config)
    if architecture.size_argument is not None:
        arguments[architecture.size_argument] = task.image_size
    if not architecture.encoders:
        return architecture.build(in_channels=task.channels, classes=task.outputs, **arguments)
    return _with_encoder(architecture, config, task, arguments)


def _with_encoder(
    architecture: Architecture, config: Config, task: SegmentationTask, arguments: Arguments
) -> torch.nn.Module:
    name = smp_name(_named_encoder(config), architecture.depth_of(arguments))
    try:
        with quiet_smp():
            model = architecture.build(
                name, encoder_weights=None,
                in_channels=task.channels, classes=task.outputs, **arguments,
            )  # fmt: skip
    except Exception as error:
        raise BuildError(
            f"the encoder {encoder_of(config)!r} cannot be built into {architecture.title}",
            found=_first_line(error),
            expected=architecture.encoders,
            hint=_LEAVE_OUT,
        ) from error
    drop_unread_stages(model)
    return model


def _classification(config: Config, task: ClassificationTask) -> torch.nn.Module:
    _refuse_unknown(config, ("model.encoder", "model.dropout"))
    encoder = _named_encoder(config)
    check_encoder(encoder)
    if not task.classes:
        raise BuildError(
            f"the classes of task {task.name!r} are not known yet",
            hint="open the data set first and give the task its classes",
        )
    try:
        model: torch.nn.Module = timm.create_model(
            encoder,
            num_classes=task.outputs,
            in_chans=task.channels,
            drop_rate=float(config.get("model.dropout", 0.0)),
        )
    except Exception as error:
        raise BuildError(
            f"the encoder {encoder!r} cannot be built into a classifier",
            found=_first_line(error), hint=_LEAVE_OUT,
        ) from error  # fmt: skip
    return model


def _named_encoder(config: Config) -> str:
    encoder = encoder_of(config)
    if encoder is None:
        raise BuildError("the config names no model.encoder")
    return encoder


def _refuse_unknown(config: Config, known: tuple[str, ...]) -> None:
    unknown = [key for key in config.part("model.") if key not in known]
    if unknown:
        raise BuildError(
            f"{', '.join(unknown)} would have no effect{suggestion(unknown[0], known)}",
            expected=", ".join(sorted(known)),
        )


def _first_line(error: Exception) -> str:
    text = str(error) or str(traceback.extract_tb(error.__traceback__)[-1].line)
    return f"{type(error).__name__}: {text}".splitlines()[0]
