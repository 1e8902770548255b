"""What the documents claim is there: links, files, commands and their options; and README's first ten lines run.

Commands are parsed by the parsers that read them in earnest and stop there: no model is loaded, nothing is trained.
Those that can run anywhere do so in `test_examples.py`.
"""

import argparse
import ast
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import run
from documents import (
    DOCUMENTS,
    FENCE,
    FILES,
    OTHER_COMMANDS,
    READMES,
    SHOWN,
    SPAN,
    blocks,
    commands,
    name,
    prose,
    text_of,
)
from launch.arguments import RecipeArguments, parse
from paths import ROOT, TINY
from sft import SFTScriptArguments
from trl import GRPOConfig, ModelConfig, SFTConfig

from rust_rewards.__main__ import COMMANDS
from rust_rewards.__main__ import main as rust_rewards_main
from rust_rewards.judge import JudgeArguments
from trainers import MaxRLConfig

TRAINING = {
    "grpo.py": (RecipeArguments, GRPOConfig, ModelConfig, JudgeArguments),
    "maxrl.py": (RecipeArguments, MaxRLConfig, ModelConfig, JudgeArguments),
    "sft.py": (SFTScriptArguments, SFTConfig, ModelConfig),
}
TWO_SCREENS = 120  # lines
LINK = re.compile(r"\[(?:[^][]|\[[^]]*\])*\]\(([^)\s]+)\)")
FILE_NAME = re.compile(
    r"[\w.*/-]+\.(?:py|rs|yaml|sh|md|toml|txt)|(?:[\w*-]+/)+[\w.*-]+\.(?:jsonl|json|png)|(?:[\w-]+/)+"
)
WRITTEN_BY_COMMANDS = ("reward_examples.md", "methods.md", "sweep.md", "completions/", "checkpoint-N/", "outputs/")


def anchors(path: Path) -> set[str]:
    """Return the anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def linked(path: Path) -> list[tuple[Path, str]]:
    """Return file and anchor of every link of a document that stays in the repository."""
    targets = [target for target in LINK.findall(prose(path)) if not target.startswith("http")]
    return [((path.parent / target.partition("#")[0]).resolve(), target.partition("#")[2]) for target in targets]


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_every_link_leads_somewhere(path):
    for file, anchor in linked(path):
        target = path if file == path.parent else file
        assert target.exists(), target
        assert not anchor or anchor in anchors(target), f"{target} has no heading {anchor}"


def test_every_readme_is_two_clicks_from_the_first_at_most():
    reached, front = {ROOT / "README.md"}, {ROOT / "README.md"}
    for _ in range(2):
        front = {file for path in front for file, _ in linked(path) if file.name == "README.md"} - reached
        reached |= front
    assert sorted(map(name, set(READMES) - reached)) == []


def is_there(mentioned: str, folder: Path) -> bool:
    """Say whether a file, folder or pattern exists beside a document, at the root, or under that end of a path."""
    if any(any(place.glob(mentioned.rstrip("/"))) for place in (folder, ROOT)):
        return True
    return any(name(path).endswith(f"/{mentioned}") or f"/{mentioned}" in name(path) for path in FILES)


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_every_file_that_is_named_exists(path):
    mentioned = {span for span in SPAN.findall(prose(path)) if FILE_NAME.fullmatch(span)}
    expected = {file for file in mentioned if not file.startswith(WRITTEN_BY_COMMANDS) and file != "utils.py"}
    assert sorted(file for file in expected if not is_there(file, path.parent)) == []


@pytest.mark.parametrize("folder", ["verifier", "judge", "tasks", "tasks/convert", "evaluation", "../trainers"])
def test_the_readme_of_a_package_names_each_of_its_modules(folder):
    place = ROOT / "rust_rewards" / folder
    modules = {path.name for path in place.glob("*.py")} - {"__init__.py"}
    assert sorted(modules - set(SPAN.findall(text_of(place / "README.md")))) == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_a_long_document_begins_with_its_contents(path):
    if len(text_of(path).splitlines()) > TWO_SCREENS:
        before = prose(path).partition("\n## ")[0]
        listed = {target.removeprefix("#") for target in LINK.findall(before)}
        sections = {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in section_titles(path)}
        assert sections <= listed


def section_titles(path: Path) -> list[str]:
    return re.findall(r"^## (.+)$", prose(path), re.MULTILINE)


def test_the_first_page_is_short():
    text = text_of(ROOT / "README.md")
    assert len(text.splitlines()) <= 200
    assert len(text.split()) < 1600


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_every_test_that_is_named_exists(path):
    assert [test for test in re.findall(r"\btests/[\w./-]+\w", text_of(path)) if not (ROOT / test).exists()] == []


def test_make_bench_finds_the_place_of_its_table():
    text = text_of(run.README)
    assert text.count(run.START) == text.count(run.END) == 1
    assert text.index(run.START) < text.index("| 512 programs") < text.index(run.END)


# Commands


class Parsed(BaseException):
    """The arguments were understood; nothing else is to happen. No `Exception`, so that no command catches it."""


def parse_and_stop(monkeypatch, command, arguments) -> None:
    """Run a command until `argparse` has understood its arguments; raise `SystemExit` when it has not."""
    understand = argparse.ArgumentParser.parse_args

    def parse_args(parser, args=None, namespace=None):
        understand(parser, args, namespace)
        raise Parsed

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_args)
    monkeypatch.setattr(sys, "argv", ["command", *arguments])
    try:
        command()
    except Parsed:
        return
    except SystemExit as end:  # a command that parses nothing, such as `compare.py --example`, has done its work
        if end.code:
            raise


def check_command(words: list[str], monkeypatch) -> None:
    """Check one command: that its file is there, and that its arguments are known."""
    words = [word.removeprefix(".venv/bin/") for word in words]
    program, *arguments = words
    if program == "rust-rewards" or words[:3] == ["python", "-m", "rust_rewards"]:
        arguments = arguments if program == "rust-rewards" else words[3:]
        if arguments[1:]:
            parse_and_stop(monkeypatch, lambda: rust_rewards_main(arguments), arguments)
        else:
            assert {*arguments} <= {*COMMANDS, "--help", "--version"}
    elif program in ("accelerate", "torchrun"):
        check_launch(arguments)
    elif program == "pytest" or words[:3] == ["python", "-m", "pytest"]:
        for word in words:
            assert not word.startswith("tests") or (ROOT / word).exists(), word
    elif words[:2] == ["python", "-m"]:
        module = ROOT / f"{words[2].replace('.', '/')}.py"
        check_script(module, words[3:], monkeypatch)
    elif program == "python":
        check_script(ROOT / arguments[0], arguments[1:], monkeypatch)
    elif program == "make":
        assert re.search(rf"^{arguments[0]}:", text_of(ROOT / "Makefile"), re.MULTILINE)
    elif program.endswith(".sh"):
        assert (ROOT / program).is_file()
    else:
        assert program in OTHER_COMMANDS, f"No check for {shlex.join(words)}"


def check_launch(arguments: list[str]) -> None:
    """Check a training command as far as its recipe: the launcher's file, and every key."""
    if "--config_file" in arguments and arguments.index("--config_file") < 2:
        assert (ROOT / arguments[arguments.index("--config_file") + 1]).is_file()
    scripts = [word for word in arguments if word.endswith(".py")]
    for script in scripts:
        assert (ROOT / script).is_file(), script
        keys = arguments[arguments.index(script) + 1 :]
        if keys:  # --use_cpu, because the classes refuse bf16 on a machine without a GPU
            parse(TRAINING[Path(script).name], default_config="recipes/tiny/grpo.yaml", argv=[*keys, "--use_cpu"])


def check_script(script: Path, arguments: list[str], monkeypatch) -> None:
    """Check a script's file, and its arguments where some are shown and it has a parser."""
    assert script.is_file(), script
    if arguments and "argparse" not in text_of(script) and script.parent.name == "benchmarks":
        return  # hands its arguments to a recipe
    if arguments:
        monkeypatch.syspath_prepend(str(script.parent))
        parse_and_stop(monkeypatch, lambda: runpy.run_path(str(script), run_name="__main__"), arguments)


@pytest.mark.parametrize(
    ("path", "words"), SHOWN, ids=[f"{name(path)}: {' '.join(words[:4])}" for path, words in SHOWN]
)
def test_every_command_names_what_exists_and_options_that_are_known(path, words, monkeypatch):
    monkeypatch.chdir(ROOT)
    check_command(words, monkeypatch)


def test_the_commands_of_the_first_page_that_take_seconds_run(tmp_path, monkeypatch, capsys):
    (tmp_path / "answer.rs").write_text("pub fn add(a: i32, b: i32) -> i32 { a + b }")
    (tmp_path / "hidden.rs").write_text("assert_eq!(add(1, 2), 3);")
    monkeypatch.chdir(tmp_path)
    ours = [words[1:] for words in commands(ROOT / "README.md") if words[0] == "rust-rewards"]
    quick = [words for words in ours if words[0] in ("doctor", "score")]
    assert [words[0] for words in quick] == ["doctor", "score"]
    for words in quick:
        assert rust_rewards_main(words) == 0
    assert "1 of 1 hidden tests pass" in capsys.readouterr().out


def test_a_command_with_an_unknown_option_would_be_noticed(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    known = "accelerate launch recipes/grpo.py --config recipes/tiny/grpo.yaml"
    for line in ("rust-rewards score a.rs", "python recipes/sweep.py --output_dir out"):
        with pytest.raises(SystemExit, match="2"):
            check_command([*line.split(), "--nonsense"], monkeypatch)
        assert "nonsense" in capsys.readouterr().err
    with pytest.raises((SystemExit, ValueError), match=r"2|nonsense"):
        check_command([*known.split(), "--nonsense", "1"], monkeypatch)


# Python


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_every_python_example_imports_what_exists(path):
    for code in blocks(path, "python"):
        imports = [node for node in ast.parse(code).body if isinstance(node, ast.Import | ast.ImportFrom)]
        exec(compile(ast.Module(imports, []), str(path), "exec"), {})


def quick_start() -> list[str]:
    text = text_of(ROOT / "README.md")
    section = text[text.index("\n## Quick start\n") :].partition("\n## ")[2]
    return [code for kind, code in FENCE.findall(section) if kind == "python"]


def test_the_first_lines_run_as_pasted_and_print_what_they_say(tmp_path):
    code = quick_start()[0]
    assert len([line for line in code.splitlines() if line]) <= 10
    expected = re.findall(r"print\(.*\)  # (.+)$", code, re.MULTILINE)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == expected
    assert len(expected) == 2


@pytest.mark.slow
def test_the_trainers_of_the_first_page_train_on_the_shipped_tasks(tmp_path, monkeypatch):
    from transformers import AutoTokenizer

    model = shutil.copytree(TINY / "checkpoint", tmp_path / "model")
    tokenizer = AutoTokenizer.from_pretrained(model)
    tokenizer.chat_template = "{% for message in messages %}{{ message['content'] }}{% endfor %}"
    tokenizer.save_pretrained(model)
    monkeypatch.chdir(tmp_path)
    small = "max_steps=1, max_completion_length=8, per_device_train_batch_size=8, use_cpu=True, report_to='none', "
    names = {}
    maxrl = next(code for code in blocks(ROOT / "README.md", "python") if "MaxRLTrainer" in code)
    for code in (quick_start()[1], maxrl):
        shown = code.replace("Qwen/Qwen2.5-Coder-0.5B-Instruct", str(model))
        exec(re.sub(r"((?:GRPO|MaxRL)Config\(\"[^\"]+\", )", rf"\1{small}", shown), names)
    assert names["trainer"].state.global_step == 1
    assert (tmp_path / "outputs/maxrl").is_dir()
