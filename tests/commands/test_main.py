"""`rust-rewards`: its commands, its exit codes, and errors in one line."""

import subprocess
import sys

import pytest
from paths import ROOT

from rust_rewards.__main__ import COMMANDS, main
from rust_rewards.exit_codes import DONE, UNUSABLE


def test_help_lists_the_commands(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == DONE
    out = capsys.readouterr().out
    assert all(f"\n    {name}" in out for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_without_loading_torch(name):
    code = f"import sys; from rust_rewards.__main__ import main; sys.argv[1:] = ['{name}', '--help']\n"
    code += "try: main()\nexcept SystemExit: print('torch loaded:', 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert f"usage: rust-rewards {name}" in done.stdout
    assert "torch loaded: False" in done.stdout


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
