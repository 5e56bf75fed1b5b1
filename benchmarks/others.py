"""The same network trained by Keras and by PyTorch, as their users would write it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from numpy.typing import NDArray

BATCH = 128
Epoch = Callable[[], str]


def keras_fit(x: NDArray[Any], y: NDArray[Any], widths: tuple[int, ...]) -> Epoch:
    """``model.fit``, one epoch a call."""
    import keras

    hidden = [keras.layers.Dense(width, activation="relu") for width in widths[1:-1]]
    model = keras.Sequential(
        [keras.layers.Input(widths[:1]), *hidden, keras.layers.Dense(widths[-1])]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )

    def epoch() -> str:
        history = model.fit(x, y, batch_size=BATCH, epochs=1, verbose=0)
        return f"{history.history['loss'][0]:.4f}"

    return epoch


def pytorch_eager(x: NDArray[Any], y: NDArray[Any], widths: tuple[int, ...]) -> Epoch:
    """A loop over shuffled batches that are sliced from one tensor: no loader, no workers."""
    import torch
    from torch import nn

    layers: list[Any] = []
    for fan_in, fan_out in pairwise(widths):
        layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
    model = nn.Sequential(*layers[:-1])
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    loss_of = nn.CrossEntropyLoss()
    images, labels = torch.tensor(x), torch.tensor(y)

    def epoch() -> str:
        total, right = torch.zeros(()), torch.zeros(())
        for rows in torch.randperm(len(images)).split(BATCH):
            targets = labels[rows]
            logits = model(images[rows])
            loss = loss_of(logits, targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.detach() * len(rows)
            right += (logits.argmax(1) == targets).sum()
        return f"{float(total) / len(images):.4f}"

    return epoch


OTHERS = {"Keras fit": ("keras", keras_fit), "PyTorch eager": ("torch", pytorch_eager)}
"""By name: the package that has to be installed, and what makes a contender."""
