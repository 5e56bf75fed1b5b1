"""What a sweep would do: where each job stands, and how long the rest will take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from rich.console import Group

from stochgrad.suite.sweep.ledger import Ledger, Standing, State, estimate
from stochgrad.suite.sweep.plan import Plan
from stochgrad.suite.sweep.summary import plain_table
from stochgrad.suite.tracking.store import Location

STATES: dict[State, str] = {
    "done": "done before: counted in",
    "new": "new: never run",
    "failed": "failed before: run again",
    "lost": "lost: done, but its files are gone, run again",
    "stale": "stale: done with other code or data, run again",
}


def render_plan(plan: Plan, standings: Sequence[Standing], location: Location) -> Group:
    """Lay out the jobs, how many there are of each kind, and the time that they will take."""
    table = plain_table(["job", *plan.swept, "state", "run"], ["job"])
    for standing in standings:
        run_id = standing.outcome.run_id if standing.outcome is not None else ""
        job = standing.job
        table.add_row(str(job.number), *job.swept.values(), standing.state, run_id)
    counts = Counter(standing.state for standing in standings)
    lines = [f"  {counts[state]:5}  {text}" for state, text in STATES.items() if counts[state]]
    return Group(table, "", *lines, "", f"  {_time(plan, standings, location)}")


def _time(plan: Plan, standings: Sequence[Standing], location: Location) -> str:
    if all(standing.state == "done" for standing in standings):
        return "nothing to run (sweep.rerun=true repeats what is done)"
    seconds = estimate(standings, Ledger(location), plan.settings.workers)
    if seconds is None:
        return "no estimate of the time: no finished runs on record are like these"
    duration = timedelta(seconds=max(1, round(seconds)))
    several = f" with {plan.settings.workers} workers" if plan.settings.workers > 1 else ""
    return f"about {duration}{several}, from the times of finished runs like these"
