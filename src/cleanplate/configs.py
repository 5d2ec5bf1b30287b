"""Frozen dataclasses from plain values, as files and commands give them: keys and kinds checked.

Each field's annotation says what it takes: bool, int, float, str, tuples of them, one that may be
None, and another such dataclass.
"""

from __future__ import annotations

import dataclasses
import math
import tomllib
import types
import typing
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from cleanplate.errors import BadInput
from cleanplate.video import whole

T = TypeVar("T")

_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


def built(kind: type[T], values: Mapping[str, Any], *, source: str) -> T:
    """Return a dataclass made of plain values; what is not given keeps its default.

    source: where the values come from, for a refusal. Lists become tuples, whole numbers floats
    where a float is wanted. Raises BadInput for an unknown key and for a value of another kind.

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Size:
    ...     height: int = 240
    >>> built(Size, {"height": 48}, source="size.toml").height
    48
    """
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    hints = typing.get_type_hints(kind)
    for key in values:
        if key not in fields:
            raise BadInput(
                f"{source} has no setting {str(key)[:80]!r}. Choose from: {', '.join(fields)}."
            )
    return kind(**{key: checked(hints[key], values[key], f"{key} of {source}") for key in values})


def checked(hint: Any, value: Any, name: str) -> Any:
    """Return a plain value as its annotation wants it; raises BadInput that names it."""
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        if value is None:
            return None
        hint = next(part for part in typing.get_args(hint) if part is not type(None))
    if typing.get_origin(hint) is tuple:
        return _tuple(typing.get_args(hint), value, name)
    if dataclasses.is_dataclass(hint) and isinstance(value, Mapping):
        return built(typing.cast("type[Any]", hint), value, source=name)
    if hint is float and whole(value):
        value = float(value)
    right = {bool: bool, int: int, float: float, str: str}.get(hint)
    good = right is not None and isinstance(value, right)
    if not good or (hint is int and not whole(value)) or (hint is float and math.isnan(value)):
        raise BadInput(f"{name} is {str(value)[:80]!r}. Give {_WORDS.get(hint, 'a table')}.")
    return value


def pairs(given: Iterable[str]) -> dict[str, Any]:
    """Read `key=value`, each value as TOML, or where it is none as a plain text; raises BadInput.

    >>> pairs(["batch=4", "size=[48, 96]", "licence=CC0"])
    {'batch': 4, 'size': [48, 96], 'licence': 'CC0'}
    """
    values = {}
    for pair in given:
        key, equals, text = pair.partition("=")
        if not equals or not key.strip():
            raise BadInput(f"setting {pair[:80]!r} is not KEY=VALUE. Give such as batch=4.")
        values[key.strip()] = _value(text.strip())
    return values


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError, KeyError):
        return text


def _tuple(kinds: tuple[Any, ...], value: Any, name: str) -> tuple[Any, ...]:
    """Check the members of a tuple, of a length of its own or any (tuple[int, ...])."""
    free = len(kinds) == 2 and kinds[1] is Ellipsis
    if not isinstance(value, list | tuple) or (not free and len(value) != len(kinds)):
        count = "a list" if free else f"a list of {len(kinds)}"
        raise BadInput(f"{name} is {str(value)[:80]!r}. Give {count}.")
    each = [kinds[0]] * len(value) if free else kinds
    return tuple(checked(kind, part, name) for kind, part in zip(each, value, strict=True))
