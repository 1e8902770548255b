"""Judge the same programs in batches and one at a time, and count where the two disagree.

    python tests/support/differential.py --programs 20000 --seed 0

Both sides go through the same confinement. One at a time means a compiler per program, and for tests a binary per
program: the slow, plain thing that the batch must agree with.
"""

import argparse
import math
import random
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from program_mill import programs

from rust_rewards.verifier import Limits, Verdict, find_toolchain, verify
from rust_rewards.verifier.compiler import Compiler
from rust_rewards.verifier.engine import default_jobs
from rust_rewards.verifier.harness import TestJob, run_alone
from rust_rewards.verifier.hidden_tests import read_hidden_tests
from rust_rewards.verifier.single import CompileResult, check_alone
from rust_rewards.verifier.tampering import policy_for
from rust_rewards.verifier.triage import triage

LIMITS = Limits(wall_seconds=20, cpu_seconds=2, deadline_seconds=36_000)
CHUNK = 2048


@dataclass
class Tally:
    """What a comparison found."""

    compared: int = 0
    compiling: int = 0
    tested: int = 0
    different: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    @property
    def verdict_differences(self) -> int:
        """Disagreements in anything but the set of error codes."""
        return sum(count for name, count in self.different.items() if name != "codes")


def alone(compiler: Compiler, source: str, tests: str, clippy: bool) -> tuple[CompileResult, tuple[str, ...]]:
    """The verdict of one compiler, and of one test binary."""
    seen = triage(source, compiler.edition)
    checked = check_alone(compiler, source, has_main=seen.has_main, clippy=clippy)
    if not tests or not checked.compiles:
        return checked, ()
    hidden = read_hidden_tests(tests)
    return checked, run_alone(
        compiler, TestJob(source, hidden, policy_for(source, seen.scan, tests), seen.uses_files, seen.has_main)
    ).statuses


def differences(batched: Verdict, checked: CompileResult, statuses: tuple[str, ...]) -> list[str]:
    """The names of what disagrees."""
    pairs = {
        "parses": (batched.parses, checked.parses),
        "compiles": (batched.compiles, checked.compiles),
        "warnings": (len(batched.warnings), len(checked.warnings)),
        "lints": (len(batched.lints), len(checked.lints)),
        "tests": (batched.test_statuses.count("passed"), statuses.count("passed")),
        "codes": ({e.code for e in batched.errors}, {e.code for e in checked.errors}),
    }
    return [name for name, (one, other) in pairs.items() if one != other]


def compare(count: int, seed: int, clippy_share: float, test_share: float, jobs: int | None = None) -> Tally:
    """Compare `count` programs; the shares say in how many of the chunks clippy and the tests run."""
    compiler = Compiler(find_toolchain(), "2021", LIMITS, math.inf)
    tally = Tally()
    pairs = list(programs(count, seed))
    random.Random(seed).shuffle(pairs)
    size = min(CHUNK, max(64, len(pairs) // 8))
    with ThreadPoolExecutor(jobs or default_jobs()) as pool:
        for number, start in enumerate(range(0, len(pairs), size)):
            chunk = pairs[start : start + size]
            clippy = (number % 8) < 8 * clippy_share
            tested = (7 - number % 8) < 8 * test_share
            chunk = [(source, tests if tested else "") for source, tests in chunk]
            verdicts = verify([s for s, _ in chunk], [t for _, t in chunk], clippy=clippy, limits=LIMITS, jobs=jobs)
            singles = list(pool.map(lambda pair, c=clippy: alone(compiler, *pair, c), chunk))
            for (source, tests), verdict, (checked, statuses) in zip(chunk, verdicts, singles, strict=True):
                _count(tally, source, tests, verdict, checked, statuses)
            print(f"{tally.compared}/{len(pairs)} compared, differences {dict(tally.different)}", file=sys.stderr)
    return tally


def _count(
    tally: Tally, source: str, tests: str, verdict: Verdict, checked: CompileResult, statuses: tuple[str, ...]
) -> None:
    tally.compared += 1
    tally.compiling += checked.compiles
    tally.tested += bool(tests and checked.compiles)
    found = [*differences(verdict, checked, statuses), *(["failure"] if verdict.failure else [])]
    tally.different.update(found)
    if found:
        codes = sorted({str(e.code) for e in verdict.errors} ^ {str(e.code) for e in checked.errors})
        warned = [d.code for d in verdict.warnings], [d.code for d in checked.warnings]
        details = f"{codes} {warned} {verdict.test_statuses} {statuses} {verdict.failure}"
        tally.examples.append(f"--- {', '.join(found)}: {details}\n{source}\n")


def main() -> int:
    """Compare, print the counts and every difference; exit with 1 when a verdict differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--clippy_share", type=float, default=0.25)
    parser.add_argument("--test_share", type=float, default=0.25)
    parser.add_argument("--jobs", type=int, default=None)
    args = parser.parse_args()
    start = time.perf_counter()
    tally = compare(args.programs, args.seed, args.clippy_share, args.test_share, args.jobs)
    print("".join(tally.examples))
    same = 100 * (1 - tally.different["codes"] / tally.compared)
    print(f"programs compared      {tally.compared} (seed {args.seed}, {time.perf_counter() - start:.0f} s)")
    print(f"  compiling            {tally.compiling}, with tests run {tally.tested}")
    print(f"verdict differences    {tally.verdict_differences} {dict(tally.different)}")
    print(f"identical code sets    {same:.3f} %")
    return 1 if tally.verdict_differences else 0


if __name__ == "__main__":
    raise SystemExit(main())
