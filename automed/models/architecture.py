"""What one row of the table of architectures holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch

from automed.domain.config import Config, Value
from automed.models.architecture_arguments import Arguments
from automed.models.build_error import BuildError

_DEPTH = "model.encoder_depth"


@dataclass(frozen=True)
class Architecture:
    """A family of segmentation models.

    Attributes:
        title: The name that papers use.
        build: Takes the encoder's name, where there is one, then ``encoder_weights``,
            ``in_channels``, ``classes`` and what `arguments` gives as keywords.
        keys: The parameters it owns, and how each becomes keyword arguments. One that a config
            leaves out keeps the library's default, which is the original paper's.
        encoders: Which encoders it takes, in words and by example; empty: it has none.
        depth: Times that its encoder halves the image, where a config does not say.
        settle: Fits the arguments to one another, such as widths to an ``encoder_depth``.
        acts_from: Parameters that have an effect only from an encoder depth on.
        size_argument: Name of the argument that takes the image's height and width, for encoders
            that are made for one size.
        multiple: Height and width must be multiples of it; 0: the built model knows.
    """

    title: str
    build: Callable[..., torch.nn.Module]
    keys: Mapping[str, Callable[[Value], Arguments]]
    encoders: str = "any encoder that halves the image five times, or four times from a quarter on"
    depth: int = 5
    settle: Callable[[Arguments], Arguments] = dict
    acts_from: Mapping[str, int] = field(default_factory=dict)
    size_argument: str | None = None
    multiple: int = 0

    @property
    def parameters(self) -> tuple[str, ...]:
        """All keys that its configs may hold."""
        encoder = ("model.encoder",) if self.encoders else ()
        return ("model.architecture", *encoder, *self.keys)

    def arguments(self, config: Config) -> Arguments:
        """The keyword arguments that a config spells.

        Raises:
            BuildError: A value cannot be read, or has no effect at this encoder depth.
        """
        arguments: Arguments = {}
        for key, convert in self.keys.items():
            if key not in config:
                continue
            try:
                arguments |= convert(config[key])
            except ValueError as error:
                raise BuildError(
                    f"{key} = {config[key]!r} cannot be used by {self.title}", expected=str(error)
                ) from None
        self._refuse_idle(config, self.depth_of(arguments))
        return self.settle(arguments)

    def depth_of(self, arguments: Arguments) -> int:
        """Times that the encoder halves the image."""
        return int(arguments.get("encoder_depth", self.depth))

    def _refuse_idle(self, config: Config, depth: int) -> None:
        for key, least in self.acts_from.items():
            if key in config and depth < least:
                raise BuildError(
                    f"{key} would have no effect on {self.title}",
                    found=f"{_DEPTH} = {depth}",
                    expected=f"{key} with {_DEPTH} {least} or more",
                )
