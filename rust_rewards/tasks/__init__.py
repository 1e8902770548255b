"""Reads task sets of every known format, the shipped ones included.

from rust_rewards.tasks import load_tasks, load_task_set

rows = load_tasks("train")              # as a dataset for training
task_set = load_task_set("eval")        # complete enough to measure a model with
"""

from .formats import TaskSetError
from .reader import SHIPPED, load_tasks
from .task_set import TaskSet, load_task_set, task_set_hash

__all__ = ["SHIPPED", "TaskSet", "TaskSetError", "load_task_set", "load_tasks", "task_set_hash"]
