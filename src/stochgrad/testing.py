"""Gradients in tests: ``assert_gradient`` for pytest and its kin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stochgrad.differentiate.check import check_gradient


def assert_gradient(
    f: Callable[..., Any], grad: Any, x: Any, *, undecided: bool = False, **settings: Any
) -> None:
    """Raise unless a gradient agrees with values of f.

    A right gradient fails with a probability of ``alpha``, 0.01 unless it is given; with ``seed``
    always or never.

    Args:
        f: as for :func:`stochgrad.check_gradient`, and so are all further arguments.
        grad: the gradient, or a function that returns it.
        x: the point.
        undecided: whether to let pass where noise hides the answer.
        **settings: of :func:`stochgrad.check_gradient`.

    Raises:
        AssertionError: with the direction, the two slopes, the odds, and the components to blame.

    >>> import numpy as np
    >>> assert_gradient(lambda x: (x**2).sum(), lambda x: 2 * x, np.array([1.0, 2.0]), seed=0)
    >>> assert_gradient(lambda x: (x**2).sum(), lambda x: 2.1 * x, np.array([1.0, 2.0]), seed=0)
    Traceback (most recent call last):
    ...
    AssertionError: differs: along a random direction the gradient says ...
    """
    __tracebackhide__ = True  # pytest then shows the line of the test
    result = check_gradient(f, grad, x, **settings)
    if result.verdict == "differs" or (result.verdict == "cannot tell" and not undecided):
        raise AssertionError(result.message)
