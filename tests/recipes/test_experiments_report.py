"""The table and the plot of an experiment."""

from experiments.report import draw_methods, table_rows
from experiments.summary import summarize_runs
from experiments_testbed import result

from rust_rewards.evaluation.tables import markdown


def test_runs_with_different_k_share_the_rates_that_all_have():
    other = {**result("maxrl", 1, [0.0, 0.5]), "pass@7": 1.0}
    del other["pass@8"]
    rows = table_rows(summarize_runs([result("grpo", 1, [0.0, 0.5]), other]), {})
    assert [cell for cell in rows[0] if cell.startswith("pass@")] == ["pass@1"]


def test_the_table_shows_steps_and_seconds_and_a_dash_for_what_was_not_reached():
    rows = table_rows(summarize_runs([result("grpo", 1, [0.0, 0.25, 0.5])]), {"grpo": 1.0})
    assert rows[0] == [
        "method",
        "to 50 %",
        "to 80 %",
        "to 95 %",
        "to 95 % of reachable",
        "pass@1",
        "pass@8",
        "distinct",
        "entropy",
        "GRPO's steps / its own",
    ]
    assert rows[1] == ["grpo", "20 (14)", "-", "-", "19 (13)", "50.0 (50-50)", "100.0 (100-100)", "2.00", "1.00", "1.0"]
    assert markdown(rows).splitlines()[1] == "| --- |" + " ---: |" * 9


def test_the_plot_is_written(tmp_path):
    runs = [result("grpo", 1, [0.0, 0.5]), result("grpo", 2, [0.1, 0.7]), result("maxrl", 1, [0.0, 0.9])]
    draw_methods(runs, summarize_runs(runs), tmp_path / "methods.png")
    assert (tmp_path / "methods.png").read_bytes().startswith(b"\x89PNG")
