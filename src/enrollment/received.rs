//! Private keys that the server makes or brings back: they come as PKCS#12 beside the certificates of the card's own keys,
//! and go where the face says, before the request is ended.

use super::error::{Cause, Error};
use super::stage::Stage;
use super::step::{Event, Observer};
use crate::cm::certificate::Certificate;
use crate::secret::Passphrase;

/// A private key with its certificates, as PKCS#12.
#[derive(Clone, Copy, Debug)]
pub struct ReceivedKey<'k> {
    /// The certificate's template.
    pub name: &'k str,
    /// For what was encrypted once.
    pub is_history: bool,
    pub pfx: &'k [u8],
}

/// Where private keys go, and the password they come under.
pub struct KeyReceiver<'a> {
    pub password: Passphrase,
    /// Called once a key each time the server sends it; nothing goes on before it has kept the key.
    pub keep: Box<dyn FnMut(ReceivedKey<'_>) -> std::io::Result<()> + 'a>,
}

impl KeyReceiver<'_> {
    /// The password of one call.
    pub(super) fn password(&self) -> Passphrase {
        Passphrase::new(self.password.expose().to_owned())
    }

    /// Has the private keys of an answer kept.
    pub(super) fn keep_all(&mut self, answers: &[Certificate], observer: Observer<'_>) -> Result<(), Error> {
        for answer in answers {
            let Some(pfx) = &answer.pfx else { continue };
            let key = ReceivedKey { name: &answer.template_common_name, is_history: answer.is_key_history, pfx };
            (self.keep)(key).map_err(|source| Error::new(Stage::SubmitRequest, Cause::KeyNotKept { source }))?;
            observer(Event::KeyReceived { name: answer.template_common_name.clone() });
        }
        Ok(())
    }
}
