//! confine: run one or more commands with fewer rights, and end them when the verifier ends.
//!
//! usage: confine [--cpu S] [--memory MIB] [--file MIB] [--processes N] [--landlock] [--read PATH]... [--write PATH]...
//!                [--drop-capabilities] [--unpack] [--ready] -- COMMAND [ARG]... [--then COMMAND [ARG]...]...
//!        confine --launch FD PARENT COMMAND [ARG]...
//!        confine --probe
//!
//! In this order: die with the parent, resource limits, capabilities, Landlock, seccomp, unpack standard input (a list
//! of "NAME LENGTH\n" + bytes) into the working directory, with `--ready` say so on descriptor 3 and close it, then each
//! command after the other while they exit with 0. Words before a command's program: `@FILE` reads FILE as its standard
//! input, which is unlinked before the program starts; `=FILE` does not believe an exit code of 0 without FILE.
//!
//! `--launch` is the outermost process (see `launch`); `--probe` prints "confined" when it finds itself without network
//! and without the host's files.

#[path = "landlock.rs"]
mod landlock;
#[path = "launch.rs"]
mod launch;
#[path = "seccomp.rs"]
mod seccomp;

use std::ffi::{c_long, c_ulong};
use std::io::{BufRead, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{exit, Command, Stdio};

extern "C" {
    fn prctl(option: i32, a: c_ulong, b: c_ulong, c: c_ulong, d: c_ulong) -> i32;
    fn syscall(number: c_long, ...) -> c_long;
    fn getrlimit(resource: i32, limit: *mut [u64; 2]) -> i32;
    fn setrlimit(resource: i32, limit: *const [u64; 2]) -> i32;
    fn close(fd: i32) -> i32;
    fn write(fd: i32, from: *const std::ffi::c_void, size: usize) -> isize;
    fn getppid() -> i32;
    fn setsid() -> i32;
    fn fcntl(fd: i32, command: i32, ...) -> i32;
    fn socket(domain: i32, kind: i32, protocol: i32) -> i32;
}

const RLIMIT_CPU: i32 = 0;
const RLIMIT_FSIZE: i32 = 1;
const RLIMIT_CORE: i32 = 4;
const RLIMIT_NPROC: i32 = 6;
const RLIMIT_AS: i32 = 9;
const SIGKILL: c_ulong = 9;
const PR_SET_PDEATHSIG: i32 = 1;
const PR_CAPBSET_DROP: i32 = 24;
const PR_SET_NO_NEW_PRIVS: i32 = 38;
const F_GETFD: i32 = 1;
const CLOSE_RANGE: c_long = 436;
const READY: i32 = 3; // the descriptor on which `--ready` is said; see launch.rs
const EXIT_CONFINEMENT: i32 = 125; // for people: what counts is whether `--ready` was said

#[derive(Default)]
struct Options {
    cpu: Option<u64>,
    memory: Option<u64>,
    file: Option<u64>,
    processes: Option<u64>,
    landlock: bool,
    drop_capabilities: bool,
    unpack: bool,
    ready: bool,
    read: Vec<String>,
    write: Vec<String>,
}

fn fail(what: &str) -> ! {
    eprintln!("confine: {what}: {}", std::io::Error::last_os_error());
    exit(EXIT_CONFINEMENT)
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments == ["--probe"] {
        probe();
    }
    if arguments.first().is_some_and(|word| word == "--launch") {
        launch::launch(&arguments[1..]);
    }
    let parent = unsafe { getppid() };
    let (options, commands) = parse(arguments);
    unsafe {
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        if getppid() != parent {
            exit(EXIT_CONFINEMENT); // the verifier died between fork and here
        }
        setsid();
        let first = if options.ready { READY + 1 } else { READY };
        if syscall(CLOSE_RANGE, first as u32, u32::MAX, 0u32) != 0 {
            (first..4096).for_each(|fd| drop(close(fd)));
        }
        if prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 {
            fail("no_new_privs");
        }
    }
    set_limits(&options);
    if options.drop_capabilities {
        drop_capabilities();
    }
    if options.landlock && !landlock::restrict(&options.read, &options.write) {
        fail("landlock");
    }
    if !seccomp::install(seccomp::Profile::Compile) && options.landlock {
        fail("seccomp"); // behind bubblewrap the namespaces still hold; here nothing else keeps the network out
    }
    if options.unpack {
        unpack();
    }
    if options.ready {
        let said = unsafe { write(READY, b"ready\n".as_ptr().cast(), 6) == 6 && close(READY) == 0 };
        if !said {
            fail("ready"); // and nothing is run that could say it instead
        }
    }
    for command in commands {
        run(&command);
    }
}

fn parse(arguments: Vec<String>) -> (Options, Vec<Vec<String>>) {
    let mut options = Options::default();
    let mut rest = arguments.into_iter();
    while let Some(name) = rest.next() {
        let mut value = || rest.next().unwrap_or_else(|| fail("missing value"));
        let number = |text: String| text.parse::<u64>().unwrap_or_else(|_| fail("not a number"));
        match name.as_str() {
            "--cpu" => options.cpu = Some(number(value())),
            "--memory" => options.memory = Some(number(value()) << 20),
            "--file" => options.file = Some(number(value()) << 20),
            "--processes" => options.processes = Some(number(value())),
            "--read" => options.read.push(value()),
            "--write" => options.write.push(value()),
            "--landlock" => options.landlock = true,
            "--drop-capabilities" => options.drop_capabilities = true,
            "--unpack" => options.unpack = true,
            "--ready" => options.ready = true,
            "--" => break,
            _ => fail("unknown option"),
        }
    }
    let words: Vec<String> = rest.collect();
    (options, words.split(|word| word == "--then").map(<[String]>::to_vec).collect())
}

fn set_limits(options: &Options) {
    let limit = |resource: i32, value: Option<u64>| {
        if let Some(value) = value {
            let mut old = [u64::MAX; 2];
            unsafe { getrlimit(resource, &mut old) };
            let value = value.min(old[1]); // a hard limit below ours can only stay
            if unsafe { setrlimit(resource, &[value, value]) } != 0 {
                fail("setrlimit");
            }
        }
    };
    limit(RLIMIT_CPU, options.cpu);
    limit(RLIMIT_AS, options.memory);
    limit(RLIMIT_FSIZE, options.file);
    limit(RLIMIT_NPROC, options.processes);
    limit(RLIMIT_CORE, Some(0));
}

/// Root without capabilities is an ordinary owner of root's files, which Landlock then takes away as well.
fn drop_capabilities() {
    #[cfg(target_arch = "x86_64")]
    const CAPSET: c_long = 126;
    #[cfg(not(target_arch = "x86_64"))]
    const CAPSET: c_long = 91;
    unsafe {
        for capability in 0..64 {
            prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
        }
        let header: [u32; 2] = [0x2008_0522, 0];
        let none = [0u32; 6];
        if syscall(CAPSET, header.as_ptr(), none.as_ptr()) != 0 {
            fail("capset");
        }
    }
}

fn unpack() {
    let mut input = std::io::stdin().lock();
    let mut line = String::new();
    while matches!(input.read_line(&mut line), Ok(length) if length > 0) {
        let Some((name, length)) = line.trim_end().split_once(' ') else { fail("archive") };
        let mut bytes = vec![0; length.parse().unwrap_or_else(|_| fail("archive length"))];
        if input.read_exact(&mut bytes).is_err() || std::fs::write(name, &bytes).is_err() {
            fail("unpack");
        }
        line.clear();
    }
}

fn run(words: &[String]) {
    // A source goes through a pipe: a program that opens /dev/stdin again finds it drained.
    let (mut input, mut wanted, mut words) = (None, None, words);
    while let Some(word) = words.first() {
        if let Some(name) = word.strip_prefix('@') {
            input = Some(std::fs::read(name).unwrap_or_else(|_| fail("input")));
            let _ = std::fs::remove_file(name);
        } else if let Some(name) = word.strip_prefix('=') {
            wanted = Some(name);
        } else {
            break;
        }
        words = &words[1..];
    }
    let Some(program) = words.first() else { fail("no command") };
    let mut command = Command::new(program);
    command.arg0(program.strip_prefix("./").unwrap_or(program)).args(&words[1..]).stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
    end_with_parent(&mut command);
    let Ok(mut child) = command.spawn() else { fail(program) };
    if let (Some(bytes), Some(mut pipe)) = (input, child.stdin.take()) {
        let _ = pipe.write_all(&bytes); // a reader that has gone ends with an error of its own
    }
    match child.wait() {
        Ok(status) if status.success() => {
            if wanted.is_some_and(|name| !std::path::Path::new(name).exists()) {
                fail("it ended with 0 and left nothing");
            }
        }
        Ok(status) => exit(status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))),
        Err(_) => fail(program),
    }
}

/// Have a command end when this process does, also when that is before it could say so.
fn end_with_parent(command: &mut Command) {
    let parent = std::process::id() as i32;
    unsafe {
        command.pre_exec(move || {
            prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
            if getppid() == parent { Ok(()) } else { Err(std::io::Error::from_raw_os_error(3)) }
        });
    }
}

fn probe() -> ! {
    let reads_host = ["/etc/passwd", "/etc/hostname", "/proc/1/environ", "/proc/self/environ", "/var/log"]
        .iter()
        .any(|path| std::fs::File::open(path).is_ok());
    let writes_host = std::fs::write("/var/tmp/rust-rewards-probe", "x").is_ok();
    let own = std::fs::write("probe", "x").is_ok() && std::fs::remove_file("probe").is_ok();
    let network = unsafe { socket(2, 1, 0) };
    let inherited = (3..256).any(|fd| unsafe { fcntl(fd, F_GETFD) } >= 0);
    eprintln!("confine: host files {reads_host}, host writes {writes_host}, network {}, inherited {inherited}, own {own}",
        network >= 0);
    if reads_host || writes_host || network >= 0 || inherited || !own {
        exit(1);
    }
    println!("confined");
    exit(0)
}
