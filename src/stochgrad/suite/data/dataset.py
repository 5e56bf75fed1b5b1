"""One type for every data set."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Split:
    """Inputs with their labels.

    Attributes:
        inputs: raw: uint8 images ``(n, height, width, channels)``, or float64 vectors ``(n, d)``.
        labels: int64 classes ``(n,)``; for XOR the truth value.
    """

    inputs: NDArray[Any]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Dataset:
    """Training, validation and test examples.

    Attributes:
        name: of the data.
        kind: ``"images"`` (one output a class) or ``"bits"`` (XOR: vectors, one output).
        scale: raw inputs are divided by this before they enter a network.
        classes: number of classes.
        train: what a network learns from.
        validation: what chooses the best epoch; None where there is none.
        test: what a network is judged by.
    """

    name: str
    kind: Literal["images", "bits"]
    scale: float
    classes: int
    train: Split
    validation: Split | None
    test: Split

    @property
    def features(self) -> int:
        """Length of an input vector."""
        return int(np.prod(self.train.inputs.shape[1:]))

    @property
    def outputs(self) -> int:
        """Number of output units."""
        return 1 if self.kind == "bits" else self.classes

    def vectors(self, split: Split, dtype: str) -> NDArray[Any]:
        """Return network inputs, shape ``(n, features)``, scaled."""
        flat = split.inputs.reshape(len(split), -1)
        scaled: NDArray[Any] = flat.astype(dtype) / np.asarray(self.scale, dtype)
        return scaled

    def targets(self, split: Split, dtype: str) -> NDArray[Any]:
        """Return target outputs, shape ``(n, outputs)``: one-hot, or the truth value."""
        if self.kind == "bits":
            return split.labels[:, None].astype(dtype)
        return np.eye(self.classes, dtype=dtype)[split.labels]

    def sha256(self) -> str:
        """Hash every array with its place, so that the same data gives the same text."""
        digest = hashlib.sha256()
        for name in ("train", "validation", "test"):
            split = getattr(self, name)
            if split is None:
                continue
            for array in (split.inputs, split.labels):
                digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
                digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()
