"""The workers of Dask: whatever has joined a scheduler."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import Any

import dask
from distributed import Client, Future, KilledWorker

from stochgrad.errors import ConfigError
from stochgrad.suite.sweep.job import (
    GRACE,
    LOOK,
    THREADS,
    Assignment,
    JobResult,
    carry_out,
    stop,
)
from stochgrad.suite.tracking.provenance import code_hash
from stochgrad.suite.tracking.run import Run
from stochgrad.suite.tracking.store import locate

JOINING = 60.0
"""Seconds in which a first worker has to join."""
REACHING = 10.0
"""Seconds in which a scheduler has to answer."""
DESERTED = 300.0
"""Seconds without any worker after which a sweep ends."""
LOUD = ("distributed", "distributed.client", "tornado.application")
"""Loggers that tell of workers and schedulers that come and go, and of what that breaks in Dask."""


class Cluster:
    """One job at a time for each worker of a Dask cluster."""

    def __init__(self, client: Client, run: Run, scheduler: str) -> None:
        self._client, self._run, self._scheduler = client, run, scheduler
        self._futures: dict[Future, Assignment] = {}
        self._ended: SimpleQueue[Future] = SimpleQueue()
        self._alone = 0

    @property
    def free_slots(self) -> int:
        return max(1, self._workers()) - len(self._futures)

    @property
    def running(self) -> list[Assignment]:
        return list(self._futures.values())

    def submit(self, assignment: Assignment) -> None:
        future = self._client.submit(carry_out, assignment, self._run, pure=False)
        self._futures[future] = assignment
        future.add_done_callback(self._ended.put)

    def wait(self) -> JobResult | None:
        try:
            future = self._ended.get(timeout=LOOK)
        except Empty:
            # Looks are counted, and not seconds, of which many pass while a machine sleeps.
            self._alone = 0 if self._workers() else self._alone + 1
            if self._alone * LOOK >= DESERTED:
                raise ConfigError(
                    f"sweep.scheduler={self._scheduler}: all workers are gone, and none has come "
                    f"back within {DESERTED:g} s; what is finished stays: start the same command "
                    f"again to go on"
                ) from None
            return None
        assignment = self._futures.pop(future)
        if future.status == "finished":
            return JobResult(assignment, future.result())
        error = future.exception() if future.status == "error" else None
        if error is None or isinstance(error, KilledWorker):
            self._workers()  # without a scheduler, the job is not to blame
            return JobResult(assignment, lost="its worker died")
        return JobResult(assignment, lost=f"{type(error).__name__}: {error}")

    def _workers(self) -> int:
        """Return how many there are; raise ConfigError if nobody is there to say."""
        try:
            return len(self._client.nthreads())
        except OSError as error:
            raise ConfigError(
                f"sweep.scheduler={self._scheduler}: it has gone, and has not come back within "
                f"{REACHING:g} s; what is finished stays: start it and its workers again, then the "
                f"same command to go on"
            ) from error

    def stop(self) -> list[JobResult]:
        ended = []
        for name in {assignment.sweep for assignment in self.running}:
            with suppress(Exception):  # a worker that is gone needs not to be told
                self._client.run(stop, name, on_error="ignore")
        deadline = time.monotonic() + GRACE
        with suppress(ConfigError):  # nobody is there any more
            while self._futures and time.monotonic() < deadline:
                one = self.wait()
                if one is not None:
                    ended.append(one)
        return ended


@contextmanager
def open_cluster(
    scheduler: str, workers: int, options: dict[str, Any], run: Run
) -> Iterator[Cluster]:
    """Join the workers of a scheduler, and make sure that they run this code.

    Args:
        scheduler: its address, or ``"slurm"`` for workers that are jobs of a Slurm queue.
        workers: how many jobs of Slurm.
        options: of ``dask_jobqueue.SLURMCluster``.
        run: carries out a run; workers import it by its name.

    Raises:
        ConfigError: if the scheduler does not answer, no worker joins, or one has other code.
    """
    for name in LOUD:  # what matters of it, the sweep says itself
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with ExitStack() as stack:
        # A worker that died has as long to start again; a cluster would give it up after 15 s.
        patience = {"distributed.deploy.lost-worker-timeout": f"{DESERTED:g}s"}
        stack.enter_context(dask.config.set(patience))
        address: Any = scheduler
        if scheduler == "slurm":
            address = stack.enter_context(_slurm(workers, options))
        client = stack.enter_context(_connect(address, scheduler))
        _check_workers(client, scheduler)
        yield Cluster(client, run, scheduler)


@contextmanager
def _slurm(workers: int, options: dict[str, Any]) -> Iterator[Any]:
    """Queue jobs of Slurm that become workers."""
    try:
        from dask_jobqueue import SLURMCluster
    except ImportError as error:
        raise ConfigError(
            "sweep.scheduler=slurm: needs dask-jobqueue; install it with: pip install "
            "'stochgrad[slurm]'"
        ) from error
    limits = [f"export {name}=1" for name in THREADS]
    try:
        usual: dict[str, Any] = {
            "cores": 1,
            "processes": 1,
            "memory": "4GB",
            "job_script_prologue": limits,
        }
        usual["scheduler_options"] = {"dashboard": False, "dashboard_address": ":0"}
        cluster = SLURMCluster(**{**usual, **options})
        cluster.scale(workers)
    except (OSError, TypeError, ValueError, RuntimeError) as error:
        raise ConfigError(f"sweep.slurm={options}: {error}") from error
    with cluster:
        yield cluster


@contextmanager
def _connect(address: Any, scheduler: str) -> Iterator[Client]:
    try:
        client = Client(address, timeout=REACHING, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise ConfigError(
            f"sweep.scheduler={scheduler}: no answer ({type(error).__name__}); start it with "
            f"`dask scheduler`, or leave the setting out for workers on this machine"
        ) from error
    try:
        yield client
    finally:
        # Of a scheduler that has died, Dask trips over its own expired time limits.
        with suppress(RuntimeError):
            client.close()


def _check_workers(client: Client, scheduler: str) -> None:
    """Wait for a first worker; refuse workers whose code is not this code."""
    try:
        client.wait_for_workers(1, timeout=JOINING)
    except TimeoutError as error:
        raise ConfigError(
            f"sweep.scheduler={scheduler}: no worker has joined it within {JOINING:g} s; start one "
            f"with `dask worker {scheduler}`"
        ) from error
    hosts = client.run(socket.gethostname)
    for address, code in client.run(code_hash, on_error="return").items():
        if code == code_hash():
            _check_store(hosts.get(address), address)
            continue
        reason = (
            f"cannot import this package ({code})"
            if isinstance(code, Exception)
            else f"runs other code (sources {code[:12]}, here {code_hash()[:12]})"
        )
        raise ConfigError(
            f"sweep.scheduler={scheduler}: the worker {address} {reason}; start it from the same "
            f"checkout, in the same environment"
        )


def _check_store(host: str | None, address: str) -> None:
    """Refuse to record in a file that a worker cannot write."""
    location = locate()
    if location.database is not None and host != socket.gethostname():
        raise ConfigError(
            f"MLFLOW_TRACKING_URI={location.tracking_uri}: the worker {address} on {host} "
            f"cannot write to a file on this machine; use a tracking server "
            f"(docs/how-to/team-server.md)"
        )
