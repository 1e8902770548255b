"""Runs with hand-written results, and the plan of an experiment."""

from experiments.plan import Plan
from paths import ROOT

ONE = "pub fn one() -> i32 {\n    1\n}\n"
ONE_TESTS = "assert_eq!(one(), 1);"


def answer(task, program, passed=True, warning_free=True, failure=None):
    return {
        "task_id": task,
        "program": program,
        "passed": passed,
        "warning_free": warning_free,
        "failure": failure,
    }


def result(method, seed, shares, entropy=1.0, step=10, seconds=7.0):
    """A run whose held-out share of solved answers is measured every `step` steps, `seconds` apart."""
    held_out = [{"step": step * i, "seconds": seconds * i, "solved": share} for i, share in enumerate(shares)]
    steps = [{"step": i, "seconds": i * 0.7, "entropy": entropy, "solved": 0.5} for i in (1, 2)]
    final = {"solved": shares[-1], "pass@1": shares[-1], "pass@8": 1.0, "distinct": 2.0, "entropy": entropy}
    return {"method": method, "seed": seed, "steps": steps, "held_out": held_out, "train_seconds": 9.0, **final}


def plan(tmp_path, **options):
    defaults = {
        "config": str(ROOT / "recipes/tiny/maxrl.yaml"),
        "output_dir": tmp_path,
        "steps": 100,
        "eval_every": 5,
        "eval_samples": 2,
        "final_samples": 8,
    }
    return Plan(**{**defaults, **options})
