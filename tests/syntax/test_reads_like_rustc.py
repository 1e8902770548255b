"""What the grammar makes of a program never costs an answer its points, and never hides what decides on safety."""

# ruff: noqa: E501 - program texts stay on the lines they would be written on

import json

import pytest

from rust_rewards import analyze_ast, clippy_reward, compile_reward, rust_reward, tests_reward, verify

ADD = "pub fn add(a: i32, b: i32) -> i32 {\n    a + b\n}\n"
PRINTS = [{"input": "", "output": "1"}]
EQUAL = "#[cfg(test)]\nmod tests {\n    use super::*;\n    #[test]\n    fn t() { assert_eq!(p(1), P { x: 1 }); }\n}\n"


def block(code):
    return f"```rust\n{code}```\n"


def statuses(program, tests, edition="2021"):
    return verify([program], [tests], edition=edition)[0].test_statuses


@pytest.mark.parametrize(
    "comment",
    [
        "/* 这是个加法函数 */",
        "/*是个*/",
        "/* 个是 */",
        "/* ⼯ ⽯ 丯 */",
        "/** 是 */",
        "/*! 是 */",
        "// 是 个 */ \0",
        "/*\0*/",
    ],
)
def test_a_comment_costs_nothing(comment):
    assert rust_reward([block(f"{comment}\n{ADD}")]) == [26.0 if comment.startswith("/**") else 25.0]
    assert compile_reward([block(f"{comment}\n{ADD}")], entry_point="add") == [1.0]
    assert statuses(f'{comment}\nfn main() {{ println!("1"); }}', json.dumps(PRINTS)) == ("passed",)


LIE = "impl PartialEq for P { fn eq(&self, _: &P) -> bool { true } }"
OTHER_LIE = "impl PartialEq<P> for i32 { fn eq(&self, _: &P) -> bool { true } }"


@pytest.mark.parametrize(
    "lie",
    [
        f"/*是个*/ {LIE} /*个是*/",
        f"/* 是 */ {LIE} /* 个 */",
        f"// 是个\n{LIE} // 个是",
        f"/*\0*/ {LIE}",
        LIE.replace("impl", "impl<>"),
        LIE.replace("PartialEq", "PartialEq::<P>"),
        LIE.replace("for P", "for P where"),
        LIE.replace("PartialEq", "std::cmp::PartialEq::<P>"),
        f"{LIE} pub struct Q where;",
        f'unsafe extern "C" {{ pub safe fn abs(x: i32) -> i32; }} {LIE}',
        f"#[cfg(any())] fn g() {{ let (x | y); let box z = 1; #[a] 1 + 1 }} {LIE}",
        f"#[cfg(any())] macro m($x:ty) {{ 1 }} {LIE}",
    ],
)
def test_no_text_hides_a_comparison_that_lies(lie):
    program = f"#[derive(Debug)]\npub struct P {{ pub x: i32 }}\n{lie}\npub fn p(_x: i32) -> P {{ P {{ x: 0 }} }}\n"
    assert statuses(program, EQUAL) == ("failed",)


def test_a_comparison_with_type_arguments_behind_colons_is_seen():
    program = (
        "#[derive(Debug)] pub struct Yes; pub fn add(_: i32, _: i32) -> Yes { Yes }\n"
        "impl PartialEq::<i32> for Yes { fn eq(&self, _: &i32) -> bool { true } }"
    )
    assert statuses(program, "assert_eq!(add(1, 2), 3);") == ("failed",)


MAKE = "macro_rules! make { ($n:ident, $op:tt) => { pub fn $n(a: i32, b: i32) -> i32 { a $op b } } }\nmake!(add, +);\n"


def test_what_a_macro_writes_is_an_answer_to_every_reward():
    told = {"tests": "assert_eq!(add(1, 2), 3);", "entry_point": "add"}
    assert compile_reward([block(MAKE)], entry_point="add") == [1.0]
    assert tests_reward([block(MAKE)], **told) == [1.0]
    assert rust_reward([block(MAKE)], **told)[0] >= 24.0
    stub = MAKE.replace("a $op b", "todo!()")
    assert compile_reward([block(stub)], entry_point="add") == [0.0]


def test_private_methods_of_a_public_type_are_an_answer():
    counter = "struct Counter { n: u32 }\nimpl Counter {\n    fn new() -> Self { Counter { n: 0 } }\n    fn add(&mut self, by: u32) -> u32 { self.n += by; self.n }\n}\n"
    # 10 + 5 + 8, a working function 1, a type and a method in use 0.5 each; the warning about dead code costs the point
    assert rust_reward([block(f"pub {counter}"), block(counter)]) == [25.0, 25.0]
    assert analyze_ast("pub enum E { A }\nfn f(e: E) -> u8 { match e { E::A => 1 } }").live.answers
    assert analyze_ast("pub trait T { fn f(&self); }\nfn g(x: &dyn T) { x.f(); x.f() }").live.answers


def test_an_option_of_clippy_silences_it():
    # 1 / (1 + the lint) beside 1 / (1 + the attribute)
    within = "pub fn f(x: i32) -> bool { x >= 1 && x < 9 }\n"
    silent = '#[clippy::msrv = "1.0.0"]\n' + within
    assert clippy_reward([block(within), block(silent)]) == [0.5, 0.5]


def test_a_program_of_which_the_grammar_loses_the_answer_keeps_its_points():
    unknown = "#[cfg(any())]\nmacro m($x:ty) { struct S { fn } }\n"
    for program in (unknown + ADD, ADD + unknown):
        assert compile_reward([block(program)], entry_point="add") == [1.0]
        assert rust_reward([block(program)], entry_point="add")[0] >= 23.0
    stub = "pub fn add(a: i32, b: i32) -> i32 { todo!() }\n"
    assert compile_reward([block(unknown + stub)], entry_point="add") == [0.0]


def test_a_main_that_the_grammar_loses_is_still_run():
    unknown = "#[cfg(any())]\nmacro m($x:ty) { struct S { fn } }\n"
    assert statuses(f'{unknown}fn main() {{ println!("1"); }}\n', json.dumps(PRINTS)) == ("passed",)
