"""The SavedModel as an MLflow model: written, stored, loaded back and compared.

The package on disk is the one that ``mlflow.tensorflow`` writes for a ``tf.Module``. That module
would also import Keras, start a process to infer requirements, and act on MLflow's active run.
"""

from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.suite.data.dataset import Dataset
from stochgrad.suite.models.export import check, export
from stochgrad.suite.models.perceptron import Network
from stochgrad.suite.tracking.away import patience_of
from stochgrad.suite.tracking.quiet import (
    LoggedModelOutput,
    MlflowException,
    Model,
    ModelSignature,
    Schema,
    TensorSpec,
    download_artifacts,
    pyfunc,
    save_example,
)
from stochgrad.suite.tracking.record import Record

MODEL_NAME = "model"
SAVED_MODEL = "1"
"""Folder of the SavedModel inside the MLflow model: TensorFlow Serving takes a folder of numbered
versions, so that it serves the MLflow model's folder as it is."""
REPLICATE = 0
EXAMPLES = 4
"""Inputs in the example that the model carries."""
REQUIRED = ("tensorflow", "mlflow", "numpy")


def announce_model(record: Record, params: dict[str, str], step: int) -> str:
    """Create a model of the run, still pending, and return its id."""
    model = record.client.create_logged_model(
        record.experiment_id, MODEL_NAME, record.run_id, params=params
    )
    record.client.log_outputs(record.run_id, [LoggedModelOutput(model.model_id, step)])
    return str(model.model_id)


def store_model(
    record: Record,
    model_id: str,
    network: Network,
    dataset: Dataset,
    outputs: NDArray[Any],
    tracking_uri: str,
) -> int:
    """Write, upload, load back and check replicate 0; only then the model is READY.

    Returns:
        How many predictions were compared.

    Raises:
        ExportError: if what was stored does not predict what the network predicted.
    """
    client = record.client
    location = client.get_logged_model(model_id).artifact_location
    try:
        with TemporaryDirectory(prefix="stochgrad-") as name:
            folder = Path(name)
            export(network, dataset, folder / MODEL_NAME / SAVED_MODEL, REPLICATE)
            _describe(folder / MODEL_NAME, location, record.run_id, model_id, network, dataset)
            client.log_model_artifacts(model_id, str(folder / MODEL_NAME))
        with TemporaryDirectory(prefix="stochgrad-") as name:
            # A local store gives its own folder, a server a copy.
            remote = None if location.startswith("file:") else name
            stored = patience_of(client).call(
                download_artifacts, None, location, dst_path=remote, tracking_uri=tracking_uri
            )
            compared = check(Path(stored) / SAVED_MODEL, network, dataset, REPLICATE, outputs)
    except BaseException:
        client.finalize_logged_model(model_id, "FAILED")
        raise
    client.finalize_logged_model(model_id, "READY")
    return compared


def register_model(record: Record, model_id: str, name: str) -> str:
    """Make a stored model the next version of a name in the model registry.

    Returns:
        Its address, ``models:/NAME/VERSION``.
    """
    client = record.client
    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    version = client.create_model_version(
        name, f"models:/{model_id}", record.run_id, model_id=model_id
    ).version
    record.log_tags({"registered_model": f"{name}/{version}"})
    return f"models:/{name}/{version}"


def _describe(
    folder: Path, location: str, run_id: str, model_id: str, network: Network, dataset: Dataset
) -> None:
    """Write what makes a folder with a SavedModel an MLflow model."""
    model = Model(
        artifact_path=location,
        run_id=run_id,
        model_uuid=model_id,
        model_id=model_id,
        signature=_signature(network, dataset),
    )
    save_example(model, _inputs(dataset)[:EXAMPLES], str(folder))
    model.add_flavor("tensorflow", code=None, saved_model_dir=SAVED_MODEL, model_type="tf2-module")
    pyfunc.add_to_model(model, loader_module="mlflow.tensorflow", python_env="python_env.yaml")
    model.model_size_bytes = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
    model.save(folder / "MLmodel")
    required = "".join(f"{package}=={version(package)}\n" for package in REQUIRED)
    (folder / "requirements.txt").write_text(required)
    (folder / "python_env.yaml").write_text(
        f"python: {platform.python_version()}\n"
        "build_dependencies:\n- pip\n"
        "dependencies:\n- -r requirements.txt\n"
    )


def _signature(network: Network, dataset: Dataset) -> ModelSignature:
    # With its shape, also a table is taken that has an image, flattened, in each row.
    inputs = TensorSpec(_inputs(dataset).dtype, (-1, *dataset.test.inputs.shape[1:]))
    dtype = np.dtype(np.int64) if dataset.kind == "images" else network.weights[0].dtype
    outputs = TensorSpec(dtype, (-1,))
    return ModelSignature(inputs=Schema([inputs]), outputs=Schema([outputs]))


def _inputs(dataset: Dataset) -> NDArray[Any]:
    """Return test inputs as a user of the model has them: NumPy's own type for numbers."""
    inputs = dataset.test.inputs
    return inputs if dataset.kind == "images" else inputs.astype(np.float64)
