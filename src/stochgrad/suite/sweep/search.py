"""Search for good settings: trials of Optuna's, each a run on record under one parent."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from contextlib import ExitStack

import numpy as np
import optuna

from stochgrad.errors import ConfigError
from stochgrad.random import fresh_seed
from stochgrad.suite import tracking
from stochgrad.suite.paths import sqlite_uri, without_password
from stochgrad.suite.sweep import parent
from stochgrad.suite.sweep.identity import digest
from stochgrad.suite.sweep.pool import open_pool
from stochgrad.suite.sweep.record import write_search
from stochgrad.suite.sweep.space import as_arguments, corners
from stochgrad.suite.sweep.study import WARM_UP, Compose, Found, Observer, Search, close_lost
from stochgrad.suite.sweep.trials import Trials
from stochgrad.suite.tracking.record import FAILED, FINISHED, KILLED
from stochgrad.suite.tracking.run import Run
from stochgrad.suite.tracking.sweeps import close_orphans


def open_study(
    search: Search, name: str, location: tracking.Location, alone: bool = True
) -> optuna.Study:
    """Open the study, or create it.

    Args:
        search: what, and how.
        name: of the study.
        location: of the runs.
        alone: whether no other process searches; one that is not draws by a seed of its own.

    Raises:
        ConfigError: if its storage cannot be used.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    url = search.settings.storage or sqlite_uri(location.checkpoints.parent / "tune.db")
    pruner = optuna.pruners.MedianPruner(n_startup_trials=WARM_UP)
    try:
        study = optuna.create_study(
            storage=url,
            study_name=name,
            direction=search.direction,  # type: ignore[arg-type]
            load_if_exists=True,
            pruner=pruner if search.settings.prune else optuna.pruners.NopPruner(),
        )
    except Exception as error:
        reason = " ".join(str(error).split())
        raise ConfigError(
            without_password(
                f"tune.storage={url}: cannot be used ({reason}); "
                f"give an address such as sqlite:///tune.db"
            )
        ) from error
    # A search that goes on must not draw again what it drew before, nor what another one draws.
    entropy = [search.settings.sampler_seed, len(study.trials), 0 if alone else fresh_seed()]
    seed = int(np.random.SeedSequence(entropy[: 2 if alone else 3]).generate_state(1)[0])
    with warnings.catch_warnings():  # constant_liar is marked as experimental
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study.sampler = optuna.samplers.TPESampler(seed=seed, constant_liar=True)
    return study


def carry_on(
    search: Search, fixed: Sequence[str], compose: Compose, run: Run, observer: Observer
) -> Found:
    """Add trials to the study until it has as many as it should.

    Ctrl-C lets the running trial finish; a second one, or SIGTERM, ends it as KILLED. A trial whose
    process died does not count, and the search goes on as if it had not been.

    Args:
        search: what, and how.
        fixed: settings of the runs with one value, as typed.
        compose: makes jobs.
        run: carries out one of them.
        observer: told how it goes.

    Raises:
        ConfigError: if the store or the study cannot be used.
    """
    location = tracking.locate()
    name = search.name(fixed)
    with tracking.interruptible() as interrupts, ExitStack() as stack:
        interrupts.hold()
        mine = stack.enter_context(tracking.claim(location, f"tune-{digest([name])[:32]}"))
        with tracking.turn(location, "tune"):  # the first one creates the storage
            study = open_study(search, name, location, mine)
        tracking.reconcile(location)
        close_lost(study, mine)
        pools = stack.enter_context(ExitStack())
        pool = pools.enter_context(
            open_pool(search.sweep, search.settings.trials, run, lambda job: lambda told: None)
        )
        found = Found(_parent(search, fixed, compose, name, location, mine), study=study)
        work = Trials(
            ended=found, pool=pool, observer=observer, search=search, compose=compose, mine=mine
        )
        try:
            interrupt = work.run(interrupts)
        except BaseException as error:
            pools.close()
            reason = f"{type(error).__name__}: {error}"
            found.sweep.record.end(FAILED, reason, reason)
            raise
        if interrupt is not None:
            work.give_up(interrupt)
        pools.close()
        _finish(search, found)
    return found


def _parent(
    search: Search,
    fixed: Sequence[str],
    compose: Compose,
    name: str,
    location: tracking.Location,
    mine: bool,
) -> tracking.Sweep:
    sweep_hash = digest(["tune", name])
    tags = {
        "swept": ", ".join(search.space),
        "arguments": " ".join(map(without_password, search.arguments)),
        "sweep_hash": sweep_hash,
        "study": name,
    }
    found = tracking.find_sweep(search.task, sweep_hash, location) if mine else None
    if found is None:
        params = parent.settings([compose(as_arguments(p)) for p in corners(search.space)])
        params |= {key: str(ends) for key, ends in search.space.items()}
        title = f"search {' × '.join(search.space)}"
        return tracking.start_sweep(search.task, tags, location, title=title, params=params)
    tracking.reopen_sweep(found, tags)
    return found


def _finish(search: Search, found: Found) -> None:
    close_orphans(found.sweep)
    ended = FAILED if found.best is None else FINISHED
    status = ended if found.interrupt is None else KILLED
    tracking.share_datasets(found.sweep, [o.run_id for o in found.outcomes if o.run_id][:1])
    record, failure = found.sweep.record, None if status == FINISHED else found.detail
    record.log_points(parent.search_metrics(found.study, search.metric))
    try:
        with record.files() as folder:
            write_search(found.study, search.metric, folder)
    finally:
        note = parent.describe_search(found, search.metric, search.arguments)
        record.end(status, found.detail, failure, note)
