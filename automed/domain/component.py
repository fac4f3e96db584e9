"""What a plugin can bring of its own. A config only ever holds its name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_NAME = re.compile(r"[a-z][a-z0-9_]*")

Targets = Literal["binary masks", "class masks", "classes"]
"""What a loss compares; see `automed.training.losses.kind.Kind`."""


@dataclass(frozen=True)
class Component:
    """A named part; the base of all below.

    Attributes:
        name: What configs, search spaces and tasks call it: lower-case letters, digits and _.
    """

    kind: ClassVar[str] = "component"
    name: str

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(
                f"the {self.kind} {self.name!r} needs a name of lower-case letters, digits and _"
            )


@dataclass(frozen=True)
class Reader(Component):
    """Reads files that automed does not.

    Attributes:
        suffixes: Lower-case endings with their dot, such as ``(".lif",)``; none that automed reads.
        read: From a path to pixels: (height, width) or (height, width, channels), of any integer,
            float or bool type. Images are brought to 8 bits as those of other formats are, masks
            are read by the same rules. May raise anything on damaged files. Called from threads.
        version: To be raised whenever the same bytes begin to give other pixels.
    """

    kind: ClassVar[str] = "reader"
    suffixes: tuple[str, ...]
    read: Callable[[Path], NDArray[Any]]
    version: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        wrong = [s for s in self.suffixes if not re.fullmatch(r"\.[a-z0-9]+", s)]
        if wrong or not self.suffixes:
            raise ValueError(
                f"the reader {self.name!r} needs endings such as '.lif', not {wrong or 'none'}"
            )


@dataclass(frozen=True)
class Preprocessing(Component):
    """A step of ``data.preprocess``, before the cache, at the model's input size.

    Attributes:
        apply: From an image, uint8 (height, width, channels), to one of the same shape and type.
            A function of the image alone. Called from threads.
        version: To be raised with each change of what it gives: older caches are left alone then.
    """

    kind: ClassVar[str] = "preprocessing"
    apply: Callable[[NDArray[np.uint8]], NDArray[np.uint8]]
    version: int = 1


@dataclass(frozen=True)
class Augmentation(Component):
    """A way to vary training images that a task or a config names in ``augment.own``.

    Attributes:
        apply: From float images in [0, 1], a tensor (batch, channels, height, width), masks or
            None, and a ``torch.Generator`` on the CPU, to images and masks of the same shapes. All
            randomness comes from the generator, so that a training can be replayed. Masks are
            float (batch, 1, height, width) or class indices, int64 (batch, height, width).
    """

    kind: ClassVar[str] = "augmentation"
    apply: Callable[[Any, Any, Any], tuple[Any, Any]]


@dataclass(frozen=True)
class Metric(Component):
    """A score of the validation part, for tasks that list it in ``metrics``.

    Attributes:
        compute: Of a segmentation: from the predicted and the true class indices of one image, two
            uint8 arrays (height, width), 0 for background; the mean over images counts, without
            those that give NaN. Of a classification: from the labels, int64 (samples,), and the
            probabilities, float32 (samples, classes).
    """

    kind: ClassVar[str] = "metric"
    compute: Callable[[NDArray[Any], NDArray[Any]], float]


@dataclass(frozen=True)
class Loss(Component):
    """A loss that ``training.loss`` may name, alone or in a sum: ``bce+mine``.

    Attributes:
        make: Gives what is called with logits and targets, float32 tensors as
            `automed.training.losses.kind.Kind` lists them, and returns a scalar: an
            ``nn.Module`` or a function.
        targets: What it is for.
    """

    kind: ClassVar[str] = "loss"
    make: Callable[[], Callable[[Any, Any], Any]]
    targets: tuple[Targets, ...] = ("binary masks",)


@dataclass(frozen=True)
class Model(Component):
    """A segmentation network that ``model.architecture`` may name.

    Attributes:
        build: Called with ``in_channels``, ``classes`` and the parameters as keywords; gives an
            ``nn.Module`` from images (batch, channels, height, width) to logits (batch, classes,
            height, width). Weights come from torch's global random state.
        parameters: Keyword argument to what turns a config's value into it: ``{"width": int}`` is
            ``model.width`` in a search space. A ValueError is told to the user.
        multiple: Height and width must be multiples of it.
        title: The name that papers use.
    """

    kind: ClassVar[str] = "model"
    build: Callable[..., Any]
    parameters: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    multiple: int = 1
    title: str = ""
