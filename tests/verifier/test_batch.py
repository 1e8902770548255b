# ruff: noqa: E501 - each program on a line of its own
"""Many programs with one compiler: who leaves a round, and that no program costs a neighbour anything."""

import pytest

from rust_rewards import Limits, verify
from rust_rewards.verifier.batch import ANALYSED, FINISHED, ROOT, Modules, _who_leaves, as_if_alone, group
from rust_rewards.verifier.compiler import Compiled
from rust_rewards.verifier.diagnostics import Located
from rust_rewards.verifier.single import from_diagnostics
from rust_rewards.verifier.verdict import Diagnostic

MODULES = Modules("rr_a_")
EVERYTHING_RAN = [Located(ROOT, Diagnostic("warning", code, "")) for code in (ANALYSED, FINISHED)]
STOPPED_LATE = EVERYTHING_RAN[:1]
STOPPED_EARLY = []
MISMATCH = Diagnostic("error", "E0308", "mismatched types", line=1)
DENIED = Diagnostic("error", "overflowing_literals", "literal out of range", line=1)
INFERENCE = Diagnostic("error", "E0283", "type annotations needed", line=1)
NO_TRAIT = Diagnostic("error", "E0405", "cannot find trait", line=1)
UNDECLARED = Diagnostic("error", "E0433", "use of undeclared type", line=1)
CONFLICT = Diagnostic("error", "E0119", "conflicting implementations", line=1)
IN_MAIN = Diagnostic("error", "E0277", "main has invalid return type", line=9)


def compiled(found):
    return Compiled(found, ok=False, timed_out=False, broken=None, stdout=b"", spoke=False, seconds=0.0)


def leaving(canaries, *errors):
    """Return who leaves a batch of programs of one line with these errors: answered, alone and apart."""
    inside = [Located(f"rr_a_{position}.rs", error) for position, error in enumerate(errors) if error]
    done = compiled([*canaries, *inside])
    by_position, strays = group(done, MODULES, [1] * len(errors))
    found = _who_leaves(done, [from_diagnostics(by_position[p], 0.0) for p in range(len(errors))], strays)
    return sorted(found.answered), sorted(found.alone), [list(part) for part in found.apart]


@pytest.mark.parametrize(
    ("canaries", "errors", "expected"),
    [
        pytest.param(EVERYTHING_RAN, [None, None], ([0, 1], [], []), id="no error"),
        pytest.param(EVERYTHING_RAN, [None, DENIED], ([0, 1], [], []), id="rustc came to its end"),
        pytest.param(STOPPED_LATE, [None, MISMATCH, MISMATCH], ([1, 2], [], []), id="errors of its own"),
        pytest.param(STOPPED_LATE, [MISMATCH, DENIED], ([0], [], []), id="a lint waits for the errors"),
        pytest.param(STOPPED_LATE, [MISMATCH, INFERENCE], ([0], [1], []), id="a neighbour's impl could be the cause"),
        pytest.param(STOPPED_LATE, [None, MISMATCH, IN_MAIN], ([1], [2], []), id="the code added for main"),
        pytest.param(STOPPED_LATE, [CONFLICT, MISMATCH, None], ([], [0], [[1]]), id="a header silences neighbours"),
        pytest.param(STOPPED_EARLY, [MISMATCH, IN_MAIN], ([], [1], []), id="stopped at the code added for main"),
        pytest.param(STOPPED_EARLY, [None, MISMATCH], ([1], [], []), id="stopped by the only one"),
        pytest.param(STOPPED_EARLY, [NO_TRAIT, MISMATCH], ([0], [], []), id="stopped for certain"),
        pytest.param(STOPPED_EARLY, [UNDECLARED, MISMATCH], ([], [0], []), id="a likely culprit"),
        pytest.param(STOPPED_EARLY, [MISMATCH, None, MISMATCH], ([], [], [[0], [2]]), id="nobody suspected"),
    ],
)
def test_who_leaves_a_round(canaries, errors, expected):
    assert leaving(canaries, *errors) == expected


@pytest.mark.parametrize(("errors", "alone"), [([None, MISMATCH], [1]), ([None, None], [0, 1])])
def test_an_error_in_no_module_sends_those_with_errors_away_or_everybody(errors, alone):
    nowhere = Located("", Diagnostic("error", None, "linking failed"))
    assert leaving([*EVERYTHING_RAN, nowhere], *errors) == ([], alone, [])


def test_a_diagnostic_shows_nothing_of_the_batch():
    given = Diagnostic("error", "E0412", "no `S` in `rr_a_1::m`", 2, 5, "--> rr_a_1.rs:2:5\nhelp: use rr_a_0::S\n2 | S")
    found = as_if_alone(given, MODULES, 1)
    assert (found.message, found.rendered) == ("no `S` in `m`", "--> program.rs:2:5\n2 | S")


def test_diagnostics_name_the_users_own_line_and_nothing_of_the_batch():
    programs = [
        "\n\npub fn f() -> u8 { x }",
        "pub mod deep { pub struct Stack; } pub fn g() {}",
        "pub fn h() -> Stack { Stack }",
    ]
    verdicts = verify(programs)
    error = verdicts[0].errors[0]
    assert (error.line, error.column) == (3, 20)
    assert "program.rs:3:20" in error.rendered
    assert all("rr_" not in d.rendered + d.message for v in verdicts for d in (*v.errors, *v.warnings))


def test_one_poisoned_program_costs_no_neighbour_its_verdict():
    poison = "macro_rules! m { ($($t:tt)*) => { m!($($t)* $($t)* 1) } } pub fn f() { m!(1 1 1 1) }"
    endless = "const fn f() -> u64 { let mut i = 0u64; loop { i = i.wrapping_add(1); if i == 0 { break i; } } } pub const X: u64 = f();"
    deep = "pub fn f() -> i32 { " + "(" * 100_000 + "1" + ")" * 100_000 + " }"
    good = [f"pub fn g{i}() -> usize {{ {i} }}" for i in range(20)]
    verdicts = verify([*good[:10], poison, endless, deep, *good[10:]], limits=Limits(wall_seconds=5))
    assert all(v.compiles and not v.warnings for v in verdicts[:10] + verdicts[13:])
    assert not any(v.compiles for v in verdicts[10:13])
    assert all(v.failure is None for v in verdicts)


def test_programs_behind_one_at_which_the_parser_gives_up_are_judged_all_the_same():
    fatal = "pub fn f(x: u8) -> u8 { match x { std:;cmp::E => 1, _ => 2 } }"
    broken, parsing = "pub fn g() { let u32 number = 0; }", "pub fn h() { missing!(); }"
    unknown_prefix = 'pub fn k() { foo"x"; }'  # rustc's lexer says so before anything is parsed
    programs = [fatal, broken, parsing, fatal, unknown_prefix, broken, parsing]
    assert [v.parses for v in verify(programs)] == [False, False, True, False, False, False, True]


def test_a_lint_that_is_an_error_costs_neighbours_no_warning():
    denied, warned = "pub fn f() -> u8 { 256 }", "fn unused() {} pub fn g() { let x = 1; }"
    verdicts = verify([denied, warned, denied])
    assert [v.compiles for v in verdicts] == [False, True, False]
    assert [e.code for e in verdicts[0].errors] == ["overflowing_literals"]
    assert sorted(w.code for w in verdicts[1].warnings) == ["dead_code", "unused_variables"]


@pytest.mark.parametrize(
    "silencing",
    [
        "pub struct F; impl Iterator for F<'_> { type Item = u8; fn next(&mut self) -> Option<u8> { None } }",
        "#[derive(Clone, Clone)] pub struct S;",
    ],
)
def test_an_impl_with_a_wrong_header_costs_neighbours_no_warning(silencing):
    """rustc says less about bodies that use a trait some impl of which has a wrong header."""
    loop = "for x in a.iter().cloned().filter(|x| *x > 1) { n += x; }"
    twice = f"pub fn f(a: &[i32], b: i32, b: i32) -> i32 {{ let mut n = 0; {loop} let m = n.clone(); n }}"
    verdicts = verify([f"{source}\n// {n}" for source in (silencing, twice) for n in range(8)])
    assert [len(v.warnings) for v in verdicts] == [0] * 8 + [3] * 8
    assert [len(v.errors) for v in verdicts] == [1] * 16


def test_a_main_that_returns_the_wrong_thing_costs_only_its_own_compiler():
    sources = ["fn main() -> u8 { 1 }", "pub fn rr_entry() {} fn main() { rr_entry() }", "pub fn f() -> u8 { 1 }"]
    assert [[e.code for e in v.errors] for v in verify(sources)] == [["E0277"], [], []]
