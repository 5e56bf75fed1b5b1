"""MLflow's own server: of the pages about the runs, or of a model."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil

from stochgrad.backends.chatter import interrupts_blocked
from stochgrad.errors import ConfigError
from stochgrad.suite.paths import project_root
from stochgrad.suite.tracking.interrupts import interruptible
from stochgrad.suite.tracking.quiet import MlflowException, Model
from stochgrad.suite.tracking.store import connect, locate

PATIENCE = 10.0
"""Seconds in which the server has to end when it is told to."""


def pages_arguments() -> list[str]:
    """Return what MLflow is called with to show the runs."""
    location = locate()
    artifacts = location.artifacts or project_root() / "mlartifacts"
    return [
        "ui", "--workers", "1", "--backend-store-uri", location.tracking_uri,
        "--artifacts-destination", str(artifacts),
    ]  # fmt: skip


def model_arguments(model: str) -> list[str]:
    """Return what MLflow is called with to serve a registered model, ``NAME/VERSION``.

    Raises:
        ConfigError: if it is not there; the message names those that are.
    """
    client = connect(locate())
    address = f"models:/{model}"
    try:
        Model.load(address)
    except (MlflowException, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        there = sorted(f"{found.name}/{found.version}" for found in client.search_model_versions())
        known = ", ".join(there) or "none; python -m src.run register=NAME makes one"
        raise ConfigError(
            f"MODEL={model}: cannot be served ({reason}); there are: {known}"
        ) from error
    return ["models", "serve", "--model-uri", address, "--env-manager", "local"]


def run(arguments: list[str]) -> bool:
    """Run MLflow's server; return whether Ctrl-C ended it, or it ended by itself.

    It is kept from Ctrl-C, to which it and the process that it starts answer with traces, and told
    to end instead.
    """
    environment = {
        **os.environ,
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        # It starts another program of this environment by its name.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    }
    with interruptible():
        try:
            with interrupts_blocked():
                server = subprocess.Popen(
                    [sys.executable, "-m", "mlflow", *arguments], env=environment
                )
            server.wait()
            return False
        except KeyboardInterrupt:
            return True
        finally:
            started = psutil.Process().children(recursive=True)
            for process in started:
                with suppress(psutil.NoSuchProcess):
                    process.terminate()
            for process in psutil.wait_procs(started, PATIENCE)[1]:
                process.kill()
