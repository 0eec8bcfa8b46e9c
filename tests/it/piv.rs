//! The PIV driver: conversations as data; our own card with its dial; refusals, counters, counts.

mod conversations;
mod counters;
pub mod counts;
mod dialled;
mod nitrokey;
mod objects;
mod odd;
mod pauses;
mod places;
mod removal;
mod yubikey;

use cardwright::pkix::{KeyAlgorithm, PublicKey};
use cardwright::secret::{AdminKey, Pin, Puk};
use cardwright::token::{Admin, Credentials, Error, KeyId, KeyOrder, LastTry, Session, Token, User};

use crate::support::certificates::certificate_for;
use crate::support::piv::{self, PIN};

fn pin(text: &str) -> Pin {
    piv::pin(text)
}

fn puk(text: &str) -> Puk {
    piv::puk(text)
}

fn admin_key(digits: &str) -> AdminKey {
    AdminKey::from_hex(digits).unwrap()
}

fn id(reference: u8) -> KeyId {
    KeyId(vec![reference])
}

fn order(reference: u8, algorithm: KeyAlgorithm) -> KeyOrder {
    KeyOrder { id: id(reference), label: "a key".into(), algorithm, decrypts: false, replace: false }
}

/// User and administrator.
fn log_in(token: &mut dyn Token) -> Result<Box<dyn Session + '_>, Error> {
    let key = piv::admin_key();
    let user = Some(User::Pin(&pin(PIN), LastTry::Keep));
    token.log_in(Credentials { user, admin: Some(Admin::Key(&key)) })
}

/// The administrator alone.
fn administrate(token: &mut dyn Token) -> Result<Box<dyn Session + '_>, Error> {
    token.log_in(Credentials { user: None, admin: Some(Admin::Key(&piv::admin_key())) })
}

/// A certificate of exactly so many bytes, for `key`.
fn certificate_of(key: &PublicKey, length: usize) -> Vec<u8> {
    let shortest = certificate_for(key, "");
    let text = |count: usize| "x".repeat(count);
    // A longer name may take a longer length field, so that the last bytes are found by trying.
    (0..=length.saturating_sub(shortest.len()))
        .rev()
        .map(|count| certificate_for(key, &text(count)))
        .find(|certificate| certificate.len() <= length)
        .unwrap()
}
