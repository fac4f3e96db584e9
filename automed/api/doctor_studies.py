"""What a workspace holds: plugins that load, data that are as registered, locks that are free."""

from __future__ import annotations

import shlex
from functools import partial

from automed.api.doctor_finding import Check, Finding, Status, broken, in_a_line, ok, warning
from automed.data.register import Registered, all_registered
from automed.domain.errors import DataError, PluginError, WorkspaceError
from automed.domain.workspace import Workspace
from automed.registry.tasks import FOLDERS, load_task, task_plugins

_RESET = f"unset {FOLDERS}"


def study_checks(workspace: Workspace) -> list[Check]:
    """Of plugins, of each registered data set, and of locks."""
    return [
        Check("plugins", _plugins, fix="automed tasks"),
        *_data_checks(workspace),
        Check("locks", partial(_locks, workspace)),
    ]


def _plugins() -> Finding:
    try:
        plugins = task_plugins()
    except PluginError as error:  # a folder that is not there, or one name claimed twice
        return broken("plugins", in_a_line(error), _RESET, stops_searches=True)
    problems = []
    for plugin in plugins.values():
        try:
            plugin.load()
        except PluginError as error:
            problems.append((plugin.name, in_a_line(error)))
    if problems:
        fix = f"automed plugin check {problems[0][0]}"
        return broken("plugins", "; ".join(text for _, text in problems), fix)
    return ok("plugins", f"{len(plugins)} tasks: {', '.join(plugins)}")


def _data_checks(workspace: Workspace) -> list[Check]:
    try:
        entries = all_registered(workspace)
    except WorkspaceError as error:
        return [Check("data", partial(_damaged, error))]
    if not entries:
        return [Check("data", _no_data)]
    return [_data_check(entry, workspace) for entry in entries]


def _data_check(entry: Registered, workspace: Workspace) -> Check:
    # A large folder may well take longer: that is no flaw of it.
    look = partial(_data, entry, workspace)
    return Check(_name(entry), look, fix=_again(entry, workspace), late=Status.WARNING)


def _name(entry: Registered) -> str:
    return f"data of {entry.task}"


def _again(entry: Registered, workspace: Workspace) -> str:
    place = shlex.quote(entry.path)
    return f"automed data add {entry.task} {place}{entry.options.flags}{workspace.flag}"


def _damaged(error: WorkspaceError) -> Finding:
    # A search that is given --data does without the register.
    return broken("data", in_a_line(error), (error.hint or "").partition(": ")[2] or None)


def _no_data() -> Finding:
    found = "none is registered: searches use synthetic demo data, or take --data PATH"
    return warning("data", found, "automed data add cell PATH")


def _data(entry: Registered, workspace: Workspace) -> Finding:
    from automed.data.fingerprint import look

    name = _name(entry)
    try:
        seen = look(entry, load_task(entry.task))
    except (DataError, PluginError) as error:
        return broken(name, in_a_line(error), _again(entry, workspace))
    compared = "every byte as registered" if seen.whole else "too large to compare every byte"
    return ok(name, f"{entry.path}, {seen.samples} samples, {compared}")


def _locks(workspace: Workspace) -> Finding:
    from automed.search.leftover_locks import leftover_locks

    found = leftover_locks(workspace.studies)
    if not found:
        return ok("locks", "no dead search holds a study")
    worst = found[0]
    held = ", ".join(f"{lock.study} (search {lock.dead} is dead)" for lock in found)
    pids = [str(pid) for lock in found for pid in lock.holders]
    fix = f"kill {' '.join(pids)}" if pids else f"fuser -k {shlex.quote(str(worst.lock))}"
    return broken("locks", f"processes of dead searches hold {held}", fix)
