"""Which outputs are the same: by line, white space at the ends aside, numbers within a tolerance where there is one."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rust_rewards import verify
from rust_rewards.verifier.outputs import most_bytes, normalized, same_output

SAME = [
    ("1\n2\n", "1  \r\n2"),
    ("a", "a\n\n"),
    ("a\n\nb", "a\n \t\nb"),
    ("", " \n\t\n"),
    ("  a", "  a\x0c\x0b"),
    ("é", "é\r\n"),
]
OTHER = [
    ("1\n2", "1 2"),
    ("1", ""),
    ("a", " a"),
    ("a\nb", "a\n\nb"),
    ("a b", "a  b"),
    *(("1\n2", f"1{end}2") for end in ("\r", "\x0b", "\x0c", "\x1c", "\x1e", "\x85", "\u2028", "\u2029")),
    ("a", "a\u00a0"),  # a printed no-break space is no white space of a terminal's
]


@pytest.mark.parametrize(("expected", "printed"), SAME)
def test_white_space_at_the_ends_does_not_count(expected, printed):
    assert same_output(normalized(expected.encode()), normalized(printed.encode()))


@pytest.mark.parametrize(("expected", "printed"), OTHER)
def test_a_line_ends_at_a_newline_and_nowhere_else(expected, printed):
    assert not same_output(normalized(expected.encode()), normalized(printed.encode()))


WITHIN = [
    ("0.3333333333", "0.33333", 1e-5, True),
    ("0.3333333333", "0.3333", 1e-5, False),
    ("1000000", "1000001", 1e-6, True),  # a share of the expected one
    ("1000000", "1000002", 1e-6, False),
    ("3", "3.0", 0.0, True),
    ("-0", "0", 0.0, True),
    ("1e3", "1000.", 0.0, True),
    (".5", "+0.5", 0.0, True),
    ("x 1.0 y", "x 1.00 y", 0.0, True),
    ("x 1.0 y", "z 1.00 y", 1.0, False),
    ("1 2", "1\n2", 1.0, False),  # lines stay lines
    ("1 2", "1", 9.0, False),
    ("1", "inf", 9.0, False),
    ("1", "NaN", 9.0, False),
    ("NaN", "NaN", 0.0, True),  # the same text
    ("1_000", "1000", 9.0, False),  # no number of a program's
    ("1e999", "-1e999", 9.0, False),  # both beyond every number
    ("0x10", "16", 9.0, False),
]


@pytest.mark.parametrize(("expected", "printed", "tolerance", "same"), WITHIN)
def test_numbers_in_the_same_place_may_differ_by_the_tolerance(expected, printed, tolerance, same):
    assert same_output(expected.encode(), printed.encode(), tolerance) is same


@given(st.text(alphabet=" \t\r\n\x0b\x0cab1."), st.sampled_from([None, 0.0]))
def test_the_expected_text_is_right_and_no_longer_than_what_is_read(text, tolerance):
    want = normalized(text.encode())
    assert same_output(want, want, tolerance)
    assert len(want) <= most_bytes(want, tolerance)
    assert normalized(want) == want


ECHO = "use std::io::{copy, stdin, stdout};\nfn main() { copy(&mut stdin(), &mut stdout()).unwrap(); }\n"


def test_the_harness_leaves_out_what_does_not_count_and_nothing_else():
    texts = _texts()
    wanted = [normalized(text.encode()).decode() for text in texts]
    tests = json.dumps([{"input": text, "output": want} for text, want in zip(texts, wanted, strict=True)])
    longer = json.dumps([{"input": text + "\nb", "output": text} for text in texts])
    shorter = json.dumps([{"input": text, "output": f"{text}\nb"} for text in texts])
    verdicts = verify([ECHO] * 3, [tests, longer, shorter])
    assert [verdict.tests_passed for verdict in verdicts] == [len(texts), 0, 0]


def _texts() -> list[str]:
    """Texts of one to four parts, blank or not, in every order of three kinds."""
    parts = ["", " ", "\n", "\t\n \n", "a", "\r\n", "é b", "\x0c", "\u00a0"]
    return [x + y + z for x in parts for y in parts for z in parts][::7]
