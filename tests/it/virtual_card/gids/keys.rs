//! Keys: made, brought in, read, used.

use super::{ADMIN_KEY, Desk, LOG_OUT, MALFORMED, NOT_NOW, OK, REFUSED, VERIFY};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::{digest, rsa, signature};
use cardwright::iso7816::tlv;
use cardwright::virtual_card::{GidsCard, VirtualCard};

const PUBLIC_KEY: &str = "00CB3FFF0A7008840181A5037F498000";
const GENERATE: &str = "0047000008AC0680010783018100";
const TO_SIGN: &str = "002241B606800157840181";
const TO_SIGN_RAW: &str = "002241B606800117840181";
const TO_DECIPHER: &str = "002241B806800147840181";
const SHA256: &str = "3031300D060960864801650304020105000420";
const MESSAGE: &[u8] = b"a message";

/// Modulus and exponent of the key in B081.
fn public_key(desk: &mut Desk) -> [Vec<u8>; 2] {
    let told = hex::decode(desk.whole(PUBLIC_KEY)).unwrap();
    let template = tlv::read_one(&told).unwrap();
    assert_eq!(template.tag, 0x7F49);
    [0x81, 0x82].map(|tag| tlv::find(template.value, tag).unwrap().value.to_vec())
}

fn digest_info() -> String {
    SHA256.to_owned() + &hex::encode(digest::digest(&digest::SHA256, MESSAGE))
}

fn sign() -> String {
    format!("002A9E9A33{}00", digest_info())
}

fn verify([n, e]: &[Vec<u8>; 2], signed: &str) {
    let key = signature::RsaPublicKeyComponents { n, e };
    let signed = hex::decode(signed).unwrap();
    key.verify(&signature::RSA_PKCS1_2048_8192_SHA256, MESSAGE, &signed).unwrap();
}

#[test]
fn a_key_is_made_by_the_user_read_by_all_and_used_by_the_user() {
    let mut desk = Desk::ready();
    desk.done(VERIFY);
    desk.create_key_file(0x81, 0x07);
    desk.done(LOG_OUT);
    assert_eq!(desk.ask(GENERATE), REFUSED);
    assert_eq!(desk.authenticate(ADMIN_KEY), OK);
    assert_eq!(desk.ask(GENERATE), REFUSED, "nor does the administrator");
    desk.done(VERIFY);
    assert_eq!(desk.ask(TO_SIGN), OK);
    assert_eq!(desk.ask(&sign()), "6A88", "no key yet");
    let made = desk.whole(GENERATE);
    assert!(
        made.starts_with("7F49820109818201 00".replace(' ', "").as_str()) && made.ends_with("8203010001"),
        "{made}"
    );
    desk.done(LOG_OUT);
    assert_eq!(desk.whole(PUBLIC_KEY), made);
    assert_eq!(desk.ask(TO_SIGN), REFUSED);
    desk.done(VERIFY);
    desk.done(TO_SIGN);
    let signed = desk.done(&sign());
    verify(&public_key(&mut desk), &signed);
    let first = desk.whole(PUBLIC_KEY);
    assert_eq!(desk.ask("0047000008AC06800107830181"), OK, "nothing expected, nothing told");
    assert_ne!(desk.whole(PUBLIC_KEY), first, "a new key takes the old one's place");
}

#[test]
fn the_security_environment_ends_with_the_login() {
    let mut desk = Desk::with_key();
    desk.done(VERIFY);
    desk.done(TO_SIGN);
    desk.done(&sign());
    desk.done(&sign());
    desk.done(LOG_OUT);
    assert_eq!(desk.ask(&sign()), NOT_NOW);
    desk.done(VERIFY);
    assert_eq!(desk.ask(&sign()), NOT_NOW);
    desk.done(TO_SIGN);
    assert_eq!(desk.ask("0020008006303030303030"), "63C2");
    assert_eq!(desk.ask(&sign()), REFUSED, "a wrong PIN ends it, too");
    desk.done(VERIFY);
    desk.done("0022F301");
    assert_eq!(desk.ask(&sign()), NOT_NOW);
    desk.done(TO_DECIPHER);
    assert_eq!(desk.ask(&sign()), NOT_NOW, "for decryption is not for signatures");
    desk.done(TO_SIGN);
    desk.done("00A4000C02B081");
    desk.done("00E40000");
    assert_eq!(desk.ask(&sign()), NOT_NOW, "its key is gone");
}

#[test]
fn environments_that_cannot_be_set_are_told() {
    let mut desk = Desk::with_key();
    desk.done(VERIFY);
    for (command, word) in [
        ("002241B606800157840182", "6A88"),
        ("002241B606800158840181", MALFORMED),
        ("002241B606800197840181", MALFORMED),
        ("002241B803840181", MALFORMED),
        ("002241B603800157", MALFORMED),
        ("002241A406800102840180", "6A86"),
        ("002241AA06800157840181", "6A86"),
        ("0022F200", "6A81"),
        ("0022F400", "6A81"),
    ] {
        assert_eq!(desk.ask(command), word, "{command}");
    }
    desk.done(TO_SIGN);
    assert_eq!(desk.ask("002A9E9B0100"), "6A86");
}

#[test]
fn the_host_may_pad_itself() {
    let mut desk = Desk::with_key();
    desk.done(VERIFY);
    desk.done(TO_SIGN);
    assert_eq!(desk.chained("2A9E9A", &[0x11; 246]), "6700", "more than PKCS #1 has room for");
    let by_card = desk.done(&sign());
    let info = hex::decode(digest_info()).unwrap();
    let mut block = vec![0xFF; 256];
    (block[0], block[1], block[255 - info.len()]) = (0x00, 0x01, 0x00);
    block[256 - info.len()..].copy_from_slice(&info);
    desk.done(TO_SIGN_RAW);
    assert_eq!(desk.ask(&format!("002A9E9A0001 00{}0000", hex::encode(&block))), by_card.clone() + OK);
    assert_eq!(desk.chained("2A9E9A", &block), by_card + OK);
    assert_eq!(desk.chained("2A9E9A", &block[1..]), "6700");
    assert_eq!(desk.chained("2A9E9A", &[0xFF; 256]), MALFORMED, "not below the modulus");
    assert_eq!(desk.chained("2A9E9A", &[0x00; 256]), "00".repeat(256) + OK);
}

#[test]
fn what_was_encrypted_for_the_key_is_deciphered() {
    let mut desk = Desk::with_key();
    let [n, e] = public_key(&mut desk);
    let key = rsa::PublicKeyComponents { n: &n[..], e: &e[..] }.try_into().unwrap();
    let key = rsa::Pkcs1PublicEncryptingKey::new(key).unwrap();
    let mut cryptogram = vec![0; 256];
    key.encrypt(MESSAGE, &mut cryptogram).unwrap();
    let expected = hex::encode_upper(MESSAGE) + OK;
    assert_eq!(desk.chained("2A8086", &cryptogram), NOT_NOW);
    desk.done(VERIFY);
    desk.done(TO_DECIPHER);
    assert_eq!(desk.chained("2A8086", &cryptogram), expected, "as Windows sends it");
    assert_eq!(desk.chained("2A8086", &[&[0x00], &cryptogram[..]].concat()), expected, "as the standard has it");
    assert_eq!(desk.chained("2A8086", &cryptogram[1..]), "6700");
    cryptogram[0] ^= 0x01;
    assert_eq!(desk.chained("2A8086", &cryptogram), MALFORMED);
    desk.done("002241B806800187840181");
    assert_eq!(desk.chained("2A8086", &cryptogram), "6A81", "no OAEP");
    desk.done("002241B806800107840181");
    let raw = desk.chained("2A8086", &cryptogram);
    assert_eq!(raw.len(), 2 * 258, "raw");
}

/// The RSAPrivateKey inside PKCS #8, and its integers.
fn private_key(size: KeySize) -> Vec<u8> {
    let pair = KeyPair::generate(size).unwrap();
    let der = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der>::as_der(&pair).unwrap();
    let parts = tlv::read_one(der.as_ref()).unwrap().value;
    tlv::find(parts, 0x04).unwrap().value.to_vec()
}

/// The template that brings a private key to a card.
fn import(key: u8, kind: &str, value: &[u8]) -> Vec<u8> {
    let kind = hex::decode(kind).unwrap();
    let template = tlv::write(0xA5, &[&kind, &tlv::write(0x87, value)[..]].concat());
    tlv::write(0x70, &[tlv::write(0x84, &[key]), template].concat())
}

#[test]
fn a_key_made_elsewhere_is_brought_in() {
    let private = private_key(KeySize::Rsa2048);
    let mut desk = Desk::ready();
    desk.done(VERIFY);
    desk.create_key_file(0x81, 0x07);
    desk.done(LOG_OUT);
    let whole = import(0x81, "830102840100", &private);
    assert_eq!(desk.chained("DB3FFF", &whole), REFUSED);
    desk.done(VERIFY);
    assert_eq!(desk.chained("DB3FFF", &whole), OK);
    let integers = tlv::read_all(tlv::read_one(&private).unwrap().value).unwrap();
    let [n, e] = public_key(&mut desk);
    assert!([&[0], &n[..]].concat() == integers[1].value && e == integers[2].value);
    let mut desk = Desk(GidsCard::from_state(&desk.0.state()).unwrap());
    for command in [super::SELECT, VERIFY, TO_SIGN] {
        desk.done(command);
    }
    verify(&[n, e], &desk.done(&sign()));

    // OpenSC writes the integers without their leading zeros.
    let bare = integers.iter().flat_map(|integer| {
        let zeros = integer.value.iter().take_while(|byte| **byte == 0).count().min(integer.value.len() - 1);
        tlv::write(0x02, &integer.value[zeros..])
    });
    let bare = tlv::write(0x30, &bare.collect::<Vec<_>>());
    assert_eq!(desk.chained("DB3FFF", &import(0x81, "830102840100", &bare)), OK);
    desk.done(TO_SIGN);
    verify(&public_key(&mut desk), &desk.done(&sign()));
}

#[test]
fn keys_that_do_not_fit_are_not_taken() {
    let private = private_key(KeySize::Rsa3072);
    let mut desk = Desk::with_key();
    desk.done(VERIFY);
    let before = desk.0.state();
    let mut spoiled = private.clone();
    let middle = spoiled.len() / 2;
    spoiled[middle] ^= 0x01;
    for (what, key, word) in [
        ("of another size", import(0x81, "830102840100", &private), MALFORMED),
        ("spoiled", import(0x81, "830102840100", &spoiled), MALFORMED),
        ("cut off", import(0x81, "830102840100", &private[..1000]), MALFORMED),
        ("wrapped", import(0x81, "830102840180", &private), "6A81"),
        ("of no kind", import(0x81, "830103840100", &private), MALFORMED),
        ("symmetric", import(0x81, "830101840100", &[7; 24]), MALFORMED),
        ("for no file", import(0x82, "830102840100", &private), "6A88"),
    ] {
        assert_eq!(desk.chained("DB3FFF", &key), word, "{what}");
    }
    for (command, word) in [
        ("0047000008AC0680010683018100", "6A81"), // RSA-1024
        ("0047000008AC0680010C83018100", "6A81"), // a curve
        ("0047000008AC0680010883018100", MALFORMED),
        ("0047000008AC0680010783018200", "6A88"),
        ("0047000005AC0380010700", MALFORMED),
        ("0047000008AB0680010783018100", MALFORMED),
        ("0047010008AC0680010783018100", "6A86"),
    ] {
        assert_eq!(desk.ask(command), word, "{command}");
    }
    assert!(*desk.0.state() == *before);
}
