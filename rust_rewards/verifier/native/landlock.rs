//! Landlock: which paths this process, and all it starts, may still use. Layers add up: a second one only takes away.

use std::ffi::{c_char, c_long, CString};

extern "C" {
    fn syscall(number: c_long, ...) -> c_long;
    fn open(path: *const c_char, flags: i32) -> i32;
    fn close(fd: i32) -> i32;
    fn prctl(option: i32, a: u64, b: u64, c: u64, d: u64) -> i32;
}

const CREATE: c_long = 444;
const ADD: c_long = 445;
const RESTRICT: c_long = 446;
const PR_SET_NO_NEW_PRIVS: i32 = 38;
const O_PATH_CLOEXEC: i32 = 0o10000000 | 0o2000000;

/// Allow reading below `read` and everything below `write`; refuse every other path, TCP, and signals out of the domain.
/// `false` when the kernel has no Landlock or refuses.
pub fn restrict(read: &[String], write: &[String]) -> bool {
    let abi = unsafe { syscall(CREATE, 0usize, 0usize, 1u32) };
    if abi < 1 {
        return false;
    }
    let files: u64 = match abi {
        1 => (1 << 13) - 1,
        2 => (1 << 14) - 1,
        3 | 4 => (1 << 15) - 1,
        _ => (1 << 16) - 1,
    };
    let attributes: [u64; 3] = [files, if abi >= 4 { 3 } else { 0 }, if abi >= 6 { 3 } else { 0 }];
    let size: usize = match abi {
        1..=3 => 8,
        4 | 5 => 16,
        _ => 24,
    };
    let ruleset = unsafe { syscall(CREATE, attributes.as_ptr(), size, 0u32) };
    if ruleset < 0 {
        return false;
    }
    let execute_read: u64 = 0b1101;
    let on_a_file: u64 = 0b111 | (1 << 14) | (1 << 15);
    let rules = read.iter().map(|p| (p, execute_read)).chain(write.iter().map(|p| (p, files)));
    for (path, rights) in rules {
        let Ok(name) = CString::new(path.as_str()) else { return false };
        let fd = unsafe { open(name.as_ptr(), O_PATH_CLOEXEC) };
        if fd < 0 {
            continue; // not on this machine: nothing to allow
        }
        let is_dir = std::fs::metadata(path).map(|m| m.is_dir()).unwrap_or(false);
        let rights = if is_dir { rights } else { rights & on_a_file & files };
        let mut rule = [0u8; 12];
        rule[..8].copy_from_slice(&rights.to_ne_bytes());
        rule[8..].copy_from_slice(&fd.to_ne_bytes());
        let added = unsafe { syscall(ADD, ruleset, 1i32, rule.as_ptr(), 0u32) } == 0;
        unsafe { close(fd) };
        if !added {
            return false;
        }
    }
    unsafe { prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && syscall(RESTRICT, ruleset, 0u32) == 0 }
}
