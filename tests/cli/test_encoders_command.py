"""``automed encoders``, as a user sees it."""

from __future__ import annotations

import sys

import pytest
from rich.console import Console

from automed.api import encoders as api
from automed.cli import encoders_view
from automed.cli.app import main
from automed.models.catalogue import CuratedEncoder


@pytest.fixture
def shown(monkeypatch, capsys, workspace):
    few = (
        CuratedEncoder("tf_mobilenetv3_small_075", "MobileNetV3", "paper 2"),
        CuratedEncoder("mobilenetv4_conv_small_050", "MobileNetV4", "modern small"),
        CuratedEncoder("mobileone_s0", "MobileOne", "paper 2 family"),
        CuratedEncoder("ghostnet_100", "GhostNet", "modern small"),
    )
    monkeypatch.setattr(api, "CATALOGUE", few)
    chosen = ("tf_mobilenetv3_small_075", "ghostnet_100")
    monkeypatch.setattr(api, "encoders_of", lambda space: chosen)

    def run(*arguments: str, width: int = 80) -> str:
        console = Console(highlight=False, width=width)
        monkeypatch.setattr(encoders_view, "out", console)
        monkeypatch.setattr(sys, "argv", ["automed", "encoders", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        printed = capsys.readouterr()
        assert not end.value.code, printed.err
        return printed.out

    return run


def test_at_eighty_columns_every_encoder_is_on_one_line(shown):
    printed = shown("polyp", "--image-size", "64")
    lines = printed.splitlines()
    assert max(len(line) for line in lines[: lines.index("Next")]) <= 80
    row = next(line for line in lines if "mobileone_s0" in line)
    assert row.split()[-4:] == ["mobileone-license", "paper", "2", "family"]
    assert "at 64x64" in printed
    assert "the encoder alone" in " ".join(printed.split())


def test_the_next_step_searches_the_cheapest_of_the_tasks_space(shown):
    printed = shown("polyp", "--image-size", "64")
    expected = "automed search polyp --set model.encoder=tf_mobilenetv3_small_075,ghostnet_100"
    assert expected in printed
    marked = [line.split()[1] for line in printed.splitlines() if line.strip().startswith("* ")]
    assert marked == ["tf_mobilenetv3_small_075", "ghostnet_100"]


def test_a_wide_terminal_shows_families_and_hub_ids(shown):
    printed = shown("polyp", "--image-size", "64", width=150)
    assert "timm/mobilenetv4_conv_small_050.e3000_r224_in1k" in printed
    assert "GhostNet" in printed


def test_an_architecture_names_who_is_left_out_and_what_it_takes(shown):
    printed = " ".join(
        shown("polyp", "--image-size", "64", "--architecture", "deeplabv3plus").split()
    )
    assert "left out" in printed
    assert "ghostnet_100" in printed.partition("left out")[2]
    assert "It takes encoders whose strides" in printed


def test_bounds_that_nothing_meets_are_said(shown):
    printed = shown("polyp", "--image-size", "64", "--max-macs", "1e-9")
    assert "No encoder is within these bounds" in printed
    assert "automed encoders polyp" in printed
