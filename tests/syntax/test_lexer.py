import time

import pytest

from rust_rewards.syntax.lexer import blank, scan


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("fn f() {", "this file contains an unclosed delimiter"),
        ("fn f() }", "unexpected closing delimiter: `}`"),
        ("fn f() { (] }", "mismatched closing delimiter: `]`"),
        ('fn f() { let s = "}"; ', "this file contains an unclosed delimiter"),
        ("fn f() { // }", "this file contains an unclosed delimiter"),
        ("fn f() { /* } /* } */ } */", "this file contains an unclosed delimiter"),
    ],
)
def test_unbalanced_delimiters_are_named_as_rustc_names_them(source, message):
    assert scan(source).unbalanced.message == message


@pytest.mark.parametrize(
    "source",
    [
        "fn f() { let c = '{'; let d = '\\''; let e = '\\u{7b}'; }",
        "fn f<'a>(x: &'a str) -> &'a str { x }",
        'fn f() -> &\'static str { r#"{ " ( "# }',
        'fn f() -> &\'static [u8] { b"{\\"(" }',
        "fn f() { /* { /* ( */ [ */ }",
        "fn f() { 'outer: loop { break 'outer; } }",
        "",
    ],
)
def test_delimiters_in_comments_and_literals_do_not_count(source):
    seen = scan(source)
    assert seen.plain
    assert seen.unbalanced is None


@pytest.mark.parametrize(
    "source", ['fn f() { "open }', "fn f() { /* open }", 'fn f() { r#"open" }', "#!/bin/sh {", "let x = 'ab';"]
)
def test_what_is_not_plain_is_left_to_rustc(source):
    seen = scan(source)
    assert not seen.plain
    assert seen.unbalanced is None


def test_position_is_that_of_the_delimiter():
    assert scan("fn f() {\n  )\n}").unbalanced.position == 11  # eight characters, the line end, two spaces


def test_code_keeps_words_and_drops_comments_and_strings():
    assert scan('fn a() { "crate"; /* crate */ b } // crate').code.split() == ["fn", "a()", "{", ";", "b", "}"]


@pytest.mark.parametrize("rest", ['"open } //', "/* open }", 'r#"open" }'])
def test_what_never_closes_takes_the_rest_of_the_text_with_it(rest):
    assert blank("f { " + rest) == ("f { " + " " * len(rest), False)


@pytest.mark.parametrize("noise", ['\\"', "'\\u{", "/*", "'a", 'r#"', "'r#a", "{", "'\\x"])
def test_noise_is_read_in_linear_time(noise):
    start = time.process_time()
    scan('"' + noise * (1_000_000 // len(noise)))
    scan(noise * (1_000_000 // len(noise)))
    assert time.process_time() - start < 8.0  # a second or less; quadratic would be hours


@pytest.mark.parametrize(
    "source", ["a /* x\ny */ b", 'r#"a"# b', "'a' 'b", 'br"x" // y', 'var"x"', "'static 'x'", "/* open", 'c"x"y']
)
def test_code_keeps_every_place(source):
    assert len(scan(source).code) == len(source)


def test_depth_counts_the_deepest_nesting():
    assert scan("fn f() { ((())) }").depth == 4
    assert scan("(" * 100_000 + ")" * 100_000).depth == 100_000
