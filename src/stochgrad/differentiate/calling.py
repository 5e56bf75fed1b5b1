"""A user's function as it is called: once for an array, or for one point after the other."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from importlib import import_module
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.errors import ConfigError, shown, unknown

Array = NDArray[Any]
SMALL = 1e-3
"""Of the real part: an imaginary part that a small step may leave."""
THREADED = frozenset({"jax", "tensorflow"})
"""Libraries whose threads a fork would leave behind in the middle of their work."""
PORTIONS = 4
"""Messages to each process in which the points are sent: none waits long for the slowest."""


class NanOnError:
    """A function of one point that returns NaN where f raises; it can be sent to a process."""

    def __init__(self, f: Callable[[Any], Any]) -> None:
        self.f = f

    def __call__(self, x: Any) -> Any:
        """Return ``f(x)``, or NaN."""
        try:
            return self.f(x)
        except Exception:  # whatever it is: the user asked for it
            return float("nan")


class Processes:
    """``map`` over processes, which are started with the first call and end with this object."""

    def __init__(self, number: int) -> None:
        self._number = os.cpu_count() or 1 if number == -1 else number
        self._pool: ProcessPoolExecutor | None = None

    def __call__(self, f: Callable[[Any], Any], points: Iterable[Any]) -> list[Any]:
        """Return f at every point, in their order."""
        made = list(points)
        if self._pool is None:
            try:
                sent = pickle.dumps(f)
            except Exception as error:  # whatever a part of f makes of being sent
                raise ConfigError(
                    f"workers={self._number}: f cannot be sent to a process; define it at the top "
                    "of a module, or give workers= the map of a pool of threads"
                ) from error
            self._pool = ProcessPoolExecutor(self._number, start_context(sent))
        portion = -(-len(made) // (PORTIONS * self._number))
        try:
            return list(self._pool.map(f, made, chunksize=max(1, portion)))
        except BrokenProcessPool as error:
            raise ConfigError(
                f"workers={self._number}: a process ended before it had answered; f has to be "
                "imported by other processes, which a program starts under "
                "`if __name__ == '__main__':`; or give workers= the map of a pool of threads"
            ) from error

    def __del__(self) -> None:
        """End the processes."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)


def start_context(sent: bytes) -> BaseContext:
    """Return how processes are started that are sent a pickled function.

    As Python does by default, but for a fork beside threads of JAX or TensorFlow: these hold locks,
    which the new process would have too, and nobody to free them. A process that is spawned has
    none; a function of an interactive session, which only a fork takes along, it cannot have.
    """
    usual = multiprocessing.get_context()
    main = Path(getattr(sys.modules["__main__"], "__file__", None) or "<stdin>")
    interactive = b"__main__" in sent and not main.is_file()
    if usual.get_start_method() != "fork" or interactive or not sys.modules.keys() & THREADED:
        return usual
    return multiprocessing.get_context("spawn")


def mapping(workers: int | Callable[..., Any]) -> Callable[..., Any]:
    """Return what maps a function over points.

    Raises:
        ConfigError: unless it is a number of processes, −1 for all cores, or a callable.
    """
    if callable(workers):
        return workers
    whole = isinstance(workers, int) and not isinstance(workers, bool)
    if not whole or (workers < 1 and workers != -1):
        raise ConfigError(
            f"workers={workers}: must be a number of processes, -1 for all cores, or a callable "
            f"like map"
        )
    return map if workers == 1 else Processes(workers)


def check_call(f: Any, args: Any, kwargs: Any) -> None:
    """Refuse an f that cannot be called, or arguments that are no sequence and mapping."""
    check_function("f", f)
    if not isinstance(args, Sequence) or isinstance(args, str | bytes):
        raise ConfigError(f"args={shown(repr(args))}: must be a tuple of further arguments of f")
    if not (
        kwargs is None or (isinstance(kwargs, Mapping) and all(isinstance(k, str) for k in kwargs))
    ):
        raise ConfigError(
            f"kwargs={shown(repr(kwargs))}: must be a dictionary of keyword arguments of f"
        )


def check_function(key: str, f: Any) -> None:
    """Refuse what cannot be called."""
    if not callable(f):
        raise ConfigError(f"{key}={shown(repr(f))}: must be a function")


def with_arguments(
    f: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any] | None
) -> Callable[..., Any]:
    """Return f with further arguments.

    Raises:
        ConfigError: see :func:`check_call`.
    """
    check_call(f, args, kwargs)
    return Called(f, tuple(args), dict(kwargs or {})) if args or kwargs else f


class Called:
    """A function with further arguments, of an array or of one tuple of a point's arguments."""

    def __init__(
        self, f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        self.f, self.args, self.kwargs = f, args, kwargs
        self.located = bool(getattr(f, "located", False))

    def __call__(self, x: Any, *own: Any, **where: Any) -> Any:
        """Return f at x; ``own`` are the arguments that differ between points, in their order."""
        if isinstance(x, tuple):
            x, own = x[0], x[1:]
        rest = iter(own)
        args = (next(rest, a) if np.ndim(a) else a for a in self.args)
        return self.f(x, *args, **self.kwargs, **where)


class Calls:
    """How f is called: whole, or over points by a map, with or without its exceptions.

    Args:
        f: the function, of one argument.
        name: of it, in messages.
        workers: number of processes for points one by one, or a callable like ``map``.
        on_error: ``"nan"`` for NaN where f raises, ``"raise"`` to let it.
        made: turns a NumPy array of points into what f takes.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        name: str = "f",
        *,
        workers: int | Callable[..., Any] = 1,
        on_error: str = "raise",
        made: Callable[[Array], Any] | None = None,
    ) -> None:
        if on_error not in ("raise", "nan"):
            raise unknown("on_error", on_error, ("nan", "raise"))
        self.f, self.name = f, name
        self._map, self._made = mapping(workers), made
        self.silent = on_error == "nan"
        self._one = NanOnError(f) if self.silent else f
        self.one_by_one = self._map is not map
        """Whether f is meant to be called with single points."""

    def whole(self, *arrays: Array, **where: Any) -> Array:
        """Return f of arrays, which it cannot write to, as an array of its own."""
        views = [a.view() for a in arrays]
        for view in views:
            view.flags.writeable = False
        return to_numpy(self.f(*map(self._as_wanted, views), **where), self.name)

    def each(self, *points: Iterable[Any]) -> list[Array]:
        """Return the values of f at points, one after the other."""
        made = [[self._as_wanted(p) for p in column] for column in points]
        values = self._map(self._one, *made)
        if self._map is map:
            return [to_numpy(value, self.name) for value in values]
        found = list(values) if isinstance(values, Iterable) else []
        if len(found) != len(made[0]):
            raise ConfigError(
                f"workers=… returned {len(found)} values for {len(made[0])} points: must return "
                f"one for each, as map does"
            )
        return [to_numpy(value, self.name) for value in found]

    def _as_wanted(self, points: Any) -> Any:
        return points if self._made is None else self._made(points)


def to_numpy(value: Any, name: str = "f") -> Array:
    """Return what f returned as a NumPy array, copied: f may write to its own with the next call.

    Masked values are NaN: f has none there.

    Tensors of PyTorch are detached. Its bfloat16 becomes that of ``ml_dtypes`` if that is there.
    """
    if np.ma.isMaskedArray(value):
        whole = value.dtype.kind in "biu"  # which have no NaN
        value = np.ma.filled(value.astype(np.float64) if whole else value, np.nan)
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        if str(value.dtype) == "torch.bfloat16":
            try:
                bits = value.view(import_module("torch").int16).numpy()
                return np.array(bits.view(import_module("ml_dtypes").bfloat16))
            except ImportError:
                value = value.float()
        value = value.numpy()
    try:
        return np.array(value)
    except ValueError:
        what = shown(repr(value))
        raise ConfigError(f"{name} returned {what}: must have rows of one length") from None


def is_coarse(dtype: np.dtype[Any]) -> bool:
    """Return whether a dtype is a real one that is registered with NumPy, as bfloat16 is."""
    return dtype.kind == "V" and "float" in dtype.name


def check_numbers(values: Array, name: str) -> Array:
    """Return values as numbers whose differences are numbers.

    Raises:
        ConfigError: where they are none.
    """
    if values.dtype.kind == "O":
        if any(value is None for value in values.flat):
            raise ConfigError(f"{name} returned None: must return numbers")
        values = objects_as_floats(values, name)
    if values.dtype.kind not in "buifc" and not is_coarse(values.dtype):
        raise ConfigError(f"{name} returned {values.dtype} values: must return numbers")
    # Differences of unsigned integers wrap, and truth values have none.
    return values.astype(np.float64) if values.dtype.kind in "bui" else values


def objects_as_floats(values: Array, name: str) -> NDArray[np.float64]:
    """Return objects, such as fractions, as float64.

    Raises:
        ConfigError: where they are no numbers.
    """
    try:
        return values.astype(np.float64)
    except (TypeError, ValueError) as error:
        kinds = " and ".join(sorted({type(value).__name__ for value in values.flat}))
        raise ConfigError(f"{name} returned {kinds} values: must return numbers") from error


def has_imaginary_part(values: Array) -> bool:
    """Return whether any imaginary part is larger than a small step in its direction may leave."""
    return bool((np.abs(values.imag) > SMALL * np.abs(values.real)).any())
