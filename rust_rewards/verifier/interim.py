"""Simple verify: one rustc per program."""
import os, re, signal, subprocess, tempfile, time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .diagnostics import parse_diagnostics
from .toolchain import find_toolchain
from .verdict import Diagnostic, Limits, Verdict


def _run(argv, cwd, limits):
    p = subprocess.Popen(argv, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         start_new_session=True, env={"PATH": os.environ.get("PATH", ""), "LD_LIBRARY_PATH": str(find_toolchain().sysroot / "lib"), "HOME": cwd})
    try:
        out, err = p.communicate(timeout=limits.wall_seconds)
        return p.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"), False
    except subprocess.TimeoutExpired:
        os.killpg(p.pid, signal.SIGKILL)
        p.communicate()
        return -9, "", "", True


def _one(source, tests, clippy, edition, limits):
    start = time.perf_counter()
    tc = find_toolchain()
    kind = "bin" if re.search(r"^\s*(?:pub\s+)?fn\s+main\s*\(", source, re.M) else "lib"
    with tempfile.TemporaryDirectory() as d:
        Path(d, "main.rs").write_bytes(source.encode("utf-8", "replace"))
        tool = tc.require_clippy() if clippy else tc.rustc
        rc, _, err, late = _run([str(tool), "main.rs", f"--crate-type={kind}", f"--edition={edition}", "--emit=metadata", "--error-format=json", "--out-dir=out"], d, limits)
        ds = [x.diagnostic for x in parse_diagnostics(err)]
        errors = tuple(x for x in ds if x.level == "error")
        warn = tuple(x for x in ds if x.level != "error" and not (x.code or "").startswith("clippy::"))
        lints = tuple(x for x in ds if (x.code or "").startswith("clippy::"))
        ok = rc == 0
        total = passed = 0
        if tests:
            body = tests if "#[test]" in tests else f"#[cfg(test)] mod hidden_tests {{ use super::*; #[test] fn hidden() {{ {tests} }} }}"
            total = body.count("#[test]")
            body = re.sub(r"mod tests\b", "mod hidden_tests", body)
            if ok:
                Path(d, "t.rs").write_text(source + "\n" + body)
                rc, _, err, late2 = _run([str(tc.rustc), "t.rs", "--test", f"--edition={edition}", "--cap-lints=allow", "-o", "t"], d, limits)
                late = late or late2
                if rc == 0:
                    rc, out, err, late3 = _run(["./t", "hidden"], d, limits)
                    late = late or late3
                    passed = len(re.findall(r"^test hidden\S* \.\.\. ok$|^test hidden.*should panic \.\.\. ok$", out, re.M))
        return Verdict(parses=ok or any(e.code for e in errors), compiles=ok, errors=errors, warnings=warn, lints=lints, tests_passed=passed,
                       tests_total=total, timed_out=late, seconds=time.perf_counter() - start)


def verify(programs: Sequence[str], tests=None, *, entry_points=None, clippy=False, edition="2021", limits=Limits(), jobs=None) -> list[Verdict]:
    tests = [None] * len(programs) if tests is None else tests
    with ThreadPoolExecutor(jobs or os.cpu_count()) as pool:
        return list(pool.map(lambda a: _one(a[0], a[1], clippy, edition, limits), zip(programs, tests)))
