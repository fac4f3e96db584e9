"""What a training makes smaller: losses by name, and sums of them."""

from automed.training.losses.formula import read_formula as read_formula
from automed.training.losses.kind import Kind as Kind
from automed.training.losses.kind import kind_of as kind_of
from automed.training.losses.loss import Loss as Loss
from automed.training.losses.loss import build_loss as build_loss
from automed.training.losses.loss import check_loss as check_loss
from automed.training.losses.table import LOSSES as LOSSES
from automed.training.losses.table import losses_for as losses_for
