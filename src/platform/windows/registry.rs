//! Reads what an administrator has set for this computer.

use super::text::{until_nul, wide};
use std::ptr::{null, null_mut};
use windows_sys::Win32::System::Registry::{
    HKEY, HKEY_LOCAL_MACHINE, KEY_READ, KEY_WOW64_64KEY, REG_ROUTINE_FLAGS, RRF_RT_REG_BINARY, RRF_RT_REG_DWORD,
    RRF_RT_REG_SZ, RRF_SUBKEY_WOW6464KEY, RegCloseKey, RegEnumKeyExW, RegGetValueW, RegOpenKeyExW,
};

/// Bounds a value, in bytes.
const LONGEST_VALUE: usize = 1024;
/// Bounds the characters of a key's name, with the NUL behind it (Microsoft, "Registry Element Size Limits").
const LONGEST_NAME: usize = 256;
/// Bounds how many keys are listed below one.
const MOST_KEYS: u32 = 1000;

/// Returns a number of this computer's registry (HKEY_LOCAL_MACHINE); `None` where there is none, or this user may not read it.
pub fn number(key: &str, name: &str) -> Option<u32> {
    Some(u32::from_le_bytes(value(key, name, RRF_RT_REG_DWORD)?.try_into().ok()?))
}

/// Returns bytes of this computer's registry; `None` where there are none, more than a KiB, or this user may not read them.
pub fn bytes(key: &str, name: &str) -> Option<Vec<u8>> {
    value(key, name, RRF_RT_REG_BINARY)
}

/// Likewise a text.
pub fn text(key: &str, name: &str) -> Option<String> {
    let bytes = value(key, name, RRF_RT_REG_SZ)?;
    let units: Vec<u16> = bytes.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]])).collect();
    Some(until_nul(&units))
}

fn value(key: &str, name: &str, kind: REG_ROUTINE_FLAGS) -> Option<Vec<u8>> {
    let (key, name) = (wide(key), wide(name));
    let (mut bytes, mut length) = (vec![0_u8; LONGEST_VALUE], LONGEST_VALUE as u32);
    // SAFETY: both texts end with NUL and live through the call, which writes at most the bytes that it is told of.
    let code = unsafe {
        RegGetValueW(
            HKEY_LOCAL_MACHINE,
            key.as_ptr(),
            name.as_ptr(),
            kind | RRF_SUBKEY_WOW6464KEY,
            null_mut(),
            bytes.as_mut_ptr().cast(),
            &mut length,
        )
    };
    bytes.truncate(length as usize);
    (code == 0).then_some(bytes)
}

/// Returns the names of the keys below a key of this computer's registry, a thousand at most; none where this user may not read it.
pub fn subkeys(key: &str) -> Vec<String> {
    let mut names = Vec::new();
    let Some(opened) = Opened::new(key) else { return names };
    for index in 0..MOST_KEYS {
        let (mut name, mut length) = ([0_u16; LONGEST_NAME], LONGEST_NAME as u32);
        let (no_class, no_length, no_time) = (null_mut(), null_mut(), null_mut());
        // SAFETY: the key is open; the name's buffer is as long as is said, and NULL asks for nothing else.
        let code = unsafe {
            RegEnumKeyExW(opened.0, index, name.as_mut_ptr(), &mut length, null(), no_class, no_length, no_time)
        };
        if code != 0 {
            break;
        }
        names.push(until_nul(&name));
    }
    names
}

/// Returns what says whether this computer's registry has a key (HKEY_LOCAL_MACHINE) that this user may read.
pub fn keys() -> Option<&'static dyn Fn(&str) -> bool> {
    Some(&|key| Opened::new(key).is_some())
}

/// Holds a key of this computer's registry open.
struct Opened(HKEY);

impl Opened {
    /// Opens a key; `None` where there is none, or this user may not read it.
    fn new(key: &str) -> Option<Self> {
        let key = wide(key);
        let mut opened: HKEY = null_mut();
        // SAFETY: the text ends with NUL and lives through the call, which writes one handle; that is owned from then on.
        let code =
            unsafe { RegOpenKeyExW(HKEY_LOCAL_MACHINE, key.as_ptr(), 0, KEY_READ | KEY_WOW64_64KEY, &mut opened) };
        (code == 0).then_some(Self(opened))
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        // SAFETY: the handle was opened, and is closed once.
        unsafe { RegCloseKey(self.0) };
    }
}
