"""The notebook's TensorFlow training, written plainly: a tape around the network, its own Adam."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

BATCH = 128


def batches(images: NDArray[np.uint8], labels: NDArray[np.int64]) -> Any:
    """Feed raw images in batches, flattened and scaled on the way, as the notebook does."""
    data = tf.data.Dataset.from_tensor_slices((images, labels)).batch(BATCH)
    return data.map(lambda x, y: (tf.reshape(tf.cast(x, tf.float32), [-1, 784]) / 255, y))


class Network(tf.Module):
    """Dense layers with ReLU between them; weights from Glorot's uniform distribution."""

    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.layers = []
        for fan_in, fan_out in pairwise(widths):
            limit = (6 / (fan_in + fan_out)) ** 0.5
            w = tf.Variable(tf.random.uniform((fan_in, fan_out), -limit, limit, seed=22))
            self.layers.append((w, tf.Variable(tf.zeros((fan_out,)))))

    @tf.function
    def __call__(self, x: Any) -> Any:
        for i, (w, b) in enumerate(self.layers):
            x = x @ w + b
            if i + 1 < len(self.layers):
                x = tf.nn.relu(x)
        return x


class Adam:
    """Adam, variable by variable and operation by operation."""

    def __init__(self) -> None:
        self.step = 1.0
        self.slots: list[Any] = []

    def apply(self, gradients: Any, variables: Any) -> None:
        if not self.slots:
            self.slots = [(tf.Variable(v * 0), tf.Variable(v * 0)) for v in variables]
        for g, v, (mean, square) in zip(gradients, variables, self.slots, strict=True):
            mean.assign(0.9 * mean + 0.1 * g)
            square.assign(0.999 * square + 0.001 * tf.square(g))
            unbiased = mean / (1 - 0.9**self.step)
            scale = tf.sqrt(square / (1 - 0.999**self.step)) + 1e-7
            v.assign_sub(1e-3 * (unbiased / scale))
        self.step += 1


def trainer(
    images: NDArray[np.uint8], labels: NDArray[np.int64], widths: tuple[int, ...]
) -> Callable[[], str]:
    """Return a function that trains for one more epoch and tells its mean loss."""
    network, adam, data = Network(widths), Adam(), batches(images, labels)

    def epoch() -> str:
        losses, accuracies = [], []
        for x, y in data:
            with tf.GradientTape() as tape:
                logits = network(x)
                loss = tf.reduce_mean(
                    tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
                )
            right = tf.equal(y, tf.argmax(tf.nn.softmax(logits), axis=1))
            accuracies.append(tf.reduce_mean(tf.cast(right, tf.float32)))
            adam.apply(tape.gradient(loss, network.variables), network.variables)
            losses.append(loss)
        return f"{float(tf.reduce_mean(losses)):.4f}"

    return epoch
