//! The two traits that every kind of token implements.

use super::condition::Condition;
use super::credentials::{Admin, Authority, Credentials, Operation};
use super::error::Error;
use super::identity::Identity;
use super::keys::{KeyId, KeyOrder, KeyWish, Placement, StoredKey};
use super::tries::{Counters, LastTry};
use crate::pkix::{MemoryKey, PublicKey, SignatureAlgorithm};
use crate::secret::{AdminKey, Pin, Puk};

/// A card or device that can be chosen by serial or label.
pub trait Token {
    fn identity(&self) -> &Identity;

    /// Reads the retry counters without spending a try.
    fn counters(&mut self) -> Result<Counters, Error>;

    /// What anybody may see without the PIN: certificates and public keys, one entry a [`KeyId`].
    fn public_objects(&mut self) -> Result<Vec<StoredKey>, Error>;

    /// Counters and public objects together, in as few commands as it takes.
    fn overview(&mut self) -> Result<(Counters, Vec<StoredKey>), Error> {
        Ok((self.counters()?, self.public_objects()?))
    }

    /// Whose secret lets `operation` happen on this kind of token.
    fn authority(&self, operation: Operation) -> Authority;

    /// Looks at what an enrollment will need, spending no try and changing nothing.
    fn condition(&mut self) -> Result<Condition, Error>;

    /// The reader has keys of its own that can be used for the PIN.
    fn has_pin_pad(&mut self) -> bool {
        false
    }

    /// Chooses where a new key will be. Nothing is changed on the token.
    fn place(&mut self, wish: &KeyWish) -> Result<Placement, Error>;

    /// Logs in, once: the administrator first, then the user. The session is a borrow of the token, and dropping it
    /// logs out.
    fn log_in(&mut self, credentials: Credentials<'_>) -> Result<Box<dyn Session + '_>, Error>;

    /// Changes the PIN from `current` to `new`.
    fn change_pin(&mut self, current: &Pin, new: &Pin, last_try: LastTry) -> Result<(), Error>;

    /// Sets `new` as the PIN by the administrator's authority: the first PIN, or one for a forgotten one.
    fn set_pin(&mut self, admin: Admin<'_>, new: &Pin, last_try: LastTry) -> Result<(), Error>;

    /// Replaces the administrator's secret by `new`.
    fn change_admin_key(&mut self, current: Admin<'_>, new: &AdminKey, last_try: LastTry) -> Result<(), Error>;

    /// Changes the unblocking key, where the token has one.
    fn change_puk(&mut self, _current: &Puk, _new: &Puk, _last_try: LastTry) -> Result<(), Error> {
        Err(Error::NotOffered("a PUK"))
    }

    /// Returns the token to the state of the factory: keys, certificates and secrets. On some tokens this locks PIN and
    /// PUK on purpose, so it is only called when that was asked for.
    fn reset_to_factory(&mut self) -> Result<(), Error> {
        Err(Error::NotOffered("a reset to the factory's state"))
    }
}

/// A logged-in user's work on a token.
pub trait Session {
    /// What is held under `id`; `None` when nothing is.
    fn find(&mut self, id: &KeyId) -> Result<Option<StoredKey>, Error>;

    /// Everything held, one entry a [`KeyId`].
    fn list(&mut self) -> Result<Vec<StoredKey>, Error>;

    /// Whether the private key under `id` is that of `public_key`; by a trial signature where the token does not tell.
    fn holds(&mut self, id: &KeyId, public_key: &PublicKey) -> Result<bool, Error>;

    /// Makes sure that a certificate of `length` bytes will fit under `id`, before anybody is asked to issue it
    /// ([`Error::Full`], [`Error::CertificateTooLarge`]). What is under `id` stays.
    fn reserve(&mut self, id: &KeyId, length: usize) -> Result<(), Error>;

    /// Lets go of the card while a person or the network is waited for; the next call takes it up again, and refuses
    /// ([`Error::Reset`]) if the login was lost meanwhile.
    fn pause(&mut self) {}

    /// Generates a key pair on the token; the private key never leaves it. May take minutes (RSA on a card).
    /// An id that names a key already is refused ([`Error::KeyIdTaken`]) unless the order replaces it.
    fn generate(&mut self, order: &KeyOrder) -> Result<PublicKey, Error>;

    /// Brings a key pair that was made elsewhere onto the token.
    fn import(&mut self, _order: &KeyOrder, _key: &MemoryKey) -> Result<(), Error> {
        Err(Error::NotOffered("the import of a private key"))
    }

    /// Signs `message` with the key under `id`; the result is as [`crate::pkix::Signer::sign`] says.
    fn sign(&mut self, id: &KeyId, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, Error>;

    /// What the token's maker says of the key under `id`, as certificates (DER): that for the key, then those it comes
    /// from as far as the token holds them. Nothing is verified here.
    fn attest(&mut self, _id: &KeyId) -> Result<Vec<Vec<u8>>, Error> {
        Err(Error::NotOffered("attestation"))
    }

    /// Writes the certificate (DER) beside the key under `id`, in place of one that is there.
    fn write_certificate(&mut self, id: &KeyId, label: &str, certificate: &[u8]) -> Result<(), Error>;

    /// Reads back the certificate (DER) under `id`; `None` when there is none.
    fn read_certificate(&mut self, id: &KeyId) -> Result<Option<Vec<u8>>, Error>;

    /// Deletes keys and certificate under `id`, and says how many objects went.
    fn delete(&mut self, id: &KeyId) -> Result<usize, Error>;
}
