"""`extract_rust`: which part of a completion is the program."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rust_rewards.completions import (
    MAX_SOURCE_CHARS,
    completion_text,
    extract_rust,
    is_clean_block,
    looks_like_rust,
    outside_thinking,
)

ONE = "fn one() -> i32 { 1 }\n"
TWO = "fn two() -> i32 { 2 }\n"


def fenced(code, language="rust", fence="```"):
    return f"{fence}{language}\n{code}{fence}\n"


@pytest.mark.parametrize(
    "language", ["rust", "rs", "Rust", "RUST", " rust", "rust,ignore", "{.rust}", 'rust title="a"', ""]
)
def test_a_fenced_block_is_the_program(language):
    assert extract_rust(f"Sure.\n{fenced(ONE, language)}Done.") == ONE


def test_the_last_complete_rust_block_wins():
    assert extract_rust(fenced(ONE) + "Better:\n" + fenced(TWO)) == TWO
    assert extract_rust(fenced(ONE) + "Better:\n```rust\nfn tw") == ONE


@pytest.mark.parametrize("language", ["toml", "bash", "text", "python", "console"])
def test_blocks_of_other_languages_do_not_count(language):
    assert extract_rust(fenced(ONE) + fenced("[package]\n", language)) == ONE
    assert extract_rust(fenced(ONE, language)) == ""


def test_a_block_without_language_counts_only_when_none_says_rust():
    assert extract_rust(fenced(ONE) + fenced(TWO, "")) == ONE
    assert extract_rust(fenced(ONE, "toml") + fenced(TWO, "")) == TWO
    assert extract_rust(fenced(TWO, "") + "```rust\nfn one() {") == "fn one() {"


def test_a_block_after_a_thinking_section_beats_one_inside():
    assert extract_rust(f"<think>{fenced(ONE)}</think>\n{fenced(TWO)}") == TWO
    assert extract_rust(f"<thinking>\n{fenced(ONE)}</thinking>\n{TWO}").strip() == TWO.strip()
    assert extract_rust(f"the template opened it\n{fenced(ONE)}</think>\n{fenced(TWO, '')}") == TWO
    assert extract_rust(f"{fenced(TWO)}<think>\n{fenced(ONE)}</think>\nDone.") == TWO


def test_a_block_inside_thinking_counts_when_there_is_no_other():
    assert extract_rust(f"<think>\n{fenced(ONE)}</think>\nThat is it.") == ONE
    assert extract_rust(f"<think>\n{fenced(ONE)}truncated") == ONE


def test_an_unclosed_block_is_its_rest():
    assert extract_rust("Sure:\n```rust\n" + ONE + "fn tw") == ONE + "fn tw"
    assert extract_rust("```rust") == ""


def test_bare_code_is_the_program_and_prose_is_not():
    assert extract_rust(ONE) == ONE
    assert extract_rust("use std::fmt;\n\n#[derive(Debug)]\npub struct S;\n").startswith("use std::fmt;")
    for prose in (
        "",
        "   \n",
        "I cannot.",
        "use the crate serde",
        "impl blocks are fun",
        "fn is a keyword",
        "let it be",
    ):
        assert extract_rust(prose) == ""


def test_broken_bare_code_is_still_code():
    assert extract_rust("pub fn add(a: i32 -> i32 { a +") == "pub fn add(a: i32 -> i32 { a +"


def test_a_longer_fence_wraps_a_shorter_one():
    inner = "/// ```\n/// one();\n/// ```\nfn one() {}\n```\nnot the end\n"
    assert extract_rust(f"````rust\n{inner}````\n") == inner
    assert extract_rust(f"~~~rust\n{inner}~~~\n") == inner


def test_doc_examples_do_not_end_the_block():
    code = "/// ```rust\n/// assert_eq!(one(), 1);\n/// ```\n" + ONE
    assert extract_rust(fenced(code)) == code


def test_a_rust_fence_inside_an_open_block_starts_anew():
    assert extract_rust("```text\nnever closed\n" + fenced(ONE)) == ONE
    assert extract_rust("```markdown\n" + fenced(ONE) + "```\n") == ONE


def test_windows_line_ends_become_plain():
    assert extract_rust(fenced(ONE).replace("\n", "\r\n")) == ONE


def test_surrogates_are_replaced_and_nul_is_kept():
    assert extract_rust(fenced('fn s() { "\ud800" }\n')) == 'fn s() { "\ufffd" }\n'
    assert extract_rust(fenced("fn s() { /* \0 */ }\n")) == "fn s() { /* \0 */ }\n"


def test_chat_takes_the_last_assistant_message():
    chat = [
        {"role": "assistant", "content": fenced(ONE)},
        {"role": "tool", "content": fenced(ONE)},
        {"role": "assistant", "content": fenced(TWO)},
        {"role": "user", "content": fenced(ONE)},
    ]
    assert extract_rust(chat) == TWO
    assert extract_rust([{"content": fenced(ONE)}]) == ONE
    assert (
        extract_rust([{"role": "assistant", "content": [{"type": "text", "text": "```rust\n"}, {"text": ONE}]}]) == ONE
    )


@pytest.mark.parametrize(
    "chat", [[], [{"role": "user", "content": ONE}], [{"role": "assistant", "content": None}], [{}]]
)
def test_chat_without_an_answer_holds_no_code(chat):
    assert extract_rust(chat) == ""


@pytest.mark.parametrize("other", [None, 3, ["fn f() {}"], {"role": "assistant"}])
def test_anything_else_is_an_error_that_says_what_is_allowed(other):
    with pytest.raises(TypeError, match="a string or a list of messages"):
        completion_text(other)


NOISE = {
    "words": "x y z\n" * 1_700_000,
    "fences": "```\n" * 2_500_000,
    "rust fences": "```rust\n" * 1_250_000,
    "ticks": "`" * 10_000_000 + "x`",
    "blanks": " " * 10_000_000,
    "line ends": "\r\n" * 5_000_000,
    "tags": "<think>" * 1_400_000,
    "items": "fn a<" * 2_000_000,
    "surrogates": "a\ud800" * 2_500_000,
}


@pytest.mark.parametrize("noise", NOISE.values(), ids=NOISE.keys())
def test_ten_megabytes_of_noise_take_well_below_a_second(noise):
    start = time.process_time()
    assert len(extract_rust(noise)) <= MAX_SOURCE_CHARS
    assert time.process_time() - start < 1.0


def test_code_is_found_beside_ten_megabytes_of_noise():
    noise = "noise and more\n" * 350_000
    assert extract_rust(noise + fenced(ONE) + noise) == ONE


def test_a_program_is_cut_at_the_limit():
    assert len(extract_rust(fenced("fn a() {}\n" * MAX_SOURCE_CHARS))) == MAX_SOURCE_CHARS


def test_only_a_complete_rust_block_with_code_is_clean():
    assert is_clean_block(fenced(ONE))
    assert is_clean_block(f"<think>so</think>\n{fenced(ONE)}")
    for unclean in (ONE, fenced(ONE, ""), "```rust\n" + ONE, fenced("So be it.\n"), f"<think>\n{fenced(ONE)}</think>"):
        assert not is_clean_block(unclean)


PIECES = ["```", "```rust\n", "~~~\n", "````\n", "<think>", "</think>", "\n", "\r\n", "fn f() {}", "\ud800", "\0", "a"]


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join) | st.text())
def test_every_text_gives_source_that_can_be_encoded(text):
    source = extract_rust(text)
    source.encode()
    assert "\r\n" not in source
    assert not source or looks_like_rust(source) or "```" in text or "~~~" in text
    assert len(outside_thinking(text)) <= len(text)
