//! A PIV card (SP 800-73-4, SP 800-78-4) in software, written from the standard a second time; by option, a YubiKey 5.
//!
//! In: command APDUs. Out: response APDUs. [`Command`](command::Command) is made of the bytes by one match, the applet
//! says what each command does, [`state`] is what survives a power cut. Absent: secure messaging, biometry, the global
//! PIN, the contactless interface, touch.

mod applet;
mod attestation;
mod bytes;
mod command;
mod extension;
mod fields;
mod keys;
mod objects;
mod options;
mod security;
mod state;
mod yubikey;

use super::answer_to_reset::{self, Without};
use super::card::VirtualCard;
use super::wire::{Wire, WireLimits};
use applet::Applet;
use bytes::Bytes;
use keys::{Algorithm, Key, PinPolicy};
use security::Volatile;
use state::Persistent;
use zeroize::Zeroizing;

pub use options::{ManagementAlgorithm, PivOptions};
pub use state::PivCardError;

/// Limits a whole command, in bytes: the longest container and what stands around it.
const LONGEST_COMMAND: usize = 13_000;

/// Holds a YubiKey 5's answer to reset, up to its check byte: T=1, capabilities C0 (chaining, extended length), its
/// name.
const YUBIKEY_ATR: &[u8] = b"\x3B\xFD\x13\x00\x00\x81\x31\xFE\x15\x80\x73\xC0\x21\xC0\x57YubiKey";
/// Holds the same for a plain card.
const PLAIN_ATR: &[u8] = b"\x3B\x89\x81\x31\xFE\x45\x80\x73\xC0\x21\xC0\x53PIV";

/// Emulates a PIV card.
pub struct PivCard {
    wire: Wire,
    applet: Applet,
}

impl PivCard {
    /// Makes a card as it leaves the factory, except for the options.
    pub fn new(options: PivOptions) -> Result<Self, PivCardError> {
        let mut persistent = Persistent::new(&options)?;
        if options.yubikey {
            let key = Key::generate(Algorithm::P256, PinPolicy::Never).map_err(|_| PivCardError::Random)?;
            let certificate = attestation::own_certificate(&key).ok_or(PivCardError::Random)?;
            persistent.objects.insert(attestation::ATTESTATION_CERTIFICATE, Bytes(certificate));
            persistent.keys.insert(attestation::ATTESTATION_KEY, key);
        }
        Ok(Self::holding(persistent))
    }

    /// Restores the card from its [`VirtualCard::state`], after a reset.
    pub fn from_state(state: &[u8]) -> Result<Self, PivCardError> {
        Persistent::read(state).map(Self::holding)
    }

    fn holding(persistent: Persistent) -> Self {
        let profile = &persistent.profile;
        let limits = WireLimits { extended: profile.extended, chaining: profile.chaining, data: LONGEST_COMMAND };
        Self { wire: Wire::new(limits), applet: Applet { persistent, volatile: Volatile::default(), capacity: None } }
    }
}

impl VirtualCard for PivCard {
    fn atr(&self) -> Vec<u8> {
        let profile = &self.applet.persistent.profile;
        let whole = if profile.yubikey { YUBIKEY_ATR } else { PLAIN_ATR };
        let without = Without { t1: !profile.t1, extended: !profile.extended, chaining: !profile.chaining };
        answer_to_reset::reduced(whole, without)
    }

    fn reset(&mut self) {
        self.wire.reset();
        self.applet.volatile = Volatile::default();
    }

    fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        let applet = &mut self.applet;
        self.wire.transmit(command, |command| match applet.execute(command) {
            Ok(data) => (data, 0x9000),
            Err(word) => (Zeroizing::default(), word.0),
        })
    }

    fn state(&self) -> Zeroizing<Vec<u8>> {
        self.applet.persistent.write()
    }

    fn set_capacity(&mut self, bytes: Option<usize>) {
        self.applet.capacity = bytes;
    }

    fn set_tries_left(&mut self, tries: u8) {
        let Persistent { pin, puk, management, .. } = &mut self.applet.persistent;
        pin.left = tries.min(pin.most);
        puk.left = tries.min(puk.most);
        if let Some((left, most)) = &mut management.tries {
            *left = tries.min(*most);
        }
    }
}
