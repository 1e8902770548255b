"""JSON Lines: what a line is, and what is said of one that cannot be read."""

import pytest

from rust_rewards.json_lines import Line, parse_line, read_lines, read_objects


@pytest.fixture
def file(tmp_path):
    def write(data):
        path = tmp_path / "rows.jsonl"
        path.write_bytes(data)
        return path

    return write


def test_blank_lines_are_passed_over_and_counted(file):
    assert [line.number for line in read_lines(file(b"{}\n\n  \n{}"))] == [1, 4]


def test_only_a_newline_ends_a_line(file):
    text = '{"a": "\u2028 \x85"}\r\n{"a": 1}\n'
    assert read_objects(file(text.encode()), "row") == [(1, {"a": "\u2028 \x85"}), (2, {"a": 1})]


def test_a_byte_order_mark_is_no_part_of_the_first_row(file):
    assert read_objects(file('\ufeff{"a": 1}'.encode()), "row") == [(1, {"a": 1})]


def test_bytes_that_are_no_utf8_are_refused_or_replaced(file):
    path = file(b'{"a": "\xff"}\n')
    with pytest.raises(ValueError, match="line 1 is not UTF-8 text: invalid start byte at byte 7"):
        read_objects(path, "row")
    assert read_objects(path, "row", errors="replace") == [(1, {"a": "\ufffd"})]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{}\n{"a": 1', "line 2 is not JSON: .* Expected one task a line"),
        (b"[1]", "line 1 is a list; expected an object with columns"),
        (b"[" * 100_000, "line 1 is not JSON: nested too deeply"),
    ],
)
def test_a_line_that_is_no_object_is_named(file, data, message):
    with pytest.raises(ValueError, match=message):
        read_objects(file(data), "task")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"Cannot read the tasks .*none\.jsonl: No such file"):
        read_objects(tmp_path / "none.jsonl", "task")


def test_a_lone_surrogate_passes_when_asked_for():
    assert parse_line(Line(1, b'"\xed\xa0\x80"'), errors="surrogatepass") == "\ud800"
