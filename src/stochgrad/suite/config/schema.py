"""The validated schema of one run: what a configuration may say, and what is wrong if not."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SerializeAsAny,
    model_validator,
)

from stochgrad.backends import BACKENDS
from stochgrad.errors import ConfigError, unknown
from stochgrad.registry import Registry
from stochgrad.stencils import ESTIMATORS, Estimator, make_estimator
from stochgrad.suite.config.training import check_training
from stochgrad.suite.config.validation import validate_section
from stochgrad.suite.models.activations import ACTIVATIONS, Activation
from stochgrad.suite.models.gradients import Gradient, make_gradient
from stochgrad.suite.models.optimizers import make_optimizer
from stochgrad.suite.plugins import fingerprint, load_plugins
from stochgrad.theory.moments import require_moments

Count = Annotated[int, Field(ge=1, le=10**6, strict=True)]
"""More would not fit in memory, or not end."""
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False, strict=True)]
Step = Positive | Literal["auto"]
Flag = Annotated[bool, Field(strict=True)]
Seed = Annotated[int, Field(ge=0, lt=2**63, strict=True)]
REGISTERED_NAME = r"^[^\s/:.%\"']([^/:.%\"']*[^\s/:.%\"'])?$"
"""What MLflow takes as the name of a model."""
AROUND = {"register_as", "checkpoint_seconds", "resume", "tracking"}
"""Settings of what happens around a run: whatever they are, its results are the same."""


LATER: dict[str, dict[str, Any]] = {"task": {"worth_draws": 0}}
"""Settings that came later, at what was done before: they are no part of what names a run then, so
that the runs on record stay known."""


class Section(BaseModel):
    """A part of the configuration: immutable, and closed to keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True)


class Named(BaseModel):
    """A choice from a registry, with the options of what was chosen."""

    model_config = ConfigDict(extra="allow", frozen=True)
    name: str

    @property
    def options(self) -> dict[str, Any]:
        """Everything but the name."""
        return dict(self.model_extra or {})


class BackendConfig(Section):
    """Which arrays compute."""

    name: str


def _standardization(value: Any) -> bool | tuple[float, float]:
    """Refuse what is neither a flag nor a mean and a standard deviation."""
    if isinstance(value, bool):
        return value
    numbers = isinstance(value, list | tuple) and len(value) == 2
    if numbers and all(isinstance(v, int | float) and math.isfinite(v) for v in value):
        mean, deviation = float(value[0]), float(value[1])
        if deviation > 0:
            return mean, deviation
    raise ConfigError(
        f"model.standardize={value}: must be true, false or [mean, standard deviation > 0]"
    )


class ModelConfig(Section):
    """The multilayer perceptron.

    Attributes:
        hidden: widths of the hidden layers.
        bias: the notebook's untrained constant 1, or trained from 0.
        init: of the weights: uniform in [−1, 1), Glorot's (Xavier's) uniform, standard normal, or
            He's (Kaiming's) normal.
        init_scale: factor of the initial weights.
        zero_output: whether the last layer's weights start at zero.
        normalization: of hidden layers, before their activation.
        affine: whether a normalized layer has a scale and a shift, which are trained.
        groups: of each hidden layer, whose weights are block-diagonal then; empty for one each.
        standardize: whether inputs are standardised by the training set; or by which mean and
            standard deviation.
        black_box: whether nothing but losses at given weights can be had of the network.
        loss: half the squared error with an activated output layer, or softmax cross-entropy with
            a linear one.
        reduction: of the loss over a batch.
    """

    hidden: Annotated[list[Count], Field(min_length=1)]
    bias: Literal["constant", "trainable"] = "constant"
    init: Literal["uniform", "xavier", "normal", "kaiming"] = "uniform"
    init_scale: Positive = 1.0
    zero_output: Flag = False
    normalization: Literal["none", "layer"] = "none"
    affine: Flag = False
    groups: list[Count] = []
    standardize: Annotated[Any, AfterValidator(_standardization)] = False
    black_box: Flag = False
    loss: Literal["squared_error", "softmax_cross_entropy"] = "squared_error"
    reduction: Literal["sum", "mean"] = "sum"


class ScheduleConfig(Section):
    """How the learning rate changes over a run.

    Attributes:
        name: constant, or a fall to 0 at the end of the run: linear, or half a cosine.
        warm_up: epochs, or steps of a task without epochs, in which the rate rises linearly first.
    """

    name: Literal["constant", "linear", "cosine"] = "constant"
    warm_up: Annotated[int, Field(ge=0, le=10**6, strict=True)] = 0


class DataConfig(Section):
    """Which data set a task reads, and where its files are.

    Attributes:
        name: of a tensorflow_datasets set of 28×28 images in IDX files.
        manual_dir: folder with the set's four original files; None takes the variable
            ``MNIST_DIR``, else downloads.
        folder: where prepared arrays are kept; None for ``data/`` in the project's root.
    """

    name: str
    manual_dir: str | None = None
    folder: str | None = None


class TrackingConfig(Section):
    """What is recorded beside the results.

    Attributes:
        system_metrics: whether the use of processors, memory, disk and network is recorded.
    """

    system_metrics: Annotated[bool, Field(strict=True)] = False


class TaskConfig(Section):
    """What every task has.

    Attributes:
        name: of the task.
        min_scale: below this |x| a relative step becomes an absolute one (0: only at x = 0).
    """

    name: str
    min_scale: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0

    @property
    def trains(self) -> bool:
        """Whether the task trains a network."""
        return False

    @property
    def chooses_epsilon(self) -> bool:
        """Whether ``epsilon=auto`` makes sense."""
        return False

    @property
    def takes_estimator(self) -> bool:
        """Whether the key ``estimator`` says how derivatives are found."""
        return True

    @property
    def largest_x(self) -> float:
        """Return the magnitude that a step has to move."""
        return 1.0

    def check(self, dtype: str, epsilon: float | str) -> None:
        """Refuse what a run in this precision, with this step size, cannot do."""


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
    loss_noise: Annotated[float, Field(ge=0, allow_inf_nan=False, strict=True)] = 0.0
    loss_shots: Annotated[int, Field(ge=0, le=10**6, strict=True)] = 0
    dtype: Literal["float32", "float64"]
    seed: Seed | None
    replicates: Annotated[Count, Field(le=10_000)]
    differentiate_at: Literal["preactivation", "output"]
    export: bool = True
    register_as: Annotated[str, Field(pattern=REGISTERED_NAME, max_length=256)] | None = Field(
        default=None, alias="register"
    )
    checkpoint_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = 1.0
    resume: Annotated[str, Field(min_length=1)] | None = None
    tracking: TrackingConfig = TrackingConfig()
    data: DataConfig | None = None
    plugins: list[Annotated[str, Field(min_length=1)]] = []

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
        if self.task.takes_estimator:
            self._check_estimator(self.make_estimator(), activation)
        elif self.estimator is not None:
            raise ConfigError(
                f"estimator={self.estimator.name}: task={self.task.name} has a list of its own; "
                f"set task.estimators=[…], and leave estimator out"
            )
        return self

    def _check_estimator(self, estimator: Estimator, activation: Activation) -> None:
        """Refuse an estimator that does not go with the other choices."""
        backend = self.backend.name
        if estimator.backends is not None and backend not in estimator.backends:
            raise ConfigError(
                f"estimator={estimator.name} backend={backend}: {estimator.backends_why}; use "
                f"backend={' or '.join(sorted(estimator.backends))}, or estimator=analytic for the "
                f"closed form"
            )
        if self.task.trains and estimator.needs_complex:
            usable = [n for n in ACTIVATIONS if ACTIVATIONS[n].takes_complex(backend)]
            if not activation.analytic:
                raise ConfigError(
                    f"estimator={estimator.name} activation={self.activation}: needs an analytic "
                    f"function, and {self.activation} is not; with this estimator use "
                    f"activation={' or '.join(usable)}"
                )
            if not activation.takes_complex(backend):
                where = [b for b in BACKENDS if activation.takes_complex(b)]
                raise ConfigError(
                    f"estimator={estimator.name} activation={self.activation} backend={backend}: "
                    f"{backend} cannot evaluate it at complex arguments; use "
                    f"backend={' or '.join(where)}, or activation={' or '.join(usable)}"
                )
        if self.task.trains and not self.make_gradient().uses_estimator:
            return
        if self.epsilon == "auto":
            require_moments(estimator)
        smallest = estimator.smallest_epsilon(self.dtype, self.task.largest_x)
        if self.epsilon != "auto" and self.epsilon < smallest:
            other = " (or dtype=float64)" if self.dtype == "float32" else ""
            raise ConfigError(
                f"epsilon={self.epsilon:g}: too small to move x in dtype={self.dtype}; the "
                f"smallest that does is {rounded_up(smallest):.3g}{other}"
            )

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
        """Return the name of the estimator; of the task, where it measures a list of its own."""
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
        for section, own in LATER.items():
            for key, default in own.items():
                if values[section].get(key) == default:
                    values[section].pop(key)
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
    """Join the keys of nested sections by dots.

    >>> flatten({"epsilon": 1e-5, "model": {"hidden": [8]}})
    {'epsilon': 1e-05, 'model.hidden': [8]}
    """
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def validate(values: Mapping[str, Any]) -> RunConfig:
    """Check the settings of one run.

    Raises:
        ConfigError: naming the first key that is wrong, its value, what is allowed, what to do.
    """
    config: RunConfig = validate_section(RunConfig, values, "")
    return config


def _is_names(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(name, str) for name in value)


def rounded_up(value: float) -> float:
    """Return the next number of three digits: one that is said to be enough has to be.

    >>> rounded_up(2**-23)
    1.2e-07
    """
    unit: float = 10.0 ** (math.floor(math.log10(value)) - 2)
    return float(f"{math.ceil(value / unit) * unit:.3g}")


__all__ = [
    "ESTIMATORS", "TASKS", "ModelConfig", "RunConfig", "Section", "TaskConfig", "validate",
]  # fmt: skip
