"""A section of the configuration checked by its schema; what is wrong is said in one line."""

from __future__ import annotations

import re
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from stochgrad.errors import WHOLE, ConfigError, nearest
from stochgrad.suite.config.text import allowed, as_value, shortened

M = TypeVar("M", bound=BaseModel)

TRIED = ("constrained-float", "float", "literal['auto']")
"""What pydantic calls the types of which a value may have one, in the place of an error."""
WORDING = (
    ("^input should be ", "must be "),
    ("a valid integer", WHOLE),
    ("a valid boolean.*", "true or false"),
    (", unable to parse .*", ""),
    ("^string should have at least 1 character", "must not be empty"),
    ("a valid ", "a "),
    (
        "^string should match pattern .*",
        "must be a name without any of / : . % \" ' and without spaces around it",
    ),
    ("^string should have at most", "must have at most"),
    (r"^list should have at least (\d+) item.*", r"must have at least \1 item"),
    ("^must be a dictionary or instance of .*", "is a section; set a key of it"),
)
"""Pydantic's messages, and how they are put here."""


def validate_section(schema: type[M], values: Any, prefix: str) -> M:
    """Check a part of the configuration whose keys start with ``prefix``.

    Raises:
        ConfigError: naming the first key that is wrong, its value, what is allowed, what to do.
    """
    if isinstance(values, schema):
        return values
    try:
        return schema.model_validate(values)
    except ValidationError as error:
        raise _explain(error, schema, prefix) from None


def _explain(error: ValidationError, schema: type[BaseModel], prefix: str) -> ConfigError:
    """Turn pydantic's first complaint into one line in our form."""
    first = error.errors()[0]
    cause = first.get("ctx", {}).get("error")
    # Of a choice between types pydantic names the one that it tried.
    places = [p for p in first["loc"] if isinstance(p, str) and p not in TRIED]
    key = prefix + ".".join(places)
    given = f"{shortened(key)}={shortened(as_value(first['input']))}"
    if isinstance(cause, ConfigError):
        named = not places or str(cause).startswith(key)
        return cause if named else ConfigError(f"{given}: {cause}")
    kind = first["type"]
    if kind == "extra_forbidden":
        names = _known_keys(schema, prefix, first["loc"])
        near = nearest(str(first["loc"][-1]), names)
        return ConfigError(f"{given}: unknown key; {allowed(names, '--cfg job')}.{near}")
    if kind == "missing":
        return ConfigError(f"{shortened(key)}: missing; give it a value")
    if kind == "literal_error":
        names = [w.strip("' ") for w in first["ctx"]["expected"].replace(" or ", ",").split(",")]
        near = nearest(as_value(first["input"]), names)
        names = sorted(names)
        return ConfigError(f"{given}: unknown {key}; allowed: {', '.join(names)}.{near}")
    reason = first["msg"][0].lower() + first["msg"][1:]
    for pydantic, ours in WORDING:
        reason = re.sub(pydantic, ours, reason)
    if reason == "must be a list" and isinstance(first["input"], str | int | float):
        reason += f": {shortened(key)}=[{shortened(as_value(first['input']))}]"
    for other in error.errors()[1:]:  # what else it may be
        if other["loc"][: len(places)] == tuple(places) and other["type"] == "literal_error":
            reason += f", or {other['ctx']['expected']}".replace("'", "")
    return ConfigError(f"{given}: {reason}")


def _known_keys(schema: type[BaseModel], prefix: str, loc: tuple[Any, ...]) -> list[str]:
    fields = schema.model_fields
    for part in loc[:-1]:
        annotation = fields[part].annotation if part in fields else None
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            fields = annotation.model_fields
    return sorted(field.alias or name for name, field in fields.items())
