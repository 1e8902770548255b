import re

import pytest

from rust_rewards.verifier.triage import _ALONE, _ALONE_STEMS, triage

TOGETHER = [
    "pub fn f() {}",
    'fn main() { println!("hi"); }',
    "use std::collections::HashMap; pub fn f() -> HashMap<u8, u8> { HashMap::new() }",
    "pub(crate) fn f() {}",
    "mod a { use super::*; } pub fn f() {}",
    "#[cfg(test)]\nmod tests { use super::*; #[test] fn t() {} }\npub fn f() {}",
    "pub struct S; impl Clone for S { fn clone(&self) -> S { S } }",
    "pub trait Twice { fn twice(self) -> i32; } impl Twice for i32 { fn twice(self) -> i32 { self * 2 } }",
    "pub struct S<T>(T); impl<T> From<T> for S<T> { fn from(t: T) -> S<T> { S(t) } }",
    "macro_rules! m { () => { 1 } } pub fn f() -> u8 { m!() }",
    "#[allow(clippy::all)] pub mod m { pub struct S; impl Clone for S { fn clone(&self) -> S { S } } }",
    "pub fn link_count(path: &str, file: u8) -> usize { path.len() + file as usize }",
]
ALONE = [
    "#![allow(dead_code)] pub fn f() {}",
    "pub fn f() { crate::g() } pub fn g() {}",
    "use super::g;",
    "mod a { use super::super::*; }",
    "#[macro_export] macro_rules! m { () => {} }",
    "macro_rules! m { () => { $crate::f() } }",
    '#[no_mangle] pub extern "C" fn f() {}',
    "extern crate std;",
    "mod missing;",
    "mod /* */ missing;",
    'pub const S: &str = include_str!("x");',
    "pub struct W; impl From<W> for String { fn from(_: W) -> String { String::new() } }",
    "pub mod x { pub struct String; } pub struct W; impl From<W> for String { fn from(_: W) -> String { todo!() } }",
    "#[cfg(any())] pub struct String; pub struct W; impl From<W> for String { fn from(_: W) -> String { todo!() } }",
    "use std::ops::Add; #[cfg(any())] /* */ trait Add<T> {} struct W; impl Add<W> for String { type Output = u8; }",
    "#[cfg(not(clippy))] pub fn f() {}",
    "macro_rules! m { ($t:ty) => { impl Default for $t {} } }",
    "async fn main() {}",
    "fn main(x: u8) {}",
    "#[inline] fn main() {}",
    "fn main() { main() }",
    "pub fn f() { let \u0430 = 1; }",
    'pub fn f() { "unterminated }',
    "pub fn f() { " + "(" * 200 + ")" * 200 + " }",
    "pub fn f() -> &'static str { std::any::type_name::<u8>() }",
]


@pytest.mark.parametrize("source", TOGETHER)
def test_ordinary_programs_share_a_crate(source):
    assert not triage(source, "2021").alone


@pytest.mark.parametrize("source", ALONE)
def test_whatever_could_tell_or_touch_its_neighbours_is_compiled_alone(source):
    assert triage(source, "2021").alone


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("#[cfg(not(clippy))] pub fn f() {}", "clippy"),
        ('pub fn f() { "unterminated }', "comment or literal"),
        ("\n#![allow(dead_code)] pub fn f() {}", "attribute"),
        ("pub fn f() { crate::g() }", "names the crate"),
        ("mod missing;", "another file"),
        ("async fn main() {}", "cannot stand in for its main"),
        ("fn main() { main() }", "names its own main"),
        ("use super::g;", "`super` may leave"),
        ("pub struct W; impl From<W> for String { fn from(_: W) -> String { todo!() } }", "types of others"),
        ("pub fn f() { " + "(" * 200 + ")" * 200 + " }", "nests deeply"),
    ],
)
def test_the_reason_is_kept(source, reason):
    assert reason in triage(source, "2021").alone_because


def test_edition_2015_is_compiled_alone_because_paths_start_at_the_crate_root():
    assert triage("pub fn f() {}", "2015").alone


def test_main_counts_only_at_the_top_level():
    assert triage("fn main() {}", "2021").has_main
    assert not triage("mod a { fn main() {} } // fn main() {}", "2021").has_main


def test_unbalanced_programs_are_rejected_without_a_compiler():
    assert triage("fn f() {", "2021").rejected is not None


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('pub fn f() { let _ = std::fs::read("x"); }', True),
        ('use std::process::Command; pub fn f() { Command::new("x"); }', True),
        ("pub enum Command { Stop } pub fn f(_: Command) {}", False),
        ("/// Uses the net and std::fs.\npub fn f() {}", False),
    ],
)
def test_tests_of_programs_that_reach_for_the_system_get_a_folder_of_their_own(source, expected):
    assert triage(source, "2021").uses_files == expected


def test_no_word_that_sends_a_program_away_is_missed_by_the_quick_look():
    words = set(re.findall(r"[a-z_]{3,}", _ALONE.pattern)) - {"unsafe"}  # `#[unsafe(used)]` has the other word
    assert len(words) > 20
    assert [word for word in words if not any(stem in word for stem in _ALONE_STEMS)] == []


def test_a_rejection_points_at_the_delimiter_as_rustc_does():
    rejected = triage("fn f() {\n  )\n}", "2021").rejected
    assert (rejected.line, rejected.column) == (2, 3)


def test_an_unbalanced_delimiter_is_shown_where_rustc_would_show_it():
    found = triage("fn f() {\n  )\n}", "2021").rejected
    assert (found.line, found.column, found.message) == (2, 3, "mismatched closing delimiter: `)`")
    assert found.rendered.endswith(" --> program.rs:2:3\n  |\n2 |   )\n")
