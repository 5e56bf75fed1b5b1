"""What this package uses of MLflow, imported without telemetry and chatter.

Warnings and errors still show. Other modules take MLflow's names from here, so that the settings
come first.
"""

from __future__ import annotations

import logging
import os

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
# Otherwise a fresh database announces its migrations.
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
# By itself it would try again for minutes without a word: :mod:`away` does, and says so.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")

from mlflow import pyfunc
from mlflow.artifacts import download_artifacts
from mlflow.entities import (
    Dataset,
    DatasetInput,
    InputTag,
    LoggedModelOutput,
    Metric,
    Param,
    RunTag,
)
from mlflow.exceptions import MlflowException
from mlflow.models import Model, ModelSignature
from mlflow.models.utils import _save_example as save_example
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.tracking import MlflowClient
from mlflow.types.schema import Schema, TensorSpec

# What its store logs of an error, with two traces, is what it raises next.
logging.getLogger("mlflow.store.db.utils").addFilter(
    lambda record: not str(record.msg).startswith("SQLAlchemy database error")
)

__all__ = [
    "Dataset", "DatasetInput", "InputTag", "LoggedModelOutput", "Metric", "MlflowClient",
    "MlflowException", "Model", "ModelSignature", "Param", "RunTag", "Schema", "TensorSpec",
    "download_artifacts", "get_artifact_repository", "pyfunc", "save_example",
]  # fmt: skip
