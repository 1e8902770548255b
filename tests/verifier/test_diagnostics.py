import json

from rust_rewards.verifier.diagnostics import parse_diagnostics

SPAN = {"file_name": "a.rs", "line_start": 3, "column_start": 5, "is_primary": True, "expansion": None}


def line(**fields):
    message = {
        "$message_type": "diagnostic",
        "message": "m",
        "code": None,
        "level": "error",
        "spans": [],
        "rendered": "r",
    }
    return json.dumps({**message, **fields})


def test_errors_and_warnings_come_out_with_code_and_place():
    found = list(parse_diagnostics(line(level="warning", code={"code": "dead_code"}, spans=[SPAN])))
    assert [(d.file, d.diagnostic.level, d.diagnostic.code, d.diagnostic.line, d.diagnostic.column) for d in found] == [
        ("a.rs", "warning", "dead_code", 3, 5)
    ]


def test_rustc_summaries_notes_and_plain_text_are_not_diagnostics():
    text = "\n".join(
        [
            "warning: something in plain text",
            line(message="aborting due to 2 previous errors; 1 warning emitted"),
            line(level="warning", message="1 warning emitted"),
            line(level="warning", message="12 warnings emitted"),
            line(level="failure-note", message="Some errors have detailed explanations: E0308."),
            line(level="note", message="a note"),
            '{"cut off',
        ]
    )
    assert list(parse_diagnostics(text)) == []


def test_an_error_inside_a_macro_is_placed_at_its_outermost_use():
    inner = {**SPAN, "file_name": "/std/macros.rs", "line_start": 99, "expansion": {"span": SPAN}}
    assert [(d.file, d.diagnostic.line) for d in parse_diagnostics(line(spans=[inner]))] == [("a.rs", 3)]


def test_a_compiler_crash_is_an_error():
    assert next(parse_diagnostics(line(level="error: internal compiler error"))).diagnostic.level == "error"
