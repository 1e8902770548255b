"""Checks that what a JSON file holds has the shape that type hints describe, and names the first place that has not.

The hints of the result dataclasses and of the dictionaries in them are the description; there is no second one.
Not here: reading the file, and what the values mean.
"""

import dataclasses
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any

NAMES = {str: "text", bool: "true or false", int: "a whole number", float: "a number", type(None): "null"}


def shape_problem(value: Any, hint: Any, where: str = "") -> str | None:
    """Say in words where a value is not what a type hint asks for; `None` when it is.

    Args:
        value: What `json.loads` gave.
        hint: A type, `X | None`, `Any`, `list[X]`, `tuple[X, ...]`, `Mapping[str, X]`, a `TypedDict` or a dataclass.
            Keys that the last two do not know are passed over; a dataclass's field with a default may be absent.
        where (`str`, *optional*): What the value is called.

    >>> shape_problem({"a": [1, "b"]}, dict[str, list[int]])
    'a[1] is text; expected a whole number'
    """
    origin = typing.get_origin(hint)
    arguments = typing.get_args(hint)
    if hint is Any:
        return None
    if origin in (typing.Union, types.UnionType):
        problems = [shape_problem(value, option, where) for option in arguments]
        return None if None in problems else problems[0]
    if hint in NAMES:
        return None if _is(value, hint) else _unlike(value, NAMES[hint], where)
    if dataclasses.is_dataclass(hint) or typing.is_typeddict(hint):
        return _object_problem(value, hint, where)
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(value, dict):
            return _unlike(value, "an object", where)
        return _first(shape_problem(item, arguments[1], _inside(where, key)) for key, item in value.items())
    if origin is not None and issubclass(origin, Sequence):
        if not isinstance(value, list):
            return _unlike(value, "a list", where)
        return _first(shape_problem(item, arguments[0], f"{where}[{place}]") for place, item in enumerate(value))
    raise TypeError(f"{where}: no shape for {hint}")


def _object_problem(value: Any, hint: Any, where: str) -> str | None:
    """Check a dictionary that stands for a dataclass or a `TypedDict`."""
    if not isinstance(value, dict):
        return _unlike(value, "an object", where)
    hints = typing.get_type_hints(hint)
    required = _required(hint)
    missing = [name for name in hints if name in required and name not in value]
    if missing:
        return f"{where or 'it'} lacks {', '.join(missing)}"
    known = {name: inner for name, inner in hints.items() if name in value}
    return _first(shape_problem(value[name], inner, _inside(where, name)) for name, inner in known.items())


def _required(hint: Any) -> set[str]:
    if not dataclasses.is_dataclass(hint):
        return set(hint.__required_keys__)
    unset = dataclasses.MISSING
    return {item.name for item in dataclasses.fields(hint) if item.default is unset and item.default_factory is unset}


def _is(value: Any, kind: type) -> bool:
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _unlike(value: Any, expected: str, where: str) -> str:
    found = {list: "a list", dict: "an object"} | NAMES
    return f"{where or 'it'} is {found.get(type(value), type(value).__name__)}; expected {expected}"


def _inside(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _first(problems: typing.Iterable[str | None]) -> str | None:
    return next((problem for problem in problems if problem), None)
