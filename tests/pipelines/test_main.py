"""The stages that pages need: what has changed is run, each after those that it waits for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from dvc.repo import Repo

from pipelines import __main__ as program

STAGES = {
    "one": ("cat one.txt > one.out; echo one >> log", ["one.txt"]),
    "two": ("cat two.txt > two.out; echo two >> log", ["two.txt"]),
    "page": ("cat one.out two.out > page.out; echo page >> log", ["one.out", "two.out"]),
}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of three stages, of which the last waits for the others."""
    stages = {
        name: {"cmd": command, "deps": deps, "outs": [{f"{name}.out": {"persist": True}}]}
        for name, (command, deps) in STAGES.items()
    }
    Repo.init(str(tmp_path), no_scm=True).close()
    (tmp_path / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
    for name in ("one", "two"):
        (tmp_path / f"{name}.txt").write_text(f"{name}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(program, "TARGETS", ("page",))
    monkeypatch.setattr(program, "project_root", lambda: tmp_path)
    monkeypatch.setattr(program, "LOOK", 0.01)
    return tmp_path


def ran(root: Path) -> list[str]:
    """Return the stages that ran since this was last asked."""
    log = root / "log"
    found = log.read_text().split() if log.exists() else []
    log.unlink(missing_ok=True)
    return found


def test_what_has_changed_is_run_and_nothing_else(
    root: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert program.main() == 0
    said = capfd.readouterr()
    assert re.fullmatch(r"(   \d/3  (one|two) +\d+ s\n){2}   3/3  page +\d+ s\n", said.out)
    assert said.err == ""  # a bar is for terminals
    *first, last = ran(root)
    assert (sorted(first), last) == (["one", "two"], "page")
    assert program.main() == 0
    assert capfd.readouterr().out == "  nothing was run: every result is up to date\n"
    assert ran(root) == []
    (root / "two.txt").write_text("other\n")
    assert program.main() == 0
    assert ran(root) == ["two", "page"]
    assert (root / "page.out").read_text() == "one\nother\n"
    with Repo(str(root)) as repo:
        assert repo.status() == {}  # as dvc repro would have left it


def test_a_stage_that_fails_says_why_and_ends_the_others(
    root: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    text = (root / "dvc.yaml").read_text()
    fails = text.replace("cat two.txt", "echo because >&2; exit 3; cat two.txt")
    (root / "dvc.yaml").write_text(fails)
    assert program.main() == 1
    said = capfd.readouterr().err
    assert said.startswith("because\n")
    assert said.endswith("error: stage two failed; what it measured before is kept\n")
    assert "page" not in ran(root)


def test_the_time_left_goes_by_what_was_done() -> None:
    usual = program.SECONDS
    stages = dict.fromkeys(usual, None)
    assert program.left_over(stages, {}, [], 2) == sum(usual.values()) / 2
    slow = {"derivatives": 2.0 * usual["derivatives"]}
    ahead = sum(usual.values()) - usual["derivatives"]
    assert program.left_over(stages, slow, [], 2) == pytest.approx(ahead)
    skipped = dict.fromkeys(usual, 0.0)
    assert program.left_over(stages, skipped, [], 2) == 0


def test_stages_of_the_pages_have_times() -> None:
    with Repo(str(Path(__file__).parents[2])) as repo:
        assert set(program._stages(repo)) == set(program.SECONDS)
