//! Who may do what on a token, and how they are proven to it.

use super::tries::LastTry;
use crate::secret::{AdminKey, Pin, Puk};

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
    /// The unblocking key, where [`super::Token::authority`] says [`Authority::Puk`].
    Puk(&'a Puk),
}

/// How the user is proven to the token.
pub enum User<'a> {
    Pin(&'a Pin, LastTry),
    /// The reader's own keys; the PIN never reaches this computer. Only where [`super::Token::has_pin_pad`].
    PinPad(LastTry),
}

/// Who logs in. What a session may do follows from it: see [`super::Token::authority`].
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
