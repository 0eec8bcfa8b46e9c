//! Does a logged-in user's work: keys, signatures, certificates.

use super::error::{CallError, device, failed};
use super::import::{CREATING, Import};
use super::objects::{self, Held, Key};
use super::open::Open;
use super::{attributes, notes, sign};
use crate::pkix::{MemoryKey, PublicKey, SignatureAlgorithm, Signer};
use crate::token::{Error, KeyId, KeyOrder, Session, StoredKey};
use cryptoki::error::{Error as Cryptoki, RvError};
use cryptoki::session::Session as Cryptosession;

/// Holds a session with the user logged in; dropping it logs out.
///
/// It remembers what it found and generated under an id, so that a whole enrollment needs one search.
pub(super) struct Pkcs11Session {
    session: Open,
    /// Whether keys are in a TPM: tpm2-pkcs11 1.9 makes no RSA key that is denied decryption.
    is_tpm: bool,
    known: Vec<(KeyId, Held)>,
    /// Ids that were ordered, and those that the module gave instead.
    renamed: Vec<(KeyId, KeyId)>,
}

impl Pkcs11Session {
    /// Begins with nothing remembered.
    pub fn new(session: Open, is_tpm: bool) -> Self {
        Self { session, is_tpm, known: Vec::new(), renamed: Vec::new() }
    }

    /// Returns what is under `id`, or under the one that the module gave instead; the token is searched for it at most
    /// once.
    fn held(&mut self, id: &KeyId) -> Result<(&Cryptosession, &mut Held), Error> {
        let id = self.named(id);
        let at = match self.known.iter().position(|(known, _)| *known == id) {
            Some(at) => at,
            None => {
                let held = Held::find(&self.session, &id)?;
                self.known.push((id.clone(), held));
                self.known.len().saturating_sub(1)
            }
        };
        let (_, held) = self.known.get_mut(at).ok_or(Error::NoSuchKey(id))?;
        Ok((&self.session, held))
    }

    /// Looks for a key that was ordered under `id` by its public key. OpenSC's module on GIDS shows the ordered id until
    /// it is loaded anew, and from then on one of its own.
    fn seek(&mut self, id: &KeyId, public_key: &PublicKey) -> Result<(), Error> {
        for (given, mut held) in Held::all(&self.session)? {
            // Ids that such a module chooses are shorter than those that are ordered.
            if held.private.is_empty() || given.0.is_empty() || given.0.len() >= id.0.len() {
                continue;
            }
            let known = objects::told(held.public_key(&self.session).map(|key| key.cloned()))?.flatten();
            if known.as_ref() == Some(public_key) {
                self.remember(id, given.0, held);
                return Ok(());
            }
        }
        Ok(())
    }

    /// Remembers a pair that was made for `ordered`, under the id that the module gave it.
    fn remember(&mut self, ordered: &KeyId, given: Vec<u8>, held: Held) {
        self.forget(ordered);
        let given = if given.is_empty() { ordered.clone() } else { KeyId(given) };
        if given != *ordered {
            self.renamed.push((ordered.clone(), given.clone()));
        }
        self.forget(&given);
        self.known.push((given, held));
    }

    /// Forgets what is known of an id.
    fn forget(&mut self, id: &KeyId) {
        self.known.retain(|(known, _)| known != id);
    }
}

/// Lists every object that `session` may see, one entry for each id and one for each further certificate under it.
pub(super) fn list(session: &Cryptosession) -> Result<Vec<StoredKey>, Error> {
    let mut listed = Vec::new();
    for (id, mut held) in Held::all(session)? {
        listed.extend(held.stored(session, &id)?);
    }
    Ok(listed)
}

impl Session for Pkcs11Session {
    fn note(&mut self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        notes::read(&self.session, name)
    }

    fn write_note(&mut self, name: &str, content: &[u8]) -> Result<(), Error> {
        notes::write(&self.session, name, content)
    }

    fn find(&mut self, id: &KeyId) -> Result<Option<StoredKey>, Error> {
        let (session, held) = self.held(id)?;
        if held.is_empty() {
            return Ok(None);
        }
        Ok(held.stored(session, id)?.into_iter().next())
    }

    fn list(&mut self) -> Result<Vec<StoredKey>, Error> {
        list(&self.session)
    }

    fn holds(&mut self, id: &KeyId, public_key: &PublicKey) -> Result<bool, Error> {
        if self.held(id)?.1.is_empty() {
            self.seek(id, public_key)?;
        }
        let (session, held) = self.held(id)?;
        Ok(!held.private.is_empty() && held.public_key(session)? == Some(public_key))
    }

    /// Reserves nothing: a module tells its total memory at most, so that a certificate that does not fit is noticed
    /// when it is written.
    fn reserve(&mut self, _id: &KeyId, _length: usize) -> Result<(), Error> {
        Ok(())
    }

    fn generate(&mut self, order: &KeyOrder) -> Result<PublicKey, Error> {
        let is_tpm = self.is_tpm;
        let (session, held) = self.held(&order.id)?;
        if order.id.0.is_empty() || !held.is_empty() {
            return Err(Error::KeyIdTaken(order.id.clone()));
        }
        let (public, private) = attributes::key_pair(order);
        let mechanism = attributes::mechanism(order.algorithm);
        let templates = if is_tpm { [public, private].map(attributes::without_denials) } else { [public, private] };
        let [public, private] = templates;
        let (public, private) =
            session.generate_key_pair(&mechanism, &public, &private).map_err(|error| not_made(order, error))?;
        let rsa = attributes::is_rsa(order.algorithm);
        let made = attributes::named_public_key(session, public, rsa);
        let (public_key, given) = match made {
            Ok(made) => made,
            Err(error) => {
                // A pair whose public key cannot be read is of no use; what cannot be removed stays under its id.
                for handle in [private, public] {
                    let _ = session.destroy_object(handle);
                }
                self.forget(&order.id);
                return Err(error);
            }
        };
        let pair = Held::pair(Key { handle: private, rsa }, Key { handle: public, rsa }, public_key.clone());
        self.remember(&order.id, given, pair);
        Ok(public_key)
    }

    /// Writes both halves of the pair; half a pair that an earlier try left is removed first.
    fn import(&mut self, order: &KeyOrder, key: &MemoryKey) -> Result<(), Error> {
        let rsa = attributes::is_rsa(order.algorithm);
        if key.public_key().algorithm() != Some(order.algorithm) {
            return Err(Error::Algorithm(order.algorithm));
        }
        let (session, held) = self.held(&order.id)?;
        if order.id.0.is_empty() || !held.private.is_empty() {
            return Err(Error::KeyIdTaken(order.id.clone()));
        }
        for handle in held.public.drain(..).map(|key| key.handle).collect::<Vec<_>>() {
            session.destroy_object(handle).map_err(failed("C_DestroyObject"))?;
        }
        let import = Import::of(order, key)?;
        let private = session.create_object(&import.private).map_err(|error| not_taken(order, error))?;
        // Some modules make the public half by themselves, and take no other.
        let public = session.create_object(&import.public).ok();
        let given = objects::id(session, private)?;
        let mut pair = Held::pair(Key { handle: private, rsa }, Key { handle: private, rsa }, key.public_key().clone());
        pair.public = public.map(|handle| Key { handle, rsa }).into_iter().collect();
        self.remember(&order.id, given, pair);
        Ok(())
    }

    fn named(&self, id: &KeyId) -> KeyId {
        let given = self.renamed.iter().rev().find(|(ordered, _)| ordered == id);
        given.map_or_else(|| id.clone(), |(_, given)| given.clone())
    }

    fn sign(&mut self, id: &KeyId, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, Error> {
        let (session, held) = self.held(id)?;
        let Some(private) = held.private.first().copied() else { return Err(Error::NoSuchKey(id.clone())) };
        let absent = || device("C_FindObjects", CallError::AttributeAbsent("the public key"));
        let kind = held.public_key(session)?.ok_or_else(absent)?.kind();
        sign::sign(session, private.handle, kind, algorithm, message)
    }

    fn write_certificate(&mut self, id: &KeyId, label: &str, certificate: &[u8]) -> Result<(), Error> {
        let id = self.named(id);
        let template = attributes::certificate(&id, label, certificate)?;
        let (session, held) = self.held(&id)?;
        if held.private.is_empty() {
            return Err(Error::NoSuchKey(id));
        }
        let mut written = None;
        for handle in &held.certificates {
            let there = objects::told(objects::certificate(session, *handle))?.flatten();
            if there.as_deref() == Some(certificate) {
                written = Some(*handle);
            }
        }
        // The old certificate is deleted only once the new one is there.
        let written = match written {
            Some(written) => written,
            None => session.create_object(&template).map_err(failed("C_CreateObject"))?,
        };
        let old = std::mem::replace(&mut held.certificates, vec![written]);
        for handle in old.into_iter().filter(|handle| *handle != written) {
            session.destroy_object(handle).map_err(failed("C_DestroyObject"))?;
        }
        Ok(())
    }

    fn read_certificate(&mut self, id: &KeyId) -> Result<Option<Vec<u8>>, Error> {
        let (session, held) = self.held(id)?;
        held.certificate(session)
    }

    fn delete(&mut self, id: &KeyId) -> Result<usize, Error> {
        let id = self.named(id);
        // Searched anew, so that objects which another program wrote under the id are deleted too.
        self.forget(&id);
        let held = Held::find(&self.session, &id)?;
        let mut gone = 0;
        for handle in held.handles() {
            match self.session.destroy_object(handle) {
                Ok(()) => gone += 1,
                Err(Cryptoki::Pkcs11(RvError::ObjectHandleInvalid, _)) => {}
                Err(error) => return Err(failed("C_DestroyObject")(error)),
            }
        }
        Ok(gone)
    }
}

/// Translates an error of C_CreateObject for a private key; a module that takes none refuses by one of several values.
fn not_taken(order: &KeyOrder, error: Cryptoki) -> Error {
    match error {
        Cryptoki::Pkcs11(
            RvError::FunctionNotSupported
            | RvError::AttributeTypeInvalid
            | RvError::AttributeValueInvalid
            | RvError::AttributeReadOnly
            | RvError::TemplateInconsistent
            | RvError::TemplateIncomplete
            | RvError::ActionProhibited,
            _,
        ) => Error::NotOffered("the import of a private key"),
        Cryptoki::Pkcs11(RvError::KeySizeRange | RvError::CurveNotSupported | RvError::DomainParamsInvalid, _) => {
            Error::Algorithm(order.algorithm)
        }
        error => failed(CREATING)(error),
    }
}

/// Translates an error of C_GenerateKeyPair; unsupported kinds of key are [`Error::Algorithm`].
fn not_made(order: &KeyOrder, error: Cryptoki) -> Error {
    match error {
        Cryptoki::Pkcs11(
            RvError::MechanismInvalid
            | RvError::MechanismParamInvalid
            | RvError::KeySizeRange
            | RvError::CurveNotSupported
            | RvError::DomainParamsInvalid,
            _,
        ) => Error::Algorithm(order.algorithm),
        error => failed("C_GenerateKeyPair")(error),
    }
}
