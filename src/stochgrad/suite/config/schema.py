"""The validated schema of one run: what a configuration may say, and what is wrong if not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    SerializeAsAny,
    model_validator,
)

from stochgrad.backends import BACKENDS
from stochgrad.errors import ConfigError, unknown
from stochgrad.registry import Registry
from stochgrad.stencils import ESTIMATORS, Estimator, make_estimator
from stochgrad.suite.config.estimators import check_estimator
from stochgrad.suite.config.sections import (
    BackendConfig,
    Count,
    DataConfig,
    Flag,
    ModelConfig,
    Named,
    NotNegative,
    Positive,
    ScheduleConfig,
    Section,
    Seed,
    Step,
    TaskConfig,
    TrackingConfig,
)
from stochgrad.suite.config.training import check_training
from stochgrad.suite.config.validation import validate_section
from stochgrad.suite.models.activations import ACTIVATIONS
from stochgrad.suite.models.gradients import Gradient, make_gradient
from stochgrad.suite.models.optimizers import make_optimizer
from stochgrad.suite.plugins import fingerprint, load_plugins

REGISTERED_NAME = r"^[^\s/:.%\"']([^/:.%\"']*[^\s/:.%\"'])?$"
"""What MLflow takes as the name of a model."""
AROUND = {"register_as", "checkpoint_seconds", "resume", "tracking"}
"""Settings of what happens around a run: whatever they are, its results are the same."""


LATER: dict[str, dict[str, Any]] = {
    "task": {"worth_draws": 0},
    "model": {"local_losses": [], "local_readout": "own", "stop_gradient": True},
    "weight_perturbation": {"output": "perturbed"},
}
"""Settings that came later, at what was done before, by section or by the name of what is chosen in
it: they are no part of what names a run then, so that the runs on record stay known."""

TASKS: Registry[Any] = Registry("task")  # of stochgrad.suite.tasks.base.Task


class RunConfig(Section):
    """One run, complete: ``run(config)`` needs nothing else.

    Attributes:
        estimator: of derivatives; None for a task that chooses its own.
        gradient: how the gradient of a network's loss is found.
        schedule: of the learning rate.
        num_directions: K, random directions in one estimate of a network's gradient.
        loss_noise: standard deviation of the noise in each loss that such an estimate reads.
        loss_shots: readings, each 0 or 1, of every output behind such a loss; 0 for exact outputs.
        epsilon: step size, or ``"auto"`` to find the best one by evaluations.
        num_steps: N, draws that are averaged in one derivative.
        dtype: of points, weights and results.
        seed: of the first replicate; None takes one from the operating system when the run starts.
        replicates: R: seeds ``seed … seed + R − 1`` are run at once.
        differentiate_at: where the activation's derivative is taken: at its argument (the chain
            rule), or at its own output (the notebook).
        export: whether the trained network is saved as a SavedModel.
        register_as: ``register=`` in a configuration, a word that pydantic keeps for itself: name
            in MLflow's model registry, of which the model becomes a new version.
        checkpoint_seconds: least time between two checkpoints of a training run; None for none.
        resume: what to go on from: id of a run that was broken off, or ``"auto"`` for the latest of
            these settings and this code, if there is one.
        tracking: what is recorded beside the results.
        data: for tasks that read one of several data sets.
        plugins: modules that are imported first, since they add choices.
    """

    task: SerializeAsAny[TaskConfig]
    estimator: Named | None = None
    gradient: Named = Named(name="backprop")
    backend: BackendConfig
    optimizer: Named
    schedule: ScheduleConfig = ScheduleConfig()
    model: ModelConfig
    activation: str
    epsilon: Step
    num_steps: Count
    num_directions: Count = 1
    loss_noise: NotNegative = 0.0
    loss_shots: Annotated[int, Field(ge=0, le=10**6, strict=True)] = 0
    dtype: Literal["float32", "float64"]
    seed: Seed | None
    replicates: Annotated[Count, Field(le=10_000)]
    differentiate_at: Literal["preactivation", "output"]
    export: Flag = True
    register_as: Annotated[str, Field(pattern=REGISTERED_NAME, max_length=256)] | None = Field(
        default=None, alias="register"
    )
    checkpoint_seconds: NotNegative | None = 1.0
    resume: Annotated[str, Field(min_length=1)] | None = None
    tracking: TrackingConfig = TrackingConfig()
    data: DataConfig | None = None
    plugins: list[Annotated[str, Field(min_length=1)]] = Field(default_factory=list)

    @model_validator(mode="before")
    @classmethod
    def _choose_task(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and _is_names(values.get("plugins")):
            load_plugins(values["plugins"])
        if isinstance(values, Mapping) and isinstance(values.get("task"), Mapping):
            schema = TASKS[str(values["task"].get("name"))].schema
            values = {**values, "task": validate_section(schema, values["task"], "task.")}
        return values

    @model_validator(mode="after")
    def _check_choices(self) -> RunConfig:
        if self.register_as and not self.export:
            raise ConfigError(
                f"register={self.register_as}: no model is saved with export=false; use "
                f"export=true, or leave register out"
            )
        make_optimizer(self.optimizer.name, **self.optimizer.options)
        if self.backend.name not in BACKENDS:
            raise unknown("backend", self.backend.name, BACKENDS)
        activation = ACTIVATIONS[self.activation]
        if self.epsilon == "auto" and not self.task.chooses_epsilon:
            raise ConfigError(
                f"epsilon=auto: it is chosen for one function at one point, and task="
                f"{self.task.name} needs one for many; give it a number"
            )
        self.task.check(self.dtype, self.epsilon)
        if self.task.trains:
            check_training(self)
        if "estimator" not in self.task.unread:
            check_estimator(self, self.make_estimator(), activation)
        elif self.estimator is not None:
            raise ConfigError(
                f"estimator={self.estimator.name}: task={self.task.name} has a list of its own; "
                f"set task.estimators=[…], and leave estimator out"
            )
        return self

    def __setstate__(self, state: dict[Any, Any]) -> None:
        """Import the plugins in the process to which a configuration was sent."""
        super().__setstate__(state)
        load_plugins(self.plugins)

    @property
    def step(self) -> float:
        """Return the step size, where it is a number."""
        if self.epsilon == "auto":
            raise ConfigError("epsilon=auto: must be a number here")
        return self.epsilon

    @property
    def step_text(self) -> str:
        """Return the step size, to be read."""
        return "auto" if self.epsilon == "auto" else f"{self.epsilon:g}"

    @property
    def method(self) -> str:
        """Return the name of the gradient, where it takes no estimator; else of the estimator.

        Of the task, where it measures a list of its own.
        """
        if self.task.trains and not self.make_gradient().uses_estimator:
            return self.gradient.name
        return self.task.name if self.estimator is None else self.estimator.name

    def make_estimator(self) -> Estimator:
        """Build the estimator with its options."""
        if self.estimator is None:
            raise ConfigError("estimator: missing; give it a value")
        return make_estimator(self.estimator.name, **self.estimator.options)

    def make_gradient(self) -> Gradient:
        """Build the way to find the gradient, with its options."""
        return make_gradient(self.gradient.name, **self.gradient.options)

    def canonical(self) -> str:
        """Return the configuration as JSON with sorted keys: the same text for the same run.

        Where the data's files are is left out: what is in them has a hash of its own. So is what
        happens around a run.
        """
        return json.dumps(self.essence(), sort_keys=True, ensure_ascii=True)

    def essence(self) -> dict[str, Any]:
        """Return the settings that the results depend on."""
        away: dict[str, Any] = {"data": {"manual_dir", "folder"}, **dict.fromkeys(AROUND, True)}
        values = self.model_dump(mode="json", exclude={**away, "plugins": True})
        for section in ("task", "model", "gradient"):
            own = values[section]
            for key, default in (LATER.get(section) or LATER.get(own["name"], {})).items():
                if own.get(key) == default:
                    own.pop(key)
        if self.plugins:  # what is in them, since no commit of this repository says it
            values["plugins"] = {module: fingerprint(module) for module in sorted(self.plugins)}
        return values

    def config_hash(self) -> str:
        """Return the SHA-256 of the canonical text, in hexadecimal."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()

    def flat(self) -> dict[str, Any]:
        """Return the settings by dotted key, as they are set on the command line.

        ``{"epsilon": 1e-5, "estimator.name": "quadratic", …}``
        """
        return flatten(self.model_dump(mode="json"))


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Join the keys of nested sections by dots; an empty one is a value.

    >>> flatten({"epsilon": 1e-5, "model": {"hidden": [8]}})
    {'epsilon': 1e-05, 'model.hidden': [8]}
    """
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def validate(values: Mapping[str, Any]) -> RunConfig:
    """Check the settings of one run.

    Raises:
        ConfigError: naming the first key that is wrong, its value, what is allowed, what to do.
    """
    return validate_section(RunConfig, values, "")


def _is_names(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(name, str) for name in value)


__all__ = [
    "ESTIMATORS", "TASKS", "BackendConfig", "Count", "DataConfig", "Flag", "ModelConfig", "Named",
    "NotNegative", "Positive", "RunConfig", "ScheduleConfig", "Section", "Seed", "Step",
    "TaskConfig", "TrackingConfig", "flatten", "validate",
]  # fmt: skip
