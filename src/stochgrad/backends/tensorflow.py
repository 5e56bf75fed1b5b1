"""The TensorFlow backend: whole epochs compiled with XLA."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from stochgrad.backends.chatter import chatter_hidden

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # before the import: no start-up chatter

with chatter_hidden():
    import tensorflow as tf

    tf.config.list_physical_devices()  # looks for a GPU, and says so if there is none

# A program for each learner is meant, and a sweep over learners no mistake.
tf.get_logger().addFilter(lambda record: "tf.function retracing" not in str(record.msg))

Array = Any

WRITTEN_OUT = 256
"""Matrix products of up to so many multiplications are written out, which XLA fuses with what is
around them: a call of the matrix library costs more than such a product."""
WRITTEN_OUT_DRAWS = 32
"""Up to so many draws are written out one after the other: of a large layer XLA makes one loop in
registers, where an axis of draws would go through memory. More would take long to compile."""
SHORT_LOOP = 16
"""A loop over fewer elements is left scalar by LLVM, whatever it is that loops around it."""
SMALL_LAYER = 1024
"""Elements of a layer whose draws are quicker on an axis of their own."""


class TensorFlowBackend:
    """TensorFlow's functions under the names of :class:`stochgrad.backends.Backend`."""

    name = "tensorflow"
    joined_unit_limit = 0  # compiled, a call costs nothing
    exp = staticmethod(tf.exp)
    log = staticmethod(tf.math.log)
    log1p = staticmethod(tf.math.log1p)
    tanh = staticmethod(tf.tanh)
    sin = staticmethod(tf.sin)
    cos = staticmethod(tf.cos)
    sqrt = staticmethod(tf.sqrt)
    # Its gradient is finite; that of 1 / (1 + exp(−x)) is 0·inf = NaN where exp overflows.
    sigmoid = staticmethod(tf.sigmoid)
    divide_no_nan = staticmethod(tf.math.divide_no_nan)
    abs = staticmethod(tf.abs)
    erfc = staticmethod(tf.math.erfc)
    power = staticmethod(tf.pow)
    maximum = staticmethod(tf.maximum)
    where = staticmethod(tf.where)
    real = staticmethod(tf.math.real)
    imag = staticmethod(tf.math.imag)

    @staticmethod
    def smallest_normal(array: Array) -> float:
        return float(np.finfo(array.dtype.as_numpy_dtype).tiny)

    @staticmethod
    def asarray(values: Any, dtype: str | None = None) -> Array:
        return tf.convert_to_tensor(values, dtype=dtype)

    @staticmethod
    def to_numpy(array: Array) -> Any:
        return array.numpy()

    @staticmethod
    def cast(array: Array, dtype: str) -> Array:
        return tf.cast(array, dtype)

    @staticmethod
    def is_complex(array: Array) -> bool:
        return bool(array.dtype.is_complex)

    @staticmethod
    def complex(real: Array, imag: Array) -> Array:
        return tf.complex(real + tf.zeros_like(imag), imag + tf.zeros_like(real))

    @staticmethod
    def sum(array: Array, axis: int | tuple[int, ...], keepdims: bool = False) -> Array:
        return tf.reduce_sum(array, axis, keepdims)

    @staticmethod
    def mean(array: Array, axis: int | tuple[int, ...]) -> Array:
        if axis != 0 or array.shape[0] > WRITTEN_OUT_DRAWS:
            return tf.reduce_mean(array, axis)
        # XLA makes a reduction over the leading axis a scalar loop, a sum of slices vector code.
        return tf.add_n(tf.unstack(array)) / array.shape[0]

    @staticmethod
    def max(array: Array, axis: int, keepdims: bool = False) -> Array:
        return tf.reduce_max(array, axis, keepdims)

    @staticmethod
    def concat(arrays: list[Array]) -> Array:
        return tf.concat(arrays, -1)

    @staticmethod
    def argmax(array: Array) -> Array:
        return tf.argmax(array, axis=-1)

    @staticmethod
    def take(array: Array, index: Array) -> Array:
        return tf.gather(array, index)

    @staticmethod
    def reshape(array: Array, shape: tuple[int, ...]) -> Array:
        return tf.reshape(array, shape)

    @staticmethod
    def window(array: Array, first: Array, length: int) -> Array:
        return tf.slice(array, [first], [length])

    @staticmethod
    def swap_axes(array: Array, first: int, second: int) -> Array:
        order = list(range(len(array.shape)))
        order[first], order[second] = order[second], order[first]
        return tf.transpose(array, order)

    @staticmethod
    def solve(matrix: Array, right: Array) -> Array:
        return tf.linalg.cholesky_solve(tf.linalg.cholesky(matrix), right)

    @staticmethod
    def turn(array: Array) -> Array:
        return tf.linalg.matrix_transpose(array)

    @staticmethod
    def prefers_column_major(array: Array) -> bool:
        rows, columns = array.shape[-2:]
        return bool(columns < SHORT_LOOP <= rows)

    @staticmethod
    def matmul(
        a: Array, b: Array, *, transpose_a: bool = False, transpose_b: bool = False
    ) -> Array:
        m, k = (a.shape[-1], a.shape[-2]) if transpose_a else (a.shape[-2], a.shape[-1])
        n = b.shape[-2] if transpose_b else b.shape[-1]
        if None in (m, k, n) or m * k * n > WRITTEN_OUT:
            return tf.matmul(a, b, transpose_a=transpose_a, transpose_b=transpose_b)
        left = tf.linalg.matrix_transpose(a) if transpose_a else a
        right = tf.linalg.matrix_transpose(b) if transpose_b else b
        return tf.reduce_sum(left[..., :, :, None] * right[..., None, :, :], -2)

    @staticmethod
    def autodiff(f: Callable[[Array], Array], x: Array) -> Array:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        return tape.gradient(y, x, unconnected_gradients=tf.UnconnectedGradients.ZERO)

    @staticmethod
    def jvp(f: Callable[[Array], Array], x: Array, v: Array) -> Array:
        with tf.autodiff.ForwardAccumulator(x, v) as forward:
            y = f(x)
        return forward.jvp(y, unconnected_gradients=tf.UnconnectedGradients.ZERO)

    @staticmethod
    def draw_chunk(draws: int, elements: int) -> int:
        return draws if elements <= SMALL_LAYER else -(-draws // WRITTEN_OUT_DRAWS)

    @staticmethod
    def compile(f: Callable[..., Any]) -> Callable[..., Any]:
        compiled: Callable[..., Any] = tf.function(f, jit_compile=True, autograph=False)
        return compiled

    @staticmethod
    def scan(
        step: Callable[[Any, Any], tuple[Any, Any]], carry: Any, xs: Any
    ) -> tuple[Any, dict[str, Array]]:
        length = tf.nest.flatten(xs)[0].shape[0]

        def row(t: Array) -> Any:
            return tf.nest.map_structure(lambda x: x[t], xs)

        # Traced once, here, to learn what a step returns; the loop calls what was traced.
        traced = tf.function(step, autograph=False)
        _, first = traced.get_concrete_function(carry, row(tf.constant(0))).structured_outputs
        columns = {
            key: tf.TensorArray(y.dtype, length, element_shape=y.shape) for key, y in first.items()
        }

        def body(t: Array, carry: Any, columns: dict[str, Any]) -> Any:
            carry, y = traced(carry, row(t))
            return t + 1, carry, {key: columns[key].write(t, y[key]) for key in columns}

        _, carry, columns = tf.while_loop(
            lambda t, *_: t < length, body, (tf.constant(0), carry, columns)
        )
        return carry, {key: column.stack() for key, column in columns.items()}

    @staticmethod
    def device() -> str:
        gpus = tf.config.list_physical_devices("GPU")
        return gpus[0].name if gpus else "CPU (XLA)"


def backend() -> TensorFlowBackend:
    """Return the backend."""
    return TensorFlowBackend()
