"""The model card of a run."""

import pytest
import yaml
from launch.model_card import base_licence, model_card
from launch.run_record import RunRecord

SETTINGS = {"learning_rate": 1e-6, "num_generations": 8, "use_peft": False, "correctness_reward": None, "seed": 7}
REWARDS = {"rust_reward": 1.0, "tests_reward": 10.0}
VERSIONS = {"rustc": "1.95.0", "trl": "1.16.0"}


def card(base="Qwen/Qwen2.5-Coder-0.5B-Instruct", log_history=(), rewards=REWARDS):
    content = f"{base}@main" if base.startswith("Qwen/") else "0123456789abcdef"
    record = RunRecord("MaxRL", base, content, "recipes/data/train.jsonl", "t", 200, 198, rewards, SETTINGS, VERSIONS)
    return model_card(record, "my-model", list(log_history), step=120)


def head_of(text):
    return yaml.safe_load(text.split("---\n")[1])


def test_the_card_names_base_model_tasks_rewards_settings_versions_and_steps():
    text = card()
    assert head_of(text)["base_model"] == "Qwen/Qwen2.5-Coder-0.5B-Instruct"
    assert "from [Qwen/Qwen2.5-Coder-0.5B-Instruct](https://huggingface.co/Qwen/Qwen2.5-Coder-0.5B-Instruct)" in text
    assert "with MaxRL for 120 steps" in text
    assert "| tasks | `recipes/data/train.jsonl`: 200 rows, 198 of them with hidden tests |" in text
    assert "| rewards | `rust_reward` (weight 1), `tests_reward` (weight 10) |" in text
    assert "| settings | learning_rate 1e-06, num_generations 8, seed 7 |" in text
    assert "| versions | rustc 1.95.0, trl 1.16.0 |" in text
    assert "None" not in text


def test_a_folder_is_no_model_of_the_hub_and_lends_its_licence(tmp_path):
    (tmp_path / "README.md").write_text("---\nlicense: apache-2.0\n---\n\n# base\n")
    text = card(str(tmp_path))
    assert head_of(text) == {
        "library_name": "transformers",
        "model_name": "my-model",
        "license": "apache-2.0",
        "tags": ["rust", "trl", "maxrl", "rust-rewards"],
    }
    assert "| licence | apache-2.0 |" in text


@pytest.mark.parametrize("content", [None, "# no head\n", "---\n- a list\n---\n", "---\nlicense: [a\n---\n", "---\n"])
def test_a_licence_that_nobody_names_is_not_made_up(tmp_path, content):
    if content is not None:
        (tmp_path / "README.md").write_text(content)
    assert base_licence(str(tmp_path)) is None
    text = card(str(tmp_path))
    assert "license" not in head_of(text)
    assert "| licence | that of the base model and of the tasks |" in text


def test_results_are_means_of_the_first_and_last_quarter_and_the_last_measurement():
    # Four steps: a quarter is one of them
    steps = [
        {"step": step, "reward": reward, "rust_reward/compile_rate": rate}
        for step, reward, rate in ((1, 5.0, 0.25), (2, 6.0, 0.5), (3, 7.0, 0.5), (4, 20.0, 0.75))
    ]
    measured = [
        {"step": step, "eval_reward": reward, "eval_rust_reward/compile_rate": 0.5}
        for step, reward in ((2, 8.0), (4, 18.5))
    ]
    text = card(log_history=[*steps[:2], measured[0], *steps[2:], measured[1]])
    assert "| reward | 5.00 | 20.00 | 18.50 |" in text
    assert "| compiles | 25.0 % | 75.0 % | 50.0 % |" in text
    assert "hidden tests passed" not in text  # not measured


def test_a_run_without_steps_or_rewards_has_no_results():
    assert "## Results" not in card()
    assert "rewards |" not in card(base="", rewards={})
    assert "Trained from random weights" in card(base="", rewards={})
