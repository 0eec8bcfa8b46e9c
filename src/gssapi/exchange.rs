//! Goes one step of an exchange in which a user's ticket is shown to a service.

use super::error::Error;
use super::library::{Bindings, Buffer, CONTINUE_NEEDED, Context, ERRORS, Filled, Oid, Owned, api, refusal};
use std::ptr::{null, null_mut};

/// Is GSS_C_MUTUAL_FLAG: the service must prove itself too.
pub const MUTUAL: u32 = 2;

/// Holds an exchange with a service that has not proven itself yet.
pub struct Exchange {
    pub context: Context<'static>,
    service: Owned,
    credential: Owned,
}

impl Exchange {
    /// Begins an exchange with a service, by a credential.
    pub fn new(service: Owned, credential: Owned) -> Result<Self, Error> {
        Ok(Self { context: Context(null_mut(), api()?), service, credential })
    }

    /// Returns the next token to send, and the agreed flags once the exchange is over. It is bound to `channel`, if one is
    /// given.
    pub fn step(
        &mut self,
        mechanism: &Oid,
        channel: Option<&[u8]>,
        input: Option<&[u8]>,
    ) -> Result<(Vec<u8>, Option<u32>), Error> {
        let api = self.context.1;
        let (input, bindings) = (input.map(Buffer::lent), channel.map(Bindings::of));
        let mut output = Filled::new(api);
        let (mut minor, mut flags) = (0, 0);
        // SAFETY: every pointer lives through the call, and the library writes through neither `input` nor `bindings`; the
        // lifetime is the default, and mechanism and lifetime are not asked for.
        let major = unsafe {
            (api.init)(
                &mut minor,
                self.credential.0,
                &mut self.context.0,
                self.service.0,
                mechanism,
                MUTUAL,
                0,
                bindings.as_ref().map_or(null(), |bindings| (&raw const *bindings).cast()),
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
