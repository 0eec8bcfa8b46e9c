//! Presents tickets: the side of a user with a ticket cache, which `kinit` fills.

use super::error::Error;
use super::library::{
    Api, Buffer, CONTINUE_NEEDED, Context, ERRORS, Filled, HOST_SERVICE, KERBEROS, Oid, OidSet, Owned, SPNEGO, api,
    refusal,
};
use std::ptr::{null, null_mut};

/// Is GSS_C_INITIATE of gss_cred_usage_t.
pub const INITIATE: i32 = 1;
/// Is GSS_C_MUTUAL_FLAG: the service must prove itself too.
pub const MUTUAL: u32 = 2;

/// Holds an exchange with a service that has not proven itself yet. It must stay on one thread.
pub struct Initiation {
    context: Context<'static>,
    service: Owned,
    credential: Owned,
}

impl Initiation {
    /// Begins an exchange with the HTTP service of `host`; returns the SPNEGO token to be sent.
    ///
    /// Asks a KDC when the cache has no ticket for the service yet; libkrb5 limits how long that takes.
    pub fn begin(host: &str) -> Result<(Self, Vec<u8>), Error> {
        let api = api()?;
        let service = service(api, "HTTP", host)?;
        let begun = credential(api).and_then(|credential| {
            let mut new = Self { context: Context(null_mut(), api), service, credential };
            let (spnego, _) = new.step(&SPNEGO, None)?;
            Ok((new, spnego))
        });
        begun.map_err(|error| why(api, host).unwrap_or(error))
    }

    /// Checks the service's SPNEGO token; one that does not prove the service is an error.
    pub fn finish(mut self, spnego: &[u8]) -> Result<(), Error> {
        match self.step(&SPNEGO, Some(spnego))? {
            (_, Some(flags)) if flags & MUTUAL != 0 => Ok(()),
            _ => Err(Error::Unfinished),
        }
    }

    /// Returns the next token to send, and the agreed flags once the exchange is over.
    fn step(&mut self, mechanism: &Oid, input: Option<&[u8]>) -> Result<(Vec<u8>, Option<u32>), Error> {
        let api = self.context.1;
        let input = input.map(Buffer::lent);
        let mut output = Filled::new(api);
        let (mut minor, mut flags) = (0, 0);
        // SAFETY: every pointer lives through the call, and the library does not write through `input`; no channel is
        // bound, the lifetime is the default, and mechanism and lifetime are not asked for.
        let major = unsafe {
            (api.init)(
                &mut minor,
                self.credential.0,
                &mut self.context.0,
                self.service.0,
                mechanism,
                MUTUAL,
                0,
                null(),
                input.as_ref().map_or(null(), |input| input),
                null_mut(),
                &mut output.0,
                &mut flags,
                null_mut(),
            )
        };
        if major & ERRORS != 0 {
            return Err(refusal(api, major, minor));
        }
        let agreed = (major & CONTINUE_NEEDED == 0).then_some(flags);
        Ok((output.bytes().to_vec(), agreed))
    }
}

/// Makes the name of a service at a host.
pub fn service(api: &'static Api, service: &str, host: &str) -> Result<Owned, Error> {
    let text = format!("{service}@{host}");
    let mut name = Owned(null_mut(), api.release_name);
    let mut minor = 0;
    // SAFETY: every pointer lives through the call, and the library does not write through the text.
    let major = unsafe { (api.import_name)(&mut minor, &Buffer::lent(text.as_bytes()), &HOST_SERVICE, &mut name.0) };
    if major & ERRORS == 0 { Ok(name) } else { Err(refusal(api, major, minor)) }
}

/// Acquires the user's own credential, for Kerberos alone: no other mechanism is offered, in particular not NTLM.
fn credential(api: &'static Api) -> Result<Owned, Error> {
    let (spnego, kerberos) = (OidSet { count: 1, elements: &SPNEGO }, OidSet { count: 1, elements: &KERBEROS });
    let mut made = Owned(null_mut(), api.release_cred);
    let mut minor = 0;
    // SAFETY: every pointer lives through the calls; NULL stands for the default name and for what is not asked for.
    let major = unsafe {
        let (name, none) = (null_mut(), null_mut());
        match (api.acquire)(&mut minor, name, u32::MAX, &spnego, INITIATE, &mut made.0, none, null_mut()) {
            major if major & ERRORS == 0 => (api.set_mechanisms)(&mut minor, made.0, &kerberos),
            major => major,
        }
    };
    if major & ERRORS == 0 { Ok(made) } else { Err(refusal(api, major, minor)) }
}

/// Finds out why there was no token: SPNEGO hides the cause, so Kerberos is tried alone.
fn why(api: &'static Api, host: &str) -> Option<Error> {
    let nobody = Owned(null_mut(), api.release_cred);
    let mut alone =
        Initiation { context: Context(null_mut(), api), service: service(api, "HTTP", host).ok()?, credential: nobody };
    alone.step(&KERBEROS, None).err()
}
