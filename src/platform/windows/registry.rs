//! Reads what an administrator has set for this computer.

use super::text::wide;
use std::ptr::null_mut;
use windows_sys::Win32::System::Registry::{HKEY_LOCAL_MACHINE, RRF_RT_REG_DWORD, RRF_SUBKEY_WOW6464KEY, RegGetValueW};

/// Returns a number of this computer's registry (HKEY_LOCAL_MACHINE); `None` where there is none, or this user may not read it.
pub fn number(key: &str, name: &str) -> Option<u32> {
    let (key, name) = (wide(key), wide(name));
    let (mut number, mut length) = (0_u32, size_of::<u32>() as u32);
    // SAFETY: both texts end with NUL and live through the call, which writes at most the four bytes that it is told of.
    let code = unsafe {
        RegGetValueW(
            HKEY_LOCAL_MACHINE,
            key.as_ptr(),
            name.as_ptr(),
            RRF_RT_REG_DWORD | RRF_SUBKEY_WOW6464KEY,
            null_mut(),
            (&raw mut number).cast(),
            &mut length,
        )
    };
    (code == 0).then_some(number)
}
