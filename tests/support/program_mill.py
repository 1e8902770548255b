# ruff: noqa: E501 - each program on a line of its own
"""Programs for comparing the verifier with itself: what people write, what models get wrong, and what languages allow.

`programs(count, seed)` yields (source, tests) pairs: task references and wrong answers, mutations of them by token and
by line, and `FEATURES`, small programs that each use one corner of the language.
"""

import json
import random
import re
from collections.abc import Iterator

from paths import DATA

_TOKEN = re.compile(r"\s+|//[^\n]*|\"(?:[^\"\\]|\\.)*\"|'[^'\\]'|\w+|[^\w\s]")
_WORDS = [
    "0",
    "1",
    "u32",
    "i64",
    "String",
    "&",
    "mut",
    "self",
    "usize",
    "Some",
    "None",
    "let",
    "x",
    ".clone()",
    ";",
    "?",
]

FEATURES = [
    "",
    "// nothing but a comment\n",
    "/* open /* nested */ */",
    "pub fn f() {}",
    "fn f() {}",
    "fn main() {}",
    "fn main() { let unused = 1; }",
    'fn main() -> Result<(), String> { Err("no".into()) }',
    "fn main() -> u8 { 1 }",
    "fn main() { helper(); } fn helper() {} fn never() {}",
    "pub fn used() {} struct Unused; enum Never { A, B } fn main() { used(); }",
    "fn main(x: i32) {}",
    "pub fn main() {}",
    "async fn main() {}",
    "fn main<T>() {}",
    "mod a { pub fn main() {} }",
    "mod a { pub fn f() -> u8 { 1 } } pub fn g() -> u8 { a::f() }",
    "mod a { use super::*; pub fn f() -> u8 { g() } } pub fn g() -> u8 { 1 }",
    "mod a { mod b { pub fn f() -> u8 { super::super::g() } } } pub fn g() -> u8 { 1 }",
    "use super::g;",
    "pub fn f() { super::g() }",
    "use crate::g; pub fn g() {}",
    "pub(crate) fn f() {}",
    "pub(super) fn f() {}",
    "mod missing;",
    '#[path = "x.rs"] mod x;',
    "use std::collections::HashMap;",
    "use std::collections::HashMap; pub fn f() -> HashMap<u8, u8> { HashMap::new() }",
    "use nowhere::Thing;",
    "extern crate std; pub fn f() {}",
    'extern "C" { fn abs(x: i32) -> i32; } pub fn f(x: i32) -> i32 { unsafe { abs(x) } }',
    '#[no_mangle] pub extern "C" fn shared_name() {}',
    "#[macro_export] macro_rules! m { () => { 1 } } pub fn f() -> u8 { m!() }",
    "macro_rules! m { () => { 1 } } pub fn f() -> u8 { m!() }",
    "macro_rules! unused { () => {} }",
    "macro_rules! m { ($t:ty) => { impl Area for $t { fn area(&self) -> f64 { 1.0 } } } } "
    "pub trait Area { fn area(&self) -> f64; } pub struct A; m!(A);",
    "macro_rules! m { () => { m!() } } pub fn f() { m!() }",
    "pub fn f() -> u8 { no_such_macro!() }",
    "#[derive(Debug, Clone, PartialEq)] pub struct P { pub x: i32 } pub fn f(p: &P) -> P { p.clone() }",
    "#[derive(NoSuch)] pub struct P;",
    "#[no_such_attribute] pub fn f() {}",
    "#[deprecated] pub fn old() {} pub fn f() { old() }",
    "#[must_use] pub fn m() -> u8 { 1 } pub fn f() { m(); }",
    "#[inline] #[cold] pub fn f() {}",
    "#[cfg(test)] mod tests { use super::*; #[test] fn t() { f() } } pub fn f() {}",
    "#[cfg(not(test))] pub fn f() {}",
    "#[test] fn t() { assert!(true) }",
    "#![allow(dead_code)]\nfn f() {}",
    "#![deny(warnings)]\nfn f() {}",
    "#![no_std]\npub fn f() -> u8 { 1 }",
    "#![feature(never_type)]\npub fn f() {}",
    "//! Crate documentation\npub fn f() {}",
    "/// Dangling",
    "pub fn f() { /// inside\n let x = 1; }",
    "pub struct W(pub String); impl From<&str> for W { fn from(s: &str) -> W { W(s.into()) } }",
    "pub struct W(pub i32); impl From<W> for i32 { fn from(w: W) -> i32 { w.0 } }",
    "pub struct W(pub i32); impl std::ops::Add<W> for i32 { type Output = i32; fn add(self, w: W) -> i32 { self + w.0 } }",
    "pub struct W; impl PartialEq<W> for str { fn eq(&self, _: &W) -> bool { true } }",
    "pub trait Loud { fn loud(&self) -> String; } impl<T: ToString> Loud for T { fn loud(&self) -> String { self.to_string() } }",
    "pub trait Twice { fn twice(self) -> Self; } impl Twice for i32 { fn twice(self) -> i32 { self * 2 } } "
    "pub fn f() -> i32 { 3.twice() }",
    "impl Vec<u8> { pub fn f() {} }",
    "impl Clone for String { fn clone(&self) -> String { String::new() } }",
    "pub fn f(x: i32) -> i32 { let y = x.into(); y }",
    'pub fn f() -> usize { "1".parse().unwrap() + 1 }',
    "pub fn f() { let v = Vec::new(); }",
    "pub fn f() { let x = Default::default(); }",
    'pub fn f(s: &str) -> bool { s == "a".as_ref() }',
    "pub const X: u8 = 300;",
    "pub const X: u8 = 255 + 1;",
    "pub const A: [u8; 2] = [1; 3];",
    "pub const fn f(n: u64) -> u64 { if n == 0 { 1 } else { n * f(n - 1) } } pub const X: u64 = f(10);",
    "const fn deep(n: u64) -> u64 { if n == 0 { 0 } else { 1 + deep(n - 1) } } pub const X: u64 = deep(100_000);",
    "pub fn f() -> u8 { [1u8, 2][5] }",
    "pub fn f() -> u8 { 1 / 0 }",
    "pub fn f() -> u8 { 255u8 + 1 }",
    "pub fn f() -> u8 { 300 }",
    "pub fn f(v: Vec<u8>) -> usize { let w = v; v.len() }",
    "pub fn f(a: &str, b: &str) -> &str { a }",
    "pub struct S { a: &str }",
    "pub struct S(S);",
    "pub fn f<'a>(x: &'a str) -> &'static str { x }",
    "pub fn f(x: &mut Vec<u8>) { let a = &mut *x; let b = &mut *x; a.push(1); b.push(2); }",
    "pub trait T { fn f(&self) -> Self; } pub fn g(_: Box<dyn T>) {}",
    "pub trait Shape { fn area(&self) -> f64; } pub struct Sq(pub f64); impl Shape for Sq {}",
    "pub struct S; impl S { pub fn a(&self) {} pub fn a(&self) {} }",
    "pub enum E { A, B } pub fn f(e: E) -> u8 { match e { E::A => 1 } }",
    "pub fn f(x: Option<u8>) -> u8 { let Some(y) = x; y }",
    "pub fn f() { break; }",
    "pub fn f() -> impl Iterator<Item = u8> { (0..3).map(|x| x * 2) }",
    "pub fn f() -> impl Nothing {}",
    "pub async fn f() {} pub fn g() { f().await }",
    'pub fn f() -> Result<u8, std::num::ParseIntError> { Ok("1".parse::<u8>()?) }',
    "pub fn f() -> u8 { Some(1)? }",
    'pub fn f() { let x: u8 = ""; let y: u8 = 1.0; }',
    "pub fn f() { unsafe { std::hint::unreachable_unchecked() } }",
    "pub fn f() { std::process::exit(0) }",
    "pub fn f(x i32) {}",
    "pub fn f() { let x = ; }",
    "pub fn f() { let x = 1 let y = 2; }",
    "pub fn f() { if x { } else }",
    "fn fn f() {}",
    "Here is the code: pub fn f() {}",
    "pub fn f() { £ }",
    "pub fn \u0442\u0435\u0441\u0442() {}",
    "pub fn f() { let \u0430 = 1; let a = 2; }",
    "pub fn f() -> char { '\\u{1F600}' }",
    'pub fn f() -> &\'static str { r#"{ " }"# }',
    "pub fn f() -> &'static str { \"unterminated }",
    "pub fn f() -> u8 { b'x' } pub fn g() -> char { '{' }",
    "pub fn f() { let x = 0b3; let y = 0xG; let z = 1u7; }",
    "pub fn f() { let x = 'ab'; }",
    "pub fn f() -> u8 { 1 }\r\npub fn g() {}\r\n",
    "\ufeffpub fn f() {}",
    "pub fn f() -> &'static str { file!() }",
    "pub fn f() -> &'static str { module_path!() }",
    "pub fn f() -> u32 { line!() }",
    'pub fn f() -> &\'static str { env!("PATH") }',
    'pub const X: &str = include_str!("/etc/passwd");',
    'pub const X: &str = include_str!("program.rs");',
    'compile_error!("stop");',
    "pub fn f() { todo!() } pub fn g() -> u8 { unimplemented!() }",
    'pub fn f() { println!("{}"); println!("{} {}", 1); }',
    'use std::fmt; pub struct S; impl fmt::Display for S { fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result { write!(f, "S") } }',
    "pub static mut COUNT: u32 = 0; pub fn f() { unsafe { COUNT += 1; } }",
    "pub union U { a: u8, b: i8 }",
    "pub type Alias = Vec<u8>; pub fn f() -> Alias { vec![] }",
    "pub fn f() { loop {} }",
    "pub fn f() -> ! { panic!() }",
    "pub fn f<const N: usize>() -> [u8; N] { [0; N] }",
    "pub fn f<T>() where T: Copy { f::<String>() }",
    "pub fn f(x: Vec<i32>) -> i32 { let mut s = 0; for i in 0..x.len() { s += x[i]; } return s; }",
    "pub fn f(x: &Vec<i32>) -> bool { x.len() == 0 }",
    "pub fn f(x: bool) -> bool { if x == true { return true; } else { return false; } }",
    "pub struct S; impl S { pub fn new() -> S { S } pub fn len(&self) -> usize { 0 } }",
    "mod rr_module_0 { pub fn f() {} } pub fn f() { rr_module_0::f() }",
    "pub fn rr_canary() { let rr_canary = 1; }",
    "pub fn rr_entry() {} fn main() { rr_entry() }",
    "fn main() { main() }",
    "pub fn f(x: i32) { if x = 1 {} }",
    "pub trait A { type X; } impl A for u8 { type X = u8; } pub fn f() -> <u8 as A>::X { 1 }",
    "pub mod x { #![allow(dead_code)] fn f() {} }",
    "pub fn f() { #![allow(unused_variables)] let x = 1; }",
    "use self::inner::f; mod inner { pub fn f() {} }",
    "pub use self::inner::*; mod inner { pub fn f() {} }",
    "#[derive(Debug)] struct Hidden; pub fn f() -> Hidden { Hidden }",
    "pub fn f() -> Box<dyn Fn(i32) -> i32> { Box::new(|x| x + 1) }",
    "use std::rc::Rc; use std::cell::RefCell; pub fn f() -> Rc<RefCell<u8>> { Rc::new(RefCell::new(1)) }",
    "pub fn f() { std::thread::spawn(|| {}).join().unwrap(); }",
    "pub fn f(x: u8) { match x { 0..=9 => {}, 10..=255 => {}, _ => {} } }",
    "#[allow(non_snake_case)] pub fn F() {} pub fn G() {} pub struct lower;",
    "pub fn f() -> i32 { let x = 5; x; x }",
    "pub fn f() { let _x = 1; let (a, b) = (1, 2); }",
    "gen fn f() {}",
    "pub fn f() { let r#async = 1; let _ = r#async; } pub fn r#match() {}",
]


def rows() -> list[dict[str, str]]:
    """All tasks, training and evaluation."""
    return [json.loads(line) for name in ("train", "eval") for line in (DATA / f"{name}.jsonl").open(encoding="utf-8")]


def wrong_answers() -> list[tuple[str, str]]:
    """The wrong answers on file, with the tests of their tasks."""
    tests = {row["task_id"]: row["tests"] for row in rows()}
    lines = map(json.loads, (DATA / "wrong_answers.jsonl").open(encoding="utf-8"))
    return [(answer, tests[row["task_id"]]) for row in lines for answer in row["answers"] if row["task_id"] in tests]


def mutated(source: str, chance: random.Random) -> str:
    """One to three random edits of tokens or lines."""
    for _ in range(chance.choice((1, 1, 2, 3))):
        if chance.random() < 0.15:
            lines = source.split("\n")
            at = chance.randrange(len(lines))
            lines[at : at + 1] = chance.choice(([], [lines[at]] * 2))
            source = "\n".join(lines)
            continue
        tokens = _TOKEN.findall(source)
        solid = [i for i, token in enumerate(tokens) if not token.isspace()]
        if not solid:
            return source
        at, other = chance.choice(solid), chance.choice(solid)
        edit = chance.randrange(5)
        if edit == 0:
            tokens[at] = ""
        elif edit == 1:
            tokens[at] += " " + tokens[other]
        elif edit == 2:
            tokens[at], tokens[other] = tokens[other], tokens[at]
        elif edit == 3:
            tokens[at] = tokens[other]
        else:
            tokens[at] = chance.choice(_WORDS)
        source = "".join(tokens)
    return source


def programs(count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Yield `count` pairs of program and hidden tests ("" for none), shuffled by `seed`."""
    chance = random.Random(seed)
    tasks = rows()
    fixed = (
        [(row["reference"], row["tests"]) for row in tasks] + wrong_answers() + [(source, "") for source in FEATURES]
    )
    chance.shuffle(fixed)
    fixed = fixed[: max(1, count // 4)]
    yield from fixed
    for _ in range(count - len(fixed)):
        kind = chance.random()
        row, other = chance.choice(tasks), chance.choice(tasks)
        if kind < 0.70:
            yield mutated(row["reference"], chance), row["tests"]
        elif kind < 0.80:
            yield mutated(chance.choice(FEATURES), chance), ""
        elif kind < 0.90:
            yield row["reference"] + "\n" + other["reference"], row["tests"]
        else:
            yield chance.choice(FEATURES) + "\n" + row["reference"], row["tests"]
