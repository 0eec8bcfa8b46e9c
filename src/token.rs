//! The seam: what every card or device can be asked, whatever tongue it speaks.
//!
//! In: secrets, key orders, bytes to sign. Out: public keys, signatures, facts about the token. Implemented by the
//! tongues ([`crate::pkcs11`], [`crate::piv`], [`crate::gids`]); called by [`crate::enrollment`]. It has never heard of HTTP, and names no APDU and no
//! `C_*` call. Retry counters are read before a try is spent, and a last try is spent only on [`LastTry::Spend`].

use crate::pkix::{KeyAlgorithm, MemoryKey, PublicKey, SignatureAlgorithm};
use crate::secret::{AdminKey, Pin, Puk};
use time::Date;
use uuid::Uuid;

/// Who a token is; `serial` and `label` choose it, never a slot number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The tongue it speaks: "PKCS#11", "PIV" or "GIDS".
    pub kind: &'static str,
    pub label: String,
    pub serial: String,
    pub manufacturer: String,
    pub model: String,
    /// The GUID the card itself carries for good (GIDS: the file `cardid`); where there is none, one is derived.
    pub card_id: Option<Uuid>,
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
    /// The token does not tell.
    Untold,
}

impl Tries {
    /// May a try be spent? The last one only on [`LastTry::Spend`]; where the token does not tell, the caller sees to
    /// it that one wrong secret is not followed by another.
    pub fn may_try(self, secret: SecretKind, last_try: LastTry) -> Result<(), Error> {
        match self {
            Tries::NotSet => Err(Error::NotSet { secret }),
            Tries::Locked | Tries::Left(0) => Err(Error::Locked { secret }),
            Tries::Last | Tries::Left(1) if last_try == LastTry::Keep => Err(Error::LastTryKept { secret }),
            Tries::Full | Tries::Low | Tries::Last | Tries::Left(_) | Tries::Untold => Ok(()),
        }
    }
}

/// The retry counters of the token's secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counters {
    pub user: Tries,
    pub admin: Tries,
    /// `None` on a token without a PUK.
    pub puk: Option<Tries>,
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
    /// The unblocking key (PIV).
    Puk,
}

/// How the administrator is proven to the token.
pub enum Admin<'a> {
    /// The admin key itself; on PKCS#11 its lower-case hexadecimal digits are the SO PIN.
    Key(&'a AdminKey),
    /// An SO PIN as somebody typed it.
    SoPin(&'a Pin),
    /// Somebody afar who answers the token's challenge.
    Responder(&'a mut dyn ChallengeResponder),
    /// The unblocking key, where [`Token::authority`] says [`Authority::Puk`].
    Puk(&'a Puk),
}

/// How the user is proven to the token.
pub enum User<'a> {
    Pin(&'a Pin, LastTry),
    /// The reader's own keys; the PIN never reaches this computer. Only where [`Token::has_pin_pad`].
    PinPad(LastTry),
}

/// Who logs in. What a session may do follows from it: see [`Token::authority`].
pub struct Credentials<'a> {
    pub user: Option<User<'a>>,
    pub admin: Option<Admin<'a>>,
}

impl<'a> Credentials<'a> {
    /// The user alone, by PIN.
    pub fn user(pin: &'a Pin, last_try: LastTry) -> Self {
        Self { user: Some(User::Pin(pin, last_try)), admin: None }
    }
}

/// Answers a card's challenge, so that the admin key need not be here.
pub trait ChallengeResponder {
    /// The response to `challenge` (8 bytes for 3DES, 16 for AES). May wait for the network or a person: the token
    /// holds no transaction meanwhile.
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
    /// What is under the id gives way to the new key; else it is refused ([`Error::KeyIdTaken`]). Only where ids are
    /// places, as on PIV.
    pub replace: bool,
}

/// A key that is wanted, before it has a [`KeyId`].
#[derive(Clone, Debug)]
pub struct KeyWish {
    /// Unique to this key: the request's UUID, and its index where a request orders several.
    pub name: Vec<u8>,
    /// The key's index among those of its request.
    pub index: u8,
    /// It decrypts and does not sign; a key for both is placed like one that signs.
    pub decrypts_only: bool,
    /// What the new key is to supersede (a renewal); empty for a first one.
    pub supersedes: Vec<KeyId>,
}

/// Where a key will be, chosen before it is made so that a journal can name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    pub id: KeyId,
    /// The key that is under the id now, where the token tells; a key found there later is new if it is another one.
    pub replaces: Option<PublicKey>,
    /// A certificate is under the id now.
    pub occupied: bool,
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

/// What a look at a token shows of its fitness; `None` where it does not tell without a try being spent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    pub pin_is_default: Option<bool>,
    pub puk_is_default: Option<bool>,
    pub admin_key_is_default: Option<bool>,
    /// The key pairs it can make.
    pub algorithms: Option<Vec<KeyAlgorithm>>,
    /// The longest certificate it can take, in bytes, compression aside.
    pub largest_certificate: Option<usize>,
    pub card_identifier: CardIdentifier,
    /// Version of the applet or firmware.
    pub version: Option<String>,
}

/// The object by which other software tells that a card has changed (CHUID on PIV, `cardcf` on GIDS).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CardIdentifier {
    /// This kind of token has none.
    #[default]
    None,
    Absent,
    Present {
        expires: Option<Date>,
    },
    /// It is there and cannot be read as what it should be.
    Broken,
}

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

/// Which secret a refusal speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretKind {
    Pin,
    /// The admin key, or the SO PIN on PKCS#11.
    Admin,
    Puk,
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
    #[error("the card was reset by another program or lost its power, and the login with it")]
    Reset,
    #[error("another program holds the reader")]
    Busy,
    #[error("the card did not answer in time")]
    Timeout,
    #[error("nobody typed a PIN at the reader")]
    PinPadCancelled,
    #[error("the token is full")]
    Full,
    #[error("the certificate has {length} bytes, and the token takes at most {largest}")]
    CertificateTooLarge { length: usize, largest: usize },
    #[error("this token does not offer {0}")]
    NotOffered(&'static str),
    #[error("the session lacks the administrator's authority")]
    AdminNeeded,
    #[error("the session lacks the user's PIN")]
    UserNeeded,
    #[error("the card has no serial of its own yet; initialise it first")]
    NoSerial,
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
            SecretKind::Puk => "PUK",
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
            Tries::Untold => f.write_str("the token does not tell how many tries are left"),
        }
    }
}
