//! Takes keys off the card: by DELETE KEY (YubiKey 5.7), or else by a throw-away key in the same place, as the standard
//! has no command that deletes. The key goes before its certificate: what was cut off is found again by the certificate.

use super::command;
use super::data::public_key_in;
use super::nobodys;
use super::offer::is_not_offered;
use super::reference::KeyReference;
use super::session::{PivSession, Told};
use crate::iso7816::StatusWord;
use crate::pkix::{KeyAlgorithm, PublicKey};
use crate::token;

impl PivSession<'_> {
    /// Removes key and certificate under `reference`, and returns how many of them there were. Where the card can
    /// neither delete nor overwrite the key, the certificate goes and the key is told ([`token::Error::KeyStays`]).
    pub(super) fn remove(&mut self, reference: KeyReference) -> Result<usize, token::Error> {
        self.enter_as_admin()?;
        let told = self.told(reference)?;
        let certificate = self.application.certificate_or_junk(reference)?;
        let certified = || certificate.as_deref().and_then(public_key_in);
        let key = match told {
            Told::NoKey => None,
            Told::Key(known) => Some(self.erase(reference, Some(known.public_key))?),
            Told::Nothing if certificate.is_some() => Some(self.erase(reference, certified())?),
            Told::Nothing => None,
        };
        let gone = usize::from(key == Some(true)) + usize::from(certificate.is_some());
        if gone > 0 {
            self.application.renew_chuid()?;
        }
        if certificate.is_some() {
            self.application.put(reference.certificate_object(), &[])?;
        }
        if key == Some(false) { Err(token::Error::KeyStays(reference.id())) } else { Ok(gone) }
    }

    /// Deletes or overwrites the key; false where the card does neither.
    fn erase(&mut self, reference: KeyReference, key: Option<PublicKey>) -> Result<bool, token::Error> {
        self.known.remove(&reference);
        if self.application.moves_keys()? {
            match self.application.ask(command::delete_key(reference))?.status {
                StatusWord::OK | StatusWord::REFERENCE_DATA_NOT_FOUND => return Ok(true),
                word if is_not_offered(word) => {}
                word => return Err(self.application.refusal(command::DELETE_KEY, word)),
            }
        }
        self.overwrite(reference, key)
    }

    /// Puts a key over the old one: on a card that tells of its keys the one that everybody has, so that its place is known
    /// to be free.
    fn overwrite(&mut self, reference: KeyReference, old: Option<PublicKey>) -> Result<bool, token::Error> {
        if self.application.tells_metadata() {
            let import = command::import(nobodys::ALGORITHM, reference, &nobodys::numbers());
            match self.application.ask(import)?.status {
                StatusWord::OK => return Ok(true),
                word @ StatusWord::SECURITY_STATUS_NOT_SATISFIED => {
                    return Err(self.application.refusal(command::IMPORT, word));
                }
                _ => {}
            }
        }
        self.generate_over(reference, old)
    }

    /// Generates a key that nobody will use, of the kind that is made fastest, or else of the old one's: some cards fix
    /// what kind of key a place takes.
    fn generate_over(&mut self, reference: KeyReference, old: Option<PublicKey>) -> Result<bool, token::Error> {
        let own = old.and_then(|key| KeyAlgorithm::ALL.into_iter().find(|algorithm| algorithm.kind() == key.kind()));
        let mut kinds = vec![KeyAlgorithm::P256];
        kinds.extend(own.into_iter().chain([KeyAlgorithm::Rsa2048]).filter(|kind| *kind != KeyAlgorithm::P256));
        kinds.dedup();
        for kind in kinds {
            match self.application.ask(command::generate(kind, reference))?.status {
                StatusWord::OK => return Ok(true),
                word @ StatusWord::SECURITY_STATUS_NOT_SATISFIED => {
                    return Err(self.application.refusal(command::GENERATE, word));
                }
                _ => {}
            }
        }
        Ok(false)
    }
}
