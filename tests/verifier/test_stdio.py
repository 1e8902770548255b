"""Runs of `main`: input and output of whatever length, streams by their names, tolerance, release builds."""

# ruff: noqa: E501 - program texts stay on the lines they would be written on

import json
import resource
import subprocess
import sys

import pytest

from rust_rewards import Limits, verify
from rust_rewards.verifier.cache import key_of
from rust_rewards.verifier.harness import INPUT_BYTES, TestJob, split_by_inputs
from rust_rewards.verifier.hidden_tests import HiddenTestsError, read_hidden_tests
from rust_rewards.verifier.result_stream import ResultStream
from rust_rewards.verifier.settings import release_or_default, tolerance_or_default
from rust_rewards.verifier.stdio import InputFile


@pytest.fixture(params=("bubblewrap", "landlock"))
def confinement(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("RUST_REWARDS_SANDBOX", request.param)
    return request.param


def io(*cases: tuple[str, str], **keys: object) -> str:
    return json.dumps([{"input": given, "output": wanted, **keys} for given, wanted in cases])


def main(body: str) -> str:
    return f"fn main() {{ {body} }}\n"


def statuses(program: str, tests: str, **options: object) -> tuple[str, ...]:
    verdict = verify([program], [tests], **options)[0]
    assert verdict.failure is None
    return verdict.test_statuses


NUMBERS = "".join(f"{i}\n" for i in range(5000))
LENGTHS = {
    "a blank at each of many line ends": ('for i in 0..5000 { println!("{i} "); }', NUMBERS, "passed"),
    "many blanks at one line end": ('print!("1{}\\n2", " ".repeat(300_000));', "1\n2", "passed"),
    "many blank lines at the end": ('print!("1{}", "\\n".repeat(300_000));', "1", "passed"),
    "many blanks, and something behind them": ('print!("1{}2", " ".repeat(300_000));', "1", "failed"),
    "many blank lines, and something behind them": ('print!("1{}2", "\\n".repeat(300_000));', "1", "failed"),
    "blanks that were expected": ('print!("1{}2", " ".repeat(300_000));', f"1{' ' * 300_000}2", "passed"),
    "more than output_bytes, as expected": ('print!("{}", "x\\n".repeat(600_000));', "x\n" * 600_000, "passed"),
    "one long line": ('print!("{}", "x".repeat(3_000_000));', "x" * 3_000_000, "passed"),
    "one byte too many": ('print!("{}", "x".repeat(3_000_001));', "x" * 3_000_000, "failed"),
    "the last byte is wrong": ('print!("{}y", "x".repeat(2_999_999));', "x" * 3_000_000, "failed"),
    "nothing, where much is expected": ("", "x" * 3_000_000, "failed"),
    "much, where nothing is expected": ('print!("{}", "x".repeat(3_000_000));', "", "failed"),
    "bytes that are no text": ("use std::io::Write; std::io::stdout().write_all(&[0xff]).unwrap();", "\ufffd", "failed"),
}  # fmt: skip


@pytest.mark.parametrize("name", LENGTHS)
def test_outputs_of_whatever_length_are_read_as_far_as_they_matter(name):
    body, expected, status = LENGTHS[name]
    assert statuses(main(body), io(("", expected))) == (status,)


def test_an_output_without_end_takes_its_own_time_only():
    program = main('loop { println!("{}", "x".repeat(1000)); }')
    limits = Limits(wall_seconds=2, cpu_seconds=2)
    assert statuses(program, io(("", "x"), ("", "y")), limits=limits) == ("timed out", "timed out")


READ = "let mut s = String::new(); std::io::stdin().read_to_string(&mut s).unwrap();"
STREAMS = {
    "input and its length": (f'use std::io::Read; {READ} println!("{{}}", s.len());', ("x" * 2_000_000, "2000000")),
    "characters of several bytes": (f'use std::io::Read; {READ} println!("{{}}", s.chars().count());', ("é" * 70_000, "70000")),
    "an input that is not read": ('println!("1");', ("x" * 2_000_000, "1")),
    "an input that is read twice": (f'use std::io::{{Read, Seek}}; {READ} println!("{{}}", std::io::stdin().lines().count());', ("1\n2\n", "0")),
    "output by name": ('std::fs::write("/dev/stdout", "by name\\n").unwrap(); println!("by print");', ("", "by name\nby print")),
    "output by number": ('use std::io::Write; let mut f = std::fs::File::create("/dev/fd/1").unwrap(); writeln!(f, "1").unwrap(); println!("2"); writeln!(f, "3").unwrap();', ("", "1\n2\n3")),
    "output in /proc": ('println!("1"); std::fs::OpenOptions::new().append(true).open("/proc/self/fd/1").unwrap(); println!("2");', ("", "1\n2")),
    "errors by name": ('std::fs::write("/dev/stderr", "noise").unwrap(); println!("1");', ("", "1")),
    "from input to output": ('std::fs::copy("/dev/stdin", "/dev/stdout").unwrap();', ("a\nb\n", "a\nb")),
}  # fmt: skip


@pytest.mark.parametrize("name", STREAMS)
def test_streams_are_read_and_written_in_every_way(name, confinement):
    body, case = STREAMS[name]
    assert statuses(f"// {confinement}\n{main(body)}", io(case, case)) == ("passed", "passed")


def test_what_a_program_puts_in_place_of_the_named_streams_changes_no_later_run(confinement):
    body = (
        'for name in ["../stdin", "../stdout"] { let _ = std::fs::remove_file(name); let _ = std::fs::rename("x", name); '
        'let _ = std::os::unix::fs::symlink("/dev/zero", name); } let _ = std::fs::write("../stdin", "7"); '
        'print!("{}", std::io::read_to_string(std::io::stdin()).unwrap());'
    )
    assert statuses(f"// {confinement}\n{main(body)}", io(("1", "1"), ("2", "2"), ("3", "3"))) == ("passed",) * 3


MAINS = {
    "a return type of the trait": 'fn main() -> impl std::process::Termination {\n    println!("1");\n}\n',
    "an exit code": 'fn main() -> std::process::ExitCode { println!("1"); std::process::ExitCode::SUCCESS }\n',
    "a result": 'fn main() -> Result<(), Box<dyn std::error::Error>> { println!("{}", "1".parse::<u8>()?); Ok(()) }\n',
    "written by a macro": 'macro_rules! go { ($($t:tt)*) => { $($t)* } }\ngo! { fn main() { println!("1"); } }\n',
    "named by a macro": 'macro_rules! go { ($n:ident) => { fn $n() { println!("1"); } } }\ngo!(main);\n',
    "in a macro's own text": 'macro_rules! go { () => { fn main() { println!("1"); } } }\ngo!();\n',
}


@pytest.mark.parametrize("name", MAINS)
def test_a_main_of_every_form_is_run(name):
    verdict = verify([MAINS[name]], [io(("", "1"))])[0]
    assert (verdict.test_statuses, verdict.warnings) == (("passed",), ())


def test_a_macro_that_writes_no_main_leaves_a_library():
    program = (
        "macro_rules! say { ($($t:tt)*) => { pub fn said() -> &'static str { stringify!($($t)*) } } }\nsay!(main);\n"
    )
    verdict = verify([program], [io(("", "1"))])[0]
    assert (verdict.compiles, verdict.warnings, verdict.test_statuses) == (True, (), ("not built",))


def test_several_outputs_may_be_right():
    tests = json.dumps([{"input": "", "outputs": ["1 2", "2 1"]}] * 2 + [{"input": "", "outputs": ["1", "2"]}])
    assert statuses(main('println!("2 1");'), tests) == ("passed", "passed", "failed")


def test_a_tolerance_comes_with_the_case_the_call_or_the_environment(monkeypatch):
    third = main('println!("{:.3}", 1.0 / 3.0);')
    assert statuses(third, io(("", "0.3333"))) == ("failed",)
    assert statuses(third, io(("", "0.3333"), tolerance=1e-3)) == ("passed",)
    assert statuses(third, io(("", "0.3333")), tolerance=1e-3) == ("passed",)
    assert statuses(third, io(("", "0.3333"), tolerance=0), tolerance=1e-3) == ("failed",)  # the case's own
    monkeypatch.setenv("RUST_REWARDS_TOLERANCE", "1e-3")
    assert statuses(third, io(("", "0.3333"))) == ("passed",)


def test_more_digits_than_expected_are_read_where_a_tolerance_compares_them():
    program = main('for _ in 0..2000 { println!("{:.30}", 1.0 / 3.0); }')
    assert statuses(program, io(("", "0.333333\n" * 2000), tolerance=1e-6)) == ("passed",)


RELEASE = {
    "arithmetic wraps": ('let x: i32 = std::env::args().count() as i32; println!("{}", i32::MAX - 1 + x + x);', "-2147483648"),
    "debug assertions are gone": ('debug_assert!(std::env::args().count() > 5); println!("1");', "1"),
    "its cfg is gone": ('println!("{}", cfg!(debug_assertions));', "false"),
}  # fmt: skip


@pytest.mark.parametrize("name", RELEASE)
def test_a_release_build_is_to_be_asked_for(name, monkeypatch):
    body, printed = RELEASE[name]
    assert statuses(main(body), io(("", printed))) != ("passed",)
    assert statuses(main(body), io(("", printed)), release=True) == ("passed",)
    monkeypatch.setenv("RUST_REWARDS_RELEASE", "1")
    assert statuses(main(body), io(("", printed))) == ("passed",)
    assert statuses(main(body), io(("", printed)), release=False) != ("passed",)


@pytest.mark.parametrize("value", [-1e-6, float("nan"), float("inf"), "1e-6", True])
def test_a_tolerance_that_is_none_is_refused(value):
    with pytest.raises(ValueError, match="must be a number of at least 0"):
        tolerance_or_default(value)


def test_settings_in_the_environment_that_cannot_be_read_are_refused(monkeypatch):
    monkeypatch.setenv("RUST_REWARDS_TOLERANCE", "small")
    with pytest.raises(ValueError, match="RUST_REWARDS_TOLERANCE is 'small'; it must be a number"):
        tolerance_or_default(None)
    monkeypatch.setenv("RUST_REWARDS_RELEASE", "yes please")
    with pytest.raises(ValueError, match="RUST_REWARDS_RELEASE is 'yes please'; it may be 1"):
        release_or_default(None)
    with pytest.raises(TypeError, match="release is 'on'"):
        release_or_default("on")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ({"input": "", "output": "1", "tolerance": "a lot"}, "case 0: tolerance is 'a lot'"),
        ({"input": "", "output": "1", "tolerance": -1}, "case 0: tolerance is -1"),
        ({"input": "", "outputs": []}, "a JSON case must be"),
        ({"input": "", "outputs": ["1", 2]}, "a JSON case must be"),
        ({"input": "\ud800", "output": "1"}, "half of a surrogate pair"),
        ({"input": "", "outputs": ["1", "\udfff"]}, "half of a surrogate pair"),
    ],
)
def test_a_case_that_cannot_be_meant_is_an_error_in_words(case, message):
    with pytest.raises(HiddenTestsError, match=message):
        read_hidden_tests(json.dumps([case]))


def test_an_input_lies_in_the_file_once():
    file = InputFile()
    assert [file.place(text) for text in ("é", "ab", "é", "")] == [(0, 2), (2, 2), (0, 2), (4, 0)]
    assert bytes(file.content) == "éab".encode()


def test_programs_with_the_same_inputs_are_tested_together_and_others_in_shares():
    large = [read_hidden_tests(io((letter * (INPUT_BYTES // 3), "1"))) for letter in "abcd"]
    jobs = [TestJob("", tests) for tests in (large[0], large[0], large[1], large[2], large[3], large[3])]
    assert [len(group) for group in split_by_inputs(jobs)] == [4, 2]
    assert split_by_inputs([]) == []


CASES = [read_hidden_tests(io(("", "1\n2"), ("", "3"))).cases, read_hidden_tests("assert!(true);").cases]


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_results_are_read_in_pieces_of_any_size(size):
    said = b"0 0 p 0.1 3\n1\n20 1 p 0.1 1\n41 0 ! 0.000001 0\n"
    results = ResultStream(CASES)
    for start in range(0, len(said), size):
        results.feed(said[start : start + size])
    assert results.statuses(0) == ("passed", "failed")
    assert results.statuses(1) == ("panicked",)


@pytest.mark.parametrize(
    "said", [b"", b"0 0 p 0.1 3\n1\n", b"garbage\n" * 50 + b"0 0 p 0.1 3\n1\n2", b"9 9 p 0.1 0\n0 7 p 0.1 0\n"]
)
def test_what_is_no_result_gives_none(said):
    results = ResultStream(CASES)
    results.feed(said)
    assert results.statuses(0) == ("", "")


def test_long_tests_have_a_short_key_that_tells_them_apart():
    keys = {key_of("tests", "x" * 100_000 + end) for end in "ab"}
    assert len(keys) == 2
    assert key_of("tests", "x" * 100_000 + "a") in keys


LARGE = """
import json, resource
from rust_rewards import verify
numbers = [[str(7 * row + k) for k in range(150_000)] for row in range(10)]
tests = json.dumps([{"input": " ".join(row), "output": str(sum(map(int, row)))} for row in numbers])
program = "use std::io::Read;\\nfn main() { let mut s = String::new(); std::io::stdin().read_to_string(&mut s).unwrap(); "
program += 'println!("{}", s.split_whitespace().map(|n| n.parse::<u64>().unwrap()).sum::<u64>()); }'
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
verdicts = verify([f"{program}\\n// {n}" for n in range(16)], [tests] * 16)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([sum(v.tests_passed for v in verdicts), len(tests), (after - before) >> 10]))
"""


@pytest.mark.slow
def test_ten_inputs_of_a_megabyte_for_many_programs_take_little_memory():
    done = subprocess.run([sys.executable, "-c", LARGE], capture_output=True, text=True, timeout=300, check=True)
    passed, size, mib = json.loads(done.stdout)
    assert passed == 160
    assert size > 9_000_000
    assert mib < 150  # the tests are 9 MiB; as text, as cases and in two workers
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10 < 1500
