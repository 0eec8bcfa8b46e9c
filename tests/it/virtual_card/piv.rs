//! Our PIV card, command by command (SP 800-73-4 part 2, 3; Yubico's documents for its additions).

mod keys;
mod management;
mod references;
mod selection;
mod state;
mod yubikey;

use super::{bytes, say};
use cardwright::virtual_card::{PivCard, PivOptions, VirtualCard};
use cipher::{Block, BlockCipherEncrypt, KeyInit};

pub const SELECT: &str = "00A40400 05 A000000308 00";
pub const VERIFY: &str = "00200080 08 313233343536FFFF";
pub const FACTORY_KEY: &str = "010203040506070801020304050607080102030405060708";

/// A card that is selected.
pub fn card(options: PivOptions) -> PivCard {
    let mut card = PivCard::new(options).unwrap();
    assert!(say(&mut card, SELECT).ends_with("9000"));
    card
}

/// One block, by 3DES.
pub fn encrypt(key: &str, block: &[u8]) -> Vec<u8> {
    let mut block = Block::<des::TdesEde3>::try_from(block).unwrap();
    des::TdesEde3::new_from_slice(&bytes(key)).unwrap().encrypt_block(&mut block);
    block.to_vec()
}

/// Proves the factory's 3DES key by external authentication.
pub fn administrator(card: &mut PivCard) {
    let asked = bytes(&say(card, "0087039B 04 7C028100 00"));
    let response = encrypt(FACTORY_KEY, &asked[4..12]);
    assert_eq!(say(card, &format!("0087039B 0C 7C0A8208{}", hex::encode(response))), "9000");
}

/// An object 53 with so many bytes in it.
pub fn certificate_object(length: usize) -> Vec<u8> {
    let content: Vec<u8> = (0..length).map(|i| i as u8).collect();
    cardwright::iso7816::tlv::write(0x53, &content)
}

/// A short or extended command with data, by its length.
pub fn command(header: &str, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap().to_be_bytes();
    [&bytes(header)[..], &[0x00], &length, data, &[0x00, 0x00]].concat()
}

/// The data of an answer that must be 9000.
pub fn done(answer: Vec<u8>) -> Vec<u8> {
    let (data, word) = answer.split_at(answer.len() - 2);
    assert_eq!(hex::encode(word), "9000");
    data.to_vec()
}

/// What the card takes, asked for from the outside: VERIFY without data.
pub fn tries(card: &mut PivCard) -> String {
    say(card, "00200080")
}

pub fn put(card: &mut dyn VirtualCard, tag: &str, value: &[u8]) -> String {
    let data =
        [cardwright::iso7816::tlv::write(0x5C, &bytes(tag)), cardwright::iso7816::tlv::write(0x53, value)].concat();
    hex::encode_upper(card.transmit(&command("00DB3FFF", &data)))
}
