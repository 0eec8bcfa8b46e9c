//! The GIDS card, asked byte by byte as the specification, Windows and OpenSC ask.

mod admin;
mod data;
mod keys;
mod life;
mod pin;
mod rules;
mod state;

use cardwright::secret::{AdminKey, Pin};
use cardwright::virtual_card::{GidsCard, GidsOptions, Initialised, VirtualCard};
use cipher::{Block, BlockCipherEncrypt, KeyInit};
use std::sync::OnceLock;

const SELECT: &str = "00A404000BA00000039742544659020100";
const VERIFY: &str = "0020008006313233343536";
const LOG_OUT: &str = "00200082";
const CHOOSE_ADMIN_KEY: &str = "002281A403830180";
const ADMIN_KEY: &str = "010203040506070801020304050607080102030405060708";
const CARD_ID: [u8; 16] = *b"\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xAA\xBB\xCC\xDD\xEE\xFF";

const OK: &str = "9000";
const REFUSED: &str = "6982";
const NOT_NOW: &str = "6985";
const MALFORMED: &str = "6A80";

/// Asks in hexadecimal digits and hears hexadecimal digits.
struct Desk(GidsCard);

impl Desk {
    /// A card from the factory, selected.
    fn fresh() -> Self {
        let mut desk = Self(GidsCard::new(GidsOptions::default()).unwrap());
        desk.done(SELECT);
        desk
    }

    /// A card made ready with PIN 123456 and the example key, selected.
    fn ready() -> Self {
        Self::ready_with(GidsOptions::default())
    }

    fn ready_with(options: GidsOptions) -> Self {
        let mut desk = Self(GidsCard::new(GidsOptions { initialised: Some(initialised()), ..options }).unwrap());
        desk.done(SELECT);
        desk
    }

    /// A ready card with an RSA-2048 key in B081, selected; the key is made once.
    fn with_key() -> Self {
        static STATE: OnceLock<Vec<u8>> = OnceLock::new();
        let state = STATE.get_or_init(|| {
            let mut desk = Self::ready();
            desk.done(VERIFY);
            desk.create_key_file(0x81, 0x07);
            desk.whole("0047000008AC0680010783018100");
            desk.0.state().to_vec()
        });
        let mut desk = Self(GidsCard::from_state(state).unwrap());
        desk.done(SELECT);
        desk
    }

    fn ask(&mut self, command: &str) -> String {
        let answer = self.0.transmit(&hex::decode(command.replace(' ', "")).unwrap());
        hex::encode_upper(answer)
    }

    /// The answer's data; its status word must be 9000.
    fn done(&mut self, command: &str) -> String {
        let answer = self.ask(command);
        answer.strip_suffix(OK).unwrap_or_else(|| panic!("{command}: {answer}")).to_owned()
    }

    /// The whole of an answer that comes in pieces.
    fn whole(&mut self, command: &str) -> String {
        let mut whole = self.ask(command);
        while whole[whole.len() - 4..].starts_with("61") {
            whole.truncate(whole.len() - 4);
            whole += &self.ask("00C0000000");
        }
        whole.strip_suffix(OK).unwrap_or_else(|| panic!("{command}: {whole}")).to_owned()
    }

    /// Sends data in chained pieces of 255 bytes, behind a header without CLA.
    fn chained(&mut self, header: &str, data: &[u8]) -> String {
        let mut pieces = data.chunks(255).peekable();
        loop {
            let piece = pieces.next().unwrap();
            let last = pieces.peek().is_none();
            let class = if last { "00" } else { "10" };
            let answer = self.ask(&format!("{class}{header}{:02X}{}", piece.len(), hex::encode(piece)));
            if last || answer != OK {
                return answer;
            }
        }
    }

    /// Creates and activates a key file for decryption and signatures, as Windows does.
    fn create_key_file(&mut self, key: u8, size: u8) {
        let template = |usage: u8, padding: u8| format!("{usage:02X}098001{:02X}8301{key:02X}950140", padding | size);
        let templates: String = [(0xB8, 0x00), (0xB8, 0x80), (0xB8, 0x40), (0xB6, 0x10), (0xB6, 0x50)]
            .map(|(usage, padding)| template(usage, padding))
            .concat();
        self.done(&format!("00E000004962478201188302B0{key:02X}8C058F10101000A537{templates}"));
        self.done("00440000");
    }

    /// Creates and activates a data file with these security attributes (tag 8C and all, or nothing).
    fn create_data_file(&mut self, identifier: &str, attributes: &str) {
        let objects = format!("8201398302{identifier}{attributes}");
        let length = objects.len() / 2;
        self.done(&format!("00E00000{:02X}62{length:02X}{objects}", length + 2));
        self.done("00440000");
    }

    /// Chooses the administrator's key, asks for a challenge and answers it with this key.
    fn authenticate(&mut self, key: &str) -> String {
        self.done(CHOOSE_ADMIN_KEY);
        let challenge = self.done("00870000047C02810000");
        let challenge = hex::decode(challenge.strip_prefix("7C0A8108").unwrap()).unwrap();
        self.ask(&format!("008700000C7C0A8208{}", hex::encode(encrypt(key, &challenge))))
    }
}

fn initialised() -> Initialised {
    let (pin, admin_key) = (Pin::new("123456".into()), AdminKey::from_hex(ADMIN_KEY).unwrap());
    Initialised { pin, admin_key, card_id: CARD_ID }
}

/// 3DES in CBC mode with an IV of zeros; one block of it is ECB.
fn encrypt(key: &str, text: &[u8]) -> Vec<u8> {
    let cipher = des::TdesEde3::new_from_slice(&hex::decode(key).unwrap()).unwrap();
    let mut done = vec![0; 8];
    for plain in text.chunks_exact(8) {
        let mut block = Block::<des::TdesEde3>::default();
        let before = &done[done.len() - 8..];
        block.iter_mut().zip(plain.iter().zip(before)).for_each(|(block, (plain, before))| *block = plain ^ before);
        cipher.encrypt_block(&mut block);
        done.extend_from_slice(&block);
    }
    done.split_off(8)
}
