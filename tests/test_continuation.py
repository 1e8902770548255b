"""`build_program`: a base model's continuation of a prefix, and a chat model's answer beside one."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rust_rewards.completions import extract_rust
from rust_rewards.continuation import build_program, is_complete

PREFIX = "use std::fmt;\n\n/// Adds.\npub fn add(a: i32, b: i32) -> i32 {\n"
BODY = "    a + b\n}\n"
WHOLE = "pub fn add(a: i32, b: i32) -> i32 {\n    a + b\n}\n"


def test_a_continuation_is_joined_to_its_prefix():
    assert build_program(BODY, PREFIX) == PREFIX + BODY
    assert build_program([{"role": "assistant", "content": BODY}], PREFIX) == PREFIX + BODY


@pytest.mark.parametrize(
    "more",
    [
        "\nThis adds the numbers.",
        "```\n\nNext exercise:\n```rust\nfn other() {}\n```",
        "\n/// Subtracts.\npub fn sub(a: i32,",
        "\npub fn add(a: i32, b: i32) -> i32 { 0 }",
        "\n// Question: what does it print?\nlet x = add(1, 2);",
        "}\n}\n",
    ],
)
def test_a_continuation_that_runs_on_is_cut(more):
    assert build_program(BODY + more, PREFIX) == PREFIX + BODY


def test_complete_items_that_follow_are_kept():
    helper = "\n/// Helps.\n#[inline]\nfn helper() -> i32 { 1 }\n"
    assert build_program(BODY + helper + "\nThat is all.", PREFIX) == PREFIX + BODY + helper


def test_a_closing_brace_in_a_string_or_comment_closes_nothing():
    body = '    let s = "}"; // }\n    let r = r#"}"}"#; /* } /* } */ */\n    let c = \'}\';\n    a + b\n}\n'
    assert build_program(body + "prose", PREFIX) == PREFIX + body


def test_a_continuation_that_never_closes_is_judged_as_it_is():
    assert build_program("    a + ", PREFIX) == PREFIX + "    a + "
    assert not is_complete(PREFIX, build_program("    a + ", PREFIX))


@pytest.mark.parametrize(
    "completion",
    [WHOLE, f"Sure:\n```rust\n{WHOLE}```\n", f"```\n{WHOLE}```", f"<think>\n{BODY}\n</think>\n```rust\n{WHOLE}```"],
)
def test_an_answer_with_the_whole_function_is_not_joined(completion):
    assert build_program(completion, PREFIX).split() == ("use std::fmt; " + WHOLE).split()


def test_an_answer_that_repeats_the_prefix_is_taken_alone():
    assert build_program(PREFIX + BODY, PREFIX) == PREFIX + BODY
    assert build_program(f"```rust\n{PREFIX}{BODY}```", PREFIX) == PREFIX + BODY


def test_helper_types_of_the_prefix_are_put_in_front_where_the_answer_lacks_them():
    prefix = "struct P { x: i32 }\nenum E { A }\n\nfn get(p: P) -> i32 {\n"
    answer = "pub enum E { A }\nfn get(p: P) -> i32 { p.x }\n"
    assert build_program(f"```rust\n{answer}```", prefix) == "struct P { x: i32 }\n" + answer


def test_a_fenced_body_continues_the_prefix():
    assert build_program(f"Here:\n```rust\n{BODY}```\nBye.", PREFIX) == PREFIX + BODY


def test_a_prefix_may_end_before_the_brace_or_leave_nothing_open():
    assert build_program("{ 1 }\nprose", "fn one() -> i32\n") == "fn one() -> i32\n{ 1 }\n"
    assert build_program("fn one() -> i32 { 1 }\n", "use std::fmt;\n") == "use std::fmt;\nfn one() -> i32 { 1 }\n"


@pytest.mark.parametrize("blank", ["", "  \n", [], [{"role": "assistant", "content": ""}]])
def test_a_blank_completion_is_no_program(blank):
    assert build_program(blank, PREFIX) == ""


@given(st.text(alphabet="{}[]()\"'/*r#b\\ ab\n;<`~", max_size=80))
def test_without_prefix_it_is_extract_rust_and_with_one_it_starts_with_it_or_the_answer(text):
    assert build_program(text) == build_program(text, None) == build_program(text, " ") == extract_rust(text)
    program = build_program(text, PREFIX)
    assert not text.strip() or program.startswith(PREFIX) or extract_rust(text) in program


@pytest.mark.parametrize("noise", ['r#"', "/*", "'", '"', "{", "}", "fn a() ", 'r"\\', "r#", "fn a(){}\n"])
def test_noise_is_scanned_in_linear_time(noise):
    start = time.process_time()
    build_program(noise * (1_000_000 // len(noise)), PREFIX)
    assert time.process_time() - start < 4.0  # tree-sitter takes most of it, on what follows the function


USAGE = 'fn main() {\n    println!("{}", add(1, 2));\n}\n'


@pytest.mark.parametrize("tell", [{}, {"entry_point": "add"}, {"tests": "assert_eq!(add(1, 2), 3);"}])
def test_usage_behind_the_function_that_the_prefix_opens_does_not_replace_it(tell):
    answer = f"```rust\n{WHOLE}```\nUsage:\n```rust\n{USAGE}```\n"
    assert build_program(answer, PREFIX, **tell).split() == ("use std::fmt; " + WHOLE).split()


def test_tags_of_reasoning_models_do_not_become_code():
    assert build_program(f"<think>ok</think><answer>{BODY}</answer>", PREFIX) == PREFIX + BODY
    assert build_program(f"{BODY}<|endoftext|>", PREFIX) == PREFIX + BODY


def test_tags_in_strings_of_a_continuation_are_code():
    body = '    let _ = ("<think>", "</think>"); // <think> </think>\n    a + b\n}\n'
    assert build_program(body, PREFIX) == PREFIX + body


def test_a_closing_fence_behind_a_continuation_closes_it():
    body = "    let sum = a + b;\n    sum\n}\n"
    assert build_program(f"{body}```\nThe next one:\n```rust\nfn other() {{}}\n```", PREFIX) == PREFIX + body
