"""Completion, as Bash carries it out; and that the other shells are told the same."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from stochgrad.suite.cli import main
from stochgrad.suite.cli.arguments import FLAGS, SHELLS
from stochgrad.suite.cli.completion import completion_script

CONF = Path(__file__).resolve().parents[3] / "conf"
ASK = """
source "$1"
COMP_LINE="$2"; COMP_POINT=${#2}; COMP_WORDBREAKS="$3"; COMPREPLY=()
_stochgrad
printf '%s\\n' "${COMPREPLY[@]}"
"""
USUAL = " \t\n\"'><=;|&(:"


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("completion") / "script"
    file.write_text(completion_script("bash", CONF), encoding="utf-8")
    return file


def completed(script: Path, line: str, breaks: str = USUAL) -> list[str]:
    shell = ["bash", "--noprofile", "--norc", "-c", ASK, "bash", str(script), line, breaks]
    ended = subprocess.run(shell, capture_output=True, text=True, check=True)
    return ended.stdout.split()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("python -m src.run eps", ["epsilon="]),
        ("python -m src.run seed=1 task.st", ["task.steps="]),
        ("python -m src.run model.hid", ["model.hidden="]),
        ("python -m src.run sweep.skip", ["sweep.skip_invalid="]),
        ("stochgrad run estimator.jit", ["estimator.jitter="]),
        ("python -m src.tune tune.tri", ["tune.trials="]),
        ("python -m src.run --vers", ["--version"]),
        ("python -m src.run estimator=central", ["central", "central_fixed"]),
        ("python -m src.run -m estimator=central,for", ["central,forward"]),
        ("python -m src.run +estimator=three", ["three_slope"]),
        ("python -m src.run estimator=notebook/c", ["notebook/central"]),
        ("python -m src.run dtype=", ["float32", "float64"]),
        ("python -m src.run activation=sig", ["sigmoid"]),
        ("python -m src.run export=t", ["true"]),
        ("python -m src.run epsilon=", []),
        ("python -m src.run pap", []),
        ("python other.py eps", []),
    ],
)
def test_bash_completes(script: Path, line: str, words: list[str]) -> None:
    assert completed(script, line) == words


def test_bash_completes_where_words_are_not_broken_at_equals(script: Path) -> None:
    line = "python -m src.run estimator=three"
    assert completed(script, line, " \t\n") == ["estimator=three_slope"]


def test_a_preset_is_offered_as_soon_as_it_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "it's a folder"
    (folder / "experiment").mkdir(parents=True)
    (folder / "config.yaml").write_text("epsilon: 1\n", encoding="utf-8")
    script = tmp_path / "script"
    script.write_text(completion_script("bash", folder), encoding="utf-8")
    assert completed(script, "stochgrad run experiment=") == []
    (folder / "experiment" / "mine.yaml").touch()
    assert completed(script, "stochgrad run experiment=") == ["mine"]


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_is_told_keys_flags_and_choices(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(CONF, ["--completion", shell]) == 0
    script = capsys.readouterr().out
    assert "@" not in script.replace('"${COMPREPLY[@]/', "").replace('[@]"', "")
    for word in (*FLAGS, "epsilon=", "task.steps=", "experiment=", "float32 float64", str(CONF)):
        assert word in script
