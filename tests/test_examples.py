"""Every example of the documents and of `--help` that needs no hub, endpoint or hours runs as it is pasted.

It runs in a folder that holds what the examples name: the clone's `recipes`, an answer with its tests, samples, the
folder of a run. Which examples are not run, and why, is `NOT_RUN`; that all of them parse is `test_documents.py`.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys

import pytest
from documents import SHOWN, WITH_EXAMPLES, help_commands
from paths import RECIPES, ROOT, TINY
from run_folder import make_run_folder

from rust_rewards.__main__ import COMMANDS
from rust_rewards.__main__ import main as rust_rewards_main
from rust_rewards.exit_codes import ADJUST, DONE, RECONSIDER
from rust_rewards.tasks import load_tasks
from trainers.training_log import write_log

PLACEHOLDER = re.compile(r"[A-Z][A-Z_]*(?:\.json)?")  # such as MODEL: the reader's own
NOT_RUN = {
    r"Qwen/|outputs/qwen|bigcode/|convert_gguf|smollm2": "a model or data set of the hub",
    r"--endpoint|judge --calibrate": "somebody's endpoint; tests/judge has one of its own",
    r"recipes/compare\.py (?!--example)|recipes/sweep\.py|recipes/tiny/corpus\.py": "takes minutes to hours",
    r"^rust-rewards tasks": "needs the user's own data; tests/commands has some",
    r"^(?:pip|curl|trl|make|pytest|accelerate|torchrun|recipes/\w+\.sh)\b": "installs, trains or tests",
    r"^python (?:-m pytest|tests/)": "tests or measures",
    r"--model_name_or_path CHECKPOINT": "the reader's own model",
}
NESTED = ("tasks",)  # commands whose own commands have the examples
MAY_END_WITH = {"decide": (DONE, ADJUST, RECONSIDER)}


def reason_not_to_run(words):
    line = " ".join(word.removeprefix(".venv/bin/") for word in words)
    if any(PLACEHOLDER.fullmatch(word) for word in words):
        return "the reader's own model or file"
    if words[0] == "python" and (not words[2:] or (words[1] == "-m" and not words[3:])):
        return "the name of a script alone"
    if words[0] == "rust-rewards" and not words[2:] and words[1] not in ("doctor", "selftest", "--help"):
        return "the name of a command alone"
    return next((reason for pattern, reason in NOT_RUN.items() if re.search(pattern, line)), None)


EXAMPLES = list(dict.fromkeys(shlex.join(words) for _, words in SHOWN if not reason_not_to_run(words)))


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A folder with what the examples name."""
    folder = tmp_path_factory.mktemp("clone")
    (folder / "recipes").symlink_to(RECIPES)
    (folder / "answer.rs").write_text("pub fn add(a: i32, b: i32) -> i32 { a + b }\n")
    (folder / "hidden.rs").write_text("assert_eq!(add(1, 2), 3);\n")
    (folder / "prefix.rs").write_text("/// Returns the sum of both numbers.\npub fn add(a: i32, b: i32) -> i32 {\n")
    tasks = load_tasks("eval")
    columns = ("task_id", "tests", "entry_point")
    rows = [{"completion": task["reference"], **{name: task[name] for name in columns}} for task in tasks]
    (folder / "samples.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    outputs = folder / "outputs"
    outputs.mkdir()
    (outputs / "tiny-phase1").mkdir()
    make_run_folder(outputs / "tiny-phase1")
    for name in ("before.json", "after.json"):
        shutil.copy(outputs / "tiny-phase1" / name, folder)
    for name in ("phase1", "tiny-grpo"):
        shutil.copytree(outputs / "tiny-phase1", outputs / name)
    write_log(
        [{"step": n, "reward": 8.0 + n, "reward_std": 1.0} for n in (1, 2)], outputs / "tiny-grpo/rl_training.log"
    )
    (outputs / "grpo").symlink_to(TINY / "checkpoint")
    return folder


def test_most_of_the_examples_are_run():
    ours = [shlex.join(words) for _, words in SHOWN if words[0] == "rust-rewards" and words[2:]]
    assert len(EXAMPLES) >= 15
    for command in ("analyze", "compare", "decide", "evaluate", "generate", "report", "score"):
        assert any(line.startswith(f"rust-rewards {command} ") for line in EXAMPLES), command
    assert {line for line in ours if "recipes/tiny/checkpoint" in line} <= set(EXAMPLES)


@pytest.mark.slow
@pytest.mark.parametrize("line", EXAMPLES)
def test_an_example_runs_as_pasted(clone, line, monkeypatch, capfd):
    program, *arguments = shlex.split(line)
    monkeypatch.chdir(clone)
    for name in ("before.json", "after.json"):  # some examples write these, others read them
        shutil.copy(clone / name, "outputs")
    if program == "rust-rewards" and "--help" not in arguments:
        code = rust_rewards_main(arguments)
    else:
        command = [sys.executable, "-m", "rust_rewards"] if program == "rust-rewards" else [sys.executable]
        paths = {"PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])}
        code = subprocess.run([*command, *arguments], env=os.environ | paths, timeout=600).returncode
    shown = capfd.readouterr()
    assert code in MAY_END_WITH.get(arguments[0], (DONE,)), shown.err
    assert "Traceback" not in shown.err


@pytest.mark.parametrize("command", COMMANDS)
def test_the_examples_that_help_prints_are_those_of_the_source(command, capsys):
    """A lost backslash, or lines that were joined, would make them something else than what is tested."""
    [source] = [path for path in WITH_EXAMPLES if path.parts[-2:] == ("commands", f"{command}.py")]
    for words in help_commands(source):
        asked = words[1:3] if command in NESTED else [command]
        with pytest.raises(SystemExit, match="0"):
            rust_rewards_main([*asked, "--help"])
        printed = capsys.readouterr().out.replace("\\\n", " ")
        lines = [" ".join(line.split()) for line in printed.splitlines()]
        wanted = " ".join(shlex.join(words).replace("'", '"').split())
        assert any(line.startswith(wanted) for line in lines), wanted
