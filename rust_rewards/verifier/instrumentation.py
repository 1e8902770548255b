"""Writes the Rust text that is appended to a program so that the harness can run its tests. Pure.

It keeps the program's own names out of the tests' way: the standard macros are defined anew right before the tests, and
the names that decide what a test means are imported explicitly, which beats `use super::*`. The rest is in `tampering`.
"""

import re

from .assertions import COMPARE, VALUE, open_comparisons
from .hidden_tests import OUR_MACROS, REACHED, Case, HiddenTests
from .stdio import Stdio
from .tampering import TestPolicy

_NAMES = (
    "alloc, bool, char, core, f32, f64, i128, i16, i32, i64, i8, isize, std, str, u128, u16, u32, u64, u8, usize, "
    "AsMut, AsRef, Box, DoubleEndedIterator, Eq, Err, ExactSizeIterator, Extend, From, FromIterator, "
    "Into, IntoIterator, Iterator, None, Ok, Option, Ord, PartialEq, PartialOrd, Some, String, ToOwned, "
    "ToString, TryFrom, TryInto, Vec"
)
_SHIELDED = (
    "column concat dbg eprint eprintln file format format_args line matches module_path panic print println stringify "
    "thread_local todo unimplemented unreachable vec write writeln"
)


def instrument(
    tests: HiddenTests, policy: TestPolicy, block: str, crate: str, own_path: str, key: int, stdio: Stdio
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
    """
    calls = "".join(f"{i} => ::{crate}::outcome({_call(case)}), " for i, case in enumerate(tests.cases))
    table = ", ".join(_test_value(case, crate, stdio) for case in tests.cases)
    opened = open_comparisons(tests.items, everywhere=policy.trusted_comparisons != "all")
    items = f"pub mod items {{ #[allow(unused_imports)] use super::*;\n{opened}\n}}\n"
    shield = f"{_macros(items, policy, crate, own_path)}{items}"
    # The program's macros run among the tests and could name ours: they get names that nothing else knows.
    for name in OUR_MACROS:
        shield = shield.replace(name, f"{name}_{block}")
    return (
        f"\n#[doc(hidden)] pub mod {block} {{\n#[allow(unused_imports)] use super::*;\n"
        f"#[allow(unused_imports)] pub use ::{crate}::names::{{{_NAMES}}};\n"
        f"{shield if tests.items else ''}"
        f"pub mod entry {{ pub fn run(test: u32) -> bool {{ match test {{ {calls}_ => false }} }}\n"
        f"pub fn key() -> u64 {{ {key} }}\n"
        f"pub static TESTS: [::{crate}::Test; {len(tests.cases)}] = [{table}];\n"
        f"pub const PROGRAM: ::{crate}::Program = ::{crate}::Program {{ run, key, tests: &TESTS }}; }}\n}}\n"
    )


def _call(case: Case) -> str:
    return f"super::items::{case.path}()" if case.path else "super::super::main()"


def _test_value(case: Case, crate: str, stdio: Stdio) -> str:
    panics = given = f"::{crate}::names::None"
    if case.should_panic is not None:
        panics = f"::{crate}::names::Some({case.should_panic})"
    if case.input is not None:
        start, length = stdio.inputs.place(case.input)
        given = f"::{crate}::names::Some(({start}, {length}))"
    rest = f"output: {case.output_bytes(stdio.tolerance)}, must_reach: {str(case.must_reach).lower()}"
    return f"::{crate}::Test {{ should_panic: {panics}, input: {given}, {rest} }}"


def _macros(items: str, policy: TestPolicy, crate: str, own_path: str) -> str:
    """Return the macros that the tests use: assertions in the standard library's meaning, and others that a program
    could redefine."""
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
    rules = {
        "assert": f"($c:expr $(, $($t:tt)*)?) => {{ {check}($c) }}",
        "assert_eq": f"({sides}) => {{ {pair} {{ {shown} {check}({equal} & (*l == *r)) }} }} }}",
        "assert_ne": f"({sides}) => {{ {pair} {{ {shown} {check}({other} & (*l != *r)) }} }} }}",
    }
    if policy.trusted_comparisons == "all":  # the same in half the code for the compiler
        rules["assert_eq"] = f"({sides}) => {{ ::{crate}::equal(&$l, &$r) }}"
        rules["assert_ne"] = f"({sides}) => {{ ::{crate}::differ(&$l, &$r) }}"
    rules |= {f"debug_{name}": rule for name, rule in rules.items()}
    rules[COMPARE] = f"(($l:expr) ($op:tt) ($r:expr)) => {{ {pair} {check}({types} & (*l $op *r)) }} }}"
    rules[VALUE] = f"(($l:expr) ($op:tt) ($r:expr)) => {{ {pair} {{ {check}({types}); *l $op *r }} }} }}"
    rules[REACHED] = f"() => {{ ::{crate}::reached() }}"
    for name in _SHIELDED.split():
        rules[name] = f"($($t:tt)*) => {{ ::{crate}::macros::{name}!($($t)*) }}"
    # A macro costs the compiler time in every program: only those are defined that the tests name.
    used = set(re.findall(r"\w+", items))
    return "".join(f"macro_rules! {name} {{ {rule} }}\n" for name, rule in rules.items() if name in used)
