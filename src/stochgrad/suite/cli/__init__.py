"""The command: reads what was typed, checks all of it, then runs; a mistake is one line."""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from stochgrad.errors import ConfigError, disk_full, not_permitted
from stochgrad.suite.cli.arguments import Arguments, parse
from stochgrad.suite.cli.completion import completion_script
from stochgrad.suite.cli.help import help_text
from stochgrad.suite.cli.progress import ProgressBar
from stochgrad.suite.cli.show import show_configuration, show_info, show_version
from stochgrad.suite.config.compose import plan_run
from stochgrad.suite.config.text import MOST, shortened
from stochgrad.suite.paths import as_typed, home, sqlite_uri, store_root
from stochgrad.suite.sweep.plan import plan_sweep

STORE = "MLFLOW_TRACKING_URI"
FAILED, MISTAKE = 1, 2
RECONCILE, FIGURES = "reconcile", "figures"
INTERRUPTED = 128 + signal.SIGINT
UNREAD = 128 + signal.SIGPIPE


def main(conf: Path, argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        conf: folder of the configuration files.
        argv: what was typed; by default, of this process.

    Returns:
        The exit code: 0 done, 1 a run failed, 2 a mistake in the command or a file, 130 interrupted
        by Ctrl-C, 141 cut off by who read what it prints. With ``HYDRA_FULL_ERROR=1`` in the
        environment a mistake is raised instead.
    """
    return explained(lambda: _command(parse(sys.argv[1:] if argv is None else argv), conf))


def explained(command: Callable[[], int | None]) -> int:
    """Carry out a command; say what was wrong with it in one line, and return its exit code."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by who started this
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):  # which may not know an ε
        sys.stdout.reconfigure(errors="replace")
    try:
        code = command() or 0
        sys.stdout.flush()
        return code
    except ConfigError as error:
        if _whole():
            raise
        print(f"error: {failure_message(error)}", file=sys.stderr)
        return MISTAKE
    except KeyboardInterrupt as error:
        print("; ".join(["error: interrupted", *getattr(error, "__notes__", ())]), file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # who read what is printed, such as head, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNREAD
    except Exception as error:
        full, refused = disk_full(error), not_permitted(error)
        if _whole() or (full is None and refused is None):
            raise
        if full is None:
            print(f"error: {refused}; make it readable and writable", file=sys.stderr)
            return MISTAKE
        print(
            f"error: a disk took no more ({full}); free space on it and start again. What was "
            f"being written may stand as RUNNING: {as_typed('python -m src.run')} {RECONCILE}",
            file=sys.stderr,
        )
        return FAILED


def failure_message(error: ConfigError) -> str:
    """Return what is said of a mistake: a short line, with the commands that are typed here."""
    line = shortened(as_typed(" ".join(str(error).split())), MOST)
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)[:MOST]


def _whole() -> bool:
    """Return whether mistakes are to be raised."""
    return os.environ.get("HYDRA_FULL_ERROR") == "1"


def default_store(root: Path) -> None:
    """Record in the store of a folder, wherever the command is called, if nothing says else."""
    if not os.environ.get(STORE):
        os.environ[STORE] = sqlite_uri(store_root(root) / "mlflow.db")


def _command(arguments: Arguments, conf: Path) -> int:
    if arguments.help:
        print(as_typed(help_text(conf)))
        return 0
    if arguments.version:
        print(show_version())
        return 0
    if arguments.completion:
        print(completion_script(arguments.completion, conf))
        return 0
    if arguments.info or arguments.cfg:
        print(show_info(arguments, conf) if arguments.info else show_configuration(arguments, conf))
        return 0
    import stochgrad.suite.tasks  # noqa: F401  (their settings have to be known)

    root, sources = home(conf), arguments.sources(conf)
    default_store(root)
    if arguments.overrides[:1] in ((RECONCILE,), (FIGURES,)):
        from stochgrad.suite.cli import upkeep

        word, *more = arguments.overrides
        return (upkeep.run_reconcile if word == RECONCILE else upkeep.run_figures)(more)
    # What takes seconds to import comes after the last mistake could have been found.
    if arguments.multirun:
        with ProgressBar(Console(stderr=True), "checking") as bar:
            plan = plan_sweep(arguments.overrides, sources, bar)
        from stochgrad.suite.cli.many import run_sweep

        return run_sweep(plan, root)
    config = plan_run(arguments.overrides, sources)
    from stochgrad.suite.cli.single import run_single

    return run_single(config, arguments.overrides, root)
