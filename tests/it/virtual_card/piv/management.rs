//! The management key: mutual and external authentication with each cipher.

use super::{FACTORY_KEY, administrator, card, encrypt, put};
use crate::virtual_card::{bytes, say};
use cardwright::secret::AdminKey;
use cardwright::virtual_card::{ManagementAlgorithm, PivCard, PivOptions};
use cipher::{Block, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};

fn block_by<C: KeyInit + BlockCipherEncrypt + BlockCipherDecrypt>(key: &[u8], block: &[u8], forth: bool) -> Vec<u8> {
    let cipher = C::new_from_slice(key).unwrap();
    let mut block = Block::<C>::try_from(block).unwrap();
    if forth {
        cipher.encrypt_block(&mut block)
    } else {
        cipher.decrypt_block(&mut block)
    }
    block.to_vec()
}

type ByCipher = fn(&[u8], &[u8], bool) -> Vec<u8>;

#[test]
fn card_and_administrator_prove_themselves_with_every_cipher() {
    let ciphers: [(ManagementAlgorithm, u8, ByCipher); 4] = [
        (ManagementAlgorithm::TripleDes, 0x03, block_by::<des::TdesEde3>),
        (ManagementAlgorithm::Aes128, 0x08, block_by::<aes::Aes128>),
        (ManagementAlgorithm::Aes192, 0x0A, block_by::<aes::Aes192>),
        (ManagementAlgorithm::Aes256, 0x0C, block_by::<aes::Aes256>),
    ];
    for (algorithm, id, by) in ciphers {
        let key: Vec<u8> = (0x20..).take(algorithm.key_length()).collect();
        let management_key = Some(AdminKey::new(key.clone()));
        let mut card =
            card(PivOptions { management_algorithm: Some(algorithm), management_key, ..PivOptions::default() });
        let length = algorithm.block_length();
        let hidden = bytes(&say(&mut card, &format!("0087{id:02X}9B 04 7C028000 00")));
        assert_eq!(&hidden[..4], [0x7C, length as u8 + 2, 0x80, length as u8]);
        let witness = by(&key, &hidden[4..4 + length], false);
        let challenge: Vec<u8> = (0x70..).take(length).collect();
        let objects = [&[0x80, length as u8], &witness[..], &[0x81, length as u8], &challenge].concat();
        let command = [&[0x00, 0x87, id, 0x9B, objects.len() as u8 + 2, 0x7C, objects.len() as u8], &objects[..], &[0]];
        let answer = bytes(&say(&mut card, &hex::encode(command.concat())));
        assert_eq!(answer[4..4 + length], by(&key, &challenge, true), "{algorithm:?}");
        assert_eq!(put(&mut card, "5FC105", &[1]), "9000", "{algorithm:?}");
    }
}

#[test]
fn each_challenge_is_new_and_good_for_one_try() {
    let mut card = card(PivOptions::default());
    let ask = "0087039B 04 7C028100 00";
    let first = bytes(&say(&mut card, ask));
    let second = bytes(&say(&mut card, ask));
    assert_ne!(first, second);
    let old = hex::encode(encrypt(FACTORY_KEY, &first[4..12]));
    assert_eq!(say(&mut card, &format!("0087039B 0C 7C0A8208{old}")), "6982", "an answer to another challenge");
    let right = hex::encode(encrypt(FACTORY_KEY, &second[4..12]));
    assert_eq!(say(&mut card, &format!("0087039B 0C 7C0A8208{right}")), "6A80", "the try is spent");
    assert_eq!(put(&mut card, "5FC105", &[1]), "6982");
}

#[test]
fn one_protocols_answer_is_not_the_others() {
    let mut card = card(PivOptions::default());
    let asked = bytes(&say(&mut card, "0087039B 04 7C028100 00"));
    let echoed = hex::encode(&asked[4..12]);
    let mutual = format!("0087039B 16 7C14 8008{echoed} 8108{echoed} 00");
    assert_eq!(say(&mut card, &mutual), "6A80", "a challenge sent in the clear is no witness");
    let hidden = bytes(&say(&mut card, "0087039B 04 7C028000 00"));
    let returned = hex::encode(&hidden[4..12]);
    assert_eq!(say(&mut card, &format!("0087039B 0C 7C0A8208{returned}")), "6A80", "nor is a witness a response");
    assert_eq!(put(&mut card, "5FC105", &[1]), "6982");
}

#[test]
fn another_algorithm_or_a_malformed_template_is_refused() {
    let mut card = card(PivOptions::default());
    for (command, word) in [
        ("0087089B 04 7C028100 00", "6A86"),
        ("0087119B 04 7C028100 00", "6A86"),
        ("0087039B 02 7C00 00", "6A80"),
        ("0087039B 04 7D028100 00", "6A80"),
        ("0087039B 06 7C0481008100 00", "6A80"),
        ("0087039B 04 7C028300 00", "6A80"),
        ("0087039B 04 7C038100 00", "6A80"),
        ("0087039B 06 7C0481008200 00", "6A80"),
        ("0087039B", "6A80"),
    ] {
        assert_eq!(say(&mut card, command), word, "{command}");
    }
    assert!(say(&mut card, "0087009B 04 7C028100 00").ends_with("9000"), "00 is another name of 3DES");
}

#[test]
fn a_card_may_count_wrong_administrators() {
    let mut card = card(PivOptions { management_tries: Some(2), ..PivOptions::default() });
    let wrong = |card: &mut PivCard| {
        say(card, "0087039B 04 7C028100 00");
        say(card, "0087039B 0C 7C0A8208 0000000000000000")
    };
    assert_eq!(wrong(&mut card), "6982");
    administrator(&mut card);
    assert_eq!(wrong(&mut card), "6982", "a right one gave the tries back");
    assert_eq!(wrong(&mut card), "6982");
    assert_eq!(say(&mut card, "0087039B 04 7C028100 00"), "6983");
}

#[test]
fn the_default_key_follows_the_firmware() {
    let mut card = card(PivOptions { version: [5, 7, 0], ..PivOptions::yubikey() });
    assert_eq!(say(&mut card, "0087039B 04 7C028100 00"), "6A86");
    let asked = bytes(&say(&mut card, "00870A9B 04 7C028100 00"));
    let response = block_by::<aes::Aes192>(&bytes(FACTORY_KEY), &asked[4..20], true);
    assert_eq!(say(&mut card, &format!("00870A9B 14 7C128210{}", hex::encode(response))), "9000");
}
