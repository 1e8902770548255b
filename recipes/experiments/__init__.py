"""What `compare.py` and `sweep.py` share: the plan, the methods, the runs, what is measured, the summary."""
