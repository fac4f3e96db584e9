"""Varying training images: what is drawn, apart from how it is applied, and both in one."""

from automed.data.augment.apply_draws import apply as apply
from automed.data.augment.augmenter import Augmenter as Augmenter
from automed.data.augment.draws import Draws as Draws
from automed.data.augment.draws import draw as draw
