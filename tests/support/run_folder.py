"""A run's folder with everything that the commands leave behind, for the tests of the report."""

import json

import pyarrow as pa
import pyarrow.parquet
from workflow_testbed import REJECTED, RIGHT, WRONG, evaluate_samples, run, steps


def write_completions(folder, number, errors):
    folder.mkdir(exist_ok=True)
    table = pa.table({"step": [number] * len(errors), "first_error": pa.array(errors, pa.string())})
    pyarrow.parquet.write_table(table, folder / f"completions_{number:05d}.parquet")


def make_run_folder(folder):
    """Fill a folder with files made of real verdicts; one answer holds HTML of its own."""
    wild = {"double": "    <script>alert(1)</script> & friends\n}\n", "larger": WRONG["larger"]}
    evaluate_samples(folder, "before", [wild, REJECTED])
    evaluate_samples(folder, "after", [RIGHT, RIGHT])
    (folder / "grpo_phase1.yaml").write_text("learning_rate: 1.0e-5  # <checked>\n")
    history = [
        {"avg_reward": 8.0 + s["iteration"], "reward_std": 3.0, "compile_success_rate": 0.1 * s["iteration"]}
        | {"epoch": s["iteration"] / 4, "loss": 0.01}
        | s
        for s in steps()
    ]
    (folder / "training_history.json").write_text(json.dumps({"steps": history}))
    sides = [str(folder / f"{name}.json") for name in ("before", "after")]
    run("decide", *sides, str(folder), "--output_file", str(folder / "decision.json"))
    mismatch, unclosed = "E0308: mismatched types", "this file contains an unclosed delimiter"
    write_completions(folder / "completions", 1, [mismatch, mismatch, unclosed, None])
    write_completions(folder / "completions", 2, [mismatch, None, None, None])
    return folder
