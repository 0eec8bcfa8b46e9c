//! Hands private keys that the server makes or brings back to the face, where it wants them besides the token.

use super::error::{Cause, Error};
use super::stage::Stage;
use super::step::{Event, Observer};
use crate::cm::certificate::Certificate;
use crate::secret::Passphrase;

/// Holds a private key with its certificates, as PKCS#12.
#[derive(Clone, Copy, Debug)]
pub struct ReceivedKey<'k> {
    /// The name of the certificate's template.
    pub name: &'k str,
    /// True for an old key, which only decrypts what was encrypted before.
    pub is_history: bool,
    pub pfx: &'k [u8],
}

/// Says where private keys go, and under which password they come.
pub struct KeyReceiver<'a> {
    pub password: Passphrase,
    /// Called once for each key whenever the server sends it; the work goes on only after the key was kept.
    pub keep: Box<dyn FnMut(ReceivedKey<'_>) -> std::io::Result<()> + 'a>,
}

impl KeyReceiver<'_> {
    /// Returns a copy of the password, for one call.
    pub(super) fn password(&self) -> Passphrase {
        Passphrase::new(self.password.expose().to_owned())
    }

    /// Has each private key of an answer kept; stops at the first that cannot be.
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
