"""The four examples of exclusive or."""

from __future__ import annotations

import numpy as np

from stochgrad.suite.data.dataset import Dataset, Split


def load_xor() -> Dataset:
    """Return the truth table, which is its own test set.

    >>> load_xor().train.labels
    array([0, 0, 1, 1])
    """
    inputs = np.array([[0, 0], [1, 1], [1, 0], [0, 1]], np.float64)
    table = Split(inputs, np.array([0, 0, 1, 1], np.int64))
    return Dataset("xor", "bits", 1.0, 2, train=table, validation=None, test=table)
