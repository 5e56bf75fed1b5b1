from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from stochgrad.suite.figures.images import COLUMNS, labels, predictions, samples
from stochgrad.suite.tasks.result import Classification

from .synthetic import digits_result, images, make_config, texts, xor_result

CONFIG = make_config("digits")


def pictures(figure: object) -> list[tuple[str, np.ndarray]]:
    axes = figure.axes  # type: ignore[attr-defined]
    return [(ax.get_title(), np.asarray(ax.images[0].get_array())) for ax in axes if ax.images]


def test_samples_are_the_first_nine_training_images() -> None:
    result = digits_result()
    assert result.dataset is not None
    figure = samples(CONFIG, result)
    assert figure is not None
    train = result.dataset.train
    shown = pictures(figure)
    assert [title for title, _ in shown] == [f"label {n}" for n in train.labels[:9]]
    for (_, picture), image in zip(shown, train.inputs[:9], strict=True):
        assert np.array_equal(picture, image[..., 0])


def test_fewer_than_nine_samples_leave_places_empty() -> None:
    result = digits_result()
    assert result.dataset is not None
    result.dataset = replace(result.dataset, train=images(4, 0))
    figure = samples(CONFIG, result)
    assert figure is not None
    assert len(pictures(figure)) == 4


def test_label_bars_are_shares_of_each_split() -> None:
    result = digits_result()
    data = result.dataset
    assert data is not None
    assert data.validation is not None
    figure = labels(CONFIG, result)
    assert figure is not None
    containers = {c.get_label(): c for c in figure.axes[0].containers}
    splits = (("training", data.train), ("validation", data.validation), ("test", data.test))
    for name, split in splits:
        bars = containers[f"{name}, n = {len(split):,}"].patches
        shares = 100 * np.bincount(split.labels, minlength=10) / len(split)
        assert [bar.get_height() for bar in bars] == pytest.approx(shares)
    hatches = {c.patches[0].get_hatch() for c in containers.values()}
    assert len(hatches) == 3


def test_labels_without_a_validation_set() -> None:
    result = digits_result()
    assert result.dataset is not None
    result.dataset = replace(result.dataset, validation=None)
    figure = labels(CONFIG, result)
    assert figure is not None
    assert len(figure.axes[0].containers) == 2


def test_mistakes_are_marked_by_a_cross_and_a_frame() -> None:
    result = digits_result(wrong=0.3)
    found = result.classification
    assert found is not None
    figure = predictions(CONFIG, result)
    assert figure is not None
    first = [ax for ax in figure.axes if ax.images][: 2 * COLUMNS]
    wrong = found.predicted[0] != found.true
    assert wrong[: 2 * COLUMNS].any()
    assert not wrong[: 2 * COLUMNS].all()
    for i, ax in enumerate(first):
        mark = " ✗" if wrong[i] else ""
        assert ax.get_title() == f"{found.true[i]} → {found.predicted[0, i]}{mark}"
        assert (ax.spines["left"].get_linewidth() > 2) == wrong[i]


def test_after_the_first_images_come_the_next_mistakes() -> None:
    result = digits_result(3, wrong=0.1)
    assert result.classification is not None
    assert result.dataset is not None
    figure = predictions(make_config("digits", replicates=3), result)
    assert figure is not None
    right = result.classification.predicted[0] == result.classification.true
    wrong = np.flatnonzero(~right)
    wrong = wrong[wrong >= 2 * COLUMNS][:COLUMNS]
    shown = pictures(figure)[2 * COLUMNS :]
    assert len(shown) == len(wrong) > 0
    for (_, picture), i in zip(shown, wrong, strict=True):
        assert np.array_equal(picture, result.dataset.test.inputs[i, ..., 0])
    assert f"of replicate 0: {right.sum()} of 200 test images right" in texts(figure)


def test_a_perfect_classifier_has_no_row_of_mistakes() -> None:
    figure = predictions(CONFIG, digits_result(wrong=0))
    assert figure is not None
    assert len(pictures(figure)) == 2 * COLUMNS
    assert "✗" not in texts(figure)
    assert "mistakes" not in texts(figure)


def test_no_images_no_figures() -> None:
    config = make_config("xor")
    assert samples(config, xor_result()) is None
    assert labels(config, xor_result()) is None
    assert predictions(config, xor_result()) is None
    empty = Classification(np.zeros((1, 0), np.int64), np.zeros(0, np.int64))
    assert predictions(CONFIG, replace(digits_result(), classification=empty)) is None
