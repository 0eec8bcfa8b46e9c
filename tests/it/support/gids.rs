//! GIDS cards of our own in a slot of their own, and the driver on them.

use cardwright::gids::GidsToken;
use cardwright::iso7816::{Card, CommandApdu, EndWith, Expect, tlv};
use cardwright::pkix::{KeyAlgorithm, MemoryKey};
use cardwright::secret::{AdminKey, Pin};
use cardwright::token::{Credentials, KeyId, KeyOrder, LastTry, Session, Token};
use cardwright::virtual_card::{GidsCard, GidsOptions, Initialised, SharedCard};
use std::sync::LazyLock;

pub const PIN: &str = "123456";
pub const ADMIN_KEY: &str = "010203040506070801020304050607080102030405060708";
pub const SERIAL: [u8; 16] = *b"cardwright gids!";

/// A key pair made elsewhere, once: making one takes seconds.
pub static KEY: LazyLock<MemoryKey> = LazyLock::new(|| MemoryKey::generate(KeyAlgorithm::Rsa2048).unwrap());

pub fn pin(text: &str) -> Pin {
    Pin::new(text.into())
}

pub fn admin_key(digits: &str) -> AdminKey {
    AdminKey::from_hex(digits).unwrap()
}

/// A card as it comes from the factory.
pub fn blank(options: GidsOptions) -> SharedCard {
    SharedCard::new(Box::new(GidsCard::new(GidsOptions { initialised: None, ..options }).unwrap()))
}

/// A card that its maker made ready.
pub fn ready(options: GidsOptions) -> SharedCard {
    let initialised = Initialised { pin: pin(PIN), admin_key: admin_key(ADMIN_KEY), card_id: SERIAL };
    SharedCard::new(Box::new(GidsCard::new(GidsOptions { initialised: Some(initialised), ..options }).unwrap()))
}

pub fn open(card: &SharedCard) -> GidsToken {
    GidsToken::open(Card::new(card.channel())).unwrap()
}

pub fn log_in(token: &mut GidsToken) -> Box<dyn Session + '_> {
    token.log_in(Credentials::user(&pin(PIN), LastTry::Keep)).unwrap()
}

/// The id of a request's key.
pub fn id(index: u8) -> KeyId {
    KeyId([&[0x5A; 15][..], &[index]].concat())
}

pub fn order(index: u8, decrypts: bool) -> KeyOrder {
    KeyOrder { id: id(index), label: "a key".into(), algorithm: KeyAlgorithm::Rsa2048, decrypts, replace: false }
}

/// Another program, with the application selected.
fn other_program(card: &SharedCard) -> Card {
    let mut other = Card::new(card.channel());
    // A removal is told once to every channel.
    let _ = other.begin();
    let _ = other.begin();
    let select = CommandApdu::new(0xA4, 4, 0).with_data(hex::decode("A00000039742544659").unwrap());
    other.exchange(&select.expecting(Expect::All).reading()).unwrap();
    other
}

/// Has another program that knows the PIN write a data object.
pub fn put_object(card: &SharedCard, file: u16, tag: u16, value: &[u8]) {
    put_object_by(card, PIN, file, tag, value);
}

/// Likewise, with another PIN.
pub fn put_object_by(card: &SharedCard, pin: &str, file: u16, tag: u16, value: &[u8]) {
    let mut other = other_program(card);
    let [p1, p2] = file.to_be_bytes();
    let verify = CommandApdu::new(0x20, 0, 0x80).with_data(pin.as_bytes().to_vec());
    let put = CommandApdu::new(0xDB, p1, p2).with_data(tlv::write(tag.into(), value));
    for command in [verify, put] {
        assert!(other.exchange(&command).unwrap().status.is_ok());
    }
    other.end(EndWith::Reset).unwrap();
}

/// A data object, read by another program.
pub fn object(card: &SharedCard, file: u16, tag: u16) -> Vec<u8> {
    let mut other = other_program(card);
    let [p1, p2] = file.to_be_bytes();
    let tags = [vec![0x5C, 2], tag.to_be_bytes().to_vec()].concat();
    let get = CommandApdu::new(0xCB, p1, p2).with_data(tags).expecting(Expect::All).reading();
    let answer = other.exchange(&get).unwrap();
    other.end(EndWith::Leave).unwrap();
    answer.data.to_vec()
}
