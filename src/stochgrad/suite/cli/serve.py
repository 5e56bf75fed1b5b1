"""``make ui`` and ``make serve``: MLflow's server, once what it needs is there."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from stochgrad.errors import ConfigError
from stochgrad.suite.cli import FAILED, STORE, default_store, explained
from stochgrad.suite.cli.help import help_page
from stochgrad.suite.paths import as_typed, home, without_password

HOST = "127.0.0.1"
PORTS = 65535


def main(conf: Path, argv: Sequence[str] | None = None) -> int:
    """Run the command: serve a registered model if one is named, else the pages about the runs.

    Args:
        conf: folder of the configuration files.
        argv: a port, and ``NAME/VERSION`` of a model; by default, of this process.

    Returns:
        The exit code: 0 ended by Ctrl-C, 1 the server ended by itself, 2 a mistake.
    """
    return explained(lambda: _command(sys.argv[1:] if argv is None else argv, conf))


def _command(argv: Sequence[str], conf: Path) -> int:
    if argv and argv[0] in ("-h", "--help"):
        print(as_typed(help_page("serve")))
        return 0
    if not 1 <= len(argv) <= 2 or argv[0].startswith("-"):
        raise ConfigError(
            "say where, and which model if any: python -m src.serve PORT [NAME/VERSION]"
        )
    port, *models = argv
    default_store(home(conf))
    if not models and os.environ[STORE].startswith("http"):
        print(f"the runs are on the server {without_password(os.environ[STORE])}")
        return 0
    check_port(port)
    from stochgrad.suite.tracking import server

    arguments = server.model_arguments(models[0]) if models else server.pages_arguments()
    path = "/invocations" if models else ""
    print(f"In some seconds: http://{HOST}:{port}{path} (Ctrl-C ends it)", flush=True)
    if server.run([*arguments, "--host", HOST, "--port", port]):
        return 0
    print("error: the server ended by itself; what it said is above", file=sys.stderr)
    return FAILED


def check_port(port: str) -> None:
    """Find out whether something can listen at a port.

    Raises:
        ConfigError: if not, or if it is none. MLflow's server would say so in the log of its
            start, and end as if all were well.
    """
    if not (port.isascii() and port.isdecimal() and 0 < int(port) <= PORTS):
        raise ConfigError(f"PORT={port}: must be a whole number from 1 to {PORTS}")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, int(port)))
        except OSError as error:
            raise ConfigError(
                f"PORT={port}: nothing can listen there ({error.strerror}); name another"
            ) from error
