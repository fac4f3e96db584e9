"""Errors that a user can act on: what is wrong, what was found, what was expected, what to do."""

from __future__ import annotations


class AutomedError(Exception):
    """A problem that the user can fix.

    Args:
        problem: What is wrong, naming the file, field or flag.
        found: What was there.
        expected: What would have been right.
        hint: The next step, ideally a command to copy.
    """

    def __init__(
        self,
        problem: str,
        *,
        found: object = None,
        expected: object = None,
        hint: str | None = None,
    ) -> None:
        self.problem = problem
        self.found = found
        self.expected = expected
        self.hint = hint
        super().__init__(str(self))

    def __str__(self) -> str:
        lines = [self.problem]
        if self.found is not None:
            lines.append(f"  found:    {self.found}")
        if self.expected is not None:
            lines.append(f"  expected: {self.expected}")
        if self.hint is not None:
            lines.append(f"  next:     {self.hint}")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the parts when the error crosses a process boundary."""
        return (_rebuild, (type(self), self.problem, self.found, self.expected, self.hint))


def _rebuild(
    kind: type[AutomedError], problem: str, found: object, expected: object, hint: str | None
) -> AutomedError:
    return kind(problem, found=found, expected=expected, hint=hint)


class SpaceError(AutomedError):
    """A search space, or a value given for one of its parameters, is invalid."""


class PluginError(AutomedError):
    """A plugin is unknown, registered twice or broken."""


class DataError(AutomedError):
    """A data set cannot be used as it is."""


class SplitError(DataError):
    """No partition exists that respects the groups and the classes."""


class WeightsError(AutomedError):
    """Pretrained weights were asked for and cannot be had."""


class StudyError(AutomedError):
    """A study cannot be created, opened or resumed."""


class TakenOverError(StudyError):
    """Another search runs a trial by now, which this one was given.

    Args:
        number: The trial's.
    """

    def __init__(self, number: int) -> None:
        super().__init__(
            f"trial {number} was taken over by another search, which had not heard of this one"
        )
        self.number = number

    def __reduce__(self) -> tuple[object, ...]:
        """Rebuild from the number."""
        return (TakenOverError, (self.number,))


class ConstraintError(StudyError):
    """No configuration of the space can meet the constraints."""


class WorkspaceError(AutomedError):
    """The workspace folder cannot be used."""


class TrainingError(AutomedError):
    """A training ended without a usable model; the trial fails, the search goes on."""


class CompressionError(TrainingError):
    """A model cannot be compressed in the way that was asked for."""


class ExportError(TrainingError):
    """A model cannot be exported, or its file does not do what the model did."""


class BundleError(AutomedError):
    """A bundle is missing, damaged or not made for what is asked of it."""


class DivergedError(TrainingError):
    """The loss or the weights stopped being finite.

    Args:
        epoch: The epoch, counted from 1, in which it happened.
        what: The quantity that was not finite.
    """

    def __init__(self, epoch: int, what: str) -> None:
        super().__init__(
            f"training diverged in epoch {epoch}: {what} is not finite",
            hint="nothing to do for one trial; if many fail so, lower the learning rate's upper "
            "bound, for example --set training.learning_rate=1e-5..1e-3",
        )
        self.epoch = epoch
        self.what = what

    def __reduce__(self) -> tuple[object, ...]:
        """Rebuild from the epoch and the quantity."""
        return (DivergedError, (self.epoch, self.what))
