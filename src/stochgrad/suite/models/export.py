"""Weights to a TensorFlow SavedModel, checked by loading it back.

The model needs nothing of this project: images are preprocessed inside, and the activation is
written out in TensorFlow's operations, whatever backend and estimator trained the weights.
"""

from __future__ import annotations

import shutil
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from stochgrad.backends import get_backend
from stochgrad.suite.data.dataset import Dataset
from stochgrad.suite.models.activations import ACTIVATIONS
from stochgrad.suite.models.normalization import normalize
from stochgrad.suite.models.perceptron import Network
from stochgrad.suite.models.rounding import round_off

F = TypeVar("F", bound=Callable[..., Any])

SIGNATURE = "serving_default"


class ExportError(RuntimeError):
    """A saved model does not predict what its network predicted; the message says by how much."""


def export(network: Network, dataset: Dataset, folder: Path, replicate: int = 0) -> Path:
    """Write one replicate as a SavedModel.

    Called, and under the signature ``serving_default``, the model takes

    - for images: raw uint8 ``(n, height, width, channels)``, and returns the class, int64 ``(n,)``
      (``"class"`` in the signature);
    - for bits: float64 or float32 ``(n, 2)`` (float32 under the signature), and returns the output
      ``(n,)`` in the dtype of the weights, so that nothing is lost (``"output"`` in the signature).

    Args:
        network: weights of all replicates.
        dataset: what it was trained on; gives the kind of input and its scale.
        folder: to create; appears complete or not at all.
        replicate: which one to write.

    Returns:
        ``folder``.

    Raises:
        ExportError: if there is such a folder already.
    """
    if folder.exists():
        raise ExportError(f"{folder}: exists already; remove it, or choose another folder")
    get_backend("tensorflow")
    import tensorflow as tf

    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}")
    try:
        with _LOCK:
            module = _module(_Layout.of(network, dataset))
            module.load(network, replicate)
            tf.saved_model.save(module, str(unfinished), signatures={SIGNATURE: module.serve})
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder


def check(
    folder: Path, network: Network, dataset: Dataset, replicate: int, outputs: NDArray[Any]
) -> int:
    """Load a SavedModel and compare its predictions on the test set with those of its network.

    Two programs that add in a different order may differ by round-off, of which
    :func:`round_off` gives a bound. An output has to agree to within the bound; a class has to be
    the one with the largest output, or one whose output falls short of it by less than the bound.

    Args:
        folder: the SavedModel.
        network: that it was made of.
        dataset: whose test set is predicted.
        replicate: which one it holds.
        outputs: of the network on the test set, shape ``(R, n, outputs)``.

    Returns:
        How many predictions were compared.

    Raises:
        ExportError: at the first disagreement.
    """
    get_backend("tensorflow")
    import tensorflow as tf

    expected = np.asarray(outputs[replicate], np.float64)
    predicted = tf.saved_model.load(str(folder))(_raw(dataset)).numpy()
    bound = 2 * round_off(network, dataset, replicate)  # both programs round
    if dataset.kind == "images":
        best = expected.argmax(axis=-1)[:, None]
        chosen = predicted[:, None]
        gap = np.take_along_axis(expected, best, -1) - np.take_along_axis(expected, chosen, -1)
        allowed = np.take_along_axis(bound, best, -1) + np.take_along_axis(bound, chosen, -1)
    else:
        gap, allowed = np.abs(predicted[:, None] - expected), bound
    wrong = ~(gap <= allowed)[:, 0]  # NaN is wrong, too
    if wrong.any():
        first = int(np.argmax(wrong))
        raise ExportError(
            f"saved model: {wrong.sum()} of {len(wrong)} predictions on the test set differ from "
            f"the network's; the first, of example {first}, is {predicted[first].item()}: its "
            f"output is off by {gap[first, 0]:.3g}, and round-off explains {allowed[first, 0]:.3g}"
        )
    return len(expected)


def _raw(dataset: Dataset) -> NDArray[Any]:
    """Return the test inputs as a user of the saved model has them."""
    inputs = dataset.test.inputs
    return inputs if dataset.kind == "images" else inputs.astype(np.float32)


@dataclass(frozen=True)
class _Layout:
    """What networks have in common whose TensorFlow programs differ in weights only."""

    kind: str
    features: int
    scale: float
    activation: str
    linear_output: bool
    dtype: str
    shapes: tuple[tuple[int, ...], ...]
    offset: float
    norms: tuple[int, ...]
    affine: bool

    @classmethod
    def of(cls, network: Network, dataset: Dataset) -> _Layout:
        return cls(
            dataset.kind,
            dataset.features,
            dataset.scale,
            network.activation,
            network.linear_output,
            network.weights[0].dtype.name,
            tuple(w.shape[1:] for w in network.weights),
            dataset.offset,
            network.norms,
            bool(network.scales),
        )


_LOCK = threading.Lock()
"""A module holds the weights of one network at a time."""


@lru_cache(maxsize=4)
def _module(layout: _Layout) -> Any:
    """Build the TensorFlow module of one replicate; runs that differ in weights share its trace."""
    import tensorflow as tf

    xp = get_backend("tensorflow")
    activation = ACTIVATIONS[layout.activation]
    dtype = layout.dtype
    last = len(layout.shapes) - 1
    images = tf.TensorSpec([None, None, None, None], tf.uint8)
    bits = tf.TensorSpec([None, layout.features], tf.float32)

    def takes(spec: Any) -> Callable[[F], F]:
        decorator: Any = tf.function(input_signature=[spec], autograph=False)
        return lambda method: decorator(method)  # type: ignore[no-any-return]

    class Perceptron(tf.Module):  # type: ignore[misc]
        """The layers of one replicate."""

        def __init__(self) -> None:
            super().__init__(name="perceptron")
            self.weights = [tf.Variable(tf.zeros(s, dtype)) for s in layout.shapes]
            self.biases = [tf.Variable(tf.zeros((1, s[-1]), dtype)) for s in layout.shapes]
            hidden = layout.shapes[:-1] if layout.affine else ()
            self.scales = [tf.Variable(tf.zeros((1, s[-1]), dtype)) for s in hidden]
            self.shifts = [tf.Variable(tf.zeros((1, s[-1]), dtype)) for s in hidden]

        def load(self, network: Network, replicate: int) -> None:
            for own, given in (
                (self.weights, network.weights), (self.biases, network.biases),
                (self.scales, network.scales), (self.shifts, network.shifts),
            ):  # fmt: skip
                for variable, values in zip(own, given, strict=True):
                    variable.assign(values[replicate])

        def outputs(self, vectors: Any) -> Any:
            moved = tf.cast(vectors, dtype) - tf.constant(layout.offset, dtype)
            layer = moved / tf.constant(layout.scale, dtype)
            for i, (W, b) in enumerate(zip(self.weights, self.biases, strict=True)):
                layer = layer @ W + b
                if i < len(layout.norms):
                    layer = normalize(layer, xp, layout.norms[i]).value
                    if layout.affine:
                        layer = layer * self.scales[i] + self.shifts[i]
                if i < last or not layout.linear_output:
                    layer = activation.f(layer, xp)
            return layer

    # TensorFlow checks that the first parameter of a method with an input_signature is `self`.
    class ImageClassifier(Perceptron):
        """Raw images to classes."""

        @takes(images)
        def __call__(self, images: Any) -> Any:
            # Not [-1, features]: an image of another size must not become several of ours.
            vectors = tf.reshape(images, [tf.shape(images)[0], layout.features])
            return tf.argmax(self.outputs(vectors), axis=-1)

        @takes(images)
        def serve(self, images: Any) -> Any:
            return {"class": self(images)}

    class BitFunction(Perceptron):
        """Vectors to outputs."""

        @tf.function(autograph=False)  # type: ignore[untyped-decorator]
        def __call__(self, bits: Any) -> Any:
            return tf.squeeze(self.outputs(bits), axis=-1)

        @takes(bits)
        def serve(self, bits: Any) -> Any:
            return {"output": self(bits)}

    if layout.kind == "images":
        return ImageClassifier()
    function = BitFunction()
    for given in (tf.float32, tf.float64):
        function.__call__.get_concrete_function(tf.TensorSpec([None, layout.features], given))
    return function
