"""How a sweep is carried out: the section ``sweep`` of the configuration, no part of any run."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from stochgrad.errors import ConfigError
from stochgrad.suite.config.schema import Flag, Section
from stochgrad.suite.cores import cores

SECTION = "sweep"
ADDRESS = re.compile(r"(tcp|tls)://\S+:\d+")


class SweepSettings(Section):
    """How a sweep is carried out.

    Attributes:
        workers: processes that share the runs; with 1 they take place in this process.
        threads: of the numerical libraries in each of several workers; None divides the cores.
        scheduler: None for workers on this machine; the address of a Dask scheduler, whose workers
            are used as they are; or ``"slurm"`` for workers that are jobs of a Slurm queue.
        slurm: options of ``dask_jobqueue.SLURMCluster``.
        on_failure: whether the others go on when a run fails.
        retries: of a run whose worker died.
        rerun: whether runs are repeated that are done.
        skip_invalid: whether combinations that cannot be are left out, and not refused.
        dry_run: whether only to print the plan.
    """

    workers: Annotated[int, Field(ge=1, le=1024, strict=True)] = 1
    threads: Annotated[int, Field(ge=1, le=1024, strict=True)] | None = None
    scheduler: str | None = None
    slurm: dict[str, Any] = Field(default_factory=dict)
    on_failure: Literal["continue", "stop"] = "continue"
    retries: Annotated[int, Field(ge=0, le=1000, strict=True)] = 2
    rerun: Flag = False
    skip_invalid: Flag = False
    dry_run: Flag = False

    @field_validator("scheduler")
    @classmethod
    def _check_scheduler(cls, scheduler: str | None) -> str | None:
        if scheduler is None or scheduler == "slurm" or ADDRESS.fullmatch(scheduler):
            return scheduler
        raise ConfigError(
            f"sweep.scheduler={scheduler}: not a scheduler's address; allowed: null, slurm, or the "
            f"address that `dask scheduler` prints, such as tcp://127.0.0.1:8786"
        )

    @property
    def threads_each(self) -> int:
        """Threads of the numerical libraries in each worker on this machine."""
        return self.threads or max(1, cores() // self.workers)


class TuneSettings(Section):
    """How a search is carried out.

    Attributes:
        trials: how many there are in the study when it ends.
        metric: to improve; None for the loss on the validation set, on the training set where there
            is no other, or the error of a derivative; other tasks have none that is usual.
        direction: where the metric is better; None goes by its name.
        prune: whether trials that promise little are broken off.
        study: its name; None for one of its own for each search.
        storage: URL of Optuna's database; None for a file beside the runs' database.
        sampler_seed: of the sampler's own draws.
    """

    trials: Annotated[int, Field(ge=1, le=10**6, strict=True)] = 50
    metric: str | None = None
    direction: Literal["minimize", "maximize"] | None = None
    prune: Flag = True
    study: str | None = None
    storage: str | None = None
    sampler_seed: Annotated[int, Field(ge=0, lt=2**32, strict=True)] = 0

    @field_validator("metric")
    @classmethod
    def _check_metric(cls, metric: str | None) -> str | None:
        if metric is not None and metric.startswith("test_"):
            raise ConfigError(
                f"tune.metric={metric}: what is chosen by the test set is not tested by it; use "
                f"{metric.replace('test_', 'val_', 1)}, or null"
            )
        return metric
