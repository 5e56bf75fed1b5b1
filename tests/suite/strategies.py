"""Overrides as Hypothesis draws them: such as users type by mistake, and such as nobody types."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from stochgrad.suite.cli.arguments import FLAGS
from stochgrad.suite.config.schema import RunConfig

SECTIONS = {
    "task": ("steps", "x", "functions", "learning_rate", "name", "batch_size", "estimators", "0"),
    "model": ("hidden", "bias", "init", "hidden.0", "hidden.x"),
    "estimator": ("name", "jitter", "division", "_target_"),
    "optimizer": ("learning_rate", "name", "beta_1"),
    "gradient": ("law", "slope", "draw", "units", "scale"),
    "sweep": ("workers", "threads", "slurm", "dry_run", "skip_invalid"),
    "plugins": ("0", "a"),
}
OPERATORS = ("", "", "", "", "+", "++", "~")
VALUES = (
    "1", "0", "-1", "1e-5", "1e400", "nan", "-inf", "1_000", "0x10", "null", "true", "", "auto",
    "???", "[]", "[1,2]", "[[8]]", "{}", "{a:1}", "{hidden:[4]}", "[a,{b:[c]}]", "'a: b'", "1,2",
    "1,1,1", "a,b", "range(1,4)", "range(0,1e12)", "range(1)", "interval(0,1)", "glob(*)",
    "choice(a,b)", "sort(2,1)", "sort(b,1)", "shuffle(1,2)", "tag(log,interval(1e-8,1))",
    "int('x')", "float(1)", "str([1])", "json_str({a:1})", "${epsilon}", "${nowhere}",
    "${oc.env:NOWHERE}", "${oc.decode:'['}", "${..}", "${${task}}", "${task.name", "$", "\\\\",
    "@", "a@b", "=", "a=b", "~", "%s", "\u00e9", "\u202e", "\U0001f600", "central", "quadratic",
    "analytic", "spsa", "mezo", "gaussian", "exact", "xor", "study", "sgd", "numpy",
    "notebook_xor", "notebook/central", "../config", "/",
    "[os]", "[json,os.path]", "[no.such.module]", "[.]", "[__main__]", "1" * 4301, "[" * 200,
    "[" * 200 + "]" * 200, "(" * 99, "a" * 3000, "{a:" * 60 + "1" + "}" * 60,
)  # fmt: skip


def keys(choices: Sequence[str]) -> st.SearchStrategy[str]:
    """Draw keys: those there are, parts of them, such as are nearly right, and others.

    Args:
        choices: the groups of the configuration.
    """
    fields = [field.alias or name for name, field in RunConfig.model_fields.items()]
    known = st.sampled_from([*fields, *choices, "sweep", "tune", "hydra", "experiment"])
    nested = st.sampled_from([f"{s}.{key}" for s, own in SECTIONS.items() for key in own])
    mistyped = st.builds(lambda key, at: key[:at] + key[at + 1 :], known, st.integers(0, 8))
    deeper = st.builds(lambda a, b: f"{a}.{b}", known, st.sampled_from(("x", "0", "a.b.c", "-1")))
    packaged = st.builds(lambda a, b: f"{a}@{b}", known, st.sampled_from(("x", "task", "_global_")))
    strange = st.sampled_from(("", ".", "a..b", "k" * 3000, "a" + ".a" * 300, "hydra/launcher"))
    free = st.text(min_size=1, max_size=12)
    return st.one_of(known, known, nested, nested, mistyped, deeper, packaged, strange, free)


def values() -> st.SearchStrategy[str]:
    """Draw values."""
    numbers = st.one_of(st.integers(), st.floats()).map(str)
    several = st.lists(st.sampled_from(VALUES), min_size=2, max_size=3).map(",".join)
    listed = st.lists(st.sampled_from(VALUES), max_size=3).map(lambda v: f"[{','.join(v)}]")
    given = st.sampled_from(VALUES)
    return st.one_of(given, given, numbers, several, listed, st.text(max_size=12))


def overrides(choices: Sequence[str]) -> st.SearchStrategy[list[str]]:
    """Draw what is typed after the command.

    Args:
        choices: the groups of the configuration.
    """
    argument = st.builds(
        lambda operator, key, equals, value: f"{operator}{key}{equals}{value if equals else ''}",
        st.sampled_from(OPERATORS), keys(choices), st.sampled_from(("=", "=", "=", "=", "")),
        values(),
    )  # fmt: skip
    return st.lists(argument, min_size=1, max_size=3)


def flags() -> st.SearchStrategy[list[str]]:
    """Draw flags, those there are and others, with and without what belongs to them."""
    others = (
        "-m", "-mm", "-c", "-cx", "-cn", "-cd", "-i", "-i=all", "--cfg=job", "--cfg=", "--info=",
        "--completion=zsh", "-h=1", "--", "-", "job", "all", "epsilon=1", "~seed",
    )  # fmt: skip
    given = st.sampled_from([*FLAGS, *others])
    return st.lists(st.one_of(given, given, st.text(max_size=6)), max_size=5)
