"""``automed dashboard`` up to the moment in which Streamlit takes over."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from automed.cli.app import main


class Started(NamedTuple):
    arguments: list[str]
    environment: dict[str, str]
    printed: str

    def option(self, name: str) -> list[str]:
        flag = f"--{name}="
        return [a.removeprefix(flag) for a in self.arguments if a.startswith(flag)]


@pytest.fixture
def start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], workspace: Path
) -> Callable[..., Started]:
    monkeypatch.delenv("AUTOMED_DASHBOARD_TOKEN", raising=False)
    monkeypatch.delenv("STREAMLIT_SERVER_ALLOWED_HOSTS", raising=False)

    def run(*arguments: object) -> Started:
        found: list[tuple[list[str], dict[str, str]]] = []

        def replaced(path: str, arguments: list[str], environment: dict[str, str]) -> None:
            assert path == sys.executable
            found.append((arguments, environment))
            raise SystemExit(0)

        monkeypatch.setattr(os, "execve", replaced)
        monkeypatch.setattr(sys, "argv", ["automed", "dashboard", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        printed = capsys.readouterr()
        assert not end.value.code, printed.err
        return Started(*found[0], printed.out)

    return run


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_on_this_machine(start, workspace: Path) -> None:
    port = free_port()
    done = start("--port", port)
    assert done.environment["AUTOMED_WORKSPACE"] == str(workspace)
    assert "AUTOMED_DASHBOARD_TOKEN" not in done.environment
    assert done.option("server.address") == ["127.0.0.1"]
    assert done.option("server.headless") == ["false"]
    assert done.option("client.showErrorDetails") == ["full"]
    assert set(done.option("server.allowedHosts")) == {"localhost", "127.0.0.1", "::1"}
    assert f"http://localhost:{port}" in done.printed
    assert f"ssh -L {port}:localhost:{port}" in done.printed
    assert "token" not in done.printed
    assert Path(done.arguments[4]).name == "server.py"
    assert not workspace.exists(), "it writes nothing"


def test_for_others_a_token_is_made_and_printed_once(start) -> None:
    first, second = (
        start("--host", "0.0.0.0", "--port", free_port(), "--no-browser") for _ in range(2)
    )
    tokens = [done.environment["AUTOMED_DASHBOARD_TOKEN"] for done in (first, second)]
    assert tokens[0] != tokens[1]
    assert all(len(token) >= 32 for token in tokens)
    assert f"?token={tokens[0]}" in first.printed
    assert first.option("client.showErrorDetails") == ["none"]
    assert first.option("server.headless") == ["true"]
    assert not any(tokens[0] in argument for argument in first.arguments), "ps shows arguments"


def test_a_token_of_ones_own_is_not_printed(start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOMED_DASHBOARD_TOKEN", "known-to-me")
    for host in ("127.0.0.1", "0.0.0.0"):
        done = start("--host", host, "--port", free_port())
        assert done.environment["AUTOMED_DASHBOARD_TOKEN"] == "known-to-me"
        assert "known-to-me" not in done.printed


def test_what_streamlit_could_give_away_is_off(start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMLIT_SERVER_ENABLE_STATIC_SERVING", "true")
    done = start("--port", free_port())
    for name, value in {
        "server.enableCORS": "true", "server.enableXsrfProtection": "true",
        "server.enableStaticServing": "false", "server.enableAgentApi": "false",
        "browser.gatherUsageStats": "false", "server.fileWatcherType": "none",
    }.items():  # fmt: skip
        assert done.option(name) == [value]


def test_a_proxy_may_use_another_name(start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMLIT_SERVER_ALLOWED_HOSTS", '["lab.example"]')
    assert start("--port", free_port()).option("server.allowedHosts") == []


def test_a_port_in_use(
    start, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr(sys, "argv", ["automed", "dashboard", "--port", str(port)])
        with pytest.raises(SystemExit) as end:
            main()
    assert end.value.code == 2
    told = capsys.readouterr().err
    assert f"--port {port} cannot be listened on" in told
    assert "automed dashboard --port" in told


@pytest.fixture
def run_badly(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """What is said about arguments that are refused; one line, however it was wrapped."""

    def run(*arguments: object) -> str:
        monkeypatch.setattr(sys, "argv", ["automed", "dashboard", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        assert end.value.code == 2
        return " ".join(capsys.readouterr().err.split())

    return run


def test_what_is_no_workspace_is_refused(workspace: Path, tmp_path: Path, run_badly) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("")
    assert "is no workspace" in run_badly("--workspace", file)
    study = tmp_path / "ws" / "studies" / "s"
    study.mkdir(parents=True)
    (study / "study.json").write_text("{}")
    said = run_badly("--workspace", study)
    assert "a single study" in said
    assert f"--workspace {tmp_path / 'ws'}" in said


def test_a_workspace_that_is_still_to_come_is_said_to_be(start, tmp_path: Path) -> None:
    done = start("--no-browser", "--port", free_port(), "--workspace", tmp_path / "later")
    assert "does not exist yet" in done.printed


def test_the_way_through_ssh_ends_where_it_listens(start) -> None:
    port = free_port()
    done = start("--no-browser", "--host", "127.0.0.2", "--port", port)
    assert f"ssh -L {port}:127.0.0.2:{port}" in done.printed
