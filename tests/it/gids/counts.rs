//! How many APDUs a job takes, counted by the card: by the driver, and by OpenSC's pkcs11-tool through pcscd.

use super::strangers::{Judged, said};
use crate::support::certificates::certificate_for;
use crate::support::gids::{KEY, PIN, id, log_in, open, order, ready};
use cardwright::pkix::{SignatureAlgorithm, Signer};
use cardwright::token::Token;
use cardwright::virtual_card::{GidsOptions, SharedCard};

/// Where the key comes from.
#[derive(Clone, Copy, Debug)]
enum Origin {
    Made,
    Written,
}

fn card() -> SharedCard {
    ready(GidsOptions::default())
}

/// A card that takes short APDUs only.
fn short() -> SharedCard {
    let card = card();
    card.set_dial("short".parse().unwrap());
    card
}

/// From the card's SELECT to its certificate, in one login; and the certificate read back. RSA-2048.
fn enroll(card: &SharedCard, origin: Origin) -> [usize; 2] {
    card.forget_headers();
    let mut token = open(card);
    let mut session = log_in(&mut token);
    let key = match origin {
        Origin::Made => session.generate(&order(1, true)).unwrap(),
        Origin::Written => {
            session.import(&order(1, true), &KEY).unwrap();
            KEY.public_key().clone()
        }
    };
    let signed = session.sign(&id(1), SignatureAlgorithm::RsaPkcs1Sha256, b"a request").unwrap();
    key.verify(SignatureAlgorithm::RsaPkcs1Sha256, b"a request", &signed).unwrap();
    let certificate = certificate_for(&key, "counted");
    session.write_certificate(&id(1), "", &certificate).unwrap();
    let enrolled = card.headers().len();
    assert!(session.read_certificate(&id(1)).unwrap() == Some(certificate));
    [enrolled, card.headers().len() - enrolled]
}

#[test]
fn an_enrollment_takes_so_many_apdus() {
    for (card, origin, most) in [
        (short(), Origin::Made, [26, 3]),
        (short(), Origin::Written, [31, 3]),
        (card(), Origin::Made, [22, 1]),
        (card(), Origin::Written, [23, 1]),
    ] {
        let counted = enroll(&card, origin);
        println!("{origin:?}: {counted:?}");
        // The certificate is packed, and its length differs by a few bytes.
        assert!(counted[0] <= most[0] && counted[1] <= most[1], "{origin:?}: {counted:?}");
    }
}

#[test]
fn opensc_takes_more_than_twice_as_many() {
    let judged = Judged::initialised();
    let counted = |arguments: &[&str]| {
        judged.inserted.card().forget_headers();
        said(&judged.pkcs11_tool(arguments));
        judged.inserted.card().headers().len()
    };
    let by_pin = |arguments: &[&str]| counted(&[&["--login", "--pin", PIN][..], arguments].concat());
    let (request, key, certificate) = (judged.file("request"), judged.file("key.der"), judged.file("cert.der"));
    std::fs::write(&request, b"a request").unwrap();
    std::fs::write(&key, KEY.expose_pkcs8()).unwrap();
    let made = by_pin(&["--keypairgen", "--key-type", "rsa:2048", "--label", "made"]);
    let written = by_pin(&["--write-object", &key, "--type", "privkey", "--id", "01", "--label", "written"]);
    let keys = judged.token().public_objects().unwrap();
    for (at, [key, ours]) in [("00", [made, 26]), ("01", [written, 31])] {
        let signs = ["--sign", "--mechanism", "SHA256-RSA-PKCS", "--id", at, "--input-file", &request];
        let signed = by_pin(&[&signs[..], &["--output-file", &judged.file("signed")]].concat());
        let index = usize::from(at == "01");
        let of = keys[index].public_key.clone().unwrap();
        std::fs::write(&certificate, certificate_for(&of, "counted")).unwrap();
        let wrote = by_pin(&["--write-object", &certificate, "--type", "cert", "--id", at]);
        let back = judged.file("back.der");
        let read = counted(&["--read-object", "--type", "cert", "--id", at, "--output-file", &back]);
        println!("{at}: {key} + {signed} + {wrote}, read back {read}");
        assert!(key + signed + wrote > 2 * ours && read > 2 * 3, "{key} + {signed} + {wrote}, {read}");
    }
}
