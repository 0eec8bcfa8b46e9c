//! Names who may do what on a token, and how they prove who they are.

use super::tries::LastTry;
use crate::secret::{AdminKey, Pin, Puk};

/// Names the operations that need a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Generate,
    Sign,
    WriteCertificate,
    Delete,
    Unblock,
    ChangeAdminKey,
}

/// Names whose secret an operation needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    User,
    Admin,
    /// The PIN unblocking key (PIV).
    Puk,
}

/// Holds what proves the administrator to the token.
pub enum Admin<'a> {
    /// The admin key itself; on PKCS#11 its lower-case hexadecimal digits are the SO PIN.
    Key(&'a AdminKey),
    /// An SO PIN as somebody typed it.
    SoPin(&'a Pin),
    /// Somebody elsewhere who answers the token's challenge.
    Responder(&'a mut dyn ChallengeResponder),
    /// The PIN unblocking key, where [`super::Token::authority`] says [`Authority::Puk`].
    Puk(&'a Puk),
}

impl Admin<'_> {
    /// Returns what proves the administrator for one call, so that another can follow.
    pub fn again(&mut self) -> Admin<'_> {
        match self {
            Self::Key(key) => Admin::Key(key),
            Self::SoPin(pin) => Admin::SoPin(pin),
            Self::Responder(responder) => Admin::Responder(&mut **responder),
            Self::Puk(puk) => Admin::Puk(puk),
        }
    }
}

/// Holds what proves the user to the token.
#[derive(Clone, Copy)]
pub enum User<'a> {
    Pin(&'a Pin, LastTry),
    /// The PIN is typed on the reader's own keys and never reaches this computer. Only where
    /// [`super::Token::has_pin_pad`] says so.
    PinPad(LastTry),
}

/// Says who logs in. What the session may do follows from that: see [`super::Token::authority`].
pub struct Credentials<'a> {
    pub user: Option<User<'a>>,
    pub admin: Option<Admin<'a>>,
}

impl<'a> Credentials<'a> {
    /// Makes credentials for the user alone, by PIN.
    pub fn user(pin: &'a Pin, last_try: LastTry) -> Self {
        Self { user: Some(User::Pin(pin, last_try)), admin: None }
    }
}

/// Holds the side of whoever has the admin key in a mutual authentication: it sees that the card is there, and the card
/// that it has the key. Each call may wait for the network: the token holds no transaction meanwhile.
pub trait Counterpart {
    /// Returns what a PIV card's witness was before the card encrypted it, and a challenge of the same length.
    fn reveal(&mut self, witness: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Box<dyn std::error::Error + Send + Sync>>;

    /// Returns a challenge to a GIDS card, 16 bytes.
    fn challenge(&mut self) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>>;

    /// Answers the challenge of a GIDS card.
    fn answer(&mut self, challenge: &[u8]) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>>;

    /// Takes the card's answer to the challenge; an error says that it does not show that the card is there.
    fn judge(&mut self, answer: &[u8]) -> Result<(), Box<dyn std::error::Error + Send + Sync>>;
}

/// Answers a card's challenge, so that the admin key need not be on this computer.
pub trait ChallengeResponder {
    /// Returns the response to `challenge` (8 bytes for 3DES, 16 for AES). May wait for the network or a person: the
    /// token holds no transaction meanwhile.
    fn respond(&mut self, challenge: &[u8]) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>>;
}
