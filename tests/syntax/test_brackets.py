import pytest

from rust_rewards.syntax.brackets import follow_brackets


def test_the_end_of_the_last_item_and_the_depth_are_found():
    text = "use a::{b, c};\nfn f() { [1; 2]; }\nfn g(x: [u8; 3]) {"
    found = follow_brackets(text)
    assert found.depth == 1
    assert text[: found.finished].endswith("[1; 2]; }")


def test_the_brace_that_closes_is_found_after_a_given_place():
    text = "fn f() {} fn g() {"
    assert follow_brackets(text + "}").closed == len("fn f() {}")
    assert follow_brackets(text + "}", since=len(text)).closed == len(text) + 1


def test_more_closed_than_opened_is_a_negative_depth():
    assert follow_brackets("f() } }").depth == -2


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("fn f(a: [u8; 2]) { g('}', ", ")}"),
        ("fn f() { // }", "}"),
        ("fn f() { /* } /* } */ } */", "}"),
        ('fn f() { let s = "}";', "}"),
        ('fn f() { let s = r#"}"}"#;', "}"),
        ("fn f<'a>(x: &'a str) { g(", ")}"),
    ],
)
def test_brackets_in_comments_and_literals_do_not_count(text, missing):
    assert follow_brackets(text).missing == missing


@pytest.mark.parametrize("cut_off", ['"} ) {', 'r#"} " {', "/* } {", '"a \\" }'])
def test_a_literal_or_comment_that_never_closes_hides_what_follows_it(cut_off):
    assert follow_brackets("fn f() { g(" + cut_off).missing == ")}"


def test_a_quote_that_is_no_character_hides_nothing():
    assert follow_brackets("it's { what's").missing == "}"
