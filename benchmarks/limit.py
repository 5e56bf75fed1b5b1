"""The matrix products of an epoch and nothing else: what no training can be faster than."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray


def products(widths: tuple[int, ...], batch: int) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    """Return the float32 operands of a training step, as they lie in memory.

    For each layer: its output ``X W``; the gradient of its weights ``Xᵀ D``; and, for all but the
    first, the error that it passes down, ``D Wᵀ``.
    """
    rng = np.random.default_rng(0)
    operands = []
    for layer, (fan_in, fan_out) in enumerate(pairwise(widths)):
        x, w, d = (
            rng.standard_normal(shape).astype(np.float32)
            for shape in ((batch, fan_in), (fan_in, fan_out), (batch, fan_out))
        )
        operands += [(x, w), (x.T, d)]
        if layer > 0:
            operands.append((d, w.T))
    return operands


def operations(widths: tuple[int, ...], examples: int) -> float:
    """Count multiplications and additions in the products of an epoch."""
    sizes = [fan_in * fan_out for fan_in, fan_out in pairwise(widths)]
    return 2.0 * examples * (3 * sum(sizes) - sizes[0])


def numpy_products(widths: tuple[int, ...], batch: int, steps: int) -> Callable[[], str]:
    """NumPy's sgemm, which writes into arrays that are there already."""
    step = [(a, b, np.empty((a.shape[0], b.shape[1]), a.dtype)) for a, b in products(widths, batch)]

    def epoch() -> str:
        for _ in range(steps):
            for a, b, out in step:
                np.matmul(a, b, out=out)
        return ""

    return epoch


def tensorflow_products(widths: tuple[int, ...], batch: int, steps: int) -> Callable[[], str]:
    """TensorFlow's matrix product, called one by one."""
    import tensorflow as tf

    def operand(array: NDArray[Any]) -> tuple[Any, bool]:
        turned = not array.flags.c_contiguous
        return tf.constant(array.T if turned else array), turned

    step = [(*operand(a), *operand(b)) for a, b in products(widths, batch)]

    def epoch() -> str:
        last = None
        for _ in range(steps):
            for a, turn_a, b, turn_b in step:
                last = tf.matmul(a, b, transpose_a=turn_a, transpose_b=turn_b)
        np.asarray(last)
        return ""

    return epoch
