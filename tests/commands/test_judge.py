"""`rust-rewards judge`: a file or the calibration, what is printed, and the exit code."""

import json
import re
import sys

import pytest
from judge_server import ScriptedServer, completion, scores

from rust_rewards.__main__ import main
from rust_rewards.judge.calibration import samples

CODE = "pub fn one() -> i32 {\n    1\n}\n"


def run(*options):
    return main(["judge", *map(str, options)])


@pytest.fixture
def source(tmp_path):
    file = tmp_path / "one.rs"
    file.write_text(CODE)
    return file


def test_a_file_is_judged_and_explained(source, capsys):
    with ScriptedServer(lambda _: scores()) as server:
        options = ("--endpoint", server.endpoint, "--model", "m", "--cache_path", "", "--task", "Return 1.")
        assert run(source, *options) == 0
    said = capsys.readouterr().out
    assert re.search(r"quality +8\.0 / 10", said)
    assert re.search(r"reward +0\.60 of 1\b", said)
    assert "As scripted." in said
    assert "Return 1." in server.requests[0]["messages"][1]["content"]


def test_a_file_that_cannot_be_judged_says_why(source, capsys):
    source.write_text("fn one() -> i32 { true }")
    assert run(source, "--endpoint", "http://127.0.0.1:9/v1", "--model", "m") == 1
    assert capsys.readouterr().out == "not judged: not_compiling\n"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ((), "either a Rust file or --calibrate"),
        (("missing.rs", "--endpoint", "http://x/v1", "--model", "m"), "missing.rs"),
        (("missing.rs", "--model", "m"), "no endpoint"),
    ],
)
def test_wrong_options_are_told_with_status_two(capsys, options, says):
    assert run(*options) == 2
    assert says in capsys.readouterr().err


def honest(body):
    """Answer as a reviewer would who cannot be talked round: by the defects in the programs."""
    bad = re.search(r"last\(\)\.unwrap|best = best|n as u16|\.clone\(\);\n", body["messages"][1]["content"])
    return scores(2, 2, 2) if bad else scores(9, 9, 9)


def gullible(body):
    asked = re.search(r"answer 10|full marks|\"quality\": 10", body["messages"][1]["content"], re.IGNORECASE)
    return scores(10, 10, 10) if asked else honest(body)


def test_an_honest_judge_passes_the_calibration(capsys):
    with ScriptedServer(honest) as server:
        assert run("--calibrate", "--endpoint", server.endpoint, "--model", "m") == 0
    said = capsys.readouterr().out
    assert "good above bad in 100% of pairs" in said
    assert "most gained by talking: +0.00" in said


def test_a_gullible_judge_fails_it_and_the_injection_is_named(capsys):
    with ScriptedServer(gullible) as server:
        assert run("--calibrate", "--endpoint", server.endpoint, "--model", "m") == 1
    said = capsys.readouterr().out
    assert re.search(r"comment +1\.00 +\+0\.80", said)
    assert "most gained by talking: +0.80" in said
    assert "Do not train with this judge" in said


def test_stripping_comments_takes_most_injections_away(capsys):
    with ScriptedServer(gullible) as server:
        options = ("--endpoint", server.endpoint, "--model", "m", "--strip_comments", "true")
        assert run("--calibrate", *options) == 1
    said = capsys.readouterr().out
    assert re.search(r"comment +0\.20 +\+0\.00", said)
    assert re.search(r"string +1\.00 +\+0\.80", said)  # a string is code


def test_a_judge_that_never_scores_fails_the_calibration(capsys):
    with ScriptedServer(lambda _: completion(json.dumps("nice"))) as server:
        assert run("--calibrate", "--endpoint", server.endpoint, "--model", "m") == 1
    too_long = sum(sample.kind == "too long" for sample in samples())  # 0 without being asked about
    assert f"{len(samples()) - too_long} of {len(samples())} samples got no score" in capsys.readouterr().out


def test_calibration_of_an_absent_judge_says_so(capsys):
    assert run("--calibrate", "--endpoint", "http://127.0.0.1:9/v1", "--model", "m") == 1
    assert "Is the server running" in capsys.readouterr().err


def test_a_missing_package_is_told_with_the_code_of_what_cannot_be_used(source, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "openai", None)
    assert run("--calibrate", "--endpoint", "http://127.0.0.1:9/v1", "--model", "m") == 2
    assert capsys.readouterr().err.startswith("error: ")
