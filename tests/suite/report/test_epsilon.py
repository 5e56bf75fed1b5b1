"""The best step sizes of a study."""

from __future__ import annotations

from stochgrad.suite.report.sections.epsilon import most_common


def test_the_most_common_value_is_the_first_of_several() -> None:
    assert most_common([3, 1, 1, 3, 2]) == 3
