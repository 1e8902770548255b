"""Names that text defines, broken text included."""

import pytest

from rust_rewards.syntax.definitions import defined_names, defines_working_function

DEFINES = {
    "struct Add(i32);": {"Add"},
    "pub trait Add { fn add(&self) -> i32; }\nimpl Add for i32 { fn add(&self) -> i32 { 1 } }": {"Add", "add"},
    "pub(crate) const unsafe fn add() {}": {"add"},
    'pub unsafe extern "C" fn add() {}': {"add"},
    "pub async fn r#add() {}": {"add"},
    "pub const ADD: fn(i32) -> i32 = inc;": {"ADD"},
    "mod imp { pub fn inc() {} }\npub use imp::inc as add;": {"inc", "add"},
    "mod imp { pub fn inc() {} }\npub use imp::{inc as add};": {"inc", "add"},
    "macro_rules! make { ($n:ident) => { pub fn $n() {} } }\nmake!(add);": {"make", "add"},
    "fn outer(f: impl Fn() -> i32) { fn add() {} }": {"outer"},
    'const S: &str = "fn add() {}"; // fn add() {}': {"S"},
    "#[test]\nfn add() {}": set(),
    "#[cfg(test)]\nmod checks { fn add() {} }": set(),
    "fn add(a: i32) -> i32": set(),
    "assert_eq!(add(1), 2);": set(),
    "pub fn add(a: i32 -> i32 {\n a +": {"add"},
    "}}} fn add() {}": {"add"},
}


@pytest.mark.parametrize(("code", "names"), DEFINES.items())
def test_defined_names(code, names):
    assert defined_names(code) == names


@pytest.mark.parametrize("body", ["a + b", "loop { return a; }", 'println!("{a}")', "if a { todo!() } b", "todo!(); a"])
def test_a_body_that_does_something_works(body):
    assert defines_working_function(f"box x # fn add(a: u8, b: u8) -> u8 {{ {body} }}", "add")


@pytest.mark.parametrize(
    "body", ["", "todo!()", 'std::panic!("a {}", 1);', "return;", "loop {}", "// a + b\n", "unreachable!{}"]
)
def test_a_stub_does_not_work(body):
    assert not defines_working_function(f"box x # fn add(a: u8, b: u8) -> u8 {{ {body} }}", "add")


def test_a_function_of_another_name_does_not_count():
    assert not defines_working_function("fn sub() -> u8 { 1 }", "add")
    assert defines_working_function("fn sub() -> u8 { 1 }", None)
