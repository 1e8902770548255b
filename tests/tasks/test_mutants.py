"""Mutants of programs: what is changed, what is not, and that it is always the same."""

import subprocess
import sys

import pytest

from rust_rewards import verify
from rust_rewards.syntax.tree import parse_rust
from rust_rewards.tasks import load_tasks
from rust_rewards.tasks.body_values import own_values, values_of
from rust_rewards.tasks.mutants import mutants_of
from rust_rewards.tasks.mutation import KINDS


def changes(body, kind, *, head="pub fn f(a: i32, b: i32, v: &[i32])", before=""):
    """Return what the mutants of one kind put in the place of what, in a function with this body."""
    made = mutants_of(f"{before}{head} {{ {body} }}")
    return [(mutant.before, mutant.after) for mutant in made if mutant.kind == kind]


# The right side is worked out by hand: every change of that kind, and no other.
CASES = [
    ("operator", "g(a + b);", [("a + b", "a - b")]),
    ("operator", "g(a << b & a);", [("a << b & a", "a << b | a"), ("a << b", "a >> b")]),
    ("operator", "x ^= a;", [("x ^= a", "x &= a")]),
    ("operator", "g(-a, !b, -0);", [("-a", "a"), ("!b", "b")]),
    ("operator", "g(a > 0 && b > 0);", [("a > 0 && b > 0", "a > 0 || b > 0")]),
    ("comparison", "g(a == b, a <= b);", [("a == b", "a != b"), ("a <= b", "a >= b")]),
    ("bound", "g(a < b, a >= b);", [("a < b", "a <= b"), ("a >= b", "a > b")]),
    ("bound", "for i in 0..a { g(&v[1..], ..=i) }", [("0..a", "0..=a"), ("..=i", "..i")]),
    ("bound", "match a { 1..=9 => g(), _ => h() }", [("1..=9", "1..9")]),
    ("constant", "g(0, 7u8, 0xff);", [("0", "1"), ("7u8", "8u8"), ("7u8", "6u8"), ("0xff", "256"), ("0xff", "254")]),
    ("constant", "g(1_000, 0777);", [("1_000", "1001"), ("1_000", "999"), ("0777", "778"), ("0777", "776")]),
    ("constant", "g(1.5, 2f32, 1e3);", [("1.5", "2.5"), ("2f32", "3.0f32"), ("1e3", "1001.0")]),
    ("constant", "g(true, 'a', 'z', b'9', ' ', '\\n');", None),
    ("constant", 'g("", "text", b"", r#"raw"#);', None),
    ("constant", "let s = [0u8; 26];", [("0u8", "1u8"), ("26", "25")]),
    ("constant", "g(vec![1], matches!(a, 3..=4));", None),
    ("constant", 'g(format!("{a}:{}", b));', [('"{a}:{}"', '"x{a}:{}"')]),
    ("condition", "if a < b { g() }", [("a < b", "!(a < b)")]),
    ("condition", "while g(a) { h() }", [("g(a)", "!(g(a))")]),
    ("condition", "match a { n if n > b => g(), _ => h() }", [("n > b", "!(n > b)")]),
    ("condition", "if a == b { g() } if !h() { g() } if let Some(x) = v.get(0) { g() }", []),
    ("branch", "if a < b { g() } else { h() }", [("a < b", "true"), ("a < b", "false")]),
    ("branch", "while g() { h() }", [("g()", "false")]),
    ("branch", "match a { 1 => g(), 2 => h(), _ => i() }", [("1 => g(),", ""), ("2 => h(),", "")]),
    ("branch", "match a { 1 => g(), n => h(n) }", [("1 => g(),", "")]),
    ("branch", "match v { [] => g(), [x, ..] => h() }", []),
    ("statement", "x += 1; g(); let y = 2; return;", [("x += 1;", ""), ("g();", ""), ("return;", "")]),
    ("statement", "let a = a.abs(); let c = a;", [("let a = a.abs();", "")]),
    ("statement", "for x in v { g(x) } h()", [("for x in v { g(x) }", ""), ("g(x)", ""), ("h()", "")]),
    ("statement", "g()", []),  # the empty body is the same
    ("variant", "g(Some(a), Ordering::Less);", [("Some(a)", "None"), ("Ordering::Less", "Ordering::Greater")]),
    ("variant", "if let None = g() { h(None) }", [("None", "Some(Default::default())")]),
    ("arguments", "g(a, b); h(a, a);", [("g(a, b)", "g(b, a)")]),
    ("arguments", "g(a, b, 1);", [("g(a, b, 1)", "g(b, a, 1)"), ("g(a, b, 1)", "g(a, 1, b)")]),
    ("arguments", "v.swap(a, b); a.max(b);", []),
    ("call", "g(v.first(), a.min(b));", [("v.first()", "v.last()"), ("a.min(b)", "a.max(b)")]),
    ("call", "g(v.iter().rev());", [("v.iter().rev()", "v.iter()")]),
    ("call", "g(v.iter().sum::<i32>());", [("v.iter().sum::<i32>()", "v.iter().product::<i32>()")]),
]
MORE = {
    "g(true, 'a', 'z', b'9', ' ', '\\n');": [
        ("true", "false"),
        ("'a'", "'b'"),
        ("'z'", "'y'"),
        ("b'9'", "b'8'"),
        ("' '", "'x'"),
        ("'\\n'", "'x'"),
    ],
    'g("", "text", b"", r#"raw"#);': [('""', '"xyzzy"'), ('"text"', '""'), ('b""', 'b"xyzzy"'), ('r#"raw"#', '""')],
    "g(vec![1], matches!(a, 3..=4));": [("1", "2"), ("1", "0"), ("3", "4"), ("3", "2"), ("4", "5"), ("4", "3")],
}


@pytest.mark.parametrize(("kind", "body", "expected"), CASES, ids=[f"{kind}: {body}" for kind, body, _ in CASES])
def test_what_a_kind_changes(kind, body, expected):
    assert changes(body, kind) == (MORE[body] if expected is None else expected)


RETURNED = {
    "bool": ["true", "false"],
    "i8": ["0", "1", "-1"],
    "u64": ["0", "1"],
    "f64": ["0.0", "1.0", "-1.0"],
    "String": ["String::new()", 'String::from("xyzzy")'],
    "&'static str": ['""', '"xyzzy"'],
    "Option<bool>": ["None", "Some(true)", "Some(false)"],
    "Result<u8, String>": ["Ok(0)", "Ok(1)", "Err(String::new())"],
    "Result<u8, Fail>": ["Ok(0)", "Ok(1)", "Err(Fail::Empty)"],
    "std::fmt::Result": ["Ok(Default::default())", "Err(Default::default())"],
    "Vec<(u8, bool)>": ["vec![]", "vec![(0, true)]", "vec![(1, false)]"],
    "Box<i32>": ["Box::new(0)", "Box::new(1)", "Box::new(-1)"],
    "[u8; 4]": ["[0; 4]", "[1; 4]"],
    "&[u8]": ["&[]", "Box::leak(Box::new([0]))", "Box::leak(Box::new([1]))"],
    "&mut u8": ["Box::leak(Box::new(0))", "Box::leak(Box::new(1))"],
    "HashMap<u8, bool>": [
        "Default::default()",
        "[(0, true)].into_iter().collect()",
        "[(1, false)].into_iter().collect()",
    ],
    "impl Iterator<Item = u8>": ["std::iter::empty()", "std::iter::once(0)", "std::iter::once(1)"],
    "Fail": ["Fail::Empty", "Fail::Bad"],
    "Stack": ["Default::default()"],
    "Self": ["Default::default()"],
    "!": [],
    "T": [],
    "Option<T>": ["None"],
    "(T, u8)": [],
}


@pytest.mark.parametrize("kind", RETURNED)
def test_values_of_a_type(kind):
    root = parse_rust(f"enum Fail {{ Empty, Other(u8), Bad }} fn f<T>() -> {kind} {{ }}".encode()).root_node
    returned = root.named_children[1].child_by_field_name("return_type")
    assert values_of(returned, own_values(root) | {"T": ()}) == RETURNED[kind]


def test_a_body_becomes_a_value_or_an_argument_of_the_returned_type_and_nothing_when_nothing_is_returned():
    assert [after for _, after in changes("a + b", "body", head="pub fn f(a: u8, b: &u8) -> u8")] == [
        "{ 0 }",
        "{ 1 }",
        "{ a }",
    ]
    assert [after for _, after in changes("g();", "body")] == ["{}"]


def test_values_inside_a_swapped_variant_follow_the_signature():
    enum = "pub enum Fail { Empty, Bad }\n"
    made = changes(
        "if a { return Err(Fail::Bad); } Ok(3)", "variant", head="pub fn f() -> Result<u8, Fail>", before=enum
    )
    assert made == [("Err(Fail::Bad)", "Ok(0)"), ("Fail::Bad", "Fail::Empty"), ("Ok(3)", "Err(Fail::Empty)")]


LIVE = """
const USED: i32 = 5;
const UNUSED: i32 = 6;
pub fn asked(a: i32) -> i32 { helper(a) + USED }
fn helper(a: i32) -> i32 { a }
fn nobody(a: i32) -> i32 { a * 7 }
pub fn other(a: i32) -> i32 { a * 8 }
#[cfg(test)]
mod tests {
    #[test]
    fn t() { assert_eq!(super::asked(9), 9); }
}
"""


def test_only_what_the_entry_point_reaches_is_changed():
    assert {mutant.function for mutant in mutants_of(LIVE, entry_point="asked")} == {"USED", "asked", "helper"}
    assert {mutant.function for mutant in mutants_of(LIVE)} == {"USED", "asked", "helper", "other"}


UNCHANGED = [
    "if false { g(1); }",
    "while false { g(1); }",
    "if true { } else { g(1); }",
    "return; g(1);",
    "panic!(); g(1);",
    "#[cfg(test)] g(1);",
    "#[cfg(windows)] { g(1); }",
    "// g(1);",
    "let v: Vec<[u8; 4]> = Vec::with_capacity(16);",
    'let w = o.expect("there is one");',
    'eprintln!("{}", 1);',
    'println!("{}", 1);',
    "debug_assert!(a > 1);",
    "let f = g as fn([u8; 3]) -> u8;",
    "fn inner() -> u8 { 1 }",
]


@pytest.mark.parametrize("body", UNCHANGED)
def test_what_cannot_run_or_be_seen_is_not_changed(body):
    kinds = {mutant.kind for mutant in mutants_of(f"pub fn f() {{ {body} }}")} - {"body"}
    assert kinds <= ({"statement"} if body.startswith(("return", "panic")) else set())


def test_what_a_program_prints_can_be_seen():
    made = mutants_of('fn main() { println!("{}", 1); g() }', entry_point="main")
    assert [mutant.after for mutant in made] == ["{}", "", '"x{}"', "2", "0", ""]


def test_a_reserved_buffer_and_a_maximum_written_as_a_branch_have_no_equivalent_mutants():
    assert changes("if a > b { a } else { b }", "bound", head="pub fn f(a: u8, b: u8) -> u8") == []
    assert changes("if a > b { b } else { a + 1 }", "bound") == [("a > b", "a >= b")]


def test_mutants_with_the_same_tokens_are_made_once_and_none_is_the_program_itself():
    source = "pub fn f() -> bool { true /* yes */ }"
    assert [(mutant.kind, mutant.after) for mutant in mutants_of(source)] == [("body", "{ false }")]


@pytest.mark.parametrize(
    ("source", "afters"),
    [
        ("pub fn f() { g() }", ["{}"]),  # the same as without the statement
        ("pub fn f() { a(); a(); a(); }", ["{}", ""]),  # whichever of them goes
        ("pub fn f() -> u8 { /* 0 */ 0 }", ["{ 1 }"]),  # not `{ 0 }`, and the constant only once
        ('pub fn f() -> &\'static str { "a b" }', ['{ "" }', '{ "xyzzy" }']),
        ('pub fn f() -> &\'static str { "/**/" }', ['{ "" }', '{ "xyzzy" }']),
    ],
)
def test_changes_to_the_same_tokens_are_made_once(source, afters):
    assert [mutant.after for mutant in mutants_of(source)] == afters


def test_a_program_of_many_kilobytes_is_mutated_in_time_and_memory_of_its_size():
    lines = "".join(f"    let b{i} = a * {i} + {i};\n" for i in range(5000))
    made = mutants_of(f"pub fn f(a: i64) -> i64 {{\n{lines}    a\n}}\n", limit=20)
    assert len({mutant.source for mutant in made}) == 20


def test_a_mutant_tells_where_it_is_and_shows_its_change():
    source = "/// Larger.\npub fn f(a: i8) -> i8 {\n    let b = 2;\n    a + b\n}\n"
    [mutant] = [mutant for mutant in mutants_of(source) if mutant.kind == "operator"]
    assert (mutant.function, mutant.line, mutant.before, mutant.after) == ("f", 4, "a + b", "a - b")
    assert mutant.source == source.replace("a + b", "a - b")
    assert mutant.diff().splitlines() == [
        "--- reference",
        "+++ mutant",
        "@@ -2,4 +2,4 @@",
        " pub fn f(a: i8) -> i8 {",
        "     let b = 2;",
        "-    a + b",
        "+    a - b",
        " }",
    ]


def test_characters_of_several_bytes_stay_whole():
    source = "pub fn f() -> &'static str { g('é', \"日本\", 1) }"
    afters = [mutant.after for mutant in mutants_of(source) if mutant.kind == "constant"]
    assert afters == ["'x'", '""', "2", "0"]


@pytest.mark.parametrize("source", ["", "pub fn f() {", "fn f() -> i32 { 1 }}", "// nothing", "print('python')"])
def test_a_program_that_does_not_parse_or_holds_nothing_has_no_mutants(source):
    assert mutants_of(source) == []


def test_nesting_of_any_depth_is_followed():
    deep = f"pub fn f() -> i32 {{ {'(' * 3000}1{')' * 3000} }}"
    assert "2" in [mutant.after for mutant in mutants_of(deep)]


LONG = "pub fn f(a: i32) -> i32 {\n" + "".join(f"    let b{i} = a + {i};\n" for i in range(40)) + "    a\n}\n"


def test_a_sample_has_every_kind_keeps_the_order_and_follows_its_seed():
    every = mutants_of(LONG)
    sample = mutants_of(LONG, limit=12)
    assert len(sample) == 12
    assert {mutant.kind for mutant in sample} == {mutant.kind for mutant in every} == {"body", "operator", "constant"}
    assert [every.index(mutant) for mutant in sample] == sorted(every.index(mutant) for mutant in sample)
    assert mutants_of(LONG, limit=12, seed=1) != sample
    assert mutants_of(LONG, limit=len(every)) == every


def test_a_sample_is_the_same_in_every_process():
    code = "import sys; from rust_rewards.tasks.mutants import mutants_of\n"
    code += "print([m.line for m in mutants_of(sys.stdin.read(), limit=12)])"
    printed = {
        subprocess.run(
            [sys.executable, "-c", code], input=LONG, env={"PYTHONHASHSEED": seed}, text=True, capture_output=True
        ).stdout
        for seed in ("1", "2")
    }
    assert printed == {f"{[mutant.line for mutant in mutants_of(LONG, limit=12)]}\n"}


REFERENCES = [row for name in ("train", "eval") for row in load_tasks(name)]


def test_mutants_of_the_shipped_references_are_distinct_and_of_every_kind():
    kinds = set()
    for row in REFERENCES:
        made = mutants_of(row["reference"], entry_point=row["entry_point"])
        sources = {mutant.source for mutant in made}
        assert len(sources) == len(made)
        assert row["reference"] not in sources
        kinds |= {mutant.kind for mutant in made}
    assert kinds == set(KINDS)


def test_most_mutants_compile():
    programs = [m.source for row in REFERENCES[::12] for m in mutants_of(row["reference"], limit=12)]
    verdicts = verify(programs)
    assert not [verdict.failure for verdict in verdicts if verdict.failure]
    assert sum(verdict.compiles for verdict in verdicts) > 0.8 * len(programs) > 100
