"""Counts the compiler errors that a model makes as training goes on, from the completions that TRL logs.

With `log_completions: true` TRL writes one `completions/completions_<step>.parquet` per logging step; the rust reward
adds the columns `verdict` and `first_error` (`"E0308: mismatched types"`).
Not here: the errors of an evaluation, which count every error of a sample and not only the first.
"""

import re
from collections import Counter
from pathlib import Path

from .results import ResultFileError

CODE = re.compile(r"^(E\d{4})\b")
CURVES = 6  # codes that get a curve of their own
COLUMNS = ["step", "first_error"]


def codes_over_time(folder: Path) -> dict[str, tuple[list[float], list[float]]]:
    """Return for each of the most frequent codes the steps and its share of that step's completions.

    Args:
        folder (`Path`): The `completions` folder of a run. It may be missing.

    Returns:
        `dict`: Code -> (steps, shares in `0..1`), most frequent first; `"syntax"` are errors without a code. Empty when
        nothing was logged or the rust reward was not used.

    Raises:
        ResultFileError: When a file cannot be read.
    """
    per_step = [step for path in sorted(folder.glob("completions_*.parquet")) if (step := _read(path))]
    totals: Counter[str] = Counter()
    for _, _, counts in per_step:
        totals.update(counts)
    steps = [float(step) for step, _, _ in per_step]
    return {
        code: (steps, [counts[code] / completions for _, completions, counts in per_step])
        for code, _ in totals.most_common(CURVES)
    }


def _read(path: Path) -> tuple[int, int, Counter[str]] | None:
    """Return a file's step, its number of completions and how many have each code first; `None` without the column."""
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(path)
    except (OSError, pyarrow.ArrowException) as err:
        raise ResultFileError(f"Cannot read {path}: {err}. Delete the file if a run was killed writing it.") from err
    if not set(COLUMNS) <= set(table.column_names) or not table.num_rows:
        return None
    errors = table["first_error"].to_pylist()
    counts = Counter(_code(error) for error in errors if error)
    return int(table["step"][0].as_py()), len(errors), counts


def _code(error: str) -> str:
    found = CODE.match(error)
    return found[1] if found else "syntax"
