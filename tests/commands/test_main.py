"""`rust-rewards`: its commands, its exit codes, and errors in one line."""

import subprocess
import sys
import time

import pytest
from paths import RECIPES, ROOT

from rust_rewards.__main__ import COMMANDS, main
from rust_rewards.exit_codes import DONE, UNUSABLE
from rust_rewards.extras import PACKAGES

LARGE = {package for packages in PACKAGES.values() for package in packages} | {"numpy", "pandas"}
# The training scripts ask TRL for its keys, which takes longer
SCRIPTS = sorted({path.name for path in RECIPES.glob("*.py")} - {"grpo.py", "maxrl.py", "sft.py"})


def test_help_lists_the_commands(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == DONE
    out = capsys.readouterr().out
    assert all(f"\n    {name}" in out for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_without_loading_what_is_large(name):
    code = f"import sys; from rust_rewards.__main__ import main; sys.argv[1:] = ['{name}', '--help']\n"
    code += f"try: main()\nexcept SystemExit: print('loaded:', sorted({LARGE} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert f"usage: rust-rewards {name}" in done.stdout
    assert "loaded: []" in done.stdout


def start_seconds(*words):
    """Return the shortest of three starts: of a command that ends at once."""
    seconds = []
    for _ in range(3):
        start = time.monotonic()
        subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, timeout=60, check=True)
        seconds.append(time.monotonic() - start)
    return min(seconds)


@pytest.mark.timing
@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_starts_within_two_seconds(name):
    assert start_seconds("-m", "rust_rewards", name, "--help") < 2


@pytest.mark.timing
@pytest.mark.parametrize("script", SCRIPTS)
def test_every_script_explains_itself_within_two_seconds(script):
    assert start_seconds(str(RECIPES / script), "--help") < 2


@pytest.mark.parametrize(
    "argv", [[], ["scor"], ["score"], ["score", "a.rs", "--nope"], ["score", "a.rs", "--jobs", "x"]]
)
def test_wrong_options_cannot_be_used(argv, capsys):
    with pytest.raises(SystemExit) as stop:
        main(argv)
    assert stop.value.code == UNUSABLE
    assert "usage:" in capsys.readouterr().err


def test_errors_are_one_line_without_traceback(tmp_path):
    command = [sys.executable, "-m", "rust_rewards", "score", str(tmp_path / "no.rs")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == UNUSABLE
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("name", ["doctor", "score", "selftest", "evaluate", "generate", "analyze"])
def test_a_missing_toolchain_is_one_line_and_the_same_code_everywhere(name, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RUST_REWARDS_TOOLCHAIN", "no-such-toolchain")
    (tmp_path / "a.rs").write_text("pub fn one() -> u8 { 1 }\n")
    (tmp_path / "s.jsonl").write_text("")
    options = {
        "score": [str(tmp_path / "a.rs")],
        "evaluate": ["--samples", str(tmp_path / "s.jsonl"), "--output_file", str(tmp_path / "r.json")],
        "generate": ["--model_name_or_path", "./none", "--prompt", "fn a() {"],
        "analyze": ["--model_name_or_path", "./none", "--output_dir", str(tmp_path / "out")],
    }
    assert main([name, *options.get(name, [])]) == UNUSABLE
    err = capsys.readouterr().err
    assert "no-such-toolchain" in err
    assert len(err.splitlines()) == 1
