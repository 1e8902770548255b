"""Many verdicts in a row: does anything grow? Memory, descriptors, threads, processes and temporary files are counted.

    python tests/benchmarks/endurance.py                     # 50,000 verdicts
    python tests/benchmarks/endurance.py --verdicts 5000

Every call has fresh programs, half of them broken, a part of them tested, some that hang, crash or write files. Memory
is the resident set of this process after a warm-up that fills the verdict cache. Exits with 1 when something has grown.
"""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

import psutil
from run import corpus, marked

from rust_rewards import Limits, verify

CALL = 512  # verdicts a call
TESTED_CALLS = 8  # one call in this many runs tests
LIMITS = Limits(wall_seconds=5, cpu_seconds=0.5, deadline_seconds=3600)
WARM_UP = 0.3  # share of the verdicts
MOST_GROWTH = 1.1  # of the resident set, after the warm-up
NASTY = (
    "pub fn f() { loop {} }",
    "pub fn f() { std::process::abort() }",
    'pub fn f() { std::fs::write("x", vec![0u8; 1 << 20]).ok(); std::thread::spawn(|| loop {}); }',
)


def state() -> dict[str, int]:
    """What must not grow."""
    me = psutil.Process()
    return {
        "resident_mib": me.memory_info().rss >> 20,
        "descriptors": me.num_fds(),
        "threads": me.num_threads(),
        "children": len(me.children(recursive=True)),
        "temporary_files": sum(1 for _ in Path(tempfile.gettempdir()).glob("rust-rewards*")),
    }


def main() -> int:
    """Run the verdicts, print the state as they go, compare the end with the warm start."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--verdicts", type=int, default=50_000)
    args = parser.parse_args()
    programs = corpus(2048, 0.5)
    chance, start = random.Random(0), time.perf_counter()
    done, failures, warm = 0, 0, None
    for call in range(-(-args.verdicts // CALL)):
        chosen = marked(chance.sample(programs, CALL - len(NASTY)), f"endurance {call}")
        chosen += [(f"{source} // {call}", "f();") for source in NASTY]
        tests = [tests if call % TESTED_CALLS == 0 or tests == "f();" else None for _, tests in chosen]
        verdicts = verify([source for source, _ in chosen], tests, limits=LIMITS)
        failures += sum(verdict.failure is not None for verdict in verdicts)
        done += len(verdicts)
        if call % 8 == 0 or done >= args.verdicts:
            print(
                f"{done:6} verdicts, {time.perf_counter() - start:5.0f} s, {failures} failures, {state()}", flush=True
            )
        if warm is None and done >= WARM_UP * args.verdicts:
            warm = state()
    end = state()
    assert warm is not None
    grown = [name for name in end if end[name] > warm[name] * (MOST_GROWTH if name == "resident_mib" else 1)]
    print(f"warm {warm}\nend  {end}\ngrown: {', '.join(grown) or 'nothing'}; failures: {failures}")
    return 1 if grown or failures else 0


if __name__ == "__main__":
    sys.exit(main())
