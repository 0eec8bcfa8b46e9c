//! Finds the processes that have a library loaded (Tool Help).

use super::text::until_nul;
use crate::platform::running::Process;
use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use windows_sys::Win32::Foundation::INVALID_HANDLE_VALUE;
use windows_sys::Win32::System::Diagnostics::ToolHelp::{
    CREATE_TOOLHELP_SNAPSHOT_FLAGS, CreateToolhelp32Snapshot, MODULEENTRY32W, Module32FirstW, Module32NextW,
    PROCESSENTRY32W, Process32FirstW, Process32NextW, TH32CS_SNAPMODULE, TH32CS_SNAPPROCESS,
};

/// Bounds how many processes, and how many libraries of one, are looked at.
const MOST: usize = 1 << 14;

/// Says whether other users of this computer see the arguments that a program was started with: its own user and administrators
/// alone may read another process's memory.
pub const ARGUMENTS_ARE_SEEN: bool = false;

/// Returns the other processes that have one of these libraries loaded, by process id, as far as this user may see them: none
/// is an answer, not proof.
pub fn with_library(libraries: &[&str]) -> Vec<Process> {
    let Ok(processes) = processes() else { return Vec::new() };
    let has = |process: &Process| {
        let loaded = loaded(process.pid).unwrap_or_default();
        loaded.iter().any(|loaded| libraries.iter().any(|library| loaded.eq_ignore_ascii_case(library)))
    };
    let mut found: Vec<Process> =
        processes.into_iter().filter(|process| process.pid != std::process::id()).filter(has).collect();
    found.sort_by_key(|process| process.pid);
    found
}

fn processes() -> io::Result<Vec<Process>> {
    let snapshot = snapshot(TH32CS_SNAPPROCESS, 0)?;
    let mut entry = PROCESSENTRY32W { dwSize: size_of::<PROCESSENTRY32W>() as u32, ..PROCESSENTRY32W::default() };
    let mut found = Vec::new();
    // SAFETY: the snapshot is open, and the entry says how long it is; both calls write it whole.
    let mut more = unsafe { Process32FirstW(snapshot.as_raw_handle(), &mut entry) };
    while more != 0 && found.len() < MOST {
        found.push(Process { pid: entry.th32ProcessID, name: until_nul(&entry.szExeFile) });
        // SAFETY: as above.
        more = unsafe { Process32NextW(snapshot.as_raw_handle(), &mut entry) };
    }
    Ok(found)
}

/// Returns the names of the libraries that a process has loaded.
fn loaded(pid: u32) -> io::Result<Vec<String>> {
    let snapshot = snapshot(TH32CS_SNAPMODULE, pid)?;
    let mut entry = MODULEENTRY32W { dwSize: size_of::<MODULEENTRY32W>() as u32, ..MODULEENTRY32W::default() };
    let mut found = Vec::new();
    // SAFETY: the snapshot is open, and the entry says how long it is; both calls write it whole.
    let mut more = unsafe { Module32FirstW(snapshot.as_raw_handle(), &mut entry) };
    while more != 0 && found.len() < MOST {
        found.push(until_nul(&entry.szModule));
        // SAFETY: as above.
        more = unsafe { Module32NextW(snapshot.as_raw_handle(), &mut entry) };
    }
    Ok(found)
}

fn snapshot(of: CREATE_TOOLHELP_SNAPSHOT_FLAGS, pid: u32) -> io::Result<OwnedHandle> {
    // SAFETY: takes numbers; the handle that comes back, if one does, is open, and owned from then on.
    unsafe {
        match CreateToolhelp32Snapshot(of, pid) {
            INVALID_HANDLE_VALUE => Err(io::Error::last_os_error()),
            snapshot => Ok(OwnedHandle::from_raw_handle(snapshot)),
        }
    }
}
