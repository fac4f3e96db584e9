"""``automed dashboard``."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from automed.cli.options import WorkspaceOption, workspace_at
from automed.domain.errors import AutomedError

if TYPE_CHECKING:
    from automed.domain.workspace import Workspace

TOKEN = "AUTOMED_DASHBOARD_TOKEN"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
EVERYWHERE = ("0.0.0.0", "::")


def dashboard(
    host: Annotated[
        str, typer.Option(help="Address to listen on; others than this machine need a token.")
    ] = LOOPBACK[0],
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8501,
    browser: Annotated[bool, typer.Option(help="Open a browser window.")] = True,
    workspace: WorkspaceOption = None,
) -> None:
    """Look at studies in a browser, while they run or afterwards.

    The pages read the workspace and change nothing. With another --host than this machine they ask
    for a token: the one in AUTOMED_DASHBOARD_TOKEN, or a new one that is printed here.
    """
    from automed.cli.console import next_steps, out

    space = workspace_at(workspace)
    _check_workspace(space)
    _check_port(host, port, space)
    environment = {**os.environ, "AUTOMED_WORKSPACE": str(space.root)}
    token = _token(host, environment)
    shown = f"http://{'localhost' if host in LOOPBACK else host}:{port}"
    if not space.root.exists():
        out.print(f"[yellow]{space.root} does not exist yet[/yellow]: the first search makes it")
    out.print(f"The dashboard of {space.root} is at [bold]{shown}[/bold] (Ctrl-C ends it)")
    if token is not None:
        out.print("Who opens it needs the token; here it is in the address:")
        out.print(f"  {shown}/?token={token}", soft_wrap=True)
    here = "localhost" if host in (*LOOPBACK, *EVERYWHERE) else host
    next_steps(("from another machine, through ssh", f"ssh -L {port}:{here}:{port} {_name()}"))
    sys.stdout.flush()
    arguments = _arguments(host, port, browser)
    os.execve(sys.executable, arguments, environment)  # signals reach it, Ctrl-C among them


def _arguments(host: str, port: int, browser: bool) -> list[str]:
    spec = find_spec("automed.dashboard")
    if spec is None or spec.origin is None or find_spec("streamlit") is None:
        raise AutomedError(
            "the dashboard is not installed",
            found="no package streamlit" if find_spec("streamlit") is None else "no pages",
            hint=f"{sys.executable} -m pip install automed",
        )
    options = {
        "server.address": host,
        "server.port": port,
        "server.headless": str(not browser).lower(),
        "server.fileWatcherType": "none",
        # Also where the user's own settings of Streamlit say otherwise.
        "server.enableCORS": "true",
        "server.enableXsrfProtection": "true",
        "server.enableStaticServing": "false",
        "server.enableAgentApi": "false",
        "server.maxUploadSize": "1",
        "server.baseUrlPath": "",
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "viewer",
        "client.showErrorLinks": "false",
        "client.showErrorDetails": "none" if host not in LOOPBACK else "full",
    }
    app = Path(spec.origin).with_name("server.py")
    flags = [f"--{name}={value}" for name, value in options.items()]
    if host in LOOPBACK and "STREAMLIT_SERVER_ALLOWED_HOSTS" not in os.environ:
        # A page elsewhere whose own name was made to lead to this machine is turned away.
        flags += [f"--server.allowedHosts={name}" for name in LOOPBACK]
    return [sys.executable, "-m", "streamlit", "run", str(app), *flags]


def _token(host: str, environment: dict[str, str]) -> str | None:
    """What visitors must know, put where the pages find it; None: nobody is asked."""
    import secrets

    given = environment.get(TOKEN)
    if given:
        return None  # whoever set it knows it: it is not printed into logs
    if host in LOOPBACK:
        return None
    environment[TOKEN] = secrets.token_urlsafe(24)
    return environment[TOKEN]


def _check_workspace(space: Workspace) -> None:
    found = None
    if space.root.exists() and not space.root.is_dir():
        found = "a file"
    elif (space.root / "study.json").exists():
        found = "the folder of a single study"
    if found is not None:
        raise AutomedError(
            f"{space.root} is no workspace",
            found=found,
            expected="a folder with studies/ in it, as `automed search` makes it",
            hint=f"automed dashboard --workspace {space.root.parent.parent}"
            if found != "a file"
            else "automed dashboard --workspace FOLDER",
        )


def _check_port(host: str, port: int, space: Workspace) -> None:
    import socket

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise AutomedError(
                f"--host {host} --port {port} cannot be listened on",
                found=error.strerror or str(error),
                expected="an address of this machine, and a port that nobody uses",
                hint=f"automed dashboard --port {port % 65535 + 1}{space.flag}",
            ) from None


def _name() -> str:
    import socket

    return socket.gethostname()
