"""Holds what `compare.py` and `sweep.py` share: plan, methods, runs, what is measured, the summary, the report."""
