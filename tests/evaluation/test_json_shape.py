"""What a file holds against what type hints describe: the first place that differs, in words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NotRequired, TypedDict

import pytest

from rust_rewards.evaluation.json_shape import shape_problem


class Person(TypedDict):
    name: str
    age: NotRequired[int | None]


@dataclass(frozen=True)
class Group:
    title: str
    members: list[Person]
    points: Mapping[str, float]
    pairs: tuple[str, ...] = ()
    extra: Any = None
    tags: list[str] = field(default_factory=list)


WHOLE = {"title": "a", "members": [{"name": "x", "age": None}], "points": {"x": 1, "y": 0.5}}


@pytest.mark.parametrize("more", [{}, {"pairs": ["a"]}, {"extra": {"any": [1]}}, {"unknown": 3}, {"members": []}])
def test_what_fits_has_no_problem(more):
    assert shape_problem(WHOLE | more, Group) is None


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ([], "it is a list; expected an object"),
        ({"title": "a"}, "it lacks members, points"),
        (WHOLE | {"title": 3}, "title is a whole number; expected text"),
        (WHOLE | {"title": None}, "title is null; expected text"),
        (WHOLE | {"members": {}}, "members is an object; expected a list"),
        (WHOLE | {"members": [{"age": 3}]}, "members[0] lacks name"),
        (WHOLE | {"members": [{"name": "x"}, {"name": "y", "age": 1.5}]}, "members[1].age is a number; expected"),
        (WHOLE | {"points": {"x": "1"}}, "points.x is text; expected a number"),
        (WHOLE | {"points": {"x": True}}, "points.x is true or false; expected a number"),
        (WHOLE | {"pairs": ["a", 1]}, "pairs[1] is a whole number; expected text"),
        (WHOLE | {"tags": "abc"}, "tags is text; expected a list"),
    ],
)
def test_the_first_place_that_does_not_fit_is_named(value, problem):
    assert shape_problem(value, Group).startswith(problem)
