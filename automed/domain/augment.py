"""How training images are varied."""

from __future__ import annotations

from pydantic import Field

from automed.domain.frozen import Frozen

_Chance = Field(default=0.0, ge=0, le=1)


class Augment(Frozen):
    """Probabilities and ranges; zero switches a step off. Drawn anew for each sample."""

    horizontal_flip: float = _Chance
    vertical_flip: float = _Chance
    rotation: float = Field(default=0.0, ge=0, le=180)
    """Largest angle, in degrees."""
    shift: float = Field(default=0.0, ge=0, lt=1)
    """Largest shift, as a share of height and width."""
    zoom: float = Field(default=0.0, ge=0, lt=1)
    """Largest change of scale: 0.1 draws from 0.9 to 1.1."""
    shear: float = Field(default=0.0, ge=0, lt=90)
    """Largest shear, in degrees."""
    gauss_noise: float = _Chance
    gauss_noise_std: float = Field(default=0.05, gt=0)
    """Standard deviation of the noise on the [0, 1] scale."""
    coarse_dropout: float = _Chance
    coarse_dropout_holes: int = Field(default=8, ge=1)
    coarse_dropout_size: int = Field(default=10, ge=1)
    """Largest side of a hole, in pixels; holes are filled with 0."""

    def scaled(self, strength: float) -> Augment:
        """All chances and ranges times a strength, kept below their upper bounds."""
        changed: Augment = self.replace(
            **{name: min(strength * getattr(self, name), most) for name, most in _MOST.items()}
        )
        return changed


_MOST = {
    "horizontal_flip": 1.0, "vertical_flip": 1.0, "rotation": 180.0, "shift": 0.9, "zoom": 0.9,
    "shear": 60.0, "gauss_noise": 1.0, "coarse_dropout": 1.0,
}  # fmt: skip
"""What a strength multiplies, and how far."""
