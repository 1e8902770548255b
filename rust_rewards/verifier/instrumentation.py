"""Writes the Rust text that is appended to a program so that the harness can run its tests. Pure.

It keeps the program's own names out of the tests' way: the standard macros are defined anew right before the tests, and
the names that decide what a test means are imported explicitly, which beats `use super::*`. The rest is in `tampering`.
"""

import re

from .assertions import COMPARE, CONSTANT, SHIELDED, VALUE, open_comparisons
from .cases import Case, HiddenTests
from .item_tests import ATTRIBUTE, REACHED
from .stdio import Stdio
from .tampering import TestPolicy

_NAMES = (
    "alloc, bool, char, core, f32, f64, i128, i16, i32, i64, i8, isize, std, str, u128, u16, u32, u64, u8, usize, "
    "AsMut, AsRef, Box, DoubleEndedIterator, Eq, Err, ExactSizeIterator, Extend, From, FromIterator, "
    "Into, IntoIterator, Iterator, None, Ok, Option, Ord, PartialEq, PartialOrd, Some, String, ToOwned, "
    "ToString, TryFrom, TryInto, Vec"
)
_CONSTANTS = (f"{CONSTANT}assert", f"{CONSTANT}debug_assert")
_OUR_MACROS = (COMPARE, VALUE, REACHED, *_CONSTANTS)


def instrument(
    tests: HiddenTests,
    policy: TestPolicy,
    block: str,
    crate: str,
    own_path: str,
    key: int,
    stdio: Stdio,
    *,
    edition: str = "2021",
) -> str:
    """Return the text after which `<block>::entry::PROGRAM` can run the tests.

    Args:
        tests (`HiddenTests`): The tests.
        policy (`TestPolicy`): What to guard against.
        block (`str`): Name of the module to add, drawn at random so that the program cannot name it.
        crate (`str`): Name under which the harness is linked, drawn likewise.
        own_path (`str`): Path that the names of the program's own types begin with.
        key (`int`): 64-bit secret from which proofs of passing are made.
        stdio (`Stdio`): Where inputs of `main` go, and how much of its output matters.
        edition (`str`, *optional*, defaults to `"2021"`): Rust edition of the program.
    """
    table = ", ".join(_test_value(case, crate, stdio) for case in tests.cases)
    opened = open_comparisons(tests.items, everywhere=policy.trusted_comparisons != "all")
    # The text comes first: it may begin with inner attributes and documentation.
    items = f"pub mod items {{\n{opened}\n#[allow(unused_imports)] use super::*;\n}}\n"
    macros = _macros(items, tests, policy, crate, own_path)
    # Where the program imports a macro of that name, `use super::*` of the tests would bring it in beside ours. Edition
    # 2015 cannot import a macro that lies in no crate.
    names = [name for name in macros if name not in _OUR_MACROS] if edition != "2015" else []
    imports = f"#[allow(unused_imports)] pub(crate) use {{{', '.join(sorted(names))}}};\n" if names else ""
    defined = "".join(f"macro_rules! {name} {{ {rule} }}\n" for name, rule in macros.items())
    shield = f"{defined}{imports}{items}"
    # The program's macros run among the tests and could name ours: they get names that nothing else knows.
    for name in _OUR_MACROS:
        shield = shield.replace(name, f"{name}_{block}")
    if tests.asked:
        within = "crate::" + f"{own_path}{block}".partition("::")[2]
        shield = shield.replace(f"#[{ATTRIBUTE}]", f"#[::{crate}_attribute::run({crate}, {within})]")
        shield += "pub struct At<const N: u64>;\n"
    calls = "".join(
        f"{i} => {_call(case, f'{own_path}{block}::items', crate, asked=tests.asked)}, "
        for i, case in enumerate(tests.cases)
    )
    return (
        f"\n#[doc(hidden)] pub mod {block} {{\n#[allow(unused_imports)] use super::*;\n"
        f"#[allow(unused_imports)] pub use ::{crate}::names::{{{_NAMES}}};\n"
        f"{shield if tests.items else ''}"
        f"pub mod entry {{ pub fn run(test: u32) -> bool {{ match test {{ {calls}_ => false }} }}\n"
        f"pub fn key() -> u64 {{ {key} }}\n"
        f"pub static TESTS: [::{crate}::Test; {len(tests.cases)}] = [{table}];\n"
        f"pub const PROGRAM: ::{crate}::Program = ::{crate}::Program {{ run, key, tests: &TESTS }}; }}\n}}\n"
    )


def _call(case: Case, items: str, crate: str, *, asked: bool) -> str:
    """Return the expression that runs a case and says whether it succeeded."""
    if asked:
        number = f'::{crate}::number("{items}::{case.path}")'
        return f"<super::At<{{ {number} }}> as ::{crate}::HiddenTest>::run()"
    function = f"super::items::{case.path}" if case.path else "super::super::main"
    return f"::{crate}::outcome({function}())"


def _test_value(case: Case, crate: str, stdio: Stdio) -> str:
    panics = given = f"::{crate}::names::None"
    if case.should_panic is not None:
        panics = f"::{crate}::names::Some({case.should_panic})"
    if case.input is not None:
        start, length = stdio.inputs.place(case.input)
        given = f"::{crate}::names::Some(({start}, {length}))"
    flags = f"must_reach: {_rust_bool(case.must_reach)}, catches: {_rust_bool(case.catches)}"
    rest = f'output: {case.output_bytes(stdio.tolerance)}, {flags}, name: "{case.name}"'
    return f"::{crate}::Test {{ should_panic: {panics}, input: {given}, {rest} }}"


def _rust_bool(value: bool) -> str:
    return str(value).lower()


def _macros(items: str, tests: HiddenTests, policy: TestPolicy, crate: str, own_path: str) -> dict[str, str]:
    """Return the macros that the tests use, by name: assertions in the standard library's meaning, and others that a
    program could redefine."""
    # The harness's function that a comparison goes through: in `assert_eq!`, in `assert_ne!`, in any other place.
    asked = {
        "all": ("", "", ""),
        "same_types": ("same_types", "same_types", "same_types"),
        "same_text": ("same_text", "other_text", "standard"),  # what a bare condition compares may not print
        "none": ("standard", "standard", "standard"),
    }[policy.trusted_comparisons]
    equal, other, types = (f'::{crate}::{name}(l, r, "{own_path}")' if name else "true" for name in asked)
    check, pair = f"::{crate}::check", "match (&$l, &$r) { (l, r) =>"
    shown = f"::{crate}::shown(l, r);"
    sides = "$l:expr, $r:expr $(, $($t:tt)*)?"
    compared = "($l:expr) ($op:tt) ($r:expr)"
    rules = {
        "assert": f"($c:expr $(, $($t:tt)*)?) => {{ {check}($c) }}",
        "assert_eq": f"({sides}) => {{ {pair} {{ {shown} {check}({equal} & (*l == *r)) }} }} }}",
        "assert_ne": f"({sides}) => {{ {pair} {{ {shown} {check}({other} & (*l != *r)) }} }} }}",
        COMPARE: f"({compared} $(, $($t:tt)*)?) => {{ {pair} {check}({types} & (*l $op *r)) }} }}",
    }
    if policy.trusted_comparisons == "all":  # the same in half the code for the compiler
        rules["assert_eq"] = f"({sides}) => {{ ::{crate}::equal(&$l, &$r) }}"
        rules["assert_ne"] = f"({sides}) => {{ ::{crate}::differ(&$l, &$r) }}"
    if any(case.expects_message for case in tests.cases):
        rules |= _saying_why(crate, equal, other, types)
    rules |= {f"debug_{name}": rule for name, rule in rules.items() if name.startswith("assert")}
    rules[VALUE] = f"({compared}) => {{ {pair} {{ {check}({types}); *l $op *r }} }} }}"
    rules[REACHED] = f"() => {{ ::{crate}::reached() }}"
    for name in SHIELDED:
        rules[name] = f"($($t:tt)*) => {{ ::{crate}::macros::{name}!($($t)*) }}"
    for name in _CONSTANTS:
        rules[name] = f"($($t:tt)*) => {{ ::{crate}::macros::{name.removeprefix(CONSTANT)}!($($t)*) }}"
    # A macro costs the compiler time in every program: only those are defined that the tests name.
    used = set(re.findall(r"\w+", items))
    return {name: rule for name, rule in rules.items() if name in used}


def _saying_why(crate: str, equal: str, other: str, types: str) -> dict[str, str]:
    """Return assertions that fail with the standard library's messages, for tests that expect one of them."""
    fail, text, words = f"::{crate}::fail", f"::{crate}::macros::format_args!", f"::{crate}::macros::stringify!"
    pair = "match (&$l, &$r) { (l, r) =>"

    def sides(name: str, holds: str) -> str:
        shown = r"\n  left: {:?}\n right: {:?}"
        bare = f'{fail}({text}("assertion `left {name} right` failed{shown}", l, r))'
        said = f'{fail}({text}("assertion `left {name} right` failed: {{}}{shown}", {text}($($t)+), l, r))'
        return (
            f"($l:expr, $r:expr $(,)?) => {{ {pair} {{ if !({holds}) {{ {bare} }} }} }} }};\n"
            f"($l:expr, $r:expr, $($t:tt)+) => {{ {pair} {{ if !({holds}) {{ {said} }} }} }} }}"
        )

    def condition(given: str, shown: str, holds: str, before: str = "{", after: str = "}") -> str:
        bare = f'{fail}({text}("assertion failed: {{}}", {words}({shown})))'
        return (
            f"({given} $(,)?) => {{ {before} if !({holds}) {{ {bare} }} {after} }};\n"
            f"({given}, $($t:tt)+) => {{ {before} if !({holds}) {{ {fail}({text}($($t)+)) }} {after} }}"
        )

    compared = "($l:expr) ($op:tt) ($r:expr)"
    return {
        "assert": condition("$c:expr", "$c", "$c"),
        "assert_eq": sides("==", f"{equal} & (*l == *r)"),
        "assert_ne": sides("!=", f"{other} & (*l != *r)"),
        COMPARE: condition(compared, "$l $op $r", f"{types} & (*l $op *r)", f"{pair} {{", "} }"),
    }
