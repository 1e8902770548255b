//! The outermost process of a sandbox: `confine --launch FD PARENT COMMAND [ARG]...`. It is not confined and runs nothing of a
//! program's; no program can see or reach its descriptors.
//!
//! It starts COMMAND with every signal at its default and none blocked, whatever the verifier inherited (Ray ignores
//! SIGCHLD, shells SIGPIPE). Descriptor 3 of COMMAND is for `confine --ready`. When COMMAND has ended, it ends and reaps
//! all that is left below it, so that nothing survives and no zombie falls to the verifier, and says "ended CODE" on FD:
//! the verifier may be unable to ask the kernel for the exit code. SIGTERM ends COMMAND early.

use std::ffi::c_ulong;
use std::process::{exit, Command};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering::SeqCst};
use std::time::{Duration, Instant};

extern "C" {
    fn prctl(option: i32, a: c_ulong, b: c_ulong, c: c_ulong, d: c_ulong) -> i32;
    fn signal(number: i32, handler: usize) -> usize;
    fn sigprocmask(how: i32, set: *const [u64; 16], old: *mut [u64; 16]) -> i32;
    fn fcntl(fd: i32, command: i32, ...) -> i32;
    fn dup2(from: i32, to: i32) -> i32;
    fn close(fd: i32) -> i32;
    fn write(fd: i32, from: *const std::ffi::c_void, size: usize) -> isize;
    fn kill(pid: i32, signal: i32) -> i32;
    fn waitpid(pid: i32, status: *mut i32, options: i32) -> i32;
    fn waitid(which: i32, id: u32, info: *mut [i32; 32], options: i32) -> i32;
    fn getppid() -> i32;
}

const SIGKILL: i32 = 9;
const SIGTERM: i32 = 15;
const SIG_SETMASK: i32 = 2;
const PR_SET_PDEATHSIG: i32 = 1;
const PR_SET_DUMPABLE: i32 = 4;
const PR_SET_CHILD_SUBREAPER: i32 = 36;
const F_SETFD: i32 = 2;
const F_DUPFD_CLOEXEC: i32 = 1030;
const WNOHANG: i32 = 1;
const P_ALL: i32 = 0;
const WEXITED_WNOWAIT: i32 = 4 | 0x0100_0000;
const INFO_PID: usize = if cfg!(target_pointer_width = "64") { 4 } else { 3 }; // in siginfo_t, counted in i32
const GRACE: Duration = Duration::from_millis(5); // in which a namespace that has lost its first process ends by itself
const PATIENCE: Duration = Duration::from_secs(5); // for killed processes to end; one may hang in the kernel

static CHILD: AtomicI32 = AtomicI32::new(0);
static STOP: AtomicBool = AtomicBool::new(false);

extern "C" fn on_term(_: i32) {
    STOP.store(true, SeqCst);
    if CHILD.load(SeqCst) > 0 {
        unsafe { kill(CHILD.load(SeqCst), SIGKILL) };
    }
}

pub fn launch(words: &[String]) -> ! {
    let number = |at: usize| words.get(at).and_then(|word| word.parse::<i32>().ok());
    let (Some(fd), Some(parent), Some(program)) = (number(0), number(1), words.get(2)) else {
        super::fail("--launch FD PARENT COMMAND")
    };
    let report = unsafe {
        prctl(PR_SET_PDEATHSIG, SIGKILL as c_ulong, 0, 0, 0);
        if getppid() != parent {
            exit(super::EXIT_CONFINEMENT); // the verifier ended before that: nobody would end us
        }
        for number in 1..=64 {
            signal(number, 0);
        }
        signal(SIGTERM, on_term as *const () as usize);
        sigprocmask(SIG_SETMASK, &[0; 16], std::ptr::null_mut());
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
        prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
        let report = fcntl(fd, F_DUPFD_CLOEXEC, 10);
        let ready = if fd == super::READY { fcntl(fd, F_SETFD, 0) } else { dup2(fd, super::READY) };
        if report < 0 || ready < 0 {
            super::fail("--launch");
        }
        if fd != super::READY {
            close(fd);
        }
        report
    };
    let mut command = Command::new(program);
    command.args(&words[3..]);
    super::end_with_parent(&mut command);
    let Ok(child) = command.spawn() else { super::fail(program) };
    CHILD.store(child.id() as i32, SeqCst);
    unsafe {
        if STOP.load(SeqCst) {
            kill(child.id() as i32, SIGKILL);
        }
        close(0);
        close(super::READY);
    }
    let code = wait_for(child.id() as i32);
    end_the_rest();
    let line = format!("ended {code}\n");
    unsafe { write(report, line.as_ptr().cast(), line.len()) };
    exit(code)
}

/// Reap until `child` has ended, and return its exit code, 128 + N after signal N.
fn wait_for(child: i32) -> i32 {
    loop {
        // Whoever has ended keeps its number until it is reaped, and before that SIGTERM is told to leave it alone: the
        // number may soon be another process's.
        let mut info = [0i32; 32];
        if unsafe { waitid(P_ALL, 0, &mut info, WEXITED_WNOWAIT) } != 0 {
            if std::io::Error::last_os_error().kind() != std::io::ErrorKind::Interrupted {
                super::fail("waitid");
            }
            continue;
        }
        let pid = info[INFO_PID];
        if pid == child {
            CHILD.store(0, SeqCst);
        }
        let mut status = 0;
        if unsafe { waitpid(pid, &mut status, 0) } == child {
            return if status & 0x7f == 0 { (status >> 8) & 0xff } else { 128 + (status & 0x7f) };
        }
    }
}

/// End and reap every process that has lost its parent below here.
fn end_the_rest() {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        match unsafe { waitpid(-1, std::ptr::null_mut(), WNOHANG) } {
            0 => {
                if start.elapsed() > GRACE {
                    children().for_each(|pid| drop(unsafe { kill(pid, SIGKILL) }));
                }
                std::thread::sleep(Duration::from_micros(200));
            }
            pid if pid < 0 => return,
            _ => {}
        }
    }
}

/// The processes whose parent is this one.
fn children() -> impl Iterator<Item = i32> {
    let own = std::process::id();
    std::fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(move |entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let line = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        let parent: u32 = line.rsplit(')').next()?.split_whitespace().nth(1)?.parse().ok()?;
        (parent == own).then_some(pid)
    })
}
