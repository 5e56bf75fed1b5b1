"""The SavedModel predicts what the network predicted, and a wrong one is found out."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stochgrad.backends import get_backend
from stochgrad.suite.data.dataset import Dataset
from stochgrad.suite.data.digits import load_digits
from stochgrad.suite.data.xor import load_xor
from stochgrad.suite.models.activations import ACTIVATIONS
from stochgrad.suite.models.export import SIGNATURE, ExportError, check, export
from stochgrad.suite.models.perceptron import Network, forward
from stochgrad.suite.models.rounding import round_off

pytestmark = pytest.mark.slow

REPLICATES = 2


def make_network(
    dataset: Dataset, activation: str, dtype: str, linear_output: bool, hidden: int = 8
) -> Network:
    """Random weights, scaled so that no layer saturates."""
    rng = np.random.default_rng(7)
    widths = [dataset.features, hidden, dataset.outputs]
    weights, biases = [], []
    for fan_in, fan_out in pairwise(widths):
        bound = np.sqrt(6 / (fan_in + fan_out))
        weights.append(rng.uniform(-bound, bound, (REPLICATES, fan_in, fan_out)).astype(dtype))
        biases.append(rng.uniform(-1, 1, (REPLICATES, 1, fan_out)).astype(dtype))
    return Network(tuple(weights), tuple(biases), activation, linear_output)


def run_network(network: Network, dataset: Dataset, inputs: NDArray[Any]) -> NDArray[Any]:
    """The forward pass in NumPy, shape ``(R, n, outputs)``."""
    dtype = network.weights[0].dtype
    layer = inputs.reshape(1, len(inputs), -1).astype(dtype) / dtype.type(dataset.scale)
    last = len(network.weights) - 1
    for i, (W, b) in enumerate(zip(network.weights, network.biases, strict=True)):
        layer = layer @ W + b
        if i < last or not network.linear_output:
            layer = ACTIVATIONS[network.activation].f(layer, get_backend("numpy"))
    assert layer.dtype == dtype
    return layer


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_digits()


@pytest.mark.parametrize(("affine", "groups"), [(False, 1), (True, 1), (False, 4)])
def test_normalized_layers_and_standardized_inputs_are_exported(
    tmp_path: Path, digits: Dataset, affine: bool, groups: int
) -> None:
    rng, xp = np.random.default_rng(3), get_backend("numpy")
    data = digits.standardized(True)
    assert np.allclose(data.vectors(data.train, "float64").std(), 1)
    assert abs(data.vectors(data.train, "float64").mean()) < 1e-12
    plain = make_network(data, "relu", "float32", linear_output=True)
    rows = [rng.uniform(0.5, 2, (REPLICATES, 1, 8)).astype(np.float32) for _ in range(2)]
    scales, shifts = ((rows[0],), (rows[1],)) if affine else ((), ())
    network = replace(plain, norms=(groups,), scales=scales, shifts=shifts)
    own = {"weights": tuple(w.mT for w in network.weights), "biases": network.biases}
    own |= {"scales": scales, "shifts": shifts} if affine else {}
    inputs = data.vectors(data.test, "float32")[None]
    trace = forward(own, inputs, lambda x: np.maximum(x, 0), True, xp, norms=(groups,))
    folder = export(network, data, tmp_path / "model", replicate=1)
    assert check(folder, network, data, 1, trace.output) == len(data.test)
    with pytest.raises(ExportError, match="differ"):
        check(folder, replace(network, norms=()), data, 1, trace.output[:, ::-1])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_images_are_classified_as_by_the_network(
    tmp_path: Path, digits: Dataset, activation: str, dtype: str
) -> None:
    import tensorflow as tf

    network = make_network(digits, activation, dtype, linear_output=dtype == "float32")
    outputs = run_network(network, digits, digits.test.inputs)
    folder = export(network, digits, tmp_path / "model", replicate=1)
    assert check(folder, network, digits, 1, outputs) == len(digits.test)

    model = tf.saved_model.load(str(folder))
    images = digits.test.inputs
    classes = model(images)
    assert classes.dtype == tf.int64
    assert classes.shape == (len(images),)
    clear = np.ptp(np.sort(outputs[1], axis=-1)[:, -2:], axis=-1) > 1e-4
    assert clear.mean() > 0.99
    np.testing.assert_array_equal(classes.numpy()[clear], outputs[1].argmax(-1)[clear])
    served = model.signatures[SIGNATURE](tf.constant(images))
    np.testing.assert_array_equal(served["class"].numpy(), classes.numpy())
    assert model(images[:0]).shape == (0,)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_bits_give_the_output_in_the_dtype_of_the_weights(tmp_path: Path, dtype: str) -> None:
    import tensorflow as tf

    xor = load_xor()
    network = make_network(xor, "sigmoid", dtype, linear_output=False)
    outputs = run_network(network, xor, xor.test.inputs)
    folder = export(network, xor, tmp_path / "deep" / "model")
    assert check(folder, network, xor, 0, outputs) == 4
    model = tf.saved_model.load(str(folder))
    for given in (np.float32, np.float64):
        predicted = model(xor.test.inputs.astype(given))
        assert predicted.dtype == dtype
        np.testing.assert_allclose(predicted, outputs[0, :, 0], rtol=8 * np.finfo(dtype).eps)
    assert list(model.signatures[SIGNATURE].structured_outputs) == ["output"]


@pytest.mark.parametrize("kind", ["images", "bits"])
def test_a_network_with_other_weights_is_found_out(
    tmp_path: Path, digits: Dataset, kind: str
) -> None:
    dataset = digits if kind == "images" else load_xor()
    network = make_network(dataset, "tanh", "float64", linear_output=True)
    outputs = run_network(network, dataset, dataset.test.inputs)
    folder = export(network, dataset, tmp_path / "model", replicate=1)
    with pytest.raises(ExportError, match=r"saved model: \d+ of \d+ predictions") as error:
        check(folder, network, dataset, 0, outputs)
    assert "\n" not in str(error.value)


def test_a_single_wrong_class_is_found_out(tmp_path: Path, digits: Dataset) -> None:
    network = make_network(digits, "tanh", "float32", linear_output=True)
    outputs = run_network(network, digits, digits.test.inputs)
    folder = export(network, digits, tmp_path / "model")
    outputs[0, 5] = np.roll(outputs[0, 5], 1)
    with pytest.raises(ExportError, match=r"1 of 360 .* example 5"):
        check(folder, network, digits, 0, outputs)


def test_outputs_that_are_not_numbers_never_pass(tmp_path: Path) -> None:
    xor = load_xor()
    network = make_network(xor, "sigmoid", "float64", linear_output=False)
    folder = export(network, xor, tmp_path / "model")
    with pytest.raises(ExportError, match="4 of 4"):
        check(folder, network, xor, 0, np.full((REPLICATES, 4, 1), np.nan))


def test_a_tie_may_fall_either_way(tmp_path: Path, digits: Dataset) -> None:
    network = make_network(digits, "identity", "float64", linear_output=True)
    twin = network.weights[-1].copy()
    twin[..., 1] = twin[..., 0]  # classes 0 and 1 always score the same
    bias = network.biases[-1].copy()
    bias[..., :2] = 10.0
    network = replace(
        network, weights=(*network.weights[:-1], twin), biases=(*network.biases[:-1], bias)
    )
    outputs = run_network(network, digits, digits.test.inputs)
    outputs[0, :, 1] += 1e-15 * np.abs(outputs[0, :, 1])  # the network's own round-off says 1
    folder = export(network, digits, tmp_path / "model")
    assert check(folder, network, digits, 0, outputs) == 360


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_round_off_bounds_the_error_of_single_precision(digits: Dataset, activation: str) -> None:
    """Against the same weights in float64, whose own error is 1e-9 of it. Useful only if tight."""
    network = make_network(digits, activation, "float32", linear_output=False, hidden=32)
    double = replace(
        network,
        weights=tuple(w.astype(np.float64) for w in network.weights),
        biases=tuple(b.astype(np.float64) for b in network.biases),
    )
    single = run_network(network, digits, digits.test.inputs)
    error = np.abs(single - run_network(double, digits, digits.test.inputs))[0]
    bound = round_off(network, digits, 0)
    assert (error <= bound).all()
    assert bound.max() < 1e-3 * np.abs(single).max()


def test_an_image_of_another_size_is_refused(tmp_path: Path, digits: Dataset) -> None:
    import tensorflow as tf

    network = make_network(digits, "relu", "float32", linear_output=True)
    model = tf.saved_model.load(str(export(network, digits, tmp_path / "model")))
    with pytest.raises(tf.errors.InvalidArgumentError):
        model(np.zeros((1, 16, 16, 1), np.uint8))


def test_an_existing_folder_is_left_alone(tmp_path: Path) -> None:
    xor = load_xor()
    network = make_network(xor, "sigmoid", "float64", linear_output=False)
    kept = tmp_path / "model" / "kept.txt"
    kept.parent.mkdir()
    kept.write_text("mine")
    with pytest.raises(ExportError, match="exists already"):
        export(network, xor, kept.parent)
    assert [p.name for p in tmp_path.rglob("*")] == ["model", "kept.txt"]


def test_nothing_is_left_of_an_export_that_fails(tmp_path: Path) -> None:
    xor = load_xor()
    network = make_network(xor, "sigmoid", "float64", linear_output=False)
    with pytest.raises(IndexError):
        export(network, xor, tmp_path / "model", replicate=REPLICATES)
    assert list(tmp_path.iterdir()) == []


def test_importing_export_does_not_import_tensorflow() -> None:
    code = "import stochgrad.suite.models.export, sys; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
