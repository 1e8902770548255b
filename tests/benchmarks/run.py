"""Measures every claim of speed in the verifier's README: both sides in the same run and on the same cores, medians.

    make bench                                  # all, and the table of that README
    python tests/benchmarks/run.py --rounds 1 --only check_half

A ratio is the median over rounds of (time of the plain way / time of `verify`). Each round's programs carry a comment
of their own, so that no cache helps. The plain way runs unconfined, `verify` confined.
"""

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))  # a program of its own: pytest is not there to do it

from program_mill import mutated, rows

from rust_rewards import Limits, verify
from rust_rewards.verifier import find_toolchain
from rust_rewards.verifier.engine import default_jobs
from rust_rewards.verifier.triage import triage

README = Path(__file__).parent.parent.parent / "rust_rewards" / "verifier" / "README.md"
RESULTS = Path(__file__).parent / "results.json"
START, END = "<!-- bench:start -->", "<!-- bench:end -->"
LIMITS = Limits(deadline_seconds=3600)
JOBS = default_jobs()
TOOLS = find_toolchain()


def corpus(count: int, broken_share: float) -> list[tuple[str, str]]:
    """`count` library programs with their tests; about `broken_share` of them do not compile."""
    chance = random.Random(0)
    tasks = [row for row in rows() if row["entry_point"] != "main"]
    good = [(row["reference"], row["tests"]) for row in tasks]
    wanted = [chance.choice(good) for _ in range(count)]
    if not broken_share:
        return wanted
    edited = [(mutated(source, chance), tests) for source, tests in wanted * 2]
    compiles = [v.compiles for v in verify([source for source, _ in edited], limits=LIMITS)]
    bad = [pair for pair, ok in zip(edited, compiles, strict=True) if not ok][: round(count * broken_share)]
    mixed = bad + wanted[: count - len(bad)]
    chance.shuffle(mixed)
    return mixed


def marked(programs: list[tuple[str, str]], mark: str) -> list[tuple[str, str]]:
    """The same programs with a comment that no cache has seen."""
    return [(f"{source}\n// {mark} {number}\n", tests) for number, (source, tests) in enumerate(programs)]


def seconds(task: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    task()
    return time.perf_counter() - start


def in_folders(task: Callable[[Path, str, str], None], programs: list[tuple[str, str]]) -> None:
    """Run `task` on each program in a folder of its own, on as many workers as `verify` uses."""

    def one(pair: tuple[str, str]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            task(Path(folder), *pair)

    with ThreadPoolExecutor(JOBS) as pool:
        list(pool.map(one, programs))


def run(argv: list[object], folder: Path, **environment: str) -> int:
    """One plain subprocess, its output read and dropped."""
    libraries = f"{TOOLS.sysroot}/lib:{TOOLS.target_folder}/lib"
    variables = {**os.environ, "LD_LIBRARY_PATH": libraries, **environment}
    return subprocess.run(
        [str(a) for a in argv], cwd=folder, env=variables, capture_output=True, check=False
    ).returncode


def plain_check(folder: Path, source: str, tests: str, tool: Path = TOOLS.rustc) -> None:
    """One direct rustc."""
    (folder / "p.rs").write_text(source)
    kind = "bin" if triage(source, "2021").has_main else "lib"
    run([tool, "p.rs", "--edition=2021", f"--crate-type={kind}", "--emit=metadata", "--error-format=json"], folder)


def plain_clippy(folder: Path, source: str, tests: str) -> None:
    """One direct clippy-driver."""
    plain_check(folder, source, tests, TOOLS.require_clippy())


def plain_tests(folder: Path, source: str, tests: str) -> None:
    """`rustc --test`, then the binary."""
    (folder / "p.rs").write_text(f"{source}\n{tests}")
    options = ["--edition=2021", "-Cdebuginfo=0", "-Cprefer-dynamic", "--cap-lints=allow", "-o", "t"]
    if run([TOOLS.rustc, "p.rs", "--test", *options], folder) == 0:
        run(["./t"], folder)


def plain_cargo(folder: Path, source: str, tests: str, *commands: str) -> None:
    """`cargo check`, `cargo clippy`, `cargo test` in a fresh project, as cargo-based rewards do; or other commands."""
    (folder / "src").mkdir()
    (folder / "Cargo.toml").write_text('[package]\nname = "p"\nversion = "0.1.0"\nedition = "2021"\n')
    (folder / "src" / "lib.rs").write_text(f"{source}\n{tests}")
    for command in commands or ("check", "clippy", "test"):
        run(["cargo", command, "--quiet", "--offline"], folder)


def plain_cargo_build(folder: Path, source: str, tests: str) -> None:
    """`cargo build` in a fresh project: the usual way to ask whether a program compiles."""
    plain_cargo(folder, source, "", "build")


def ratio(
    name: str,
    plain: Callable[[Path, str, str], None],
    programs: list[tuple[str, str]],
    rounds: int,
    sample: int,
    **options: bool,
) -> dict[str, object]:
    """Median of plain time over `verify` time per program; the plain way runs on the first `sample` programs."""
    tested = options.pop("tested", False)
    ratios, ours, theirs = [], [], []
    for number in range(rounds):
        fresh = marked(programs, f"{name} {number}")
        hidden = [tests for _, tests in fresh] if tested else None
        mine = seconds(lambda f=fresh, h=hidden: verify([s for s, _ in f], h, limits=LIMITS, **options)) / len(fresh)
        other = seconds(lambda f=fresh: in_folders(plain, f[:sample])) / sample
        ratios.append(other / mine)
        ours.append(1000 * mine)
        theirs.append(1000 * other)
        print(f"  {name} round {number + 1}/{rounds}: {ratios[-1]:.1f}x", file=sys.stderr, flush=True)
    return {
        "programs": len(programs),
        "plain_ms": statistics.median(theirs),
        "verify_ms": statistics.median(ours),
        "ratio": statistics.median(ratios),
        "lowest": min(ratios),
        "highest": max(ratios),
    }


def scaling(rounds: int) -> dict[str, object]:
    """Cost per program, and peak memory of the whole process tree, for ever larger calls."""
    found: dict[str, object] = {}
    for count in (64, 256, 1024, 4096):
        programs = corpus(count, 0.5)
        costs, peaks = [], []
        for number in range(rounds if count < 4096 else min(rounds, 3)):
            fresh = [source for source, _ in marked(programs, f"scaling {number}")]
            with TreeMemory() as memory:
                costs.append(1000 * seconds(lambda f=fresh: verify(f, limits=LIMITS)) / count)
            peaks.append(memory.peak / 2**20)
        found[str(count)] = {"verify_ms": statistics.median(costs), "peak_mib": max(peaks)}
        print(f"  scaling {count}: {found[str(count)]}", file=sys.stderr, flush=True)
    return found


class TreeMemory:
    """Watches the proportional memory (PSS) of this process and all below it, 20 times a second."""

    def __enter__(self) -> "TreeMemory":
        self.peak = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        me = psutil.Process()
        while not self._done.wait(0.05):
            total = 0
            for process in [me, *me.children(recursive=True)]:
                try:
                    total += process.memory_full_info().pss
                except (psutil.NoSuchProcess, psutil.AccessDenied):
                    continue
            self.peak = max(self.peak, total)


BENCHES: dict[str, tuple[str, Callable[[int], dict[str, object]]]] = {
    "check_half": (
        "check, about half broken / one `rustc` per program",
        lambda rounds: ratio("check_half", plain_check, corpus(512, 0.5), rounds, 512),
    ),
    "check_good": (
        "check, all good / one `rustc` per program",
        lambda rounds: ratio("check_good", plain_check, corpus(512, 0.0), rounds, 512),
    ),
    "clippy_good": (
        "clippy, all good / one `clippy-driver` per program",
        lambda rounds: ratio("clippy_good", plain_clippy, corpus(512, 0.0), rounds, 256, clippy=True),
    ),
    "clippy": (
        "clippy, about half broken / one `clippy-driver` per program",
        lambda rounds: ratio("clippy", plain_clippy, corpus(512, 0.5), rounds, 256, clippy=True),
    ),
    "tests": (
        "check and hidden tests / `rustc --test` and run",
        lambda rounds: ratio("tests", plain_tests, corpus(512, 0.0), rounds, 256, tested=True),
    ),
    "cargo_build": (
        "check, all good / `cargo build` in a fresh project",
        lambda rounds: ratio("cargo_build", plain_cargo_build, corpus(512, 0.0), rounds, 32),
    ),
    "cargo": (
        "check, clippy and tests / fresh cargo project (check, clippy, test)",
        lambda rounds: ratio("cargo", plain_cargo, corpus(512, 0.0), rounds, 16, clippy=True, tested=True),
    ),
}


def table(results: dict[str, dict]) -> str:
    """Return the README's table."""
    lines = [
        "| 512 programs: `verify` / the plain way | plain, ms each | `verify`, ms each | ratio (lowest..highest) |"
    ]
    lines.append("| --- | ---: | ---: | ---: |")
    for name, (title, _) in BENCHES.items():
        if name in results:
            r = results[name]
            spread = f"**{r['ratio']:.1f}x** ({r['lowest']:.1f}..{r['highest']:.1f})"
            lines.append(f"| {title} | {r['plain_ms']:.1f} | {r['verify_ms']:.2f} | {spread} |")
    if "scaling" in results:
        lines += ["", "| programs in one call (half broken) | `verify`, ms each | peak memory of the tree, MiB |"]
        lines.append("| ---: | ---: | ---: |")
        lines += [f"| {n} | {r['verify_ms']:.2f} | {r['peak_mib']:.0f} |" for n, r in results["scaling"].items()]
    return "\n".join(lines)


def main() -> None:
    """Measure what was asked for, print the table, keep it in the verifier's README."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=[*BENCHES, "scaling"], choices=[*BENCHES, "scaling"])
    args = parser.parse_args()
    if "cargo" in args.only and shutil.which("cargo") is None:
        parser.error("cargo is not on PATH; leave it out with --only")
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in args.only:
        results[name] = scaling(args.rounds) if name == "scaling" else BENCHES[name][1](args.rounds)
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    print(table(results))
    text = README.read_text()
    if START in text and set(args.only) == {*BENCHES, "scaling"}:
        before, rest = text.split(START, 1)
        README.write_text(f"{before}{START}\n{table(results)}\n{END}{rest.split(END, 1)[1]}")


if __name__ == "__main__":
    main()
