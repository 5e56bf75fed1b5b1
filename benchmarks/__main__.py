"""Run one benchmark: ``python -m benchmarks NAME``."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

BENCHMARKS = {
    "sweep": "what a run of a sweep costs beyond training, by part",
    "workers": "the throughput of two workers beside that of one",
    "survival": "24 runs of a sweep that is killed ten times: each is finished once",
    "xor": "10,000 steps of XOR: the notebook's loop, NumPy, TensorFlow",
    "mnist": "an epoch of MNIST: the notebook, NumPy, TensorFlow, Keras, PyTorch, the limit",
    "predictions": "the laboratory: measured errors over predicted ones",
    "coverage": "the laboratory: how often 95 % intervals cover, 10,000 repeats a cell",
    "automatic": "the laboratory: epsilon=auto beside the best of a sweep",
    "rivals": "the laboratory: SciPy, numdifftools and jacobi at equal evaluations",
    "laboratory": "these four, one after another",
}
SIZED = ("predictions", "coverage", "automatic", "rivals", "laboratory")
"""Those that have a size, and a number of repeats of their own."""
ONCE = ("sweep", "workers", "survival")
"""Those that are carried out once, with numbers of their own."""
ROUNDS = 5


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(f"  {name:11} {what}" for name, what in BENCHMARKS.items()),
    )  # fmt: skip
    parser.add_argument("name", choices=BENCHMARKS)
    parser.add_argument(
        "--repeats", type=int,
        help=f"rounds, taken in turns ({ROUNDS}); repeats of an estimate (the laboratory's)",
    )  # fmt: skip
    parser.add_argument("--size", type=int, help="how much of its grid the laboratory measures")
    arguments = parser.parse_args()
    for key, value in (("repeats", arguments.repeats), ("size", arguments.size)):
        if value is not None and value < 1:
            parser.error(f"--{key}={value}: must be 1 or more")
    run = import_module(f"benchmarks.{arguments.name}").main
    if arguments.name in SIZED:
        run(arguments.repeats, arguments.size)
    elif arguments.size is not None:
        parser.error(f"--size: only for {', '.join(SIZED)}")
    elif arguments.name not in ONCE:
        run(ROUNDS if arguments.repeats is None else arguments.repeats)
    elif arguments.repeats is not None:
        parser.error(f"--repeats: not for {', '.join(ONCE)}")
    else:
        run()


if __name__ == "__main__":  # a process that draws figures imports this too
    from stochgrad.suite.cli import explained

    sys.exit(explained(main))
