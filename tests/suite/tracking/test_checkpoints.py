"""Checkpoints: what is written, what is found, and what is refused."""

from __future__ import annotations

import dataclasses
import itertools
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock

from stochgrad.errors import ConfigError
from stochgrad.suite.config.schema import RunConfig
from stochgrad.suite.tracking.checkpoints import Checkpoints, find, why_none
from tests.suite.tracking.synthetic import make_config

STATE = {"done": np.array(3), "carry/w": np.arange(5000.0), "best/loss": np.array([np.inf])}

LATER = itertools.count(1_000_000)
"""Seconds at which files are written: a disk's own clock may be too coarse to tell them apart."""


def asking(resume: str, **changes: Any) -> RunConfig:
    return make_config(**changes).model_copy(update={"resume": resume})


def write(root: Path, run_id: str = "abc", *, epochs: int = 1, **changes: Any) -> Path:
    """Write checkpoints as a run does whose process then dies: the lock is free, the files stay."""
    checkpoints = Checkpoints(root, run_id, make_config(**changes))
    for done in range(1, epochs + 1):
        checkpoints.save(done, {**STATE, "done": np.array(done)})
    checkpoints.close(remove=False)
    now = next(LATER)
    for file in (root / run_id).iterdir():
        os.utime(file, (now, now))
    return root / run_id


def test_what_was_saved_is_found_and_only_the_latest_two_are_kept(tmp_path: Path) -> None:
    folder = write(tmp_path, epochs=4)
    assert sorted(f.name for f in folder.iterdir()) == ["00000003.npz", "00000004.npz"]
    found = find(tmp_path, asking("abc"))
    assert found is not None
    assert (found.run_id, found.done, found.damaged) == ("abc", 4, ())
    assert found.state.keys() == STATE.keys()
    np.testing.assert_array_equal(found.state["carry/w"], STATE["carry/w"])


@pytest.mark.parametrize("damage", ["cut", "flip", "empty"])
def test_a_damaged_checkpoint_falls_back_to_the_one_before(tmp_path: Path, damage: str) -> None:
    file = write(tmp_path, epochs=2) / "00000002.npz"
    content = bytearray(file.read_bytes())
    if damage == "flip":
        content[len(content) // 2] ^= 1
    file.write_bytes(content[: {"cut": len(content) // 2, "empty": 0}.get(damage)])
    found = find(tmp_path, asking("abc"))
    assert found is not None
    assert (found.done, found.damaged) == (1, ("00000002.npz",))


@pytest.mark.slow
def test_a_checkpoint_with_a_byte_damaged_anywhere_is_read_as_it_was_or_passed_over(
    tmp_path: Path,
) -> None:
    state = {"carry/w": np.arange(3.0), "values/loss": np.zeros((2, 1))}
    checkpoints = Checkpoints(tmp_path, "abc", make_config())
    for done in (1, 2):
        checkpoints.save(done, state)
    checkpoints.close(remove=False)
    file = tmp_path / "abc" / "00000002.npz"
    content = file.read_bytes()
    passed_over = 0
    for at in range(0, len(content), 7):
        damaged = bytearray(content)
        damaged[at] ^= 1 << at % 8
        file.write_bytes(damaged)
        found = find(tmp_path, asking("abc"))
        assert found is not None
        assert found.state.keys() == state.keys()
        for name, array in state.items():
            np.testing.assert_array_equal(found.state[name], array)
        passed_over += found.done == 1
    assert passed_over > len(content) / 14


def test_if_none_can_be_read_the_user_is_told(tmp_path: Path) -> None:
    for file in write(tmp_path).iterdir():
        file.write_bytes(b"")
    with pytest.raises(ConfigError, match=r"resume=abc: none of its checkpoints can be read"):
        find(tmp_path, asking("abc"))
    assert find(tmp_path, asking("auto")) is None


def test_other_settings_are_refused_by_name(tmp_path: Path) -> None:
    write(tmp_path)
    with pytest.raises(ConfigError, match="resume=abc: that run had other settings") as caught:
        find(tmp_path, asking("abc", activation="sigmoid", num_steps=11))
    assert "activation=tanh, not sigmoid; num_steps=10, not 11;" in str(caught.value)
    assert "epsilon" not in str(caught.value)
    assert find(tmp_path, asking("auto", num_steps=11)) is None


def test_settings_around_the_run_may_differ_and_an_open_seed_takes_the_checkpoints(
    tmp_path: Path,
) -> None:
    write(tmp_path)
    config = asking("abc", seed=None, register="other", checkpoint_seconds=None)
    found = find(tmp_path, config)
    assert found is not None
    assert found.settings["seed"] == 7


def test_auto_takes_the_latest_of_these_settings_that_no_process_holds(tmp_path: Path) -> None:
    write(tmp_path, "first")
    write(tmp_path, "second")
    write(tmp_path, "another", num_steps=11)
    found = find(tmp_path, asking("auto"))
    assert found is not None
    assert found.run_id == "second"
    with FileLock(tmp_path / "second.lock"):
        found = find(tmp_path, asking("auto"))
        assert found is not None
        assert found.run_id == "first"
        with pytest.raises(ConfigError, match="resume=second: that run still goes on"):
            find(tmp_path, asking("second"))


def test_auto_passes_over_what_other_code_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("stochgrad.suite.tracking.checkpoints.code_hash", lambda: "0" * 64)
        write(tmp_path)
    assert find(tmp_path, asking("auto")) is None
    named = find(tmp_path, asking("abc"))
    assert named is not None
    assert named.code_hash == "0" * 64


def test_why_auto_finds_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert why_none(tmp_path, asking("auto")) == "there is no checkpoint of these settings"
    for file in write(tmp_path, "torn", epochs=2).iterdir():
        file.write_bytes(b"")
    write(tmp_path, "another", num_steps=11)
    with monkeypatch.context() as patch:
        patch.setattr("stochgrad.suite.tracking.checkpoints.code_hash", lambda: "0" * 64)
        write(tmp_path, "older")
    said = why_none(tmp_path, asking("auto"))
    assert "all checkpoints of run torn are damaged" in said
    assert "run older was computed by other sources of this package" in said
    assert "another" not in said


def test_nothing_to_resume(tmp_path: Path) -> None:
    assert find(tmp_path, make_config()) is None
    assert find(tmp_path, asking("auto")) is None
    write(tmp_path)
    with pytest.raises(ConfigError, match=r"resume=abd: there is no checkpoint .* resumed: abc\."):
        find(tmp_path, asking("abd"))


def test_a_checkpoint_is_taken_over_once(tmp_path: Path) -> None:
    write(tmp_path)
    found = find(tmp_path, asking("abc"))
    assert found is not None
    own = Checkpoints(tmp_path, "new", make_config())
    own.take_over(found)
    assert [c.name for c in tmp_path.iterdir() if c.is_dir()] == ["new"]
    with pytest.raises(ConfigError, match="resume=abc: that run still goes on"):
        Checkpoints(tmp_path, "late", make_config()).take_over(found)
    with pytest.raises(ConfigError, match="resume=new: that run still goes on"):
        find(tmp_path, asking("new"))
    own.close(remove=True)
    assert not [c for c in tmp_path.iterdir() if c.name.startswith("new")]


def test_checkpoints_cost_a_small_share_of_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    checkpoints = Checkpoints(tmp_path, "abc", make_config(checkpoint_seconds=1.0))
    times = []

    def state() -> dict[str, Any]:
        times.append(now[0])
        now[0] += 0.5  # what writing costs
        return STATE

    for epoch in range(1, 200):
        now[0] += 0.25
        checkpoints.offer(epoch, state)
    checkpoints.close(remove=True)
    assert times[0] == 1.0
    assert all(later - earlier >= 10 for earlier, later in itertools.pairwise(times))
    never = Checkpoints(tmp_path, "abc", make_config(checkpoint_seconds=None))
    never.offer(1, state)
    assert not (tmp_path / "abc").exists()


def test_a_failed_write_leaves_the_checkpoints_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(tmp_path, epochs=2)

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("numpy.savez", full)
    checkpoints = Checkpoints(tmp_path, "abc", make_config())
    with pytest.raises(OSError, match="No space"):
        checkpoints.save(3, STATE)
    checkpoints.close(remove=False)
    assert sorted(f.name for f in folder.iterdir()) == ["00000001.npz", "00000002.npz"]
    assert dataclasses.asdict(find(tmp_path, asking("abc")))["done"] == 2  # type: ignore[arg-type]
