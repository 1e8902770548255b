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
)
from rust_rewards.markdown import looks_like_rust, read_markdown
from rust_rewards.rewards import ast_reward, compile_reward, format_reward, rust_reward, tests_reward

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


@pytest.mark.parametrize("language", ["toml", "bash", "json", "python", "console"])
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
    "tags on one line": "<answer></answer>" * 500_000,
    "nested wrappers": "````markdown\n```text\n" * 400_000,
    "open strings": '```rust\nlet s = "\n```\n' * 400_000,
    "fences in a comment": "```rust\n/*\n" + "```\n" * 2_000_000,
    "fences behind code": "```rust\n" + "x ```\n" * 1_500_000,
    "answers": "<answer>fn a() {}</answer>" * 400_000,
    "sections": "<details><!-- " * 350_000 + "--></details>" * 350_000,
    "quotations": "> ```rust\n> fn add() {}\n> ```\n" * 300_000,
    "braces": "```rust\nfn add() " + "{" * 3_000_000 + "\n```\n```rust\nfn add() {}\n```\n",
    "bare code": "fn a() {} ```</x>\n" * 500_000,
    "line ends for readers": "```rust\n" + '// \u2028 "' * 1_000_000,
}


@pytest.mark.parametrize("noise", NOISE.values(), ids=NOISE.keys())
def test_ten_megabytes_of_noise_take_well_below_a_second(noise):
    start = time.process_time()
    assert len(extract_rust(noise)) <= MAX_SOURCE_CHARS
    assert time.process_time() - start < 1.0


@pytest.mark.parametrize("noise", NOISE.values(), ids=NOISE.keys())
def test_noise_takes_as_long_with_an_entry_point(noise):
    start = time.process_time()
    extract_rust(noise, entry_point="add")
    is_clean_block(noise, tests="assert_eq!(add(a, 1), 2);")
    assert time.process_time() - start < 3.0


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


PIECES = [
    "```",
    "```rust\n",
    "~~~\n",
    "````\n",
    "````markdown\n",
    "```text\n",
    "> ",
    "\n",
    "\r\n",
    "\r",
    "\u2028",
    "\ufeff",
]
PIECES += ["<think>", "</think>", "<answer>", "</answer>", "<details>", "</details>", "<!--", "-->", "<|im_end|>"]
PIECES += ["fn f() {}", "fn add() {}\n", "/*", "*/", "//", '"', 'r#"', '"#', "'", "{", "}", "\ud800", "\0", "a"]
ANY_TEXT = st.lists(st.sampled_from(PIECES), max_size=30).map("".join) | st.text()


@given(ANY_TEXT)
def test_every_text_gives_source_that_can_be_encoded(text):
    source = extract_rust(text)
    source.encode()
    assert "\r" not in source
    assert not source or looks_like_rust(source) or "```" in text or "~~~" in text
    assert len(source) <= len(text)


@given(ANY_TEXT, ANY_TEXT)
def test_a_fenced_block_is_one_piece_of_the_text_and_the_clean_one_is_complete(text, tests):
    text = text.replace(">", "").replace("\u2028", "")  # quotations lose what stands before their lines
    for tell in ({"entry_point": "add"}, {"entry_point": tests}, {"tests": tests}):
        source = extract_rust(text, **tell)
        blocks = [part for part in read_markdown(completion_text(text)) if part.language in ("rust", "")]
        may_be_bare = not blocks or not all(block.fenced for block in blocks)
        assert source in completion_text(text) or may_be_bare
        if is_clean_block(text, **tell):
            assert looks_like_rust(source)
            assert source + "```" in completion_text(text) or source + "~~~" in completion_text(text)


ADD = "pub fn add(a: i32, b: i32) -> i32 {\n    a + b\n}\n"
WRONG = "pub fn add(a: i32, b: i32) -> i32 {\n    a - b\n}\n"
HIDDEN_TESTS = "assert_eq!(add(1, 2), 3);"
USE = 'fn main() {\n    println!("{}", add(1, 2));\n}\n'
TESTS = (
    "#[cfg(test)]\nmod tests {\n    use super::*;\n    #[test]\n    fn add() { assert_eq!(super::add(1, 2), 3); }\n}\n"
)
TOP_TESTS = "use super::*;\n#[test]\n#[should_panic]\nfn add() { assert_eq!(super::add(1, 2), 4); }\n"
F, LONG = "```", "````"

# Reported forms (E1 to E10, and what is wrong for the same reason), each with the program it holds.
REPORTED = {
    "answer tag behind the closing fence": (f"<think>ok</think>\n<answer>\n{F}rust\n{ADD}{F}</answer>", ADD),
    "a sentence behind the closing fence": (f"{F}rust\n{ADD}{F} That adds.\n", ADD),
    "end of turn behind the closing fence": (f"{F}rust\n{ADD}{F}<|im_end|>", ADD),
    "answer tag before the opening fence": (f"<think>ok</think>\n<answer>{F}rust\n{ADD}{F}\n</answer>", ADD),
    "a sentence before the opening fence": (f"Sure: {F}rust\n{ADD}{F}\nDone.", ADD),
    "a sentence before a fence without tag": (f"Sure: {F}\n{ADD}{F}\nDone.", ADD),
    "a sentence before another language": (f"Cargo.toml: {F}toml\n[package]\n{F}\n{fenced(ADD)}", ADD),
    "usage behind": (fenced(ADD) + "\nUsage:\n" + fenced(USE), ADD),
    "tests behind": (fenced(ADD) + fenced(TESTS), ADD),
    "tests without a module behind": (fenced(ADD) + fenced(TOP_TESTS), ADD),
    "the signature behind": (fenced(ADD) + "It is\n" + fenced("pub fn add(a: i32, b: i32) -> i32;\n"), ADD),
    "output in a block without tag": (f"{F}\n{ADD}{F}\nOutput:\n{F}\n3\n{F}\n", ADD),
    "output in a block of text": (f"{F}\n{ADD}{F}\n{F}text\n3\n{F}\n", ADD),
    "usage in a tagged block": (f"{F}\n{ADD}{F}\nUsage:\n{fenced(USE)}", ADD),
    "only a closing fence": (ADD + f"{F}\nIt adds.\n", ADD),
    "only a closing fence, after thinking": (f"<think>hm</think>\n{ADD}{F}\nIt adds.\n", ADD),
    "only a closing fence, then output": (ADD + f"{F}\nOutput:\n{F}\n3\n{F}\n", ADD),
    "a longer markdown fence": (f"{LONG}markdown\n# Answer\n\n{fenced(ADD)}{LONG}\n", ADD),
    "a markdown fence as long": (f"{F}md\n# Answer\n\n{fenced(ADD)}{F}\n", ADD),
    "a text block": (f"{F}text\n{ADD}{F}\n", ADD),
    "an answer in a markdown block": (f"{LONG}markdown\n<answer>\n{fenced(ADD)}</answer>\n{LONG}\n", ADD),
    "a bare answer": (f"<think>ok</think>\n<answer>\n{ADD}</answer>\n", ADD),
    "a bare answer after prose": (f"I add.<answer>\n{ADD}</answer>\n", ADD),
    "a bare answer after a draft": (f"{fenced(WRONG)}<solution>\n{ADD}</solution>\n", ADD),
    "a bare answer without end": (f"[THINK]ok[/THINK]<final_answer>\n{ADD}", ADD),
    "code tags": (f"<think>ok</think>\n<pre><code>\n{ADD}</code></pre>\n", ADD),
    "thinking that ends behind slashes": (f"<think>comments start with //</think><answer>\n{ADD}</answer>", ADD),
    "thinking that ends behind a quote": (f'<think>5" wide</think><answer>\n{ADD}</answer>', ADD),
    "a draft without end in thinking": (f"<think>\n{F}\nfn add(\n</think>\n{F}\n{ADD}{F}\n", ADD),
    "a draft of text without end in thinking": (f"<think>\n{F}text\nadd(\n</think>\n{F}\n{ADD}{F}\n", ADD),
    "bare code, end of turn": (ADD + "<|endoftext|>", ADD),
    "bare code, end of sequence": (ADD + "</s>", ADD),
    "a byte order mark before code": ("\ufeff" + ADD, ADD),
    "a byte order mark before a fence": ("\ufeff" + fenced(ADD), ADD),
    "a byte order mark in a block": (fenced("\ufeff" + ADD), ADD),
    "a zero width space before a fence": ("So:\n\u200b" + fenced(ADD), ADD),
    "a block that another language cuts off": (f"{F}rust\n{ADD}{F}python\nprint(1)\n{F}\n", ADD),
    "details behind": (fenced(ADD) + f"<details>\n\n{fenced(WRONG)}\n</details>\n", ADD),
    "a comment behind": (fenced(ADD) + f"<!--\n{fenced(WRONG)}-->\n", ADD),
    "a comment around a fence behind": (fenced(ADD) + f"<!-- {F}rust\n{WRONG}{F} -->\n", ADD),
    "everything in details": (f"<details>\n<summary>Code</summary>\n\n{fenced(ADD)}\n</details>\n", ADD),
}


@pytest.mark.parametrize("tell", [{"entry_point": "add"}, {"tests": HIDDEN_TESTS}], ids=["entry_point", "tests"])
@pytest.mark.parametrize(("completion", "program"), REPORTED.values(), ids=REPORTED.keys())
def test_the_block_that_defines_what_was_asked_for_is_the_program(completion, program, tell):
    assert extract_rust(completion, **tell) == program


OWN_FENCES = {
    "block doc comment": f"/**\nAdds.\n{F}\nassert_eq!(add(1, 2), 3);\n{F}\n*/\n{ADD}",
    "tagged fence in a block doc comment": f"/**\nAdds.\n{F}rust\nassert_eq!(add(1, 2), 3);\n{F}\n*/\n{ADD}",
    "fence in a nested comment": f"/* /* a */\n{F}\nb\n{F}\n*/\n{ADD}",
    "fence in a raw string": f'const DOC: &str = r#"\n{F}rust\nlet x = 1;\n{F}\n"#;\n{ADD}',
    "fence in a string": f'const DOC: &str = "\n{F}\nx\n{F}\n";\n{ADD}',
    "a single fence in a string": f'const DOC: &str = "\n{F}\n";\n{ADD}',
    "fence at the end of a string's line": f'const DOC: &str = "a {F}\nb {F}";\n{ADD}',
    "line doc comment": f"/// {F}\n/// assert_eq!(add(1, 2), 3);\n/// {F}\n{ADD}",
    "thinking tags in strings": f'{ADD}pub fn at(s: &str) -> bool {{ s.find("<think>") < s.find("</think>") }}\n',
    "thinking tags in comments": f"// <think>\n{ADD}// </think>\npub fn two() -> i32 {{ 2 }}\n",
    "thinking tags in a block comment": f"/*\n<think>\n*/\n{ADD}/*\n</think>\n*/\npub fn two() -> i32 {{ 2 }}\n",
    "answer tags in a raw string": f'{ADD}pub const T: &str = r"\n<answer>\n</answer>\n";\n',
    "comment marks in a string": f'{ADD}pub const T: [&str; 2] = ["<!--", "-->"];\n',
    "end of turn in a string": f'{ADD}pub const T: &str = "<|im_end|></s>";\n',
}


@pytest.mark.parametrize("code", OWN_FENCES.values(), ids=OWN_FENCES.keys())
def test_fences_and_tags_in_strings_and_comments_are_code(code):
    assert extract_rust(f"<think>hm</think>\n{fenced(code)}That is it.\n", entry_point="add") == code
    assert extract_rust(f"{fenced(code)}\nUsage:\n{fenced(USE)}", entry_point="add") == code


@pytest.mark.parametrize("name", ["thinking tags in strings", "thinking tags in comments", "end of turn in a string"])
def test_tags_in_strings_and_comments_of_bare_code_are_code(name):
    assert extract_rust(OWN_FENCES[name]) == OWN_FENCES[name]


def test_a_string_that_never_closes_does_not_swallow_the_next_block():
    broken = 'pub fn add() { "no end }\n'
    assert extract_rust(fenced(broken) + 'The " was missing:\n' + fenced(ADD), entry_point="add") == ADD
    assert extract_rust(fenced("/* no end\n" + ADD) + "So:\n" + fenced(ADD), entry_point="add") == ADD


@pytest.mark.parametrize("end", ["\r", "\u2028", "\u2029", "\x85"])
def test_a_line_end_for_the_reader_ends_a_line_comment(end):
    code = f'pub fn f() -> &\'static str {{ // one{end}    let s = "// two"; // three{end}    s\n}}\n'
    assert extract_rust(fenced(code)) == code.replace(end, "\n")


def test_a_line_end_for_the_reader_stays_in_strings_and_block_comments():
    code = 'pub fn f() -> &\'static str { /* a\u2028 */ "//\u2028" }\n'
    assert extract_rust(fenced(code)) == code


def test_without_an_entry_point_the_tests_tell_what_was_asked_for():
    stack = "pub struct Stack;\nimpl Stack { pub fn new() -> Self { Stack } pub fn push(&mut self) {} }\n"
    part = "impl Stack { pub fn push(&mut self) {} }\n"
    tests = "mod tests { fn helper() { Stack::new().push(); } }"
    assert extract_rust(fenced(stack) + fenced(part) + fenced("fn helper() {}\n"), tests=tests) == stack
    program = 'fn main() { println!("3"); }\n'
    cases = '[{"input": "", "output": "3"}]'
    assert extract_rust(fenced(program) + fenced("fn helper() {}\n"), tests=cases) == program
    assert extract_rust(fenced(ADD) + fenced(ONE), entry_point=" ", tests=" ") == ONE


@pytest.mark.parametrize("entry_point", ["push", "Stack::push", "Stack.push", "r#push"])
def test_a_method_may_be_the_entry_point(entry_point):
    stack = "pub struct Stack;\nimpl Stack { pub fn push(&mut self) {} }\n"
    assert extract_rust(fenced(stack) + fenced(USE), entry_point=entry_point) == stack


# 30 more ways in which models write a right answer.
FORMS = {
    "heading": f"# Solution\n\n## Code\n\n{fenced(ADD)}",
    "bold": f"**Code:**\n\n{fenced(ADD)}\n**Note:** it adds.",
    "numbered list": "1. Write it:\n\n   " + fenced(ADD).replace("\n", "\n   ") + "\n2. Done.",
    "list item is the fence": "- " + fenced(ADD).replace("\n", "\n  "),
    "quotation": "> " + fenced(ADD).rstrip().replace("\n", "\n> ") + "\n",
    "quotation without spaces": ">" + fenced(ADD).rstrip().replace("\n", "\n>") + "\n",
    "indented by three": "   " + fenced(ADD).replace("\n", "\n   "),
    "tabs": "\t" + fenced(ADD).replace("\n", "\n\t"),
    "tildes": fenced(ADD, fence="~~~"),
    "five ticks": fenced(ADD, fence="`````"),
    "closing fence longer": f"{F}rust\n{ADD}{LONG}\n",
    "closing fence behind the brace": f"{F}rust\n{ADD.rstrip()}{F}\n",
    "closing fence indented": f"{F}rust\n{ADD}  {F}  \n",
    "no closing fence": f"{F}rust\n{ADD}",
    "code behind the tag": f"{F}rust {ADD}{F}\n",
    "one line": f"{F}rust pub fn add(a: i32, b: i32) -> i32 {{ a + b }} {F}\n",
    "file name as tag": fenced(ADD, "src/lib.rs"),
    "tag and file name": fenced(ADD, "rust:src/lib.rs"),
    "title": fenced(ADD, 'rust title="src/lib.rs" linenos'),
    "Pandoc": fenced(ADD, "{.rust .numberLines}"),
    "language- prefix": fenced(ADD, "language-rust"),
    "edition": fenced(ADD, "rust,edition2021"),
    "capitals": fenced(ADD, "RUST"),
    "Windows": fenced(ADD).replace("\n", "\r\n"),
    "old Mac": fenced(ADD).replace("\n", "\r"),
    "project files around": fenced("[package]\n", "toml") + fenced(ADD) + fenced("cargo test\n", "bash"),
    "main in the same block": fenced(ADD + USE),
    "tests in the same block": fenced(ADD + TESTS.replace("fn add", "fn adds")),
    "usage before": f"Call it so:\n{fenced('let three = add(1, 2);')}\nCode:\n{fenced(ADD)}",
    "correction": f"{fenced(WRONG)}\nNo, that subtracts:\n{fenced(ADD)}",
    "diff behind": fenced(ADD) + fenced("-    a - b\n+    a + b\n", "diff"),
    "rule and table": f"---\n{fenced(ADD)}\n---\n\n| a | b |\n| --- | --- |\n| 1 | `2` |\n",
    "code span": f"`add` adds; fences are {F}` ``` `{F}.\n\n{fenced(ADD)}",
    "template opened thinking": f"First, {F} marks code.\nSo:\n{fenced(WRONG)}</think>\n\n{fenced(ADD)}",
    "channels": f"<|channel|>analysis<|message|>hm<|end|><|channel|>final<|message|>{fenced(ADD)}<|return|>",
    "emoji": f"✅ Voilà 👇{F}rust\n{ADD}{F}🎉\n",
}


def test_thirty_further_forms_of_a_right_answer_pass():
    assert len(FORMS) >= 30
    values = tests_reward(list(FORMS.values()), tests=HIDDEN_TESTS, entry_point="add")
    assert {form for form, value in zip(FORMS, values, strict=True) if value != 1.0} == set()


LIB = "pub fn one() -> i32 { 1 }\n"
# And 32 more, each with the share of its tests that it deserves.
MORE_FORMS = {
    "steps with pieces, then the whole": (
        f"1. Signature:\n{fenced('pub fn add(a: i32, b: i32) -> i32;')}2. Body:\n{fenced('a + b')}All:\n{fenced(ADD)}",
        1.0,
    ),
    "explanation of lines behind": (fenced(ADD) + f"The line\n{fenced('    a + b')}adds.\n", 1.0),
    "complexity and notes": (fenced(ADD) + "\n**Complexity:** O(1)\n\n- `a`: left\n- `b`: right\n", 1.0),
    "LaTeX": (f"We want $a + b$:\n\\[ a + b \\]\n{fenced(ADD)}\\boxed{{add}}\n", 1.0),
    "boxed in answer tags": (f"<reasoning>\n$a + b$\n</reasoning>\n<answer>\n{fenced(ADD)}</answer>\n", 1.0),
    "thinking with fences, then the answer": (
        f"<think>\n{F}\nadd?\n{F}\n{F}rust\nfn add(\n</think>\n{fenced(ADD)}",
        1.0,
    ),
    "two thinking sections": (f"<think>a</think>\nSo.\n<think>\n{fenced(WRONG)}</think>\n{fenced(ADD)}", 1.0),
    "emphasis around the fence": (f"**\n{fenced(ADD)}**\n", 1.0),
    "heading on the line before": (f"### `add`\n{fenced(ADD)}### Usage\n{fenced(USE)}", 1.0),
    "nested list": ("- Code\n  - Rust:\n\n    " + fenced(ADD).replace("\n", "\n    ") + "\n", 1.0),
    "quoted list": ("> - " + fenced(ADD).rstrip().replace("\n", "\n>   ") + "\n", 1.0),
    "table row behind": (fenced(ADD) + "| in | out |\n|----|-----|\n| `1, 2` | `3` |\n", 1.0),
    "shell transcript behind": (fenced(ADD) + fenced("$ cargo test\ntest result: ok. 1 passed\n", "console"), 1.0),
    "Cargo.toml behind": (fenced(ADD) + fenced('[package]\nname = "add"\n', "toml"), 1.0),
    "Python before": (fenced("def add(a, b):\n    return a + b\n", "python") + fenced(ADD), 1.0),
    "Rust in a python block": (fenced(ADD, "python"), 0.0),
    "old and new as diff": (fenced("-    a - b\n+    a + b\n", "diff") + fenced(ADD), 1.0),
    "only a diff": (fenced("+pub fn add(a: i32, b: i32) -> i32 { a + b }\n", "diff"), 0.0),
    "file names before blocks": (
        f"**src/add.rs**\n{fenced(ADD)}**src/main.rs**\n{fenced('mod add;' + chr(10) + USE)}",
        1.0,
    ),
    "two files, the other function second": (fenced(ADD) + fenced(LIB), 1.0),
    "HTML paragraphs": (f"<p>Here:</p>\n\n{fenced(ADD)}\n<p>Done.</p>\n", 1.0),
    "open details": (f"<details open>\n<summary>Code</summary>\n\n{fenced(ADD)}</details>\n", 1.0),
    "a comment in HTML before": (f"<!-- the answer -->\n{fenced(ADD)}", 1.0),
    "a footnote": (fenced(ADD) + "[^1]: `i32` wraps.\n", 1.0),
    "capital info with attributes": (fenced(ADD, "Rust {linenos=true}"), 1.0),
    "playground flags": (fenced(ADD, "rust,editable,edition2021,should_panic"), 1.0),
    "fence of four around three": (f"{LONG}rust\n/// {F}\n/// add(1, 2);\n/// {F}\n{ADD}{LONG}\n", 1.0),
    "text before on the fence's line": (f"Answer: {F}rs\n{ADD}{F} (adds)\n", 1.0),
    "right, then the same with documentation": (fenced(ADD) + fenced("/// Adds.\n" + ADD), 1.0),
    "right, then a wrong variant": (fenced(ADD) + "Or, to subtract:\n" + fenced(WRONG), 0.0),
    "wrong, then right, then usage": (fenced(WRONG) + fenced(ADD) + fenced(USE), 1.0),
    "no code": ("`add` returns the sum of its arguments.", 0.0),
    "an apology": ("I'm sorry, but I can't help with that.<|im_end|>", 0.0),
    "Chinese prose and comments": (f"答案：\n{fenced('/* 这是个加法函数 */' + chr(10) + ADD)}完成。\n", 1.0),
}


@pytest.mark.parametrize("tell", [{"entry_point": "add"}, {}], ids=["entry_point", "tests only"])
def test_more_forms_have_their_value(tell):
    completions = [completion for completion, _ in MORE_FORMS.values()]
    values = tests_reward(completions, tests=HIDDEN_TESTS, **tell)
    assert dict(zip(MORE_FORMS, values, strict=True)) == {name: value for name, (_, value) in MORE_FORMS.items()}


def test_the_format_of_more_forms_agrees():
    # no code 0; else 1 for one visible block that says Rust, 0.5 for several tries
    tries = {"right, then the same with documentation", "right, then a wrong variant", "wrong, then right, then usage"}
    nothing = {name for name, (_, value) in MORE_FORMS.items() if value == 0.0} - {"right, then a wrong variant"}
    expected = {name: 0.0 if name in nothing else 0.5 if name in tries else 1.0 for name in MORE_FORMS}
    expected["open details"] = 0.5
    values = format_reward([completion for completion, _ in MORE_FORMS.values()], entry_point="add")
    assert dict(zip(MORE_FORMS, values, strict=True)) == expected


def test_reported_forms_pass():
    values = tests_reward([completion for completion, _ in REPORTED.values()], tests=HIDDEN_TESTS)
    assert {form for form, value in zip(REPORTED, values, strict=True) if value != 1.0} == set()


SEVERAL_TRIES = {
    "right, then wrong": fenced(ADD) + fenced(WRONG),
    "right in thinking only": f"<think>\n{fenced(ADD)}</think>\n{fenced(WRONG)}",
    "right in thinking, usage outside": f"<think>\n{fenced(ADD)}</think>\n{fenced(USE)}",
    "right hidden behind wrong": fenced(WRONG) + f"<details>\n{fenced(ADD)}</details>\n",
    "right in a comment behind wrong": fenced(WRONG) + f"<!--\n{fenced(ADD)}-->\n",
    "right without tag behind wrong": fenced(WRONG) + fenced(ADD, ""),
    "right in text behind wrong": fenced(WRONG) + fenced(ADD, "text"),
    "right never closed behind wrong": fenced(WRONG) + f"{F}rust\n{ADD}",
    "right outside, wrong as the answer": f"{fenced(ADD)}<answer>\n{fenced(WRONG)}</answer>\n{fenced(ADD)}",
    "one half each": fenced("pub fn add(a: i32, b: i32) -> i32 {\n") + fenced("a + b }\n"),
    "bare, then wrong": ADD + fenced(WRONG),
    "nine of ten": fenced(ADD) * 9 + fenced(WRONG),
}


def test_several_tries_are_one_try():
    values = tests_reward(list(SEVERAL_TRIES.values()), tests=HIDDEN_TESTS, entry_point="add")
    assert {tries: value for tries, value in zip(SEVERAL_TRIES, values, strict=True) if value != 0.0} == {}


def test_several_tries_are_not_clean_and_examples_cost_nothing():
    assert not is_clean_block(fenced(WRONG) * 9 + fenced(ADD))
    assert not is_clean_block(fenced(WRONG, "") + fenced(ADD), entry_point="add")
    assert is_clean_block(fenced(ADD) + fenced(USE) + fenced(TESTS), entry_point="add")
    assert is_clean_block(fenced(ADD) + fenced(USE), tests=HIDDEN_TESTS)
    assert is_clean_block(f"<think>{fenced(WRONG)}</think>" + fenced(ADD))
    assert not is_clean_block(f"<!--\n{fenced(ADD)}-->\n")


# Code that is no answer, each with what is wrong about it.
NO_ANSWER = {
    "closed thinking": f"<think>\n{fenced(ADD)}</think>\nThat is it.",
    "closed thinking, nothing behind": f"<think>\n{fenced(ADD)}</think>",
    "thinking that never closes": f"<think>\n{fenced(ADD)}So that",
    "thinking that never closes, bare": f"<think>\n{ADD}",
    "thinking in brackets": f"[THINK]\n{fenced(ADD)}[/THINK]",
    "thinking in brackets that never closes": f"[THINK]\n{fenced(ADD)}",
    "bare thinking": f"<thinking>\n{ADD}</thinking>",
    "thinking that the template began": f"{fenced(ADD)}</think>\nThat is it.",
    "thinking that a turn cuts off": f"<think>\n{fenced(ADD)}<|im_end|>",
    "an HTML comment": f"<!--\n{fenced(ADD)}-->\n",
    "an HTML comment around bare code": f"So:\n<!--\n{ADD}-->\n",
    "an HTML comment that never closes": f"<!--\n{fenced(ADD)}",
    "a tool call": f"<tool_call>\n{fenced(ADD)}</tool_call>\n",
    "a tool call that never closes": f"<tool_call>\n{fenced(ADD)}",
    "a bare tool call": f"<function_calls>\n{ADD}</function_calls>\n",
    "a tool's response": f"<tool_response>\n{fenced(ADD)}</tool_response>\n",
    "a next turn": f"I cannot.<|im_end|>\n<|im_start|>user\n{fenced(ADD)}",
    "a next turn of the assistant": f"I cannot.<|im_end|>\n<|im_start|>assistant\n{fenced(ADD)}<|im_end|>",
    "a next turn of Llama": f"I cannot.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n{fenced(ADD)}",
    "a next turn of Llama without end": f"I cannot.<|start_header_id|>user<|end_header_id|>\n\n{fenced(ADD)}",
    "a next turn of Mistral": f"I cannot.</s>[INST] And so? [/INST]\n{fenced(ADD)}",
    "a next turn of Gemma": f"I cannot.<end_of_turn>\n<start_of_turn>model\n{fenced(ADD)}",
    "a next turn of Phi": f"I cannot.<|end|>\n<|user|>\n{fenced(ADD)}",
    "a next turn of DeepSeek": f"I cannot.<\uff5cend\u2581of\u2581sentence\uff5c><\uff5cUser\uff5c>{fenced(ADD)}",
    "another document": f"I cannot.<|endoftext|>{ADD}",
}


def test_code_where_no_answer_may_stand_is_none():
    for tell in ({"entry_point": "add"}, {"tests": HIDDEN_TESTS}, {}):
        assert {form for form, text in NO_ANSWER.items() if extract_rust(text, **tell)} == set()
    forms = list(NO_ANSWER.values())
    assert set(format_reward(forms, entry_point="add")) == {0.0}
    assert set(compile_reward(forms, entry_point="add")) == {0.0}


NOT_REPLACED = {
    "a next turn": fenced(ADD) + f"<|im_end|>\n<|im_start|>user\nNo.<|im_end|>\n<|im_start|>assistant\n{fenced(WRONG)}",
    "a next turn of Llama": fenced(ADD) + f"<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n{fenced(WRONG)}",
    "a next turn of Gemma": fenced(ADD) + f"<end_of_turn>\n<start_of_turn>user\n{fenced(WRONG)}",
    "a next turn of Mistral": fenced(ADD) + f"\n[INST] Again. [/INST] {fenced(WRONG)}",
    "a next turn in a block that never closes": f"{F}rust\n{ADD}<|im_end|>\n<|im_start|>user\n{fenced(WRONG)}",
    "a next turn behind bare code": f"{ADD}<|endoftext|>{WRONG}",
    "a next turn in plain words": fenced(ADD) + f"\n\nHuman: And so?\n\n{fenced(WRONG)}",
    "a next instruction": fenced(ADD) + f"\n### Instruction:\nAgain.\n### Response:\n{fenced(WRONG)}",
    "a tool call": fenced(ADD) + f"<tool_call>\n{fenced(WRONG)}</tool_call>",
    "thinking behind": fenced(ADD) + f"<think>\n{fenced(WRONG)}",
    "a method of the same name": fenced(ADD)
    + fenced("pub struct Sum;\nimpl Sum {\n    pub fn add(a: i32, b: i32) -> i32 { a - b }\n}\n"),
    "a method of a trait": fenced(ADD) + fenced("pub trait Sum {\n    fn add(&self, b: i32) -> i32 { b }\n}\n"),
}


@pytest.mark.parametrize("tell", [{"entry_point": "add"}, {"tests": HIDDEN_TESTS}], ids=["entry_point", "tests"])
@pytest.mark.parametrize("completion", NOT_REPLACED.values(), ids=NOT_REPLACED.keys())
def test_what_stands_behind_the_answer_does_not_replace_it(completion, tell):
    assert extract_rust(completion, **tell) == ADD


def test_running_on_into_another_turn_is_not_clean():
    assert not is_clean_block(NOT_REPLACED["a next turn"], entry_point="add")
    assert is_clean_block(fenced(ADD) + "<|im_end|>\n", entry_point="add")
    assert is_clean_block(fenced(ADD) + "</s></s>", entry_point="add")


USES = {
    "main": USE,
    "statements": "let three = add(1, 2);\nassert_eq!(three, 3);\n",
    "tests": TOP_TESTS,
    "a module of tests": TESTS,
    "a function": "fn demo() -> i32 { add(1, 2) }\n",
    "a struct": "struct Pair(i32, i32);\nimpl Pair { fn sum(&self) -> i32 { add(self.0, self.1) } }\n",
}


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_without_anything_to_tell_an_example_of_use_is_not_the_answer(use):
    assert extract_rust(fenced(ADD) + "Usage:\n" + fenced(use)) == ADD
    assert extract_rust(fenced(ADD) + fenced(use) + fenced(use)) == ADD


def test_without_anything_to_tell_a_better_try_is_the_answer():
    assert extract_rust(fenced(WRONG) + fenced(USE) + "Better:\n" + fenced(ADD)) == ADD
    assert extract_rust(fenced(WRONG) + fenced(ADD + USE)) == ADD + USE
    assert extract_rust(fenced(ONE) + fenced(USE)) == USE  # it uses nothing of the first


def test_a_path_asks_for_the_method_and_a_name_for_the_function():
    method = "pub struct Sum(i32);\nimpl Sum { pub fn add(&self, b: i32) -> i32 { self.0 + b } }\n"
    assert extract_rust(fenced(method) + fenced(USE), entry_point="add") == method
    assert extract_rust(fenced(ADD) + fenced(method), entry_point="add") == ADD
    assert extract_rust(fenced(method) + fenced(ADD), entry_point="add") == ADD


PROSE_WITH_MARKS = {
    "a tag in a code span": f"Wrap it in `<think>` or `<!--`.\n{fenced(ADD)}",
    "a turn token in a code span": f"It stops at `<|im_end|>`.\n{fenced(ADD)}",
    "the header of its own turn": f"<|im_start|>assistant\n{fenced(ADD)}<|im_end|>",
    "the header of its own turn, Llama": f"<|start_header_id|>assistant<|end_header_id|>\n\n{fenced(ADD)}",
    "an end before anything": f"<|im_end|>\n{fenced(ADD)}",
    "an index called INST": fenced(ADD + "const INST: usize = 0;\npub fn at(x: [i32; 1]) -> i32 { x[INST] }\n"),
    "a user in thinking": f"<think>The task:\n\nUser: add.\n### Instruction:\n</think>\n{fenced(ADD)}",
    "a user in prose": f"The request was\n\nUser: add two numbers.\n\n{fenced(ADD)}",
    "a tool call before": f'<tool_call>\n{{"name": "run"}}\n</tool_call>\n{fenced(ADD)}',
}


@pytest.mark.parametrize("completion", PROSE_WITH_MARKS.values(), ids=PROSE_WITH_MARKS.keys())
def test_marks_that_end_nothing_cost_nothing(completion):
    assert tests_reward([completion], tests=HIDDEN_TESTS, entry_point="add") == [1.0]


def test_every_reward_scores_the_same_block():
    completion = fenced(ADD) + fenced("fn main() { missing(); }\n")
    for told in ({"entry_point": "add"}, {"tests": HIDDEN_TESTS}):
        assert compile_reward([completion], **told) == format_reward([completion], **told) == [1.0]
        assert ast_reward([completion], **told) == ast_reward([ADD], **told)
        assert rust_reward([completion], **told) == rust_reward([ADD], **told)


PROSE = st.sampled_from(
    ["", "Here it is.\n", "## Code\n", "It's `add`: 1 < 2 & 3 > 2.\n", "<b>Note</b>\n", "1. One\n2. Two\n"]
)
ASIDES = st.sampled_from(
    [fenced(USE), fenced("3\n", ""), fenced("3\n", "text"), fenced("cargo run\n", "bash"), fenced(TESTS), ""]
)
PROGRAMS = st.sampled_from([ADD, *(code for code in OWN_FENCES.values())])
FENCES = st.tuples(st.sampled_from(["rust", "rs", "Rust", "rust,ignore", "lib.rs"]), st.sampled_from([F, LONG]))
THOUGHTS = "<think>\n" + fenced(WRONG) + "</think>\n"
SHELLS = st.sampled_from(
    [
        "{}",
        "<think>So, add.</think>\n{}",
        THOUGHTS + "<answer>\n{}</answer>",
        "<answer>{}</answer>",
        "So it ends.</think>\n{}",
        "``````markdown\n{}``````\n",
        "{}<|im_end|>",
        "\ufeff{}",
    ]
)


@given(PROSE, ASIDES, PROSE, FENCES, PROGRAMS, PROSE, ASIDES, PROSE, SHELLS, st.sampled_from(["\n", "\r\n"]))
def test_every_wrapping_of_a_program_gives_it_back(a, before, b, fence, program, c, behind, d, shell, line_end):
    answer = a + before + b + fenced(program, *fence) + c + behind + d
    completion = shell.replace("{}", answer).replace("\n", line_end)
    assert extract_rust(completion, entry_point="add") == program
    assert extract_rust(completion, tests=HIDDEN_TESTS) == program


def test_statements_in_a_block_of_their_own_are_tests_and_no_cases():
    answer = "```rust\npub fn f(x: i32) -> i32 { x + 1 }\n```\nUsage:\n```rust\nfn main() { f(1); }\n```\n"
    assert "pub fn f" in extract_rust(answer, tests="{ let y = f(1); assert_eq!(y, 2); }")
    assert "fn main" in extract_rust(answer, tests='[{"input": "", "output": ""}]')
