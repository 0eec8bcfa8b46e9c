//! `msroots`: what is missing is added, what others wrote stays, and a card without room for it keeps what it has.

use crate::support::certificates::{authority, certificate_for, named};
use crate::support::errors::causes;
use crate::support::gids::{KEY, id, log_in, object, open, order, put_object, ready};
use crate::support::msroots;
use cardwright::iso7816::tlv;
use cardwright::pkix::{Certificate, Signer};
use cardwright::token::{Error, Session, Token};
use cardwright::virtual_card::{Dial, GidsCard, GidsOptions, SharedCard};
use flate2::{Compression, write::ZlibEncoder};
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use std::io::Write;

/// An authority of its own, DER.
fn root(name: &str) -> Vec<u8> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name = named(name);
    params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
}

/// The authority above every certificate here.
fn above() -> Vec<u8> {
    Certificate::from_pem(authority()).unwrap().der().to_vec()
}

fn files(card: &SharedCard) -> u16 {
    let bytes = object(card, 0xA010, 0xDF22);
    u16::from_le_bytes([bytes[bytes.len() - 2], bytes[bytes.len() - 1]])
}

/// Has another program write a packed file as `msroots`.
fn put_by_others(card: &SharedCard, bundle: &[u8]) {
    let mut packed =
        ZlibEncoder::new([&[1, 0][..], &(bundle.len() as u16).to_le_bytes()].concat(), Compression::best());
    packed.write_all(bundle).unwrap();
    put_raw(card, &packed.finish().unwrap());
}

fn put_raw(card: &SharedCard, file: &[u8]) {
    if msroots::place(card).is_none() {
        let master = object(card, 0xA000, 0xDF1F);
        let mut master = tlv::read_one(&master).unwrap().value.to_vec();
        master.extend_from_slice(b"mscp\0\0\0\0\0msroots\0\0\0\0");
        master.extend_from_slice(&[0x40, 0xDF, 0, 0, 0x10, 0xA0, 0, 0]);
        put_object(card, 0xA000, 0xDF1F, &master);
    }
    let (ef, tag) = msroots::place(card).unwrap();
    put_object(card, ef, tag, file);
}

/// What a command line of OpenSSL's makes of certificates: PKCS#7, DER.
fn openssl_bundle(certificates: &[Vec<u8>]) -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("all.pem");
    let pem: Vec<_> = certificates.iter().map(|der| Certificate::from_der(der).unwrap().to_pem()).collect();
    std::fs::write(&file, pem.concat()).unwrap();
    let made = std::process::Command::new("openssl")
        .args(["crl2pkcs7", "-nocrl", "-outform", "DER", "-certfile"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(made.status.success());
    made.stdout
}

fn copy(card: &SharedCard) -> SharedCard {
    let state = card.with_card(|card| card.state()).unwrap();
    SharedCard::new(Box::new(GidsCard::from_state(&state).unwrap()))
}

fn add(card: &SharedCard, certificates: &[Vec<u8>]) -> Result<usize, Error> {
    log_in(&mut open(card)).write_ca_certificates(certificates)
}

#[test]
fn what_is_missing_is_added_and_nothing_is_written_twice() {
    let card = ready(GidsOptions::default());
    let mut token = open(&card);
    let mut session = log_in(&mut token);
    let mut commands = |certificates: &[Vec<u8>]| {
        session.list().unwrap();
        card.forget_headers();
        let added = session.write_ca_certificates(certificates).unwrap();
        (added, card.headers().len())
    };
    let (one, another) = (root("one"), root("another"));
    // cardcf is read and written, then the file, then the master file.
    assert_eq!(commands(&[one.clone(), one.clone()]), (1, 4));
    // The file is read.
    assert_eq!(commands(std::slice::from_ref(&one)), (0, 1));
    // It is read, and written to another place; the old one is emptied.
    assert_eq!(commands(&[one.clone(), another]), (1, 6));
    drop(session);
    assert_eq!(msroots::subjects(&card), ["CN=another", "CN=one"]);
    let before = files(&card);
    assert_eq!(add(&card, &[one]).unwrap(), 0);
    assert_eq!(files(&card), before);
    assert_eq!(add(&card, &[root("third")]).unwrap(), 1);
    assert_eq!(files(&card), before + 1, "Windows looks again only where this has changed");
}

#[test]
fn what_others_wrote_stays() {
    let card = ready(GidsOptions::default());
    put_by_others(&card, &openssl_bundle(&[root("theirs"), root("theirs too")]));
    assert_eq!(add(&card, &[root("ours")]).unwrap(), 1);
    assert_eq!(msroots::subjects(&card), ["CN=ours", "CN=theirs", "CN=theirs too"]);
    // An unpacked one, and an empty one.
    let card = ready(GidsOptions::default());
    put_raw(&card, &openssl_bundle(&[root("theirs")]));
    assert_eq!(add(&card, &[root("ours")]).unwrap(), 1);
    assert_eq!(msroots::subjects(&card), ["CN=ours", "CN=theirs"]);
    let card = ready(GidsOptions::default());
    put_raw(&card, &[]);
    assert_eq!(add(&card, &[root("ours")]).unwrap(), 1);
    assert_eq!(msroots::subjects(&card), ["CN=ours"]);
}

#[test]
fn what_cannot_be_read_is_left_as_it_is() {
    for odd in [&b"no bundle"[..], &[1, 0, 9, 0, 0x78, 0x9C, 1, 2, 3], &[0x30, 0x80]] {
        let card = ready(GidsOptions::default());
        put_raw(&card, odd);
        let left = add(&card, &[root("ours")]).unwrap_err();
        assert!(matches!(left, Error::Device { operation: "mscp\\msroots", .. }), "{left:?}");
        assert!(causes(&left).contains("stays as it is"), "{left:?}");
        assert_eq!(msroots::file(&card).unwrap(), odd);
    }
}

#[test]
fn a_full_card_keeps_what_it_has() {
    let card = ready(GidsOptions::default());
    log_in(&mut open(&card)).import(&order(1, true), &KEY).unwrap();
    add(&card, &[root("theirs")]).unwrap();
    let mut refused = 0;
    for room in (0..6_000).step_by(100) {
        let card = copy(&card);
        card.set_dial(format!("full={room}").parse().unwrap());
        let added = add(&card, &[root("ours")]);
        card.set_dial(Dial::default());
        let subjects = msroots::subjects(&card);
        match added {
            Ok(1) => assert_eq!(subjects, ["CN=ours", "CN=theirs"]),
            Err(Error::Full) => {
                refused += 1;
                assert_eq!(subjects, ["CN=theirs"], "{room}");
                assert_eq!(open(&card).public_objects().unwrap().len(), 1);
            }
            other => panic!("{room}: {other:?}"),
        }
    }
    assert!((1..60).contains(&refused), "{refused}");
    let many: Vec<_> = (0..200).map(|at| root(&format!("{at:0>64}"))).collect();
    assert!(matches!(add(&card, &many), Err(Error::CertificateTooLarge { largest: 65_535, .. })));
    assert_eq!(msroots::subjects(&card), ["CN=theirs"]);
}

/// A card with two keys under one authority, and that one and a stranger's in `msroots`.
fn furnished() -> SharedCard {
    let card = ready(GidsOptions::default());
    let mut token = open(&card);
    let mut session = log_in(&mut token);
    for index in [1, 2] {
        session.import(&order(index, true), &KEY).unwrap();
        session.write_certificate(&id(index), "", &leaf(index)).unwrap();
    }
    session.write_ca_certificates(&[above(), root("theirs")]).unwrap();
    drop(session);
    card
}

/// The same at each call: the signature is not, so that it is kept.
fn leaf(index: u8) -> Vec<u8> {
    static LEAVES: std::sync::LazyLock<[Vec<u8>; 2]> =
        std::sync::LazyLock::new(|| ["first", "second"].map(|name| certificate_for(KEY.public_key(), name)));
    LEAVES[usize::from(index) - 1].clone()
}

#[test]
fn an_authority_goes_with_the_last_certificate_below_it() {
    let card = furnished();
    let mut token = open(&card);
    let mut session = log_in(&mut token);
    assert_eq!(session.remove_ca_certificates(&[leaf(1)]).unwrap(), 0, "the second needs it");
    session.delete(&id(1)).unwrap();
    assert_eq!(session.remove_ca_certificates(&[leaf(2)]).unwrap(), 1);
    drop(session);
    assert_eq!(msroots::subjects(&card), ["CN=theirs"]);
    let card = copy(&furnished());
    put_by_others(&card, &openssl_bundle(&[above()]));
    let mut token = open(&card);
    assert_eq!(log_in(&mut token).remove_ca_certificates(&[leaf(1), leaf(2)]).unwrap(), 1);
    assert_eq!(msroots::place(&card), None, "nothing is left in the file");
}

#[test]
fn a_cut_anywhere_leaves_the_old_file_or_the_new_one() {
    let both = [above(), root("ours")];
    type Work<'a> = dyn Fn(&mut dyn Session) -> Result<usize, Error> + 'a;
    let adds: &Work<'_> = &|session| session.write_ca_certificates(&both);
    let removes: &Work<'_> = &|session| session.remove_ca_certificates(&[leaf(1), leaf(2)]);
    let begun = furnished();
    for work in [adds, removes] {
        let whole = copy(&begun);
        let before = msroots::subjects(&whole);
        let mut token = open(&whole);
        let mut session = log_in(&mut token);
        whole.forget_headers();
        work(&mut *session).unwrap();
        drop(session);
        let commands = whole.headers().len() - 1;
        let after = msroots::subjects(&whole);
        assert_ne!(before, after);
        for fault in ["remove", "remove-after"] {
            for at in 1..commands {
                let card = copy(&begun);
                let mut token = open(&card);
                let mut session = log_in(&mut token);
                card.set_dial(format!("{fault}@{at}").parse().unwrap());
                assert!(matches!(work(&mut *session), Err(Error::Removed)), "{fault}@{at}");
                drop(session);
                card.set_dial(Dial::default());
                card.insert_again();
                let left = msroots::subjects(&card);
                assert!(left == before || left == after, "{fault}@{at}: {left:?}");
                let mut token = open(&card);
                work(&mut *log_in(&mut token)).unwrap();
                assert_eq!(msroots::subjects(&card), after, "{fault}@{at}");
                assert_eq!(token.public_objects().unwrap().len(), 2);
            }
        }
    }
}
