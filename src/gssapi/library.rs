//! The library's functions as RFC 2744 types them, its handles, and what it says of a status.
//!
//! Whatever it hands out is released by the `Drop` of its owner.

use super::error::{Error, Reason};
use libloading::Library;
use std::ffi::{c_char, c_void};
use std::ptr::{null, null_mut};
use std::sync::OnceLock;

const LIBRARY: &str = "libgssapi_krb5.so.2";
/// Calling and routine errors stand in the upper half of a major status (RFC 2744, 3.9.1).
pub const ERRORS: u32 = 0xFFFF_0000;
pub const CONTINUE_NEEDED: u32 = 1;
/// GSS_C_GSS_CODE and GSS_C_MECH_CODE.
const STATUS_KINDS: [i32; 2] = [1, 2];
/// Messages of one status that are read.
const MAX_MESSAGES: usize = 4;

pub type Handle = *mut c_void;

/// gss_buffer_desc.
#[repr(C)]
pub struct Buffer {
    length: usize,
    value: *mut c_void,
}

impl Buffer {
    /// Lends bytes to a function that only reads them; they must outlive its call.
    pub fn lent(bytes: &[u8]) -> Self {
        Self { length: bytes.len(), value: bytes.as_ptr().cast_mut().cast() }
    }
}

/// gss_OID_desc: an object identifier as the content of its DER.
#[repr(C)]
pub struct Oid {
    length: u32,
    elements: *const u8,
}

// SAFETY: it points to constant bytes that nobody writes.
unsafe impl Sync for Oid {}

impl Oid {
    const fn of<const N: usize>(content: &'static [u8; N]) -> Self {
        Self { length: N as u32, elements: content.as_ptr() }
    }
}

/// gss_OID_set_desc.
#[repr(C)]
pub struct OidSet {
    pub count: usize,
    pub elements: *const Oid,
}

/// 1.3.6.1.5.5.2 (RFC 4178, 3).
pub static SPNEGO: Oid = Oid::of(b"\x2b\x06\x01\x05\x05\x02");
/// 1.2.840.113554.1.2.2 (RFC 4121, 1).
pub static KERBEROS: Oid = Oid::of(b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02");
/// 1.2.840.113554.1.2.1.4, GSS_C_NT_HOSTBASED_SERVICE.
pub static HOST_SERVICE: Oid = Oid::of(b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x01\x04");

#[repr(C)]
pub struct StoreElement {
    pub key: *const c_char,
    pub value: *const c_char,
}

#[repr(C)]
pub struct StoreSet {
    pub count: u32,
    pub elements: *const StoreElement,
}

type Acquire =
    unsafe extern "C" fn(*mut u32, Handle, u32, *const OidSet, i32, *mut Handle, *mut Handle, *mut u32) -> u32;
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
type InitContext = unsafe extern "C" fn(
    *mut u32,
    Handle,
    *mut Handle,
    Handle,
    *const Oid,
    u32,
    u32,
    *const c_void,
    *const Buffer,
    *mut Handle,
    *mut Buffer,
    *mut u32,
    *mut u32,
) -> u32;
type ImportName = unsafe extern "C" fn(*mut u32, *const Buffer, *const Oid, *mut Handle) -> u32;
type SetMechanisms = unsafe extern "C" fn(*mut u32, Handle, *const OidSet) -> u32;
type DisplayName = unsafe extern "C" fn(*mut u32, Handle, *mut Buffer, *mut Handle) -> u32;
type DisplayStatus = unsafe extern "C" fn(*mut u32, u32, i32, *const c_void, *mut u32, *mut Buffer) -> u32;
type ReleaseBuffer = unsafe extern "C" fn(*mut u32, *mut Buffer) -> u32;
type ReleaseHandle = unsafe extern "C" fn(*mut u32, *mut Handle) -> u32;
type DeleteContext = unsafe extern "C" fn(*mut u32, *mut Handle, *mut Buffer) -> u32;

pub struct Api {
    pub acquire: Acquire,
    pub acquire_from: AcquireFrom,
    pub set_mechanisms: SetMechanisms,
    pub accept: AcceptContext,
    pub init: InitContext,
    pub import_name: ImportName,
    pub display_name: DisplayName,
    display_status: DisplayStatus,
    release_buffer: ReleaseBuffer,
    pub release_name: ReleaseHandle,
    pub release_cred: ReleaseHandle,
    delete_context: DeleteContext,
    /// Keeps the functions above where they are.
    _library: Library,
}

/// Opens the library, once.
pub fn api() -> Result<&'static Api, Error> {
    static API: OnceLock<Option<Api>> = OnceLock::new();
    API.get_or_init(load).as_ref().ok_or(Error::NoLibrary)
}

fn load() -> Option<Api> {
    macro_rules! function {
        ($library:ident, $name:literal) => {
            *$library.get(concat!($name, "\0").as_bytes()).ok()?
        };
    }
    // SAFETY: the library's initialisers have no precondition, and each function has the type RFC 2744 (and MIT's
    // gssapi_ext.h for the second and third) gives it; the library stays loaded as long as the functions are kept.
    unsafe {
        let library = Library::new(LIBRARY).ok()?;
        Some(Api {
            acquire: function!(library, "gss_acquire_cred"),
            acquire_from: function!(library, "gss_acquire_cred_from"),
            set_mechanisms: function!(library, "gss_set_neg_mechs"),
            accept: function!(library, "gss_accept_sec_context"),
            init: function!(library, "gss_init_sec_context"),
            import_name: function!(library, "gss_import_name"),
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
pub struct Filled<'a>(pub Buffer, &'a Api);

impl<'a> Filled<'a> {
    pub fn new(api: &'a Api) -> Self {
        Self(Buffer { length: 0, value: null_mut() }, api)
    }

    pub fn bytes(&self) -> &[u8] {
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
pub struct Owned(pub Handle, pub ReleaseHandle);

impl Drop for Owned {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: the handle was made by the library for this releaser's kind, and is released once.
            unsafe { (self.1)(&mut 0, &mut self.0) };
        }
    }
}

/// One side of an exchange.
pub struct Context<'a>(pub Handle, pub &'a Api);

impl Drop for Context<'_> {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: the handle was made by the library and is deleted once.
            unsafe { (self.1.delete_context)(&mut 0, &mut self.0, null_mut()) };
        }
    }
}

/// What the library says of a status that is no success.
pub fn refusal(api: &Api, major: u32, minor: u32) -> Error {
    let mut texts = Vec::new();
    for (code, kind) in [major, minor].into_iter().zip(STATUS_KINDS) {
        let mut more = 0;
        for _ in 0..MAX_MESSAGES {
            let mut text = Filled::new(api);
            // SAFETY: every pointer lives through the call; NULL stands for the default mechanism.
            unsafe { (api.display_status)(&mut 0, code, kind, null(), &mut more, &mut text.0) };
            texts.push(String::from_utf8_lossy(text.bytes()).trim_end_matches('\0').to_owned());
            if more == 0 {
                break;
            }
        }
    }
    Error::Refused { reason: reason(major, minor), text: texts.join("; ") }
}

/// Tells apart what a person can do something about. Only Kerberos' own numbers are known: SPNEGO makes up others.
fn reason(major: u32, minor: u32) -> Reason {
    const NO_CRED: u32 = 7;
    const CREDENTIALS_EXPIRED: u32 = 11;
    // The numbers of krb5.h count from here; up to 127 they are those of RFC 4120, 7.5.9.
    let number = minor.cast_signed().wrapping_add(1_765_328_384);
    match (major >> 16 & 0xFF, number) {
        (_, 7) => Reason::ServerUnknown,
        (CREDENTIALS_EXPIRED, _) | (_, 32) => Reason::Expired,
        (_, 37) => Reason::ClockSkew,
        // KRB5_REALM_UNKNOWN, KRB5_KDC_UNREACH, KRB5_REALM_CANT_RESOLVE.
        (_, 154 | 156 | 220) => Reason::KdcAway,
        (NO_CRED, _) => Reason::NoTicket,
        _ => Reason::Other,
    }
}
