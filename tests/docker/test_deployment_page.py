"""What docs/deployment.md says of the files in docker/ is so."""

from __future__ import annotations

import re

import pytest
import yaml

from automed import __version__

from .conftest import ROOT

PAGE = (ROOT / "docs" / "deployment.md").read_text()


def block(language: str, having: str) -> str:
    blocks = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    (found,) = [text for text in blocks if having in text]
    return found


def test_its_variables_are_those_of_the_compose_file():
    used = set(re.findall(r"\$\{(AUTOMED_\w+)", (ROOT / "docker" / "compose.yaml").read_text()))
    table = PAGE.partition("| variable |")[2].partition("\n\n")[0]
    assert set(re.findall(r"`(AUTOMED_\w+)`", table)) == used


def test_its_commands_name_services_and_targets(compose, stages):
    for service in re.findall(r"compose\.yaml run --rm (\S+)", PAGE):
        assert service in compose.services
    assert {"search", "search-gpu"} <= set(compose.services)
    for target in re.findall(r"--target (\S+)", PAGE):
        assert target in stages
    tags = set(re.findall(r"automed:(\d\S*?)-c", PAGE))
    assert tags == {__version__}
    base = stages["base"].base
    assert f"imagetools inspect {base}" in PAGE


@pytest.mark.parametrize("group", ["head", "worker"])
def test_the_ray_cluster_is_bounded_pinned_and_without_root(group):
    cluster = yaml.safe_load(block("yaml", "kind: RayCluster"))
    assert (cluster["apiVersion"], cluster["kind"]) == ("ray.io/v1", "RayCluster")
    spec = cluster["spec"]
    assert f"ray[default]=={spec['rayVersion']}" in PAGE
    part = spec["headGroupSpec"] if group == "head" else spec["workerGroupSpecs"][0]
    assert all(isinstance(value, str) for value in part["rayStartParams"].values())
    pod = part["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"]
    volumes = {volume["name"] for volume in pod["volumes"]}
    for container in pod["containers"]:
        assert {"cpu", "memory"} <= set(container["resources"]["limits"])
        assert container["image"].rpartition(":")[2].startswith(__version__)
        assert {mount["name"] for mount in container["volumeMounts"]} == volumes
