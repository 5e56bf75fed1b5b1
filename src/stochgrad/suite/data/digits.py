"""scikit-learn's bundled handwritten digits: 1,797 real 8×8 images, no download."""

from __future__ import annotations

import numpy as np

from stochgrad.suite.data.dataset import Dataset, Split

TEST_SHARE = 0.2
VALIDATION_SHARE = 0.2
SPLIT_SEED = 0
"""The split is part of the data: all seeds train on the same examples."""


def load_digits() -> Dataset:
    """Return the digits in a split stratified by class: 1,077 / 360 / 360 images.

    Pixels run from 0 to 16.

    Reference: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI (1998).
    """
    from sklearn.datasets import load_digits as bundled
    from sklearn.model_selection import train_test_split

    raw = bundled()
    images = raw.images.astype(np.uint8)[..., None]
    labels = raw.target.astype(np.int64)
    rest, test = train_test_split(
        np.arange(len(labels)), test_size=TEST_SHARE, stratify=labels, random_state=SPLIT_SEED
    )
    train, validation = train_test_split(
        rest,
        test_size=VALIDATION_SHARE / (1 - TEST_SHARE),
        stratify=labels[rest],
        random_state=SPLIT_SEED,
    )
    parts = [Split(images[i], labels[i]) for i in map(np.sort, (train, validation, test))]
    return Dataset("digits", "images", 16.0, 10, parts[0], parts[1], parts[2])
