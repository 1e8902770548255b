"""Items that a program's own macros write."""

# ruff: noqa: E501 - program texts stay on the lines they would be written on

import time

import pytest

from rust_rewards.ast_metrics import analyze_ast
from rust_rewards.syntax.macros import list_macro_items

FUNCTION = "fn $n(a: i32, b: i32) -> i32"
ANSWERS = {
    "named by the call": f"macro_rules! make {{ ($n:ident, $op:tt) => {{ pub {FUNCTION} {{ a $op b }} }} }}\nmake!(add, +);",
    "braces": f"macro_rules! make {{ ($n:ident) => {{ pub {FUNCTION} {{ a + b }} }} }}\nmake! {{ add }}",
    "named by the macro": "macro_rules! make { ($t:ty) => { pub fn add(a: $t, b: $t) -> $t { a + b } } }\nmake!(i32);",
    "handed through": "macro_rules! id { ($($t:tt)*) => { $($t)* } }\nid! { pub fn add(a: i32, b: i32) -> i32 { a + b } }",
    "repeated": f"macro_rules! make {{ ($($v:vis $n:ident => $b:block),* $(,)?) => {{ $(#[inline] $v {FUNCTION} $b)* }} }}\n"
    "make!(pub add => { 1 + 2 }, pub sub => { 3 },);",
    "through another macro": f"macro_rules! one {{ ($n:ident) => {{ pub {FUNCTION} {{ a + b }} }} }}\n"
    "macro_rules! all { ($($n:ident),*) => { $(one!($n);)* } }\nall!(sub, add);",
    "in a module": f"macro_rules! make {{ ($n:ident) => {{ pub {FUNCTION} {{ a + b }} }} }}\nmod m {{ make!(add); }}\npub use m::*;",
    "with attributes": f"macro_rules! make {{ ($(#[$m:meta])* $n:ident) => {{ $(#[$m])* pub {FUNCTION} {{ a + b }} }} }}\n"
    "make!(#[inline] add);",
    "a type and its methods": "macro_rules! make { ($n:ident) => { pub struct $n(pub i32); impl $n { pub fn get(&self) -> i32 { self.0 } } } }\n"
    "make!(add);",
    "named by a type": "macro_rules! make { ($t:ty, $m:ident) => { pub mod $m { pub fn add(a: $t) -> $t { a + a } } } }\nmake!(f64, f64);",
    "named by a literal only": "macro_rules! make { ($x:literal) => { pub fn add(a: i32) -> i32 { a + $x } } }\nmake!(1);",
    "in an impl": "macro_rules! make { ($n:ident) => { pub fn $n(&self) -> i32 { 1 } } }\npub struct S;\nimpl S { make!(add); }",
    "with Chinese comments": f"/* 是个 */ macro_rules! make {{ ($n:ident) => {{ /*个是*/ pub {FUNCTION} {{ a + b }} }} }}\nmake!(add);",
}


@pytest.mark.parametrize("source", ANSWERS.values(), ids=ANSWERS.keys())
def test_what_a_macro_writes_answers(source):
    assert analyze_ast(source, entry_point="add").live.answers
    assert analyze_ast(source).live.answers
    assert analyze_ast(source).parses


NO_ANSWER = {
    "a stub": f"macro_rules! make {{ ($n:ident) => {{ pub {FUNCTION} {{ todo!() }} }} }}\nmake!(add);",
    "a stub that is handed in": f"macro_rules! make {{ ($n:ident, $e:expr) => {{ pub {FUNCTION} {{ $e }} }} }}\nmake!(add, todo!());",
    "another name": f"macro_rules! make {{ ($n:ident) => {{ pub {FUNCTION} {{ a + b }} }} }}\nmake!(sub);",
    "never called": f"macro_rules! make {{ ($n:ident) => {{ pub {FUNCTION} {{ a + b }} }} }}\npub fn add();",
    "not for items": f"macro_rules! make {{ ($n:ident) => {{ {FUNCTION} {{ a + b }} }} }}\nfn f() {{ make!(add); }}",
    "a test": "macro_rules! make { ($n:ident) => { #[test] fn $n() { assert!(true); } } }\nmake!(add);",
    "a foreign macro": "thread_local! { static add: u8 = const { 1 } }",
}


@pytest.mark.parametrize("source", NO_ANSWER.values(), ids=NO_ANSWER.keys())
def test_what_no_macro_writes_does_not_answer(source):
    assert not analyze_ast(source, entry_point="add").live.answers


def test_a_macro_is_not_read_where_the_program_has_what_was_asked_for():
    source = "macro_rules! make { ($n:ident) => { pub fn $n() {} } }\nmake!(sub);\npub fn add(a: i32) -> i32 { a }"
    assert analyze_ast(source, entry_point="add").structure.functions == 1


def test_methods_belong_to_the_type_that_a_macro_names():
    source = "macro_rules! make { ($n:ident) => { struct $n; impl $n { fn get(&self) {} } } }\nmake!(A); make!(B);"
    owners = {item.owner.name for item in list_macro_items(source.encode()) if item.name == b"get"}
    assert owners == {b"A", b"B"}


@pytest.mark.parametrize(
    "source", ["m!();\n" * 5_000, "m!(" + "a " * 50_000 + ");", "m!(" * 20_000, "m! { fn a() {} }" * 2_000]
)
def test_many_and_long_calls_take_no_time(source):
    start = time.process_time()
    list_macro_items(("macro_rules! m { ($($n:ident)*) => { $(pub fn $n() -> u8 { 1 })* } }\n" + source).encode())
    assert time.process_time() - start < 10.0
