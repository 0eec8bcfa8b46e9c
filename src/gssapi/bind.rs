//! Binds to a directory by a ticket: the mechanism GSSAPI of SASL (RFC 4752), with tickets that a keytab brings. TLS
//! protects the connection, to which the exchange is bound (RFC 5929, 4), so that no layer of SASL is agreed on.

use super::error::Error;
use super::exchange::{Exchange, MUTUAL};
use super::initiator::{INITIATE, service};
use super::library::{Buffer, ERRORS, Filled, KERBEROS, OidSet, Owned, StoreElement, StoreSet, api, refusal};
use std::ffi::CString;
use std::ptr::null_mut;

/// Keeps the tickets in this process, for as long as it runs.
const TICKETS: &std::ffi::CStr = c"MEMORY:cardwright-directory";
/// Says that no layer is wanted, and that none is offered (RFC 4752, 3.3).
const NO_LAYER: u8 = 1;

/// Says how far an exchange is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Either side proves itself.
    Proving,
    /// Layers are agreed on.
    Layers,
    Done,
}

/// Holds an exchange with a directory.
pub struct Bind {
    exchange: Exchange,
    channel: Vec<u8>,
    stage: Stage,
}

// SAFETY: contexts, names and credentials of MIT krb5 belong to no thread; here one at a time uses them, for whatever
// touches them takes `&mut self`.
unsafe impl Send for Bind {}

impl Bind {
    /// Begins an exchange with the directory at `host`, as whom the file `keytab` is for; `channel` is what it is bound to.
    /// Returns the first token to send.
    ///
    /// Asks a KDC for tickets that are missing or over; libkrb5 limits how long that takes.
    pub fn begin(host: &str, keytab: &str, channel: Vec<u8>) -> Result<(Self, Vec<u8>), Error> {
        let exchange = Exchange::new(service(api()?, "ldap", host)?, credential(keytab)?)?;
        let mut new = Self { exchange, channel, stage: Stage::Proving };
        let token = new.prove(None)?;
        Ok((new, token))
    }

    /// Returns the answer to the directory's token.
    pub fn answer(&mut self, token: &[u8]) -> Result<Vec<u8>, Error> {
        match self.stage {
            Stage::Proving => self.prove(Some(token)),
            Stage::Layers => self.agree(token),
            Stage::Done => Err(Error::Unfinished),
        }
    }

    /// Says whether nothing is left but the directory's yes.
    pub fn is_done(&self) -> bool {
        self.stage == Stage::Done
    }

    fn prove(&mut self, input: Option<&[u8]>) -> Result<Vec<u8>, Error> {
        let channel = Some(&*self.channel).filter(|channel| !channel.is_empty());
        let (token, agreed) = self.exchange.step(&KERBEROS, channel, input)?;
        if let Some(flags) = agreed {
            if flags & MUTUAL == 0 {
                return Err(Error::Unfinished);
            }
            self.stage = Stage::Layers;
        }
        Ok(token)
    }

    /// Takes no layer, where that is offered.
    fn agree(&mut self, offer: &[u8]) -> Result<Vec<u8>, Error> {
        let api = self.exchange.context.1;
        let mut opened = Filled::new(api);
        let mut minor = 0;
        // SAFETY: every pointer lives through the call, and the library does not write through the offer.
        let major = unsafe {
            let offer = Buffer::lent(offer);
            (api.unwrap)(&mut minor, self.exchange.context.0, &offer, &mut opened.0, null_mut(), null_mut())
        };
        if major & ERRORS != 0 {
            return Err(refusal(api, major, minor));
        }
        if !matches!(opened.bytes(), [layers, _, _, _] if layers & NO_LAYER != 0) {
            return Err(Error::Layers);
        }
        let mut answer = Filled::new(api);
        // SAFETY: as above; nothing is encrypted, for TLS does that.
        let major = unsafe {
            let chosen = Buffer::lent(&[NO_LAYER, 0, 0, 0]);
            (api.wrap)(&mut minor, self.exchange.context.0, 0, 0, &chosen, null_mut(), &mut answer.0)
        };
        if major & ERRORS != 0 {
            return Err(refusal(api, major, minor));
        }
        self.stage = Stage::Done;
        Ok(answer.bytes().to_vec())
    }
}

/// Acquires the credential of whom a keytab is for; tickets are had when they are needed.
fn credential(keytab: &str) -> Result<Owned, Error> {
    let api = api()?;
    let keytab = CString::new(format!("FILE:{keytab}")).map_err(|_| Error::Nul)?;
    let elements = [
        StoreElement { key: c"client_keytab".as_ptr(), value: keytab.as_ptr() },
        StoreElement { key: c"ccache".as_ptr(), value: TICKETS.as_ptr() },
    ];
    let store = StoreSet { count: 2, elements: elements.as_ptr() };
    let kerberos = OidSet { count: 1, elements: &KERBEROS };
    let mut made = Owned(null_mut(), api.release_cred);
    let mut minor = 0;
    // SAFETY: every pointer lives through the call; NULL stands for whom the keytab is for, and for what is not asked for.
    let major = unsafe {
        let none = null_mut();
        (api.acquire_from)(
            &mut minor,
            none,
            u32::MAX,
            (&raw const kerberos).cast_mut().cast(),
            INITIATE,
            &store,
            &mut made.0,
            none.cast(),
            null_mut(),
        )
    };
    if major & ERRORS == 0 { Ok(made) } else { Err(refusal(api, major, minor)) }
}
