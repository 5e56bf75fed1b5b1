"""The command ``stochgrad``, as far as it needs no suite."""

from __future__ import annotations

import re

import pytest

from stochgrad.__main__ import COMMANDS, main


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    said = capsys.readouterr()
    assert re.findall(r"^  stochgrad (\w+) ", said.out, re.MULTILINE) == list(COMMANDS)
    assert said.err == ""


def test_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert re.fullmatch(r"stochgrad \d+\.\d+\.\d+\n", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ([], r"error: say what to do: run \| tune \| replicate \| serve; see --help\n"),
        (["rum"], r"error: command=rum: unknown command; allowed: .*Did you mean 'run'\?\n"),
    ],
)
def test_a_mistake_is_one_line(
    typed: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(typed) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert re.fullmatch(said, captured.err)
