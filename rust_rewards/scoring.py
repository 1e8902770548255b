"""`Verdict` + `AstMetrics` -> `RewardBreakdown`. Pure: no rustc, no text, the same score for the same facts.

| component | range (default weights) | earned by |
| --- | --- | --- |
| `compile_success` | 0 or 10 | rustc accepts the program, and it answers |
| `no_errors` | 0 or 5 | no error, and it answers: with the above, the two parts of a success |
| `no_warnings` | 0 or 1 | a success without a warning, none of them silenced by an attribute |
| `parseable` | 0 or 8 | rustc's parser accepts it, and it has code |
| `structure` | 0..2 | (*) a working function 1, a struct, enum or trait in use 0.5, a working method 0.5 |
| `quality` | 0..3 | (*) `Result`, `Option` and `?` in live code, 1 each |
| `idioms` | 0..2 | (*) iterators, pattern matching, closures, method chains in live code, 0.5 each |
| `documentation` | 0..1 | (*) share of live items with a doc comment |
| `complexity` | -0.5..0 | cyclomatic complexity of one function above `max_complexity`, in full at twice that |
| `panics` | -2..0 | the first `unwrap`, `expect`, `panic!` (and so on) in live code half, a second one all |
| `unsafety` | -1..0 | any `unsafe` in live code |

(*) Where hidden tests were run, only by an answer that passes all of them.

Four decisions keep the score honest. A program *answers* when it defines the entry point (or, without one,
any function) as more than a copied signature; one that does not earns neither compile nor no-error points.
The style components are earned only by a success: the style of code that rustc rejects proves nothing, and
could be farmed. They ask whether something is there, not how often, so repeating it earns nothing. Penalties
apply only to a program that has earned the parse points, so no attempt scores below saying nothing, which is
0.

Correctness outranks style: when hidden tests were run, the style components are earned only by an answer that
passes all of them. Otherwise a decorated wrong answer scores above a plain right one. (Penalties and the point for
no warning apply to both: a right answer that panics twice may still have half a point less.) Without tests, style is
all that this score can tell one compiling answer from another by.

Not covered: which share of the tests passes. That is `tests_reward`.
"""

import math
from dataclasses import dataclass, fields

from .ast_metrics import AstMetrics, LiveCode
from .verifier.verdict import Verdict

COMPILE_THRESHOLD = 20.0  # a program that does not compile stays below
PANICS_IN_FULL = 2  # from this many panics on, the whole penalty


@dataclass(frozen=True)
class RewardConfig:
    """Weights of the score.

    Args:
        w_compile_success (`float`, *optional*, defaults to `10.0`): Points for compiling.
        w_no_errors (`float`, *optional*, defaults to `5.0`): Points for no error.
        w_no_warnings (`float`, *optional*, defaults to `1.0`): Points for no warning.
        w_parseable (`float`, *optional*, defaults to `8.0`): Points for parsing; below 20.
        w_structure (`float`, *optional*, defaults to `2.0`): Most points for structure.
        w_quality (`float`, *optional*, defaults to `3.0`): Most points for error handling.
        w_idioms (`float`, *optional*, defaults to `2.0`): Most points for idioms.
        w_complexity (`float`, *optional*, defaults to `-0.5`): Largest penalty for complexity.
        panic_penalty (`float`, *optional*, defaults to `-2.0`): Largest penalty for panics.
        unsafe_penalty (`float`, *optional*, defaults to `-1.0`): Penalty for unsafe code.
        doc_bonus (`float`, *optional*, defaults to `1.0`): Points for documenting every item.
        max_complexity (`float`, *optional*, defaults to `10.0`): Cyclomatic complexity of one function that
            is still free of penalty.

    Raises:
        ValueError: When a weight has the wrong sign or is no finite number, or a program that does not compile
            could reach 20 points.
    """

    w_compile_success: float = 10.0
    w_no_errors: float = 5.0
    w_no_warnings: float = 1.0
    w_parseable: float = 8.0
    w_structure: float = 2.0
    w_quality: float = 3.0
    w_idioms: float = 2.0
    w_complexity: float = -0.5
    panic_penalty: float = -2.0
    unsafe_penalty: float = -1.0
    doc_bonus: float = 1.0
    max_complexity: float = 10.0

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise ValueError(f"RewardConfig.{item.name} is {value!r}; it must be a finite number.")
            if item.name in PENALTIES and value > 0:
                raise ValueError(f"RewardConfig.{item.name} is {value}; a penalty must not be above 0.")
            if item.name not in PENALTIES and value < 0:
                raise ValueError(f"RewardConfig.{item.name} is {value}; it must not be below 0.")
        if self.max_complexity < 1:
            raise ValueError(f"RewardConfig.max_complexity is {self.max_complexity}; it must be at least 1.")
        if self.w_parseable >= COMPILE_THRESHOLD:
            raise ValueError(
                f"RewardConfig.w_parseable is {self.w_parseable}; it must be below {COMPILE_THRESHOLD}, which no "
                "program that does not compile may reach."
            )

    def ranges(self) -> dict[str, tuple[float, float]]:
        """Return the lowest and highest value of every component, and of `"total"`."""
        highs = {name: (0.0, float(getattr(self, weight))) for name, weight in GAINS.items()}
        lows = {name: (float(getattr(self, weight)), 0.0) for name, weight in LOSSES.items()}
        lowest = min(0.0, self.w_parseable + sum(low for low, _ in lows.values()))
        return {**highs, **lows, "total": (lowest, sum(high for _, high in highs.values()))}


GAINS = {
    "compile_success": "w_compile_success",
    "no_errors": "w_no_errors",
    "no_warnings": "w_no_warnings",
    "parseable": "w_parseable",
    "structure": "w_structure",
    "quality": "w_quality",
    "idioms": "w_idioms",
    "documentation": "doc_bonus",
}
LOSSES = {"complexity": "w_complexity", "panics": "panic_penalty", "unsafety": "unsafe_penalty"}
PENALTIES = frozenset(LOSSES.values())
COMPONENTS = (*GAINS, *LOSSES)


DEFAULT_CONFIG = RewardConfig()


@dataclass(frozen=True)
class RewardBreakdown:
    """A score and what it is made of: `total` is the sum of the other fields. The module's table has the ranges."""

    total: float = 0.0
    compile_success: float = 0.0
    no_errors: float = 0.0
    no_warnings: float = 0.0
    parseable: float = 0.0
    structure: float = 0.0
    quality: float = 0.0
    idioms: float = 0.0
    documentation: float = 0.0
    complexity: float = 0.0
    panics: float = 0.0
    unsafety: float = 0.0


def compute_reward(verdict: Verdict, metrics: AstMetrics, config: RewardConfig = DEFAULT_CONFIG) -> RewardBreakdown:
    """Return the score of one program.

    Args:
        verdict (`Verdict`): What `verify` says of it.
        metrics (`AstMetrics`): What `analyze_ast` says of it. An entry point is named there:
            `analyze_ast(source, entry_point="add")`.
        config (`RewardConfig`, *optional*): Weights.

    Raises:
        ValueError: When the verifier failed. Such a program has no score; a reward function returns `None`
        for it.
    """
    if verdict.failure is not None:
        raise ValueError(f"No score: the verifier failed ({verdict.failure}). Use None as the reward.")
    live = metrics.live
    success = verdict.compiles and not verdict.errors and live.answers
    right = success and verdict.tests_passed == verdict.tests_total  # also where there are no tests
    clean = success and not verdict.warnings and not live.silenced_lints
    parses = (verdict.parses or verdict.compiles) and bool(metrics.names)
    earned = {
        "compile_success": success,
        "no_errors": success,
        "no_warnings": clean,
        "parseable": parses,
        **(style(metrics) if right else {}),
        **(faults(metrics, config) if parses else {}),
    }
    weights = {**GAINS, **LOSSES}
    points = {name: getattr(config, weights[name]) * float(share) + 0.0 for name, share in earned.items()}  # no -0.0
    return RewardBreakdown(total=math.fsum(points.values()), **points)


def style(metrics: AstMetrics) -> dict[str, float]:
    """Return the share earned of structure, quality, idioms and documentation, each 0..1."""
    live: LiveCode = metrics.live
    quality, idioms = live.quality, live.idioms
    handled = (quality.uses_result, quality.uses_option, quality.uses_question_mark)
    structure = ((0.5, live.working_functions > 0), (0.25, live.has_types), (0.25, live.has_methods))
    used = (idioms.iterators, idioms.pattern_matching, idioms.closures, idioms.method_chains)
    return {
        "structure": sum(part for part, earned in structure if earned),
        "quality": sum(handled) / len(handled),
        "idioms": sum(1 for count in used if count > 0) / len(used),
        "documentation": quality.documented,
    }


def style_points(metrics: AstMetrics, config: RewardConfig = DEFAULT_CONFIG) -> float:
    """Return the style points less the penalties as a share of the most style points, 0..1.

    0 for a program that does not parse or does not answer.
    """
    weights = {name: float(getattr(config, GAINS[name])) for name in style(metrics)}
    most = sum(weights.values())
    if not (metrics.parses and metrics.live.answers and most):
        return 0.0
    gained = sum(weights[name] * share for name, share in style(metrics).items())
    lost = sum(getattr(config, LOSSES[name]) * share for name, share in faults(metrics, config).items())
    return max(0.0, gained + lost) / most


def faults(metrics: AstMetrics, config: RewardConfig) -> dict[str, float]:
    """Return the share incurred of each penalty, 0..1."""
    live = metrics.live
    excess = max(0.0, live.complexity.max_cyclomatic / config.max_complexity - 1)
    return {
        "complexity": min(1.0, excess),
        "panics": min(1.0, live.quality.panics / PANICS_IN_FULL),
        "unsafety": float(live.quality.unsafe_uses > 0),
    }
