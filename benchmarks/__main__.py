"""Run one benchmark: ``python -m benchmarks NAME``."""

from __future__ import annotations

import argparse
from importlib import import_module

BENCHMARKS = {
    "sweep": "what a run of a sweep costs beyond training, by part",
    "workers": "the throughput of two workers beside that of one",
    "survival": "24 runs of a sweep that is killed ten times: each is finished once",
    "xor": "10,000 steps of XOR: the notebook's loop, NumPy, TensorFlow",
    "mnist": "an epoch of MNIST: the notebook, NumPy, TensorFlow, Keras, PyTorch, the limit",
}


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(f"  {name:8} {what}" for name, what in BENCHMARKS.items()),
    )  # fmt: skip
    parser.add_argument("name", choices=BENCHMARKS)
    parser.add_argument(
        "--repeats", type=int, default=5, help="rounds, of which the fastest counts"
    )
    arguments = parser.parse_args()
    import_module(f"benchmarks.{arguments.name}").main(arguments.repeats)


main()
