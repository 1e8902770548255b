"""The wheel alone: built, installed outside of the repository, and used as somebody does who has no clone."""

import json
import os
import re
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
from paths import ROOT
from workflow_testbed import RIGHT, TASKS, WRONG, write_lines, write_samples

from rust_rewards.version import VERSION

BUILD_SECONDS = 300


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A fresh environment with the wheel in it; what the wheel depends on is that of this environment."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    # Of committed and changed files alike, but not of what a build left behind
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", folder, source], check=True, timeout=BUILD_SECONDS)
    venv.create(folder / "venv", with_pip=False)
    packages = next((folder / "venv" / "lib").glob("python*")) / "site-packages"
    wheel = next(folder.glob("rust_rewards-*.whl"))
    target = ["install", "--no-deps", "--target", str(packages), str(wheel)]
    subprocess.run([*pip, *target], check=True, timeout=BUILD_SECONDS)
    # The dependencies, behind the wheel's own packages; the editable install of this repository is left out
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "venv" / "bin" / "python"


@pytest.fixture
def outside(installed, tmp_path):
    """Run Python of the fresh environment in an empty folder; return what it printed."""
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}

    def command(*words, code=0):
        done = subprocess.run(
            [installed, *map(str, words)], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == code, done.stderr[-2000:]
        return done.stdout

    return command


@pytest.mark.slow
def test_packages_come_from_the_wheel_and_not_from_the_repository(outside):
    where = outside("-c", "import rust_rewards, trainers; print(rust_rewards.__file__); print(trainers.__file__)")
    assert all(str(ROOT) not in line and "venv" in line for line in where.splitlines())


@pytest.mark.slow
def test_the_quick_start_of_the_readme_runs(outside):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    code = re.search(r"^## Quick start$.*?^```python\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)[1]
    assert outside("-c", code).strip()


@pytest.mark.slow
def test_the_console_script_is_installed_and_runs(installed, outside):
    script = next(installed.parents[1].glob("lib/python*/site-packages/bin/rust-rewards"))
    assert outside(script, "--version").strip() == f"rust-rewards {VERSION}"


@pytest.mark.slow
def test_the_shipped_tasks_are_in_the_wheel(outside):
    code = "from rust_rewards.tasks import load_tasks; print(len(load_tasks('train')), len(load_tasks('eval')))"
    assert outside("-c", code).split() == ["188", "64"]


@pytest.mark.slow
def test_doctor_finds_that_verdicts_can_be_given(outside):
    assert "compiled, tested and passed" in outside("-m", "rust_rewards", "doctor")


@pytest.mark.slow
def test_score_evaluate_compare_and_report_work_without_a_clone(outside, tmp_path):
    (tmp_path / "answer.rs").write_text("pub fn add(a: i32, b: i32) -> i32 {\n    a + b\n}\n")
    assert "compiles" in outside("-m", "rust_rewards", "score", "answer.rs", "--entry_point", "add")
    write_lines(tmp_path / "tasks.jsonl", TASKS)
    for name, answers in (("before", WRONG), ("after", RIGHT)):
        write_samples(tmp_path / f"{name}.samples.jsonl", [answers])
        options = ["--samples", f"{name}.samples.jsonl", "--tasks", "tasks.jsonl", "--output_file", f"{name}.json"]
        outside("-m", "rust_rewards", "evaluate", *options)
    assert "2 won" in outside("-m", "rust_rewards", "compare", "before.json", "after.json")
    steps = [{"iteration": 1.0, "avg_reward": 20.0}, {"iteration": 2.0, "avg_reward": 26.0}]
    (tmp_path / "training_history.json").write_text(json.dumps({"steps": steps}))
    outside("-m", "rust_rewards", "report", ".")
    assert "Before and after" in Path(tmp_path / "report.html").read_text(encoding="utf-8")
