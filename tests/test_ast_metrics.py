"""`analyze_ast`: counts by hand, on good, broken, dead and hostile code."""

import dataclasses
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rust_rewards.ast_metrics import MAX_ANALYSED_BYTES, AstMetrics, analyze_ast


def body(code, signature="fn f(a: i32, b: i32)"):
    return analyze_ast(f"pub {signature} {{ {code} }}")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("", 1),
        ("if a > b { 1 } else { 2 };", 2),
        ("if a > b { 1 } else if a < b { 2 } else { 3 };", 3),
        ("while a > b {}", 2),
        ("for x in 0..a {}", 2),
        ("loop { break; }", 2),
        ("match a { 1 => 2, 3 => 4, _ => 5 };", 3),  # arms beyond the first
        ("match a { _ => 5 };", 1),
        ("let c = a > 1 && b > 2 || a < b;", 3),
        ("let c = g()?.h()?;", 3),
        ("if let Some(x) = g() && a > b {}", 3),
        ("while let Some(x) = g() {}", 2),
        ("let c = |x: i32| if x > 0 { 1 } else { 2 };", 2),  # a closure belongs to its function
        ("let c = || 1;", 1),  # no operator
        ("let c: &&i32 = &&a;", 1),
        ("assert!(a > 1 && b > 2);", 2),  # in the tokens of a macro
        ('let s = "if && ||"; /* if && ? */', 1),
        ("if false { if a > b {} }", 1),
        ("return; if a > b {}", 1),
    ],
)
def test_cyclomatic_complexity_of_one_function(code, expected):
    assert body(code).complexity.cyclomatic == expected


def test_complexity_is_summed_over_functions_and_the_largest_is_given():
    metrics = analyze_ast("fn a() { if x {} if y {} }\nimpl S { fn b(&self) { loop {} } }\nfn c() { fn d() {} }")
    assert metrics.complexity.cyclomatic == 3 + 2 + 1 + 1
    assert metrics.complexity.max_cyclomatic == 3


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("a + b;", 0),
        ("if a > b {} if a < b {}", 1),
        ("if a > b { for x in y { match x { _ => {} } } }", 3),
        ("if a > b {} else if a < b {} else if a == b {}", 1),
        ("if a > b {} else { if a < b {} }", 2),
    ],
)
def test_nesting_is_the_deepest(code, expected):
    assert body(code).complexity.max_nesting == expected


def test_lines_of_code_leave_out_blanks_comments_and_tests():
    source = "// one\nfn f() {\n\n    /* two\n       three */\n    g(); // four\n}\n"
    source += "#[cfg(test)]\nmod tests {\n    fn x() {}\n}\n"
    assert analyze_ast(source).complexity.lines_of_code == 4  # fn, g, }, and the attribute


def test_items_are_counted():
    metrics = analyze_ast(
        "pub struct A; struct B(u8); union U { a: u8 } enum C { X } pub trait T { fn sig(&self); fn dflt(&self) {} }\n"
        "impl A { pub fn new() -> Self { A } } impl T for A { fn sig(&self) {} }\n"
        "mod m { pub fn inner() {} } fn main() {}"
    )
    assert dataclasses.astuple(metrics.structure) == (5, 3, 1, 1, 2)  # functions: dflt, new, sig, inner, main
    assert metrics.names == {"A", "B", "U", "C", "T", "dflt", "new", "sig", "m", "inner", "main"}


@pytest.mark.parametrize(
    "dead",
    [
        "#[cfg(test)] mod tests { fn t() { x.unwrap() } }",
        "#[test] fn t() { panic!() }",
        '#[cfg(feature = "x")] fn t() { panic!() }',
        "#[cfg(any())] fn t() { panic!() }",
        "#[cfg(all(test, unix))] impl A { fn t() { panic!() } }",
        "mod t { #![cfg(test)] fn t() { panic!() } }",
        "// panic!()",
        "/* fn t() { panic!() } */",
        "/// panic!()\n",
        'const S: &str = "x.unwrap() panic!()";',
        "fn t() { if false { panic!() } }",
        "fn t() { while false { panic!() } }",
        "fn t() { if true { g() } else { panic!() } }",
        "fn t() { return; panic!() }",
        "fn t() { loop { break; panic!() } }",
        "fn t() { #[cfg(test)] panic!(); }",
        "#[cfg(not(unix))] fn t() { panic!() }",
        '#[cfg(target_os = "windows")] fn t() { panic!() }',
        "#[cfg(not(clippy))] fn t() { panic!() }",
        "#[cfg(clippy)] fn t() { panic!() }",
        "#[cfg_attr(all(), cfg(any()))] fn t() { panic!() }",
        "#[/**/cfg(any())] fn t() { panic!() }",
        "#[r#cfg(any())] fn t() { panic!() }",
        "#[core::prelude::v1::test] fn t() { panic!() }",
        "use core::prelude::v1::test as helper; #[helper] fn t() { panic!() }",
        "#[cfg(" + "not(" * 5000 + "unix" + ")" * 5000 + ")] fn t() { panic!() }",
        "fn t(x: u8) -> u8 { match x { #[cfg(any())] 1 => panic!(), _ => 2 } }",
        "fn t() -> [u8; 1] { [#[cfg(any())] panic!(), 1] }",
    ],
)
def test_dead_code_counts_for_nothing(dead):
    assert analyze_ast(dead).quality.panics == 0


@pytest.mark.parametrize(
    "code",
    [
        "x.unwrap();",
        'x.expect("");',
        "panic!();",
        "std::panic!();",
        "todo!()",
        "unimplemented!()",
        "unreachable!()",
        'println!("{}", x.unwrap());',
        'println!("{}", match y { _ => panic!() });',
        "x.map(Option::unwrap);",
        "Option::unwrap(x);",
        "assert!(Option::unwrap(x));",
        "let _ = x.unwrap();",
        "#[cfg(not(test))] panic!();",
        "#[cfg(any(unix, windows))] panic!();",
        "#[cfg(all())] panic!();",
        "#[cfg_attr(test, cfg(any()))] panic!();",
        "#[inline] fn g() { panic!() } g();",
        "match 1 { #[cfg(any())] 0 => 1, _ => panic!() }",
        "[#[cfg(any())] 0, panic!()]",
        "if a > b { x.unwrap() } else { 0 }",
    ],
)
def test_every_spelling_of_a_panic_counts_once(code):
    assert body(code).quality.panics == 1


@pytest.mark.parametrize("code", ["x.unwrap_or(1);", "unwrap(x);", "let panic = 1;", "assert!(x);", "x.expected();"])
def test_what_only_looks_like_a_panic_does_not_count(code):
    assert body(code).quality.panics == 0


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("fn f() { unsafe { g() } }", 1),
        ("unsafe fn f() {}", 1),
        ("pub const unsafe fn f() {}", 1),
        ("unsafe impl Send for A {}", 1),
        ("unsafe trait T {}", 1),
        ('fn f() { println!("{}", unsafe { g() }); }', 1),
        ("fn f() { let unsafely = 1; /* unsafe */ }", 0),
    ],
)
def test_unsafe_is_counted(source, expected):
    assert analyze_ast(source).quality.unsafe_uses == expected


def uses(source):
    quality = analyze_ast(source).quality
    return quality.uses_result, quality.uses_option, quality.uses_question_mark


def test_error_handling_is_seen_in_signatures_fields_and_patterns():
    assert uses("fn f() -> Result<u8, E> { Ok(g()?) }") == (True, False, True)
    assert uses("fn f() -> std::io::Result<()> { todo!() }") == (True, False, False)
    assert uses("struct S { next: Option<Box<S>> }") == (False, True, False)
    assert uses("fn f() { if let Some(x) = g() {} }") == (False, True, False)
    assert uses("fn f() { match g() { Ok(x) => {} Err(e) => {} } }") == (True, False, False)


def test_values_thrown_away_earn_nothing():
    metrics = body(
        "let _x: Option<i32> = None; let _ = v.iter().map(|x| x).sum::<Result<i32, E>>(); let y: Option<i32> = g();"
    )
    assert not metrics.quality.uses_option
    assert not metrics.quality.uses_result
    assert dataclasses.astuple(metrics.idioms) == (0, 0, 0, 0)


def test_idioms_are_counted():
    metrics = body("v.iter().filter(|x| **x > 0).sum::<i32>(); match a { 1 => 2, _ => 3 }; if let Some(x) = y {}")
    assert dataclasses.astuple(metrics.idioms) == (2, 2, 1, 1)  # iter and sum; match and if let; one closure, one chain
    assert body("let Some(x) = y else { return }; matches!(x, 1 | 2);").idioms.pattern_matching == 2
    assert body("a.b(); a.b().c(); a.b.c();").idioms.method_chains == 1
    assert body('println!("{}", v.iter().sum::<i32>());').idioms.iterators == 2


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("/// Adds one.\nfn f() {}", 1.0),
        ("/** Adds one. */ #[inline]\nfn f() {}", 1.0),
        ('#[doc = "Adds one."]\nfn f() {}', 1.0),
        ("// Adds one.\nfn f() {}", 0.0),
        ("///\nfn f() {}", 0.0),
        ("/// .\nfn f() {}", 0.0),
        ("//// Adds one.\nfn f() {}", 0.0),
        ("//! Adds one.\nfn f() {}", 0.0),
        ("/// Adds one.\nfn f() {}\nfn g() {}", 0.5),
        ("/// A thing.\nstruct S;\nimpl fmt::Display for S { fn fmt(&self) {} }", 1.0),
        ("/// A thing.\nuse std::fmt;\nfn f() {}", 0.0),
        ("/// Documents nothing.", 0.0),
    ],
)
def test_documented_is_the_share_of_items_with_a_doc_comment(source, expected):
    assert analyze_ast(source).quality.documented == expected


@pytest.mark.parametrize("source", ["", "fn f() {}", "use std::fmt;", "struct S<'a>(&'a str);", "// nothing"])
def test_good_source_parses(source):
    assert analyze_ast(source).parses


@pytest.mark.parametrize("source", ["fn f( {", "fn f() { ( }", "let x = 5;", "Hello there.", "x + 1", "}"])
def test_bad_source_does_not_parse(source):
    assert not analyze_ast(source).parses


def test_broken_code_is_measured_as_far_as_it_can_be_read():
    metrics = analyze_ast("/// Good.\nfn good(x: i32) -> i32 { if x > 0 { x } else { 0 } }\nfn bad( -> { x.unwrap()")
    assert not metrics.parses
    assert metrics.structure.functions >= 1
    assert metrics.complexity.cyclomatic >= 2


@pytest.mark.parametrize(
    "source", ["fn f() { let x = 1; if x > 0 { g(", "fn f() {", "fn f() { let v = vec![1, 2", "fn f() { // }"]
)
def test_a_truncated_function_is_measured_as_if_it_were_closed(source):
    metrics = analyze_ast(source)
    assert not metrics.parses
    assert metrics.structure.functions == 1


def test_live_code_is_what_the_entry_point_reaches():
    source = (
        "pub fn asked(s: &S) -> i32 { helper() + s.get() }\nfn helper() -> i32 { 1 }\n"
        "pub struct S; impl S { pub fn get(&self) -> i32 { 1 } pub fn idle(&self) -> Option<i32> { None } }\n"
        "impl std::fmt::Display for S { fn fmt(&self) { x.unwrap() } }\n"
        "pub fn padding() -> Result<i32, ()> { v.iter().map(|x| x).sum()? }\npub struct Padding; impl Padding {}"
    )
    live = analyze_ast(source, entry_point="asked").live
    assert dataclasses.astuple(live.structure) == (4, 1, 0, 0, 2)  # asked, helper, get, fmt
    assert (live.quality.uses_option, live.quality.uses_result, live.quality.panics) == (False, False, 1)
    assert live.idioms.closures == 0
    assert analyze_ast(source).live.quality.uses_result  # public, and no entry point to tell


def test_without_entry_point_live_code_is_what_main_and_public_items_reach():
    source = "fn main() { used() }\nfn used() {}\nfn idle() { x.unwrap() }\n"
    metrics = analyze_ast(source)
    assert (metrics.structure.functions, metrics.live.structure.functions) == (3, 2)
    assert (metrics.quality.panics, metrics.live.quality.panics) == (1, 0)
    assert analyze_ast("fn a() {}\nfn b() {}").live.structure.functions == 2  # nothing public: all of it is the answer


@pytest.mark.parametrize(
    ("source", "entry_point", "answers"),
    [
        ("fn add(a: i32) -> i32 { a }", "add", True),
        ("fn add(a: i32) -> i32 { a }", "sub", False),
        ("fn add(a: i32) -> i32 { a }", "ad", False),
        ("// fn add(a: i32) -> i32 { a }", "add", False),
        ("fn add(a: i32) -> i32;", "add", False),
        ('extern "C" { fn add(a: i32) -> i32; }', "add", False),
        ('fn main() { println!("add") }', "add", False),
        ("#[cfg(test)] fn add(a: i32) -> i32 { a }", "add", False),
        ("struct S; impl S { fn push(&mut self, x: i32) { self.0.push(x) } }", "S", True),
        ("struct S; impl S { fn push(&mut self, x: i32) { self.0.push(x) } }", "S::push", True),
        ("struct S; struct R; impl R { fn push(&mut self, x: i32) { self.0.push(x) } }", "S::push", False),
        ("struct S;", "S", False),  # no function
        (
            "trait T { fn area(&self) -> f64; } struct Q(f64); impl T for Q { fn area(&self) -> f64 { self.0 } }",
            "T",
            True,
        ),
        ("mod inner { pub fn add(a: i32) -> i32 { a } } pub use inner::add;", "add", True),
        ("fn main() {}", "main", False),
        ("fn main() {}", None, True),
        ("fn f() {}", None, True),
        ("fn add(a: i32) -> i32 { a }", None, True),
        ("struct S;", None, False),
        ("", None, False),
        ("// nothing", None, False),
    ],
)
def test_answers_asks_for_the_entry_point_or_any_function(source, entry_point, answers):
    assert analyze_ast(source, entry_point=entry_point).live.answers is answers


@pytest.mark.parametrize(
    "code",
    [
        "",
        "todo!()",
        'unimplemented!("later")',
        "panic!()",
        "return;",
        "loop {}",
        "loop { continue; }",
        "let _ = (a, b); todo!()",
        "f(a, b)",
        "Self::f(a, b)",
        "std::process::exit(0)",
        "// a + b\n",
        "unsafe { std::process::abort() }",
    ],
)
def test_a_copied_signature_is_no_answer(code):
    source = f"pub fn f(a: i32, b: i32) -> i32 {{ {code} }}"
    assert not analyze_ast(source, entry_point="f").live.answers
    assert not analyze_ast(source).live.answers


@pytest.mark.parametrize(
    "code", ["a + b", "0", "self.f(a)", "let _ = a.push(b); 1", "Ok(())", "if a > b { todo!() } 1"]
)
def test_a_body_that_does_something_is_an_answer(code):
    assert body(code, "fn f(a: i32, b: i32) -> i32").live.answers


def test_functions_that_ignore_their_input_are_not_working_ones():
    assert analyze_ast("pub fn f(n: i32) -> i32 { n + 1 }").live.working_functions == 1
    assert analyze_ast("pub fn f() -> i32 { 1 }").live.working_functions == 1
    assert analyze_ast("pub fn f(_n: i32) -> i32 { 1 }").live.working_functions == 0
    assert analyze_ast("fn f() {}\n" * 100).live.working_functions == 0


@pytest.mark.parametrize(
    ("source", "silenced"),
    [
        ("#![allow(warnings)]\nfn f() {}", 1),
        ("#[allow(dead_code)]\nfn f() {}\n#[expect(unused)]\nfn g() {}", 2),
        ("#![cfg_attr(not(test), allow(unused))]\nfn f() {}", 1),
        ("fn f() { #[allow(unused)] let x = 1; }", 1),
        ("#[/**/allow(unused)]\nfn f() {}", 1),
        ("#[r#allow(unused)]\nfn f() {}", 1),
        ("fn f(#[allow(unused)] x: u8) {}", 1),
        ("struct S { #[allow(dead_code)] x: u8 }", 1),
        ("fn f(x: u8) { match x { #[allow(unused)] y => {} } }", 1),
        ("macro_rules! m { ($($t:tt)*) => { #[allow(unused)] $($t)* } }", 1),
        ("m! { #[allow(unused)] fn f() {} }", 1),
        ("#[derive(Debug)]\n#[deny(warnings)]\nstruct S;", 0),
    ],
)
def test_attributes_that_silence_lints_are_counted(source, silenced):
    assert analyze_ast(source).live.silenced_lints == silenced


DEEP = {
    "parentheses": ("fn f() { " + "(" * 100_000 + "1" + ")" * 100_000 + " }"),
    "blocks": "fn f() { " + "{" * 100_000 + "}" * 100_000 + " }",
    "open": "fn f() " + "{" * 100_000,
    "ifs": "fn f() {" + "if a {" * 30_000 + "}" * 30_000 + "}",
    "else ifs": "fn f() {" + "if a {} else " * 19_000 + "{}}",
    "tokens": "fn f() { m!" + "(" * 100_000 + ")" * 100_000 + "}",
    "chain": "fn f() { a" + ".b()" * 60_000 + "}",
    "fields": "fn f() { a" + ".b" * 100_000 + ".c() }",
    "functions": "fn f() {" * 28_000 + "}" * 28_000,
    "types": "type A = " + "A<" * 80_000 + "u8" + ">" * 80_000 + ";",
}


@pytest.mark.parametrize("source", DEEP.values(), ids=DEEP.keys())
def test_deep_nesting_neither_crashes_nor_hangs(source):
    start = time.process_time()
    analyze_ast(source, entry_point="f")
    assert time.process_time() - start < 10.0


def test_ten_megabytes_are_read_up_to_the_limit():
    start = time.process_time()
    metrics = analyze_ast("fn f() {}\n" * 1_000_000)
    assert time.process_time() - start < 10.0
    assert not metrics.parses
    assert metrics.structure.functions == MAX_ANALYSED_BYTES // 10


FRAGMENTS = [
    "fn f(",
    "a: i32",
    ") {",
    "}",
    "if x {",
    "match y {",
    "=> ",
    "unsafe ",
    "#[cfg(test)]",
    "impl S {",
    "/// d\n",
]
FRAGMENTS += [
    "x.unwrap()",
    "panic!(",
    ")",
    ";",
    "&&",
    "?",
    "'",
    '"',
    'r#"',
    "/*",
    "#![",
    "]",
    "let _ = ",
    "mod m {",
    "|x|",
]


any_text = given(
    st.lists(st.sampled_from(FRAGMENTS), max_size=25).map("".join) | st.text(),
    st.sampled_from([None, "f", "S::f", "::"]),
)


@any_text
def test_any_text_has_metrics_within_their_ranges(source, entry_point):
    metrics = analyze_ast(source, entry_point=entry_point)
    assert isinstance(metrics, AstMetrics)
    hash(metrics)
    assert 0.0 <= metrics.quality.documented <= 1.0
    assert 0.0 <= metrics.live.quality.documented <= 1.0


@any_text
def test_the_live_part_of_any_text_holds_no_more_than_the_whole(source, entry_point):
    metrics = analyze_ast(source, entry_point=entry_point)
    for live, whole in zip(
        dataclasses.astuple(metrics.live.structure), dataclasses.astuple(metrics.structure), strict=True
    ):
        assert 0 <= live <= whole
    assert metrics.live.quality.panics <= metrics.quality.panics
    assert metrics.live.complexity.lines_of_code <= metrics.complexity.lines_of_code
    assert metrics.live.working_functions <= metrics.live.structure.functions
