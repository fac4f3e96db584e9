"""Which images of one data set another one holds, too."""

from __future__ import annotations

from collections.abc import Callable

from automed.data.audit_cache import AuditCache
from automed.data.audit_near import copies_between
from automed.data.dataset import Dataset
from automed.data.finding import Finding, few, number
from automed.data.inspection import Inspection
from automed.data.parallel import in_threads
from automed.domain.task import AnyTask

Progress = Callable[[int, int], None]


def in_both(
    one: tuple[Dataset, AnyTask],
    other: tuple[Dataset, AnyTask],
    cache: AuditCache,
    progress: Progress | None = None,
) -> Finding | None:
    """A warning where two data sets share images, equal ones or copies.

    Args:
        one: A data set and its task.
        other: Another one.
        cache: Remembers what the audits of both saw.
        progress: Told of the images that were compared.
    """
    mine, theirs = _seen(*one, cache), _seen(*other, cache)
    by_pixels = {seen.pixels: seen for seen in theirs}
    pairs = [(seen, by_pixels[seen.pixels]) for seen in mine if seen.pixels in by_pixels]
    rest = [seen for seen in mine if seen.pixels not in by_pixels]
    looks = [[s.look for s in seen if s.look is not None] for seen in (rest, theirs)]
    pairs += [(rest[i], theirs[j]) for i, j in copies_between(looks[0], looks[1], progress)]
    if not pairs:
        return None
    shown = few([f"{a.sample.image} = {b.sample.image}" for a, b in pairs])
    return Finding(
        code="in-another-set",
        message=f"{number(len(pairs), 'image')} of {len(mine)} also in {other[0].root}, equal or "
        f"as a copy: {shown}",
        files=tuple(a.sample.image for a, _ in pairs),
        hint="what is trained on here must not test a model there: remove them from one of the two",
    )


def _seen(dataset: Dataset, task: AnyTask, cache: AuditCache) -> list[Inspection]:
    seen = in_threads(lambda s: cache.inspect(dataset, s, task), dataset.samples)
    return [s for s in seen if s.look is not None and s.pixels is not None]
