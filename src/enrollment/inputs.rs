//! What the face gave, until it is used up.

use super::step::Input;
use crate::secret::{Pin, Puk};
use crate::token::{LastTry, User};

/// What the face gave, until it is used up.
#[derive(Default)]
pub(super) struct Inputs {
    pub pin: Option<PinEntry>,
    pub new_pin: Option<Pin>,
    pub so_pin: Option<(Pin, LastTry)>,
    pub puk: Option<(Puk, LastTry)>,
}

impl Inputs {
    /// Keeps what the face gave, until it is used up.
    pub fn give(&mut self, input: Input) {
        match input {
            Input::Nothing => {}
            Input::Pin(pin, last_try) => self.pin = Some(PinEntry::Typed(pin, last_try)),
            Input::PinPad(last_try) => self.pin = Some(PinEntry::Pad(last_try)),
            Input::NewPin(pin) => self.new_pin = Some(pin),
            Input::SoPin(pin, last_try) => self.so_pin = Some((pin, last_try)),
            Input::Puk(puk, last_try) => self.puk = Some((puk, last_try)),
        }
    }
}

/// How the user is proven.
pub(super) enum PinEntry {
    Typed(Pin, LastTry),
    /// At the reader's own keys, anew for each login.
    Pad(LastTry),
}

impl PinEntry {
    pub fn as_user(&self) -> User<'_> {
        match self {
            PinEntry::Typed(pin, last_try) => User::Pin(pin, *last_try),
            PinEntry::Pad(last_try) => User::PinPad(*last_try),
        }
    }
}
