"""What this machine can do, and what keeps it from doing more."""

from __future__ import annotations

from dataclasses import dataclass

from automed.api.doctor_compute import device_checks, python_checks
from automed.api.doctor_finding import Finding, Running, Status, examined
from automed.api.doctor_machine import machine_checks
from automed.api.doctor_services import service_checks
from automed.api.doctor_studies import study_checks
from automed.domain.workspace import Workspace

__all__ = ["Finding", "Report", "Status", "examine"]


@dataclass(frozen=True)
class Report:
    """What was found.

    Attributes:
        findings: In the order of the checks.
    """

    findings: tuple[Finding, ...]

    @property
    def can_search(self) -> bool:
        """Whether any search can run."""
        return not any(finding.stops_searches for finding in self.findings)


def examine(workspace: Workspace, ray: str | None = None) -> Report:
    """Look at this machine, without changing anything on it.

    No check takes longer than its own few seconds, and none raises: what it ran into is its
    finding.

    Args:
        workspace: Need not exist.
        ray: Address of a Ray cluster to ask.
    """
    services = [Running(check) for check in service_checks(workspace, ray)]
    here = examined(python_checks())
    here += examined(device_checks(here))
    here += examined([*machine_checks(workspace), *study_checks(workspace)])
    return Report((*here, *(service.finding() for service in services)))
