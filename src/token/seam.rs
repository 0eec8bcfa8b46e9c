//! Defines the two traits that every kind of token implements.

use super::condition::{Condition, LogonKey};
use super::credentials::{Admin, Authority, Counterpart, Credentials, Operation, User};
use super::error::Error;
use super::factory::Factory;
use super::form::SecretForm;
use super::identity::Identity;
use super::keys::{Arrival, KeyId, KeyOffer, KeyOrder, KeyWish, Placement, Room, StoredKey};
use super::prospect::{Expected, Prospect};
use super::tries::{Counters, LastTry, SecretKind};
use crate::pkix::{KeyAlgorithm, MemoryKey, PublicKey, SignatureAlgorithm};
use crate::secret::{AdminKey, Pin, Puk};
use uuid::Uuid;

/// Represents a card or device that can be chosen by serial or label.
pub trait Token {
    /// Returns what identifies the token.
    fn identity(&self) -> &Identity;

    /// Has the token go by its earlier serial ([`Identity::earlier_serial`]), by which a server knows it; what is written
    /// on it from now on keeps that name. Only where a renewal of what names the card would lose it.
    fn go_by_earlier_serial(&mut self) {}

    /// Writes a random id on a token that nothing names, readable without a login, and reads it back; the token is named
    /// by it from then on. `user` logs in where the token does not take it otherwise. A token that has a name, or cannot
    /// keep an id, refuses ([`Error::NotOffered`]).
    fn write_card_id(&mut self, _id: Uuid, _user: Option<User<'_>>) -> Result<(), Error> {
        Err(Error::NotOffered("a place for an id of its own"))
    }

    /// Returns the answer to reset of the card in its reader (ISO/IEC 7816-3, 8); empty for a token that is no card.
    fn atr(&self) -> Vec<u8> {
        Vec::new()
    }

    /// Reads the retry counters without spending a try.
    fn counters(&mut self) -> Result<Counters, Error>;

    /// Lists what is readable without the PIN: certificates and public keys, one entry for each [`KeyId`].
    fn public_objects(&mut self) -> Result<Vec<StoredKey>, Error>;

    /// Says whether what was read without the PIN is the card's own word on which private keys it has, and not just a
    /// certificate, of which anybody can have a copy.
    fn tells_keys(&self) -> bool {
        false
    }

    /// Reads counters and public objects together, with as few commands as possible.
    fn overview(&mut self) -> Result<(Counters, Vec<StoredKey>), Error> {
        Ok((self.counters()?, self.public_objects()?))
    }

    /// Returns whose secret `operation` needs on this kind of token.
    fn authority(&self, operation: Operation) -> Authority;

    /// Returns which texts this kind of token takes as the secret, known without asking the token; `None` where it does
    /// not tell.
    fn form(&self, secret: SecretKind) -> Option<SecretForm>;

    /// Reads what an enrollment will need to know; spends no try and changes nothing.
    fn condition(&mut self) -> Result<Condition, Error>;

    /// Says with which key somebody logs on, as Windows chooses it.
    fn logon_key(&mut self) -> Result<LogonKey, Error> {
        Ok(LogonKey::Untold)
    }

    /// Returns the certificates of authorities (DER) that the token keeps apart for whoever uses it.
    fn ca_certificates(&mut self) -> Result<Vec<Vec<u8>>, Error> {
        Ok(Vec::new())
    }

    /// Names the secrets that tokens of this kind come with.
    fn factory(&self) -> Factory {
        Factory::BLANK
    }

    /// Says whether the administrator's secret is a key, not a text.
    fn has_admin_key(&self) -> bool {
        false
    }

    /// Says whether the token keeps a copy of its admin key for whoever has its PIN; spends no try.
    fn keeps_admin_key(&mut self) -> Result<bool, Error> {
        Ok(false)
    }

    /// Returns the copy of its admin key that the token keeps for whoever has its PIN; `None` where it keeps none.
    fn kept_admin_key(&mut self, _user: User<'_>) -> Result<Option<AdminKey>, Error> {
        Ok(None)
    }

    /// Tells what the token offers for keys of this algorithm, with at most one command; it may be asked before anything
    /// has begun.
    fn offer(&mut self, algorithm: KeyAlgorithm) -> Result<KeyOffer, Error>;

    /// Says whether the reader has a PIN pad that can be used.
    fn has_pin_pad(&mut self) -> bool {
        false
    }

    /// Chooses where a new key will be; changes nothing on the token.
    fn place(&mut self, wish: &KeyWish) -> Result<Placement, Error>;

    /// Says whether the key under `id` is lost when another takes its place: ids are places here, and the token cannot
    /// move a key to another one.
    fn loses_replaced(&mut self, _id: &KeyId) -> Result<bool, Error> {
        Ok(false)
    }

    /// Says of each key that will come from elsewhere where it would go, as far as that shows without a login: what
    /// [`Session::place_of`] and [`Session::import`] would refuse is refused. They are written in this order; `given` are
    /// the ids of other new keys. Changes nothing.
    fn prospects(&mut self, expected: &[Expected], _given: &[KeyId]) -> Result<Vec<Prospect>, Error> {
        Ok(expected.iter().map(|expected| Prospect::Free(KeyId(expected.name.clone()))).collect())
    }

    /// Logs in, once: the administrator first, then the user. The session borrows the token, and dropping it logs out.
    fn log_in(&mut self, credentials: Credentials<'_>) -> Result<Box<dyn Session + '_>, Error>;

    /// Changes the PIN from `current` to `new`.
    fn change_pin(&mut self, current: &Pin, new: &Pin, last_try: LastTry) -> Result<(), Error>;

    /// Sets the PIN with the administrator's secret: the first PIN, or a new one in place of one that was forgotten.
    fn set_pin(&mut self, admin: Admin<'_>, new: &Pin, last_try: LastTry) -> Result<(), Error>;

    /// Has the token compare the administrator's secret; changes nothing, but may cost a try.
    fn prove_admin(&mut self, _admin: Admin<'_>, _last_try: LastTry) -> Result<(), Error> {
        Err(Error::NotOffered("a proof of the administrator alone"))
    }

    /// Has the token and whoever has its admin key authenticate each other, so that he sees that the token is there;
    /// changes nothing, but may cost a try. Another program that uses the card meanwhile spoils it ([`Error::Reset`]): it
    /// may be begun anew. A token without such a protocol refuses ([`Error::NotOffered`]).
    fn show_presence(&mut self, _counterpart: &mut dyn Counterpart, _last_try: LastTry) -> Result<(), Error> {
        Err(Error::NotOffered("mutual authentication"))
    }

    /// Returns how many bytes the token said it could still take when it was found; `None` where it does not tell.
    fn free_memory(&self) -> Option<usize> {
        None
    }

    /// Proves the administrator, and makes sure by a trial that keys and certificates will fit; the trial is undone, and
    /// what is under their ids stays. Errors: [`Error::Full`], [`Error::CertificateTooLarge`]. A token on which the
    /// administrator can try nothing refuses ([`Error::NotOffered`]).
    fn try_room(&mut self, _admin: Admin<'_>, _rooms: &[Room], _last_try: LastTry) -> Result<(), Error> {
        Err(Error::NotOffered("a trial of its room"))
    }

    /// Replaces the administrator's secret by `new`.
    fn change_admin_key(&mut self, current: Admin<'_>, new: &AdminKey, last_try: LastTry) -> Result<(), Error>;

    /// Says whether the card is sure to lack a way to replace its administrator's secret; spends no try and changes
    /// nothing.
    fn admin_key_is_fixed(&mut self) -> Result<bool, Error> {
        Ok(false)
    }

    /// Changes the PIN unblocking key. A token that has none refuses ([`Error::NotOffered`]).
    fn change_puk(&mut self, _current: &Puk, _new: &Puk, _last_try: LastTry) -> Result<(), Error> {
        Err(Error::NotOffered("a PUK"))
    }

    /// Returns the token to its factory state: keys, certificates and secrets. On some tokens this locks PIN and PUK on
    /// the way, so call it only when a reset was asked for. A token that cannot refuses ([`Error::NotOffered`]).
    fn reset_to_factory(&mut self) -> Result<(), Error> {
        Err(Error::NotOffered("a reset to the factory's state"))
    }
}

/// Works on a token within a login.
pub trait Session {
    /// Returns what is stored under `id`; `None` when nothing is.
    fn find(&mut self, id: &KeyId) -> Result<Option<StoredKey>, Error>;

    /// Lists everything stored, one entry for each [`KeyId`].
    fn list(&mut self) -> Result<Vec<StoredKey>, Error>;

    /// Says whether the private key under `id` belongs to `public_key`. Where the token does not tell, a trial
    /// signature does.
    fn holds(&mut self, id: &KeyId, public_key: &PublicKey) -> Result<bool, Error>;

    /// Makes sure that a certificate of `length` bytes will fit under `id`, before anybody is asked to issue it. What
    /// is under `id` stays. Errors: [`Error::Full`], [`Error::CertificateTooLarge`].
    fn reserve(&mut self, id: &KeyId, length: usize) -> Result<(), Error>;

    /// Releases the card while a person or the network is waited for. The next call takes it again, and fails with
    /// [`Error::Reset`] if the login was lost meanwhile.
    fn pause(&mut self) {}

    /// Generates a key pair on the token; the private key never leaves it. May take minutes (RSA on a card). An id that
    /// already names a key is refused ([`Error::KeyIdTaken`]) unless the order says to replace it.
    fn generate(&mut self, order: &KeyOrder) -> Result<PublicKey, Error>;

    /// Writes a key pair that was made elsewhere to the token. A token that cannot refuses ([`Error::NotOffered`]).
    fn import(&mut self, _order: &KeyOrder, _key: &MemoryKey) -> Result<(), Error> {
        Err(Error::NotOffered("the import of a private key"))
    }

    /// Moves key and certificate under `id` to a place for earlier keys, before another takes their place; false where
    /// the token cannot move keys.
    fn keep(&mut self, _id: &KeyId) -> Result<bool, Error> {
        Ok(false)
    }

    /// Returns where a key from elsewhere goes: where its certificate is already, else a place that suits it. Changes
    /// nothing. Errors: [`Error::Full`].
    fn place_of(&mut self, arrival: &Arrival<'_>) -> Result<KeyId, Error> {
        let is_there = |stored: &StoredKey| stored.certificate.as_deref() == Some(arrival.certificate);
        let there = self.list()?.into_iter().find(is_there);
        Ok(there.map_or_else(|| KeyId(arrival.name.to_vec()), |stored| stored.id))
    }

    /// Returns the id under which the token has what this session made or imported under `id`; some tokens choose ids
    /// themselves.
    fn named(&self, id: &KeyId) -> KeyId {
        id.clone()
    }

    /// Signs `message` with the key under `id`. The signature has the form described at [`crate::pkix::Signer::sign`].
    fn sign(&mut self, id: &KeyId, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, Error>;

    /// Returns the attestation of the key under `id` as certificates (DER): the key's, then its issuers' as far as the
    /// token holds them. Nothing is verified here. A token that cannot attest refuses ([`Error::NotOffered`]).
    fn attest(&mut self, _id: &KeyId) -> Result<Vec<Vec<u8>>, Error> {
        Err(Error::NotOffered("attestation"))
    }

    /// Returns the note of this name; `None` when there is none. A token that keeps no notes refuses
    /// ([`Error::NotOffered`]).
    fn note(&mut self, _name: &str) -> Result<Option<Vec<u8>>, Error> {
        Err(Error::NotOffered("notes"))
    }

    /// Writes a note of at most some hundred bytes in place of the one of this name, which must be less, byte by byte.
    fn write_note(&mut self, _name: &str, _content: &[u8]) -> Result<(), Error> {
        Err(Error::NotOffered("notes"))
    }

    /// Writes the certificate (DER) beside the key under `id`; it replaces one that is there.
    fn write_certificate(&mut self, id: &KeyId, label: &str, certificate: &[u8]) -> Result<(), Error>;

    /// Reads back the certificate (DER) under `id`; `None` when there is none.
    fn read_certificate(&mut self, id: &KeyId) -> Result<Option<Vec<u8>>, Error>;

    /// Adds certificates of authorities (DER) to those that the token keeps for whoever uses it, and returns how many
    /// were missing; none that is there is lost. A token without a place for them ignores them. Errors:
    /// [`Error::Full`], [`Error::CertificateTooLarge`].
    fn write_ca_certificates(&mut self, _certificates: &[Vec<u8>]) -> Result<usize, Error> {
        Ok(0)
    }

    /// Takes off the certificates of the authorities above `leaves` (DER), except those above another certificate on the
    /// token, and returns how many these were.
    fn remove_ca_certificates(&mut self, _leaves: &[Vec<u8>]) -> Result<usize, Error> {
        Ok(0)
    }

    /// Deletes keys and certificate under `id` and returns the number of objects deleted.
    fn delete(&mut self, id: &KeyId) -> Result<usize, Error>;
}
