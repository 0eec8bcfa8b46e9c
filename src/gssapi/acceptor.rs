//! Accepts tickets: the side of a service with a keytab.

use super::error::Error;
use super::library::{
    Bindings, Buffer, CONTINUE_NEEDED, Context, ERRORS, Filled, Owned, StoreElement, StoreSet, api, refusal,
};
use std::ffi::CString;
use std::ptr::{null, null_mut};

/// Is GSS_C_ACCEPT of gss_cred_usage_t.
const ACCEPT: i32 = 2;
const DUPLICATE_TOKEN: u32 = 1 << 1;
const OLD_TOKEN: u32 = 1 << 2;
/// Is GSS_S_BAD_BINDINGS (RFC 2744, 3.9.1).
const BAD_BINDINGS: u32 = 4 << 16;
/// Is GSS_C_CHANNEL_BOUND_FLAG of MIT's gssapi_ext.h (since krb5 1.19).
const CHANNEL_BOUND: u32 = 2048;

/// Holds what a caller's token has shown.
pub struct Accepted {
    pub principal: String,
    /// The SPNEGO token that proves this side to the caller.
    pub proof: Vec<u8>,
    /// The token is of use over this channel alone.
    pub is_bound: bool,
}

/// Holds a service's credential, to which callers' tickets are addressed.
pub struct Acceptor(Owned);

// SAFETY: a GSSAPI credential may be used by several threads at once (MIT krb5 locks it); it is released once, by Drop.
unsafe impl Send for Acceptor {}
// SAFETY: as above.
unsafe impl Sync for Acceptor {}

impl Acceptor {
    /// Reads the key from the file `keytab`; used tickets are recorded in the replay cache `replays`, a file too.
    pub fn open(keytab: &str, replays: &str) -> Result<Self, Error> {
        let api = api()?;
        let text = |text: String| CString::new(text).map_err(|_| Error::Nul);
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
        if major & ERRORS == 0 { Ok(Self(made)) } else { Err(refusal(api, major, minor)) }
    }

    /// Accepts a caller's SPNEGO token that came over the channel of this name; one that is bound to another is refused, where a
    /// name is given.
    ///
    /// # Errors
    /// [`Error::Replayed`]; [`Error::OtherChannel`]; [`Error::Unfinished`] when one token is not enough.
    pub fn accept(&self, spnego: &[u8], channel: Option<&[u8]>) -> Result<Accepted, Error> {
        let api = api()?;
        let (input, bindings) = (Buffer::lent(spnego), channel.map(Bindings::of));
        let mut output = Filled::new(api);
        let mut context = Context(null_mut(), api);
        let mut source = Owned(null_mut(), api.release_name);
        let (mut minor, mut flags) = (0, 0);
        // SAFETY: every pointer lives through the call, and the library writes through neither `input` nor `bindings`; mechanism,
        // lifetime and delegated credential are not asked for.
        let major = unsafe {
            (api.accept)(
                &mut minor,
                &mut context.0,
                self.0.0,
                &input,
                bindings.as_ref().map_or(null(), |bindings| (&raw const *bindings).cast()),
                &mut source.0,
                null_mut(),
                &mut output.0,
                &mut flags,
                null_mut(),
                null_mut(),
            )
        };
        if major & (DUPLICATE_TOKEN | OLD_TOKEN) != 0 {
            return Err(Error::Replayed);
        }
        if major & ERRORS == BAD_BINDINGS {
            return Err(Error::OtherChannel);
        }
        if major & ERRORS != 0 {
            return Err(refusal(api, major, minor));
        }
        if major & CONTINUE_NEEDED != 0 || source.0.is_null() {
            return Err(Error::Unfinished);
        }
        let mut name = Filled::new(api);
        // SAFETY: the name was made by the library just now.
        let major = unsafe { (api.display_name)(&mut minor, source.0, &mut name.0, null_mut()) };
        if major & ERRORS != 0 {
            return Err(refusal(api, major, minor));
        }
        let principal = std::str::from_utf8(name.bytes()).map_err(|_| Error::Name)?.to_owned();
        Ok(Accepted { principal, proof: output.bytes().to_vec(), is_bound: flags & CHANNEL_BOUND != 0 })
    }
}
