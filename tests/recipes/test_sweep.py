"""`recipes/sweep.py`: which settings there are, and what each is measured against."""

import pytest
import sweep
from experiments.summary import advantages, summarize_runs
from experiments_testbed import result


def test_grpo_in_a_sweep_takes_no_schedule_from_the_recipe():
    base = {"maxrl_schedule": "adaptive", "switch_min_steps": 20, "curriculum": True}
    chosen = sweep.settings(base, {"threshold": [20.0], "samples": [], "temperature": []}, grid=False, steps=50)
    assert chosen["GRPO samples=8"] == {
        "maxrl_schedule": "warmup",
        "grpo_warmup_steps": 50,
        "switch_min_steps": 10,
        "num_generations": 8,
    }


def test_the_sweep_varies_one_factor_at_a_time_and_runs_grpo_for_every_number_of_samples():
    values = {"threshold": [15.0, 20.0], "samples": [4, 16], "temperature": [2.0]}
    chosen = sweep.settings({"num_generations": 8}, values, grid=False, steps=50)
    assert list(chosen) == [
        "threshold=15",
        "threshold=20",
        "samples=4",
        "samples=16",
        "temperature=2",
        "GRPO samples=4",
        "GRPO samples=16",
        "GRPO samples=8",
    ]
    assert chosen["samples=16"] == {"num_generations": 16}
    assert chosen["GRPO samples=4"]["num_generations"] == 4
    assert chosen["GRPO samples=4"]["grpo_warmup_steps"] == 50


def test_the_grid_has_every_combination():
    values = {"threshold": [15.0, 20.0], "samples": [4, 16], "temperature": []}
    chosen = sweep.settings({}, values, grid=True, steps=50)
    assert [name for name in chosen if not name.startswith("GRPO")] == [
        "threshold=15 samples=4",
        "threshold=15 samples=16",
        "threshold=20 samples=4",
        "threshold=20 samples=16",
    ]


def test_the_advantage_is_the_ratio_of_steps_to_grpo_with_as_many_samples():
    runs = [
        result("samples=4", 1, [0.0, 0.9, 0.9]),
        result("threshold=20", 1, [0.0, 0.1, 0.2]),
        result("GRPO samples=4", 1, [0.0, 0.45, 0.9]),
        result("GRPO samples=8", 1, [0.0, 0.9, 0.9]),
    ]
    chosen = sweep.settings({}, {"threshold": [20.0], "samples": [4], "temperature": []}, grid=False, steps=1)
    rivals = sweep.rivals({}, chosen)
    assert rivals == {"threshold=20": "GRPO samples=8", "samples=4": "GRPO samples=4"}
    # The target is 0.855: MaxRL at step 9.5, GRPO at step 19. The other setting never gets there.
    assert advantages(summarize_runs(runs), rivals) == {"threshold=20": None, "samples=4": pytest.approx(2.0)}


def test_the_plot_shows_grpo_beside_every_number_of_samples(tmp_path):
    runs = [result(name, 1, [0.0, 0.5]) for name in ("samples=4", "threshold=20", "GRPO samples=4", "GRPO samples=8")]
    values = {"threshold": [20.0], "samples": [4], "temperature": []}
    sweep.draw_sweep(summarize_runs(runs), values, 8, tmp_path / "sweep.png")
    assert (tmp_path / "sweep.png").read_bytes().startswith(b"\x89PNG")
