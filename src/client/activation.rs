//! Makes a bearer token with its activation code, and links by which others sign in.

use super::calls::{decode_hidden, encode};
use super::cm_client::CmClient;
use super::error::Error;
use crate::cm::account::{GivenBearer, GivenLink, NewLink, ShownCode};
use crate::cm::route::Route;
use crate::secret::ActivationCode;
use uuid::Uuid;
use zeroize::Zeroizing;

impl CmClient {
    /// Makes a bearer token with its activation code, once (beyond MIM); nobody need log in for it.
    pub fn activate(&self, code: ActivationCode) -> Result<GivenBearer, Error> {
        let shown = Zeroizing::new(encode(&ShownCode { code: Some(code) })?);
        decode_hidden(self.transport.exchange(&Route::ActivateBearer, Some(&shown))?, "a bearer token")
    }

    /// Makes a link by which a user signs in once, good for so many minutes (beyond MIM); `None`: another administrator is
    /// to confirm it, and is told its code.
    pub fn make_link(&self, user: Uuid, minutes: Option<u32>) -> Result<Option<GivenLink>, Error> {
        let reply = self.transport.exchange(&Route::MakeLink { user }, Some(&encode(&NewLink { minutes })?))?;
        match reply.status {
            202 => Ok(None),
            _ => decode_hidden(reply, "a link").map(Some),
        }
    }
}
