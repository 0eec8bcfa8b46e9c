//! Opens files for those who may read them, tells who may by the access control list, and moves files.
//!
//! A list that is set when a file is made leaves no moment in which others can open it; it is protected, so that it inherits
//! nothing from the directory, also not later.

use super::security::{Descriptor, Given, checked, name_of, own_sid, spelled_sid};
use crate::platform::opening::{Opening, Others, Readers};
use std::fs::File;
use std::io;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::io::FromRawHandle;
use std::path::Path;
use std::ptr::{null, null_mut};
use std::time::Duration;
use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_LOCK_VIOLATION, ERROR_SHARING_VIOLATION, GENERIC_ALL, GENERIC_WRITE,
    INVALID_HANDLE_VALUE,
};
use windows_sys::Win32::Security::Authorization::{GetNamedSecurityInfoW, SE_FILE_OBJECT};
use windows_sys::Win32::Security::{
    ACCESS_ALLOWED_ACE, ACE_HEADER, ACL, DACL_SECURITY_INFORMATION, GetAce, INHERIT_ONLY_ACE,
    OWNER_SECURITY_INFORMATION, PSECURITY_DESCRIPTOR, PSID, SetFileSecurityW,
};
use windows_sys::Win32::Storage::FileSystem::{
    CREATE_NEW, CreateDirectoryW, CreateFileW, DELETE, FILE_APPEND_DATA, FILE_ATTRIBUTE_NORMAL, FILE_DELETE_CHILD,
    FILE_READ_ATTRIBUTES, FILE_SHARE_DELETE, FILE_SHARE_READ, FILE_SHARE_WRITE, FILE_WRITE_DATA,
    MOVEFILE_REPLACE_EXISTING, MOVEFILE_WRITE_THROUGH, MoveFileExW, OPEN_ALWAYS, READ_CONTROL, SYNCHRONIZE, WRITE_DAC,
    WRITE_OWNER,
};

/// Marks what changes a file, adds to a directory, or gives the right to.
const WRITING: u32 = FILE_WRITE_DATA
    | FILE_APPEND_DATA
    | FILE_DELETE_CHILD
    | DELETE
    | WRITE_DAC
    | WRITE_OWNER
    | GENERIC_WRITE
    | GENERIC_ALL;
/// Marks what tells nothing of a content: that there is a file, and who may open it.
const HARMLESS: u32 = READ_CONTROL | SYNCHRONIZE | FILE_READ_ATTRIBUTES;
/// Are kinds of entries that give rights: the plain one, and the one with a condition, which is taken for fulfilled.
const GIVING: [u8; 2] = [0, 9];
/// Are SIDs that are no others: who may everything on this computer, and what stands for the owner.
const TRUSTED: [&str; 5] = [
    "S-1-5-18",
    "S-1-5-32-544",
    "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464",
    "S-1-3-0",
    "S-1-3-4",
];
/// Sets how often a move is tried, and how long is waited in between: what scans new files for viruses opens them for a moment.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(20);
/// Is from which length on a path needs its prefix: a directory leaves room for a short name (CreateDirectoryW).
const LONG: usize = 248;

/// Opens a file for writing; one that is made for its owner gets a list that names the owner alone.
pub fn open(path: &Path, opening: Opening, readers: Readers) -> io::Result<File> {
    let path = wide(path)?;
    let owners = owners_descriptor("")?;
    let attributes = owners.attributes();
    let disposition = match opening {
        Opening::New => CREATE_NEW,
        Opening::Kept => OPEN_ALWAYS,
    };
    // SAFETY: path and attributes live through the call; the handle that comes back is open, and owned by the file.
    unsafe {
        let file = CreateFileW(
            path.as_ptr(),
            GENERIC_WRITE,
            FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
            if readers == Readers::Owner { &attributes } else { null() },
            disposition,
            FILE_ATTRIBUTE_NORMAL,
            null_mut(),
        );
        if file == INVALID_HANDLE_VALUE { Err(io::Error::last_os_error()) } else { Ok(File::from_raw_handle(file)) }
    }
}

/// Makes an empty file for its owner alone where there is none; takes all rights from others on a file that is there.
pub fn keep_for_owner(path: &Path) -> io::Result<()> {
    open(path, Opening::Kept, Readers::Owner)?;
    match open_to_others(path)? {
        None => Ok(()),
        Some(_) => set_list(path, owners_descriptor("")?.raw()),
    }
}

/// Gives the open file at `path` to those whom `known` lets read, if that is there.
pub fn give_alike(_file: &File, path: &Path, known: &Path) -> io::Result<()> {
    if !known.exists() {
        return Ok(());
    }
    set_list(path, Secured::of(known)?.descriptor.0)
}

/// Puts a file in the place of another, or of none; the move has reached the disk when this returns.
pub fn put_over(from: &Path, to: &Path) -> io::Result<()> {
    let (from, to) = (wide(from)?, wide(to)?);
    let mut tries = 1;
    loop {
        // SAFETY: both paths end with NUL and live through the call.
        let moved = checked(unsafe {
            MoveFileExW(from.as_ptr(), to.as_ptr(), MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH)
        });
        let is_open = moved.as_ref().is_err_and(|error| {
            let code = error.raw_os_error().map(i32::cast_unsigned);
            [Some(ERROR_SHARING_VIOLATION), Some(ERROR_ACCESS_DENIED)].contains(&code)
        });
        if !is_open || tries == TRIES {
            return moved;
        }
        tries += 1;
        std::thread::sleep(PAUSE);
    }
}

/// Does nothing: a directory cannot be flushed.
pub fn flush_parent(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Returns what the system says of a file that another has locked.
pub fn held() -> io::Error {
    io::Error::from_raw_os_error(ERROR_LOCK_VIOLATION.cast_signed())
}

/// Makes a directory that only its owner may enter, and whose files inherit that.
pub fn make_directory(path: &Path) -> io::Result<()> {
    let path = wide(path)?;
    let owners = owners_descriptor("OICI")?;
    // SAFETY: path and attributes live through the call.
    checked(unsafe { CreateDirectoryW(path.as_ptr(), &owners.attributes()) })
}

/// Says whether others may write into a file or directory.
pub fn writable_by_others(path: &Path) -> io::Result<Option<Others>> {
    Secured::of(path)?.others(WRITING, "may write")
}

/// Says whether others may do anything with a file or directory.
pub fn open_to_others(path: &Path) -> io::Result<Option<Others>> {
    Secured::of(path)?.others(!HARMLESS, "may open it")
}

/// Returns the command that leaves a file to who types it.
pub fn closing(path: &Path) -> String {
    format!("icacls \"{}\" /inheritance:r /grant:r \"%USERNAME%:F\"", path.display())
}

/// Makes a descriptor that names the user alone, as owner and in a protected list; `inherited`: by what, in SDDL.
fn owners_descriptor(inherited: &str) -> io::Result<Descriptor> {
    let sid = own_sid()?;
    Descriptor::spelled(&format!("O:{sid}D:P(A;{inherited};FA;;;{sid})"))
}

/// Sets the access control list of a file or directory to that of a descriptor, and whether it is protected.
pub fn set_list(path: &Path, descriptor: PSECURITY_DESCRIPTOR) -> io::Result<()> {
    let path = wide(path)?;
    // SAFETY: the path ends with NUL, the descriptor is whole, and both live through the call; owner and group stay.
    checked(unsafe { SetFileSecurityW(path.as_ptr(), DACL_SECURITY_INFORMATION, descriptor) })
}

/// Holds owner and access control list of a file or directory.
struct Secured {
    owner: PSID,
    /// NULL where there is none: then everybody may everything.
    list: *mut ACL,
    /// What both lie in.
    descriptor: Given,
}

impl Secured {
    fn of(path: &Path) -> io::Result<Self> {
        let path = wide(path)?;
        let (mut owner, mut list, mut descriptor) = (null_mut(), null_mut(), null_mut());
        // SAFETY: the path ends with NUL; three pointers are written, two of them into what the third holds.
        let code = unsafe {
            GetNamedSecurityInfoW(
                path.as_ptr(),
                SE_FILE_OBJECT,
                OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION,
                &mut owner,
                null_mut(),
                &mut list,
                null_mut(),
                &mut descriptor,
            )
        };
        told(code)?;
        Ok(Self { owner, list, descriptor: Given(descriptor) })
    }

    /// Returns who else than owner, administrators and system has one of these rights, or owns it. An entry that takes rights away
    /// is not looked at: what another entry gives counts.
    fn others(&self, rights: u32, may: &str) -> io::Result<Option<Others>> {
        let own = own_sid()?;
        // SAFETY: the owner lies in the descriptor that this holds.
        let owner = unsafe { stranger(self.owner, &own)? };
        if let Some(owner) = owner {
            return Ok(Some(Others(format!("{owner} owns it"))));
        }
        // SAFETY: the list is NULL or lies in the descriptor that this holds.
        let Some(list) = (unsafe { self.list.as_ref() }) else {
            return Ok(Some(Others(format!("everybody {may}"))));
        };
        for index in 0..u32::from(list.AceCount) {
            let mut entry = null_mut();
            // SAFETY: the list is whole. An entry of these kinds is a header, a mask and a SID (ACCESS_ALLOWED_ACE).
            let other = unsafe {
                checked(GetAce(self.list, index, &mut entry))?;
                let header = &*entry.cast::<ACE_HEADER>();
                if !GIVING.contains(&header.AceType) || u32::from(header.AceFlags) & INHERIT_ONLY_ACE != 0 {
                    continue;
                }
                let entry = entry.cast::<ACCESS_ALLOWED_ACE>();
                if (*entry).Mask & rights == 0 {
                    continue;
                }
                let sid: PSID = (&raw mut (*entry).SidStart).cast();
                stranger(sid, &own)?
            };
            if let Some(name) = other {
                return Ok(Some(Others(format!("{name} {may}"))));
            }
        }
        Ok(None)
    }
}

/// Names whom a SID stands for, unless that is the user (`own`) or may everything anyhow. Only a stranger is looked up, for which
/// a domain controller may be asked.
///
/// # Safety
/// `sid` points to a valid SID.
unsafe fn stranger(sid: PSID, own: &str) -> io::Result<Option<String>> {
    // SAFETY: the caller vouches for `sid`.
    unsafe {
        let spelled = spelled_sid(sid)?;
        let is_trusted = spelled == own || TRUSTED.contains(&spelled.as_str());
        if is_trusted { Ok(None) } else { name_of(sid).map(Some) }
    }
}

/// Turns an error code into an error.
fn told(code: u32) -> io::Result<()> {
    if code == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(code.cast_signed())) }
}

/// Spells a path as the system takes it: in UTF-16 with NUL behind it, and with the prefix that long ones need.
fn wide(path: &Path) -> io::Result<Vec<u16>> {
    let whole = std::path::absolute(path)?;
    let text = whole.as_os_str();
    let is_long = text.len() >= LONG && !text.to_string_lossy().starts_with(r"\\");
    let prefix = if is_long { r"\\?\" } else { "" };
    let units: Vec<u16> = prefix.encode_utf16().chain(text.encode_wide()).chain([0]).collect();
    if units.iter().filter(|unit| **unit == 0).count() > 1 {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a path cannot hold NUL"));
    }
    Ok(units)
}
