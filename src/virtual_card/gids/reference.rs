//! The commands for the user's PIN and its retry counter: VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER.

use super::applet::{Answer, Applet, nothing};
use super::pin::PIN_LENGTHS;
use crate::iso7816::StatusWord;
use crate::virtual_card::wire::WireCommand;

/// Lists the references of the PIN in VERIFY; 00 leaves it unnamed.
const PIN: [u8; 2] = [0x80, 0x00];
/// Logs out of GIDS in VERIFY, where a reference would stand.
const LOG_OUT: u8 = 0x82;

impl Applet {
    /// Answers VERIFY (ISO/IEC 7816-4, 7.5.6). Without data it tells whether the PIN is still needed. A PIN of
    /// impossible length costs no try.
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

    /// Answers CHANGE REFERENCE DATA (7.5.7). P1 00: old and new PIN, one behind the other. P1 01: the new one alone,
    /// if the application is not activated yet or the old one has been verified.
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

    /// Answers RESET RETRY COUNTER (7.5.10). P1 02: a new PIN by the administrator's authority; it ends the
    /// administrator's login.
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
