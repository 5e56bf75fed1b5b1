"""Run the jobs of a sweep one after another in this process, each on record under one parent."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from stochgrad import tracking
from stochgrad.sweep.outcome import Outcome, Status, one_line
from stochgrad.sweep.plan import Job, Plan
from stochgrad.sweep.summary import rows
from stochgrad.tasks.result import Listener
from stochgrad.tracking.run import Run

Watch = Callable[[Job], AbstractContextManager[Listener]]
"""Opens a listener for a job: a progress bar, say."""


@dataclass
class Launched:
    """A sweep that has ended.

    Attributes:
        plan: what was to be done.
        sweep: the parent run.
        outcomes: of the jobs that began, in order.
        interrupt: Ctrl-C or SIGTERM, if one of them ended it.
    """

    plan: Plan
    sweep: tracking.Sweep
    outcomes: list[Outcome] = field(default_factory=list)
    interrupt: BaseException | None = None

    @property
    def failed(self) -> list[Outcome]:
        """Jobs that began and did not finish."""
        return [outcome for outcome in self.outcomes if not outcome.finished]

    @property
    def status(self) -> Status:
        """Of the parent run."""
        if self.interrupt is not None:
            return "KILLED"
        return "FAILED" if self.failed else "FINISHED"

    @property
    def detail(self) -> str:
        """How far it came, in one line."""
        done = len(self.outcomes) - len(self.failed)
        return f"{done} of {len(self.plan.jobs)} runs finished"


def launch(plan: Plan, run: Run, watch: Watch) -> Launched:
    """Run all jobs; a job that fails is recorded as FAILED, and the others go on.

    Ctrl-C and SIGTERM end the running job and the sweep as KILLED; what had ended stays on record.

    Args:
        plan: jobs, validated.
        run: carries out one of them.
        watch: opened around each job.

    Raises:
        ConfigError: if the tracking store cannot be used; nothing was run.
    """
    task = plan.jobs[0].config.task.name
    tags = {"swept": ", ".join(plan.swept), "arguments": " ".join(plan.arguments)}
    with tracking.interruptible() as interrupts:
        interrupts.hold()
        launched = Launched(plan, tracking.start_sweep(task, tags))
        try:
            interrupts.release()
            for job in plan.jobs:
                launched.outcomes.append(_run_job(job, run, watch, launched.sweep))
        except (KeyboardInterrupt, tracking.Terminated) as error:
            interrupts.hold()
            launched.interrupt = error
            _note_killed(launched)
        except BaseException as error:
            reason = f"{type(error).__name__}: {error}"
            tracking.finish_sweep(launched.sweep, rows(launched.outcomes), "FAILED", reason, reason)
            raise
        interrupts.hold()
        complaints = "; ".join(outcome.complaint() for outcome in launched.failed)
        tracking.finish_sweep(
            launched.sweep,
            rows(launched.outcomes),
            launched.status,
            launched.detail,
            complaints or (None if launched.interrupt is None else launched.detail),
        )
    return launched


def _run_job(job: Job, run: Run, watch: Watch, sweep: tracking.Sweep) -> Outcome:
    tags = {**sweep.tags, "job": str(job.number)}
    try:
        with watch(job) as listener:
            tracked = tracking.track(
                job.config, run, listener=listener, parent=sweep.run_id, tags=tags
            )
    except Exception as error:  # its trace is on record
        return Outcome(job, "FAILED", reason=one_line(f"{type(error).__name__}: {error}"))
    result = tracked.result
    return Outcome(
        job=job,
        status="FINISHED" if result.failure is None else "FAILED",
        run_id=tracked.run_id,
        reason=one_line(result.failure or ""),
        metrics=result.finals(),
        headline=result.headline,
        seconds=result.seconds,
    )


def _note_killed(launched: Launched) -> None:
    """Add the job that was running."""
    begun = len(launched.outcomes)
    if begun < len(launched.plan.jobs):
        reason = "Ctrl-C" if isinstance(launched.interrupt, KeyboardInterrupt) else "SIGTERM"
        launched.outcomes.append(Outcome(launched.plan.jobs[begun], "KILLED", reason=reason))
