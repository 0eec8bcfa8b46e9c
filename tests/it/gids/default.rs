//! Which container is the default, with which Windows logs on.

use crate::support::certificates::certificate_with;
use crate::support::gids::{KEY, id, log_in, object, open, order, put_object, ready};
use cardwright::gids::GidsToken;
use cardwright::pkix::Signer;
use cardwright::token::Session;
use cardwright::virtual_card::{GidsOptions, SharedCard};
use rcgen::{ExtendedKeyUsagePurpose, KeyUsagePurpose};

/// A certificate for logging on, by a key that may decrypt as well, as Microsoft's templates have it.
fn logon(day: u8) -> Vec<u8> {
    certificate_with(KEY.public_key(), "logon", |params| {
        params.key_usages.push(KeyUsagePurpose::KeyEncipherment);
        params.not_before = rcgen::date_time_ymd(2026, 1, day);
    })
}

fn mail() -> Vec<u8> {
    certificate_with(KEY.public_key(), "mail", |params| {
        params.key_usages = vec![KeyUsagePurpose::KeyEncipherment];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection];
        params.not_before = rcgen::date_time_ymd(2026, 1, 20);
    })
}

/// Flags of the records in the container map.
fn flags(card: &SharedCard) -> Vec<u8> {
    let bytes = object(card, 0xA010, 0xDF23);
    let records = &bytes[bytes.len() - bytes.len() / 86 * 86..];
    records.chunks(86).map(|record| record[80]).collect()
}

/// A card, and what a change in a session of its own leaves the flags of its records as.
struct Flagged {
    card: SharedCard,
    token: GidsToken,
}

impl Flagged {
    fn new() -> Self {
        let card = ready(GidsOptions::default());
        Self { token: open(&card), card }
    }

    fn after(&mut self, change: impl FnOnce(&mut dyn Session)) -> Vec<u8> {
        change(&mut *log_in(&mut self.token));
        flags(&self.card)
    }

    /// Key `index` comes with its certificate.
    fn certified(&mut self, index: u8, decrypts: bool, certificate: &[u8]) -> Vec<u8> {
        self.after(|session| {
            session.import(&order(index, decrypts), &KEY).unwrap();
            session.write_certificate(&id(index), "", certificate).unwrap();
        })
    }

    fn deleted(&mut self, index: u8) -> Vec<u8> {
        self.after(|session| assert_ne!(session.delete(&id(index)).unwrap(), 0))
    }
}

#[test]
fn the_newest_container_that_logs_on_is_the_default() {
    let mut card = Flagged::new();
    assert_eq!(card.certified(1, true, &logon(1)), [3]);
    assert_eq!(card.certified(2, false, &logon(2)), [1, 3]);
    // As at a renewal: the old one goes, the new one takes its record.
    assert_eq!(card.deleted(1), [0, 3]);
    assert_eq!(card.certified(3, true, &logon(3)), [3, 1]);
    assert_eq!(card.certified(4, true, &logon(2)), [3, 1, 1], "an older one comes back");
    // Nothing is the default before it has a certificate, where another is.
    assert_eq!(card.after(|session| session.import(&order(5, false), &KEY).unwrap()), [3, 1, 1, 1]);
    let newest = card.after(|session| session.write_certificate(&id(5), "", &logon(3)).unwrap());
    assert_eq!(newest, [1, 1, 1, 3]);
    assert_eq!(card.deleted(5), [3, 1, 1, 0]);
    assert_eq!(card.deleted(3), [0, 1, 3, 0], "the last of those that are as new");
    assert_eq!(card.deleted(2), [0, 0, 3, 0]);
    assert_eq!(card.deleted(4), [0, 0, 0, 0]);
}

#[test]
fn a_container_for_decryption_is_never_the_default() {
    let mut card = Flagged::new();
    let mail = mail();
    assert_eq!(card.certified(1, true, &mail), [1]);
    assert_eq!(card.certified(2, false, &logon(1)), [1, 3]);
    assert_eq!(card.certified(3, true, &mail), [1, 3, 1]);
    assert_eq!(card.deleted(2), [1, 0, 1]);
    assert_eq!(card.after(|session| session.import(&order(4, false), &KEY).unwrap()), [1, 3, 1]);
}

#[test]
fn a_default_that_others_made_and_whose_certificate_cannot_be_read_gives_way() {
    let mut card = Flagged::new();
    assert_eq!(card.certified(1, true, &logon(9)), [3]);
    put_object(&card.card, 0xA010, 0xDF24, b"no certificate");
    assert_eq!(card.certified(2, true, &logon(1)), [1, 3]);
    assert_eq!(card.deleted(2), [1, 0], "nobody can log on with what is left");
}

#[test]
fn the_default_costs_one_write_where_it_changes_hands_and_none_else() {
    let mut card = Flagged::new();
    let mut commands = |index: u8, day| {
        card.after(|session| session.import(&order(index, false), &KEY).unwrap());
        let mut session = log_in(&mut card.token);
        session.find(&id(index)).unwrap();
        card.card.forget_headers();
        session.write_certificate(&id(index), "", &logon(day)).unwrap();
        card.card.headers().len()
    };
    let first = commands(1, 1);
    // The certificate of the default is read, and the map is written.
    assert_eq!(commands(2, 2), first + 2);
    assert_eq!(commands(3, 1), first + 1);
}
