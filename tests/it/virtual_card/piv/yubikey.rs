//! What YubiKeys add.

use super::{FACTORY_KEY, VERIFY, administrator, card, command, done, put};
use crate::virtual_card::{bytes, say};
use aws_lc_rs::encoding::AsDer;
use cardwright::iso7816::tlv;
use cardwright::virtual_card::{PivCard, PivOptions, VirtualCard};
use rsa::pkcs8::DecodePrivateKey;
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use x509_parser::prelude::*;

const WRONG_PIN: &str = "00200080 08 303030303030FFFF";
const WRONG_PUK: &str = "002C0080 10 3030303030303030 313233343536FFFF";

fn yubikey(version: [u8; 3]) -> PivCard {
    card(PivOptions { version, ..PivOptions::yubikey() })
}

#[test]
fn it_tells_what_it_is() {
    let mut card = card(PivOptions { serial: 0x0102_0304, ..PivOptions::yubikey() });
    assert_eq!(hex::encode(card.atr()), "3bfd1300008131fe158073c021c057597562694b657940");
    assert_eq!(say(&mut card, "00FD000000"), "0504039000");
    assert_eq!(say(&mut card, "00F8000000"), "010203049000");
    assert_eq!(say(&mut card, "00FD010000"), "6A86");
}

#[test]
fn metadata_tells_tries_and_factory_secrets() {
    let mut card = yubikey([5, 4, 3]);
    assert_eq!(say(&mut card, "00F7008000"), "0101FF05010106020303 9000".replace(' ', ""));
    assert_eq!(say(&mut card, "00F7008100"), "0101FF050101060203039000");
    assert_eq!(say(&mut card, "00F7009B00"), "01010302020001050101 9000".replace(' ', ""));
    say(&mut card, WRONG_PIN);
    say(&mut card, WRONG_PUK);
    assert_eq!(say(&mut card, "00F7008000"), "0101FF050101060203029000");
    say(&mut card, "00240080 10 313233343536FFFF363534333231FFFF");
    assert_eq!(say(&mut card, "00F7008000"), "0101FF050100060203039000");
    assert_eq!(say(&mut card, "00F7009A00"), "6A88");
    assert_eq!(say(&mut card, "00F7000000"), "6A88");
}

#[test]
fn metadata_tells_a_keys_algorithm_policies_origin_and_public_part() {
    let mut card = yubikey([5, 4, 3]);
    administrator(&mut card);
    let made = done(card.transmit(&bytes("0047009A 0B AC09800111AA0103AB0102 00")));
    let public = tlv::read_one(&made).unwrap().value;
    let told = done(card.transmit(&bytes("00F7009A00")));
    let expected = [bytes("010111 02020302 030101"), tlv::write(0x04, public)].concat();
    assert_eq!(told, expected);
    let sign = format!("0087119A 26 7C248200 8120{} 00", "07".repeat(32));
    say(&mut card, VERIFY);
    assert!(say(&mut card, &sign).ends_with("9000"));
    assert_eq!(say(&mut card, &sign), "6982", "the policy was: always");
    assert_eq!(say(&mut card, "0047009A 08 AC06800111AA0104 00"), "6A80");
}

#[test]
fn a_blocked_pin_is_told_as_blocked() {
    let mut card = card(PivOptions { pin_tries_left: Some(0), ..PivOptions::yubikey() });
    assert_eq!(say(&mut card, "00200080"), "6983");
}

#[test]
fn the_management_key_is_changed_by_the_administrator() {
    let mut card = yubikey([5, 4, 3]);
    let aes: String = (0x10..0x20).map(|byte| format!("{byte:02X}")).collect();
    let change = format!("00FFFFFF 13 089B10{aes}");
    assert_eq!(say(&mut card, &change), "6982");
    administrator(&mut card);
    for wrong in
        [format!("00FFFFFF 13 089B0F{aes}"), format!("00FFFFFF 13 0A9B10{aes}"), format!("00FFFFFF 13 089A10{aes}")]
    {
        assert_eq!(say(&mut card, &wrong), "6A80", "{wrong}");
    }
    assert_eq!(say(&mut card, &format!("00FF0000 13 089B10{aes}")), "6A86");
    assert_eq!(say(&mut card, &change), "9000");
    assert_eq!(say(&mut card, "00F7009B00"), "0101080202000105 01009000".replace(' ', ""));
    assert_eq!(say(&mut card, "0087039B 04 7C028100 00"), "6A86");
    assert_eq!(say(&mut card, &format!("00FFFFFE 1B 039B18{FACTORY_KEY}")), "9000");
    card.reset();
    say(&mut card, super::SELECT);
    administrator(&mut card);
}

#[test]
fn an_rsa_key_is_imported_by_its_parts() {
    let mut card = yubikey([5, 4, 3]);
    let pair = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
    let der: aws_lc_rs::encoding::Pkcs8V1Der = pair.as_der().unwrap();
    let key = rsa::RsaPrivateKey::from_pkcs8_der(der.as_ref()).unwrap();
    let numbers = [
        key.primes()[0].to_bytes_be(),
        key.primes()[1].to_bytes_be(),
        key.dp().unwrap().to_bytes_be(),
        key.dq().unwrap().to_bytes_be(),
        key.crt_coefficient().unwrap().to_bytes_be(),
    ];
    let parts = |numbers: &[Vec<u8>]| -> Vec<u8> {
        (1..).zip(numbers).flat_map(|(tag, number)| tlv::write(tag, number)).collect()
    };
    assert_eq!(card.transmit(&command("00FE079A", &parts(&numbers))), [0x69, 0x82]);
    administrator(&mut card);
    for at in 0..5 {
        for spoilt in [vec![], vec![0; 128], vec![0xFF; 128], numbers[(at + 1) % 5].clone()] {
            let mut wrong = numbers.to_vec();
            wrong[at] = spoilt;
            assert_eq!(card.transmit(&command("00FE079A", &parts(&wrong))), [0x6A, 0x80], "part {at}");
        }
    }
    assert_eq!(card.transmit(&command("00FE079A", &parts(&numbers[..4]))), [0x6A, 0x80]);
    assert_eq!(card.transmit(&command("00FE119A", &parts(&numbers))), [0x6A, 0x80]);
    assert_eq!(card.transmit(&command("00FE079A", &parts(&numbers))), [0x90, 0x00]);
    let told = done(card.transmit(&bytes("00F7009A 000000")));
    assert_eq!(tlv::find(&told, 0x03).unwrap().value, [0x02], "imported");
    let public = tlv::find(&told, 0x04).unwrap().value;
    assert_eq!(tlv::find(public, 0x81).unwrap().value, key.n().to_bytes_be());
    assert_eq!(say(&mut card, "00F99A0000"), "6A80", "no word is given for a key that came from outside");
}

#[test]
fn a_key_on_a_curve_is_imported_by_its_scalar() {
    let mut card = yubikey([5, 4, 3]);
    administrator(&mut card);
    let one = format!("{}01", "00".repeat(31));
    for wrong in ["00".repeat(32), "FF".repeat(32), "01".repeat(31)] {
        let data = tlv::write(0x06, &bytes(&wrong));
        assert_eq!(card.transmit(&command("00FE119E", &data)), [0x6A, 0x80], "{wrong}");
    }
    assert_eq!(say(&mut card, &format!("00FE119E 25 0620{one}AA0101")), "9000");
    let told = say(&mut card, "00F7009E00");
    assert!(told.contains("8641046B17D1F2E12C4247F8BCE6E563A440F2"), "the base point of P-256: {told}");
    assert_eq!(say(&mut card, &format!("00FE119B 22 0620{one}")), "6A86");
}

#[test]
fn a_key_made_here_is_vouched_for() {
    let mut card = card(PivOptions { serial: 7_654_321, ..PivOptions::yubikey() });
    administrator(&mut card);
    let own = done(card.transmit(&command("00CB3FFF", &bytes("5C035FFF01"))));
    let own = tlv::find(tlv::read_one(&own).unwrap().value, 0x70).unwrap();
    let (_, own) = X509Certificate::from_der(own.value).unwrap();
    own.verify_signature(None).unwrap();
    for algorithm in ["11", "14", "07"] {
        let made = done(card.transmit(&command("0047009C", &bytes(&format!("AC038001{algorithm}")))));
        let told = done(card.transmit(&bytes("00F99C00 000000")));
        let (rest, attested) = X509Certificate::from_der(&told).unwrap();
        assert!(rest.is_empty());
        attested.verify_signature(Some(own.public_key())).unwrap();
        assert_eq!(attested.issuer(), own.subject());
        let objects = tlv::read_all(tlv::read_one(&made).unwrap().value).unwrap();
        let spki = attested.public_key().raw;
        assert!(spki.windows(objects[0].value.len()).any(|window| window == objects[0].value), "the key it is about");
        let extension = |last: &str| {
            let oid = format!("1.3.6.1.4.1.41482.3.{last}");
            attested.extensions().iter().find(|e| e.oid.to_id_string() == oid).unwrap().value.to_vec()
        };
        assert_eq!(extension("3"), [5, 4, 3]);
        assert_eq!(extension("7"), bytes("020374CBB1"));
        assert_eq!(extension("8"), [3, 1]);
    }
    assert_eq!(say(&mut card, "00F99A0000"), "6A88");
    assert_eq!(say(&mut card, "00F9F90000"), "6A80");
    assert_eq!(say(&mut card, &format!("008711F9 26 7C248200 8120{} 00", "07".repeat(32))), "6A86");
}

#[test]
fn tries_are_set_by_administrator_and_holder_together() {
    let mut card = yubikey([5, 4, 3]);
    say(&mut card, "00240080 10 313233343536FFFF363534333231FFFF");
    assert_eq!(say(&mut card, "00FA0508"), "6982");
    administrator(&mut card);
    assert_eq!(say(&mut card, "00FA0008"), "6A80");
    assert_eq!(say(&mut card, "00FA0510"), "6A80");
    assert_eq!(say(&mut card, "00FA0508"), "9000");
    assert_eq!(say(&mut card, "00200080"), "63C5");
    assert_eq!(say(&mut card, VERIFY), "9000", "PIN and PUK are the factory's again");
    assert_eq!(say(&mut card, WRONG_PUK), "63C7");
    card.reset();
    say(&mut card, super::SELECT);
    administrator(&mut card);
    assert_eq!(say(&mut card, "00FA0508"), "6982", "the PIN is asked for as well");
}

#[test]
fn only_a_card_that_is_blocked_is_reset() {
    let mut card = yubikey([5, 4, 3]);
    administrator(&mut card);
    say(&mut card, "0047009A 05 AC03800111 00");
    put(&mut card, "5FC105", &[1]);
    let certificate = say(&mut card, "00CB3FFF 05 5C035FFF01 00");
    assert_eq!(say(&mut card, "00FB0000"), "6985");
    for _ in 0..3 {
        say(&mut card, WRONG_PIN);
    }
    assert_eq!(say(&mut card, "00FB0000"), "6985", "the PUK is not blocked");
    for _ in 0..3 {
        say(&mut card, WRONG_PUK);
    }
    assert_eq!(say(&mut card, "00FB0000"), "9000");
    assert_eq!(say(&mut card, "00F7009A00"), "6A88");
    assert_eq!(say(&mut card, "00CB3FFF 05 5C035FC105 00"), "6A82");
    assert_eq!(say(&mut card, "00CB3FFF 05 5C035FFF01 00"), certificate, "what vouches for the card stays");
    assert_eq!(put(&mut card, "5FC105", &[1]), "6982");
    assert_eq!(say(&mut card, VERIFY), "9000");
}

#[test]
fn newer_firmware_moves_deletes_and_has_longer_keys() {
    let mut old = yubikey([5, 4, 3]);
    administrator(&mut old);
    assert_eq!(say(&mut old, "00F6FF9A"), "6D00");
    assert_eq!(say(&mut old, "0047009A 05 AC03800105 00"), "6A80");

    let options = PivOptions {
        version: [5, 7, 0],
        management_algorithm: Some(cardwright::virtual_card::ManagementAlgorithm::TripleDes),
        ..PivOptions::yubikey()
    };
    let mut card = card(options);
    assert_eq!(say(&mut card, "00F6FF9A"), "6982");
    administrator(&mut card);
    let made = done(card.transmit(&command("0047009E", &bytes("AC03800105"))));
    assert_eq!(tlv::find(tlv::read_one(&made).unwrap().value, 0x81).unwrap().value.len(), 384);
    assert_eq!(say(&mut card, "00F6829E"), "9000");
    assert_eq!(say(&mut card, "00F7009E00"), "6A88");
    assert!(say(&mut card, "00F7008200").starts_with("010105"));
    assert_eq!(say(&mut card, "00F69B82"), "6A86");
    assert_eq!(say(&mut card, "00F68282"), "6A86");
    assert_eq!(say(&mut card, "00F6FFF9"), "6A86", "what vouches for the card stays");
    assert_eq!(say(&mut card, "00F6FF82"), "9000");
    assert_eq!(say(&mut card, "00F6FF82"), "6A88");
}

#[test]
fn older_firmware_knows_less() {
    let mut card = yubikey([4, 3, 7]);
    assert_eq!(say(&mut card, "00FD000000"), "0403079000");
    assert_eq!(say(&mut card, "00F8000000"), "6D00");
    assert_eq!(say(&mut card, "00F7008000"), "6D00");
    administrator(&mut card);
    assert_eq!(say(&mut card, &format!("00FFFFFF 13 089B10{}", "11".repeat(16))), "6A80", "no AES");
    assert!(say(&mut card, "0047009E 05 AC03800111 00").ends_with("9000"));
    assert!(say(&mut card, "00F99E0000").starts_with("3082"));
}
