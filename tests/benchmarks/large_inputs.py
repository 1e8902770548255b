"""Measures runs of `main` on large inputs: 64 programs, ten inputs of 0.94 MB each, beside the same runs without us.

python tests/benchmarks/large_inputs.py
"""

import json
import random
import resource
import subprocess
import tempfile
import time
from pathlib import Path

from rust_rewards import verify
from rust_rewards.verifier import find_toolchain

PROGRAMS, INPUTS, NUMBERS = 64, 10, 136_000
SUM = (
    "use std::io::Read;\nfn main() { let mut s = String::new(); std::io::stdin().read_to_string(&mut s).unwrap(); "
    'println!("{}", s.split_whitespace().map(|n| n.parse::<u64>().unwrap()).sum::<u64>()); }\n'
)


def plain_seconds(inputs: list[str]) -> float:
    """Return how long one program takes over all inputs, built by rustc and run as it is."""
    with tempfile.TemporaryDirectory() as folder:
        source, binary = Path(folder, "sum.rs"), Path(folder, "sum")
        source.write_text(SUM)
        subprocess.run([find_toolchain().rustc, "-o", binary, source], check=True)
        start = time.monotonic()
        for text in inputs:
            subprocess.run([binary], input=text.encode(), stdout=subprocess.DEVNULL, check=True)
        return time.monotonic() - start


def main() -> None:
    """Print both times, and the peak memory of this process and of the largest it started."""
    numbers = random.Random(0)
    inputs = [" ".join(str(numbers.randrange(10**6)) for _ in range(NUMBERS)) for _ in range(INPUTS)]
    tests = json.dumps([{"input": text, "output": str(sum(map(int, text.split())))} for text in inputs])
    verify([SUM], ['[{"input": "1", "output": "1"}]'])  # the helpers are built
    start = time.monotonic()
    verdicts = verify([f"{SUM}// {number}\n" for number in range(PROGRAMS)], [tests] * PROGRAMS)
    seconds = time.monotonic() - start
    assert all(verdict.tests_passed == INPUTS for verdict in verdicts)
    own, largest = (resource.getrusage(who).ru_maxrss >> 10 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(f"{PROGRAMS} programs, {INPUTS} inputs of {len(inputs[0]) / 1e6:.2f} MB: {seconds:.1f} s")
    print(f"the same runs without us, one at a time: {PROGRAMS * plain_seconds(inputs):.1f} s")
    print(f"peak memory: {own} MiB here, {largest} MiB in the largest child")


if __name__ == "__main__":
    main()
