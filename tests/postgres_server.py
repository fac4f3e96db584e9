"""Debian's Postgres for tests: a server of its own on loopback, that can be restarted."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

PASSWORD = "s3cret-of-tests"
"""Must never be seen in a file, a message or a log."""


@dataclass(frozen=True)
class Server:
    """A running server; its databases are made with `new_database`."""

    programs: Path
    data: Path
    port: int

    def control(self, *words: str) -> None:
        """What ``pg_ctl`` does."""
        self.call("pg_ctl", "-D", str(self.data / "db"), "-l", str(self.data / "log"), "-w", *words)

    def restart(self, mode: str = "fast") -> None:
        """Stop and start again: ``immediate`` is a crash."""
        self.control("-m", mode, "restart")

    def new_database(self, name: str) -> str:
        """The URL of a new database."""
        self.call("createdb", *self._where, name)
        return f"postgresql://automed:{PASSWORD}@127.0.0.1:{self.port}/{name}"

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self.call("dropdb", "--force", *self._where, name)

    @property
    def _where(self) -> tuple[str, ...]:
        return "-h", "127.0.0.1", "-p", str(self.port), "-U", "automed"

    def call(self, program: str, *words: str) -> None:
        subprocess.run(
            [self.programs / program, *words], user=_user(), cwd=self.data, check=True, timeout=120,
            env=os.environ | {"PGPASSWORD": PASSWORD}, stdout=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip


def programs() -> Path | None:
    """Debian keeps them out of PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    named = shutil.which("initdb")
    return found[-1].parent if found else Path(named).parent if named else None


@contextmanager
def running(where: Path) -> Iterator[Server]:
    """A server whose programs are there."""
    # Not below pytest's folder: Postgres runs as another user, who may not enter that.
    with tempfile.TemporaryDirectory(prefix="automed-postgres-") as name:
        data = Path(name)
        data.chmod(0o755)
        (data / "password").write_text(PASSWORD)
        if user := _user():
            shutil.chown(data, user)
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        server = Server(where, data, port)
        server.call("initdb", "--username=automed", f"--pwfile={data / 'password'}",
                    "--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync",
                    "-D", str(data / "db"))  # fmt: skip
        with (data / "db" / "postgresql.conf").open("a") as file:
            file.write(f"port = {port}\nlisten_addresses = '127.0.0.1'\nfsync = off\n"
                       f"unix_socket_directories = '{data}'\n")  # fmt: skip
        server.control("start")
        try:
            yield server
        finally:
            server.control("-m", "immediate", "stop")


def _user() -> str | None:
    return "postgres" if os.geteuid() == 0 else None
