"""Where a training run is, as flat arrays with names, so that it can go on from there elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

State = dict[str, NDArray[Any]]
"""Arrays by path, such as ``carry/parameters/weights/0``: everything that a run goes on from."""


def flatten(tree: Any, to_numpy: Callable[[Any], NDArray[Any]], path: str) -> State:
    """Name every array of nested dicts, tuples and lists by its path.

    >>> sorted(flatten({"w": (1.0, 2.0), "state": {}}, np.asarray, "carry"))
    ['carry/w/0', 'carry/w/1']
    """
    if isinstance(tree, dict):
        parts = [flatten(value, to_numpy, f"{path}/{key}") for key, value in tree.items()]
    elif isinstance(tree, tuple | list):
        parts = [flatten(value, to_numpy, f"{path}/{i}") for i, value in enumerate(tree)]
    else:
        return {path: np.asarray(to_numpy(tree))}
    return {name: array for part in parts for name, array in part.items()}


def restore(like: Any, state: Mapping[str, NDArray[Any]], path: str) -> Any:
    """Build a structure like another one, of the arrays that :func:`flatten` named.

    Raises:
        KeyError: for an array that is not there.

    >>> restore({"w": (0, 0)}, {"carry/w/0": 1.0, "carry/w/1": 2.0}, "carry")
    {'w': (1.0, 2.0)}
    """
    if isinstance(like, dict):
        return {key: restore(value, state, f"{path}/{key}") for key, value in like.items()}
    if isinstance(like, tuple | list):
        return tuple(restore(value, state, f"{path}/{i}") for i, value in enumerate(like))
    return state[path]
