"""The command `report`: one file, or one message and the old page."""

import json
import shutil

import pytest
from run_folder import make_run_folder
from workflow_testbed import run

from rust_rewards.exit_codes import DONE, UNUSABLE


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    return make_run_folder(tmp_path_factory.mktemp("tiny-run"))


def test_command_writes_one_file_and_says_where(run_folder, tmp_path, capsys):
    target = tmp_path / "page.html"
    assert run("report", str(run_folder), "--output_file", str(target)) == DONE
    assert f"Written: {target}" in capsys.readouterr().out
    assert target.read_text(encoding="utf-8").endswith("</html>\n")


def fails_with(capsys, message, *options):
    assert run("report", *options) == UNUSABLE
    assert message in capsys.readouterr().err


def test_a_folder_that_is_not_there_is_named(tmp_path, capsys):
    fails_with(capsys, f"There is no folder {tmp_path / 'none'}", tmp_path / "none")


def test_a_folder_with_nothing_to_report_is_named(tmp_path, capsys):
    fails_with(capsys, f"{tmp_path} holds nothing to report", tmp_path)


@pytest.mark.parametrize("name", ["before.json", "after.json", "reward_analysis.json", "decision.json"])
def test_a_broken_file_is_named_and_the_old_page_stays(run_folder, tmp_path, capsys, name):
    (tmp_path / "report.html").write_text("old")
    (tmp_path / "training_history.json").write_text((run_folder / "training_history.json").read_text())
    (tmp_path / name).write_text('{"kind": "rust-rew')
    fails_with(capsys, f"{tmp_path / name} is not complete JSON", tmp_path)
    assert (tmp_path / "report.html").read_text() == "old"


EDITS = {
    "before.json": [
        (lambda result: result["summary"].pop("metrics"), "summary lacks metrics"),
        (lambda result: result["tasks"][0].update(values=[]), "tasks[0].values is a list; expected an object"),
        (lambda result: result["samples"][0].update(reward="much"), "samples[0].reward is text; expected a number"),
        (lambda result: result.update(machine=None), "machine is null; expected an object"),
    ],
    "decision.json": [
        (lambda result: result["checks"][0].pop("verdict"), "checks[0] lacks verdict"),
        (lambda result: result.update(checks=["proceed"]), "checks[0] is text; expected an object"),
        (lambda result: result.update(next_settings="more"), "next_settings is text; expected a list"),
        (lambda result: result.pop("thresholds"), "it lacks thresholds"),
    ],
}


@pytest.mark.parametrize(("name", "number"), [(name, number) for name in EDITS for number in range(4)])
def test_an_edited_file_is_named_with_the_place(run_folder, tmp_path, capsys, name, number):
    edit, problem = EDITS[name][number]
    shutil.copy(run_folder / "training_history.json", tmp_path)
    result = json.loads((run_folder / name).read_text())
    edit(result)
    (tmp_path / name).write_text(json.dumps(result))
    fails_with(capsys, f"{tmp_path / name} was edited: {problem}", tmp_path)


def test_a_check_of_another_version_is_no_damage(run_folder, tmp_path):
    shutil.copy(run_folder / "training_history.json", tmp_path)
    decision = json.loads((run_folder / "decision.json").read_text())
    decision["checks"][0]["new"] = 1
    (tmp_path / "decision.json").write_text(json.dumps(decision | {"new": 2}))
    assert run("report", tmp_path) == DONE


def test_a_page_replaces_no_input(run_folder, capsys):
    before = (run_folder / "before.json").read_text()
    fails_with(capsys, "is also an input", run_folder, "--output_file", run_folder / "before.json")
    assert (run_folder / "before.json").read_text() == before


def test_topics_may_differ(run_folder, tmp_path):
    before, after = (json.loads((run_folder / f"{name}.json").read_text()) for name in ("before", "after"))
    after["by_topic"] = {"other": after["by_topic"].popitem()[1]}
    for name, result in (("before", before), ("after", after)):
        (tmp_path / f"{name}.json").write_text(json.dumps(result))
    assert run("report", tmp_path) == DONE


def test_the_page_shows_the_decision_that_was_written_and_makes_none(run_folder, tmp_path):
    for name in ("before.json", "after.json", "training_history.json"):
        (tmp_path / name).write_text((run_folder / name).read_text())
    assert run("report", tmp_path) == DONE
    page = (tmp_path / "report.html").read_text()
    assert "<h2>Decision</h2>" not in page
    assert f"rust-rewards decide {tmp_path}/before.json {tmp_path}/after.json {tmp_path} --output_file" in page
    decision = json.loads((run_folder / "decision.json").read_text())
    (tmp_path / "decision.json").write_text(json.dumps(decision | {"decision": "reconsider"}))  # whatever follows
    assert run("report", tmp_path) == DONE
    assert '<span class="badge reconsider">' in (tmp_path / "report.html").read_text()
