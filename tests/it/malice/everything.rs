//! Everything that can be asked of a card, in the order of a card's life; an error ends a call and not the life.

use cardwright::gids::GidsToken;
use cardwright::iso7816::Card;
use cardwright::piv::{KeyReference, PivToken};
use cardwright::pkix::{KeyAlgorithm, MemoryKey, SignatureAlgorithm, Signer};
use cardwright::token::{Admin, Credentials, Error, KeyId, KeyOrder, KeyWish, LastTry, Session, Token, User};
use cardwright::virtual_card::SharedCard;
use std::sync::LazyLock;

use super::cards::{Kind, PIN, PUK, RSA, Said, admin_key};
use crate::support::certificates::certificate_for;
use crate::support::piv::{pin, puk};

static P256: LazyLock<MemoryKey> = LazyLock::new(|| MemoryKey::generate(KeyAlgorithm::P256).unwrap());
/// For the key that a card says to hold.
static CERTIFICATE: LazyLock<Vec<u8>> = LazyLock::new(|| certificate_for(RSA.public_key(), "somebody"));

/// What each call came to, and how many APDUs it took at most.
pub struct Life {
    pub calls: Vec<(&'static str, Option<Error>)>,
    pub most: usize,
    pub total: usize,
}

struct Calls<'a> {
    said: &'a Said,
    life: Life,
}

impl Calls<'_> {
    fn make<T>(&mut self, name: &'static str, call: impl FnOnce() -> Result<T, Error>) -> Option<T> {
        let before = self.said.len();
        let (value, error) = match call() {
            Ok(value) => (Some(value), None),
            Err(error) => (None, Some(error)),
        };
        // What a call ends with may be told, whatever it is.
        let _ = error.as_ref().map(ToString::to_string);
        let took = self.said.len() - before;
        self.life.most = self.life.most.max(took);
        self.life.total += took;
        self.life.calls.push((name, error));
        value
    }
}

pub fn everything(kind: Kind, slot: &SharedCard) -> Life {
    let said = Said::default();
    let mut calls = Calls { said: &said, life: Life { calls: vec![], most: 0, total: 0 } };
    let card: Card = said.card(slot);
    match kind {
        Kind::Gids => {
            if let Some(mut token) = calls.make("open", || GidsToken::open(card)) {
                common(kind, &mut calls, &mut token);
            }
        }
        Kind::YubiKey | Kind::PlainPiv => {
            if let Some(mut token) = calls.make("open", || PivToken::open(card)) {
                common(kind, &mut calls, &mut token);
                calls.make("attest", || token.attest(KeyReference::AUTHENTICATION));
                calls.make("initialise", || token.initialise(Admin::Key(&admin_key())));
                calls.make("reset_to_factory", || token.reset_to_factory());
            }
        }
    }
    calls.life
}

fn common(kind: Kind, calls: &mut Calls<'_>, token: &mut dyn Token) {
    let (key, order) = (admin_key(), kind.order());
    calls.make("counters", || token.counters());
    calls.make("condition", || token.condition());
    calls.make("public_objects", || token.public_objects());
    let wish = KeyWish { name: vec![1], index: 1, decrypts_only: true, supersedes: vec![] };
    calls.make("place", || token.place(&wish));
    let user = Some(User::Pin(&pin(PIN), LastTry::Keep));
    if let Some(mut session) =
        calls.make("log_in", || token.log_in(Credentials { user, admin: Some(Admin::Key(&key)) }))
    {
        in_session(kind, calls, session.as_mut(), &order);
    }
    calls.make("change_pin", || token.change_pin(&pin(PIN), &pin(PIN), LastTry::Keep));
    calls.make("set_pin", || match kind {
        Kind::Gids => token.set_pin(Admin::Key(&key), &pin(PIN), LastTry::Keep),
        Kind::YubiKey | Kind::PlainPiv => token.set_pin(Admin::Puk(&puk(PUK)), &pin(PIN), LastTry::Keep),
    });
    calls.make("change_puk", || token.change_puk(&puk(PUK), &puk(PUK), LastTry::Keep));
    calls.make("change_admin_key", || token.change_admin_key(Admin::Key(&key), &key, LastTry::Keep));
}

fn in_session(kind: Kind, calls: &mut Calls<'_>, session: &mut dyn Session, order: &KeyOrder) {
    let (id, signing) = (&order.id, SignatureAlgorithm::default_for(order.algorithm));
    let (spare, imported) = match kind {
        Kind::Gids => (KeyOrder { id: KeyId(vec![0x5B; 16]), ..order.clone() }, &*RSA),
        Kind::YubiKey | Kind::PlainPiv => (KeyOrder { id: KeyId(vec![0x9D]), decrypts: true, ..order.clone() }, &*P256),
    };
    calls.make("find", || session.find(id));
    calls.make("import", || session.import(&spare, imported));
    calls.make("reserve", || session.reserve(id, 1200));
    let made = match kind {
        // Making an RSA key takes seconds.
        Kind::Gids => calls.make("import", || session.import(order, imported)).map(|()| RSA.public_key().clone()),
        Kind::YubiKey | Kind::PlainPiv => calls.make("generate", || session.generate(order)),
    };
    calls.make("sign", || session.sign(id, signing, b"a request"));
    let certificate = made.as_ref().map_or_else(|| CERTIFICATE.clone(), |key| certificate_for(key, "somebody"));
    calls.make("write_certificate", || session.write_certificate(id, "", &certificate));
    session.pause();
    calls.make("read_certificate", || session.read_certificate(id));
    calls.make("holds", || session.holds(id, made.as_ref().unwrap_or(imported.public_key())));
    calls.make("list", || session.list());
    calls
        .make("replace", || session.generate(&KeyOrder { replace: true, ..spare.clone() }).map(drop).or_else(expected));
    calls.make("delete", || session.delete(&spare.id));
}

/// A GIDS card has no place to make another key in.
fn expected(error: Error) -> Result<(), Error> {
    if matches!(error, Error::KeyIdTaken(_)) { Ok(()) } else { Err(error) }
}
