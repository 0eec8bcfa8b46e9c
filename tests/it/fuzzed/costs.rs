//! What asks for much with little: refused with a name, before anything is spent on it.

use super::ders::{attribute, descending, integer, lying, oid, sequence, tlv};
use super::{cost, feed};
use crate::malice::cards::{Forged, Kind};
use crate::support::errors::causes;
use cardwright::ca::Error;
use cardwright::ca::keyfile;
use cardwright::ca::ocsp::Question;
use cardwright::gids::GidsToken;
use cardwright::iso7816::{Card, ExchangeError, Expect};
use cardwright::piv::PivToken;
use cardwright::pkix::{self, CertificateBundle, pfx};
use cardwright::secret::Passphrase;
use cardwright::token::Token;
use cardwright::virtual_card::{SharedCard, VirtualCard};

/// What a question may hold while it is read: not much more than it has bytes.
const MOST_OF_A_QUESTION: usize = 256 * 1024;

/// A Request about a certificate with this serial number, its hashes by SHA-1.
fn asked(serial: &[u8]) -> Vec<u8> {
    let algorithm = sequence(&[&oid("2b0e03021a"), &tlv(5, &[])]);
    sequence(&[&sequence(&[&algorithm, &tlv(4, &[1; 20]), &tlv(4, &[2; 20]), &tlv(2, serial)])])
}

fn question(requestor: &[u8], requests: &[u8], more: &[u8]) -> Vec<u8> {
    sequence(&[&sequence(&[requestor, &tlv(0x30, requests), more])])
}

#[test]
fn who_asks_is_not_read() {
    let set = tlv(0x31, &descending(15 * 1024, attribute));
    let name = tlv(0xA1, &tlv(0xA4, &tlv(0x30, &set)));
    let crowded = question(&name, &asked(&[7]), &[]);
    let plain = question(&[], &asked(&[7]), &[]);
    assert!(crowded.len() > 15_000 && crowded.len() <= 16 * 1024);
    let of_plain = cost(|| drop(Question::read(&plain).unwrap()));
    let of_crowded = cost(|| drop(Question::read(&crowded).unwrap()));
    assert!(of_crowded.allocations <= of_plain.allocations + 2, "{of_crowded:?} against {of_plain:?}");
    assert!(of_crowded.peak <= of_plain.peak + 1024, "{of_crowded:?} against {of_plain:?}");
    // It need not even be a name.
    assert!(Question::read(&question(&tlv(0xA1, &[0xFF; 9]), &asked(&[7]), &[])).is_ok());
}

#[test]
fn a_question_reserves_no_more_than_it_has() {
    let within = |request: &[u8]| question(&[], &tlv(0x30, request), &[]);
    let algorithm = sequence(&[&oid("2b0e03021a"), &tlv(5, &[])]);
    let lies = [
        lying(0x30),
        sequence(&[&lying(0x30)]),
        within(&sequence(&[&algorithm, &lying(4)])),
        within(&sequence(&[&sequence(&[&oid("2b0e03021a"), &lying(4)])])),
        within(&sequence(&[&algorithm, &tlv(4, &[1; 20]), &tlv(4, &[2; 20]), &lying(2)])),
        question(&[], &asked(&[1]), &tlv(0xA2, &sequence(&[&sequence(&[&oid("2b0601050507300102"), &lying(4)])]))),
        question(&lying(0xA1), &asked(&[1]), &[]),
    ];
    for lie in &lies {
        let cost = cost(|| assert!(matches!(Question::read(lie).map(drop), Err(Error::OcspRequest))));
        assert!(cost.peak <= MOST_OF_A_QUESTION, "{cost:?} for {}", hex::encode(lie));
        feed("ocsp-question", lie, "a lie");
    }
}

#[test]
fn a_question_says_no_more_than_it_may() {
    let nonce = |length| sequence(&[&oid("2b0601050507300102"), &tlv(4, &tlv(4, &vec![9; length]))]);
    let extension = |critical: &[u8]| sequence(&[&oid("550403"), critical, &tlv(4, &[5, 0])]);
    let with = |extensions: &[&[u8]]| question(&[], &asked(&[1]), &tlv(0xA2, &sequence(extensions)));
    let read = |bytes: &[u8]| Question::read(bytes).map(|question| question.has_nonce()).ok();
    assert_eq!(read(&with(&[&nonce(32)])), Some(true));
    assert_eq!(read(&with(&[&extension(&[]), &extension(&tlv(1, &[0]))])), Some(false));
    assert_eq!(read(&question(&tlv(0xA0, &[2, 1, 0]), &asked(&[1]), &[])), Some(false));
    let single = sequence(&[&asked(&[1])[2..], &tlv(0xA0, &sequence(&[&extension(&[])]))]);
    assert_eq!(read(&question(&[], &single, &[])), Some(false));
    let signature = tlv(0xA0, &[0xFF; 5]);
    let signed = sequence(&[&sequence(&[&tlv(0x30, &asked(&[1]))]), &signature]);
    assert_eq!(read(&signed), Some(false));
    for refused in [
        with(&[&nonce(200)]),
        with(&[&extension(&tlv(1, &[0xFF]))]),
        with(&[&extension(&[]), &tlv(5, &[])]),
        question(&tlv(0xA0, &[2, 1, 1]), &asked(&[1]), &[]),
        question(&[], &asked(&[1]), &tlv(5, &[])),
        question(&[], &[], &[]),
        question(&[], &[asked(&[1]), tlv(5, &[])].concat(), &[]),
        sequence(&[&sequence(&[&tlv(0x30, &asked(&[1]))]), &tlv(0xA1, &[])]),
    ] {
        assert_eq!(read(&refused), None, "{}", hex::encode(&refused));
    }
}

/// An EncryptedPrivateKeyInfo under PBES2 with this key derivation, as PEM.
fn key_file(derivation: &[u8]) -> String {
    let aes = sequence(&[&oid("60864801650304012a"), &tlv(4, &[3; 16])]);
    let scheme = sequence(&[&oid("2a864886f70d01050d"), &sequence(&[derivation, &aes])]);
    let der = sequence(&[&scheme, &tlv(4, &[4; 48])]);
    der::pem::encode_string("ENCRYPTED PRIVATE KEY", der::pem::LineEnding::LF, &der).unwrap()
}

fn pbkdf2(rounds: u64) -> Vec<u8> {
    let hash = sequence(&[&oid("2a864886f70d0209"), &tlv(5, &[])]);
    sequence(&[&oid("2a864886f70d01050c"), &sequence(&[&tlv(4, &[1; 16]), &integer(rounds), &hash])])
}

fn scrypt(n: u64, r: u64, p: u64) -> Vec<u8> {
    sequence(&[&oid("2b06010401da47040b"), &sequence(&[&tlv(4, &[1; 16]), &integer(n), &integer(r), &integer(p)])])
}

#[test]
fn a_key_file_sets_no_cost_beyond_the_ceiling() {
    let passphrase = Passphrase::new("wrong".into());
    let opened = |derivation: &[u8]| keyfile::open_private_key(&key_file(derivation), &passphrase).map(drop);
    for (derivation, named, most) in [
        (pbkdf2(u32::MAX.into()), "rounds of PBKDF2", 10_000_000),
        (pbkdf2(10_000_001), "rounds of PBKDF2", 10_000_000),
        (scrypt(1 << 14, 8, 65_535), "blocks of scrypt", 1 << 24),
        (scrypt(1 << 20, 8, 1), "MiB of memory", 512),
        (scrypt(1 << 62, 8, 1), "MiB of memory", 512),
        (scrypt(2, 65_535, 65_535), "blocks of scrypt", 1 << 24),
    ] {
        let cost = cost(|| match opened(&derivation) {
            Err(Error::KeyFileCost { what, asked, limit }) => {
                assert_eq!((what, limit), (named, most));
                assert!(asked > most);
            }
            other => panic!("{named}: {other:?}"),
        });
        assert!(cost.peak < 64 * 1024, "{named}: {cost:?}");
    }
    // What people seal with is opened.
    for derivation in [pbkdf2(2048), scrypt(16, 1, 16)] {
        assert!(matches!(opened(&derivation), Err(Error::Passphrase)));
    }
}

/// A card whose objects, each for itself, are long and valid, over short APDUs.
fn long_winded() -> SharedCard {
    let history = tlv(0x53, &[tlv(0xC1, &[20]), tlv(0xC2, &[0]), tlv(0xFE, &[])].concat());
    let object = tlv(0x53, &[tlv(0x70, &[0x30; 60_000]), tlv(0x71, &[0]), tlv(0xFE, &[])].concat());
    let mut at = object.len();
    Forged::slot(Kind::PlainPiv.card(), move |command, card: &mut dyn VirtualCard| {
        let next = match command {
            // GET DATA: the key history, and what holds a certificate.
            [_, 0xCB, 0x3F, 0xFF, _, 0x5C, 3, 0x5F, 0xC1, 0x0C, ..] => {
                return Some([&history[..], &[0x90, 0]].concat());
            }
            [_, 0xCB, 0x3F, 0xFF, _, 0x5C, 3, 0x5F, 0xC1, 0x01 | 0x05 | 0x0A..=0x20, ..] => 0,
            [_, 0xC0, ..] if at < object.len() => at,
            _ => return Some(card.transmit(command)),
        };
        let end = object.len().min(next + 256);
        at = end;
        let word = match object.len() - end {
            0 => [0x90, 0x00],
            left => [0x61, left.min(0xFF) as u8],
        };
        Some([&object[next..end], &word].concat())
    })
}

#[test]
fn a_long_winded_card_is_given_up() {
    let slot = long_winded();
    slot.set_dial("short".parse().unwrap());
    let mut token = PivToken::open(Card::new(slot.channel())).unwrap();
    slot.forget_headers();
    let Err(error) = token.public_objects() else { panic!("all of it was read") };
    let said = slot.headers().len();
    assert!((4000..=4100).contains(&said), "{said} commands");
    assert!(causes(&error).contains("more than any card holds"), "{}", causes(&error));
    // Nothing was spent, and the card is as usable as before.
    assert!(slot.headers().iter().all(|header| matches!(header[1], 0xA4 | 0xCB | 0xC0 | 0xF7 | 0x20)));
    assert!(token.counters().is_ok());
}

#[test]
fn what_one_transaction_may_cost_is_counted_anew_in_the_next() {
    let slot = Kind::Gids.slot();
    let mut card = Card::new(slot.channel());
    let select = || {
        cardwright::iso7816::CommandApdu::new(0xA4, 0x04, 0x00).with_data([0xA0, 0, 0, 3, 0x97]).expecting(Expect::All)
    };
    for _ in 0..2 {
        card.begin().unwrap();
        for _ in 0..4096 {
            card.exchange(&select()).unwrap();
        }
        let refused = card.exchange(&select()).unwrap_err();
        let ExchangeError::TooMuch { commands, .. } = &refused else { panic!("{refused:?}") };
        assert_eq!(*commands, 4096);
        card.end(cardwright::iso7816::EndWith::Leave).unwrap();
    }
    assert!(GidsToken::open(card).is_ok());
}

/// A PKCS#12 file with so many shrouded keys, each for so many rounds of PBKDF2.
fn key_store(keys: usize, rounds: u64) -> Vec<u8> {
    let aes = sequence(&[&oid("60864801650304012a"), &tlv(4, &[3; 16])]);
    let scheme = sequence(&[&oid("2a864886f70d01050d"), &sequence(&[&pbkdf2(rounds), &aes])]);
    let shrouded = sequence(&[&scheme, &tlv(4, &[4; 48])]);
    let bag = sequence(&[&oid("2a864886f70d010c0a0102"), &tlv(0xA0, &shrouded)]);
    let data = |content: &[u8]| sequence(&[&oid("2a864886f70d010701"), &tlv(0xA0, &tlv(4, content))]);
    sequence(&[&integer(3), &data(&sequence(&[&data(&tlv(0x30, &bag.repeat(keys)))]))])
}

#[test]
fn the_parts_of_a_key_store_share_one_budget() {
    let read = |bytes: &[u8]| pfx::read(bytes, "fuzz").map(drop).unwrap_err();
    for (keys, rounds) in [(1, 3_000_001), (4, 1_000_000), (1_000, 4_000)] {
        let refused = read(&key_store(keys, rounds));
        assert!(matches!(refused, pkix::Error::PfxIterations { limit: 3_000_000 }), "{keys}, {rounds}: {refused}");
    }
    let wrong = read(&key_store(2, 2048));
    assert!(matches!(wrong, pkix::Error::Pfx { .. }), "{wrong:?}");
}

#[test]
fn a_message_has_few_signers() {
    let signer = |number: u64| {
        let id = sequence(&[&sequence(&[]), &integer(number)]);
        sequence(&[
            &integer(1),
            &id,
            &sequence(&[&oid("608648016503040201")]),
            &sequence(&[&oid("2a8648ce3d040302")]),
            &tlv(4, &[]),
        ])
    };
    let message = |signers: u64| {
        let signers: Vec<u8> = (1..=signers).flat_map(signer).collect();
        let data =
            sequence(&[&integer(1), &tlv(0x31, &[]), &sequence(&[&oid("2a864886f70d010701")]), &tlv(0x31, &signers)]);
        sequence(&[&oid("2a864886f70d010702"), &tlv(0xA0, &data)])
    };
    assert!(CertificateBundle::read(&message(16)).is_ok());
    let refused = CertificateBundle::read(&message(17)).map(drop).unwrap_err();
    assert!(matches!(refused, pkix::Error::TooManySigners { count: 17, limit: 16 }), "{refused}");
}
