"""The wheel alone: built, installed outside of the repository, and used as somebody does who has no clone.

Once with what the core needs and nothing else (`light`), once with everything (`outside`).
"""

import importlib.metadata
import json
import os
import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
from paths import ROOT
from workflow_testbed import RIGHT, TASKS, WRONG, write_lines, write_samples

from rust_rewards.exit_codes import UNUSABLE
from rust_rewards.extras import PACKAGES
from rust_rewards.version import VERSION

BUILD_SECONDS = 300
PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
CORE = ("tree-sitter", "tree-sitter-rust")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of this repository, of committed and changed files alike, but not of what a build left behind."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\n")):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    subprocess.run([*PIP, "wheel", "--no-deps", "--wheel-dir", folder, source], check=True, timeout=BUILD_SECONDS)
    return next(folder.glob("rust_rewards-*.whl"))


def install(wheel: Path, folder: Path) -> Path:
    """Make an environment with the wheel in it, without its dependencies, and return where its packages lie."""
    venv.create(folder, with_pip=False)
    packages = next((folder / "lib").glob("python*")) / "site-packages"
    target = ["install", "--no-deps", "--target", str(packages), str(wheel)]
    subprocess.run([*PIP, *target], check=True, timeout=BUILD_SECONDS)
    return packages


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A fresh environment with the wheel in it; what the wheel depends on is that of this environment."""
    folder = tmp_path_factory.mktemp("full") / "venv"
    # The dependencies, behind the wheel's own packages; the editable install of this repository is left out
    (install(wheel, folder) / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def light_python(wheel, tmp_path_factory):
    """A fresh environment with the wheel and the two packages that its core needs: no torch, no numpy, no TRL."""
    folder = tmp_path_factory.mktemp("light") / "venv"
    packages = install(wheel, folder)
    for distribution in CORE:
        for file in importlib.metadata.files(distribution):
            target = packages / file
            if ".." not in file.parts and file.suffix != ".pyc":
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(Path(file.locate()).read_bytes())
    return folder / "bin" / "python"


def runner(python: Path, folder: Path):
    """Return a function that runs that Python in an empty folder and returns what it printed."""
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}

    def command(*words, code=0, stream="stdout"):
        done = subprocess.run(
            [python, *map(str, words)], cwd=folder, env=environment, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == code, done.stderr[-2000:]
        return getattr(done, stream)

    return command


@pytest.fixture
def outside(installed, tmp_path):
    return runner(installed, tmp_path)


@pytest.fixture
def light(light_python, tmp_path):
    return runner(light_python, tmp_path)


@pytest.mark.slow
def test_the_core_depends_on_the_syntax_tree_alone(wheel):
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith("METADATA"))
        lines = archive.read(name).decode().splitlines()
    needed = [line.removeprefix("Requires-Dist: ") for line in lines if line.startswith("Requires-Dist: ")]
    assert sorted(re.split(r"[<>=]", line)[0] for line in needed if "extra ==" not in line) == sorted(CORE)
    training = [line for line in needed if 'extra == "train"' in line]
    assert {re.split(r"[<>=]", line)[0] for line in training} == set(PACKAGES["train"])


@pytest.mark.slow
def test_the_light_environment_is_light(light):
    code = "import importlib.util as u, sys; print([n for n in sys.argv[1:] if u.find_spec(n)])"
    heavy = ("torch", "trl", "transformers", "datasets", "numpy", "pandas", "matplotlib", "yaml", "tqdm", "openai")
    assert light("-c", code, *heavy).strip() == "[]"


@pytest.mark.slow
def test_the_core_gives_verdicts_and_rewards(light):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    code = re.search(r"^## Quick start$.*?^```python\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)[1]
    assert light("-c", code).splitlines() == re.findall(r"^print\(.*\)  # (.*)$", code, re.MULTILINE)
    code = "from rust_rewards import verify; print(verify(['fn f() {}'], clippy=True)[0].compiles)"
    assert light("-c", code).strip() == "True"


@pytest.mark.slow
def test_the_core_checks_itself(light):
    said = light("-m", "rust_rewards", "doctor")
    assert "compiled, tested and passed" in said
    assert re.search(r'^  train .*missing trl, .*Run: pip install "rust-rewards\[train\]"$', said, re.MULTILINE)
    assert light("-m", "rust_rewards", "selftest")


@pytest.mark.slow
def test_the_core_measures_saved_samples_and_compares(light, tmp_path):
    write_lines(tmp_path / "tasks.jsonl", TASKS)
    for name, answers in (("before", WRONG), ("after", RIGHT)):
        write_samples(tmp_path / f"{name}.samples.jsonl", [answers])
        options = ["--samples", f"{name}.samples.jsonl", "--tasks", "tasks.jsonl", "--output_file", f"{name}.json"]
        light("-m", "rust_rewards", "evaluate", *options)
    assert "2 won" in light("-m", "rust_rewards", "compare", "before.json", "after.json")


MODEL = ["--model_name_or_path", "some/model"]
NEEDS = {
    "a model to sample": (["evaluate", *MODEL, "--output_file", "r.json"], "train"),
    "a model to show": (["generate", *MODEL, "--prompt", "fn a() {"], "train"),
    "a dataset of the hub": (["tasks", "strength", "some/dataset"], "train"),
    "a page with plots": (["report", "."], "plots"),
    "a plot of components": (["analyze", *MODEL, "--output_dir", "out"], "plots"),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", NEEDS)
def test_what_the_core_lacks_is_one_line_that_names_the_extra(what, light):
    words, extra = NEEDS[what]
    said = light("-m", "rust_rewards", *words, code=UNUSABLE, stream="stderr")
    assert f'(not installed). Run: pip install "rust-rewards[{extra}]"' in said
    assert said.startswith("error: ")
    assert len(said.splitlines()) == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["MaxRLTrainer", "MaxRLConfig", "maxrl_advantages"])
def test_a_trainer_without_its_packages_names_the_extra(name, light):
    said = light("-c", f"from trainers import {name}", code=1, stream="stderr")
    lacking = {"MaxRLTrainer": "torch", "MaxRLConfig": "trl", "maxrl_advantages": "torch"}[name]
    assert said.endswith(
        f'ImportError: {name} needs {lacking} (not installed). Run: pip install "rust-rewards[train]"\n'
    )


@pytest.mark.slow
@pytest.mark.parametrize("script", ["grpo.py", "maxrl.py", "sft.py"])
def test_a_training_script_without_its_packages_is_one_line(script, light):
    said = light(ROOT / "recipes" / script, code=UNUSABLE, stream="stderr")
    assert said == 'error: Training needs trl, torch (not installed). Run: pip install "rust-rewards[train]"\n'


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
