"""The reward functions as TRL calls them, with real rustc."""

import pickle
import subprocess
import sys
import time

import numpy as np
import pytest

from rust_rewards import rewards
from rust_rewards.rewards import (
    RustReward,
    ast_reward,
    clippy_reward,
    compile_reward,
    format_reward,
    get_rust_reward,
    rust_reward,
    solved_reward,
    tests_reward,
)
from rust_rewards.scoring import COMPONENTS, RewardConfig
from rust_rewards.verifier import Limits, ToolchainError

ALL = [format_reward, compile_reward, clippy_reward, tests_reward, solved_reward, ast_reward, rust_reward]
names = pytest.mark.parametrize("reward", ALL, ids=lambda reward: reward.__name__)


def block(code):
    return f"```rust\n{code}\n```"


GOOD = block("pub fn add(a: i32, b: i32) -> i32 { a + b }")
HALF = block("pub fn add(a: i32, b: i32) -> i32 { if a == 0 { b } else { a } }")
MISMATCH = block('pub fn add(a: i32, b: i32) -> i32 { "x" }')
SYNTAX = block("pub fn add(a: i32, b: i32) -> i32 { a + }")
WARNS = block("pub fn add(a: i32, b: i32) -> i32 { let c = 1; a + b }")
TESTS = "assert_eq!(add(1, 2), 3);\nassert_eq!(add(0, 2), 2);"
TWO_TESTS = """#[cfg(test)] mod tests { use super::*;
    #[test] fn adds() { assert_eq!(add(1, 2), 3); }
    #[test] fn zero() { assert_eq!(add(0, 2), 2); } }"""


class Log:
    """Stands where TRL's `log_extra` and `log_metric` are, and keeps what is logged."""

    def __init__(self):
        self.columns, self.metrics = {}, {}
        self.kwargs = {"log_extra": self.columns.__setitem__, "log_metric": self.metrics.__setitem__}


def call(reward, completions, log=None, **columns):
    extras = {"prompts": ["p"] * len(completions), "completion_ids": [[1]] * len(completions), "trainer_state": None}
    return reward(completions=completions, **extras, **columns, **(log or Log()).kwargs)


def test_format_reward_by_form():
    forms = [GOOD, "```\nfn f() {}\n```", "fn f() {}", "```rust\nfn f() {", "Words.", "", block("Words.")]
    assert call(format_reward, forms) == [1.0, 0.5, 0.5, 0.5, 0.0, 0.0, 0.5]


def test_format_reward_of_a_continuation():
    prefix = "pub fn add(a: i32, b: i32) -> i32 {\n"
    forms = ["a + b\n}\n", "a + b\n}\n\nThis adds.", "a + ", "", GOOD]
    assert call(format_reward, forms, code_prefix=[prefix] * 5) == [1.0, 0.5, 0.0, 0.0, 1.0]


def test_compile_reward_is_rustc_s_word_about_an_answer():
    stub = block("pub fn add(a: i32, b: i32) -> i32 { todo!() }")
    completions = [GOOD, WARNS, MISMATCH, SYNTAX, "", block("// nothing"), block("pub struct S;"), stub]
    assert call(compile_reward, completions) == [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]


def test_compile_reward_wants_the_entry_point():
    assert call(compile_reward, [GOOD, GOOD, GOOD], entry_point=["add", "sub", None]) == [1.0, 0.0, 1.0]


def test_clippy_reward_by_the_number_of_complaints():
    lint = block("pub fn f(v: &Vec<i32>) -> usize { return v.len(); }")  # ptr_arg and needless_return
    silenced = block("#[allow(clippy::all)]\npub fn f(v: &Vec<i32>) -> usize { return v.len(); }")
    assert call(clippy_reward, [GOOD, WARNS, lint, silenced, MISMATCH]) == [1.0, 0.5, pytest.approx(1 / 3), 0.5, 0.0]


def test_tests_reward_is_the_share_that_passes():
    values = call(tests_reward, [GOOD, HALF, MISMATCH, ""], tests=[TWO_TESTS] * 4)
    assert values == [1.0, 0.5, 0.0, 0.0]


def test_tests_reward_is_none_for_a_row_without_tests():
    assert call(tests_reward, [GOOD, GOOD, GOOD], tests=[TESTS, None, " "]) == [1.0, None, None]
    assert call(tests_reward, [GOOD]) == [None]


def test_solved_reward_wants_no_warning_and_every_test():
    silenced = block("#[allow(unused_variables)]\npub fn add(a: i32, b: i32) -> i32 { let c = 1; a + b }")
    completions = [GOOD, WARNS, silenced, HALF, MISMATCH, SYNTAX, ""]
    assert call(solved_reward, completions, tests=[TESTS] * 7) == [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]


def test_solved_reward_wants_the_entry_point():
    assert call(solved_reward, [GOOD, GOOD], tests=[TESTS] * 2, entry_point=["add", "sub"]) == [1.0, 0.0]


def test_solved_reward_is_none_for_a_row_without_tests():
    log = Log()
    assert call(solved_reward, [GOOD, GOOD, GOOD], log, tests=[TESTS, None, " "]) == [1.0, None, None]
    assert log.metrics["solved_reward/not_scored"] == 2.0


@names
def test_every_reward_logs_how_long_it_took(reward):
    log = Log()
    started = time.monotonic()
    call(reward, [GOOD], log, tests=[TESTS])
    assert 0 < log.metrics[f"{reward.__name__}/seconds"] <= time.monotonic() - started


def test_the_tests_reward_logs_the_share_that_passes_every_test():
    log = Log()
    assert call(tests_reward, [GOOD, HALF, GOOD, MISMATCH], log, tests=[TESTS, TESTS, None, TESTS]) == [
        1.0,
        0.5,
        None,
        0.0,
    ]
    assert log.metrics["tests_reward/solve_rate"] == pytest.approx(1 / 3)  # of the three that have tests


def test_ast_reward_is_the_share_of_style_points():
    documented = block("/// Adds.\npub fn add(a: i32, b: i32) -> i32 { a + b }")
    assert call(ast_reward, [GOOD, documented, SYNTAX, ""]) == [1 / 8, 2 / 8, 0.0, 0.0]


def test_rust_reward_scores_by_hand():
    assert call(rust_reward, [GOOD, WARNS, MISMATCH, SYNTAX, ""]) == [25.0, 24.0, 8.0, 0.0, 0.0]


def test_rust_reward_logs_the_verdict_and_the_first_error_of_each_row():
    log = Log()
    call(rust_reward, [GOOD, MISMATCH, "", None], log)
    assert log.columns == {
        "verdict": ["compiles", "parses", "no answer", "not scored"],
        "first_error": [None, "E0308: mismatched types", None, None],
        "unmet_tests": ["", "", "", None],
    }


def test_rust_reward_logs_which_tests_a_row_does_not_pass():
    log = Log()
    call(rust_reward, [GOOD, HALF, MISMATCH], log, tests=[TESTS] * 3)
    assert log.columns["unmet_tests"] == ["", "test 1 failed", ""]  # what does not compile has none that ran


def test_rust_reward_logs_shares_of_the_rows_that_can_be_read():
    log = Log()
    call(rust_reward, [GOOD, MISMATCH, "", None], log)
    assert log.metrics["rust_reward/compile_rate"] == pytest.approx(1 / 3)
    assert log.metrics["rust_reward/parse_rate"] == pytest.approx(2 / 3)
    assert log.metrics["rust_reward/compile_success"] == pytest.approx(10 / 3)
    assert log.metrics["rust_reward/not_scored"] == 1.0


def test_rust_reward_logs_every_component():
    log = Log()
    call(rust_reward, [GOOD], log)
    assert {f"rust_reward/{name}" for name in COMPONENTS} < set(log.metrics)


@names
def test_the_same_keys_are_logged_every_time_even_for_an_empty_batch(reward):
    full, empty = Log(), Log()
    assert len(call(reward, [GOOD, "", None], full)) == 3
    assert call(reward, [], empty) == []
    assert set(full.metrics) == set(empty.metrics)
    assert set(full.columns) == set(empty.columns)
    assert all(isinstance(value, float) for value in {**full.metrics, **empty.metrics}.values())


@names
def test_both_completion_forms_give_the_same(reward):
    chat = [[{"role": "assistant", "content": text}] for text in (GOOD, WARNS, MISMATCH, "")]
    columns = {"tests": [TESTS] * 4, "entry_point": ["add"] * 4}
    assert call(reward, chat, **columns) == call(reward, [GOOD, WARNS, MISMATCH, ""], **columns)


@names
def test_order_is_kept_and_every_row_stands_for_itself(reward):
    batch = [MISMATCH, GOOD, SYNTAX, WARNS, "", GOOD, HALF]
    columns = {"tests": [TESTS] * 7, "entry_point": ["add"] * 7}
    alone = [call(reward, [c], tests=[TESTS], entry_point=["add"])[0] for c in batch]
    assert call(reward, batch, **columns) == alone


@names
def test_base_models_are_scored_with_their_prefix(reward):
    prefix = "pub fn add(a: i32, b: i32) -> i32 {\n"
    columns = {"tests": [TESTS] * 2, "entry_point": ["add"] * 2, "code_prefix": [prefix] * 2}
    joined, whole = call(reward, ["    a + b\n}\nand so on", GOOD], **columns)
    assert whole == call(reward, [GOOD], tests=[TESTS], entry_point=["add"])[0]
    assert joined == (whole if reward is not format_reward else 0.5)


BAD = {
    "none": None,
    "number": 3,
    "list of strings": ["fn f() {}"],
    "dict": {"role": "assistant", "content": GOOD},
}


@names
def test_an_unreadable_completion_is_none_and_counted(reward):
    log = Log()
    values = call(reward, [*BAD.values(), GOOD], log, tests=[TESTS] * 5)
    assert values[:4] == [None] * 4
    assert values[4] is not None
    assert log.metrics[f"{reward.__name__}/not_scored"] == 4.0


HOSTILE = {
    "nul": block("pub fn add(a: i32, b: i32) -> i32 { \0 a + b }"),
    "surrogate": block("pub fn add(a: i32, b: i32) -> i32 { \ud800 a + b }"),
    "deep": block("pub fn add() -> i32 { " + "(" * 5000 + "1" + ")" * 5000 + " }"),
    "include": block('pub fn add(a: i32, b: i32) -> i32 { include!("/etc/passwd") }'),
    "noise": "\x1b[31m" * 1000,
    "empty chat": [],
}


@names
def test_hostile_text_scores_low_and_harms_nobody(reward):
    completions = [*HOSTILE.values(), GOOD]
    values = call(reward, completions, tests=[TESTS] * 7, entry_point=["add"] * 7)
    assert values[-1] == call(reward, [GOOD], tests=[TESTS], entry_point=["add"])[0]
    if reward not in (format_reward, ast_reward):
        assert all(value is not None and value < 20.0 for value in values[:-1])
    if reward in (compile_reward, clippy_reward, tests_reward, solved_reward):
        assert values[:-1] == [0.0] * 6


def test_nul_in_a_comment_is_what_rustc_says_it_is():
    assert call(compile_reward, [block("/* \0 */ pub fn add(a: i32, b: i32) -> i32 { a + b }")]) == [1.0]


@names
def test_a_cell_of_another_type_scores_none_and_leaves_the_other_rows_alone(reward):
    columns = {"tests": [TESTS, 3], "entry_point": ["add", 3], "code_prefix": [None, 3]}
    values = call(reward, [GOOD, GOOD], **columns)
    assert values[0] is not None
    assert values[1] is None


@names
def test_a_column_of_another_length_scores_none(reward):
    log = Log()
    assert call(reward, [GOOD, GOOD], log, tests=[TESTS] * 3, code_prefix=[None]) == [None, None]
    assert log.metrics[f"{reward.__name__}/not_scored"] == 2.0


@names
@pytest.mark.parametrize("column", [5, float("nan"), np.array(5), {"add": "add", "b": "b"}], ids=repr)
def test_a_column_that_is_no_list_scores_none(reward, column):
    log = Log()
    assert call(reward, [GOOD, GOOD], log, tests=[TESTS] * 2, code_prefix=column) == [None, None]
    assert log.metrics[f"{reward.__name__}/not_scored"] == 2.0


def test_the_tests_and_the_entry_point_may_be_no_list_either():
    assert call(tests_reward, [GOOD], tests=5) == [None]
    assert call(compile_reward, [GOOD], entry_point=float("nan")) == [None]


def test_a_string_is_a_column_for_all_rows():
    assert call(tests_reward, [GOOD, MISMATCH], tests=TESTS, entry_point="add") == [1.0, 0.0]


@pytest.mark.parametrize("reward", [tests_reward, solved_reward], ids=lambda reward: reward.__name__)
def test_broken_tests_are_none_never_zero(reward):
    broken = ["[{]", "[" * 100_000, "[" + "1" * 5000 + "]"]
    assert call(reward, [GOOD] * 4, tests=[TESTS, *broken]) == [1.0, None, None, None]


def test_a_deadline_that_passes_is_none_never_zero():
    reward = get_rust_reward(limits=Limits(deadline_seconds=1e-6))
    log = Log()
    assert call(reward, [block("pub fn late(a: i32) -> i32 { a + 77 }")], log) == [None]
    assert log.metrics["rust_reward/not_scored"] == 1.0


def test_a_missing_toolchain_is_one_clear_error(monkeypatch):
    monkeypatch.setenv("RUST_REWARDS_TOOLCHAIN", "no-such-toolchain")
    with pytest.raises(ToolchainError, match="no-such-toolchain"):
        call(compile_reward, [GOOD])


def test_weights_reach_the_score():
    reward = get_rust_reward(RewardConfig(w_compile_success=20.0, w_structure=0.0))
    assert call(reward, [GOOD]) == [34.0]


@names
def test_rewards_are_picklable_and_named(reward):
    again = pickle.loads(pickle.dumps(reward))
    assert again.__name__ == reward.__name__
    assert getattr(rewards, reward.__name__) is reward
    assert call(again, [""]) == call(reward, [""])


def test_names_are_distinct():
    assert len({reward.__name__ for reward in ALL}) == 7


def test_a_configured_reward_survives_pickling():
    reward = get_rust_reward(RewardConfig(doc_bonus=0.5), Limits(wall_seconds=5.0))
    assert pickle.loads(pickle.dumps(reward)) == reward
    assert isinstance(rust_reward, RustReward)


def test_importing_the_package_loads_nothing_heavy():
    heavy = "{'torch', 'trl', 'transformers', 'wandb', 'datasets', 'accelerate', 'numpy'} & set(sys.modules)"
    code = f"import sys, rust_rewards; loaded = {heavy}; sys.exit(str(loaded) if loaded else 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
