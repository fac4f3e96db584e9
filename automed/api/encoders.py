"""Which encoders there are for a task, and what each costs at its image size."""

from __future__ import annotations

from dataclasses import dataclass

from automed.api.progress import Steps, silent
from automed.api.request import check_image_size, check_positive, encoders_of
from automed.domain.config import Config
from automed.domain.cost import Cost
from automed.domain.placeholder_classes import PLACEHOLDERS, with_classes
from automed.domain.task import AnyTask
from automed.models.architectures import ARCHITECTURES
from automed.models.build import architecture_of
from automed.models.build_error import BuildError
from automed.models.catalogue import CATALOGUE, CuratedEncoder, Weights, published_weights
from automed.models.cost import predict_cost
from automed.models.encoder_cost import encoder_cost
from automed.registry.tasks import load_task

DEFAULT_SIZE = (224, 224)


@dataclass(frozen=True)
class EncoderQuestion:
    """Which encoders a user wants to see.

    Attributes:
        task: Name of the task; None: none in particular.
        image_size: Height and width; None: the task's, or 224x224.
        max_gmacs: Most multiply-accumulates, in units of 10^9.
        pretrained: Only those with published ImageNet weights.
        architecture: Only those that it can be built with, at the cost of the whole model.
    """

    task: str | None = None
    image_size: tuple[int, int] | None = None
    max_gmacs: float | None = None
    pretrained: bool = False
    architecture: str | None = None

    def __post_init__(self) -> None:
        if self.max_gmacs is not None:
            check_positive("--max-macs", self.max_gmacs, "more than 0, in GMACs")
        if self.image_size is not None:
            check_image_size(self.image_size)


@dataclass(frozen=True)
class EncoderRow:
    """One encoder at one image size.

    Attributes:
        encoder: Name, family and where it comes from.
        cost: Of what `EncoderList.counted` says.
        weights: The published ones; None: there are none.
        in_space: Whether the task's search space has it.
    """

    encoder: CuratedEncoder
    cost: Cost
    weights: Weights | None
    in_space: bool


@dataclass(frozen=True)
class EncoderList:
    """The answer to an `EncoderQuestion`.

    Attributes:
        rows: Cheapest first.
        counted: What the costs are of, in words.
        input_shape: Channels, height and width that they are counted at.
        refused: Encoders that cannot be built or take this size, with the reason.
        takes: Which encoders the asked architecture takes, in words.
    """

    rows: tuple[EncoderRow, ...]
    counted: str
    input_shape: tuple[int, int, int]
    refused: tuple[tuple[str, str], ...]
    takes: str | None = None


def list_encoders(question: EncoderQuestion, steps: Steps = silent) -> EncoderList:
    """The curated encoders, and those of the task's own space, with their costs.

    Raises:
        PluginError: There is no such task.
        BuildError: There is no such architecture, or it does not go with the task.
    """
    task = _task(question)
    space = () if task is None else encoders_of(task.space)
    candidates = _candidates(space)
    rows: list[EncoderRow] = []
    refused: list[tuple[str, str]] = []
    tick = steps("Counting what each encoder costs")
    for done, encoder in enumerate(candidates):
        tick(done, len(candidates))
        try:
            cost = _cost(encoder.name, task, question)
            weights = published_weights(encoder.name)
        except BuildError as error:
            refused.append((encoder.name, str(error.found or error.problem)))
            continue
        if _wanted(cost, weights, question):
            rows.append(EncoderRow(encoder, cost, weights, encoder.name in space))
    tick(len(candidates), len(candidates))
    rows.sort(key=lambda row: (row.cost.macs.value, row.encoder.name))
    shape = (task.channels if task else 3, *_size(task, question))
    takes = ARCHITECTURES[question.architecture].encoders if question.architecture else None
    return EncoderList(tuple(rows), _counted(task, question), shape, tuple(refused), takes)


def _task(question: EncoderQuestion) -> AnyTask | None:
    task = load_task(question.task) if question.task is not None else None
    if question.architecture is not None:
        _check_architecture(question.architecture, task)
    task = None if task is None else with_classes(task)
    if task is not None and question.image_size is not None:
        task = task.replace(image_size=question.image_size)
    return task


def _check_architecture(name: str, task: AnyTask | None) -> None:
    row = architecture_of(Config({"model.architecture": name}))
    if not row.encoders:
        raise BuildError(
            f"--architecture {name}: the {row.title} has no encoder",
            expected=f"one of {', '.join(n for n, a in ARCHITECTURES.items() if a.encoders)}",
        )
    if task is None or task.kind != "segmentation":
        raise BuildError(
            f"--architecture {name} needs a segmentation task, whose channels and classes count",
            found="no task" if task is None else f"the classification task {task.name!r}",
            hint=f"automed encoders polyp --architecture {name}",
        )


def _candidates(space: tuple[str, ...]) -> list[CuratedEncoder]:
    known = {encoder.name for encoder in CATALOGUE}
    own = [CuratedEncoder(name, "", "the task") for name in space if name not in known]
    return [*CATALOGUE, *own]


def _size(task: AnyTask | None, question: EncoderQuestion) -> tuple[int, int]:
    return task.image_size if task is not None else question.image_size or DEFAULT_SIZE


def _cost(encoder: str, task: AnyTask | None, question: EncoderQuestion) -> Cost:
    if task is None or (task.kind == "segmentation" and question.architecture is None):
        return encoder_cost(encoder, task.channels if task else 3, _size(task, question))
    config = {"model.encoder": encoder}
    if question.architecture is not None:
        config["model.architecture"] = question.architecture
    return predict_cost(Config(dict(config)), task)


def _wanted(cost: Cost, weights: Weights | None, question: EncoderQuestion) -> bool:
    if question.max_gmacs is not None and cost.gmacs > question.max_gmacs:
        return False
    return weights is not None or not question.pretrained


def _counted(task: AnyTask | None, question: EncoderQuestion) -> str:
    if question.architecture is not None:
        title = ARCHITECTURES[question.architecture].title
        return f"the whole {title}, its parameters at their defaults"
    if task is None or task.kind == "segmentation":
        return "the encoder alone, without decoder or classifier"
    if task.classes == PLACEHOLDERS:
        return "a classifier for two classes, since the data set's are not read"
    return f"a classifier for {len(task.classes)} classes"
