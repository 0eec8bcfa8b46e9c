//! The narrow door to GSSAPI (RFC 2744, MIT's libgssapi_krb5.so.2 and its `gss_acquire_cred_from`).
//!
//! The library is opened when it is needed: nothing is linked, no header is built against. All unsafe code of the server is
//! in this file. What comes out owns its bytes; every handle is released by the `Drop` of its owner.
#![allow(unsafe_code)]

use libloading::Library;
use std::ffi::{CString, c_char, c_void};
use std::ptr::{null, null_mut};
use std::sync::OnceLock;

const LIBRARY: &str = "libgssapi_krb5.so.2";
/// gss_cred_usage_t: GSS_C_ACCEPT.
const ACCEPT: i32 = 2;
/// Calling and routine errors stand in the upper half of a major status (RFC 2744, 3.9.1).
const ERRORS: u32 = 0xFFFF_0000;
const CONTINUE_NEEDED: u32 = 1;
const DUPLICATE_TOKEN: u32 = 1 << 1;
const OLD_TOKEN: u32 = 1 << 2;
/// GSS_C_GSS_CODE and GSS_C_MECH_CODE.
const STATUS_KINDS: [i32; 2] = [1, 2];
/// Messages of one status that are read.
const MAX_MESSAGES: usize = 4;

type Handle = *mut c_void;

#[repr(C)]
struct Buffer {
    length: usize,
    value: *mut c_void,
}

#[repr(C)]
struct StoreElement {
    key: *const c_char,
    value: *const c_char,
}

#[repr(C)]
struct StoreSet {
    count: u32,
    elements: *const StoreElement,
}

type AcquireFrom = unsafe extern "C" fn(
    *mut u32,
    Handle,
    u32,
    Handle,
    i32,
    *const StoreSet,
    *mut Handle,
    *mut Handle,
    *mut u32,
) -> u32;
type AcceptContext = unsafe extern "C" fn(
    *mut u32,
    *mut Handle,
    Handle,
    *const Buffer,
    *const c_void,
    *mut Handle,
    *mut Handle,
    *mut Buffer,
    *mut u32,
    *mut u32,
    *mut Handle,
) -> u32;
type DisplayName = unsafe extern "C" fn(*mut u32, Handle, *mut Buffer, *mut Handle) -> u32;
type DisplayStatus = unsafe extern "C" fn(*mut u32, u32, i32, *const c_void, *mut u32, *mut Buffer) -> u32;
type ReleaseBuffer = unsafe extern "C" fn(*mut u32, *mut Buffer) -> u32;
type ReleaseHandle = unsafe extern "C" fn(*mut u32, *mut Handle) -> u32;
type DeleteContext = unsafe extern "C" fn(*mut u32, *mut Handle, *mut Buffer) -> u32;

struct Api {
    acquire_from: AcquireFrom,
    accept: AcceptContext,
    display_name: DisplayName,
    display_status: DisplayStatus,
    release_buffer: ReleaseBuffer,
    release_name: ReleaseHandle,
    release_cred: ReleaseHandle,
    delete_context: DeleteContext,
    /// Keeps the functions above where they are.
    _library: Library,
}

/// Why GSSAPI refused.
#[derive(Debug, thiserror::Error)]
pub enum GssError {
    #[error("{LIBRARY} is not there, or lacks a function: install libgssapi-krb5-2")]
    NoLibrary,
    #[error("a path holds a NUL byte")]
    Path,
    #[error("{0}")]
    Status(String),
    #[error("this token was seen before")]
    Replayed,
    #[error("the exchange is not over after one token")]
    Unfinished,
    #[error("the name of the caller is not UTF-8")]
    Name,
}

fn api() -> Result<&'static Api, GssError> {
    static API: OnceLock<Option<Api>> = OnceLock::new();
    API.get_or_init(load).as_ref().ok_or(GssError::NoLibrary)
}

fn load() -> Option<Api> {
    macro_rules! function {
        ($library:ident, $name:literal) => {
            *$library.get(concat!($name, "\0").as_bytes()).ok()?
        };
    }
    // SAFETY: the library's initialisers have no precondition, and each function has the type RFC 2744 (and MIT's
    // gssapi_ext.h for the first) gives it; the library stays loaded as long as the functions are kept.
    unsafe {
        let library = Library::new(LIBRARY).ok()?;
        Some(Api {
            acquire_from: function!(library, "gss_acquire_cred_from"),
            accept: function!(library, "gss_accept_sec_context"),
            display_name: function!(library, "gss_display_name"),
            display_status: function!(library, "gss_display_status"),
            release_buffer: function!(library, "gss_release_buffer"),
            release_name: function!(library, "gss_release_name"),
            release_cred: function!(library, "gss_release_cred"),
            delete_context: function!(library, "gss_delete_sec_context"),
            _library: library,
        })
    }
}

/// A buffer the library has filled.
struct Filled<'a>(Buffer, &'a Api);

impl<'a> Filled<'a> {
    fn new(api: &'a Api) -> Self {
        Self(Buffer { length: 0, value: null_mut() }, api)
    }

    fn bytes(&self) -> &[u8] {
        if self.0.value.is_null() {
            return &[];
        }
        // SAFETY: the library has filled `length` bytes at `value`, and nobody else holds them until they are released.
        unsafe { std::slice::from_raw_parts(self.0.value.cast(), self.0.length) }
    }
}

impl Drop for Filled<'_> {
    fn drop(&mut self) {
        // SAFETY: the buffer is empty or was filled by the library.
        unsafe { (self.1.release_buffer)(&mut 0, &mut self.0) };
    }
}

/// A name or credential the library has made, and what releases it.
struct Owned(Handle, ReleaseHandle);

impl Drop for Owned {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: the handle was made by the library for this releaser's kind, and is released once.
            unsafe { (self.1)(&mut 0, &mut self.0) };
        }
    }
}

struct Context<'a>(Handle, &'a Api);

impl Drop for Context<'_> {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: the handle was made by gss_accept_sec_context and is deleted once.
            unsafe { (self.1.delete_context)(&mut 0, &mut self.0, null_mut()) };
        }
    }
}

/// The key that callers' tickets are for.
pub struct Acceptor(Owned);

// SAFETY: a GSSAPI credential may be used by several threads at once (MIT krb5 locks it); it is released once, by Drop.
unsafe impl Send for Acceptor {}
// SAFETY: as above.
unsafe impl Sync for Acceptor {}

impl Acceptor {
    /// Takes the key from a keytab, and notes used tickets in `replays`.
    pub fn open(keytab: &str, replays: &str) -> Result<Self, GssError> {
        let api = api()?;
        let text = |text: String| CString::new(text).map_err(|_| GssError::Path);
        let (keytab, replays) = (text(format!("FILE:{keytab}"))?, text(format!("file2:{replays}"))?);
        let elements = [
            StoreElement { key: c"keytab".as_ptr(), value: keytab.as_ptr() },
            StoreElement { key: c"rcache".as_ptr(), value: replays.as_ptr() },
        ];
        let set = StoreSet { count: 2, elements: elements.as_ptr() };
        let mut made = Owned(null_mut(), api.release_cred);
        let mut minor = 0;
        // SAFETY: every pointer lives through the call; NULL stands for "any name", "all mechanisms", "not asked for".
        let major = unsafe {
            (api.acquire_from)(
                &mut minor,
                null_mut(),
                u32::MAX,
                null_mut(),
                ACCEPT,
                &set,
                &mut made.0,
                null_mut(),
                null_mut(),
            )
        };
        if major & ERRORS == 0 { Ok(Self(made)) } else { Err(status(api, major, minor)) }
    }

    /// Takes the one token of a caller; gives the caller's principal, and the token that proves this side to the caller.
    pub fn accept(&self, token: &[u8]) -> Result<(String, Vec<u8>), GssError> {
        let api = api()?;
        let input = Buffer { length: token.len(), value: token.as_ptr().cast_mut().cast() };
        let mut output = Filled::new(api);
        let mut context = Context(null_mut(), api);
        let mut source = Owned(null_mut(), api.release_name);
        let mut minor = 0;
        // SAFETY: every pointer lives through the call, and the library does not write through `input`; no channel is
        // bound, and mechanism, flags, lifetime and delegated credential are not asked for.
        let major = unsafe {
            (api.accept)(
                &mut minor,
                &mut context.0,
                self.0.0,
                &input,
                null(),
                &mut source.0,
                null_mut(),
                &mut output.0,
                null_mut(),
                null_mut(),
                null_mut(),
            )
        };
        if major & (DUPLICATE_TOKEN | OLD_TOKEN) != 0 {
            return Err(GssError::Replayed);
        }
        if major & ERRORS != 0 {
            return Err(status(api, major, minor));
        }
        if major & CONTINUE_NEEDED != 0 || source.0.is_null() {
            return Err(GssError::Unfinished);
        }
        let mut name = Filled::new(api);
        // SAFETY: the name was made by the library just now.
        let major = unsafe { (api.display_name)(&mut minor, source.0, &mut name.0, null_mut()) };
        if major & ERRORS != 0 {
            return Err(status(api, major, minor));
        }
        let principal = std::str::from_utf8(name.bytes()).map_err(|_| GssError::Name)?.to_owned();
        Ok((principal, output.bytes().to_vec()))
    }
}

fn status(api: &Api, major: u32, minor: u32) -> GssError {
    let mut texts = Vec::new();
    for (code, kind) in [major, minor].into_iter().zip(STATUS_KINDS) {
        let mut more = 0;
        for _ in 0..MAX_MESSAGES {
            let mut text = Filled::new(api);
            // SAFETY: every pointer lives through the call; NULL stands for the default mechanism.
            unsafe { (api.display_status)(&mut 0, code, kind, null(), &mut more, &mut text.0) };
            texts.push(String::from_utf8_lossy(text.bytes()).into_owned());
            if more == 0 {
                break;
            }
        }
    }
    GssError::Status(texts.join("; "))
}
