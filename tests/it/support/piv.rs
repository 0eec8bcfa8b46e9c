//! PIV cards of our own in a slot of their own, and the driver on them.

use cardwright::iso7816::Card;
use cardwright::piv::PivToken;
use cardwright::secret::{AdminKey, Pin, Puk};
use cardwright::virtual_card::{PivCard, PivOptions, SharedCard, VirtualCard};
use serde_json::Value;

pub const PIN: &str = "123456";
pub const PUK: &str = "12345678";
/// The management key that cards leave the factory with.
pub const ADMIN_KEY: &str = "010203040506070801020304050607080102030405060708";

pub fn admin_key() -> AdminKey {
    AdminKey::from_hex(ADMIN_KEY).unwrap()
}

pub fn pin(text: &str) -> Pin {
    Pin::new(text.into())
}

pub fn puk(text: &str) -> Puk {
    Puk::new(text.into())
}

/// A YubiKey with the firmware that moves and deletes keys.
pub fn yubikey() -> PivOptions {
    PivOptions { version: [5, 7, 1], ..PivOptions::yubikey() }
}

/// A card of the standard alone, known by its CHUID.
pub fn plain() -> PivOptions {
    PivOptions { guid: Some(*uuid::Uuid::new_v4().as_bytes()), ..PivOptions::default() }
}

/// Two cards whose issuer numbered their GUIDs in a row.
pub fn numbered() -> [PivOptions; 2] {
    let chuids: [&[u8]; 2] =
        [include_bytes!("../../data/piv/chuid-seq-001.bin"), include_bytes!("../../data/piv/chuid-seq-002.bin")];
    chuids.map(|chuid| PivOptions { guid: Some(chuid[31..47].try_into().unwrap()), ..PivOptions::default() })
}

/// A card on which another program, or a power cut, has left objects: a tag and what follows the 53, in each row.
pub fn holding(options: PivOptions, objects: &[(u32, &[u8])]) -> PivCard {
    let mut state: Value = serde_json::from_slice(&PivCard::new(options).unwrap().state()).unwrap();
    for (tag, value) in objects {
        state["content"]["objects"][tag.to_string()] = Value::String(hex::encode(value));
    }
    PivCard::from_state(state.to_string().as_bytes()).unwrap()
}

/// A card in a slot.
pub fn card(options: PivOptions) -> SharedCard {
    SharedCard::new(Box::new(PivCard::new(options).unwrap()))
}

/// One program's token for the card in the slot.
pub fn open(card: &SharedCard) -> PivToken {
    PivToken::open(Card::new(card.channel())).unwrap()
}
