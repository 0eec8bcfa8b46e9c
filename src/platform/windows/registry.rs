//! Reads what an administrator has set for this computer.

use super::text::wide;
use std::ptr::null_mut;
use windows_sys::Win32::System::Registry::{
    HKEY, HKEY_LOCAL_MACHINE, KEY_READ, KEY_WOW64_64KEY, RRF_RT_REG_DWORD, RRF_SUBKEY_WOW6464KEY, RegCloseKey,
    RegGetValueW, RegOpenKeyExW,
};

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

/// Returns what says whether this computer's registry has a key (HKEY_LOCAL_MACHINE) that this user may read.
pub fn keys() -> Option<&'static dyn Fn(&str) -> bool> {
    Some(&has)
}

fn has(key: &str) -> bool {
    let key = wide(key);
    let mut opened: HKEY = null_mut();
    // SAFETY: the text ends with NUL and lives through the call, which writes one handle; the handle is closed once, and only
    // where it was opened.
    unsafe {
        let code = RegOpenKeyExW(HKEY_LOCAL_MACHINE, key.as_ptr(), 0, KEY_READ | KEY_WOW64_64KEY, &mut opened);
        code == 0 && RegCloseKey(opened) == 0
    }
}
