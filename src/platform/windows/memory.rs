//! Keeps this process's memory from others' eyes.

use super::security::{Descriptor, own_sid};
use std::io;
use windows_sys::Win32::Security::{DACL_SECURITY_INFORMATION, SetKernelObjectSecurity};
use windows_sys::Win32::System::Diagnostics::Debug::{
    SEM_FAILCRITICALERRORS, SEM_NOGPFAULTERRORBOX, SEM_NOOPENFILEERRORBOX, SetErrorMode,
};
use windows_sys::Win32::System::ErrorReporting::{WER_FAULT_REPORTING_FLAG_NOHEAP, WerSetFlags};
use windows_sys::Win32::System::Threading::{
    GetCurrentProcess, PROCESS_QUERY_LIMITED_INFORMATION, PROCESS_SYNCHRONIZE, PROCESS_TERMINATE,
};

/// Lets others of the same user end this process, wait for it, and see that it is there; neither read its memory nor give
/// themselves the right to.
const SEEN: u32 = PROCESS_TERMINATE | PROCESS_QUERY_LIMITED_INFORMATION | PROCESS_SYNCHRONIZE;

/// Keeps this process's memory out of crash reports and from debuggers of the same user. Windows Error Reporting is not called
/// when this process crashes, and would leave the heap out; debuggers with the privilege for it get in all the same.
///
/// Where the system refuses, nothing happens, and the program goes on.
pub fn forbid_dumps() {
    // SAFETY: both take numbers alone.
    unsafe {
        SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
        WerSetFlags(WER_FAULT_REPORTING_FLAG_NOHEAP);
    }
    let _ = close_to_debuggers();
}

/// Sets who may do what with this process: `OW`, the owner, would otherwise be free to change that again.
fn close_to_debuggers() -> io::Result<()> {
    let list = Descriptor::spelled(&format!("D:P(A;;{SEEN:#x};;;OW)(A;;{SEEN:#x};;;{})", own_sid()?))?;
    // SAFETY: the handle of the own process is a constant; the descriptor lives through the call.
    super::security::checked(unsafe {
        SetKernelObjectSecurity(GetCurrentProcess(), DACL_SECURITY_INFORMATION, list.raw())
    })
}
