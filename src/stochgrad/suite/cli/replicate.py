"""``python -m src.replicate``: a paper's cells run, and its ledger written."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from stochgrad.errors import ConfigError
from stochgrad.suite import tasks, tracking
from stochgrad.suite.cli import default_store, explained
from stochgrad.suite.cli.help import help_page
from stochgrad.suite.cli.progress import SweepBar
from stochgrad.suite.cli.report import output
from stochgrad.suite.config.text import shortened
from stochgrad.suite.paths import as_typed, home
from stochgrad.suite.replicate.cells import (
    Found,
    failed,
    not_run,
    of_computation,
    of_run,
    on_record,
    plan_cells,
    prepare,
    standings_of,
)
from stochgrad.suite.replicate.page import in_ledger, interval, published, write_ledger
from stochgrad.suite.replicate.paper import Cell, Paper, chosen, load_paper, papers
from stochgrad.suite.sweep.launcher import launch
from stochgrad.suite.sweep.plan import Plan
from stochgrad.suite.sweep.summary import plain_table

RESULTS = ("results", "replicate")


def main(conf: Path, argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit code: 0 done, 1 a run failed, 2 a mistake, 130 interrupted by Ctrl-C.
    """
    return explained(lambda: _command(list(sys.argv[1:] if argv is None else argv), conf))


def _command(argv: list[str], conf: Path) -> int:
    if {"-h", "--help"} & set(argv):
        print(as_typed(help_page("replicate")))
        return 0
    flags = [a for a in argv if a.startswith("-")]
    if flags:
        raise ConfigError(
            f"{shortened(flags[0])}: unknown option; allowed: --help. Settings are written as "
            f"key=value, such as replicates=5 for more seeds"
        )
    settings = [a for a in argv if "=" in a]
    names = [a for a in argv if "=" not in a]
    if not names:
        for name in papers(conf):
            print(f"  {name:<16}{load_paper(conf, name).title}")
        return 0
    paper = load_paper(conf, names[0])
    cells = chosen(paper, names[1:])
    typed = [s for s in settings if not s.startswith("sweep.")]
    if typed and all(cell.compute for cell in cells.values()):
        raise ConfigError(
            f"{shortened(typed[0])}: these cells are computed, and take no settings; leave it out"
        )
    plan = plan_cells(cells, paper, settings, conf)
    root = home(conf)
    default_store(root)
    dry = plan.settings.dry_run
    found, code = ({}, 0) if dry or not plan.jobs else _run(cells, paper, plan, settings)
    if code > 1:
        print(f"  interrupted; to go on: {_as_command(argv)}", file=sys.stderr)
        return code
    folder = root.joinpath(*RESULTS, names[0])
    if not dry:
        found |= _computed(cells, paper, root)
    rest = {name: cell for name, cell in paper.cells.items() if name not in found}
    found |= on_record(rest, paper, settings, conf) | in_ledger(rest, paper, folder)
    for name, cell in paper.cells.items():
        if name not in found:
            more = [] if cell.compute else typed
            command = f"python -m src.replicate {shlex.join([names[0], name, *more])}"
            found[name] = not_run(name, cell, paper, command)
    rows = [found[name] for name in paper.cells]
    page = write_ledger(folder, paper, rows, _as_command(argv))
    _report(rows)
    print(f"\n  page  {page}")
    return code


def _as_command(argv: Sequence[str]) -> str:
    return as_typed(f"python -m src.replicate {shlex.join(argv)}")


def _run(
    cells: Mapping[str, Cell], paper: Paper, plan: Plan, settings: Sequence[str]
) -> tuple[dict[str, Found], int]:
    """Run what is not on record; return what each cell gave, and an exit code."""
    prepare(plan)
    with SweepBar(Console(stderr=True), len(plan.jobs)) as bar:
        launched = launch(plan, standings_of(plan), tasks.run, bar)
    if launched.interrupt is not None:
        return {}, tracking.exit_code(launched.interrupt)
    found: dict[str, Found] = {}
    code = 0
    for outcome in launched.outcomes:
        name = outcome.job.swept["cell"]
        if outcome.status == "FINISHED" and outcome.run_id:
            job, run_id = outcome.job, outcome.run_id
            found[name] = of_run(name, cells[name], paper, job, run_id, settings)
        else:
            code = 1
            found[name] = failed(name, cells[name], paper, outcome.reason or outcome.status)
    return found, code


def _computed(cells: Mapping[str, Cell], paper: Paper, root: Path) -> dict[str, Found]:
    """Compute the cells that are not trained, seconds each."""
    commit = tracking.collect(root).code.commit
    return {
        name: of_computation(name, cell, paper, commit)
        for name, cell in cells.items()
        if cell.compute is not None
    }


def _report(found: Sequence[Found]) -> None:
    table = plain_table(("cell", "published", "ours [95 %]", "seeds", "verdict"))
    for one in found:
        row = one.row
        why = f" ({row['reason']})" if row["reason"] else ""
        table.add_row(
            row["cell"], published(row), interval(row), str(row["seeds"]), f"{row['verdict']}{why}"
        )
    output().print(table)
