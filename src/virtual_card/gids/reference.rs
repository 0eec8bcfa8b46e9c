//! Reference data: the user's PIN and its retry counter, and VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER.

use super::applet::{Answer, Applet, nothing};
use crate::iso7816::StatusWord;
use crate::virtual_card::wire::WireCommand;
use zeroize::Zeroizing;

/// Fewest and most bytes of a PIN.
pub(super) const PIN_LENGTHS: std::ops::RangeInclusive<usize> = 4..=16;
/// Key references of VERIFY: the PIN, which may also go unnamed, and GIDS' word for logging out.
const PIN: [u8; 2] = [0x80, 0x00];
const LOG_OUT: u8 = 0x82;

/// A retry counter.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Tries {
    pub left: u8,
    pub limit: u8,
}

impl Tries {
    /// 63Cx can tell of 15 tries at most.
    pub fn new(limit: u8) -> Self {
        let limit = limit.clamp(1, 15);
        Self { left: limit, limit }
    }

    /// Spends a try before what was presented is looked at, so that a power cut cannot save it.
    pub fn spend(&mut self) -> Result<(), StatusWord> {
        self.left = self.left.checked_sub(1).ok_or(StatusWord::AUTHENTICATION_METHOD_BLOCKED)?;
        Ok(())
    }

    pub fn restore(&mut self) {
        self.left = self.limit;
    }

    pub fn told(self) -> StatusWord {
        StatusWord(0x63C0 | u16::from(self.left))
    }
}

/// The user's PIN; a card fresh from the factory has none.
pub(super) struct Pin {
    pub value: Option<Zeroizing<Vec<u8>>>,
    pub tries: Tries,
}

impl Pin {
    /// Spends a try; gives it back when the PIN is right.
    fn check(&mut self, presented: &[u8]) -> Result<(), StatusWord> {
        self.tries.spend()?;
        let value = self.value.as_ref().ok_or(StatusWord::REFERENCE_DATA_NOT_USABLE)?;
        aws_lc_rs::constant_time::verify_slices_are_equal(value, presented).map_err(|_| self.tries.told())?;
        self.tries.restore();
        Ok(())
    }

    fn set(&mut self, value: &[u8]) {
        self.value = Some(Zeroizing::new(value.to_vec()));
    }

    /// The bytes of the PIN in force, which is how old and new are told apart in CHANGE REFERENCE DATA.
    fn length(&self) -> usize {
        self.value.as_ref().map_or(0, |value| value.len())
    }
}

impl Applet {
    /// VERIFY (ISO/IEC 7816-4, 7.5.6). Without data it asks whether the PIN is still wanted. A PIN of impossible
    /// length costs no try.
    pub(super) fn verify(&mut self, command: &WireCommand) -> Answer {
        match (command.p1, command.p2) {
            (0x00, LOG_OUT) if command.data.is_empty() => {
                self.log_out();
                return nothing();
            }
            (0x00, LOG_OUT) => return Err(StatusWord::WRONG_LENGTH),
            (0x00, reference) if PIN.contains(&reference) => {}
            (0x00, _) => return Err(StatusWord::REFERENCE_DATA_NOT_FOUND),
            _ => return Err(StatusWord::INCORRECT_P1_P2),
        }
        let tries = self.held.pin.tries;
        if tries.left == 0 {
            return Err(StatusWord::AUTHENTICATION_METHOD_BLOCKED);
        }
        if command.data.is_empty() {
            return if self.proven().user { nothing() } else { Err(tries.told()) };
        }
        if !PIN_LENGTHS.contains(&command.data.len()) {
            return Err(tries.told());
        }
        self.session.user = false;
        self.held.pin.check(&command.data)?;
        self.session.user = true;
        nothing()
    }

    /// CHANGE REFERENCE DATA (7.5.7). P1 00: old and new PIN, one behind the other; P1 01: the new one alone, while
    /// the card is being made ready or the old one has been verified.
    pub(super) fn change_reference_data(&mut self, command: &WireCommand) -> Answer {
        if !PIN.contains(&command.p2) {
            return Err(StatusWord::REFERENCE_DATA_NOT_FOUND);
        }
        match command.p1 {
            0x00 => self.change_pin(&command.data),
            0x01 => {
                if !self.proven().user {
                    return Err(StatusWord::SECURITY_STATUS_NOT_SATISFIED);
                }
                self.set_pin(&command.data)
            }
            _ => Err(StatusWord::INCORRECT_P1_P2),
        }
    }

    fn change_pin(&mut self, both: &[u8]) -> Answer {
        let pin = &mut self.held.pin;
        if pin.tries.left == 0 {
            return Err(StatusWord::AUTHENTICATION_METHOD_BLOCKED);
        }
        if both.len() < 2 * PIN_LENGTHS.start() || both.len() > 2 * PIN_LENGTHS.end() {
            return Err(pin.tries.told());
        }
        self.session.user = false;
        // A wrong guess must cost a try before its length can tell how long the PIN is.
        let (old, new) = both.split_at(pin.length().min(both.len()));
        pin.check(old)?;
        self.set_pin(new)?;
        self.session.user = true;
        nothing()
    }

    fn set_pin(&mut self, new: &[u8]) -> Answer {
        if !PIN_LENGTHS.contains(&new.len()) {
            return Err(StatusWord::WRONG_LENGTH);
        }
        self.held.pin.set(new);
        self.held.pin.tries.restore();
        nothing()
    }

    /// RESET RETRY COUNTER (7.5.10): P1 02, a new PIN on the administrator's word, which is used up by it.
    pub(super) fn reset_retry_counter(&mut self, command: &WireCommand) -> Answer {
        self.wants_activated()?;
        match (command.p1, command.p2) {
            (0x02, 0x80) => {}
            (0x02, _) => return Err(StatusWord::REFERENCE_DATA_NOT_FOUND),
            _ => return Err(StatusWord::INCORRECT_P1_P2),
        }
        if !self.proven().admin {
            return Err(StatusWord::SECURITY_STATUS_NOT_SATISFIED);
        }
        self.set_pin(&command.data)?;
        self.log_out();
        nothing()
    }
}
