"""Converts published task sets into our columns.

from rust_rewards.tasks.convert import ConvertOptions, convert_source

convert_source("rows.parquet", Path("tasks.jsonl"))     # the format is told by the columns
"""

from .conversion import Conversion, ConvertOptions, convert_source
from .mapped import Mapped
from .presets import PRESETS

__all__ = ["PRESETS", "Conversion", "ConvertOptions", "Mapped", "convert_source"]
