"""The report of an audit as a page and as JSON."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import automed
from automed.analysis.audit_page import Section, write_audit_page
from automed.api.datasets import Checked
from automed.api.opened_study import OpenedStudy
from automed.data.audit import Audit
from automed.data.finding import Finding
from automed.data.read_sample import read_picture
from automed.domain.errors import DataError, WorkspaceError
from automed.domain.workspace import Workspace

PAGE, FACTS = "audit.html", "audit.json"
_SHOWN = 12


@dataclass(frozen=True)
class Report:
    """Where a report lies.

    Attributes:
        page: The HTML file; None where it could not be written.
        facts: The JSON file.
        reason: Why there is none.
    """

    page: Path | None
    facts: Path | None
    reason: str = ""


def write_report(checked: Checked, workspace: Workspace, folder: Path | None = None) -> Report:
    """Write ``audit.html`` and ``audit.json``.

    Args:
        checked: The data set and what was found.
        workspace: Where reports lie; one that cannot be written to gets none.
        folder: Another folder, which must be writable.

    Raises:
        WorkspaceError: The folder that was asked for cannot be written to.
    """
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", checked.name).strip("-.") or "data"
    place = folder or workspace.root / "audits" / f"{checked.task.name}-{name}"
    try:
        place.mkdir(parents=True, exist_ok=True)
        (place / FACTS).write_text(json.dumps(facts_of(checked), indent=1) + "\n", encoding="utf-8")
        write_audit_page(
            place / PAGE, f"{checked.task.title}: {checked.dataset.root}",
            checked.audit.summary.lines(), _sections(checked),
        )  # fmt: skip
    except OSError as error:
        reason = error.strerror or str(error)
        if folder is None:
            return Report(None, None, reason)
        raise WorkspaceError(
            f"the audit's report cannot be written to {folder}", found=reason,
            expected="a folder that you may write to",
        ) from None  # fmt: skip
    return Report(place / PAGE, place / FACTS)


def audit_files(study: Path) -> list[Path]:
    """The report on a study's data in its folder, where it has one."""
    return [file for name in (PAGE, FACTS) if (file := study / name).is_file()]


@dataclass(frozen=True)
class KeptAudit:
    """What an earlier audit of a study's data found.

    Attributes:
        when: Its time, local.
        errors: Flaws with which no training makes sense.
        warnings: Flaws that a user should know of.
        allowed: Those of either kind that were waived.
    """

    when: datetime
    errors: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    allowed: tuple[Finding, ...]


def read_audit(study: OpenedStudy) -> KeptAudit | None:
    """The report that a search wrote beside its journal; None: there is none, or it is torn."""
    file = study.folder / FACTS
    try:
        facts = json.loads(file.read_bytes())
        levels = [
            tuple(Finding.model_validate(one) for one in facts[level])
            for level in ("errors", "warnings", "allowed")
        ]
        return KeptAudit(datetime.fromtimestamp(file.stat().st_mtime), *levels)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def facts_of(checked: Checked) -> dict[str, Any]:
    """Everything that an audit found, as JSON values."""
    found = checked.audit
    return {
        "automed": automed.__version__,
        "task": checked.task.name,
        "folder": str(checked.dataset.root),
        # A file that cannot be read has no digest.
        "digest": None if found.errors else checked.ref.digest,
        "options": checked.dataset.options.model_dump(mode="json", exclude_defaults=True),
        "summary": found.summary.model_dump(mode="json"),
        **{level: [f.model_dump(mode="json") for f in findings]
           for level, findings in _levels(found)},
        "kept_together": found.ties,
    }  # fmt: skip


def _levels(found: Audit) -> tuple[tuple[str, Any], ...]:
    return (
        ("errors", found.errors),
        ("warnings", found.warnings),
        ("allowed", found.waived),
        ("notes", found.notes),
    )


def _sections(checked: Checked) -> list[Section]:
    by_image = {sample.image: sample for sample in checked.dataset.samples}
    sections = []
    for level, findings in _levels(checked.audit):
        for finding in findings:
            pictures = []
            for file in finding.files[:_SHOWN]:
                if file not in by_image:
                    continue
                try:
                    image = read_picture(checked.dataset, by_image[file], checked.task)
                except DataError:  # that is what the finding says
                    continue
                pictures.append((file, image))
            sections.append(Section(level.removesuffix("s"), finding.code, finding.message,
                                    finding.hint, finding.files, tuple(pictures)))  # fmt: skip
    return sections
