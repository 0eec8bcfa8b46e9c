//! A card or a token of one kind, whose power goes where a row says so.

use crate::enrollment::bench::PIN;
use crate::enrollment::keys::settled;
use crate::enrollment::memory_token::{Cut, MemoryToken};
use crate::support::{gids, piv};
use cardwright::gids::GidsToken;
use cardwright::iso7816::Card;
use cardwright::piv::PivToken;
use cardwright::token::{self, Token};
use cardwright::virtual_card::{GidsCard, GidsOptions, Initialised, PivOptions, SharedCard};
use uuid::Uuid;

/// A card with what opens it, or a PKCS#11 token in memory.
pub enum Device {
    Card(SharedCard, fn(&SharedCard) -> Result<Box<dyn Token>, token::Error>),
    Memory(Box<MemoryToken>),
}

fn open_piv(card: &SharedCard) -> Result<Box<dyn Token>, token::Error> {
    Ok(Box::new(PivToken::open(Card::new(card.channel()))?))
}

fn open_gids(card: &SharedCard) -> Result<Box<dyn Token>, token::Error> {
    Ok(Box::new(GidsToken::open(Card::new(card.channel()))?))
}

fn of_piv(options: PivOptions) -> Device {
    let card = piv::card(options);
    settled(&mut piv::open(&card));
    Device::Card(card, open_piv)
}

/// A card of the standard alone.
pub fn plain() -> Device {
    of_piv(piv::plain())
}

pub fn yubikey() -> Device {
    of_piv(PivOptions { serial: Uuid::new_v4().as_fields().0 >> 1, ..piv::yubikey() })
}

pub fn gids_card() -> Device {
    let card_id = *Uuid::new_v4().as_bytes();
    let initialised = Initialised { pin: gids::pin(PIN), admin_key: gids::admin_key(gids::ADMIN_KEY), card_id };
    let options = GidsOptions { initialised: Some(initialised), ..GidsOptions::default() };
    Device::Card(SharedCard::new(Box::new(GidsCard::new(options).unwrap())), open_gids)
}

/// A token behind a PKCS#11 module.
pub fn memory() -> Device {
    Device::Memory(Box::new(MemoryToken::fresh()))
}

impl Device {
    /// Sets what will happen to it.
    pub fn harm(&mut self, at: usize, after: bool) {
        match self {
            Device::Card(card, _) => {
                let fault = if after { "remove-after" } else { "remove" };
                card.set_dial(format!("{fault}@{}", at + 1).parse().unwrap());
            }
            Device::Memory(token) => token.repair(Some(if after { Cut::After(at) } else { Cut::Before(at) })),
        }
    }

    pub fn mend(&mut self) {
        match self {
            Device::Card(card, _) => {
                card.set_dial("".parse().unwrap());
                card.insert_again();
            }
            Device::Memory(token) => token.repair(None),
        }
    }

    /// Does something with the token, opened anew.
    pub fn with<T>(&mut self, act: impl FnOnce(&mut dyn Token) -> T) -> Result<T, token::Error> {
        match self {
            Device::Card(card, open) => Ok(act(&mut *open(card)?)),
            Device::Memory(token) => Ok(act(&mut **token)),
        }
    }

    /// The commands to the card since they were forgotten, where it has any.
    pub fn headers(&self) -> Vec<[u8; 4]> {
        match self {
            Device::Card(card, _) => card.headers(),
            Device::Memory(_) => Vec::new(),
        }
    }

    pub fn forget_headers(&self) {
        if let Device::Card(card, _) = self {
            card.forget_headers();
        }
    }
}
