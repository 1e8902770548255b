"""Reward names: short names, dotted paths and models; a user's own module wins over a script of ours of that name."""

import os
import subprocess
import sys

import pytest
from paths import RECIPES, ROOT

from rust_rewards import rewards
from rust_rewards.reward_names import SHORT_NAMES, resolve_rewards
from rust_rewards.rewards import get_rust_reward
from rust_rewards.verifier import Limits, ToolchainError

OWN_REWARD = """
print("the user's own", __name__)


def my_reward(completions, **kwargs):
    return [1.0] * len(completions)
"""


@pytest.fixture
def users_folder(tmp_path):
    """A folder with modules that are called as scripts and packages in `recipes` are, or were."""
    for name in ("tasks", "report", "evaluate"):
        (tmp_path / f"{name}.py").write_text(OWN_REWARD)
    return tmp_path


def run(command, folder, **environment):
    """Run a command in a folder, as a user with this package installed would."""
    known = os.environ | {"PYTHONPATH": str(ROOT), "ACCELERATE_USE_CPU": "true"} | environment
    return subprocess.run(command, cwd=folder, env=known, capture_output=True, text=True, timeout=240, check=False)


def test_a_short_name_stands_for_the_reward_of_that_name():
    for name in SHORT_NAMES:
        assert resolve_rewards([name]) == [getattr(rewards, f"{name}_reward")]


def test_several_rewards_score_a_row_as_a_whole():
    found = resolve_rewards(["format", "tests"])
    assert [reward.__name__ for reward in found] == ["format_reward", "tests_reward"]
    late = get_rust_reward(limits=Limits(deadline_seconds=1e-6))
    text, rust, tests = resolve_rewards(["format", "late", "tests"], {"late": late})
    answer = ["```rust\npub fn late() -> i32 { 5 }\n```"]
    assert [reward(answer, tests="assert_eq!(late(), 5);") for reward in (text, rust, tests)] == [[None]] * 3


def test_a_dotted_path_is_imported_and_a_name_with_a_slash_is_left_to_trl():
    wanted = ["rust_rewards.rewards.compile_reward", "org/reward-model"]
    found = resolve_rewards(wanted)
    assert found[0].__wrapped__ is rewards.compile_reward
    assert found[1] == "org/reward-model"


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ([], "No reward: give --reward_funcs with any of compile, "),
        (["complie"], r"Unknown reward 'complie'. Did you mean 'compile'\? Known: .* or a dotted path such as"),
        (["rust", "rust"], "'rust' is given twice; use --reward_weights"),
        (["no_such_package.my_reward"], "cannot be imported: No module named 'no_such_package'"),
        (["rust_rewards.rewards.nothing"], "cannot be imported: .* has no attribute 'nothing'"),
        (["rust_rewards.rewards.COMPONENTS"], "is a tuple, not a function"),
    ],
    ids=["none", "misspelt", "repeated", "no such module", "no such function", "no function"],
)
def test_a_name_that_is_of_no_use_is_named_with_what_to_do(names, says):
    with pytest.raises(ValueError, match=says):
        resolve_rewards(names)


def test_a_name_of_the_callers_own_is_known_and_suggested():
    assert resolve_rewards(["words"], {"words": len}) == [len]
    with pytest.raises(ValueError, match=r"Unknown reward 'word'. Did you mean 'words'\? Known: ast, .*, words, or a"):
        resolve_rewards(["word"], {"words": len})


def test_a_missing_toolchain_is_said_before_anything_is_compiled(monkeypatch):
    monkeypatch.setenv("RUST_REWARDS_TOOLCHAIN", "no-such-toolchain")
    with pytest.raises(ToolchainError, match="no-such-toolchain"):
        resolve_rewards(["solved"])


def test_rewards_that_read_the_text_only_need_no_toolchain(monkeypatch):
    monkeypatch.setenv("RUST_REWARDS_TOOLCHAIN", "no-such-toolchain")
    assert resolve_rewards(["ast", "format"]) == [rewards.ast_reward, rewards.format_reward]


RESOLVE = """
import sys
from rust_rewards.reward_names import resolve_rewards
print([reward.__module__ for reward in resolve_rewards(["tasks.my_reward", "report.my_reward"])])
print(sys.path.count(sys.path[0]))
"""


def test_a_users_own_module_wins_over_one_beside_the_script(users_folder, tmp_path_factory):
    scripts = tmp_path_factory.mktemp("scripts")
    for name in ("tasks", "report"):
        (scripts / f"{name}.py").write_text("raise SystemExit('the wrong module')\n")
    (scripts / "train.py").write_text(RESOLVE)
    done = run([sys.executable, scripts / "train.py"], users_folder)
    assert done.stdout.splitlines() == ["the user's own tasks", "the user's own report", "['tasks', 'report']", "1"]


def test_a_users_own_module_wins_when_its_folder_stands_further_back_in_the_path(users_folder, tmp_path_factory):
    scripts = tmp_path_factory.mktemp("scripts")
    (scripts / "tasks.py").write_text("raise SystemExit('the wrong module')\n")
    (scripts / "train.py").write_text(RESOLVE)
    done = run([sys.executable, scripts / "train.py"], users_folder, PYTHONPATH=f"{ROOT}{os.pathsep}{users_folder}")
    assert "['tasks', 'report']" in done.stdout


@pytest.mark.slow
def test_a_users_own_module_wins_when_a_recipe_is_launched(users_folder):
    names = ["tasks.my_reward", "report.my_reward", "evaluate.my_reward"]
    accelerate = [sys.executable, "-m", "accelerate.commands.launch", "--num_processes", "1", "--cpu"]
    recipe = [RECIPES / "grpo.py", "--dataset_name", "none.jsonl", "--reward_funcs", *names]
    done = run([*accelerate, *recipe], users_folder)
    for module in ("tasks", "report", "evaluate"):
        assert f"the user's own {module}" in done.stdout
    assert "none.jsonl" in done.stdout + done.stderr  # it got as far as the dataset, which is not there


def test_a_path_of_an_earlier_version_stands_for_the_reward_that_replaced_it():
    assert resolve_rewards(["experiments.solved_reward"]) == [rewards.solved_reward]


def test_a_users_module_whose_name_is_taken_is_told_so(tmp_path, monkeypatch):
    (tmp_path / "rust_rewards.py").write_text("def mine(completions, **kwargs):\n    return [1.0]\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))  # the folder would stay there, for other tests' processes to find
    with pytest.raises(ValueError, match=r"Another module called rust_rewards was loaded first, .*: rename yours\."):
        resolve_rewards(["rust_rewards.mine"])
