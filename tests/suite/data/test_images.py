"""MNIST prepared from its original files, and what happens when that goes wrong."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

import numpy as np
import pytest

from stochgrad.errors import ConfigError
from stochgrad.suite.data import images
from stochgrad.suite.data.images import load_images, prepare_images


def arrays(rng):
    return {
        "train_images": rng.integers(0, 256, (10_020, 28, 28, 1), np.uint8),
        "train_labels": rng.integers(0, 10, 10_020),
        "test_images": rng.integers(0, 256, (30, 28, 28, 1), np.uint8),
        "test_labels": rng.integers(0, 10, 30),
    }


@pytest.fixture
def made(monkeypatch):
    """Replace what tensorflow_datasets reads; return the arrays and how often it was asked."""
    monkeypatch.setattr(images, "check_folder", lambda folder, name, key: None)
    own, asked = arrays(np.random.default_rng(0)), []

    def read(name, folder, manual):
        asked.append(manual)
        return "3.0.1", own

    monkeypatch.setattr(images, "_read", read)
    monkeypatch.setenv("MNIST_DIR", "/originals")
    return own, asked


def test_arrays_are_prepared_once_split_and_memory_mapped(made, tmp_path):
    own, asked = made
    first = load_images("mnist", tmp_path)
    again = load_images("mnist", tmp_path)
    assert asked == [Path("/originals")]
    assert isinstance(again.train.inputs.base, np.memmap)
    np.testing.assert_array_equal(first.train.inputs, own["train_images"][10_000:])
    np.testing.assert_array_equal(first.validation.labels, own["train_labels"][:10_000])
    np.testing.assert_array_equal(first.test.inputs, own["test_images"])
    assert first.sha256() == again.sha256()
    assert (first.features, first.outputs, first.scale) == (784, 10, 255)


def test_a_preparation_that_breaks_off_leaves_nothing(made, tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(images.np, "save", full)
    with pytest.raises(OSError, match="No space"):
        prepare_images("mnist", tmp_path)
    assert [p.name for p in tmp_path.iterdir() if p.is_dir()] == []


def test_what_a_killed_preparation_left_is_cleared_away(made, tmp_path):
    stale = tmp_path / ".mnist.preparing-1"
    (stale / "arrays").mkdir(parents=True)
    prepare_images("mnist", tmp_path)
    assert not stale.exists()


def test_a_damaged_array_is_refused(made, tmp_path):
    path = prepare_images("mnist", tmp_path) / "test_labels.npy"
    damaged = bytearray(path.read_bytes())
    damaged[-1] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(ConfigError, match=r"test_labels\.npy was damaged; delete"):
        load_images("mnist", tmp_path)
    path.write_bytes(bytes(damaged[:20]))
    with pytest.raises(ConfigError, match=r"test_labels\.npy was damaged"):
        load_images("mnist", tmp_path)


def test_no_damage_to_the_header_of_an_array_escapes(made, tmp_path):
    path = prepare_images("mnist", tmp_path) / "test_labels.npy"
    content = path.read_bytes()
    for at in range(100):
        damaged = bytearray(content)
        damaged[at] ^= 1 << at % 7
        path.write_bytes(damaged)
        with contextlib.suppress(ConfigError):  # what follows is for bytes that say nothing
            found = load_images("mnist", tmp_path)
            np.testing.assert_array_equal(found.test.labels, made[0]["test_labels"])


def test_a_damaged_manifest_is_refused(made, tmp_path):
    manifest = prepare_images("mnist", tmp_path) / "manifest.json"
    for content in ("", "[]", '{"sha256": 1}'):
        manifest.write_text(content)
        with pytest.raises(ConfigError, match=r"manifest\.json was damaged; delete"):
            load_images("mnist", tmp_path)


def test_a_folder_whose_links_lead_to_each_other(made, tmp_path):
    (tmp_path / "one").symlink_to(tmp_path / "two")
    (tmp_path / "two").symlink_to(tmp_path / "one")
    with pytest.raises(ConfigError, match=r"data\.manual_dir=.*one: no such folder"):
        prepare_images("mnist", tmp_path, str(tmp_path / "one"))


@pytest.mark.skipif("MNIST_DIR" not in os.environ, reason="the original files are not here")
@pytest.mark.slow
def test_the_real_files(tmp_path):
    data = load_images("mnist", tmp_path)
    assert (len(data.train), len(data.validation), len(data.test)) == (50_000, 10_000, 10_000)
    # Counts of digits in the whole training set, as published with it.
    both = np.concatenate([data.train.labels, data.validation.labels])
    published = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    np.testing.assert_array_equal(np.bincount(both), published)
    np.testing.assert_array_equal(
        np.bincount(data.test.labels), [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    )
    manifest = json.loads((tmp_path / "mnist" / "manifest.json").read_text())
    assert manifest["version"] == "3.0.1"
    assert [p.name for p in tmp_path.iterdir() if p.is_dir()] == ["mnist"]
