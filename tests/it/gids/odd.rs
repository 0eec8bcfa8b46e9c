//! Files that are broken or laid out in another way: each container is what it is, and nothing else stops.

use crate::malice::cards::Forged;
use crate::support::certificates::certificate_for;
use crate::support::gids::{KEY, id, log_in, open, order, ready};
use cardwright::iso7816::tlv::write;
use cardwright::pkix::Signer;
use cardwright::token::{Oddity, StoredKey, Token};
use cardwright::virtual_card::{GidsCard, GidsOptions, SharedCard};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use std::io::Write;

const FIRST_CERTIFICATE: &str = "00CBA010045C02DF24";
const CONTAINER_MAP: &str = "00CBA010045C02DF23";
const KEY_MAP: &str = "00CBA000045C02DF20";

/// A card with two containers that have a certificate each.
fn two() -> SharedCard {
    let card = ready(GidsOptions::default());
    let mut token = open(&card);
    let mut session = log_in(&mut token);
    for n in [1, 2] {
        session.import(&order(n, true), &KEY).unwrap();
        session.write_certificate(&id(n), "", &certificate_for(KEY.public_key(), &n.to_string())).unwrap();
    }
    drop(session);
    card
}

/// The same card, which answers one question by what `instead` makes of the honest answer.
fn answering(card: &SharedCard, question: &str, instead: impl Fn(&[u8]) -> Vec<u8> + Send + 'static) -> SharedCard {
    let state = card.with_card(|card| card.state()).unwrap();
    let question = hex::decode(question).unwrap();
    Forged::slot(Box::new(GidsCard::from_state(&state).unwrap()), move |asked, card| {
        let plain = match asked {
            [cla, ins, p1, p2, 0x00, _, short, data @ ..] if !data.is_empty() => {
                [&[*cla, *ins, *p1, *p2, *short], data].concat()
            }
            _ => asked.to_vec(),
        };
        plain.starts_with(&question).then(|| instead(&card.transmit(asked)))
    })
}

fn ok(data: &[u8]) -> Vec<u8> {
    [data, &[0x90, 0x00]].concat()
}

fn told(stored: &[StoredKey]) -> Vec<(bool, Option<Oddity>)> {
    stored.iter().map(|it| (it.certificate.is_some(), it.odd)).collect()
}

#[test]
fn a_certificate_file_that_is_odd_hides_no_other() {
    let card = two();
    let der = certificate_for(KEY.public_key(), "x");
    let packed = |told: usize, bytes: &[u8]| {
        let mut packer = ZlibEncoder::new([&[1, 0], &(told as u16).to_le_bytes()[..]].concat(), Compression::best());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    };
    let file = |bytes: &[u8]| ok(&write(0xDF24, bytes));
    let whole = packed(der.len(), &der);
    for (answer, found) in [
        (file(&[0xAA; 40]), (false, Some(Oddity::NotACertificate))),
        (file(&der[..der.len() - 1]), (false, Some(Oddity::CutOff))),
        (file(&whole[..40]), (false, Some(Oddity::BrokenCompression))),
        (file(&packed(der.len() - 1, &der)), (false, Some(Oddity::BrokenCompression))),
        (file(&packed(der.len() + 9, &der)), (true, Some(Oddity::CompressionMistold))),
        (file(&[&der[..], &[0; 9]].concat()), (true, Some(Oddity::BytesAfterEnd))),
        (file(&der), (true, None)),
        (
            ok(&[&[0x00, 0xDF, 0x24, 0x83, 0, 0, 9][..], &[0xAA; 9], &[0xFF]].concat()),
            (false, Some(Oddity::NotACertificate)),
        ),
        (ok(&[]), (false, None)),
        (vec![0x6F, 0x00], (false, Some(Oddity::Refused))),
        (vec![0x69, 0x82], (false, Some(Oddity::Refused))),
        (ok(&[0x53, 0x01, 0x00]), (false, Some(Oddity::Refused))),
    ] {
        let shown = hex::encode(&answer[..answer.len().min(12)]);
        let odd = answering(&card, FIRST_CERTIFICATE, move |_| answer.clone());
        let mut token = open(&odd);
        assert_eq!(told(&token.public_objects().unwrap()), [found, (true, None)], "{shown}");
        token.condition().unwrap();
        let mut session = log_in(&mut token);
        assert_eq!(session.list().unwrap().len(), 2);
        assert!(session.holds(&id(1), KEY.public_key()).unwrap());
        // A new certificate takes the place of the odd one.
        session.write_certificate(&id(1), "", &der).unwrap();
        assert_eq!(session.read_certificate(&id(1)).unwrap(), Some(der.clone()));
    }
}

#[test]
fn a_public_key_that_cannot_be_read_hides_no_other() {
    let card = two();
    for answer in [ok(&[0x7F, 0x49, 0x02, 0x81, 0x00]), ok(&[0xAA; 9]), vec![0x6F, 0x00]] {
        let odd = answering(&card, "00CB3FFF0A7008840181", move |_| answer.clone());
        let listed = open(&odd).public_objects().unwrap();
        assert_eq!(told(&listed), [(true, Some(Oddity::UnreadableKey)), (true, None)]);
    }
}

/// A map that breaks off within its last record, as after a write that was cut off: what it names is kept, and the next
/// write makes it whole.
#[test]
fn a_container_map_that_breaks_off_is_read_as_far_as_it_goes_and_made_whole() {
    let card = two();
    let cut = |answer: &[u8]| {
        let [0xDF, 0x23, 0x81, 172, map @ .., 0x90, 0x00] = answer else { return answer.to_vec() };
        ok(&write(0xDF23, &[map, &[0x41, 0x00, 0x42]].concat()))
    };
    let odd = answering(&card, CONTAINER_MAP, cut);
    let mut token = open(&odd);
    let listed = token.public_objects().unwrap();
    assert_eq!(told(&listed), [(true, None), (true, None), (false, Some(Oddity::BrokenDirectory))]);
    let mut session = log_in(&mut token);
    session.import(&order(3, true), &KEY).unwrap();
    drop(session);
    let listed = token.public_objects().unwrap();
    assert_eq!(listed.len(), 3, "{:?}", told(&listed));
    assert!(listed.iter().all(|it| it.has_private_key && it.odd.is_none()));
}

#[test]
fn a_key_map_that_cannot_be_read_is_made_anew() {
    let card = two();
    let broken = answering(&card, KEY_MAP, |_| ok(&write(0xDF20, &[7; 5])));
    let mut token = open(&broken);
    let mut session = log_in(&mut token);
    session.import(&order(3, true), &KEY).unwrap();
    drop(session);
    let state = broken.with_card(|card| card.state()).unwrap();
    let healed = SharedCard::new(Box::new(GidsCard::from_state(&state).unwrap()));
    assert_eq!(open(&healed).public_objects().unwrap().len(), 3);
    let map = healed.with_card(|card| {
        card.transmit(&hex::decode("00A4040009A00000039742544659").unwrap());
        card.transmit(&hex::decode(format!("{KEY_MAP}00")).unwrap())
    });
    let map = map.unwrap();
    // One record for each container, each naming its key file.
    assert_eq!(
        (map.len(), map.windows(2).filter(|two| two[1] == 0xB0 && two[0] > 0x80).count()),
        (4 + 36 + 2 - 1 + 1, 3),
        "{map:02X?}"
    );
}
