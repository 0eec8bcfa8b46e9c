//! The seam: what every card or device can be asked, whatever tongue it speaks.
//!
//! In: secrets, key orders, bytes to sign. Out: public keys, signatures, facts about the token. Implemented by the
//! tongues ([`crate::pkcs11`]); called by [`crate::enrollment`]. It has never heard of HTTP, and names no APDU and no
//! `C_*` call. Retry counters are read before a try is spent, and a last try is spent only on [`LastTry::Spend`].

use crate::pkix::{KeyAlgorithm, PublicKey, SignatureAlgorithm};
use crate::secret::{AdminKey, Pin};

/// Who a token is; `serial` and `label` choose it, never a slot number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The tongue it speaks, "PKCS#11" for one.
    pub kind: &'static str,
    pub label: String,
    pub serial: String,
    pub manufacturer: String,
    pub model: String,
}

/// How many tries a secret has left, as exactly as the token tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tries {
    /// The secret has not been set.
    NotSet,
    /// No wrong try since the last right one.
    Full,
    /// At least one wrong try; more than one left.
    Low,
    /// One try left.
    Last,
    Locked,
    /// An exact number left.
    Left(u8),
}

/// The retry counters of the user's and the administrator's secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counters {
    pub user: Tries,
    pub admin: Tries,
}

/// May the last try of a secret be spent?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastTry {
    Keep,
    Spend,
}

/// What is asked of a token, when it matters who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Generate,
    Sign,
    WriteCertificate,
    Delete,
    Unblock,
    ChangeAdminKey,
}

/// Whose secret lets an operation happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    User,
    Admin,
}

/// How the administrator is proven to the token.
pub enum Admin<'a> {
    /// The admin key itself; on PKCS#11 its lower-case hexadecimal digits are the SO PIN.
    Key(&'a AdminKey),
    /// An SO PIN as somebody typed it.
    SoPin(&'a Pin),
    /// Somebody afar who answers the token's challenge.
    Responder(&'a mut dyn ChallengeResponder),
}

/// Answers a card's challenge, so that the admin key need not be here.
pub trait ChallengeResponder {
    /// The response to `challenge` (8 bytes for 3DES).
    fn respond(&mut self, challenge: &[u8]) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>>;
}

/// Names a key pair and its certificate on a token (CKA_ID on PKCS#11).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyId(pub Vec<u8>);

/// A key pair to be made.
#[derive(Clone, Debug)]
pub struct KeyOrder {
    pub id: KeyId,
    /// What people see beside the key.
    pub label: String,
    pub algorithm: KeyAlgorithm,
    /// The key may decrypt or agree, besides signing.
    pub decrypts: bool,
}

/// What a token holds under one [`KeyId`].
#[derive(Clone)]
pub struct StoredKey {
    pub id: KeyId,
    pub label: String,
    /// `None` when only a certificate is there.
    pub public_key: Option<PublicKey>,
    pub has_private_key: bool,
    /// The certificate, DER.
    pub certificate: Option<Vec<u8>>,
}

/// A card or device that can be chosen by serial or label.
pub trait Token {
    fn identity(&self) -> &Identity;

    /// Reads the retry counters without spending a try.
    fn counters(&mut self) -> Result<Counters, Error>;

    /// What anybody may see without the PIN: certificates and public keys, one entry a [`KeyId`].
    fn public_objects(&mut self) -> Result<Vec<StoredKey>, Error>;

    /// Whose secret lets `operation` happen on this kind of token.
    fn authority(&self, operation: Operation) -> Authority;

    /// Logs the user in, once; the session is a borrow of the token, and dropping it logs out.
    fn log_in(&mut self, pin: &Pin, last_try: LastTry) -> Result<Box<dyn Session + '_>, Error>;

    /// Changes the PIN from `current` to `new`.
    fn change_pin(&mut self, current: &Pin, new: &Pin, last_try: LastTry) -> Result<(), Error>;

    /// Sets `new` as the PIN by the administrator's authority: the first PIN, or one for a forgotten one.
    fn set_pin(&mut self, admin: Admin<'_>, new: &Pin, last_try: LastTry) -> Result<(), Error>;

    /// Replaces the administrator's secret by `new`.
    fn change_admin_key(&mut self, current: Admin<'_>, new: &AdminKey, last_try: LastTry) -> Result<(), Error>;
}

/// A logged-in user's work on a token.
pub trait Session {
    /// What is held under `id`; `None` when nothing is.
    fn find(&mut self, id: &KeyId) -> Result<Option<StoredKey>, Error>;

    /// Everything held, one entry a [`KeyId`].
    fn list(&mut self) -> Result<Vec<StoredKey>, Error>;

    /// Generates a key pair on the token; the private key never leaves it. May take minutes (RSA on a card).
    /// An id that names a key already is refused ([`Error::KeyIdTaken`]).
    fn generate(&mut self, order: &KeyOrder) -> Result<PublicKey, Error>;

    /// Signs `message` with the key under `id`; the result is as [`crate::pkix::Signer::sign`] says.
    fn sign(&mut self, id: &KeyId, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, Error>;

    /// Writes the certificate (DER) beside the key under `id`, in place of one that is there.
    fn write_certificate(&mut self, id: &KeyId, label: &str, certificate: &[u8]) -> Result<(), Error>;

    /// Reads back the certificate (DER) under `id`; `None` when there is none.
    fn read_certificate(&mut self, id: &KeyId) -> Result<Option<Vec<u8>>, Error>;

    /// Deletes keys and certificate under `id`, and says how many objects went.
    fn delete(&mut self, id: &KeyId) -> Result<usize, Error>;
}

/// Which secret a refusal speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretKind {
    Pin,
    /// The admin key, or the SO PIN on PKCS#11.
    Admin,
}

/// Why a token refused, in words that hold for every kind.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("the {secret} is wrong; {left}")]
    SecretRefused { secret: SecretKind, left: Tries },
    #[error("one try of the {secret} is left; it was not spent")]
    LastTryKept { secret: SecretKind },
    #[error("the {secret} is locked")]
    Locked { secret: SecretKind },
    #[error("the {secret} has not been set")]
    NotSet { secret: SecretKind },
    #[error("the {secret} does not fit the token's rules ({minimum} to {maximum} bytes)")]
    SecretLength { secret: SecretKind, minimum: usize, maximum: usize },
    #[error("the token was removed")]
    Removed,
    #[error("the token is full")]
    Full,
    #[error("the token cannot make {0:?} keys")]
    Algorithm(KeyAlgorithm),
    #[error("the token cannot sign with {0:?}")]
    Signature(SignatureAlgorithm),
    #[error("key id {} is taken; delete what it names first, or choose another", hex::encode(&.0.0))]
    KeyIdTaken(KeyId),
    #[error("what should be written is not a certificate")]
    NotACertificate(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("nothing is stored under key id {}", hex::encode(&.0.0))]
    NoSuchKey(KeyId),
    #[error("this kind of token has no challenge to answer; it needs the administrator's secret itself")]
    NoChallenge,
    #[error("the administrator's responder failed")]
    Responder(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What the tongue below said, kept as the source.
    #[error("the token failed at {operation}")]
    Device {
        operation: &'static str,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl std::fmt::Display for SecretKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            SecretKind::Pin => "PIN",
            SecretKind::Admin => "admin key (SO PIN)",
        })
    }
}

impl std::fmt::Display for Tries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Tries::NotSet => f.write_str("it has not been set"),
            Tries::Full => f.write_str("the token tells of no shortage of tries"),
            Tries::Low => f.write_str("few tries are left"),
            Tries::Last => f.write_str("one try is left"),
            Tries::Locked => f.write_str("no try is left"),
            Tries::Left(1) => f.write_str("one try is left"),
            Tries::Left(n) => write!(f, "{n} tries are left"),
        }
    }
}
