//! Has the C library give freed memory back to the system.

// The C library's own setting has no safe name.
#![allow(unsafe_code)]

/// Sets the size, in bytes, from which memory goes back to the system when it is freed: glibc's own default.
#[cfg(target_env = "gnu")]
const RETURNED_FROM: libc::c_int = 128 * 1024;

/// Keeps glibc from raising that size by itself, as it does once a large block was freed: what opening a sealed key
/// takes (scrypt, 16 MiB) would then be held for as long as the server runs.
pub fn keep_small() {
    #[cfg(target_env = "gnu")]
    // SAFETY: mallopt takes two numbers and may be called at any time (mallopt(3)); it is refused or obeyed.
    let _ = unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, RETURNED_FROM) };
}
