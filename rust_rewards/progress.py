"""Tells on stderr how far a long command is."""

import sys
import time

SECONDS_BETWEEN_REPORTS = 5.0


class Progress:
    """Tells on stderr how far it is: on one line of a terminal, or now and then in a log. `total` may not be known."""

    def __init__(self, total: int | None, done: int) -> None:
        self.total, self.done, self.resumed = total, done, done
        self.started = self.reported = time.monotonic()

    def report(self, rows: int) -> None:
        """Count some rows, and report when it is time."""
        self.done += rows
        now = time.monotonic()
        last = self.total is not None and self.done >= self.total
        if not sys.stderr.isatty() and not last and now - self.reported < SECONDS_BETWEEN_REPORTS:
            return
        self.reported = now
        rate = (self.done - self.resumed) / max(now - self.started, 1e-9)
        of_all = "" if self.total is None else f"/{self.total}"
        text = f"{self.done}{of_all} rows, {rate:.0f} rows/s"
        if not sys.stderr.isatty():
            text += "\n"
        elif last:
            text = f"\r{text}\n"
        else:
            text = f"\r{text}"  # the next report is written over it
        sys.stderr.write(text)
        sys.stderr.flush()
