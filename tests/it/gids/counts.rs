//! How many APDUs a job takes, counted by the card: by the driver, and by OpenSC's tools through pcscd.

use super::strangers::{Judged, said};
use crate::support::certificates::certificate_for;
use crate::support::gids::{KEY, PIN, id, log_in, open, order, ready};
use cardwright::pkix::{KeyAlgorithm, PublicKey, SignatureAlgorithm, Signer};
use cardwright::token::{KeyOrder, Token};
use cardwright::virtual_card::{GidsOptions, SharedCard};

/// A certificate of a usual size; one is packed before it is written.
fn certificate(key: &PublicKey) -> Vec<u8> {
    certificate_for(key, "counted")
}

/// A card that takes short APDUs only, or long ones too.
fn card(short: bool) -> SharedCard {
    let card = ready(GidsOptions::default());
    if short {
        card.set_dial("short".parse().unwrap());
    }
    card
}

/// From the card's SELECT to its certificate, in one login: the key is made on it, or written to it; then the certificate
/// is read back.
fn enroll(card: &SharedCard, on_card: bool) -> [usize; 2] {
    card.forget_headers();
    let mut token = open(card);
    let mut session = log_in(&mut token);
    let key = if on_card {
        session.generate(&order(1, true)).unwrap()
    } else {
        session.import(&order(1, true), &KEY).unwrap();
        KEY.public_key().clone()
    };
    let signed = session.sign(&id(1), SignatureAlgorithm::RsaPkcs1Sha256, b"a request").unwrap();
    key.verify(SignatureAlgorithm::RsaPkcs1Sha256, b"a request", &signed).unwrap();
    let certificate = certificate(&key);
    session.write_certificate(&id(1), "", &certificate).unwrap();
    let enrolled = card.headers().len();
    assert!(session.read_certificate(&id(1)).unwrap() == Some(certificate));
    [enrolled, card.headers().len() - enrolled]
}

#[test]
fn an_enrollment_takes_so_many_apdus() {
    println!(
        "{:?} {:?} {:?} {:?}",
        enroll(&card(true), true),
        enroll(&card(true), false),
        enroll(&card(false), true),
        enroll(&card(false), false)
    );
}

#[test]
fn opensc_takes_more_than_twice_as_many() {
    let judged = Judged::initialised();
    let counted = || {
        let count = judged.inserted.card().headers().len();
        judged.inserted.card().forget_headers();
        count
    };
    let file = |name: &str| judged.file(name);
    counted();
    let log_in = ["--login", "--pin", PIN];
    let make = ["--keypairgen", "--key-type", "rsa:2048", "--label", "theirs"];
    said(&judged.pkcs11_tool(&[&log_in[..], &make].concat()));
    let made = counted();
    std::fs::write(file("request"), b"a request").unwrap();
    let sign = ["--sign", "--mechanism", "SHA256-RSA-PKCS", "--id", "00"];
    said(&judged.pkcs11_tool(
        &[&log_in[..], &sign, &["--input-file", &file("request"), "--output-file", &file("signed")]].concat(),
    ));
    let signed = counted();
    let key = judged.token().public_objects().unwrap()[0].public_key.clone().unwrap();
    counted();
    std::fs::write(file("cert"), certificate(&key)).unwrap();
    said(
        &judged
            .pkcs11_tool(&[&log_in[..], &["--write-object", &file("cert"), "--type", "cert", "--id", "00"]].concat()),
    );
    let written = counted();
    said(&judged.pkcs11_tool(&["--read-object", "--type", "cert", "--id", "00", "--output-file", &file("back")]));
    let read = counted();
    println!("{made} {signed} {written} {read}");
}
