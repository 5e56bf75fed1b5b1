"""Everything around experiments: an extra, ``stochgrad[suite]``."""

from importlib.util import find_spec

from stochgrad.errors import NotInstalledError

NEEDED = (
    "distributed", "filelock", "hydra", "jinja2", "matplotlib", "mlflow", "omegaconf", "optuna",
    "psutil", "pyarrow", "pydantic", "requests", "rich", "sklearn", "tensorflow",
    "tensorflow_datasets",
)  # fmt: skip
"""What the suite imports, sooner or later."""

for _name in NEEDED:
    if find_spec(_name) is None:
        raise NotInstalledError(
            f"stochgrad.suite needs more than NumPy and SciPy, and {_name} is not installed: "
            "pip install 'stochgrad[suite]'"
        )
