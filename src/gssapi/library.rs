//! Declares the library's functions as RFC 2744 types them, owns its handles, and reads what it says of a status.
//!
//! Whatever the library allocates is released by the `Drop` of its owner here.

use super::error::{Error, Reason};
use libloading::Library;
use std::ffi::{c_char, c_void};
use std::ptr::{null, null_mut};
use std::sync::OnceLock;

const LIBRARY: &str = "libgssapi_krb5.so.2";
/// Masks the calling and routine errors in a major status (RFC 2744, 3.9.1).
pub const ERRORS: u32 = 0xFFFF_0000;
/// Is GSS_S_CONTINUE_NEEDED (RFC 2744, 3.9.1).
pub const CONTINUE_NEEDED: u32 = 1;
/// Lists GSS_C_GSS_CODE and GSS_C_MECH_CODE.
const STATUS_KINDS: [i32; 2] = [1, 2];
/// Limits the messages that are read of one status.
const MAX_MESSAGES: usize = 4;

/// Is a handle of the library: a name, a credential or a context.
pub type Handle = *mut c_void;

/// Lays out a gss_buffer_desc.
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

/// Lays out a gss_channel_bindings_struct without addresses.
#[repr(C)]
pub struct Bindings {
    initiator_kind: u32,
    initiator: Buffer,
    acceptor_kind: u32,
    acceptor: Buffer,
    data: Buffer,
}

impl Bindings {
    /// Lends bytes that name a channel; they must outlive the call.
    pub fn of(bytes: &[u8]) -> Self {
        let [initiator, acceptor] = [(); 2].map(|()| Buffer { length: 0, value: null_mut() });
        Self { initiator_kind: 0, initiator, acceptor_kind: 0, acceptor, data: Buffer::lent(bytes) }
    }
}

/// Lays out a gss_OID_desc: an object identifier as the content of its DER.
#[repr(C)]
pub struct Oid {
    length: u32,
    elements: *const u8,
}

// SAFETY: it points to constant bytes that nobody writes.
unsafe impl Sync for Oid {}

impl Oid {
    /// Makes an identifier of the content of its DER.
    const fn of<const N: usize>(content: &'static [u8; N]) -> Self {
        Self { length: N as u32, elements: content.as_ptr() }
    }
}

/// Lays out a gss_OID_set_desc.
#[repr(C)]
pub struct OidSet {
    pub count: usize,
    pub elements: *const Oid,
}

/// Identifies SPNEGO: 1.3.6.1.5.5.2 (RFC 4178, 3).
pub static SPNEGO: Oid = Oid::of(b"\x2b\x06\x01\x05\x05\x02");
/// Identifies Kerberos 5: 1.2.840.113554.1.2.2 (RFC 4121, 1).
pub static KERBEROS: Oid = Oid::of(b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02");
/// Identifies GSS_C_NT_HOSTBASED_SERVICE: 1.2.840.113554.1.2.1.4.
pub static HOST_SERVICE: Oid = Oid::of(b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x01\x04");

/// Lays out a gss_key_value_element_desc of MIT's gssapi_ext.h.
#[repr(C)]
pub struct StoreElement {
    pub key: *const c_char,
    pub value: *const c_char,
}

/// Lays out a gss_key_value_set_desc of MIT's gssapi_ext.h.
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
type Wrap = unsafe extern "C" fn(*mut u32, Handle, i32, u32, *const Buffer, *mut i32, *mut Buffer) -> u32;
type Unwrap = unsafe extern "C" fn(*mut u32, Handle, *const Buffer, *mut Buffer, *mut i32, *mut u32) -> u32;
type DisplayName = unsafe extern "C" fn(*mut u32, Handle, *mut Buffer, *mut Handle) -> u32;
type DisplayStatus = unsafe extern "C" fn(*mut u32, u32, i32, *const c_void, *mut u32, *mut Buffer) -> u32;
type ReleaseBuffer = unsafe extern "C" fn(*mut u32, *mut Buffer) -> u32;
type ReleaseHandle = unsafe extern "C" fn(*mut u32, *mut Handle) -> u32;
type DeleteContext = unsafe extern "C" fn(*mut u32, *mut Handle, *mut Buffer) -> u32;

/// Holds the functions that are used, and the library they belong to.
pub struct Api {
    pub acquire: Acquire,
    pub acquire_from: AcquireFrom,
    pub set_mechanisms: SetMechanisms,
    pub accept: AcceptContext,
    pub init: InitContext,
    pub import_name: ImportName,
    pub wrap: Wrap,
    pub unwrap: Unwrap,
    pub display_name: DisplayName,
    display_status: DisplayStatus,
    release_buffer: ReleaseBuffer,
    pub release_name: ReleaseHandle,
    pub release_cred: ReleaseHandle,
    delete_context: DeleteContext,
    /// Keeps the library loaded, and with it the functions above valid.
    _library: Library,
}

/// Returns the library's functions, loading it on the first call.
pub fn api() -> Result<&'static Api, Error> {
    static API: OnceLock<Option<Api>> = OnceLock::new();
    API.get_or_init(load).as_ref().ok_or(Error::NoLibrary)
}

/// Loads the library; `None` when it or one of the functions is missing.
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
            wrap: function!(library, "gss_wrap"),
            unwrap: function!(library, "gss_unwrap"),
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

/// Owns a buffer that the library fills.
pub struct Filled<'a>(pub Buffer, &'a Api);

impl<'a> Filled<'a> {
    /// Makes an empty buffer.
    pub fn new(api: &'a Api) -> Self {
        Self(Buffer { length: 0, value: null_mut() }, api)
    }

    /// Returns what the library has put into the buffer.
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

/// Owns a name or credential that the library has made, with the function that releases it.
pub struct Owned(pub Handle, pub ReleaseHandle);

impl Drop for Owned {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: the handle was made by the library for this releaser's kind, and is released once.
            unsafe { (self.1)(&mut 0, &mut self.0) };
        }
    }
}

/// Owns the security context of one side of an exchange.
pub struct Context<'a>(pub Handle, pub &'a Api);

impl Drop for Context<'_> {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: the handle was made by the library and is deleted once.
            unsafe { (self.1.delete_context)(&mut 0, &mut self.0, null_mut()) };
        }
    }
}

/// Makes an error of a status that is no success, with what the library says of it.
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

/// Finds the cause behind a status. Only the minor codes of Kerberos itself are known; SPNEGO replaces them by its own.
fn reason(major: u32, minor: u32) -> Reason {
    const NO_CRED: u32 = 7;
    const CREDENTIALS_EXPIRED: u32 = 11;
    // The error numbers of krb5.h are offsets from this one; up to 127 they are those of RFC 4120, 7.5.9.
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
