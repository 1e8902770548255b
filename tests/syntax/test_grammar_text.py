"""What rustc accepts, the grammar reads: every piece of syntax, whatever stands in comments and literals."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rust_rewards import analyze_ast, verify
from rust_rewards.syntax.grammar_text import known_syntax, plain_text, silencers_in_text
from rust_rewards.syntax.lexer import scan
from rust_rewards.syntax.tree import parse_rust, read_rust, walk
from tests.support.rust_syntax import rust_syntax

SYNTAX = rust_syntax()


@pytest.mark.parametrize("source", SYNTAX.values(), ids=SYNTAX.keys())
def test_the_grammar_reads_what_rustc_accepts(source):
    assert not parse_rust(source.encode()).root_node.has_error
    assert analyze_ast(source).parses


@pytest.mark.parametrize("source", SYNTAX.values(), ids=SYNTAX.keys())
def test_nodes_stand_where_they_stand_in_the_source(source):
    data = source.encode()
    root = parse_rust(data).root_node
    assert all(node.text == data[node.start_byte : node.end_byte] for node in walk(root))
    assert len(plain_text(data)) == len(data)
    assert all(len(known) == len(data) for known in known_syntax(plain_text(data)))


def test_rustc_accepts_every_piece_of_syntax():
    verdicts = verify(list(SYNTAX.values()), edition="2024")
    assert {name: v.errors for name, v in zip(SYNTAX, verdicts, strict=True) if not v.compiles} == {}


# 是 ends in the byte of `*` behind that of `/`, 个 in that of `/` behind that of `*`: so do thousands of characters.
@pytest.mark.parametrize(
    "comment",
    [
        "/* 这是个加法函数 */",
        "/*是个*/",
        "/*个是*/",
        "/* 是 /* 是 */ 个 */",
        "// 是个 */ /*",
        "/** 是 */",
        "/*! 是 */",
        "/// 是\n",
    ],
)
def test_no_comment_hides_what_stands_behind_it(comment):
    code = "pub fn f() -> u8 { 1 }"
    for source in (f"{comment}\n{code}", f"{code} {comment}\n{code.replace('f', 'g', 1)}"):
        if "/*!" in comment and source.startswith(code):
            continue  # rustc refuses it there
        functions = [node for node in walk(parse_rust(source.encode()).root_node) if node.type == "function_item"]
        assert len(functions) == source.count("fn ")


def test_ordinary_source_is_handed_over_as_it_is():
    source = b'/// Adds.\npub fn f() -> &\'static str { "a\\n" } // done\n'
    assert plain_text(source) is source


@pytest.mark.parametrize(
    ("source", "plain"),
    [
        ("/* 是 */ fn f() {}", "/*     */ fn f() {}"),
        ("/* a\n b */", "/*  \n   */"),
        ("// é\n", "// aa\n"),
        ('"é\0"', '"aaa"'),
        ("'é' '\0'", "'é' 'x'"),
        ('"\\u{1_F600}"', '"\\u{10F600}"'),
        ("fn\u2028f\x85()\r\n{}", "fn   f  () \n{}"),
        ("\ufefffn f() {}", "   fn f() {}"),
        ("#!/bin/sh '\nfn f() {}", " " * 11 + "\nfn f() {}"),
        ("#!\n[allow(x)]", "#! [allow(x)]"),
        ("#! /* /* */ */ [allow(x)]", "#!             [allow(x)]"),
        ("fn größe() {} /**/", "fn größe() {} /**/"),
        ("/* open 是", "/* open 是"),
    ],
)
def test_what_the_grammar_sees(source, plain):
    assert plain_text(source.encode()).decode() == plain


@pytest.mark.parametrize("source", ["#!/bin/sh\nfn f() {", "\ufeff#!/bin/it's\nfn f() {", "#!/// a\n[x]", "#! a [x]"])
def test_a_shebang_is_for_rustc_to_read(source):
    assert not scan(source).plain


@pytest.mark.parametrize("source", ["#![a]", "#! [a]", "#!\n[a]", "#!// x\n/* /* */ */ [a]", "\ufeff#![a]"])
def test_an_inner_attribute_is_no_shebang(source):
    assert scan(source).plain


def test_an_attribute_that_had_to_be_left_out_still_silences():
    source = "pub struct P { pub a: u8 }\npub fn f(p: P) -> u8 { let P { #[allow(unused)] a } = p; 1 }"
    assert not read_rust(source.encode()).exact
    assert analyze_ast(source).live.silenced_lints == 1
    assert silencers_in_text(b'#[expect(a)] #![allow(b)] // #[allow(c)]\n"#[allow(d)]" #[clippy::msrv = "1.0"]') == 3


def test_broken_source_stays_broken():
    for source in ("fn f( {", "fn f() { a + ; }", "struct S { x y }", "fn f<T:>( {", "/* 是", "let safe fn"):
        assert parse_rust(source.encode()).root_node.has_error or not analyze_ast(source).parses


PIECES = [
    "/*",
    "*/",
    "//",
    "\n",
    "\r",
    "\0",
    '"',
    "'",
    "\\",
    "\\u{1_2}",
    'r#"',
    '"#',
    "#!",
    "[",
    "是",
    "个",
    "é",
    "\u2028",
]
PIECES += [
    "fn f() {}",
    "safe fn",
    "where {",
    "::<>",
    "T:>",
    "{ 0: x }",
    "#[allow(x)]",
    ", -1",
    "for<'a>",
    "\ufeff",
    "~",
    "<",
]


@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join) | st.text())
def test_any_text_keeps_its_length_its_lines_and_its_text(text):
    data = text.encode("utf-8", "replace")
    plain = plain_text(data)
    assert len(plain) == len(data)
    assert all(len(known) == len(data) for known in known_syntax(plain))
    root = parse_rust(data).root_node
    assert root.text == data[root.start_byte : root.end_byte]
    assert data.startswith((b"#!", b"\xef\xbb\xbf#!")) or plain.count(b"\n") == data.count(b"\n")


@pytest.mark.parametrize("cut", range(1, 4))
def test_source_that_is_cut_within_a_character_keeps_its_length(cut):
    data = ("/* x */ fn f() {} // " + "是" * 5).encode()[:-cut]
    assert len(plain_text(data)) == len(data)


NOISE = [
    "+ ",
    ": ,",
    "where T: ",
    "impl <",
    ": a::",
    "#[",
    "< -1",
    "for<",
    ", 0: ",
    "safe ",
    "macro_rules ",
    "/*",
    "是",
]


@pytest.mark.parametrize("noise", NOISE)
def test_noise_is_rewritten_in_linear_time(noise):
    data = (noise * (250_000 // len(noise))).encode()
    start = time.process_time()
    list(known_syntax(plain_text(data)))
    assert time.process_time() - start < 3.0
