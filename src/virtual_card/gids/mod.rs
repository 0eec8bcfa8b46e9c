//! A GIDS card in software: Microsoft's Generic Identity Device Specification, version 2, over ISO/IEC 7816-4, -8, -9.
//!
//! In: raw command APDUs. Out: raw response APDUs. RSA keys of 2048 to 4096 bits, a user's PIN, an administrator's key.
//! A card fresh from the factory allows everything, until its application is activated.
//! Where the specification leaves room, this card chooses: a security environment ends with the login; what no access
//! rule names is refused; SELECT by name logs out; the administrator's key is B080 and no other; who may not write a
//! file may not delete it.
//! Absent: 1024-bit keys, elliptic curves, OAEP, secure messaging, logical channels, contactless rules.

mod access;
mod admin;
mod applet;
mod data;
mod file;
mod initial;
mod pin;
mod reference;
mod security;
mod select;
mod session;
mod state;

pub use initial::Initialised;
pub use state::GidsCardError;

use super::card::VirtualCard;
use super::wire::{Wire, WireLimits};
use crate::iso7816::Protocol;
use applet::{Applet, Held, LifeCycle};
use data::capabilities;
use pin::{Pin, Tries};
use select::AID;
use zeroize::Zeroizing;

/// Limits the data of a command, in bytes: an RSA-4096 key has 2.4 kB, certificates seldom have 4.
const MOST_DATA: usize = 16_384;

/// Says what a card is like when it is made.
pub struct GidsOptions {
    /// What it is initialised with; `None` leaves it as it comes from the factory.
    pub initialised: Option<Initialised>,
    /// Wrong PINs until it is blocked, 1 to 15.
    pub tries: u8,
    /// Wrong answers until the administrator's key is blocked, 1 to 15; most cards do not count them.
    pub admin_tries: Option<u8>,
    /// Bytes of memory for files and keys.
    pub capacity: usize,
    /// Whether it takes command APDUs of extended length; over T=1 only.
    pub extended: bool,
    pub protocol: Protocol,
}

/// Makes a card fresh from the factory: 3 tries, 64 KiB, T=1 with extended length.
impl Default for GidsOptions {
    fn default() -> Self {
        Self {
            initialised: None,
            tries: 3,
            admin_tries: None,
            capacity: 0x1_0000,
            extended: true,
            protocol: Protocol::T1,
        }
    }
}

/// Emulates a GIDS card.
pub struct GidsCard {
    wire: Wire,
    applet: Applet,
}

impl GidsCard {
    pub fn new(options: GidsOptions) -> Result<Self, GidsCardError> {
        let t1 = options.protocol == Protocol::T1;
        let mut held = Held {
            extended: options.extended && t1,
            t1,
            capacity: options.capacity,
            life: LifeCycle::Creation,
            pin: Pin { value: None, tries: Tries::new(options.tries) },
            admin_tries: options.admin_tries.map(Tries::new),
            files: Default::default(),
        };
        if let Some(initialised) = &options.initialised {
            initialised.onto(&mut held)?;
        }
        Ok(Self::with(held))
    }

    /// Restores the card from its [`VirtualCard::state`], just powered on.
    pub fn from_state(state: &[u8]) -> Result<Self, GidsCardError> {
        state::read(state).map(Self::with)
    }

    fn with(held: Held) -> Self {
        let limits = WireLimits { extended: held.extended, chaining: true, data: MOST_DATA };
        Self { wire: Wire::new(limits), applet: Applet::new(held) }
    }
}

impl VirtualCard for GidsCard {
    /// Tells T=0 or T=1, the card capabilities and as much of the AID as there is room for.
    fn atr(&self) -> Vec<u8> {
        let held = &self.applet.held;
        let historical = [&[0x80, 0x73][..], &capabilities(held.extended), &[0xF9], &AID[..9]].concat();
        let mut atr = if held.t1 { vec![0x3B, 0x8F, 0x01] } else { vec![0x3B, 0x0F] };
        atr.extend_from_slice(&historical);
        if held.t1 {
            atr.push(atr[1..].iter().fold(0, |sum, byte| sum ^ byte));
        }
        atr
    }

    fn reset(&mut self) {
        self.wire.reset();
        self.applet.session = Default::default();
    }

    fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        self.wire.transmit(command, |command| self.applet.execute(command))
    }

    fn state(&self) -> Zeroizing<Vec<u8>> {
        state::write(&self.applet.held)
    }

    fn set_capacity(&mut self, bytes: Option<usize>) {
        self.applet.bound = bytes;
    }

    fn set_tries_left(&mut self, tries: u8) {
        let held = &mut self.applet.held;
        for counter in std::iter::once(&mut held.pin.tries).chain(&mut held.admin_tries) {
            counter.left = tries.min(counter.limit);
        }
    }
}
