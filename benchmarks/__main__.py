"""Run one benchmark: ``python -m benchmarks NAME``; ``NAME --help`` lists its options."""

from __future__ import annotations

import argparse
import inspect
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any, Literal, get_args, get_origin, get_type_hints

BENCHMARKS = {
    "sweep": "what a run of a sweep costs beyond training, by part",
    "workers": "the throughput of two workers beside that of one",
    "survival": "24 runs of a sweep that is killed ten times: each is finished once",
    "xor": "10,000 steps of XOR: the notebook's loop, NumPy, TensorFlow",
    "mnist": "an epoch of MNIST: the notebook, NumPy, TensorFlow, Keras, PyTorch, the limit",
    "predictions": "measured errors over those that theory predicts",
    "killers": "functions that hide their derivatives: silent errors, beside those of others",
    "coverage": "how often 95 % intervals cover, over functions, points, noise and dtypes",
    "automatic": "the automatic step beside the best of a sweep, at equal evaluations",
    "rivals": "SciPy, numdifftools and jacobi under noise, at equal evaluations",
    "check_gradient": "false alarms of gradient checks, and wrong gradients that they find",
    "optimize": "minima of noisy functions, beside SciPy and numdifftools",
    "plan": "signal-to-noise ratios of gradients that a plan expects, over measured ones",
    "gradients": "time of gradients beside SciPy, numdifftools and jacobi",
    "shots": "gradients of a circuit with shots, beside the parameter-shift rule and PennyLane",
    "gradient_coverage": "how often 95 % intervals cover the components of 500 random gradients",
    "sensitivity": "coverage and silent errors with each constant halved and doubled",
    "training": "steps of training by gradients of all kinds, over those of back-propagation",
    "speed": "time and memory beside those of others, in turns",
}


def options_of(run: Callable[..., None], parser: argparse.ArgumentParser) -> None:
    """Give a parser one option for each parameter of a function.

    The annotation is the type; a ``Literal`` lists the choices, a ``bool`` is a flag. Integers
    other than a seed have to be positive.
    """
    hints = get_type_hints(run)
    for name, parameter in inspect.signature(run).parameters.items():
        if parameter.kind is parameter.VAR_POSITIONAL:
            continue
        kind, default = hints[name], parameter.default
        option = f"--{name.replace('_', '-')}"
        if kind is bool:
            parser.add_argument(option, action="store_true")
        elif get_origin(kind) is Literal:
            parser.add_argument(option, choices=get_args(kind), default=default)
        else:
            convert: Any = kind if name == "seed" or kind is not int else positive
            parser.add_argument(option, type=convert, default=default, metavar=kind.__name__)


def positive(text: str) -> int:
    """Return a whole number from 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number}: must be 1 or more")
    return number


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(f"  {name:18} {what}" for name, what in BENCHMARKS.items()),
    )  # fmt: skip
    parser.add_argument("name", choices=BENCHMARKS)
    name = parser.parse_args(sys.argv[1:2]).name
    run = import_module(f"benchmarks.{name}").main
    own = argparse.ArgumentParser(
        prog=f"python -m benchmarks {name}", description=inspect.getdoc(run),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    options_of(run, own)
    run(**vars(own.parse_args(sys.argv[2:])))


if __name__ == "__main__":  # a process that draws figures imports this too
    from stochgrad.suite.cli import explained

    sys.exit(explained(main))
