# ruff: noqa: E501 - each program on a line of its own
"""Test functions as people write them, and what they may do."""

import json

import pytest

from rust_rewards import Limits, verify

ADD = "pub fn add(a: i32, b: i32) -> i32 { a + b }\n"


def module(body):
    return f"#[cfg(test)]\nmod tests {{\n    use super::*;\n{body}\n}}\n"


def statuses(program, tests, **options):
    verdict = verify([program], [tests], **options)[0]
    assert verdict.failure is None, verdict.failure
    return verdict.test_statuses


def one(body, attributes=""):
    return module(f"    #[test]\n    {attributes}\n    fn t() {{ {body} }}")


IDS = """use std::cell::Cell;
thread_local! { static NEXT: Cell<u32> = const { Cell::new(1) }; }
pub fn next_id() -> u32 { NEXT.with(|n| { let id = n.get(); n.set(id + 1); id }) }
"""


def test_each_test_has_a_thread_of_its_own_with_its_name():
    two = module("    #[test] fn a() { assert_eq!(next_id(), 1); }\n    #[test] fn b() { assert_eq!(next_id(), 1); }")
    assert statuses(IDS, two) == ("passed", "passed")
    assert statuses(IDS, "assert_eq!(next_id(), 1); assert_eq!(next_id(), 1);") == ("passed", "passed")
    name = "pub fn name() -> Option<String> { std::thread::current().name().map(String::from) }"
    assert statuses(name, one('assert_eq!(name().as_deref(), Some("tests::t"));')) == ("passed",)


def test_statics_live_on_from_test_to_test():
    count = "use std::sync::atomic::{AtomicU8, Ordering::SeqCst};\nstatic N: AtomicU8 = AtomicU8::new(0);\n"
    count += "pub fn count() -> u8 { N.fetch_add(1, SeqCst) + 1 }\n"
    assert statuses(count, "assert_eq!(count(), 1); assert_eq!(count(), 2);") == ("passed", "passed")


@pytest.mark.parametrize("threads", [40, 60])
def test_many_threads_end_the_same_way_every_time(threads):
    pool = """use std::sync::{Arc, Barrier};
pub fn meet(n: usize) -> usize {
    let gate = Arc::new(Barrier::new(n));
    let all: Vec<_> = (0..n).map(|_| { let gate = Arc::clone(&gate);
        std::thread::spawn(move || { let _kept = vec![1u8; 1000]; gate.wait() }) }).collect();
    all.into_iter().map(|t| t.join().unwrap()).count()
}
"""
    found = [statuses(f"{pool}// {threads} {k}\n", f"assert_eq!(meet({threads}), {threads});") for k in range(6)]
    assert found == [("passed",)] * 6


@pytest.mark.parametrize(
    ("body", "expected", "status"),
    [
        ('assert!(add(1, 2) < 3, "too big");', "too big", "passed"),
        ("assert_eq!(add(1, 2), 4)", "left == right", "passed"),
        ('assert_eq!(add(1, 2), 4, "sum {}", 7)', "sum 7", "passed"),
        ("assert_ne!(add(1, 2), 3)", "left != right", "passed"),
        ("assert!([1, 2].contains(&add(2, 2)))", "assertion failed: [1, 2].contains", "passed"),
        ("assert_eq!(add(1, 2), 4)", " right: 4", "passed"),
        ("assert_eq!(add(1, 2), 4)", " right: 5", "failed"),
        ('debug_assert!(add(1, 2) == 3, "no")', "no", "failed"),
    ],
)
def test_a_test_may_expect_its_own_assertion_to_fail(body, expected, status):
    assert statuses(ADD, one(body, f"#[should_panic(expected = {json.dumps(expected)})]")) == (status,)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("let r = std::panic::catch_unwind(|| assert_eq!(add(1, 2), 4)); assert!(r.is_err());", "passed"),
        ("assert!(std::thread::spawn(|| assert!(add(1, 2) > 5)).join().is_err());", "passed"),
        ("let _ = std::panic::catch_unwind(|| 1); assert_eq!(add(1, 2), 4);", "failed"),
    ],
)
def test_a_test_may_look_at_panics_itself(body, status):
    assert statuses(ADD, one(body)) == (status,)


def test_assertions_in_constants_stay_what_they_are():
    body = """    const _: () = assert!(u32::BITS == 32);
    const N: usize = { assert!(u32::BITS == 32, "x"); 2 };
    static S: [u8; { debug_assert!(1 < 2); 1 }] = [0];
    enum E { A = { assert!(true); 1 } }
    const fn two() -> i32 { assert!(N == 2); 2 }
    struct G<const M: usize>;
    impl<const M: usize> G<M> { const OK: () = assert!(M == 2); }
    macro_rules! pin { ($n:ident) => { const _: () = assert!(u8::BITS == 8); const $n: i32 = 1; } }
    pin!(ONE);
    #[test] fn a() { const { assert!(N == 2) }; G::<2>::OK; assert_eq!(S[0] as i32 + E::A as i32 + two(), add(1, 2)); }
    #[test] fn b() { const { assert!(ONE == 1); } assert!(add(1, 2) == 4); }
    #[test] const fn c() { assert!(1 < 2); }"""
    assert statuses(ADD, module(body)) == ("passed", "failed", "passed")


@pytest.mark.parametrize(
    "imports",
    [
        "use std::panic; use std::assert_eq;",
        "use std::{assert_eq, panic, vec, fmt};",
        "use core::panic as p; use ::std::vec;",
        "use std::prelude::v1::*;",
        "#[allow(unused_imports)] use std::{println, assert_ne as differ};",
    ],
)
def test_tests_may_import_the_standard_macros(imports):
    body = 'if add(1, 2) != 3 { panic!("no") } assert_eq!(vec![3], vec![add(1, 2)]);'
    assert statuses(ADD, module(f"    {imports}\n    #[test]\n    fn t() {{ {body} }}")) == ("passed",)
    assert statuses(ADD, f"{imports.split('#[allow(unused_imports)]')[-1]}\n{body}") == ("passed",)


def test_a_program_may_import_the_standard_macros():
    program = f"use std::panic;\nuse std::vec;\nuse std::prelude::v1::*;\n{ADD}"
    assert statuses(program, one('if add(1, 2) != 3 { panic!("no") } assert_eq!(vec![3], vec![add(1, 2)]);')) == (
        "passed",
    )


@pytest.mark.parametrize("head", ["//! Tests.\n", "/*! Tests */\n", "#![allow(dead_code)]\n", "//! a\n#![cfg(test)]\n"])
def test_tests_may_begin_with_what_is_said_of_the_whole(head):
    assert statuses(ADD, f"{head}use super::*;\n#[test]\nfn t() {{ assert_eq!(add(1, 2), 3); }}\n") == ("passed",)
    assert statuses(ADD, f"{head}let x = add(1, 2);\nassert_eq!(x, 3);") == ("passed",)


def test_a_test_may_return_whatever_can_end_a_process():
    body = """    #[test] fn a() -> impl std::process::Termination { assert_eq!(add(1, 2), 3); }
    #[test] fn b() -> std::process::ExitCode { std::process::ExitCode::from((add(1, 2) == 3) as u8) }
    #[test] fn c() -> Result<(), std::num::ParseIntError> { "x".parse::<i32>().map(|_| ()) }"""
    assert statuses(ADD, module(body)) == ("passed", "failed", "failed")


@pytest.mark.parametrize(
    ("program", "tests"),
    [
        ("pub fn f() -> u64 { std::fs::write(\"a\", \"x\").unwrap(); std::fs::copy(\"a\", \"b\").unwrap() }", "assert_eq!(f(), 1);"),
        ("pub fn f(mut r: impl std::io::Read) -> usize { let mut s = String::new(); r.read_to_string(&mut s).unwrap() }",
         "std::fs::write(\"a\", \"xyz\").unwrap(); assert_eq!(f(std::fs::File::open(\"a\").unwrap()), 3);"),
        ("use std::fs;\npub fn f() -> std::io::Result<usize> { fs::create_dir_all(\"a/b\")?; fs::write(\"a/b/x\", \"1\")?; "
         "fs::rename(\"a/b/x\", \"a/y\")?; let n = fs::read_dir(\"a\")?.count(); fs::remove_dir_all(\"a\")?; Ok(n) }",
         "assert_eq!(f().unwrap(), 2);"),
    ],
    ids=["copy", "only the tests", "folders"],
)  # fmt: skip
def test_programs_and_tests_may_use_files(program, tests):
    assert statuses(program, tests) == ("passed",)


UNIT = """macro_rules! unit { ($n:ident) => { #[derive(Debug, PartialEq)] pub struct $n(pub i32); } }
unit!(Metres);
pub fn twice(m: Metres) -> Metres { Metres(m.0 * 2) }
"""


def test_a_comparison_that_a_macro_derives_is_believed_and_one_that_it_writes_is_not():
    assert statuses(UNIT, "assert_eq!(twice(Metres(2)), Metres(4));") == ("passed",)
    lies = UNIT.replace("#[derive(Debug, PartialEq)]", "#[derive(Debug)]").replace(
        "(pub i32); }", "(pub i32); impl PartialEq for $n { fn eq(&self, _: &$n) -> bool { true } } }"
    )
    assert statuses(lies, "assert_eq!(twice(Metres(2)), Metres(5));") == ("failed",)


@pytest.mark.parametrize(
    ("program", "entry_point", "built"),
    [
        ("pub fn a() -> i32 { 1 }", "b", False),
        ("pub fn abc() {}", "b", False),
        ("pub fn a() {} // fn b", "b", False),
        ('pub fn a(s: &str) -> bool { s == "fn b" }', "b", False),
        ("pub fn r#b() {}", "b", True),
        ("mod m { pub fn b() {} }\npub use m::b;", "b", True),
        ("pub struct S;\nimpl S { pub fn new() -> S { S } }", "S::new", True),
        ("macro_rules! make { ($n:ident) => { pub fn $n() {} } }\nmake!(b);", "b", True),
    ],
)
def test_an_entry_point_is_a_name_and_no_substring(program, entry_point, built):
    verdict = verify([program], ["assert_eq!(1, 1);"], entry_points=[entry_point])[0]
    assert verdict.tests_passed == int(built)


def test_recursion_has_the_stack_of_a_test_thread():
    deep = "pub fn deep(n: u64) -> u64 { if n == 0 { 0 } else { 1 + deep(n - 1) } }"
    assert statuses(deep, "assert_eq!(deep(10_000), 10_000);", limits=Limits(wall_seconds=20)) == ("passed",)
