"""Correctness outranks style: a plain right answer beats a decorated wrong one, in every shipped recipe."""

import json

import pytest
import yaml
from decoration import decorate, without_docs
from paths import DATA, RECIPES

from rust_rewards.reward_names import resolve_rewards
from rust_rewards.rewards import rust_reward, tests_reward
from rust_rewards.tasks import load_tasks

TASKS = {task["task_id"]: task for name in ("train", "eval") for task in load_tasks(name)}
OURS = {"rust", "tests"}
NEVER_PAYS = "overlong"  # 0 for these complete answers, and below 0 for those that run on
CONFIGS = {
    str(path.relative_to(RECIPES)): yaml.safe_load(path.read_text())
    for pattern in ("grpo*.yaml", "maxrl*.yaml")
    for path in sorted(RECIPES.glob(f"*/{pattern}"))
}
MAXRL = {name: config for name, config in CONFIGS.items() if "correctness_threshold" in config}


@pytest.fixture(scope="module")
def answers():
    """Every task's reference without its doc comments, and every wrong answer with all the style that can be put on."""
    plain = [(name, without_docs(task["reference"])) for name, task in TASKS.items()]
    lines = (DATA / "wrong_answers.jsonl").read_text(encoding="utf-8").splitlines()
    wrong = [
        (row["task_id"], decorate(text, TASKS[row["task_id"]]["entry_point"]))
        for row in map(json.loads, lines)
        for text in row["answers"]
    ]
    return plain, wrong


def values(reward, pairs):
    columns = {key: [TASKS[name][key] for name, _ in pairs] for key in ("tests", "entry_point")}
    return reward([f"```rust\n{program}\n```" for _, program in pairs], **columns)


@pytest.fixture(scope="module")
def scored(answers):
    """Of each reward the value of the plain right answer of a task, and of every decorated wrong one."""
    plain, wrong = answers
    return {
        name: (dict(zip(TASKS, values(reward, plain), strict=True)), values(reward, wrong))
        for name, reward in (("rust", rust_reward), ("tests", tests_reward))
    }


def test_the_decoration_earns_every_style_point_where_no_test_is_looked_at(answers):
    _, wrong = answers
    style = resolve_rewards(["ast"])[0]
    top = sum(value == 1.0 for value in values(style, wrong))
    assert len(wrong) == 657
    assert top > 0.9 * len(wrong)


def test_every_plain_reference_passes_and_no_decorated_wrong_answer_does(scored):
    right, wrong = scored["tests"]
    assert set(right.values()) == {1.0}
    assert max(wrong) < 1.0


def test_every_plain_reference_earns_the_compile_points(scored):
    right, _ = scored["rust"]
    assert min(right.values()) > 20


@pytest.mark.parametrize("name", CONFIGS)
def test_no_decorated_wrong_answer_beats_the_plain_right_one(name, scored, answers):
    config = CONFIGS[name]
    weights = dict(zip(config["reward_funcs"], config.get("reward_weights") or [1.0] * 9, strict=False))
    weights.pop(NEVER_PAYS, None)
    assert set(weights) <= OURS
    tasks = [task for task, _ in answers[1]]
    inverted = 0
    for position, task in enumerate(tasks):
        right = sum(weight * scored[reward][0][task] for reward, weight in weights.items())
        wrong = sum(weight * scored[reward][1][position] for reward, weight in weights.items())
        inverted += wrong >= right
    assert inverted == 0


@pytest.mark.parametrize("name", MAXRL)
def test_no_wrong_answer_is_correct_for_maxrl(name, scored):
    config = MAXRL[name]
    if config.get("correctness_reward"):
        weights = {config["correctness_reward"].removesuffix("_reward"): 1.0}
    else:
        weights = dict(zip(config["reward_funcs"], config.get("reward_weights") or [1.0], strict=True))
    weights.pop(NEVER_PAYS, None)
    highest = max(
        sum(weight * scored[reward][1][position] for reward, weight in weights.items())
        for position in range(len(scored["rust"][1]))
    )
    assert highest <= config["correctness_threshold"]
