"""How far a long command is: told now and then in a log."""

import io
import sys

from rust_rewards.progress import Progress


def test_progress_is_told_now_and_then_in_a_log(monkeypatch):
    stderr = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    progress = Progress(total=30, done=10)
    progress.report(10)
    assert stderr.getvalue() == ""
    progress.report(10)
    assert stderr.getvalue().startswith("30/30 rows, ")
