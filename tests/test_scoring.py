"""The rules of the score as properties, over made-up verdicts and over real programs judged by rustc."""

import dataclasses
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from paths import ROOT

from rust_rewards.ast_metrics import analyze_ast
from rust_rewards.scoring import COMPONENTS, RewardBreakdown, RewardConfig, compute_reward, style_points
from rust_rewards.verifier import Diagnostic, Verdict, verify

ERROR = Diagnostic("error", "E0308", "mismatched types")
WARNING = Diagnostic("warning", "unused_variables", "unused variable: `x`")
CLEAN = Verdict(parses=True, compiles=True)
BROKEN = Verdict(parses=True, errors=(ERROR,))

# The README's table: the same task family from good to bad, judged by rustc in `test_the_worked_table`.
EXAMPLES = {
    "iterators": """/// Sums the squares of the even numbers.
pub fn even_squares(numbers: &[i64]) -> i64 {
    numbers.iter().filter(|n| *n % 2 == 0).map(|n| n * n).sum()
}
""",
    "error handling": """use std::num::ParseIntError;

/// Adds up numbers that stand on a line each.
pub fn total(text: &str) -> Result<i64, ParseIntError> {
    let mut sum = 0;
    for line in text.lines() {
        sum += line.trim().parse::<i64>()?;
    }
    Ok(sum)
}
""",
    "struct": """/// A bank account, in cents.
pub struct Account {
    balance: i64,
}

impl Account {
    /// Opens an account.
    pub fn new(balance: i64) -> Self {
        Account { balance }
    }

    /// Puts money in and returns the new balance.
    pub fn deposit(&mut self, cents: i64) -> i64 {
        self.balance += cents;
        self.balance
    }
}
""",
    "unwrap": """/// Adds up numbers that stand on a line each.
pub fn total(text: &str) -> i64 {
    text.lines().map(|line| line.parse::<i64>().unwrap()).sum()
}
""",
    "type mismatch": '/// Adds.\npub fn add(a: i64, b: i64) -> i64 {\n    format!("{}", a + b)\n}\n',
    "copied signature": "/// Adds.\npub fn add(a: i64, b: i64) -> i64 {\n    todo!()\n}\n",
    "syntax error": "/// Adds.\npub fn add(a: i64, b: i64) -> i64 {\n    a +\n}\n",
    "empty": "",
}


def score(source, verdict=CLEAN, entry_point=None, config=None):
    return compute_reward(verdict, analyze_ast(source, entry_point=entry_point), config or RewardConfig())


def real_score(source, entry_point=None):
    return score(source, verify([source])[0], entry_point)


def test_a_plain_answer_scores_by_hand():
    points = score("pub fn double(x: i32) -> i32 { x * 2 }")
    # compiles 10, no error 5, no warning 1, parses 8, a working function 1 of structure's 2
    assert points == RewardBreakdown(25.0, 10.0, 5.0, 1.0, 8.0, 1.0)


def test_style_points_add_up_by_hand():
    source = """
        /// Finds the first word that is a number.
        pub fn first(words: &[&str]) -> Option<i32> { words.iter().find_map(|w| w.parse().ok()) }
        pub fn pick(x: Option<i32>) -> Option<i32> { match x { Some(n) => Some(n + 1), None => None } }
        pub fn add(x: Option<i32>) -> Option<i32> { Some(x? + 1) }
    """
    points = score(source)
    assert points.structure == 1.0
    assert points.quality == 2.0  # Option and `?`, no Result
    assert points.idioms == 2.0  # iter, match, a closure, a chain
    assert points.documentation == pytest.approx(1 / 3)
    assert points.total == pytest.approx(24 + 1 + 2 + 2 + 1 / 3)


def test_penalties_add_up_by_hand():
    branches = " ".join(f"if x == {n} {{ return {n}; }}" for n in range(14))  # cyclomatic 15: half way from 10 to 20
    points = score(f"pub fn f(x: i32) -> i32 {{ {branches} unsafe {{ g(x).unwrap() }} }}")
    assert (points.complexity, points.panics, points.unsafety) == (-0.25, -1.0, -1.0)
    assert points.total == pytest.approx(25.0 - 2.25)


def test_a_warning_or_a_silenced_one_costs_the_warning_point():
    source = "pub fn f(x: i32) -> i32 { x }"
    assert score(source).no_warnings == 1.0
    assert score(source, Verdict(parses=True, compiles=True, warnings=(WARNING,))).no_warnings == 0.0
    assert score("#![allow(warnings)]\n" + source).no_warnings == 0.0


def test_a_failed_verifier_has_no_score():
    with pytest.raises(ValueError, match="sandbox died"):
        score("fn f() {}", Verdict(failure="sandbox died"))


NOTHING = ["", "\n\n", "// fn add() {}\n", "/* fn add() {} */", "/// Adds.\n", "//! Adds.\n"]
FUNCTIONLESS = ["pub struct S;", "use std::fmt;", "pub const N: i32 = 1;", "pub enum E { A }", "mod m {}"]


@pytest.mark.parametrize("source", NOTHING)
def test_nothing_scores_nothing(source):
    assert score(source).total == 0.0
    assert score(source, entry_point="add").total == 0.0


@pytest.mark.parametrize("source", FUNCTIONLESS)
def test_without_a_function_compiling_earns_nothing(source):
    points = real_score(source)
    assert (points.compile_success, points.no_errors, points.no_warnings) == (0.0, 0.0, 0.0)
    assert points.total <= 8.0


@pytest.mark.parametrize(
    "source", ["pub fn sub(a: i32) -> i32 { a }", "pub fn adder(a: i32) -> i32 { a }", "fn main() {}"]
)
def test_without_the_entry_point_compiling_earns_nothing(source):
    points = score(source, entry_point="add")
    assert (points.compile_success, points.no_errors, points.total) == (0.0, 0.0, 8.0)


@pytest.mark.parametrize("body", ["todo!()", "unimplemented!()", 'panic!("no")', "loop {}", "std::process::exit(0)"])
def test_a_copied_signature_earns_at_most_the_parse_points(body):
    source = f"/// Adds.\npub fn add(_a: i32, _b: i32) -> i32 {{ {body} }}"
    for entry_point in ("add", None):
        assert real_score(source, entry_point).total <= 8.0


def test_padding_earns_nothing():
    answer = "pub fn double(x: i32) -> i32 { x * 2 }\n"
    plain = score(answer, entry_point="double").total
    empties = "".join(f"pub fn f{n}() {{}}\n" for n in range(100))
    stylish = """
        pub struct Pad; pub enum Padding { A } pub trait Padded { fn p(&self) -> i32; }
        impl Padded for Pad { fn p(&self) -> i32 { 1 } }
        /// Padding.
        pub fn pad(v: &[i32]) -> Result<Option<i32>, ()> { match v.iter().map(|x| x + 1).sum() { 1 =>
        Err(())?, n => n } }
    """
    assert score(answer + empties, entry_point="double").total == plain
    assert score(answer + stylish, entry_point="double").total == plain
    assert score(empties).total == score("pub fn f() {}\n").total == 24.0


@pytest.mark.parametrize(
    "trick",
    [
        "return x * 2; v.iter().map(|y| y).collect()",
        "let _ = [1].iter().map(|y| y + 1).sum::<i32>(); x * 2",
        "let _pad: Option<Result<i32, ()>> = None; x * 2",
        "if false { if let Some(y) = z { y?; } } x * 2",
        "// match x { Some(y) => v.iter().map(|z| z) }\n x * 2",
    ],
)
def test_dead_style_earns_nothing(trick):
    assert score(f"pub fn double(x: i32) -> i32 {{ {trick} }}") == score("pub fn double(x: i32) -> i32 { x * 2 }")


def test_repeating_an_idiom_earns_no_more():
    once = score("pub fn f(v: &[i32]) -> i32 { v.iter().map(|x| x + 1).sum() }")
    often = score(
        "pub fn f(v: &[i32]) -> i32 { " + "let v = v.iter().map(|x| x + 1).rev().collect(); " * 50 + "v.len() }"
    )
    assert often.idioms == once.idioms


def test_style_without_success_earns_nothing_and_is_not_punished_below_silence():
    source = EXAMPLES["error handling"] + EXAMPLES["unwrap"].replace("total", "other")
    assert score(source, BROKEN).total == 8.0 - 1.0
    assert score(source, Verdict(errors=(ERROR,))).total == 0.0


@pytest.fixture(scope="module")
def worked():
    verdicts = verify(list(EXAMPLES.values()))
    return {name: score(src, v) for (name, src), v in zip(EXAMPLES.items(), verdicts, strict=True)}


def test_the_worked_table(worked):
    """By hand: 24 for compiling without a warning; then structure, quality, idioms, documentation, penalties."""
    assert {name: points.total for name, points in worked.items()} == {
        "iterators": 24 + 1 + 0 + 1.5 + 1,  # iterators, a closure, a chain
        "error handling": 24 + 1 + 2 + 1.0 + 1,  # Result and `?`; iterators, a chain
        "struct": 24 + 2 + 0 + 0 + 1,
        "unwrap": 24 + 1 + 0 + 1.5 + 1 - 1,
        "type mismatch": 8.0,
        "copied signature": 8.0 - 1.0,
        "syntax error": 0.0,
        "empty": 0.0,
    }


def test_style_points_are_a_share():
    assert style_points(analyze_ast(EXAMPLES["iterators"])) == pytest.approx((1 + 0 + 1.5 + 1) / 8)
    assert style_points(analyze_ast(EXAMPLES["unwrap"])) == pytest.approx((1 + 0 + 1.5 + 1 - 1) / 8)
    assert style_points(analyze_ast(EXAMPLES["syntax error"])) == 0.0
    assert style_points(analyze_ast("")) == 0.0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("w_quality", -1.0),
        ("w_idioms", float("nan")),
        ("doc_bonus", float("inf")),
        ("w_structure", "2"),
        ("panic_penalty", 1.0),
        ("unsafe_penalty", True),
        ("w_parseable", 20.0),
        ("max_complexity", 0.0),
    ],
)
def test_a_weight_that_cannot_be_is_refused_by_name(field, value):
    with pytest.raises(ValueError, match=f"RewardConfig.{field} is"):
        RewardConfig(**{field: value})


def test_ranges_name_every_component_and_the_total():
    ranges = RewardConfig().ranges()
    assert set(ranges) == {f.name for f in dataclasses.fields(RewardBreakdown)}
    assert ranges["total"] == (0.0, 32.0)
    assert (ranges["structure"], ranges["quality"], ranges["idioms"]) == ((0, 2), (0, 3), (0, 2))
    assert ranges["documentation"] == (0, 1)


# Properties ----------------------------------------------------------------------------------------------------------

ITEMS = [
    "pub fn a(x: i32) -> i32 { x + 1 }",
    "pub fn b(v: &[i32]) -> Option<i32> { v.iter().map(|x| x * 2).max() }",
    "pub fn c(s: &str) -> Result<i32, std::num::ParseIntError> { Ok(s.parse::<i32>()? + 1) }",
    "/// A point.\npub struct P { pub x: i32 }",
    "impl P { /// Gets x.\n pub fn get(&self) -> i32 { self.x } }",
    "pub trait T { fn t(&self) -> i32; }",
    "pub enum E { A, B }\npub fn d(e: E) -> i32 { match e { E::A => 1, E::B => 2 } }",
    "pub fn e(x: Option<i32>) -> i32 { x.unwrap() }",
    "pub fn g(x: i32) -> i32 { unsafe { std::mem::transmute::<i32, i32>(x) } }",
    "pub fn h(_x: i32) -> i32 { todo!() }",
    "pub fn i() {}",
    "fn j() -> i32 { 1 }",
    "pub fn k(x: i32) -> i32 { let y = 1; x }",
    'pub fn l(x: i32) -> i32 { "no" }',
    "pub fn m(x: i32) -> i32 { x + }",
    "pub fn n(x: i32) -> i32 { missing(x) }",
    "// a comment",
    "/// Documents nothing.",
    "#[cfg(test)] mod tests { #[test] fn t() {} }",
    "fn main() {}",
    "}",
    "plain words",
]
sources = st.lists(st.sampled_from(ITEMS), max_size=6, unique=True).map("\n".join)
entry_points = st.sampled_from([None, None, "a", "b", "P", "P::get", "E", "h", "i", "missing"])
configs = st.builds(
    RewardConfig,
    **{f"w_{name}": st.floats(0, 100) for name in ("compile_success", "no_errors", "no_warnings", "quality")},
    **{name: st.floats(0, 50) for name in ("w_structure", "w_idioms", "doc_bonus")},
    **{name: st.floats(-50, 0) for name in ("w_complexity", "panic_penalty", "unsafe_penalty")},
    w_parseable=st.floats(0, 19.9),
    max_complexity=st.floats(1, 30),
)


@st.composite
def verdicts(draw):
    compiles = draw(st.booleans())
    errors = () if compiles else tuple(draw(st.lists(st.just(ERROR), max_size=3)))
    return Verdict(
        parses=compiles or draw(st.booleans()),
        compiles=compiles,
        errors=errors,
        warnings=tuple(draw(st.lists(st.just(WARNING), max_size=2))),
        timed_out=draw(st.booleans()),
    )


def assert_rules(points, verdict, metrics, config):
    """Every rule of the score that holds for any program and weights."""
    values = dataclasses.asdict(points)
    for name, (low, high) in config.ranges().items():
        assert low - 1e-9 <= values[name] <= high + 1e-9, name
    assert points.total == pytest.approx(sum(values[name] for name in COMPONENTS))
    if not verdict.compiles:
        assert points.total < 20.0
    if not metrics.live.answers:
        assert points.compile_success == points.no_errors == points.no_warnings == 0.0
    if not metrics.names:
        assert points.total == 0.0


@given(sources, entry_points, verdicts(), configs)
def test_rules_hold_for_any_verdict_code_and_weights(source, entry_point, verdict, config):
    metrics = analyze_ast(source, entry_point=entry_point)
    assert_rules(compute_reward(verdict, metrics, config), verdict, metrics, config)


@given(st.text(max_size=60), verdicts())
def test_rules_hold_for_any_text(source, verdict):
    metrics = analyze_ast(source)
    assert_rules(compute_reward(verdict, metrics, RewardConfig()), verdict, metrics, RewardConfig())


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(sources, min_size=20, max_size=40))
def test_rules_hold_for_generated_programs_judged_by_rustc(programs):
    for source, verdict in zip(programs, verify(programs), strict=True):
        metrics = analyze_ast(source)
        points = compute_reward(verdict, metrics)
        assert_rules(points, verdict, metrics, RewardConfig())
        unpunished = points.complexity == points.panics == points.unsafety == 0.0
        if verdict.compiles and not verdict.warnings and metrics.live.answers and unpunished:
            assert points.total >= 24.0


def test_every_reference_of_the_tasks_scores_at_least_24_and_its_empty_body_at_most_8():
    rows = [json.loads(line) for line in (ROOT / "recipes" / "data" / "eval.jsonl").read_text().splitlines()]
    references = [row["reference"] for row in rows]
    for row, verdict in zip(rows, verify(references), strict=True):
        metrics = analyze_ast(row["reference"], entry_point=row["entry_point"])
        points = compute_reward(verdict, metrics)
        assert_rules(points, verdict, metrics, RewardConfig())
        assert points.total + 1e-9 >= 24.0 + points.complexity + points.panics + points.unsafety, row["task_id"]
        assert metrics.live.answers, row["task_id"]
