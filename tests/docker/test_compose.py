"""The compose file: valid, bounded, on loopback, and clear about what it lacks."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from automed import __version__

from .conftest import ROOT, inherited, read_compose

BIN = Path(sys.executable).parent


def valid(file: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", file],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def test_it_is_valid_as_written_and_filled_in(compose, tmp_path):
    done = valid(ROOT / "docker" / "compose.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    shown = {"services": compose.services, "secrets": compose.secrets, "volumes": compose.volumes}
    (tmp_path / "filled.yaml").write_text(yaml.safe_dump(shown))
    done = valid(tmp_path / "filled.yaml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_schema_bites(tmp_path):
    text = (ROOT / "docker" / "compose.yaml").read_text()
    (tmp_path / "wrong.yaml").write_text(
        text.replace("condition: service_healthy", "condition: ok")
    )
    done = valid(tmp_path / "wrong.yaml")
    assert done.returncode == 1
    assert "depends_on" in done.stdout + done.stderr


def test_without_a_password_it_says_what_to_do():
    with pytest.raises(KeyError, match=r"AUTOMED_DB_PASSWORD_FILE .*openssl rand"):
        read_compose({})


def test_no_password_stands_in_it():
    text = (ROOT / "docker" / "compose.yaml").read_text()
    assert not re.search(r"(?:PASSWORD|TOKEN): (?!\"?\$\{)|://\w+:[^@/]+@", text)


def test_only_this_machine_can_connect(compose):
    ports = [port for service in compose.services.values() for port in service.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert "ports" not in compose.services["postgres"]


def test_every_service_is_bounded_and_pinned(compose):
    for name, service in compose.services.items():
        limits = service["deploy"]["resources"]["limits"]
        assert set(limits) == {"cpus", "memory"}, name
        tag = service["image"].rpartition(":")[2]
        assert re.match(r"\d+\.\d+", tag), f"{name}: {service['image']}"
        if "build" in service:
            assert tag.startswith(__version__), f"{name}: {service['image']}"


def test_services_are_built_from_stages_and_wait_for_healthy_ones(compose, stages):
    for name, service in compose.services.items():
        if "build" in service:
            target = service["build"]["target"]
            assert target in stages, name
            file = ROOT / "docker" / service["build"]["context"] / service["build"]["dockerfile"]
            assert file.resolve() == ROOT / "docker" / "Dockerfile"
        for other, wait in service.get("depends_on", {}).items():
            assert wait == {"condition": "service_healthy"}
            needed = compose.services[other]
            built = needed.get("build", {}).get("target", "")
            assert "healthcheck" in needed or inherited(stages, built, "HEALTHCHECK"), other


def test_secrets_and_volumes_are_declared_and_used(compose):
    services = compose.services.values()
    assert {s for service in services for s in service.get("secrets", ())} == set(compose.secrets)
    mounts = {m.partition(":")[0] for service in services for m in service.get("volumes", ())}
    assert {m for m in mounts if not m.startswith(("/", "."))} == set(compose.volumes)


def entry(tmp_path: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "docker" / "mlflow-entrypoint.sh", *command], env={"PATH": "/bin:/usr/bin"} |
        environment, capture_output=True, text=True, timeout=30, cwd=tmp_path,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("content", "words"), [(None, "there is no file"), ("", "is empty"), ("unset", "is not set")]
)
def test_a_missing_secret_is_refused_with_the_next_step(tmp_path, content, words):
    file = tmp_path / "secret"
    if content is not None:
        file.write_text(content)
    given = {} if content == "unset" else {"POSTGRES_PASSWORD_FILE": str(file)}
    done = entry(tmp_path, "touch", "started", **given)
    assert done.returncode == 78
    assert words in done.stderr
    assert "next:" in done.stderr
    assert not (tmp_path / "started").exists()


def test_the_password_reaches_the_server_by_its_environment_alone(tmp_path):
    (tmp_path / "secret").write_text("s3cret with spaces\n")
    file = str(tmp_path / "secret")
    done = entry(tmp_path, "sh", "-c", 'echo "$PGPASSWORD"; tr "\\0" " " < /proc/$$/cmdline',
                 POSTGRES_PASSWORD_FILE=file)  # fmt: skip
    shown, _, command = done.stdout.partition("\n")
    assert shown == "s3cret with spaces"
    assert "s3cret" not in command
