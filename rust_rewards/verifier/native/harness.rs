//! The part of a test binary that is ours. It is compiled once per toolchain and linked to the programs under a name drawn
//! anew for each build, so that no program can name, shadow or replace it.
//!
//! `serve` runs in a process that never executes a line of a program. For each program it forks a child, takes rights and
//! resources away from it, and lets it run the program's tests one after the other. The child reports over a pipe; a pass
//! counts only with a proof made from a key that is drawn anew for each build and program, and read only after the test
//! function has returned. A test that ends or hangs the child is counted as such, and a new child goes on behind it.
//!
//! Not covered: a program that uses `unsafe` to find the key in its own machine code, or to return into our frames.

#[path = "landlock.rs"]
mod landlock;
#[path = "seccomp.rs"]
mod seccomp;

use std::any::type_name;
use std::ffi::{c_char, c_ulong, c_void};
use std::fmt::{Arguments, Debug};
use std::fs::File;
use std::io::{Seek, Write};
use std::os::fd::{FromRawFd, IntoRawFd};
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::panic::{catch_unwind, panic_any, AssertUnwindSafe};
use std::process::{ExitCode, Termination};
use std::time::{Duration, Instant};

/// Macros and names of the standard library under which tests mean what they say, whatever the program defines.
/// `Result` is not among them: an alias of the program's own is legitimate, and its variants are here.
pub mod names {
    pub use core::primitive::{
        bool, char, f32, f64, i128, i16, i32, i64, i8, isize, str, u128, u16, u32, u64, u8, usize,
    };
    pub use std::borrow::ToOwned;
    pub use std::boxed::Box;
    pub use std::cmp::{Eq, Ord, PartialEq, PartialOrd};
    pub use std::convert::{AsMut, AsRef, From, Into, TryFrom, TryInto};
    pub use std::iter::{DoubleEndedIterator, ExactSizeIterator, Extend, FromIterator, IntoIterator, Iterator};
    pub use std::option::Option::{self, None, Some};
    pub use std::result::Result::{Err, Ok};
    pub use std::string::{String, ToString};
    pub use std::vec::Vec;
    pub extern crate alloc;
    pub extern crate core;
    pub extern crate std;
}
pub mod macros {
    pub use std::{
        assert, column, concat, dbg, debug_assert, eprint, eprintln, file, format, format_args, line, matches, module_path, panic, print, println,
        stringify, thread_local, todo, unimplemented, unreachable, vec, write, writeln,
    };
}

pub struct Test {
    /// What its thread is called.
    pub name: &'static str,
    /// `Some(text)`: the test passes when it panics with a message that contains the text.
    pub should_panic: Option<&'static str>,
    /// `Some((start, length))`: a run of the program's `main` with this piece of the file `INPUTS` as its standard input;
    /// what it prints is reported.
    pub input: Option<(u64, u64)>,
    /// How many bytes of what `main` prints can matter, white space at the ends of lines aside.
    pub output: usize,
    /// The function ends by calling `reached`; if it has not, something has left it early.
    pub must_reach: bool,
    /// It looks at panics itself: a failed assertion may be what it wants to see.
    pub catches: bool,
}

pub struct Program {
    pub run: fn(u32) -> bool,
    pub key: fn() -> u64,
    pub tests: &'static [Test],
}

/// Whether what a test function or a `main` returned is a success, as libtest and the runtime see it.
pub fn outcome<T: Termination>(value: T) -> bool {
    format!("{:?}", value.report()) == format!("{:?}", ExitCode::SUCCESS)
}

/// A test of which only rustc knows where it lies: its attribute (`test_attribute.rs`) puts this beside it.
pub trait HiddenTest {
    fn run() -> bool;
}
/// The number of the test with this path.
pub const fn number(path: &str) -> u64 {
    let bytes = path.as_bytes();
    let (mut hash, mut at) = (0xcbf2_9ce4_8422_2325_u64, 0);
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    hash
}

/// The payload of a failed assertion: its message, where a test expects one.
struct AssertionFailed(String);

/// An assertion has failed, even if what called the test's code has caught its panic.
static FAILED: AtomicBool = AtomicBool::new(false);
static REACHED: AtomicBool = AtomicBool::new(false);

pub fn check(holds: bool) {
    if !holds {
        FAILED.store(true, SeqCst);
        panic_any(AssertionFailed(String::new()));
    }
}

/// A failed assertion, in suites in which a test expects a message.
pub fn fail(message: Arguments) -> ! {
    FAILED.store(true, SeqCst);
    panic_any(AssertionFailed(message.to_string()))
}

/// `assert_eq!` and `assert_ne!` where every comparison is to be believed.
pub fn equal<L: PartialEq<R> + Debug + ?Sized, R: Debug + ?Sized>(left: &L, right: &R) {
    check(*left == *right)
}
pub fn differ<L: PartialEq<R> + Debug + ?Sized, R: Debug + ?Sized>(left: &L, right: &R) {
    check(*left != *right)
}

pub fn reached() {
    REACHED.store(true, SeqCst);
}

/// What `assert_eq!` asks of both sides, as in the standard library.
pub fn shown<L: Debug + ?Sized, R: Debug + ?Sized>(_: &L, _: &R) {}

/// Whether a comparison can be believed that is not the standard library's: both sides must be of the same types of the
/// program's own (their paths begin with `own`).
pub fn same_types<L: ?Sized, R: ?Sized>(_: &L, _: &R, own: &str) -> bool {
    own_types(type_name::<L>(), own) == own_types(type_name::<R>(), own)
}

/// Whether no type of the program's own takes part.
pub fn standard<L: ?Sized, R: ?Sized>(_: &L, _: &R, own: &str) -> bool {
    own_types(type_name::<L>(), own).is_empty() && own_types(type_name::<R>(), own).is_empty()
}

/// As `same_types`, and values of such types must print alike. It is asked before the comparison runs, so that the comparison
/// cannot copy what it should have computed.
pub fn same_text<L: Debug + ?Sized, R: Debug + ?Sized>(left: &L, right: &R, own: &str) -> bool {
    let types = own_types(type_name::<L>(), own);
    types == own_types(type_name::<R>(), own) && (types.is_empty() || format!("{left:?}") == format!("{right:?}"))
}

/// The same for an inequality: values of such types must print differently.
pub fn other_text<L: Debug + ?Sized, R: Debug + ?Sized>(left: &L, right: &R, own: &str) -> bool {
    let types = own_types(type_name::<L>(), own);
    types == own_types(type_name::<R>(), own) && (types.is_empty() || format!("{left:?}") != format!("{right:?}"))
}

/// The paths in a type's name that begin with `own`, sorted.
fn own_types<'a>(name: &'a str, own: &str) -> Vec<&'a str> {
    let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let mut found: Vec<&str> = name.split(|c| !is_path(c)).filter(|path| path.starts_with(own)).collect();
    found.sort_unstable();
    found.dedup();
    found
}

#[repr(C)]
struct PollFd {
    fd: i32,
    events: i16,
    revents: i16,
}

extern "C" {
    fn fork() -> i32;
    fn _exit(code: i32) -> !;
    fn pipe(fds: *mut i32) -> i32;
    fn dup2(from: i32, to: i32) -> i32;
    fn close(fd: i32) -> i32;
    fn read(fd: i32, into: *mut c_void, size: usize) -> isize;
    fn write(fd: i32, from: *const c_void, size: usize) -> isize;
    fn open(path: *const c_char, flags: i32, ...) -> i32;
    fn poll(fds: *mut PollFd, count: c_ulong, timeout: i32) -> i32;
    fn kill(pid: i32, signal: i32) -> i32;
    fn wait4(pid: i32, status: *mut i32, options: i32, usage: *mut [i64; 18]) -> i32;
    fn memfd_create(name: *const c_char, flags: u32) -> i32;
    fn mkfifo(path: *const c_char, mode: u32) -> i32;
    fn getpid() -> i32;
    fn getppid() -> i32;
    fn prctl(option: i32, a: c_ulong, b: c_ulong, c: c_ulong, d: c_ulong) -> i32;
    fn getrlimit(resource: i32, limit: *mut [u64; 2]) -> i32;
    fn setrlimit(resource: i32, limit: *const [u64; 2]) -> i32;
    fn setitimer(which: i32, new: *const [i64; 4], old: *mut [i64; 4]) -> i32;
}

/// Limits of one program.
struct Limits {
    wall: Duration,
    cpu: Duration,
    memory: u64,
    processes: u64,
    file: u64,
    files: bool,
}

#[derive(Clone, Copy, PartialEq)]
#[repr(u8)]
enum Status {
    Passed = b'p',
    Failed = b'f',
    Panicked = b'!',
    Crashed = b'c',
    TimedOut = b't',
}

const KILLED_BY_LIMIT: [i32; 3] = [9, 24, 27]; // processor time ends with SIGKILL, SIGXCPU or SIGPROF
const FRAME: usize = 14; // kind, status, test (4 bytes), proof (8 bytes)
const STARTED: u8 = 1;
const FINISHED: u8 = 2;
const FOLDER_CHECK: Duration = Duration::from_millis(50);
/// The inputs of all runs of `main`, one behind the other.
const INPUTS: &str = "inputs";
/// What /dev/stdin and /dev/stdout show where there is no /proc: see `STREAMS` in sandbox.py. From the folder that
/// programs leave files in.
const STDIN: &str = "../stdin";
const STDOUT: &str = "../stdout";
const FOLDER_ENTRIES: usize = 512;
const FOREIGN_STREAM: i32 = 3; // descriptors from here on are closed in a child, but for its report pipe

/// Run every program's tests and write one line per test, `program test status seconds length`, and as many bytes that
/// `main` printed. The limits, in the order of `Limits`, are no arguments of this process, which a program under test would
/// take for its own.
pub fn serve(programs: &[Program], limits: [f64; 6]) {
    let limits = Limits::read(limits);
    let inputs = File::open(INPUTS).unwrap_or_else(|_| std::process::exit(125));
    remove_everything_here();
    let streams = limits.files.then(NamedStreams::make);
    let machine = Machine { limits, inputs, streams };
    unsafe { prctl(4, 0, 0, 0, 0) }; // PR_SET_DUMPABLE: what this process has open is nobody else's to open
    one_arena();
    std::panic::set_hook(Box::new(|_| {}));
    for (number, program) in programs.iter().enumerate() {
        if judge(number, program, &machine).is_err() {
            return; // nobody reads any more
        }
    }
}

/// What every run needs.
struct Machine {
    limits: Limits,
    inputs: File,
    streams: Option<NamedStreams>,
}

/// Files by whose names a program that uses files finds its standard input and output, where there is no /proc. They are
/// opened before the first program runs: what a program puts in their place later is its own loss.
struct NamedStreams {
    input: File,
}

impl NamedStreams {
    /// Make them, and go to the folder that programs leave files in.
    fn make() -> NamedStreams {
        let made = std::fs::create_dir("work")
            .and_then(|()| std::env::set_current_dir("work"))
            .and_then(|()| File::options().write(true).create_new(true).open(STDIN));
        let Ok(input) = made else { std::process::exit(125) };
        if unsafe { mkfifo(c"../stdout".as_ptr(), 0o600) } != 0 {
            std::process::exit(125);
        }
        NamedStreams { input }
    }

    /// A pipe for what `main` prints that has a name: its ends for reading and for writing.
    fn output() -> [i32; 2] {
        // Both at once, or opening would wait for somebody at the other end.
        let both = File::options().read(true).write(true).open(STDOUT);
        let reading = both.as_ref().ok().and_then(|_| File::open(STDOUT).ok());
        let writing = both.as_ref().ok().and_then(|_| File::options().write(true).open(STDOUT).ok());
        match (reading, writing) {
            (Some(reading), Some(writing)) => [reading.into_raw_fd(), writing.into_raw_fd()],
            _ => new_pipe(),
        }
    }
}

/// glibc reserves 64 MiB or 128 MiB of address space for a thread's own heap, by chance: forty threads would sometimes
/// exceed a limit that they never come near. So all threads share one.
#[cfg(target_env = "gnu")]
fn one_arena() {
    extern "C" {
        fn mallopt(option: i32, value: i32) -> i32;
    }
    unsafe { mallopt(-8, 1) }; // M_ARENA_MAX
}
#[cfg(not(target_env = "gnu"))]
fn one_arena() {}

impl Limits {
    fn read([wall, cpu, memory, processes, file, files]: [f64; 6]) -> Limits {
        Limits {
            wall: Duration::from_secs_f64(wall),
            cpu: Duration::from_secs_f64(cpu),
            memory: (memory as u64) << 20,
            processes: processes as u64,
            file: (file as u64) << 20,
            files: files != 0.0,
        }
    }
}

/// The sources hold the tests and the keys, so they go before the first program runs; so does this binary.
fn remove_everything_here() {
    for entry in std::fs::read_dir(".").into_iter().flatten().flatten() {
        let _ = std::fs::remove_file(entry.path());
    }
}

/// Whether the files below this folder take more than `limit` bytes in all, or are too many to be honest.
fn folder_is_over(limit: u64) -> bool {
    let (mut size, mut entries) = (0, 0);
    let mut folders = vec![std::path::PathBuf::from(".")];
    while let Some(folder) = folders.pop() {
        let Ok(listing) = std::fs::read_dir(&folder) else { return true };
        for entry in listing.flatten() {
            entries += 1;
            let Ok(data) = entry.metadata() else { continue };
            size += data.len();
            if data.is_dir() {
                folders.push(entry.path());
            }
            if size > limit || entries > FOLDER_ENTRIES {
                return true;
            }
        }
    }
    false
}

/// One program's tests within one budget. A test may use half of what is left, so that one endless loop leaves the others
/// their chance.
fn judge(number: usize, program: &Program, machine: &Machine) -> std::io::Result<()> {
    let (mut wall, mut cpu) = (machine.limits.wall, machine.limits.cpu);
    let mut next = 0;
    while next < program.tests.len() {
        if wall.is_zero() || cpu.is_zero() {
            report(number, next, Status::TimedOut, Duration::ZERO, &[])?;
            next += 1;
            continue;
        }
        let start = Instant::now();
        let mut child = Child::start(program, next, machine, cpu);
        let went_on = child.follow(number, program, wall, &machine.limits);
        cpu = cpu.saturating_sub(child.end());
        wall = wall.saturating_sub(start.elapsed());
        next = went_on?;
    }
    Ok(())
}

fn report(program: usize, test: usize, status: Status, time: Duration, printed: &[u8]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{program} {test} {} {:.6} {}", status as u8 as char, time.as_secs_f64(), printed.len())?;
    out.write_all(printed)?;
    out.flush()
}

/// What `main` has printed, without the white space at the ends of lines and of the whole: at most `room` bytes of it.
struct Printed {
    kept: Vec<u8>,
    room: usize,
    /// Newlines since the last byte that was kept, and white space since the last newline: they count when more follows.
    newlines: usize,
    blanks: Vec<u8>,
}

impl Printed {
    fn new(room: usize) -> Printed {
        Printed { kept: Vec::new(), room, newlines: 0, blanks: Vec::new() }
    }

    fn push(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() && self.kept.len() < self.room {
            let text = rest.iter().position(|byte| is_blank(*byte)).unwrap_or(rest.len());
            if text > 0 {
                self.keep(&rest[..text]);
            }
            let blank = rest[text..].iter().position(|byte| !is_blank(*byte)).unwrap_or(rest.len() - text);
            for byte in &rest[text..text + blank] {
                if *byte == b'\n' {
                    self.newlines += 1;
                    self.blanks.clear();
                } else if self.blanks.len() < self.room {
                    self.blanks.push(*byte);
                }
            }
            rest = &rest[text + blank..];
        }
    }

    fn keep(&mut self, text: &[u8]) {
        let room = self.room - self.kept.len();
        self.kept.resize(self.kept.len() + self.newlines.min(room), b'\n');
        for part in [std::mem::take(&mut self.blanks).as_slice(), text] {
            let room = self.room - self.kept.len();
            self.kept.extend_from_slice(&part[..part.len().min(room)]);
        }
        self.newlines = 0;
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

struct Child {
    pid: i32,
    report: i32,
    output: i32, // what `main` prints; -1 for test functions
    first: usize,
    used: Duration,
}

impl Child {
    fn start(program: &Program, first: usize, machine: &Machine, cpu: Duration) -> Child {
        let reports = new_pipe();
        let (input, outputs) = match (program.tests[first].input, &machine.streams) {
            (Some(piece), None) => (input_file(&machine.inputs, piece), new_pipe()),
            (Some(piece), Some(named)) => {
                let again = named.input.set_len(0).and_then(|()| (&named.input).rewind());
                if again.and_then(|()| copy_piece(&machine.inputs, piece, &named.input)).is_err() {
                    std::process::exit(125);
                }
                (input_file(&machine.inputs, piece), NamedStreams::output())
            }
            (None, _) => (-1, [-1, -1]),
        };
        let server = unsafe { getpid() };
        let pid = unsafe { fork() };
        if pid == 0 {
            child_main(program, first, &machine.limits, cpu, server, Streams { report: reports[1], input, output: outputs[1] });
        }
        if pid < 0 {
            std::process::exit(125);
        }
        unsafe {
            close(reports[1]);
            if input >= 0 {
                close(outputs[1]);
                close(input);
            }
        }
        Child { pid, report: reports[0], output: outputs[0], first, used: Duration::ZERO }
    }

    /// Read reports until the child ends or exceeds its time; return the test to go on with.
    fn follow(&mut self, number: usize, program: &Program, wall: Duration, limits: &Limits) -> std::io::Result<usize> {
        let until_end = if self.output >= 0 { self.first + 1 } else { program.tests.len() };
        let mut test = self.first;
        let (mut left, mut since) = (wall, Instant::now());
        let (mut pending, mut printed) = (Vec::new(), Printed::new(program.tests[self.first].output));
        loop {
            let allowed = left / 2;
            let Some(rest) = allowed.checked_sub(since.elapsed()) else {
                report(number, test, Status::TimedOut, since.elapsed(), &[])?;
                return Ok(test + 1);
            };
            let step = if limits.files { rest.min(FOLDER_CHECK) } else { rest };
            let open = self.read_some(step, &mut pending, &mut printed);
            if limits.files && folder_is_over(limits.file) {
                report(number, test, Status::Crashed, since.elapsed(), &[])?;
                return Ok(test + 1);
            }
            while pending.len() >= FRAME {
                let frame: Vec<u8> = pending.drain(..FRAME).collect();
                if let Some(status) = accept(&frame, test, program) {
                    self.drain(allowed.saturating_sub(since.elapsed()), &mut printed);
                    report(number, test, status, since.elapsed(), &printed.kept)?;
                    left = left.saturating_sub(since.elapsed());
                    since = Instant::now();
                    test += 1;
                }
                if test == until_end {
                    return Ok(test);
                }
            }
            if !open {
                self.drain(allowed.saturating_sub(since.elapsed()), &mut printed);
                let status = match self.wait_status() {
                    // `main` may leave through process::exit; its output then speaks for it, if it ended in order.
                    Some(0) if self.output >= 0 => Status::Passed,
                    Some(status) if KILLED_BY_LIMIT.contains(&(status & 0x7f)) => Status::TimedOut,
                    _ => Status::Crashed,
                };
                report(number, test, status, since.elapsed(), &printed.kept)?;
                return Ok(test + 1);
            }
        }
    }

    /// Wait for reports or output; false when the child has closed its report pipe.
    fn read_some(&self, timeout: Duration, pending: &mut Vec<u8>, printed: &mut Printed) -> bool {
        let mut waiting = [
            PollFd { fd: self.report, events: 1, revents: 0 },
            PollFd { fd: self.output, events: 1, revents: 0 },
        ];
        unsafe { poll(waiting.as_mut_ptr(), 2, timeout.as_millis().clamp(1, 60_000) as i32) };
        if waiting[1].revents != 0 && !take(self.output, |bytes| printed.push(bytes)) {
            std::thread::sleep(Duration::from_millis(1)); // closed early: wait for the report without spinning
        }
        waiting[0].revents == 0 || take(self.report, |bytes| pending.extend_from_slice(bytes))
    }

    /// Read what `main` printed to its end: it is only done when its output is.
    fn drain(&self, timeout: Duration, printed: &mut Printed) {
        let start = Instant::now();
        while self.output >= 0 && start.elapsed() < timeout {
            let mut waiting = PollFd { fd: self.output, events: 1, revents: 0 };
            let left = timeout.saturating_sub(start.elapsed());
            unsafe { poll(&mut waiting, 1, left.as_millis().clamp(1, 60_000) as i32) };
            if waiting.revents != 0 && !take(self.output, |bytes| printed.push(bytes)) {
                return;
            }
        }
    }

    /// How the child, which has closed its report pipe, ended; `None` when it goes on.
    fn wait_status(&mut self) -> Option<i32> {
        for _ in 0..200 {
            let mut status = 0;
            if self.reap(&mut status, 1) {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        None
    }

    fn reap(&mut self, status: &mut i32, options: i32) -> bool {
        let mut usage = [0i64; 18];
        if unsafe { wait4(self.pid, status, options, &mut usage) } != self.pid {
            return false;
        }
        let seconds = (usage[0] + usage[2]) as u64;
        self.used = Duration::from_secs(seconds) + Duration::from_micros((usage[1] + usage[3]) as u64);
        self.pid = 0;
        true
    }

    /// Kill, reap, and return the processor time used.
    fn end(mut self) -> Duration {
        unsafe {
            if self.pid > 0 {
                kill(self.pid, 9);
                self.reap(&mut 0, 0);
            }
            close(self.report);
            if self.output >= 0 {
                close(self.output);
            }
        }
        self.used
    }
}

/// The status a finished-frame proves for the current test; `None` for anything else a child may have written.
fn accept(frame: &[u8], test: usize, program: &Program) -> Option<Status> {
    let number = u32::from_le_bytes(frame[2..6].try_into().ok()?);
    if frame[0] != FINISHED || number as usize != test {
        return None;
    }
    match frame[1] {
        b'p' if frame[6..14] == proof(program, number).to_le_bytes() => Some(Status::Passed),
        b'f' => Some(Status::Failed),
        b'!' => Some(Status::Panicked),
        _ => Some(Status::Crashed),
    }
}

fn proof(program: &Program, test: u32) -> u64 {
    let mut x = (program.key)() ^ (u64::from(test) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// A child's descriptors; `input` and `output` are -1 for test functions.
struct Streams {
    report: i32,
    input: i32,
    output: i32,
}

fn child_main(
    program: &Program,
    first: usize,
    limits: &Limits,
    cpu: Duration,
    server: i32,
    streams: Streams,
) -> ! {
    let Streams { report, input, output } = streams;
    let is_main = output >= 0;
    unsafe {
        let null = open(c"/dev/null".as_ptr(), 2);
        dup2(if is_main { input } else { null }, 0);
        dup2(if is_main { output } else { null }, 1);
        dup2(null, 2);
        for fd in (FOREIGN_STREAM..256).filter(|fd| *fd != report) {
            close(fd);
        }
        prctl(1, 9, 0, 0, 0); // die with the server
        if getppid() != server {
            _exit(1);
        }
        let limit = |resource: i32, value: u64| {
            let mut old = [u64::MAX; 2];
            getrlimit(resource, &mut old);
            let value = value.min(old[1]); // a hard limit below ours can only stay
            setrlimit(resource, &[value, value])
        };
        let share = cpu / 2; // the timer is exact, the limit in whole seconds stands behind it
        setitimer(2, &[0, 0, share.as_secs() as i64, i64::from(share.subsec_micros().max(1))], std::ptr::null_mut());
        limit(0, share.as_secs() + 1);
        limit(1, if limits.files { limits.file } else { 0 });
        if limits.processes > 0 {
            limit(6, limits.processes + 1); // one is the test's own; counted per user: only meaningful in a user namespace of its own
        }
        limit(9, limits.memory);
        if limits.files {
            // Out of this binary, of the server's folder and of /proc; where there is no Landlock there is no /proc.
            landlock::restrict(&[STDIN.into()], &[".".into(), "/dev/null".into(), STDOUT.into()]);
        }
        seccomp::install(seccomp::Profile::Test { pid: getpid() as u32, files: limits.files });
    }
    let last = if is_main { first + 1 } else { program.tests.len() };
    for test in first..last {
        send(report, STARTED, 0, test as u32, 0);
        let status = if is_main { run(program, test) } else { run_in_thread(program, test) };
        if is_main {
            let _ = std::io::stdout().flush();
            unsafe { dup2(2, 1) }; // closes the output pipe, so that the server sees its end
        }
        let key = if status == Status::Passed { proof(program, test as u32) } else { 0 };
        send(report, FINISHED, status as u8, test as u32, key);
    }
    unsafe { _exit(0) }
}

/// A thread of its own for each test, as under libtest: what is local to a thread begins anew.
fn run_in_thread(program: &Program, test: usize) -> Status {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name(program.tests[test].name.into());
        match thread.spawn_scoped(scope, || run(program, test)) {
            Ok(handle) => handle.join().unwrap_or(Status::Panicked),
            Err(_) => Status::Crashed, // an earlier test has left no room
        }
    })
}

fn run(program: &Program, test: usize) -> Status {
    FAILED.store(false, SeqCst);
    REACHED.store(false, SeqCst);
    let caught = catch_unwind(AssertUnwindSafe(|| (program.run)(test as u32)));
    match (caught, program.tests[test].should_panic) {
        (Ok(true), None) => {
            let Test { must_reach, catches, .. } = program.tests[test];
            let honest = (catches || !FAILED.load(SeqCst)) && (REACHED.load(SeqCst) || !must_reach);
            if honest { Status::Passed } else { Status::Failed }
        }
        (Ok(_), _) => Status::Failed,
        (Err(payload), Some(text)) => {
            let ours = payload.downcast_ref::<AssertionFailed>().map(|failed| failed.0.as_str());
            let theirs = payload.downcast_ref::<String>().map(String::as_str);
            let message = payload.downcast_ref::<&str>().copied().or(theirs).or(ours);
            let as_wanted = text.is_empty() || message.is_some_and(|message| message.contains(text));
            std::mem::forget(payload); // its drop is the program's code
            if as_wanted { Status::Passed } else { Status::Failed }
        }
        (Err(payload), None) => {
            let failed = payload.is::<AssertionFailed>();
            std::mem::forget(payload);
            if failed { Status::Failed } else { Status::Panicked }
        }
    }
}

fn send(report: i32, kind: u8, status: u8, test: u32, key: u64) {
    let mut frame = [0u8; FRAME];
    (frame[0], frame[1]) = (kind, status);
    frame[2..6].copy_from_slice(&test.to_le_bytes());
    frame[6..14].copy_from_slice(&key.to_le_bytes());
    unsafe { write(report, frame.as_ptr().cast(), FRAME) };
}

fn new_pipe() -> [i32; 2] {
    let mut ends = [-1; 2];
    if unsafe { pipe(ends.as_mut_ptr()) } != 0 {
        std::process::exit(125);
    }
    ends
}

/// Hand on what is there; false at the end of the stream.
fn take(fd: i32, mut into: impl FnMut(&[u8])) -> bool {
    let mut block = [0u8; 65536];
    let count = unsafe { read(fd, block.as_mut_ptr().cast(), block.len()) };
    if count > 0 {
        into(&block[..count as usize]);
    }
    count > 0
}

/// A file in memory that holds a program's input, read from its start.
fn input_file(inputs: &File, piece: (u64, u64)) -> i32 {
    let fd = unsafe { memfd_create(c"input".as_ptr(), 0) };
    if fd < 0 {
        std::process::exit(125);
    }
    let mut file = unsafe { File::from_raw_fd(fd) };
    if copy_piece(inputs, piece, &file).and_then(|()| file.rewind()).is_err() {
        std::process::exit(125);
    }
    file.into_raw_fd()
}

fn copy_piece(inputs: &File, (start, length): (u64, u64), mut to: &File) -> std::io::Result<()> {
    let mut block = [0u8; 65536];
    let mut done = 0;
    while done < length {
        let some = (length - done).min(block.len() as u64) as usize;
        inputs.read_exact_at(&mut block[..some], start + done)?;
        to.write_all(&block[..some])?;
        done += some as u64;
    }
    Ok(())
}
