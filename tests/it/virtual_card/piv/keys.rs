//! Key pairs: making them, signing and agreeing with them, and when the PIN is asked for.

use super::{VERIFY, administrator, card, command, done, put, tries};
use crate::virtual_card::{bytes, say};
use aws_lc_rs::agreement::{self, PrivateKey, UnparsedPublicKey};
use aws_lc_rs::{digest, signature};
use cardwright::iso7816::tlv;
use cardwright::virtual_card::{PivCard, PivOptions, VirtualCard};

/// Makes a key and returns its public objects.
fn generate(card: &mut PivCard, reference: u8, algorithm: u8) -> Vec<u8> {
    let answer = card.transmit(&command(&format!("004700{reference:02X}"), &[0xAC, 0x03, 0x80, 0x01, algorithm]));
    let template = done(answer);
    let public = tlv::read_one(&template).unwrap();
    assert_eq!(public.tag, 0x7F49);
    public.value.to_vec()
}

fn use_key(card: &mut PivCard, algorithm: u8, reference: u8, tag: u32, data: &[u8]) -> Vec<u8> {
    let content = [tlv::write(0x82, &[]), tlv::write(tag, data)].concat();
    card.transmit(&command(&format!("0087{algorithm:02X}{reference:02X}"), &tlv::write(0x7C, &content)))
}

fn word(answer: &[u8]) -> String {
    hex::encode_upper(&answer[answer.len() - 2..])
}

/// The object 82 in the template 7C of an answer.
fn response(answer: Vec<u8>) -> Vec<u8> {
    let template = done(answer);
    let content = tlv::read_one(&template).unwrap();
    assert_eq!(content.tag, 0x7C);
    let response = tlv::read_one(content.value).unwrap();
    assert_eq!(response.tag, 0x82);
    response.value.to_vec()
}

#[test]
fn ecdsa_signatures_over_hashes_verify() {
    let mut card = card(PivOptions::default());
    administrator(&mut card);
    say(&mut card, VERIFY);
    let cases: [(u8, &digest::Algorithm, &signature::EcdsaVerificationAlgorithm); 3] = [
        (0x11, &digest::SHA256, &signature::ECDSA_P256_SHA256_ASN1),
        (0x14, &digest::SHA384, &signature::ECDSA_P384_SHA384_ASN1),
        (0x14, &digest::SHA256, &signature::ECDSA_P384_SHA256_ASN1),
    ];
    for (algorithm, hash, verifies) in cases {
        let public = generate(&mut card, 0x9A, algorithm);
        let point = tlv::read_one(&public).unwrap();
        assert_eq!(point.tag, 0x86);
        let hashed = digest::digest(hash, b"to be signed");
        let made = response(use_key(&mut card, algorithm, 0x9A, 0x81, hashed.as_ref()));
        signature::UnparsedPublicKey::new(verifies, point.value).verify(b"to be signed", &made).unwrap();
    }
    for wrong in [&[][..], &[1; 49]] {
        assert_eq!(word(&use_key(&mut card, 0x14, 0x9A, 0x81, wrong)), "6A80");
    }
    assert_eq!(word(&use_key(&mut card, 0x11, 0x9A, 0x81, &[1; 32])), "6A86", "it is a P-384 key");
}

#[test]
fn rsa_takes_exactly_a_modulus_and_signatures_verify() {
    let mut card = card(PivOptions::default());
    administrator(&mut card);
    say(&mut card, VERIFY);
    let public = generate(&mut card, 0x9A, 0x07);
    let numbers = tlv::read_all(&public).unwrap();
    assert_eq!((numbers[0].tag, numbers[0].value.len(), numbers[1].tag), (0x81, 256, 0x82));
    assert_eq!(numbers[1].value, [1, 0, 1]);
    let prefix = bytes("3031300D060960864801650304020105000420");
    let info = [&prefix[..], digest::digest(&digest::SHA256, b"to be signed").as_ref()].concat();
    let padding = vec![0xFF; 256 - 3 - info.len()];
    let block = [&[0x00, 0x01], &padding[..], &[0x00], &info].concat();
    let made = response(use_key(&mut card, 0x07, 0x9A, 0x81, &block));
    let key = signature::RsaPublicKeyComponents { n: numbers[0].value, e: numbers[1].value };
    key.verify(&signature::RSA_PKCS1_2048_8192_SHA256, b"to be signed", &made).unwrap();
    for wrong in [&block[1..], &[&[0], &block[..]].concat(), &[0xFF; 256], &[]] {
        assert_eq!(word(&use_key(&mut card, 0x07, 0x9A, 0x81, wrong)), "6A80");
    }
    assert_eq!(response(use_key(&mut card, 0x07, 0x9A, 0x81, &[0; 256])), [0; 256], "zero stays as long as it was");
}

#[test]
fn key_management_keys_agree_and_others_do_not() {
    let mut card = card(PivOptions::default());
    administrator(&mut card);
    say(&mut card, VERIFY);
    let own = PrivateKey::generate(&agreement::ECDH_P256).unwrap();
    let point = own.compute_public_key().unwrap();
    for reference in [0x9D, 0x82, 0x95] {
        let public = generate(&mut card, reference, 0x11);
        let peer = UnparsedPublicKey::new(&agreement::ECDH_P256, tlv::read_one(&public).unwrap().value.to_vec());
        let shared = agreement::agree(&own, peer, (), |shared| Ok(shared.to_vec())).unwrap();
        assert_eq!(response(use_key(&mut card, 0x11, reference, 0x85, point.as_ref())), shared);
    }
    generate(&mut card, 0x9A, 0x11);
    assert_eq!(word(&use_key(&mut card, 0x11, 0x9A, 0x85, point.as_ref())), "6A80");
    let mut off_curve = point.as_ref().to_vec();
    off_curve[64] ^= 1;
    let compressed = [&[0x02], &point.as_ref()[1..33]].concat();
    for wrong in [&off_curve[..], &compressed, &point.as_ref()[1..], &[]] {
        assert_eq!(word(&use_key(&mut card, 0x11, 0x9D, 0x85, wrong)), "6A80");
    }
}

#[test]
fn the_pin_is_asked_for_once_always_or_never() {
    let mut card = card(PivOptions::default());
    administrator(&mut card);
    for reference in [0x9A, 0x9C, 0x9D, 0x9E] {
        generate(&mut card, reference, 0x11);
    }
    let sign = |card: &mut PivCard, reference| word(&use_key(card, 0x11, reference, 0x81, &[7; 32]));
    assert_eq!([0x9A, 0x9C, 0x9D, 0x9E].map(|reference| sign(&mut card, reference)), ["6982", "6982", "6982", "9000"]);
    say(&mut card, VERIFY);
    assert_eq!(sign(&mut card, 0x9C), "9000");
    assert_eq!(sign(&mut card, 0x9C), "6982", "each signature has its own VERIFY");
    assert_eq!([0x9A, 0x9A, 0x9D].map(|reference| sign(&mut card, reference)), ["9000"; 3]);
    say(&mut card, VERIFY);
    assert_eq!(tries(&mut card), "9000");
    assert_eq!(sign(&mut card, 0x9C), "6982", "VERIFY was not the last command");
    assert_eq!(say(&mut card, "00240080 10 313233343536FFFF313233343536FFFF"), "9000");
    assert_eq!(sign(&mut card, 0x9C), "6982", "CHANGE REFERENCE DATA is no VERIFY");
    say(&mut card, "0020FF80");
    assert_eq!(sign(&mut card, 0x9A), "6982");
}

#[test]
fn a_chained_signature_still_follows_its_verify() {
    let mut card = card(PivOptions::default());
    administrator(&mut card);
    generate(&mut card, 0x9C, 0x11);
    say(&mut card, VERIFY);
    assert_eq!(say(&mut card, "1087119C 04 7C248200"), "9000");
    let answer = say(&mut card, &format!("0087119C 22 8120{} 00", "07".repeat(32)));
    assert!(answer.ends_with("9000"), "{answer}");
}

#[test]
fn only_the_administrator_makes_keys_and_only_where_keys_are() {
    let mut card = card(PivOptions::default());
    assert_eq!(say(&mut card, "0047009A 05 AC03800111 00"), "6982");
    administrator(&mut card);
    for (command, word) in [
        ("0047009B 05 AC03800111 00", "6A86"),
        ("00470081 05 AC03800111 00", "6A86"),
        ("00470096 05 AC03800111 00", "6A86"),
        ("004700F9 05 AC03800111 00", "6A86"),
        ("0047019A 05 AC03800111 00", "6A86"),
        ("0047009A 05 AC03800106 00", "6A80"),
        ("0047009A 05 AC03800116 00", "6A80"),
        ("0047009A 05 AC038001E0 00", "6A80"),
        ("0047009A 05 AD03800111 00", "6A80"),
        ("0047009A 02 AC00 00", "6A80"),
        ("0047009A 0A AC08800107810301FFFF 00", "6A80"),
        ("0047009A 08 AC06800111AA0101 00", "6A80"),
        ("0047009A", "6A80"),
    ] {
        assert_eq!(say(&mut card, command), word, "{command}");
    }
    assert_eq!(word(&use_key(&mut card, 0x11, 0x9A, 0x81, &[7; 32])), "6A86", "there is no key yet");
    assert!(say(&mut card, "0047009A 0A AC088001118103010001 00").starts_with("7F4943864104"));
}

#[test]
fn a_new_key_takes_the_place_of_the_old() {
    let mut card = card(PivOptions::default());
    administrator(&mut card);
    let old = generate(&mut card, 0x9E, 0x11);
    assert_ne!(generate(&mut card, 0x9E, 0x11), old);
    generate(&mut card, 0x9E, 0x14);
    assert_eq!(word(&use_key(&mut card, 0x11, 0x9E, 0x81, &[7; 32])), "6A86");
    assert_eq!(put(&mut card, "5FC101", &[1]), "9000");
}

#[test]
fn a_template_that_asks_for_nothing_or_too_much_is_refused() {
    let mut card = card(PivOptions::default());
    administrator(&mut card);
    generate(&mut card, 0x9E, 0x11);
    let hash = format!("8120{}", "07".repeat(32));
    for (data, why) in [
        (format!("7C22{hash}"), "no empty response"),
        (format!("7C2582010 0{hash}"), "a response with content"),
        (format!("7C28 82008500{hash}8000"), "witness and exponentiation besides"),
        ("7C028200".into(), "nothing to sign"),
    ] {
        let data = bytes(&data);
        let answer = card.transmit(&command("0087119E", &data));
        assert_eq!(word(&answer), "6A80", "{why}");
    }
}
