"""Bodies that do nothing, or never return what they owe, under whatever name."""

# ruff: noqa: E501 - program texts stay on the lines they would be written on

import pytest

from rust_rewards.ast_metrics import analyze_ast

SIGNATURE = "pub fn gcd(a: u64, b: u64) -> u64"

NO_ANSWER = {
    "renamed": f"use std::todo as done; {SIGNATURE} {{ done!() }}",
    "renamed in a list": f"use std::{{fmt, todo as done}}; {SIGNATURE} {{ done!() }}",
    "renamed twice": f"use std::todo as done; use done as more; {SIGNATURE} {{ more!() }}",
    "renamed, raw": f"use std::todo as r#try; {SIGNATURE} {{ r#try!() }}",
    "renamed inside": f"{SIGNATURE} {{ use std::unimplemented as done; done!() }}",
    "a macro of its own": f"macro_rules! done {{ () => {{ todo!() }} }} {SIGNATURE} {{ done!() }}",
    "a macro of its own with a path": f"macro_rules! done {{ ($m:expr) => {{ ::std::panic!($m); }} }} {SIGNATURE} {{ done!(1) }}",
    "a function that never returns": f"fn done() -> ! {{ todo!() }} {SIGNATURE} {{ done() }}",
    "a stub behind it": f"fn done(_: u64) -> u64 {{ loop {{ std::thread::park() }} }} {SIGNATURE} {{ done(a) }}",
    "each other": f"fn other(a: u64, b: u64) -> u64 {{ gcd(b, a) }} {SIGNATURE} {{ other(a, b) }}",
    "waits for ever": f"{SIGNATURE} {{ loop {{ std::thread::park() }} }}",
    "sleeps for ever": f"{SIGNATURE} {{ loop {{ std::thread::sleep(std::time::Duration::MAX); }} }}",
    "works for ever": f"{SIGNATURE} {{ let mut x = a; loop {{ x = x.wrapping_add(b); }} }}",
    "works for ever, an inner loop ends": f"{SIGNATURE} {{ loop {{ for i in a..b {{ if i > 3 {{ break; }} }} }} }}",
    "a pointer to exit": f"{SIGNATURE} {{ (std::process::exit as fn(i32) -> !)(0) }}",
    "a variable that is exit": f"{SIGNATURE} {{ let stop = std::process::exit; stop(0) }}",
    "exit, renamed": f"use std::process::exit as stop; {SIGNATURE} {{ stop(0) }}",
    "panic_any": f"{SIGNATURE} {{ std::panic::panic_any(a + b) }}",
    "None": f"{SIGNATURE} {{ Option::<u64>::None.unwrap() }}",
    "Err": f'{SIGNATURE} {{ Err::<u64, u64>(a).expect("b") }}',
    "every branch": f"{SIGNATURE} {{ if a > b {{ todo!() }} else {{ std::process::abort() }} }}",
    "every arm": f"{SIGNATURE} {{ match a {{ 0 => panic!(), _ => loop {{}} }} }}",
    "before the end": f"{SIGNATURE} {{ let x: u64 = todo!(); x + a }}",
    "returned": f"{SIGNATURE} {{ return todo!(); }}",
}


@pytest.mark.parametrize("source", NO_ANSWER.values(), ids=NO_ANSWER.keys())
def test_a_body_that_never_returns_a_value_is_no_answer(source):
    assert not analyze_ast(source, entry_point="gcd").live.answers


ANSWERS = {
    "a loop that breaks": f"{SIGNATURE} {{ let mut x = a; loop {{ x += b; if x > 9 {{ break x; }} }} }}",
    "a loop that returns": f"{SIGNATURE} {{ let mut x = a; loop {{ x += b; if x > 9 {{ return x; }} }} }}",
    "an inner loop breaks": f"{SIGNATURE} {{ let mut x = a; 'o: loop {{ for i in 0.. {{ x += b; if x > i {{ break 'o x; }} }} }} }}",
    "a question mark": "pub fn gcd(a: Option<u64>, b: u64) -> Option<u64> { let mut x = a; loop { x = Some(x?.checked_add(b)?); } }",
    "a macro returns": f"macro_rules! give {{ ($x:expr) => {{ return $x }} }} {SIGNATURE} {{ loop {{ if a > b {{ give!(a) }} }} }}",
    "an early return": f"{SIGNATURE} {{ if b > 0 {{ return a; }} panic!() }}",
    "two that call each other": f"fn other(a: u64, b: u64) -> u64 {{ if b == 0 {{ a }} else {{ gcd(b, a % b) }} }} {SIGNATURE} {{ other(a, b) }}",
    "one arm panics": f"{SIGNATURE} {{ match a {{ 0 => panic!(), _ => b }} }}",
    "a function called exit": f"fn exit(a: u64) -> u64 {{ a + 1 }} {SIGNATURE} {{ exit(a + b) }}",
    "a pause": "pub fn gcd(d: std::time::Duration) { std::thread::sleep(d) }",
    "an unwrap": "pub fn gcd(a: Option<u64>) -> u64 { a.unwrap() }",
    "a server": "pub fn gcd(l: std::net::TcpListener) { loop { drop(l.accept()) } }",
    "renamed to todo": f"mod m {{ macro_rules! plus {{ ($a:expr) => {{ $a + 1 }} }} pub(crate) use plus as done; }} {SIGNATURE} {{ m::done!(a) }}",
}


@pytest.mark.parametrize("source", ANSWERS.values(), ids=ANSWERS.keys())
def test_a_body_that_may_return_is_an_answer(source):
    assert analyze_ast(source, entry_point="gcd").live.answers


@pytest.mark.parametrize("name", ["renamed", "renamed in a list", "renamed twice", "renamed, raw", "renamed inside"])
def test_a_panic_under_another_name_counts_once(name):
    assert analyze_ast(NO_ANSWER[name]).quality.panics == 1


def test_a_renamed_panic_counts_in_the_tokens_of_a_macro():
    assert analyze_ast('use std::panic as stop; pub fn f() { println!("{}", { stop!() }); }').quality.panics == 1
