//! Makes a bearer token with its activation code.

use super::calls::{decode_hidden, encode};
use super::cm_client::CmClient;
use super::error::Error;
use crate::cm::account::{GivenBearer, ShownCode};
use crate::cm::route::Route;
use crate::secret::ActivationCode;
use zeroize::Zeroizing;

impl CmClient {
    /// Makes a bearer token with its activation code, once (beyond MIM); nobody need log in for it.
    pub fn activate(&self, code: ActivationCode) -> Result<GivenBearer, Error> {
        let shown = Zeroizing::new(encode(&ShownCode { code: Some(code) })?);
        decode_hidden(self.transport.exchange(&Route::ActivateBearer, Some(&shown))?, "a bearer token")
    }
}
