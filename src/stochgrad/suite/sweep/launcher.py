"""Carry out the jobs of a sweep: side by side, each once, whatever dies on the way."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

from stochgrad.random import fresh_seed
from stochgrad.suite import tracking
from stochgrad.suite.sweep import parent
from stochgrad.suite.sweep.identity import digest, identify
from stochgrad.suite.sweep.ledger import Standing
from stochgrad.suite.sweep.plan import Plan
from stochgrad.suite.sweep.pool import open_pool
from stochgrad.suite.sweep.record import write_summary
from stochgrad.suite.sweep.work import Observer as Observer
from stochgrad.suite.sweep.work import SweepResult as SweepResult
from stochgrad.suite.sweep.work import Work
from stochgrad.suite.tasks.result import Listener
from stochgrad.suite.tracking.record import FAILED, FINISHED
from stochgrad.suite.tracking.run import Run
from stochgrad.suite.tracking.sweeps import close_orphans


def launch(
    plan: Plan,
    standings: Sequence[Standing],
    run: Run,
    observer: Observer,
    comparing: Listener = lambda told: None,
) -> SweepResult:
    """Run the jobs that are not done; one that fails is recorded as FAILED, and the others go on.

    Ctrl-C starts no more jobs; a second one, or SIGTERM, ends those that run as KILLED. What had
    ended stays on record, and the same sweep, started again, goes on from there.

    Args:
        plan: jobs, validated and prepared.
        standings: of the jobs, from :func:`stochgrad.suite.sweep.ledger.survey`.
        run: carries out one of them.
        observer: told how it goes.
        comparing: told how far the comparison of the runs is, at the end.

    Raises:
        ConfigError: if the store or the workers cannot be used; nothing was run.
    """
    location = tracking.locate()
    standings = _with_seeds(standings)
    todo = [standing for standing in standings if standing.outcome is None]
    with tracking.interruptible() as interrupts, ExitStack() as stack:
        tracking.reconcile(location)
        sweep_hash = _sweep_hash(plan, standings)
        mine = stack.enter_context(tracking.claim(location, f"sweep-{sweep_hash[:32]}"))
        task = plan.jobs[0].config.task.name
        found = tracking.find_sweep(task, sweep_hash, location) if mine else None
        if found is not None and found.status == FINISHED and not todo:
            outcomes = [s.outcome for s in standings if s.outcome is not None]
            return SweepResult(found, outcomes, plan=plan)
        pools = stack.enter_context(ExitStack())
        pool = pools.enter_context(
            open_pool(plan.settings, max(1, len(todo)), run, observer.listener)
        )
        interrupts.hold()
        tags = {
            "swept": ", ".join(plan.swept),
            "arguments": " ".join(plan.arguments),
            "sweep_hash": sweep_hash,
        }
        if found is None:
            found = tracking.start_sweep(
                task, tags, location,
                title=parent.title(plan.jobs), params=parent.settings(plan.jobs),
            )  # fmt: skip
        else:
            tracking.reopen_sweep(found, tags)
        launched = SweepResult(found, plan=plan)
        work = Work(ended=launched, pool=pool, observer=observer)
        try:
            work.add(standings)
            interrupt = work.run(interrupts)
        except BaseException as error:
            reason = f"{type(error).__name__}: {error}"
            _finish(launched, pools, comparing, (FAILED, reason, reason))
            raise
        if interrupt is not None:
            work.give_up(interrupt)
        try:
            _finish(launched, pools, comparing)
        except tracking.StoreAwayError:
            if launched.interrupt is None:
                raise
            raise launched.interrupt from None
    return launched


def _with_seeds(standings: Sequence[Standing]) -> list[Standing]:
    """Draw the seeds that were left to the operating system: a job keeps its own when retried."""
    drawn = []
    for standing in standings:
        if standing.job.config.seed is None:
            config = standing.job.config.model_copy(update={"seed": fresh_seed()})
            job = replace(standing.job, config=config)
            standing = replace(standing, job=job, identity=identify([job])[0])
        drawn.append(standing)
    return drawn


def _sweep_hash(plan: Plan, standings: Sequence[Standing]) -> str:
    """Return what a sweep has in common with one that it resumes; never the same for a rerun."""
    parts = [standing.identity.key for standing in standings]
    parts += [*plan.swept, str(fresh_seed())] if plan.settings.rerun else plan.swept
    return digest(parts)


def _finish(
    launched: SweepResult,
    pools: ExitStack,
    comparing: Listener,
    ended: tuple[str, str, str] | None = None,
) -> None:
    """End the workers, then what they left RUNNING, then the parent run.

    A Ctrl-C ends the comparison of the runs, which the same sweep, started again, makes anew.

    Args:
        launched: the sweep.
        pools: of its workers.
        comparing: told how far the comparison is.
        ended: status, detail and failure; by default those of the sweep.
    """
    sweep, plan = launched.sweep, launched.plan
    pools.close()
    close_orphans(sweep)
    launched.outcomes.sort(key=lambda outcome: outcome.job.number)
    try:
        with tracking.not_held():
            _copy_in(launched)
            with sweep.record.files() as folder:
                write_summary(launched.outcomes, folder, comparing)
            sweep.record.log_points(parent.metrics(plan.jobs, launched.outcomes))
    except (KeyboardInterrupt, tracking.Terminated) as error:
        launched.interrupt = launched.interrupt or error
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        sweep.record.end(FAILED, reason, reason)
        raise
    status, detail, failure = ended or (launched.status, launched.detail, launched.failure)
    note = parent.describe(plan, launched.outcomes, detail, sweep.record.experiment_id)
    sweep.record.end(status, detail, failure, note)


def _copy_in(launched: SweepResult) -> None:
    """Put the runs that belong to other sweeps, or to other tasks, under the parent as copies."""
    task = launched.plan.jobs[0].config.task.name
    ended = [outcome for outcome in launched.outcomes if outcome.run_id]
    examples = {(o.job.config.task.name, str(o.job.config.data)): o.run_id for o in ended}
    tracking.share_datasets(launched.sweep, examples.values())
    tracking.copy_in(
        launched.sweep,
        {
            outcome.run_id: (outcome.job.title or task, outcome.job.number)
            for outcome in ended
            if outcome.counted or outcome.job.config.task.name != task
        },
    )
