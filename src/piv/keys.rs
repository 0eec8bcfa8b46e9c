//! Puts keys on the card (SP 800-73-4 part 2, 3.3.2).

use super::command;
use super::error::{Error, refused_with};
use super::metadata::generated;
use super::offer::is_not_offered;
use super::reference::KeyReference;
use super::session::{Known, PivSession};
use crate::iso7816::StatusWord;
use crate::pkix::{KeyAlgorithm, MemoryKey, PublicKey, Signer};
use crate::token::{self, KeyOrder};

impl PivSession<'_> {
    /// Generates a key pair in the place that the order names.
    pub(super) fn make(&mut self, order: &KeyOrder) -> Result<PublicKey, token::Error> {
        let reference = self.prepare(order)?;
        let answer = self.application.done(command::generate(order.algorithm, reference));
        let answer = answer.map_err(|error| not_made(order.algorithm, error))?;
        let public_key = generated(order.algorithm, &answer)?;
        self.keep(reference, public_key.clone());
        Ok(public_key)
    }

    /// Imports a key pair into the place that the order names.
    pub(super) fn bring(&mut self, order: &KeyOrder, key: &MemoryKey) -> Result<(), token::Error> {
        if key.public_key().kind() != order.algorithm.kind() {
            return Err(token::Error::Algorithm(order.algorithm));
        }
        let reference = self.prepare(order)?;
        let numbers = key.expose_numbers().map_err(|error| Error::PrivateKey(error).at(command::IMPORT))?;
        let done = self.application.done(command::import(order.algorithm, reference, &numbers));
        done.map_err(|error| match refused_with(&error) {
            Some(word) if is_not_offered(word) => token::Error::NotOffered("the import of a private key"),
            _ => not_made(order.algorithm, error),
        })?;
        self.keep(reference, key.public_key().clone());
        Ok(())
    }

    fn keep(&mut self, reference: KeyReference, public_key: PublicKey) {
        let known = Known { public_key, certain: true, pin_policy: reference.pin_policy() };
        self.known.insert(reference, known);
    }

    /// Makes sure that a key may be put into the order's place, and returns the place.
    fn prepare(&mut self, order: &KeyOrder) -> Result<KeyReference, token::Error> {
        let no_reference = || Error::NoReference { id: order.id.0.clone() }.at(command::GENERATE);
        let reference = KeyReference::of(&order.id).ok_or_else(no_reference)?;
        self.enter_as_admin()?;
        if !order.replace && self.is_taken(reference)? {
            return Err(token::Error::KeyIdTaken(order.id.clone()));
        }
        self.known.remove(&reference);
        self.application.set_free(reference, false);
        Ok(reference)
    }

    /// Says whether the card tells of a key there, or has a certificate, which is taken as a sign of a key.
    fn is_taken(&mut self, reference: KeyReference) -> Result<bool, token::Error> {
        if self.known.contains_key(&reference) {
            return Ok(true);
        }
        if self.application.is_free(reference) {
            return Ok(false);
        }
        Ok(self.application.metadata(reference.byte())?.is_some() || self.application.is_certified(reference)?)
    }
}

/// Turns the status words by which a card says that it cannot make such a key (SP 800-73-4 part 2, table 12) into
/// [`token::Error::Algorithm`].
fn not_made(algorithm: KeyAlgorithm, error: token::Error) -> token::Error {
    match refused_with(&error) {
        Some(StatusWord::INCORRECT_DATA | StatusWord::FUNCTION_NOT_SUPPORTED) => token::Error::Algorithm(algorithm),
        _ => error,
    }
}
