from __future__ import annotations

import pytest

from stochgrad import ESTIMATORS
from stochgrad.backends import BACKENDS
from stochgrad.errors import ConfigError, nearest, unknown
from stochgrad.registry import Registry


def test_an_entry_is_found_by_its_name() -> None:
    table: Registry[int] = Registry("number")
    assert table.add("one", 1) == 1
    assert table["one"] == 1
    assert "one" in table
    assert "two" not in table


def test_register_decorates_and_returns_what_it_got() -> None:
    table: Registry[object] = Registry("function")

    @table.register("double")
    def double(x: int) -> int:
        return 2 * x

    assert table["double"] is double
    assert double(2) == 4


def test_names_come_sorted() -> None:
    table: Registry[int] = Registry("number")
    for name in ("b", "c", "a"):
        table.add(name, 0)
    assert list(table) == ["a", "b", "c"]


def test_a_name_is_taken_once() -> None:
    table: Registry[int] = Registry("number")
    table.add("one", 1)
    with pytest.raises(ValueError, match="number 'one' is registered already"):
        table.add("one", 2)
    assert table["one"] == 1


@pytest.mark.parametrize("name", ["tree", None, 3, ["one"], {}])
def test_an_unknown_name_is_an_error_of_one_line(name: object) -> None:
    table: Registry[int] = Registry("number")
    table.add("one", 1)
    table.add("three", 3)
    with pytest.raises(ConfigError) as caught:
        table[name]  # type: ignore[index]
    message = str(caught.value)
    assert message.startswith(f"number={name}: unknown number; allowed: one, three.")
    assert "\n" not in message


def test_the_nearest_name_is_suggested_only_if_there_is_one() -> None:
    assert str(unknown("activation", "sigmod", ["tanh", "sigmoid"])).endswith(
        "Did you mean 'sigmoid'?"
    )
    assert nearest("qqqq", ["tanh", "sigmoid"]) == ""


def test_a_config_error_is_a_value_error() -> None:
    assert issubclass(ConfigError, ValueError)


PROMISED = [
    (
        ESTIMATORS,
        "analytic autodiff central central_fixed complex_step forward quadratic regression "
        "richardson three_slope",
    ),
    (BACKENDS, "numpy tensorflow"),
]


@pytest.mark.parametrize(("table", "names"), PROMISED, ids=lambda v: getattr(v, "kind", ""))
def test_what_is_promised_is_there(table: Registry[object], names: str) -> None:
    assert set(names.split()) <= set(table)
