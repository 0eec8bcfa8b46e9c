//! Looks at services of this computer.

use super::registry::number;
use super::security::checked;
use super::text::wide;
use crate::platform::standing::Standing;
use std::io;
use std::ptr::null;
use windows_sys::Win32::System::Services::{
    CloseServiceHandle, OpenSCManagerW, OpenServiceW, QueryServiceStatus, SC_HANDLE, SC_MANAGER_CONNECT,
    SERVICE_DISABLED, SERVICE_QUERY_STATUS, SERVICE_RUNNING, SERVICE_START_PENDING, SERVICE_STATUS,
};

/// Says how a service stands, by the name that `sc` takes.
pub fn standing(name: &str) -> Standing {
    let start = number(&format!(r"SYSTEM\CurrentControlSet\Services\{name}"), "Start");
    match (start, state(name)) {
        (_, Ok(SERVICE_RUNNING | SERVICE_START_PENDING)) => Standing::Runs,
        (Some(SERVICE_DISABLED), _) => Standing::Disabled,
        (None, Err(_)) => Standing::Absent,
        _ => Standing::Rests,
    }
}

/// Returns the state of a service, as `SERVICE_STATUS` numbers it.
fn state(name: &str) -> io::Result<u32> {
    let name = wide(name);
    let mut status = SERVICE_STATUS::default();
    // SAFETY: NULL stands for this computer and its one list of services; the name ends with NUL and lives through the call;
    // each handle is closed by its owner, and the status is written whole.
    unsafe {
        let manager = Open::of(OpenSCManagerW(null(), null(), SC_MANAGER_CONNECT))?;
        let service = Open::of(OpenServiceW(manager.0, name.as_ptr(), SERVICE_QUERY_STATUS))?;
        checked(QueryServiceStatus(service.0, &mut status))?;
    }
    Ok(status.dwCurrentState)
}

/// Owns a handle of the service manager's.
struct Open(SC_HANDLE);

impl Open {
    fn of(handle: SC_HANDLE) -> io::Result<Self> {
        if handle.is_null() { Err(io::Error::last_os_error()) } else { Ok(Self(handle)) }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // SAFETY: the service manager has given the handle, and it is closed once.
        unsafe { CloseServiceHandle(self.0) };
    }
}
