//! The kinds of card, and what is read from one past reader and driver.

use std::sync::atomic::{AtomicU32, Ordering};

use cardwright::virtual_card::{GidsCard, GidsOptions, PivCard, PivOptions, VirtualCard};

use super::{CURVE, Desk, PIN, RSA};
use crate::support::piv_authenticator::PivAuthenticator;

/// The key that PIV cards leave the factory with; the GIDS cards here are given it, too.
pub const ADMIN_KEY: &str = "010203040506070801020304050607080102030405060708";

#[derive(Clone, Copy)]
pub struct Kind {
    pub make: fn() -> Box<dyn VirtualCard>,
    pub template: &'static str,
    /// The PIN to enroll with.
    pub first_pin: &'static str,
    /// The tries its counters show when none was spent: PIN and PUK.
    pub tries: (Option<u64>, Option<u64>),
    /// Whether it can be given an admin key of its own: the standard's PIV has no command for that.
    pub takes_admin_key: bool,
    /// OpenSC's driver for it.
    pub driver: &'static str,
}

pub const YUBIKEY: Kind = Kind {
    make: || piv(yubikey()),
    template: CURVE,
    first_pin: PIN,
    tries: (Some(3), Some(3)),
    takes_admin_key: true,
    driver: "PIV-II",
};

/// A YubiKey whose management key is one of AES-192.
pub const YUBIKEY_AES: Kind =
    Kind { make: || piv(PivOptions { version: [5, 7, 1], ..yubikey() }), template: RSA, ..YUBIKEY };

pub const PLAIN: Kind =
    Kind { make: || piv(PivOptions::default()), tries: (Some(3), None), takes_admin_key: false, ..YUBIKEY };

pub const NITROKEY: Kind = Kind { make: || Box::new(PivAuthenticator::new()), takes_admin_key: true, ..PLAIN };

pub const GIDS: Kind = Kind {
    make: || Box::new(GidsCard::new(GidsOptions::default()).unwrap()),
    template: RSA,
    first_pin: PIN,
    tries: (Some(3), None),
    takes_admin_key: true,
    driver: "gids",
};

/// A YubiKey of its own: one server knows them all.
pub fn yubikey() -> PivOptions {
    static SERIAL: AtomicU32 = AtomicU32::new(20_000_000);
    PivOptions { serial: SERIAL.fetch_add(1, Ordering::Relaxed), ..PivOptions::yubikey() }
}

fn piv(options: PivOptions) -> Box<dyn VirtualCard> {
    Box::new(PivCard::new(options).unwrap())
}

impl Kind {
    pub fn is_gids(self) -> bool {
        self.driver == "gids"
    }
}

const PIV_AID: &[u8] = b"\x00\xA4\x04\x00\x05\xA0\x00\x00\x03\x08\x00";
const GIDS_AID: &[u8] = b"\x00\xA4\x04\x00\x09\xA0\x00\x00\x03\x97\x42\x54\x46\x59\x00";
const READ_CHUID: &[u8] = b"\x00\xCB\x3F\xFF\x05\x5C\x03\x5F\xC1\x02\x00";
const READ_CARDCF: &[u8] = b"\x00\xCB\xA0\x10\x04\x5C\x02\xDF\x22\x00";
/// CHANGE REFERENCE DATA of the PUK, from the factory's to the factory's.
const TRY_FACTORY_PUK: &[u8] = b"\x00\x24\x00\x81\x101234567812345678";

impl Desk {
    /// Asks the card itself, while nobody else does.
    fn ask(&self, command: &[u8]) -> Vec<u8> {
        let select = if self.kind.is_gids() { GIDS_AID } else { PIV_AID };
        let answer = self.card.card().with_card(|card| {
            card.reset();
            let selected = card.transmit(select);
            assert!(selected.ends_with(&[0x90, 0x00]), "{selected:02X?}");
            let answer = card.transmit(command);
            card.reset();
            answer
        });
        answer.unwrap()
    }

    /// What other programs look at to see whether they know the card's contents: CHUID, or cardcf.
    pub fn freshness(&self) -> Vec<u8> {
        let answer = self.ask(if self.kind.is_gids() { READ_CARDCF } else { READ_CHUID });
        assert!(answer.ends_with(&[0x90, 0x00]), "{answer:02X?}");
        answer
    }

    /// Whether the card has the PUK it came with; a wrong guess costs a try.
    pub fn has_factory_puk(&self) -> bool {
        self.ask(TRY_FACTORY_PUK).ends_with(&[0x90, 0x00])
    }
}
