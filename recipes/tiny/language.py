"""The small language of functions the embedded model is taught: terms, families, and what they mean.

A function is a family ("Returns the sum of the numbers in {x} that are {0}.") filled with terms ("divisible
by 3"). The description settles the body, so a model can be right about a function it never saw. Every term
carries its words, its Rust and its meaning in Python, so expected values need no compiler.

Plain data: recipes/tiny/corpus.py draws from it and writes the files.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

DIGITS = range(2, 10)
LETTERS = "aeiorstn"
# Function names say nothing: any name may stand for any function, so a model has to read the description.
VERBS = (
    "adjust", "apply", "build", "change", "compute", "convert", "derive", "extract", "figure", "gather",
    "handle", "measure", "obtain", "perform", "prepare", "process", "produce", "render", "resolve", "solve",
)  # fmt: skip
NOUNS = ("answer", "entry", "field", "input", "item", "outcome", "part", "record", "result", "thing", "unit", "value")


@dataclass(frozen=True)
class Term:
    """A phrase of a description: words, Rust with `{v}` for the subject, meaning, constants."""

    words: str
    rust: str
    meaning: Any
    constants: tuple[int, ...] = ()


@dataclass(frozen=True)
class Family:
    """Functions that differ only in the terms filled in.

    Attributes:
        key, topic (`str`): Names; `topic` is a dataset column.
        difficulty (`int`): 1 to 4.
        slots (`str`): One letter a term: `T` transforms a number, `P` tests one, `K` is one, `C` is a letter.
        takes, gives (`str`): Types of the argument and of the result.
        doc (`str`): The description: `{x}` is the argument, `{0}` the words of the first term.
        bodies (`tuple[str, ...]`): Correct bodies, the reference first: `{0}` is the Rust of the first term.
        meaning (`Callable`): The function in Python: the argument, then the terms' meanings.
        subject (`str`): What the terms in the bodies speak about.
    """

    key: str
    topic: str
    difficulty: int
    slots: str
    takes: str
    gives: str
    doc: str
    bodies: tuple[str, ...]
    meaning: Callable[..., Any]
    subject: str = "v"


@dataclass(frozen=True)
class Tagged:
    """`Some`, `Ok` or `Err` around a value; Rust's `None` is Python's."""

    tag: str
    value: Any


def remainder(x: int, k: int) -> int:
    """Return `x % k` as Rust has it: the sign is that of `x`.

    Example:
        >>> remainder(-7, 3)
        -1
    """
    return abs(x) % k * (1 if x >= 0 else -1)


def transforms() -> list[Term]:
    """Return every term that turns a number into a number."""
    terms = [Term("squared", "{v} * {v}", lambda v: v * v)]
    for k in DIGITS:
        terms += [
            Term(f"plus {k}", f"{{v}} + {k}", lambda v, k=k: v + k, (k,)),
            Term(f"minus {k}", f"{{v}} - {k}", lambda v, k=k: v - k, (k,)),
            Term(f"times {k}", f"{{v}} * {k}", lambda v, k=k: v * k, (k,)),
            Term(f"modulo {k}", f"{{v}} % {k}", lambda v, k=k: remainder(v, k), (k,)),
        ]
    for k, m in product(DIGITS, DIGITS):
        terms.append(Term(f"times {k} plus {m}", f"{{v}} * {k} + {m}", lambda v, k=k, m=m: v * k + m, (k, m)))
    return terms


def predicates() -> list[Term]:
    """Return every term that tests a number."""
    terms = [
        Term("even", "{v} % 2 == 0", lambda v: v % 2 == 0),
        Term("odd", "{v} % 2 != 0", lambda v: v % 2 != 0),
    ]
    for k in DIGITS:
        terms += [
            Term(f"greater than {k}", f"{{v}} > {k}", lambda v, k=k: v > k, (k,)),
            Term(f"less than {k}", f"{{v}} < {k}", lambda v, k=k: v < k, (k,)),
            Term(f"not {k}", f"{{v}} != {k}", lambda v, k=k: v != k, (k,)),
        ]
    terms += [Term(f"divisible by {k}", f"{{v}} % {k} == 0", lambda v, k=k: v % k == 0, (k,)) for k in DIGITS]
    return terms


def numbers() -> list[Term]:
    """Return every term that is a number."""
    return [Term(str(k), str(k), k, (k,)) for k in DIGITS]


def letters() -> list[Term]:
    """Return every term that is a letter."""
    return [Term(c, c, c) for c in LETTERS]


TERMS: dict[str, Callable[[], list[Term]]] = {"T": transforms, "P": predicates, "K": numbers, "C": letters}


def _some(value: Any) -> Tagged:
    return Tagged("Some", value)


_NUMBER = ("i32", "i32")
_FLAG = ("i32", "bool")
_LIST = ("&[i32]", "Vec<i32>")
_SUM = ("&[i32]", "i32")

# fmt: off
FAMILIES: tuple[Family, ...] = (
    Family(
        "shift", "arithmetic", 1, "T", *_NUMBER,
        "Returns {x} {0}.",
        ("{0}",),
        lambda x, t: t(x), "{x}",
    ),
    Family(
        "test", "arithmetic", 1, "P", *_FLAG,
        "Tells whether {x} is {0}.",
        ("{0}",),
        lambda x, p: p(x), "{x}",
    ),
    Family(
        "both", "arithmetic", 2, "PP", *_FLAG,
        "Tells whether {x} is {0} and {1}.",
        ("{0} && {1}", "if {0} {{\n    {1}\n}} else {{\n    false\n}}"),
        lambda x, p, q: p(x) and q(x), "{x}",
    ),
    Family(
        "either", "arithmetic", 2, "PP", *_FLAG,
        "Tells whether {x} is {0} or {1}.",
        ("{0} || {1}", "if {0} {{\n    true\n}} else {{\n    {1}\n}}"),
        lambda x, p, q: p(x) or q(x), "{x}",
    ),
    Family(
        "choose", "control flow", 3, "PTT", *_NUMBER,
        "Returns {x} {1} when {x} is {0}, otherwise {x} {2}.",
        ("if {0} {{\n    {1}\n}} else {{\n    {2}\n}}", "if {0} {{\n    return {1};\n}}\n{2}"),
        lambda x, p, t, u: t(x) if p(x) else u(x), "{x}",
    ),
    Family(
        "swap", "control flow", 1, "KK", *_NUMBER,
        "Returns {1} when {x} is {0}, otherwise {x}.",
        ("if {x} == {0} {{\n    {1}\n}} else {{\n    {x}\n}}",
         "match {x} {{\n    {0} => {1},\n    _ => {x},\n}}"),
        lambda x, k, m: m if x == k else x, "{x}",
    ),
    Family(
        "larger", "arithmetic", 1, "TK", *_NUMBER,
        "Returns the larger of {x} {0} and {1}.",
        ("({0}).max({1})", "if {0} > {1} {{\n    {0}\n}} else {{\n    {1}\n}}"),
        lambda x, t, k: max(t(x), k), "{x}",
    ),
    Family(
        "smaller", "arithmetic", 1, "TK", *_NUMBER,
        "Returns the smaller of {x} {0} and {1}.",
        ("({0}).min({1})", "if {0} < {1} {{\n    {0}\n}} else {{\n    {1}\n}}"),
        lambda x, t, k: min(t(x), k), "{x}",
    ),
    Family(
        "pair", "tuples", 2, "TT", "i32", "(i32, i32)",
        "Returns the pair of {x} {0} and {x} {1}.",
        ("({0}, {1})", "let first = {0};\nlet second = {1};\n(first, second)"),
        lambda x, t, u: (t(x), u(x)), "{x}",
    ),
    Family(
        "maybe", "option", 2, "PT", "i32", "Option<i32>",
        "Returns Some of {x} {1} when {x} is {0}, otherwise None.",
        ("if {0} {{\n    Some({1})\n}} else {{\n    None\n}}", "({0}).then_some({1})"),
        lambda x, p, t: _some(t(x)) if p(x) else None, "{x}",
    ),
    Family(
        "attempt", "result", 2, "PT", "i32", "Result<i32, i32>",
        "Returns Ok of {x} {1}, or Err of {x} when {x} is {0}.",
        ("if {0} {{\n    Err({x})\n}} else {{\n    Ok({1})\n}}",
         "if {0} {{\n    return Err({x});\n}}\nOk({1})"),
        lambda x, p, t: Tagged("Err", x) if p(x) else Tagged("Ok", t(x)), "{x}",
    ),
    Family(
        "inside", "option", 2, "T", "Option<i32>", "Option<i32>",
        "Returns the value in {x} {0}, or None.",
        ("{x}.map(|v| {0})", "let v = {x}?;\nSome({0})"),
        lambda x, t: x if x is None else _some(t(x.value)),
    ),
    Family(
        "fallback", "option", 2, "TK", "Option<i32>", "i32",
        "Returns the value in {x} {0}, or {1} for None.",
        ("{x}.map_or({1}, |v| {0})", "match {x} {{\n    Some(v) => {0},\n    None => {1},\n}}"),
        lambda x, t, k: k if x is None else t(x.value),
    ),
    Family(
        "each", "iterators", 2, "T", *_LIST,
        "Returns every number in {x} {0}.",
        ("{x}.iter().map(|v| {0}).collect()",
         "let mut out = Vec::new();\nfor v in {x} {{\n    out.push({0});\n}}\nout"),
        lambda x, t: [t(v) for v in x],
    ),
    Family(
        "keep", "iterators", 2, "P", *_LIST,
        "Returns the numbers in {x} that are {0}.",
        ("{x}.iter().copied().filter(|v| {0}).collect()",),
        lambda x, p: [v for v in x if p(v)], "*v",
    ),
    Family(
        "count", "iterators", 2, "P", "&[i32]", "usize",
        "Counts the numbers in {x} that are {0}.",
        ("{x}.iter().filter(|&&v| {0}).count()",
         "let mut total = 0;\nfor &v in {x} {{\n    if {0} {{\n        total += 1;\n    }}\n}}\ntotal"),
        lambda x, p: sum(map(p, x)),
    ),
    Family(
        "total", "slices", 3, "T", *_SUM,
        "Returns the sum of the numbers in {x}, each {0}.",
        ("{x}.iter().map(|v| {0}).sum()",
         "let mut total = 0;\nfor v in {x} {{\n    total += {0};\n}}\ntotal"),
        lambda x, t: sum(map(t, x)),
    ),
    Family(
        "total_if", "slices", 3, "P", *_SUM,
        "Returns the sum of the numbers in {x} that are {0}.",
        ("{x}.iter().filter(|&&v| {0}).sum()",
         "let mut total = 0;\nfor &v in {x} {{\n    if {0} {{\n        total += v;\n    }}\n}}\ntotal"),
        lambda x, p: sum(v for v in x if p(v)),
    ),
    Family(
        "any", "closures", 2, "P", "&[i32]", "bool",
        "Tells whether any number in {x} is {0}.",
        ("{x}.iter().any(|&v| {0})",),
        lambda x, p: any(map(p, x)),
    ),
    Family(
        "all", "closures", 2, "P", "&[i32]", "bool",
        "Tells whether all numbers in {x} are {0}.",
        ("{x}.iter().all(|&v| {0})",),
        lambda x, p: all(map(p, x)),
    ),
    Family(
        "first", "option", 3, "P", "&[i32]", "Option<i32>",
        "Returns the first number in {x} that is {0}.",
        ("{x}.iter().copied().find(|&v| {0})",
         "for &v in {x} {{\n    if {0} {{\n        return Some(v);\n    }}\n}}\nNone"),
        lambda x, p: next((_some(v) for v in x if p(v)), None),
    ),
    Family(
        "place", "option", 3, "P", "&[i32]", "Option<usize>",
        "Returns the position of the first number in {x} that is {0}.",
        ("{x}.iter().position(|&v| {0})",),
        lambda x, p: next((_some(i) for i, v in enumerate(x) if p(v)), None),
    ),
    Family(
        "at", "slices", 2, "KT", "&[i32]", "Option<i32>",
        "Returns the number at index {0} in {x} {1}, or None.",
        ("{x}.get({0}).map(|v| {1})", "let v = {x}.get({0})?;\nSome({1})"),
        lambda x, k, t: _some(t(x[k])) if k < len(x) else None,
    ),
    Family(
        "series", "iterators", 3, "T", "i32", "i32",
        "Returns the sum of the numbers from 1 to {x}, each {0}.",
        ("(1..={x}).map(|v| {0}).sum()",
         "let mut total = 0;\nfor v in 1..={x} {{\n    total += {0};\n}}\ntotal"),
        lambda x, t: sum(t(v) for v in range(1, x + 1)),
    ),
    Family(
        "range", "iterators", 3, "P", "i32", "Vec<i32>",
        "Returns the numbers from 1 to {x} that are {0}.",
        ("(1..={x}).filter(|&v| {0}).collect()",),
        lambda x, p: [v for v in range(1, x + 1) if p(v)],
    ),
    Family(
        "repeat", "strings", 1, "K", "&str", "String",
        "Returns {x} repeated {0} times.",
        ("{x}.repeat({0})",),
        lambda x, k: x * k,
    ),
    Family(
        "prefix", "strings", 2, "K", "&str", "String",
        "Returns the first {0} letters of {x}.",
        ("{x}.chars().take({0}).collect()",),
        lambda x, k: x[:k],
    ),
    Family(
        "letter", "strings", 2, "CK", "&str", "usize",
        "Counts the letter {0} in {x} plus {1}.",
        ("{x}.matches('{0}').count() + {1}", "{x}.chars().filter(|&c| c == '{0}').count() + {1}"),
        lambda x, c, k: x.count(c) + k,
    ),
    Family(
        "without", "strings", 2, "CC", "&str", "String",
        "Returns {x} with the letter {0} replaced by {1}.",
        ("{x}.replace('{0}', \"{1}\")",
         "{x}.chars().map(|c| if c == '{0}' {{ '{1}' }} else {{ c }}).collect()"),
        lambda x, c, d: x.replace(c, d),
    ),
    Family(
        "longer", "strings", 1, "K", "&str", "bool",
        "Tells whether {x} has more than {0} letters.",
        ("{x}.chars().count() > {0}", "{x}.len() > {0}"),
        lambda x, k: len(x) > k,
    ),
)
# fmt: on
