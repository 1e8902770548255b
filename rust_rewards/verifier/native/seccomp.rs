//! System-call filters, assembled by hand so that no C library or crate is needed. Two profiles:
//! `compile` takes away what rustc and a linker never use; `test` also takes away processes, programs, signals to
//! others and, unless asked for, opening files. A refused call fails with EPERM; the program goes on.
//! Not covered: system calls allowed here run with the full kernel behind them.

use std::ffi::c_ulong;

#[repr(C)]
#[derive(Clone, Copy)]
struct Filter {
    code: u16,
    jt: u8,
    jf: u8,
    k: u32,
}

#[repr(C)]
struct Program {
    len: u16,
    filter: *const Filter,
}

extern "C" {
    fn prctl(option: i32, a: c_ulong, b: c_ulong, c: c_ulong, d: c_ulong) -> i32;
}

const LOAD: u16 = 0x20;
const JUMP_EQ: u16 = 0x15;
const JUMP_GE: u16 = 0x35;
const JUMP_SET: u16 = 0x45;
const RETURN: u16 = 0x06;
const ALLOW: u32 = 0x7fff_0000;
const ERRNO: u32 = 0x0005_0000;
const KILL: u32 = 0x8000_0000;
const EPERM: u32 = 1;
const ENOSYS: u32 = 38;
const DONE: u32 = 0; // refused, and said to have succeeded
const CLONE_THREAD: u32 = 0x0001_0000;
const PR_SET_PDEATHSIG: u32 = 1;
/// ioctl requests that type into a terminal or aim signals at others: TIOCSTI FIOSETOWN SIOCSPGRP.
const IOCTLS: &[u32] = &[0x5412, 0x8901, 0x8902];
/// fcntl commands that aim signals at others: F_SETOWN F_SETSIG F_SETOWN_EX.
const FCNTLS: &[u32] = &[8, 10, 15];

#[cfg(target_arch = "x86_64")]
mod nr {
    pub const ARCH: u32 = 0xc000_003e;
    pub const CLONE: u32 = 56;
    pub const CLONE3: u32 = 435;
    pub const IOCTL: u32 = 16;
    pub const PRCTL: u32 = 157;
    pub const KILL: u32 = 62;
    pub const TGKILL: u32 = 234;
    /// socket connect accept bind listen ptrace mount umount2 swapon reboot init_module delete_module
    /// pivot_root chroot setns unshare keyctl add_key request_key bpf perf_event_open userfaultfd io_uring*
    /// process_vm_readv/writev kcmp open_by_handle_at name_to_handle_at quotactl kexec shm/sem/msg mq pidfd* personality
    pub const NEVER: &[u32] = &[
        41, 42, 43, 49, 50, 288, 101, 165, 166, 167, 169, 175, 313, 176, 155, 161, 308, 272, 250, 248, 249, 321, 298,
        323, 425, 426, 427, 310, 311, 312, 304, 303, 179, 246, 29, 30, 31, 64, 65, 66, 68, 69, 70, 71, 240, 241, 434, 438,
        424, 135, 428, 429, 430, 431, 432, 433, 442, 440, 448,
    ];
    pub const PRLIMIT: u32 = 302;
    pub const FCNTL: u32 = 72;
    pub const FCHMOD: u32 = 91;
    /// fork vfork execve execveat tkill rt_sigqueueinfo rt_tgsigqueueinfo setsid setpgid memfd_create; setpriority
    /// sched_set* ioprio_set migrate_pages move_pages; chmod* chown* utime* setxattr* removexattr* (no Landlock right)
    pub const NOT_IN_TESTS: &[u32] = &[
        57, 58, 59, 322, 200, 129, 297, 112, 109, 319, 141, 203, 142, 144, 314, 251, 256, 279, 90, 91, 268, 452, 92, 93, 94,
        260, 132, 235, 261, 280, 188, 189, 190, 197, 198, 199, 463, 466,
    ];
    /// open openat openat2 creat mkdir(at) unlink(at) rename* link(at) symlink(at) rmdir truncate mknod*
    pub const FILES: &[u32] =
        &[2, 257, 437, 85, 83, 258, 87, 263, 82, 264, 316, 86, 265, 88, 266, 84, 76, 133, 259];
}

#[cfg(target_arch = "aarch64")]
mod nr {
    pub const ARCH: u32 = 0xc000_00b7;
    pub const CLONE: u32 = 220;
    pub const CLONE3: u32 = 435;
    pub const IOCTL: u32 = 29;
    pub const PRCTL: u32 = 167;
    pub const KILL: u32 = 129;
    pub const TGKILL: u32 = 131;
    pub const NEVER: &[u32] = &[
        198, 203, 202, 200, 201, 242, 117, 40, 39, 224, 142, 105, 273, 106, 41, 51, 268, 97, 219, 217, 218, 280, 241,
        282, 425, 426, 427, 270, 271, 272, 265, 264, 60, 104, 194, 196, 195, 190, 193, 191, 186, 189, 188, 187, 180, 181,
        434, 438, 424, 92, 428, 429, 430, 431, 432, 433, 442, 440, 448,
    ];
    pub const PRLIMIT: u32 = 261;
    pub const FCNTL: u32 = 25;
    pub const FCHMOD: u32 = 52;
    pub const NOT_IN_TESTS: &[u32] = &[
        221, 281, 130, 138, 240, 157, 154, 279, 140, 122, 118, 119, 274, 30, 238, 239, 53, 52, 452, 55, 54, 88, 5, 6, 7, 14,
        15, 16, 463, 466,
    ];
    pub const FILES: &[u32] = &[56, 437, 34, 35, 38, 276, 37, 36, 45, 33];
}

/// What a filter leaves open beyond the `compile` profile's refusals.
#[derive(Clone, Copy, PartialEq)]
pub enum Profile {
    /// rustc and the linker: processes and files, no network, no view of other processes.
    Compile,
    /// A program under test: threads only, signals only to itself; files only when `files`.
    Test { pid: u32, files: bool },
}

/// Install the filter for good in this thread and all it creates. `false` when the kernel refuses.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub fn install(profile: Profile) -> bool {
    let code = assemble(profile);
    let program = Program { len: code.len() as u16, filter: code.as_ptr() };
    unsafe {
        prctl(38, 1, 0, 0, 0) == 0 && prctl(22, 2, &program as *const Program as c_ulong, 0, 0) == 0
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub fn install(_profile: Profile) -> bool {
    false
}

fn assemble(profile: Profile) -> Vec<Filter> {
    let mut code = Vec::new();
    let mut op = |code_: u16, k: u32, jt: u8, jf: u8| code.push(Filter { code: code_, jt, jf, k });
    op(LOAD, 4, 0, 0); // architecture
    op(JUMP_EQ, nr::ARCH, 1, 0);
    op(RETURN, KILL, 0, 0);
    op(LOAD, 0, 0, 0); // system call number
    op(JUMP_GE, 0x4000_0000, 0, 1); // x32 numbers would slip past the list
    op(RETURN, ERRNO | EPERM, 0, 0);
    let mut refuse = |numbers: &[u32], error: u32| {
        for &number in numbers {
            op(JUMP_EQ, number, 0, 1);
            op(RETURN, ERRNO | error, 0, 0);
        }
    };
    refuse(nr::NEVER, EPERM);
    if let Profile::Test { files, .. } = profile {
        refuse(&[nr::FCHMOD], DONE); // `fs::copy` ends with it, and fails where it does
        refuse(nr::NOT_IN_TESTS, EPERM);
        if !files {
            refuse(nr::FILES, EPERM);
        }
    }
    // Each block: jump over it when the number differs; otherwise look at one argument, and return.
    let mut argument = |number: u32, index: u32, test: u16, values: &[u32], when_true: u32, when_false: u32| {
        op(JUMP_EQ, number, 0, 2 + 2 * values.len() as u8);
        op(LOAD, 16 + 8 * index, 0, 0);
        for &value in values {
            op(test, value, 0, 1);
            op(RETURN, when_true, 0, 0);
        }
        op(RETURN, when_false, 0, 0);
    };
    argument(nr::IOCTL, 1, JUMP_EQ, IOCTLS, ERRNO | EPERM, ALLOW);
    if let Profile::Test { pid, .. } = profile {
        argument(nr::CLONE, 0, JUMP_SET, &[CLONE_THREAD], ALLOW, ERRNO | EPERM);
        argument(nr::KILL, 0, JUMP_EQ, &[pid], ALLOW, ERRNO | EPERM);
        argument(nr::TGKILL, 0, JUMP_EQ, &[pid], ALLOW, ERRNO | EPERM);
        argument(nr::PRCTL, 0, JUMP_EQ, &[PR_SET_PDEATHSIG], ERRNO | EPERM, ALLOW);
        argument(nr::PRLIMIT, 0, JUMP_EQ, &[0], ALLOW, ERRNO | EPERM);
        argument(nr::FCNTL, 1, JUMP_EQ, FCNTLS, ERRNO | EPERM, ALLOW);
        op(JUMP_EQ, nr::CLONE3, 0, 1); // its flags lie in memory: the C library falls back to clone
        op(RETURN, ERRNO | ENOSYS, 0, 0);
    }
    op(RETURN, ALLOW, 0, 0);
    code
}
