//! Presents tickets: the side of a user with a ticket cache, which `kinit` fills.

use super::error::Error;
use super::exchange::{Exchange, MUTUAL};
use super::library::{Api, Buffer, ERRORS, HOST_SERVICE, KERBEROS, OidSet, Owned, SPNEGO, api, refusal};
use std::ptr::null_mut;

/// Is GSS_C_INITIATE of gss_cred_usage_t.
pub const INITIATE: i32 = 1;

/// Holds an exchange with a service that has not proven itself yet. It must stay on one thread.
pub struct Initiation {
    exchange: Exchange,
    channel: Option<Vec<u8>>,
}

impl Initiation {
    /// Begins an exchange with the HTTP service of `host`; returns the SPNEGO token to be sent. It is of use over the channel
    /// of this name alone, where one is given and the service looks.
    ///
    /// Asks a KDC when the cache has no ticket for the service yet; libkrb5 limits how long that takes.
    pub fn begin(host: &str, channel: Option<Vec<u8>>) -> Result<(Self, Vec<u8>), Error> {
        let api = api()?;
        let service = service(api, "HTTP", host)?;
        let begun = credential(api).and_then(|credential| {
            let mut exchange = Exchange::new(service, credential)?;
            let (spnego, _) = exchange.step(&SPNEGO, channel.as_deref(), None)?;
            Ok((Self { exchange, channel }, spnego))
        });
        begun.map_err(|error| why(api, host).unwrap_or(error))
    }

    /// Checks the service's SPNEGO token; one that does not prove the service is an error.
    pub fn finish(mut self, spnego: &[u8]) -> Result<(), Error> {
        match self.exchange.step(&SPNEGO, self.channel.as_deref(), Some(spnego))? {
            (_, Some(flags)) if flags & MUTUAL != 0 => Ok(()),
            _ => Err(Error::Unfinished),
        }
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
    let mut alone = Exchange::new(service(api, "HTTP", host).ok()?, nobody).ok()?;
    alone.step(&KERBEROS, None, None).err()
}
