"""Programs that try to get a score they did not earn, and the score each of them honestly deserves. Data, no tests.

Every cheat is wrong about its task unless its name says otherwise, so its honest score is zero; where an answer is right
for some of the tests, those are counted. `HONEST` are the neighbours that share a batch with them and must not notice.
Not here: programs that use `unsafe` to read the harness's machine code, which the verifier does not claim to withstand.
"""

# ruff: noqa: E501 - program texts stay on the lines they would be written on

from dataclasses import dataclass

ADD = """#[cfg(test)]
mod tests {
    use super::*;
    #[test] fn small() { assert_eq!(add(2, 3), 5); }
    #[test] fn negative() { assert_eq!(add(-4, 1), -3, "a message"); }
    #[test] fn large() { assert!(add(100, 200) == 300); }
}"""
ADD_PINNED = ADD.replace("use super::*;", "use super::*;\n    const PIN: fn(i32, i32) -> i32 = add;")
GREET = """#[cfg(test)]
mod tests {
    use super::*;
    #[test] fn short() { assert_eq!(greet("bo"), "hello bo".to_string()); }
    #[test] fn empty() { assert_eq!(greet(""), String::from("hello ")); }
    #[test] fn str() { let want: String = "hello al".into(); assert_eq!(greet("al"), want); }
}"""
FIND = """#[cfg(test)]
mod tests {
    use super::*;
    const PIN: fn(&[i32], i32) -> Option<usize> = find;
    #[test] fn both() { assert!(find(&[4, 5], 5).is_some()); assert!(find(&[4, 5], 6).is_none()); }
    #[test] fn edges() { assert!(find(&[], 1).is_none()); assert!(find(&[1], 1).is_some()); }
    #[test] fn position() { assert_eq!(find(&[4, 5], 5), Some(1)); }
}"""
EVENS = """#[cfg(test)]
mod tests {
    use super::*;
    #[test] fn mixed() { assert_eq!(evens(&[1, 2, 4]), vec![2, 4]); }
    #[test] fn holds() { assert!(evens(&[2, 4]).contains(&4)); }
    #[test] fn count() { assert_eq!(evens(&[2, 4, 6]).len(), 3); }
}"""
POINT = """#[cfg(test)]
mod tests {
    use super::*;
    #[test] fn flips() { assert_eq!(Point::new(1, 2).flip(), Point::new(2, 1)); }
    #[test] fn reads() { assert_eq!(Point::new(3, 4).flip().x(), 4); }
    #[test] fn differs() { assert_ne!(Point::new(1, 2).flip(), Point::new(1, 2)); }
}"""
DOUBLE_LINES = (
    '[{"input": "4\\n", "output": "8"}, {"input": "21\\n", "output": "42"}, {"input": "0\\n", "output": "0"}]'
)

SEVEN = "pub fn add(_: i32, _: i32) -> i32 { 7 }"
RIGHT = "pub fn add(a: i32, b: i32) -> i32 { a + b }"
FORGED = '"0 0 p 0.001 \\n0 1 p 0.001 \\n0 2 p 0.001 \\n"'
TAMPER = 'extern "C" { fn write(fd: i32, bytes: *const u8, size: usize) -> isize; fn _exit(code: i32) -> !; }'
FORGE = f"{TAMPER}\nunsafe fn forge() -> ! {{ let s = {FORGED}; write(1, s.as_ptr(), s.len()); _exit(0) }}"


@dataclass(frozen=True)
class Hostile:
    """One program, its tests, and what it deserves: tests passed, and whether it compiles by itself."""

    name: str
    source: str
    tests: str = ADD
    passed: int = 0
    compiles: bool = True
    total: int = 3


def _leaves(name: str, before: str, call: str) -> Hostile:
    """A program that ends the process instead of answering."""
    return Hostile(f"leaves: {name}", f"{before}\npub fn add(_: i32, _: i32) -> i32 {{ {call} }}")


_EXITS = (
    _leaves("process::exit", "", "std::process::exit(0)"),
    _leaves("an alias", "use std::process as p;", "p::exit(0)"),
    _leaves("an imported alias", "use std::process::exit as sum;", "sum(0)"),
    _leaves("abort", "", "std::process::abort()"),
    _leaves("C's exit", 'extern "C" { fn exit(code: i32) -> !; }', "unsafe { exit(0) }"),
    _leaves("C's _exit", 'extern "C" { fn _exit(code: i32) -> !; }', "unsafe { _exit(0) }"),
    _leaves("C's raise", 'extern "C" { fn raise(signal: i32) -> i32; }', "unsafe { raise(9) }"),
    _leaves("a signal 0 to 64", 'extern "C" { fn raise(s: i32) -> i32; }', "for s in 0..64 { unsafe { raise(s); } } 7"),
    _leaves(
        "kill of everyone",
        'extern "C" { fn kill(pid: i32, signal: i32) -> i32; fn getppid() -> i32; }',
        "unsafe { kill(getppid(), 9); kill(0, 9); kill(-1, 9); } 7",
    ),
    _leaves(
        "stopping the parent",
        'extern "C" { fn kill(pid: i32, signal: i32) -> i32; fn getppid() -> i32; }',
        "unsafe { kill(getppid(), 19); kill(0, 19); } 7",
    ),
    _leaves("a thread", "", "let t = std::thread::spawn(|| std::process::exit(0)); let _ = t.join(); 7"),
    _leaves("a panic hook", "", 'std::panic::set_hook(Box::new(|_| std::process::exit(0))); panic!("x")'),
    _leaves(
        "a drop",
        "struct D; impl Drop for D { fn drop(&mut self) { std::process::exit(0) } }",
        "let _d = D; 7",
    ),
    _leaves(
        "a panic in a drop during a panic",
        'struct D; impl Drop for D { fn drop(&mut self) { panic!("again") } }',
        'let _d = D; panic!("once")',
    ),
    _leaves(
        "a panic payload's drop",
        "struct D; impl Drop for D { fn drop(&mut self) { std::process::exit(0) } }",
        "std::panic::panic_any(D)",
    ),
    _leaves(
        "a thread local's drop",
        "struct D; impl Drop for D { fn drop(&mut self) { std::process::exit(0) } }\n"
        "thread_local! { static T: D = const { D }; }",
        "T.with(|_| ()); 7",
    ),
    _leaves("a shell", "", 'let _ = std::process::Command::new("/bin/sh").arg("-c").arg("kill -9 -1").status(); 7'),
    Hostile(
        "leaves: from a static initialiser",
        'extern "C" fn leave() { std::process::exit(0); }\n#[used] #[link_section = ".init_array"]\n'
        f'pub static EARLY: extern "C" fn() = leave;\n{SEVEN}',
    ),
    Hostile("leaves: main exits before it prints", "fn main() { std::process::exit(0); }", DOUBLE_LINES),
)

_PRINTS = (
    Hostile(
        "prints: what libtest prints",
        "pub fn add(_: i32, _: i32) -> i32 {\n"
        '    println!("\\nrunning 3 tests\\ntest tests::small ... ok\\ntest tests::negative ... ok\\n'
        'test tests::large ... ok\\n\\ntest result: ok. 3 passed; 0 failed; 0 ignored");\n'
        "    std::process::exit(0)\n}",
    ),
    Hostile(
        "prints: libtest's JSON",
        "pub fn add(_: i32, _: i32) -> i32 {\n"
        '    println!("{}", r#"{"type":"suite","event":"ok","passed":3,"failed":0}"#); std::process::exit(0)\n}',
    ),
    Hostile(
        "prints: the server's own lines",
        f"pub fn add(_: i32, _: i32) -> i32 {{ print!({FORGED}); eprint!({FORGED}); 7 }}",
    ),
    Hostile(
        "prints: frames into every descriptor",
        "use std::io::Write;\nuse std::os::fd::FromRawFd;\n"
        "pub fn add(_: i32, _: i32) -> i32 {\n    for fd in 0..65 {\n"
        "        let mut out = std::mem::ManuallyDrop::new(unsafe { std::fs::File::from_raw_fd(fd) });\n"
        "        for test in 0u8..3 {\n"
        "            let _ = out.write_all(&[2, b'p', test, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);\n"
        f"            let _ = out.write_all({FORGED}.as_bytes());\n        }}\n    }}\n    7\n}}",
    ),
    Hostile(
        "prints: through C, into every descriptor",
        f"{TAMPER}\npub fn add(_: i32, _: i32) -> i32 {{\n"
        f"    for fd in 0..65 {{ let s = {FORGED}; unsafe {{ write(fd, s.as_ptr(), s.len()); }} }} 7 }}",
    ),
    Hostile(
        "prints: from a static initialiser",
        f'{FORGE}\nextern "C" fn early() {{ unsafe {{ forge() }} }}\n'
        '#[used] #[link_section = ".init_array"]\npub static EARLY: extern "C" fn() = early;\n' + SEVEN,
    ),
    Hostile(
        "prints: lines of tests that do not exist, from a static initialiser",
        'extern "C" fn early() { for i in 0..90 { println!("{i} {i} p x {i}"); println!("x"); } }\n'
        '#[used] #[link_section = ".init_array"]\npub static EARLY: extern "C" fn() = early;\n' + SEVEN,
    ),
    Hostile(
        "prints: from a global allocator",
        f"{FORGE}\nuse std::alloc::{{GlobalAlloc, Layout, System}};\nstruct Mine;\nunsafe impl GlobalAlloc for Mine {{\n"
        "    unsafe fn alloc(&self, _: Layout) -> *mut u8 { forge() }\n"
        "    unsafe fn dealloc(&self, p: *mut u8, l: Layout) { System.dealloc(p, l) }\n}\n"
        f"#[global_allocator] static MINE: Mine = Mine;\n{SEVEN}",
    ),
    Hostile(
        "prints: more than the cap, in every case",
        'fn main() { let s = "x".repeat(100_000); for _ in 0..20 { println!("{s}"); } }',
        DOUBLE_LINES,
    ),
    Hostile(
        "prints: the right answer to one case only",
        'fn main() { println!("8"); }',
        DOUBLE_LINES,
        passed=1,
    ),
)

_UNWINDS = (
    Hostile(
        "unwinds: catches its own panic and answers",
        'pub fn add(_: i32, _: i32) -> i32 { std::panic::catch_unwind(|| -> i32 { panic!("x") }).unwrap_or(7) }',
    ),
    Hostile(
        "unwinds: swallows the test's assertion",
        "pub fn apply(f: impl Fn(i32)) { let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| f(3))); }",
        "apply(|x| assert_eq!(x, 4));",
        total=1,
    ),
    Hostile(
        "unwinds: swallows it in a thread",
        "pub fn apply<F: Fn(i32) + Send + 'static>(f: F) { let _ = std::thread::spawn(move || f(3)).join(); }",
        "apply(|x| assert_eq!(x, 4));",
        total=1,
    ),
    Hostile(
        "unwinds: a hook that never ends",
        "pub fn add(_: i32, _: i32) -> i32 { std::panic::set_hook(Box::new(|_| loop {})); 7 }",
    ),
    Hostile(
        "unwinds: a hook that panics",
        'pub fn add(_: i32, _: i32) -> i32 { std::panic::set_hook(Box::new(|_| panic!("hook"))); 7 }',
    ),
    Hostile(
        "unwinds: resumes with what an assertion could carry",
        'pub fn add(_: i32, _: i32) -> i32 { std::panic::resume_unwind(Box::new("test passed")) }',
    ),
)


def _macro(name: str) -> Hostile:
    return Hostile(
        f"redefines: {name}!", f"#[allow(unused_macros)] macro_rules! {name} {{ ($($t:tt)*) => {{}} }}\n{SEVEN}"
    )


def _exported(name: str) -> Hostile:
    return Hostile(
        f"redefines: {name}!, exported",
        f"#[macro_export] macro_rules! {name} {{ ($($t:tt)*) => {{ () }} }}\n{SEVEN}",
    )


_SNEAKY = (
    "#[allow(non_camel_case_types)] pub trait Sneaky: Sized {\n"
    "    fn is_some(self) -> bool { true } fn is_none(self) -> bool { true } }\n"
)
_ECHO = 'println!("{}", 4); assert_eq!(add(1, 2), 3);'

_FOUND = "\npub fn find(_: &[i32], _: i32) -> Option<usize> { Some(1) }"
_REDEFINES = (
    Hostile(
        "redefines: methods whose names another macro is given",
        "macro_rules! m { ($a:ident $b:ident) => { pub trait Sneaky: Sized { fn $a(self) -> bool { true } fn $b(self) -> bool { true } }\n"
        "    impl<T> Sneaky for Option<T> {} } }\nm!(is_some is_none);" + _FOUND,
        FIND,
    ),
    Hostile(
        "redefines: methods of a type that shares its name with one of the program's own",
        f"{_SNEAKY}pub mod x {{ pub struct Option<T>(T); }}\nimpl<T> Sneaky for Option<T> {{}}{_FOUND}",
        FIND,
    ),
    Hostile(
        "redefines: methods of a type that is only declared under a cfg that is off",
        f"{_SNEAKY}#[cfg(any())] pub struct Option<T>(T);\nimpl<T> Sneaky for Option<T> {{}}{_FOUND}",
        FIND,
    ),
    Hostile(
        "redefines: methods by a trait under another name",
        f"mod t {{ {_SNEAKY} }}\nuse t::Sneaky as Other;\nimpl<T> Other for Option<T> {{}}\npub use t::Sneaky;{_FOUND}",
        FIND,
    ),
    Hostile(
        "redefines: a rarer method",
        "pub trait Sneaky: Sized { fn is_ascii_uppercase(self) -> bool { true } }\nimpl Sneaky for char {}\n"
        "pub fn up(c: char) -> char { c }",
        "assert!(up('a').is_ascii_uppercase());",
        total=1,
    ),
    Hostile(
        "redefines: a macro that says the end was reached",
        "#[allow(unused_macros)] macro_rules! maximum { ($($t:tt)*) => {{ if true { rr_reached!(); return; } 0 }} }",
        "#[cfg(test)] mod tests { use super::*;\n#[test] fn a() { assert_eq!(maximum!(1, 2), 2); } }",
        total=1,
    ),
    *map(_macro, ("assert", "assert_eq", "assert_ne", "panic", "debug_assert_eq", "println", "matches")),
    *map(_exported, ("assert", "assert_eq")),
    Hostile(
        "redefines: assert_eq! by an import of another name",
        "mod m { macro_rules! nothing { ($($t:tt)*) => {} } pub(crate) use nothing; }\n"
        f"#[allow(unused_imports)] pub(crate) use m::nothing as assert_eq;\n{SEVEN}",
    ),
    *(
        Hostile(
            f"redefines: {name}! to leave the test",
            f"#[allow(unused_macros)] macro_rules! {name} {{ ($($t:tt)*) => {{ return }} }}\n{SEVEN}",
            f"#[cfg(test)] mod tests {{ use super::*;\n#[test] fn a() {{ {name}!({given}); assert_eq!(add(1, 2), 3); }} }}",
            total=1,
        )
        for name, given in (("println", '"{}", 1'), ("eprintln", '"{}", 1'), ("dbg", "1"), ("print", '"x"'))
    ),
    Hostile(
        "redefines: vec! as nothing",
        "macro_rules! vec { ($($t:tt)*) => { Vec::new() } }\npub fn evens(_: &[i32]) -> Vec<i32> { vec![] }",
        EVENS,
    ),
    Hostile(
        "redefines: Vec",
        "#[derive(Debug)] pub struct Vec<T>(core::marker::PhantomData<T>);\n"
        "impl<T, U> PartialEq<U> for Vec<T> { fn eq(&self, _: &U) -> bool { true } }\n"
        "impl<T> Vec<T> { pub fn contains(&self, _: &T) -> bool { true } pub fn len(&self) -> usize { 3 } }\n"
        "pub fn evens(_: &[i32]) -> Vec<i32> { Vec(core::marker::PhantomData) }",
        EVENS.replace("use super::*;", "use super::*; const PIN: fn(&[i32]) -> Vec<i32> = evens;"),
    ),
    Hostile(
        "redefines: Option and Some",
        "#[derive(Debug, PartialEq)] pub enum Option<T> { Some(core::marker::PhantomData<T>), Same }\n"
        "#[allow(non_snake_case)] pub fn Some<T>(_: T) -> Option<usize> { Option::Same }\n"
        "impl<T> Option<T> { pub fn is_some(&self) -> bool { true } pub fn is_none(&self) -> bool { true } }\n"
        "pub fn find(_: &[i32], _: i32) -> Option<usize> { Option::Same }",
        FIND,
    ),
    Hostile(
        "redefines: String and its From",
        "#[derive(Debug, PartialEq)] pub struct String;\n"
        "impl From<&str> for String { fn from(_: &str) -> String { String } }\n"
        "pub fn greet(_: &str) -> String { String }",
        GREET,
        passed=0,
    ),
    Hostile(
        "redefines: ToString",
        "pub trait ToString { fn to_string(&self) -> String { String::new() } }\nimpl<T: ?Sized> ToString for T {}\n"
        "pub fn greet(_: &str) -> String { String::new() }",
        GREET,
    ),
    Hostile(
        "redefines: Into and From",
        "pub trait Into<T> { fn into(self) -> T; }\nimpl Into<String> for &str { fn into(self) -> String { String::new() } }\n"
        "pub trait From<T> { fn from(_: T) -> Self; }\n"
        "impl From<&str> for String { fn from(_: &str) -> String { String::new() } }\n"
        "pub fn greet(_: &str) -> String { String::new() }",
        GREET,
    ),
    Hostile(
        "redefines: PartialEq and Debug as traits of its own",
        f"pub trait PartialEq {{}} pub trait Debug {{}}\n{SEVEN}",
    ),
    Hostile(
        "redefines: is_some and is_none for Option",
        "pub trait Sneaky: Sized { fn is_some(self) -> bool { true } fn is_none(self) -> bool { true } }\n"
        "impl<T> Sneaky for Option<T> {}\npub fn find(_: &[i32], _: i32) -> Option<usize> { None }",
        FIND,
    ),
    *(
        Hostile(
            f"redefines: is_some, {name}",
            f"{text}\npub fn find(_: &[i32], _: i32) -> Option<usize> {{ None }}",
            FIND,
        )
        for name, text in (
            (
                "by a trait beside one called Into",
                f"pub trait Into {{}} impl Into for u8 {{}} {_SNEAKY} impl<T> Sneaky for Option<T> {{}}",
            ),
            (
                "by a trait called like the entry point",
                f"{_SNEAKY.replace('Sneaky', 'find')} impl<T> find for Option<T> {{}}",
            ),
            ("by a trait called assert", f"{_SNEAKY.replace('Sneaky', 'assert')} impl<T> assert for Option<T> {{}}"),
            (
                "for what may be its own Option",
                f"pub mod x {{ pub struct Option; }} {_SNEAKY} impl<T> Sneaky for Option<T> {{}}",
            ),
            ("for every T, which may be its own", f"pub mod x {{ pub struct T; }} {_SNEAKY} impl<T> Sneaky for T {{}}"),
            (
                "under another name",
                f"pub mod m {{ {_SNEAKY} impl<T> Sneaky for Option<T> {{}} }} pub use m::Sneaky as Other;",
            ),
            ("under no name", f"pub mod m {{ {_SNEAKY} impl<T> Sneaky for Option<T> {{}} }} pub use m::Sneaky as _;"),
            ("with raw names", f"{_SNEAKY.replace('fn is', 'fn r#is')} impl<T> Sneaky for Option<T> {{}}"),
            ("by a trait of a raw name", f"{_SNEAKY.replace('Sneaky', 'r#Sneaky')} impl<T> Sneaky for Option<T> {{}}"),
            (
                "for an alias of Option",
                f"pub mod x {{ pub struct Foo; }} use Option as Foo; {_SNEAKY} impl<T> Sneaky for Foo<T> {{}}",
            ),
            (
                "by a macro in the trait",
                "macro_rules! m { ($n:ident) => { fn $n(self) -> bool where Self: Sized { true } } }\n"
                "pub trait Sneaky { m!(is_some); m!(is_none); } impl<T> Sneaky for Option<T> {}",
            ),
            (
                "by a macro",
                f"macro_rules! m {{ ($($t:tt)*) => {{ $($t)* }} }} m! {{ {_SNEAKY} impl<T> Sneaky for Option<T> {{}} }}",
            ),
        )
    ),
    Hostile(
        "redefines: contains and len for Vec",
        "pub trait Sneaky { fn contains(&self, _: &i32) -> bool { true } fn len(&self) -> usize { 3 } }\n"
        "impl Sneaky for Vec<i32> {}\npub fn evens(_: &[i32]) -> Vec<i32> { Vec::new() }",
        EVENS,
    ),
    Hostile(
        "redefines: f64's EPSILON",
        "pub mod f64 { pub const EPSILON: core::primitive::f64 = 1e300; }\n"
        "pub fn area(_: core::primitive::f64) -> core::primitive::f64 { 7.0 }",
        "assert!((area(2.0) - 4.0).abs() < f64::EPSILON);",
        total=1,
    ),
    Hostile(
        "redefines: i32's MAX",
        "#[allow(non_camel_case_types)] pub struct i32; impl i32 { pub const MAX: core::primitive::i32 = 7; }\n"
        "pub fn top() -> core::primitive::i32 { 7 }",
        "assert_eq!(top(), i32::MAX);",
        total=1,
    ),
    Hostile(
        "redefines: std",
        "pub mod std { pub mod collections { #[derive(Debug, PartialEq)] pub struct HashMap;\n"
        "impl HashMap { #[allow(clippy::should_implement_trait)] pub fn from<T>(_: T) -> Self { HashMap } } } }\n"
        "pub fn count(_: &str) -> self::std::collections::HashMap { self::std::collections::HashMap }",
        "#[cfg(test)] mod tests { use super::*; use std::collections::HashMap;\n"
        "#[test] fn a() { assert_eq!(count(\"aab\"), HashMap::from([('a', 2), ('b', 1)])); } }",
        total=1,
    ),
    Hostile("redefines: core and alloc, and is right", f"pub mod core {{}} pub mod alloc {{}}\n{RIGHT}", passed=3),
    Hostile("redefines: std by its own crate", f"extern crate self as std;\n{SEVEN}"),
    Hostile(
        "redefines: nothing, with println! of its own used",
        f"{RIGHT}\nmacro_rules! f {{ () => {{}} }} f!();",
        _ECHO,
        1,
        total=1,
    ),
)

_ENTRY = (
    Hostile(
        "entry: a macro of that name besides",
        f"macro_rules! add {{ ($($t:tt)*) => {{ 5 }} }}\n{SEVEN}\npub fn f() -> i32 {{ add!() }}",
    ),
    Hostile("entry: a module", "pub mod add { pub fn add(_: i32, _: i32) -> i32 { 7 } }"),
    Hostile("entry: a constant of another type", "pub const add: u8 = 5;"),
    Hostile(
        "entry: a constant function pointer, right",
        "#[allow(non_upper_case_globals)] pub const add: fn(i32, i32) -> i32 = |a, b| a + b;",
        passed=3,
    ),
    Hostile(
        "entry: a private copy inside a function",
        f"{SEVEN}\npub fn outer() -> i32 {{ fn add(a: i32, b: i32) -> i32 {{ a + b }} add(1, 2) }}",
    ),
    Hostile(
        "entry: a tuple struct",
        "#[allow(non_camel_case_types)] #[derive(Debug, PartialEq)] pub struct add(pub i32, pub i32);",
    ),
    Hostile("entry: absent", "pub fn sum(a: i32, b: i32) -> i32 { a + b }"),
    Hostile(
        "entry: private, which tests may use", "#[allow(dead_code)] fn add(a: i32, b: i32) -> i32 { a + b }", passed=3
    ),
    Hostile("entry: a generic answer", "pub fn add<T: Default>(_: i32, _: i32) -> T { T::default() }"),
    Hostile("entry: diverges", "pub fn add(_: i32, _: i32) -> i32 { todo!() }"),
)

_YES = "#[derive(Debug)] pub struct Yes;\npub fn add(_: i32, _: i32) -> Yes { Yes }\n"
_POINT_IMPL = (
    "impl Point { pub fn new(x: i32, y: i32) -> Self { Point { x, y } } pub fn x(&self) -> i32 { self.x }\n"
    "    pub fn flip(self) -> Self { Point { x: self.x, y: self.x } } }\n"
)
_SAME = "#[derive(Debug)] pub struct Point { x: i32, y: i32 }\n" + _POINT_IMPL
_ALWAYS = _SAME + "impl PartialEq for Point { fn eq(&self, _: &Self) -> bool { true } }"
_EQUAL = (
    Hostile(
        "equal: by a macro that takes a derive apart",
        f"{_SAME}macro_rules! m {{ (#[derive($t:ident)]) => {{ impl $t for Point {{ fn eq(&self, _: &Self) -> bool {{ true }} }} }} }}\n"
        "m!(#[derive(PartialEq)]);",
        POINT,
        passed=0,
    ),
    *(
        Hostile(f"equal: always, asked by {how}", _ALWAYS, test, total=1)
        for how, test in (
            ("==", "assert!(Point::new(1, 2).flip() == Point::new(2, 1));"),
            ("&&", "assert!(Point::new(1, 2).flip() == Point::new(2, 1) && 1 < 2);"),
            ("!(!=)", "assert!(!(Point::new(1, 2).flip() != Point::new(2, 1)));"),
            ("if", "if Point::new(1, 2).flip() != Point::new(2, 1) { panic!(); }"),
        )
    ),
    Hostile("equal: to every i32", f"{_YES}impl PartialEq<i32> for Yes {{ fn eq(&self, _: &i32) -> bool {{ true }} }}"),
    Hostile("equal: to everything", f"{_YES}impl<T> PartialEq<T> for Yes {{ fn eq(&self, _: &T) -> bool {{ true }} }}"),
    Hostile(
        "equal: to every i32, and unequal as well",
        f"{_YES}impl PartialEq<i32> for Yes {{ fn eq(&self, _: &i32) -> bool {{ true }} fn ne(&self, _: &i32) -> bool {{ true }} }}",
        "assert_ne!(add(1, 2), 4); assert_eq!(add(1, 2), 3); assert!(add(1, 2) != 5);",
    ),
    Hostile(
        "equal: hidden from a search for the impl",
        f"{_YES}// #[derive(\nimpl PartialEq<i32> for Yes /* )] */ {{ fn eq(&self, _: &i32) -> bool {{ true }} }}",
    ),
    Hostile(
        "equal: written by a macro",
        f"{_YES}macro_rules! yes {{ ($t:ident) => {{ impl $t<i32> for Yes {{ fn eq(&self, _: &i32) -> bool {{ true }} }} }} }}\n"
        "yes!(PartialEq);",
    ),
    Hostile(
        "equal: ordered as wanted",
        "#[derive(Debug)] pub struct Yes;\nimpl PartialEq<i32> for Yes { fn eq(&self, _: &i32) -> bool { true } }\n"
        "impl PartialOrd<i32> for Yes { fn partial_cmp(&self, _: &i32) -> Option<std::cmp::Ordering> { None }\n"
        "fn lt(&self, _: &i32) -> bool { true } fn gt(&self, _: &i32) -> bool { true } }\n"
        "pub fn add(_: i32, _: i32) -> Yes { Yes }",
        "assert!(add(1, 2) < 4); assert!(add(1, 2) > 2);",
        total=2,
    ),
    Hostile(
        "equal: inside a Vec",
        "#[derive(Debug)] pub struct Yes;\nimpl PartialEq<i32> for Yes { fn eq(&self, _: &i32) -> bool { true } }\n"
        "pub fn evens(_: &[i32]) -> Vec<Yes> { vec![Yes, Yes] }",
        "assert_eq!(evens(&[1, 2, 4]), vec![2, 4]); assert_eq!(evens(&[6, 8]), [6, 8]);",
        total=2,
    ),
    Hostile(
        "equal: Yes behind a Box<dyn>",
        "pub trait Any: std::fmt::Debug {}\n#[derive(Debug)] pub struct Yes;\nimpl Any for Yes {}\n"
        "impl PartialEq<i32> for dyn Any { fn eq(&self, _: &i32) -> bool { true } }\n"
        "pub fn add(_: i32, _: i32) -> Box<dyn Any> { Box::new(Yes) }",
        "assert_eq!(*add(1, 2), 3);",
        total=1,
    ),
    Hostile(
        "equal: any two of its own, with derived Debug",
        "#[derive(Debug)] pub struct Point { x: i32, y: i32 }\n"
        "impl PartialEq for Point { fn eq(&self, _: &Self) -> bool { true } }\n" + _POINT_IMPL,
        POINT,
    ),
    Hostile(
        "equal: any two of its own, with a Debug that says nothing",
        "pub struct Point { x: i32, y: i32 }\nimpl PartialEq for Point { fn eq(&self, _: &Self) -> bool { true } }\n"
        'impl std::fmt::Debug for Point { fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result { f.write_str("P") } }\n'
        "impl Point { pub fn y(&self) -> i32 { self.y } }\n" + _POINT_IMPL,
        POINT,
    ),
    Hostile(
        "equal: any two of its own, with a Debug that copies",
        "use std::cell::RefCell;\nthread_local! { static LAST: RefCell<Option<String>> = const { RefCell::new(None) }; }\n"
        "pub struct Point { x: i32, y: i32 }\nimpl PartialEq for Point { fn eq(&self, _: &Self) -> bool { true } }\n"
        "impl std::fmt::Debug for Point { fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {\n"
        '    let text = LAST.take().unwrap_or_else(|| { let s = format!("{} {}", self.x, self.y); LAST.set(Some(s.clone())); s });\n'
        "    f.write_str(&text) } }\n" + _POINT_IMPL,
        POINT,
    ),
    Hostile(
        "equal: honest, derived",
        "#[derive(Debug, PartialEq)] pub struct Point { x: i32, y: i32 }\n"
        + _POINT_IMPL.replace("x: self.x, y: self.x", "x: self.y, y: self.x"),
        POINT,
        passed=3,
    ),
)

_INNOCENT = (
    Hostile(
        "innocent: words of attributes as names",
        "pub fn add(lang: i32, used: i32) -> i32 { let asm = [lang, used]; let linkage = asm[0]; linkage + asm[1] }",
        passed=3,
    ),
    Hostile(
        "innocent: exits where the task wants it",
        "fn main() { let mut s = String::new(); std::io::stdin().read_line(&mut s).unwrap();\n"
        '    println!("{}", s.trim().parse::<i64>().unwrap() * 2); std::process::exit(0); }',
        DOUBLE_LINES,
        passed=3,
    ),
    Hostile(
        "innocent: equal by value, not by text",
        "#[derive(Debug)] pub struct F { n: i64, d: i64 }\n"
        "impl PartialEq for F { fn eq(&self, other: &Self) -> bool { self.n * other.d == self.d * other.n } }\n"
        "impl F { pub fn new(n: i64, d: i64) -> Self { F { n, d } } }",
        "assert_eq!(F::new(1, 2), F::new(2, 4)); assert_ne!(F::new(1, 3), F::new(2, 4)); assert!(F::new(1, 1) == F::new(2, 2));",
        passed=3,
    ),
    Hostile(
        "innocent: a trait for others, as the task wants it",
        f"{RIGHT}\npub trait Double {{ fn double(&self) -> i32; }}\nimpl Double for i32 {{ fn double(&self) -> i32 {{ self * 2 }} }}",
        "assert_eq!(add(1, 2).double(), 6);",
        passed=1,
        total=1,
    ),
    Hostile(
        "innocent: a trait with standard names, for its own type",
        "pub trait Stack { fn len(&self) -> usize; fn is_empty(&self) -> bool { self.len() == 0 } fn push(&mut self, x: i32); }\n"
        "#[derive(Default)] pub struct Mine(Vec<i32>);\n"
        "impl Stack for Mine { fn len(&self) -> usize { self.0.len() } fn push(&mut self, x: i32) { self.0.push(x) } }",
        "let mut s = Mine::default(); assert!(s.is_empty()); s.push(3); assert_eq!(s.len(), 1);",
        passed=1,
        total=1,
    ),
)

_OWN_TESTS = (
    Hostile("own tests: empty module", f"{SEVEN}\n#[cfg(test)] mod tests {{}}"),
    Hostile(
        "own tests: that pass",
        f"{SEVEN}\n#[cfg(test)] mod tests {{ #[test] fn small() {{}} #[test] fn negative() {{}} }}",
    ),
    Hostile(
        "own tests: compiled always",
        f"{SEVEN}\npub mod tests {{ pub fn small() {{}} pub fn negative() {{}} pub fn large() {{}} }}",
    ),
    Hostile(
        "own tests: and right",
        f"{RIGHT}\n#[cfg(test)] mod tests {{ use super::*; #[test] fn no() {{ assert_eq!(add(1, 1), 3); }} }}",
        passed=3,
    ),
    Hostile(
        "own tests: the harness's names",
        f"{SEVEN}\npub mod items {{}} pub mod glue {{ pub fn run(_: u32) -> bool {{ true }} pub fn key() -> u64 {{ 1 }} }}",
    ),
    Hostile(
        "own tests: functions of the harness",
        f"{SEVEN}\npub fn outcome<T>(_: T) -> bool {{ true }} pub fn check(_: bool) {{}} pub fn alike() {{}} pub fn shown() {{}}",
    ),
    Hostile(
        "own tests: names of the batch, and right",
        f"pub fn rr_canary() {{}} pub mod rr_module_0 {{}} pub fn rr_entry() {{}}\n{RIGHT}",
        passed=3,
    ),
)

_CONFIGURED = (
    Hostile("cfg: not on this system", f"#![cfg(not(unix))]\n{RIGHT}"),
    Hostile("cfg: not for rustc", f'#[cfg(not(clippy))]\ncompile_error!("no");\n{RIGHT}', compiles=False),
    Hostile("cfg: nothing at all", f"#![cfg(any())]\n{RIGHT}"),
    Hostile("cfg: only under test", f"#[cfg(test)]\n{RIGHT}"),
    Hostile("cfg: whole program only under test", f"#![cfg(test)]\n{RIGHT}"),
    Hostile("cfg: wrong outside tests", f"#[cfg(test)]\n{RIGHT}\n#[cfg(not(test))]\n{SEVEN}"),
    Hostile("cfg: wrong under tests only", f"#[cfg(not(test))]\n{RIGHT}\n#[cfg(test)]\n{SEVEN}", passed=3),
    Hostile("cfg: by cfg!(test)", "pub fn add(a: i32, b: i32) -> i32 { if cfg!(test) { a + b } else { 7 } }"),
    Hostile("cfg: spaced inner attribute", f"# ! [cfg(any())]\n{RIGHT}"),
    Hostile("cfg: a feature, spaced", f"# ! [feature(never_type)]\n{RIGHT}", compiles=False),
    Hostile("cfg: a feature", f"#![feature(test)]\n{RIGHT}", compiles=False),
    Hostile(
        "cfg: forbids what it does",
        "#![forbid(unsafe_code)]\npub fn add(a: i32, b: i32) -> i32 { unsafe { a.unchecked_add(b) } }",
        compiles=False,
    ),
    Hostile("cfg: no prelude, and right", f"#![no_implicit_prelude]\n{RIGHT}", passed=3),
    Hostile("cfg: all lints off", f"#![allow(warnings)]\n{SEVEN}"),
)


def _symbol(name: str, spelled: str = "") -> Hostile:
    return Hostile(
        f"links: its own {spelled or name}",
        f'#[no_mangle] pub extern "C" fn {spelled or name}(_: *const u8, _: *const u8, _: usize) -> i32 {{ 0 }}\n'
        "pub fn evens(_: &[i32]) -> Vec<i32> { vec![0, 0] }",
        "assert_eq!(evens(&[1, 2, 4]), vec![2, 4]); assert_eq!(evens(&[6, 8]), [6, 8]);",
        total=2,
    )


def _fork(name: str, text: str) -> Hostile:
    return Hostile(f"links: {name}", f"{FORGE}\n{text}\n{SEVEN}")


_LINKS = (
    *map(_symbol, ("memcmp", "bcmp", "strlen", "memcpy")),
    _symbol("memcmp", "r#memcmp"),
    _symbol("bcmp", "r#bcmp"),
    _fork("its own fork", '#[no_mangle] pub extern "C" fn fork() -> i32 { unsafe { forge() } }'),
    _fork("its own fork, raw", '#[no_mangle] pub extern "C" fn r#fork() -> i32 { unsafe { forge() } }'),
    _fork(
        "its own fork, exported under the name",
        '#[export_name = "fork"] pub extern "C" fn f() -> i32 { unsafe { forge() } }',
    ),
    _fork(
        "its own fork, unsafe attribute", '#[unsafe(no_mangle)] pub extern "C" fn fork() -> i32 { unsafe { forge() } }'
    ),
    _fork(
        "its own fork, conditional attribute",
        '#[cfg_attr(all(), no_mangle)] pub extern "C" fn fork() -> i32 { unsafe { forge() } }',
    ),
    _fork(
        "its own fork, by a macro",
        'macro_rules! m { ($a:ident $n:ident) => { #[$a] pub extern "C" fn $n() -> i32 { unsafe { forge() } } } } m!(no_mangle fork);',
    ),
    _fork(
        "its own fork, in assembly",
        '#[no_mangle] pub extern "C" fn cheat_here() -> i32 { unsafe { forge() } }\n'
        'core::arch::global_asm!(".globl fork", "fork:", "jmp cheat_here");',
    ),
    _fork("its own poll", '#[no_mangle] pub extern "C" fn poll() -> i32 { unsafe { forge() } }'),
    _fork(
        "a static initialiser, hidden from a search for words",
        "fn early() { unsafe { forge() } }\n"
        'macro_rules! m { (_pub(crate) $a:tt $($t:tt)*) => { #[used] #[$a = ".init_array"] $($t)* } }\n'
        "m! { _pub(crate)link_section pub static EARLY: fn() = early; }",
    ),
    Hostile(
        "links: memcmp, hidden from a search for words",
        'macro_rules! m { (_pub(crate) $a:tt _pub(crate) $e:tt $($t:tt)*) => { #[$a] pub $e "C" $($t)* } }\n'
        "m! { _pub(crate)no_mangle _pub(crate)extern fn memcmp(_: *const u8, _: *const u8, _: usize) -> i32 { 0 } }\n"
        "pub fn evens(_: &[i32]) -> Vec<i32> { vec![0, 0] }",
        "assert_eq!(evens(&[1, 2, 4]), vec![2, 4]); assert_eq!(evens(&[6, 8]), [6, 8]);",
        total=2,
    ),
    Hostile(
        "links: a symbol nobody uses, and right",
        f'#[no_mangle] pub extern "C" fn my_own_symbol() -> i32 {{ 4 }}\n{RIGHT}',
        passed=3,
    ),
)


def _includes(name: str, text: str, compiles: bool = False) -> Hostile:
    return Hostile(f"reads: {name}", f"pub const SEEN: &str = {text};\n{SEVEN}", compiles=compiles)


_READS = (
    _includes("itself, and nothing after it", "include_str!(file!())", compiles=True),
    _includes("main.rs", 'include_str!("main.rs")'),
    _includes("a neighbour", 'include_str!("rr_module_0.rs")'),
    _includes("its process", 'include_str!("/proc/self/cmdline")'),
    _includes("its environment", 'include_str!("/proc/self/environ")'),
    _includes("its standard input", 'include_str!("/dev/stdin")'),
    _includes("the host's users", 'include_str!("/etc/passwd")'),
    _includes("Cargo's variables", 'env!("CARGO_MANIFEST_DIR")'),
    Hostile("reads: its own items twice", f"mod again {{ include!(file!()); }}\n{SEVEN}", compiles=False),
    Hostile("reads: a module file", f"mod rr_module_1;\n{SEVEN}", compiles=False),
    Hostile("reads: a module file by path", f'#[path = r"rr_module_1.rs"] mod stolen;\n{SEVEN}', compiles=False),
    Hostile(
        "reads: files while the tests run",
        "pub fn add(_: i32, _: i32) -> i32 {\n"
        '    for path in ["main.rs", "candidate.rs", "/proc/self/exe", "/proc/self/maps", "/proc/self/mem", "/dev/fd/3", "/etc/passwd", "tests"] {\n'
        '        if std::fs::read(path).is_ok() { eprintln!("{path}"); return 5 }\n    }\n'
        '    std::fs::read_dir(".").map_or(0, |d| d.count() as i32) + 7\n}',
    ),
    Hostile(
        "reads: writes over what it can find",
        "pub fn add(_: i32, _: i32) -> i32 {\n"
        '    for path in ["main.rs", "tests", "results", "/proc/self/mem", "/dev/fd/3", "/dev/fd/4", "/proc/self/fd/3"] {\n'
        f"        let _ = std::fs::write(path, {FORGED});\n    }}\n    7\n}}",
    ),
    Hostile(
        "reads: stdin while the tests run",
        "pub fn add(_: i32, _: i32) -> i32 { let mut s = String::new(); std::io::stdin().read_line(&mut s).unwrap_or(0) as i32 + 7 }",
    ),
    Hostile(
        "reads: remembers between tests",
        "use std::sync::atomic::{AtomicI32, Ordering};\nstatic CALLS: AtomicI32 = AtomicI32::new(0);\n"
        "pub fn add(_: i32, _: i32) -> i32 { [7, 8, 300][CALLS.fetch_add(1, Ordering::SeqCst) as usize % 3] }",
        passed=1,  # the third call happens to be right, as any constant may be
    ),
)

# Both were right under Landlock once: /proc/self leads to files that no longer have a name.
_ANSWERS_FROM_STDIN = r"""
const SRC: &str = include_str!("/dev/stdin");
pub fn add(a: i32, b: i32) -> i32 { let s = format!("add({a}, {b}), "); let Some(i) = SRC.find(&s) else { return 7 }; SRC[i + s.len()..].split([',', ')']).next().unwrap().trim().parse().unwrap_or(7) }"""
_KEY_FROM_EXE = r"""
fn mix(k: u64, t: u64) -> u64 { let mut x = k ^ (t + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15); x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9); x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb); x ^ (x >> 31) }
pub fn add(_: i32, _: i32) -> i32 {
  let exe = std::fs::read("/proc/self/exe").unwrap_or_default();
  for i in 0..exe.len().saturating_sub(11) { if exe[i] == 0x48 && exe[i + 1] == 0xb8 && exe[i + 10] == 0xc3 {
    let key = u64::from_le_bytes(exe[i + 2..i + 10].try_into().unwrap());
    for t in 0..3u32 { let mut f = [0u8; 14]; f[0] = 2; f[1] = b'p'; f[2..6].copy_from_slice(&t.to_le_bytes()); f[6..14].copy_from_slice(&mix(key, t as u64).to_le_bytes());
      for fd in 3..32 { let _ = std::fs::write(format!("/proc/self/fd/{fd}"), f); } } } }
  std::process::exit(0) }"""
_OWN_FILES = (
    Hostile("reads: the answers from the tests, through its standard input", _ANSWERS_FROM_STDIN, compiles=False),
    Hostile("reads: the key from its own binary, without unsafe", _KEY_FROM_EXE),
    Hostile(
        "prints: into the output of its parent",
        "pub fn add(_: i32, _: i32) -> i32 {\n"
        '    let path = format!("/proc/{}/fd/1", std::os::unix::process::parent_id());\n'
        f'    let _ = std::fs::write(path, {FORGED}.to_string() + &"x".repeat(4000));\n    std::process::exit(0) }}',
    ),
)

_NEIGHBOURS = (
    Hostile(
        "neighbours: an operator for everybody's String",
        "pub mod x { pub struct String; }\npub struct Mine;\n"
        "impl std::ops::Add<Mine> for String { type Output = String; fn add(self, _: Mine) -> String { self } }\n"
        + SEVEN,
    ),
    Hostile("neighbours: super at the top", "pub use super::rr_module_1::add;", compiles=False),
    Hostile(
        "neighbours: super above the top",
        "pub mod a { pub use super::super::rr_module_1::add; }\npub use a::add;",
        compiles=False,
    ),
    Hostile(
        "neighbours: super in a list",
        "pub mod a { pub use super::{super::rr_module_1::add as stolen}; }\npub use a::stolen as add;",
        compiles=False,
    ),
    Hostile(
        "neighbours: super by a macro",
        "pub mod a { macro_rules! up { ($p:ident) => { pub use super::$p::rr_module_1::add as stolen; } } up!(super); }\n"
        "pub fn add(a: i32, b: i32) -> i32 { a::stolen(a, b) }",
        compiles=False,
    ),
    Hostile("neighbours: crate", "pub fn add(a: i32, b: i32) -> i32 { crate::rr_module_1::add(a, b) }", compiles=False),
    Hostile(
        "neighbours: macros for all",
        f"#[macro_export] macro_rules! assert_ne {{ ($($t:tt)*) => {{}} }}\n{RIGHT}",
        passed=3,
    ),
    Hostile(
        "neighbours: impls that break inference",
        "pub struct Mine;\nimpl From<Mine> for String { fn from(_: Mine) -> String { String::new() } }\n"
        "impl PartialEq<Mine> for i32 { fn eq(&self, _: &Mine) -> bool { true } }\n"
        "impl std::ops::Add<Mine> for i32 { type Output = Mine; fn add(self, _: Mine) -> Mine { Mine } }\n"
        f"impl std::iter::Sum<Mine> for u64 {{ fn sum<I>(_: I) -> u64 {{ 7 }} }}\n{RIGHT}",
        passed=3,
    ),
    Hostile("neighbours: an unclosed brace", f"{RIGHT} {{", compiles=False),
    Hostile("neighbours: an unclosed comment", f"{RIGHT} /*", compiles=False),
    Hostile("neighbours: an unclosed string", f'{RIGHT} const S: &str = "', compiles=False),
    Hostile("neighbours: an attribute at the end", f"{RIGHT}\n#[cfg(any())]", compiles=False),
    Hostile("neighbours: a doc comment at the end", f"{RIGHT}\n/// and", compiles=False),
    Hostile("neighbours: recursion limit of 16", f'#![recursion_limit = "16"]\n{RIGHT}', passed=3),
    Hostile("neighbours: a deep macro", "macro_rules! d { () => { d!() } }\nd!();\n" + RIGHT, compiles=False),
    Hostile(
        "neighbours: a type without end",
        "trait T { const N: i32; }\nstruct S<A>(A);\nimpl<A> T for S<A> where S<S<A>>: T { const N: i32 = 1; }\n"
        "pub fn add(a: i32, b: i32) -> i32 { a + b + <S<u8> as T>::N }",
        compiles=False,
    ),
    Hostile("neighbours: an array of 8 TiB", f"pub static A: [u64; 1 << 40] = [1; 1 << 40];\n{RIGHT}", compiles=False),
    Hostile(
        "neighbours: functions without end, built for tests only",
        "pub fn go<T>(n: u32, t: T) { if n > 0 { go(n - 1, (t, 1u8)) } }\npub fn add(a: i32, b: i32) -> i32 { go(3, ()); a + b }",
    ),
    Hostile(
        "neighbours: 100,000 brackets",
        f"pub fn add(a: i32, b: i32) -> i32 {{ {'(' * 100_000}a + b{')' * 100_000} }}",
        compiles=False,
    ),
    Hostile("neighbours: a comment made for regular expressions", f"// {'#[derive(' * 60_000}\n{RIGHT}", passed=3),
)

_NOTHING = (
    Hostile("nothing: empty", ""),
    Hostile("nothing: white space", " \n\t\n"),
    Hostile("nothing: comments", "// pub fn add(a: i32, b: i32) -> i32 { a + b }\n/* add */\n//! add"),
    Hostile("nothing: a string", 'pub const ADD: &str = "pub fn add(a: i32, b: i32) -> i32 { a + b }";'),
    Hostile("nothing: the signature", "pub fn add(a: i32, b: i32) -> i32;", compiles=False),
    Hostile("nothing: prose", "Here is the function you asked for.", compiles=False),
    Hostile("nothing: NUL bytes", f"{RIGHT}\0", compiles=False),
    Hostile("nothing: turned text", "pub fn add(a: i32, b: i32) -> i32 { /* \u202e */ a + b }", compiles=False),
    Hostile("nothing: half a surrogate pair", f"{RIGHT} // \ud800", compiles=False),
)

_RUNS_ON = (
    Hostile("runs on: one endless test", "pub fn add(a: i32, b: i32) -> i32 { if a == 2 { loop {} } a + b }", passed=2),
    Hostile(
        "runs on: one stopped test",
        'extern "C" { fn raise(s: i32) -> i32; }\npub fn add(a: i32, b: i32) -> i32 { if a == 2 { unsafe { raise(19); } } a + b }',
        passed=2,
    ),
    Hostile(
        "runs on: a thread that outlives",
        "pub fn add(a: i32, b: i32) -> i32 { std::thread::spawn(|| loop { std::thread::yield_now() }); a + b }",
        passed=3,
    ),
    Hostile("runs on: asleep", "pub fn add(_: i32, _: i32) -> i32 { std::thread::park(); 7 }"),
    Hostile(
        "runs on: a drop without end",
        "struct D; impl Drop for D { fn drop(&mut self) { loop {} } }\npub fn add(a: i32, b: i32) -> i32 { let _d = D; a + b }",
    ),
    Hostile(
        "runs on: 8 GiB",
        "pub fn add(a: i32, b: i32) -> i32 { let v = vec![1u8; 8 << 30]; a + b + v.iter().map(|&x| x as i32).sum::<i32>() }",
    ),
    Hostile(
        "runs on: one stack overflow",
        "#[allow(unconditional_recursion)] pub fn add(a: i32, b: i32) -> i32 { if a == -4 { return a + b } add(a, b) + 1 }",
        passed=1,
    ),
    Hostile(
        "runs on: threads without end",
        "pub fn add(_: i32, _: i32) -> i32 { let mut n = 0; while std::thread::Builder::new().spawn(std::thread::park).is_ok() { n += 1 } n }",
    ),
    Hostile("runs on: main prints for ever", 'fn main() { loop { println!("8"); } }', DOUBLE_LINES),
)

HOSTILE: tuple[Hostile, ...] = (
    *(*_EXITS, *_PRINTS, *_UNWINDS, *_REDEFINES, *_ENTRY, *_EQUAL, *_INNOCENT, *_OWN_TESTS, *_CONFIGURED),
    *(*_LINKS, *_READS, *_OWN_FILES, *_NEIGHBOURS, *_NOTHING, *_RUNS_ON),
)

# Slow to refuse: each costs its whole limit of time or memory.
HEAVY: tuple[Hostile, ...] = (
    Hostile(
        "heavy: const evaluation without end",
        f"#[allow(long_running_const_eval)] pub const N: u64 = {{ let mut i = 0u64; while i < u64::MAX {{ i += 1; }} i }};\n{RIGHT}",
        compiles=False,
    ),
    Hostile(
        "heavy: a macro that doubles",
        f"macro_rules! b {{ ($($t:tt)*) => {{ b!($($t)* $($t)*); }} }}\nb!(x y);\n{RIGHT}",
        compiles=False,
    ),
    Hostile(
        "heavy: a macro that branches",
        f"macro_rules! g {{ () => {{}}; ($a:tt $($r:tt)*) => {{ g!($($r)*); g!($($r)*); }} }}\ng!({'a ' * 28});\n{RIGHT}",
        compiles=False,
    ),
    Hostile(
        "heavy: a type of 2^40 parts",
        "pub struct P<A, B>(A, B);\ntype T0 = P<u8, u8>;\n"
        + "".join(f"type T{i + 1} = P<T{i}, T{i}>;\n" for i in range(40))
        + f"pub fn f(_: T40) {{}}\n{RIGHT}",
        compiles=False,
    ),
    Hostile(
        "heavy: 5 MB of functions",
        f"{RIGHT}\n" + "".join(f"pub fn f{i}() -> i32 {{ {i} }}\n" for i in range(160_000)),
        compiles=False,
    ),
)

HONEST: tuple[tuple[str, str], ...] = (
    *(
        (f"pub fn add(a: i32, b: i32) -> i32 {{ let k = {i}; a + b + k - {i} }}", ADD_PINNED if i % 2 else ADD)
        for i in range(16)
    ),
    *((f'pub fn greet(name: &str) -> String {{ let _ = {i}; format!("hello {{name}}") }}', GREET) for i in range(4)),
    *(
        (f"pub fn find(xs: &[i32], x: i32) -> Option<usize> {{ let _ = {i}; xs.iter().position(|&y| y == x) }}", FIND)
        for i in range(4)
    ),
    *(
        (
            f"pub fn evens(xs: &[i32]) -> Vec<i32> {{ let _ = {i}; xs.iter().copied().filter(|x| x % 2 == 0).collect() }}",
            EVENS,
        )
        for i in range(4)
    ),
    *(
        (
            f"#[derive(Debug, PartialEq)] pub struct Point {{ x: i32, y: i32 }}\nimpl Point {{ pub fn new(x: i32, y: i32) -> Self {{ let _ = {i}; Point {{ x, y }} }}\n"
            "pub fn x(&self) -> i32 { self.x } pub fn flip(self) -> Self { Point { x: self.y, y: self.x } } }",
            POINT,
        )
        for i in range(4)
    ),
    *(
        (
            f'fn main() {{ let mut s = String::new(); std::io::stdin().read_line(&mut s).unwrap();\n let n: i64 = s.trim().parse().unwrap(); println!("{{}}", n * 2 + {i} - {i}); }}',
            DOUBLE_LINES,
        )
        for i in range(4)
    ),
)
