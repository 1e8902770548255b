"""Measures models: tasks -> samples -> scores -> summary -> comparison, decision, report."""
