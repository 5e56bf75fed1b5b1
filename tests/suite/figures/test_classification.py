from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from stochgrad.suite.figures.classification import accuracy_by_digit, confusion_matrix
from stochgrad.suite.tasks.result import Classification, Result

from .synthetic import digits_result, make_config, texts, xor_result

CONFIG = make_config("digits")


@pytest.mark.parametrize("replicates", [1, 20])
def test_confusion_matrix_is_the_share_of_each_true_digit(replicates: int) -> None:
    result = digits_result(replicates)
    found = result.classification
    assert found is not None
    figure = confusion_matrix(CONFIG, result)
    assert figure is not None
    shown = np.asarray(figure.axes[0].images[0].get_array())
    for true in range(10):
        of_true = found.predicted[:, found.true == true]
        for predicted in range(10):
            share = (of_true == predicted).mean()
            assert shown[true, predicted] == pytest.approx(100 * share, abs=1e-9)
            if 0 < share < 1:
                assert f"{100 * share:.1f}" in annotation(figure, predicted, true)
    assert shown.sum(axis=1) == pytest.approx(100)
    assert ("20 replicates pooled" in texts(figure)) == (replicates == 20)


def annotation(figure: object, x: int, y: int) -> list[str]:
    texts = figure.axes[0].texts  # type: ignore[attr-defined]
    return [t.get_text() for t in texts if t.get_position() == (x, y)]


def test_a_digit_that_the_test_set_lacks_is_marked_instead_of_zero() -> None:
    result = digits_result()
    assert result.classification is not None
    keep = result.classification.true != 3
    part = Classification(
        result.classification.predicted[:, keep], result.classification.true[keep]
    )
    result = replace(result, classification=part)
    figure = confusion_matrix(CONFIG, result)
    assert figure is not None
    assert np.isnan(figure.axes[0].images[0].get_array().filled(np.nan)[3]).all()
    assert annotation(figure, 0, 3) == ["–"]
    by_digit = accuracy_by_digit(CONFIG, result)
    assert by_digit is not None
    assert len(by_digit.axes[0].get_yticklabels()) == 9


def test_digits_are_sorted_by_accuracy() -> None:
    result = digits_result(wrong=0.3)
    found = result.classification
    assert found is not None
    figure = accuracy_by_digit(CONFIG, result)
    assert figure is not None
    labels = [t.get_text().split()[0] for t in figure.axes[0].get_yticklabels()]
    shown = [(found.predicted[0] == found.true)[found.true == int(d)].mean() for d in labels]
    assert shown == sorted(shown, reverse=True)
    centres = figure.axes[0].containers[0].lines[0].get_xdata()
    assert centres == pytest.approx(100 * np.array(shown))


def bars(figure: object) -> np.ndarray:
    container = figure.axes[0].containers[0]  # type: ignore[attr-defined]
    return np.array([segment[:, 0] for segment in container.lines[2][0].get_segments()])


def test_one_network_has_wilsons_interval() -> None:
    result = digits_result(wrong=0.3)
    found = result.classification
    assert found is not None
    figure = accuracy_by_digit(CONFIG, result)
    assert figure is not None
    right = np.bincount(found.true, found.predicted[0] == found.true)
    sizes = np.bincount(found.true)
    order = np.argsort(-right / sizes, kind="stable")
    p, n = right[order] / sizes[order], sizes[order]
    z2 = stats.norm.ppf(0.975) ** 2
    middle, half = p + z2 / (2 * n), np.sqrt(z2 * (p * (1 - p) / n + z2 / (4 * n * n)))
    expected = np.stack([middle - half, middle + half], axis=1) / (1 + z2 / n)[:, None]
    assert bars(figure) == pytest.approx(100 * expected)
    assert "95 % Wilson interval" in texts(figure)


def test_many_networks_have_students_interval_over_replicates() -> None:
    result = digits_result(20, wrong=0.3)
    found = result.classification
    assert found is not None
    figure = accuracy_by_digit(make_config("digits", replicates=20), result)
    assert figure is not None
    right = found.predicted == found.true
    each = np.stack([right[:, found.true == digit].mean(axis=1) for digit in range(10)])
    each = each[np.argsort(-each.mean(axis=1), kind="stable")]
    low, high = stats.t.interval(0.95, 19, each.mean(1), stats.sem(each, axis=1))
    assert bars(figure) == pytest.approx(100 * np.stack([low, np.minimum(high, 1)], axis=1))
    assert "95 % t interval of the mean, n = 20 replicates" in texts(figure)
    assert "Wilson" not in texts(figure)


def test_perfect_replicates_have_an_interval_inside_0_to_100() -> None:
    figure = accuracy_by_digit(CONFIG, digits_result(3, wrong=0.01))
    assert figure is not None
    assert bars(figure).max() <= 100


def test_nothing_classified_no_figure() -> None:
    empty = Classification(np.zeros((1, 0), np.int64), np.zeros(0, np.int64))
    for result in (xor_result(), Result(seed=0, classification=empty)):
        assert confusion_matrix(CONFIG, result) is None
        assert accuracy_by_digit(CONFIG, result) is None
