"""Rows kept beside an output until it is whole."""

import json

import pytest

from rust_rewards.tasks.unfinished import Unfinished


def test_rows_and_note_are_there_for_the_next_one_with_the_same_settings(tmp_path):
    out = tmp_path / "out.jsonl"
    Unfinished(out, {"seed": 1}).append([{"a": 1}, {"a": "é"}], taken=3, state={"left_out": 1})
    again = Unfinished(out, {"seed": 1})
    assert (again.taken, again.state, list(again.rows())) == (3, {"left_out": 1}, [{"a": 1}, {"a": "é"}])
    again.append([{"a": 2}], taken=1, state={"left_out": 2})
    last = Unfinished(out, {"seed": 1})
    assert (last.taken, last.state, list(last.rows())) == (4, {"left_out": 2}, [{"a": 1}, {"a": "é"}, {"a": 2}])
    assert not out.exists()


def test_rows_that_the_note_does_not_know_are_dropped(tmp_path):
    out = tmp_path / "out.jsonl"
    done = Unfinished(out, {})
    done.append([{"a": 1}], taken=1, state={})
    with done.rows_file.open("ab") as file:
        file.write(b'{"a": 2}\n{"a"')
    again = Unfinished(out, {})
    again.append([{"a": 3}], taken=1, state={})
    assert list(again.rows()) == [{"a": 1}, {"a": 3}]


@pytest.mark.parametrize("note", ['{"settings": {"seed": 2}, "taken": 1, "size": 9, "state": {}}', "{half", ""])
def test_other_settings_or_a_broken_note_are_an_error_that_says_what_to_do(tmp_path, note):
    out = tmp_path / "out.jsonl"
    done = Unfinished(out, {"seed": 1})
    done.append([{"a": 1}], taken=1, state={})
    done.note_file.write_text(note)
    with pytest.raises(ValueError, match=r"begun with other input or options.*delete .*\.rows and .*\.note"):
        Unfinished(out, {"seed": 1})


def test_rows_that_were_lost_are_made_again(tmp_path):
    out = tmp_path / "out.jsonl"
    done = Unfinished(out, {})
    done.append([{"a": 1}], taken=1, state={})
    done.rows_file.write_bytes(b"")
    assert Unfinished(out, {}).taken == 0


@pytest.mark.parametrize("rows", [[], [{"a": 1}]])
def test_the_output_is_whole_and_nothing_stays_beside_it(tmp_path, rows):
    out = tmp_path / "folder" / "out.jsonl"
    done = Unfinished(out, {})
    done.append(rows, taken=1, state={})
    done.move_to_output()
    assert [json.loads(line) for line in out.read_text().splitlines()] == rows
    assert list(out.parent.iterdir()) == [out]
