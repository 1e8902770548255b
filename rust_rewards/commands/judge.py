"""`python -m rust_rewards judge`: ask the judge about a file, or find out how far it can be trusted."""

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
from dataclasses import MISSING
from pathlib import Path
from statistics import mean
from types import NoneType
from typing import Any, get_args

from ..exit_codes import DONE, FAILED, RunFailedError

EPILOG = """
examples:
  python -m rust_rewards judge sum.rs --task "Sum a slice." --endpoint http://localhost:8000/v1 --model qwen
  python -m rust_rewards judge --calibrate --endpoint http://localhost:8000/v1 --model qwen

exit code: 0 judged (calibration: the judge can be trusted); 1 not judged (it cannot); 2 options, files or packages
that cannot be used
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the file, the task, and the fields of `JudgeConfig`."""
    from ..judge.arguments import options_of_config

    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument("file", nargs="?", help="Rust source; - for standard input")
    parser.add_argument("--task", default="", help="what the program was to do")
    parser.add_argument(
        "--calibrate",
        action="store_true",
        help="judge built-in good, bad and injected samples, without the cache unless --cache_path is given",
    )
    for option, kind, text in options_of_config():
        required = option.default is MISSING
        default = "" if required else option.default
        read = _reader(kind)
        parser.add_argument(f"--{option.name}", type=read, default=default, metavar=option.name.upper(), help=text)


def run(args: argparse.Namespace) -> int:
    """Judge and print; return 1 when there is no score, or the judge cannot be trusted."""
    from ..judge.arguments import options_of_config
    from ..judge.config import DEFAULT_CACHE
    from ..judge.reward import JudgeConfig, JudgeError, check_judge

    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    if args.calibrate == bool(args.file):
        raise ValueError("Give either a Rust file or --calibrate.")
    values = {option.name: getattr(args, option.name) for option, _, _ in options_of_config()}
    if args.calibrate and args.cache_path == DEFAULT_CACHE:
        values["cache_path"] = None  # the model behind a name may have changed
    config = JudgeConfig(**values)
    if not args.calibrate:
        return _judge(config, _read(args.file), args.task)
    try:
        check_judge(config)
    except JudgeError as err:
        raise RunFailedError(str(err)) from err
    return _calibrate(config)


def _judge(config: Any, program: str, task: str) -> int:
    from ..judge.judge import Judge
    from ..judge.prompt import SCORES

    judgement = asyncio.run(Judge(config).judge_programs([program], [task]))[0]
    if judgement.scores is None:
        print(f"not judged: {judgement.reason}{': ' if judgement.rationale else ''}{judgement.rationale}")
        return FAILED
    for name, score in zip(SCORES, judgement.scores, strict=True):
        print(f"{name:13} {score:4.1f} / 10")
    weights = (config.w_quality, config.w_correctness, config.w_idiomaticity)
    print(f"{'reward':13} {judgement.reward(weights, config.weight_scale):5.2f} of {config.weight_scale:g}")
    print(judgement.rationale)
    return DONE


def _calibrate(config: Any) -> int:
    from ..judge.calibration import LEAST_SEPARATION, MOST_SHIFT, calibrate, judge_samples, samples
    from ..judge.judge import Judge

    given = samples()
    scored = asyncio.run(judge_samples(Judge(config), given))
    result = calibrate(given, scored)
    print(f"{'sample':15} {'mean':>5} {'gain':>6}   scores, one per task")
    for kind in dict.fromkeys(s.kind for s in given):
        mine = [score for s, score in zip(given, scored, strict=True) if s.kind == kind]
        gain = f"{result.shifts[kind]:+6.2f}" if kind in result.shifts else " " * 6
        print(f"{kind:15} {_mean(mine)} {gain}   {' '.join('   -' if x is None else f'{x:4.2f}' for x in mine)}")
    if result.separation is not None:
        print(f"good above bad in {result.separation:.0%} of pairs (at least {LEAST_SEPARATION:.0%} wanted)")
    if result.shifts:
        worst = max(result.shifts, key=lambda kind: result.shifts[kind])
        print(f"most gained by talking: {result.shifts[worst]:+.2f}, {worst} (at most +{MOST_SHIFT} wanted)")
    if result.unjudged:
        print(f"{result.unjudged} of {len(given)} samples got no score")
    print("The judge can be trusted." if result.passed else "Do not train with this judge as it is.")
    return DONE if result.passed else FAILED


def _mean(scored: Sequence[float | None]) -> str:
    values = [score for score in scored if score is not None]
    return f"{mean(values):5.2f}" if values else "    -"


def _read(path: str) -> str:
    return sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8", errors="replace")


def _reader(kind: Any) -> Any:
    """Return what turns an option's text into a field's type."""
    plain = next((k for k in get_args(kind) if k is not NoneType), kind)
    return _truth if plain is bool else plain


def _truth(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
    return text.lower() == "true"
