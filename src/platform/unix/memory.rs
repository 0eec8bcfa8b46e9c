//! Keeps this process's memory from others' eyes, and has freed memory go back to the system.

// The C library's own setting has no safe name.
#![allow(unsafe_code)]

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// Sets from which size on, in bytes, memory goes back to the system when it is freed: glibc's own default.
#[cfg(target_env = "gnu")]
const RETURNED_FROM: libc::c_int = 128 * 1024;

/// Keeps this process's memory out of core dumps and from debuggers of the same user.
///
/// Where a sandbox forbids even this, nothing happens, and the program goes on. Windows: `WerSetFlags` with
/// `WER_FAULT_REPORTING_FLAG_NOHEAP`, and an access control list on the process itself.
pub fn forbid_dumps() {
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// Has glibc give back large blocks when they are freed. By itself it raises its limit at the first one, and the 16 MiB
/// that opening a sealed key takes (scrypt) would be held for as long as the process runs.
///
/// Other C libraries need nothing. Windows: needs nothing, for its heap maps large blocks one by one.
pub fn return_large_blocks() {
    #[cfg(target_env = "gnu")]
    // SAFETY: mallopt takes two numbers and may be called at any time (mallopt(3)); it is refused or obeyed.
    let _ = unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, RETURNED_FROM) };
}
