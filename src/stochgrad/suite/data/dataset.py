"""One type for every data set."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
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
        scale: raw inputs, less the offset, are divided by this before they enter a network.
        classes: number of classes.
        train: what a network learns from.
        validation: what chooses the best epoch; None where there is none.
        test: what a network is judged by.
        offset: see ``scale``.
    """

    name: str
    kind: Literal["images", "bits"]
    scale: float
    classes: int
    train: Split
    validation: Split | None
    test: Split
    offset: float = 0.0

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
        moved = flat.astype(dtype) - np.asarray(self.offset, dtype) if self.offset else flat
        scaled: NDArray[Any] = moved.astype(dtype) / np.asarray(self.scale, dtype)
        return scaled

    def standardized(self, standardize: bool | tuple[float, float]) -> Dataset:
        """Return the same data, with inputs that get a mean of 0 and a standard deviation of 1.

        Args:
            standardize: mean and standard deviation of scaled inputs; True for those of all numbers
                in the training set, False for inputs as they are.
        """
        if standardize is False:
            return self
        if standardize is True:
            values = self.train.inputs.astype(np.float64) / self.scale
            mean, deviation = float(values.mean()), float(values.std())
        else:
            mean, deviation = standardize
        return replace(self, offset=mean * self.scale, scale=deviation * self.scale)

    def without_validation(self) -> Dataset:
        """Return the same data, with the validation examples in the training set."""
        if self.validation is None:
            return self
        parts = (self.validation, self.train)
        whole = Split(
            np.concatenate([part.inputs for part in parts]),
            np.concatenate([part.labels for part in parts]),
        )
        return replace(self, train=whole, validation=None)

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
