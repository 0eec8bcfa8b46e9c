//! Holds what the face has given: PINs, PUK, SO PIN.

use super::step::Input;
use crate::secret::{Pin, Puk};
use crate::token::{LastTry, User};

/// Holds what the face has given, each secret until it is used up or was refused.
#[derive(Default)]
pub(super) struct Inputs {
    pub pin: Option<PinEntry>,
    pub new_pin: Option<Pin>,
    pub so_pin: Option<(Pin, LastTry)>,
    pub puk: Option<(Puk, LastTry)>,
}

impl Inputs {
    /// Keeps one input, in place of an earlier one of its kind.
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

/// Says how the user proves to be who they are.
pub(super) enum PinEntry {
    Typed(Pin, LastTry),
    /// The PIN is typed at the reader's own keys, anew for each login.
    Pad(LastTry),
}

impl PinEntry {
    /// Returns what a login takes.
    pub fn as_user(&self) -> User<'_> {
        match self {
            PinEntry::Typed(pin, last_try) => User::Pin(pin, *last_try),
            PinEntry::Pad(last_try) => User::PinPad(*last_try),
        }
    }
}
