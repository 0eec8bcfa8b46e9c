//! Security identifiers (SIDs) of users, and security descriptors in the language in which Windows spells them (SDDL).

use super::text::wide;
use std::ffi::c_void;
use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr::{null, null_mut};
use windows_sys::Win32::Foundation::{HANDLE, LocalFree};
use windows_sys::Win32::Security::Authorization::{
    ConvertSidToStringSidW, ConvertStringSecurityDescriptorToSecurityDescriptorW, SDDL_REVISION_1,
};
use windows_sys::Win32::Security::{
    GetTokenInformation, LookupAccountSidW, PSECURITY_DESCRIPTOR, PSID, SECURITY_ATTRIBUTES, TOKEN_QUERY, TOKEN_USER,
    TokenUser,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};

/// Bounds the words of a token's user: TOKEN_USER and the longest SID, of 68 bytes.
const USER_WORDS: usize = 16;
/// Bounds the characters of a name that a SID stands for.
const LONGEST_NAME: usize = 256;

/// Holds memory that the system gave, and gives it back.
pub struct Given(pub *mut c_void);

impl Drop for Given {
    fn drop(&mut self) {
        // SAFETY: the system gave it with LocalAlloc, and nobody else frees it; freeing NULL does nothing.
        unsafe { LocalFree(self.0) };
    }
}

/// Holds a security descriptor.
pub struct Descriptor(Given);

impl Descriptor {
    /// Reads SDDL.
    pub fn spelled(sddl: &str) -> io::Result<Self> {
        let sddl = wide(sddl);
        let mut made = null_mut();
        // SAFETY: `sddl` ends with NUL and lives through the call, which writes one pointer into `made`.
        let done = unsafe {
            ConvertStringSecurityDescriptorToSecurityDescriptorW(sddl.as_ptr(), SDDL_REVISION_1, &mut made, null_mut())
        };
        checked(done)?;
        Ok(Self(Given(made)))
    }

    /// Returns what calls that make something take; it must not outlive the descriptor.
    pub fn attributes(&self) -> SECURITY_ATTRIBUTES {
        SECURITY_ATTRIBUTES {
            nLength: size_of::<SECURITY_ATTRIBUTES>() as u32,
            lpSecurityDescriptor: self.raw(),
            bInheritHandle: 0,
        }
    }

    /// Returns the descriptor as calls take it.
    pub fn raw(&self) -> PSECURITY_DESCRIPTOR {
        self.0.0
    }
}

/// Returns the SID of the user who runs this process.
pub fn own_sid() -> io::Result<String> {
    // SAFETY: the handle of the own process is a constant, valid while it runs.
    sid_of_process(unsafe { GetCurrentProcess() })
}

/// Returns the SID of the user who runs a process; its handle must allow PROCESS_QUERY_LIMITED_INFORMATION.
pub fn sid_of_process(process: HANDLE) -> io::Result<String> {
    let mut token = null_mut();
    // SAFETY: the caller holds `process` open; `token` is written one handle, which is owned from then on.
    let token = unsafe {
        checked(OpenProcessToken(process, TOKEN_QUERY, &mut token))?;
        OwnedHandle::from_raw_handle(token)
    };
    // In words, so that it is aligned for TOKEN_USER.
    let mut user = [0_u64; USER_WORDS];
    let mut length = 0;
    // SAFETY: the buffer is writable for the length that is given; once filled it begins with TOKEN_USER, whose SID lies in it.
    unsafe {
        let room = size_of_val(&user) as u32;
        checked(GetTokenInformation(token.as_raw_handle(), TokenUser, user.as_mut_ptr().cast(), room, &mut length))?;
        spelled_sid((*user.as_ptr().cast::<TOKEN_USER>()).User.Sid)
    }
}

/// Spells a SID: `S-1-5-18`.
///
/// # Safety
/// `sid` points to a valid SID.
pub unsafe fn spelled_sid(sid: PSID) -> io::Result<String> {
    let mut text = null_mut();
    // SAFETY: the caller vouches for `sid`; `text` is written one pointer.
    checked(unsafe { ConvertSidToStringSidW(sid, &mut text) })?;
    let given = Given(text.cast());
    let mut length = 0;
    // SAFETY: the system's text ends with NUL and is not freed before `given` is dropped.
    let units = unsafe {
        while *text.add(length) != 0 {
            length += 1;
        }
        std::slice::from_raw_parts(text, length)
    };
    let spelled = String::from_utf16_lossy(units);
    drop(given);
    Ok(spelled)
}

/// Names whom a SID stands for, with the domain; the SID itself where nobody knows it.
///
/// # Safety
/// `sid` points to a valid SID.
pub unsafe fn name_of(sid: PSID) -> io::Result<String> {
    let (mut name, mut domain) = ([0; LONGEST_NAME], [0; LONGEST_NAME]);
    let (mut name_length, mut domain_length) = (LONGEST_NAME as u32, LONGEST_NAME as u32);
    let mut kind = 0;
    // SAFETY: the caller vouches for `sid`; both buffers are as long as is said, and NULL stands for this computer.
    let known = unsafe {
        LookupAccountSidW(
            null(),
            sid,
            name.as_mut_ptr(),
            &mut name_length,
            domain.as_mut_ptr(),
            &mut domain_length,
            &mut kind,
        )
    };
    let text =
        |buffer: &[u16], length: u32| String::from_utf16_lossy(buffer.get(..length as usize).unwrap_or_default());
    match (known, domain_length) {
        // SAFETY: as above.
        (0, _) => unsafe { spelled_sid(sid) },
        (_, 0) => Ok(text(&name, name_length)),
        _ => Ok(format!("{}\\{}", text(&domain, domain_length), text(&name, name_length))),
    }
}

/// Turns a BOOL of the system's into the error that it has left.
pub fn checked(done: i32) -> io::Result<()> {
    if done == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
