"""What can be looked at before anything runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from stochgrad.suite.cli import main
from stochgrad.suite.cli.arguments import FLAGS, TOPICS, parse
from stochgrad.suite.cli.tune import main as tune

CONF = Path(__file__).resolve().parents[3] / "conf"


def printed(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    assert main(CONF, argv) == 0
    said = capsys.readouterr()
    assert said.err == ""
    return said.out


@pytest.mark.parametrize(
    ("more", "epsilon", "dtype"),
    [([], 1e-5, "float32"), (["job=2"], 1e-5, "float64"), (["job=3"], 1e-6, "float32")],
)
def test_a_job_of_a_sweep(
    more: list[str], epsilon: float, dtype: str, capsys: pytest.CaptureFixture[str]
) -> None:
    swept = ["epsilon=1e-5,1e-6", "dtype=float32,float64"]
    shown = OmegaConf.create(printed(capsys, "-m", "--cfg", "job", *swept, *more))
    assert (shown.epsilon, shown.dtype) == (epsilon, dtype)
    assert "job" not in shown


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert re.fullmatch(r"stochgrad \d+\.\d+\.\d+\n", printed(capsys, "--version"))
    assert tune(CONF, ["--version"]) == 0
    assert capsys.readouterr().out.startswith("stochgrad ")


def test_info_names_folders_files_and_the_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = printed(capsys, "-cd", str(tmp_path), "--info", "experiment=shot_noise", "seed=3")
    for line in (f"main          {CONF}", f"command-line  {tmp_path}", "seed: 3", "# defaults"):
        assert f"{line}\n" in shown
    files = re.findall(r"^(\S+\.yaml)", shown, re.MULTILINE)
    assert files.index("config.yaml") < files.index("task/circuit.yaml")
    assert files[-1] == "experiment/shot_noise.yaml"


@pytest.mark.parametrize("topic", TOPICS[1:])
def test_info_of_one_topic(topic: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = printed(capsys, "--info", topic, "seed=3")
    assert re.findall(r"^# (\w+)$", shown, re.MULTILINE) == [topic]
    assert ("seed: 3" in shown) == (topic == "config")


def test_a_folder_of_ones_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "experiment").mkdir()
    preset = tmp_path / "experiment" / "mine.yaml"
    preset.write_text("# @package _global_\nepsilon: 0.5\n", encoding="utf-8")
    shown = printed(capsys, "-cd", str(tmp_path), "--cfg", "job", "experiment=mine")
    assert OmegaConf.create(shown).epsilon == 0.5


def test_another_first_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "defaults: [config, _self_]\nepsilon: 0.25\n"
    (tmp_path / "other.yaml").write_text(text, encoding="utf-8")
    for name in ("other", "other.yaml"):
        shown = printed(capsys, "-cd", str(tmp_path), "-cn", name, "--cfg", "job")
        assert OmegaConf.create(shown).epsilon == 0.25


def test_a_bare_info_may_be_followed_by_a_setting() -> None:
    assert parse(["--info", "seed=1"]).info == "all"
    assert parse(["--info", "defaults", "seed=1"]).info == "defaults"
    assert parse(["seed=1", "-i"]).info == "all"


def test_the_help_names_every_flag(capsys: pytest.CaptureFixture[str]) -> None:
    shown = printed(capsys, "--help")
    assert [flag for flag in FLAGS if flag not in shown] == []
