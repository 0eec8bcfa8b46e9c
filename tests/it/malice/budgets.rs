//! What wrong secrets cost, told by the card itself: one try a call, the last one only when that is said, none for what
//! cannot be the secret.

use cardwright::gids::GidsToken;
use cardwright::piv::PivToken;
use cardwright::secret::AdminKey;
use cardwright::token::{Admin, ChallengeResponder, Credentials, Error, LastTry, SecretKind, Token, Tries, User};
use cardwright::virtual_card::{GidsOptions, PivCard, PivOptions, SharedCard};

use super::cards::{Forged, KINDS, Kind, PIN, PUK, Said, WRONG, admin_key, counters, gids, own, wrong_admin_key};
use crate::support::piv::{self, pin, puk};

const NEW: &str = "654321";

fn open(kind: Kind, slot: &SharedCard) -> Box<dyn Token> {
    let card = Said::default().card(slot);
    match kind {
        Kind::Gids => Box::new(GidsToken::open(card).unwrap()),
        Kind::YubiKey | Kind::PlainPiv => Box::new(PivToken::open(card).unwrap()),
    }
}

/// A call that sends a secret.
type Call = fn(&mut dyn Token, &str, LastTry) -> Result<(), Error>;

fn log_in(token: &mut dyn Token, text: &str, last_try: LastTry) -> Result<(), Error> {
    token.log_in(Credentials::user(&pin(text), last_try)).map(drop)
}

fn change_pin(token: &mut dyn Token, text: &str, last_try: LastTry) -> Result<(), Error> {
    token.change_pin(&pin(text), &pin(PIN), last_try)
}

fn set_pin(token: &mut dyn Token, text: &str, last_try: LastTry) -> Result<(), Error> {
    token.set_pin(Admin::Puk(&puk(text)), &pin(PIN), last_try)
}

fn change_puk(token: &mut dyn Token, text: &str, last_try: LastTry) -> Result<(), Error> {
    token.change_puk(&puk(text), &puk(PUK), last_try)
}

/// What a refusal of a secret says.
fn told(result: &Result<(), Error>) -> Option<(SecretKind, Tries)> {
    match result {
        Err(Error::SecretRefused { secret, left }) => Some((*secret, *left)),
        _ => None,
    }
}

/// Three tries: wrong, wrong, kept, and with leave wrong for the last time; then the right one is not even sent.
fn spent_to_the_end(kind: Kind, secret: SecretKind, right: &str, calls: [Call; 2]) {
    for (one, another) in [(calls[0], calls[1]), (calls[1], calls[0])] {
        let slot = kind.slot();
        let mut token = open(kind, &slot);
        let left = |slot: &SharedCard| {
            let (pin, puk) = counters(kind, slot);
            if secret == SecretKind::Pin { pin } else { puk.unwrap() }
        };
        for (call, wanted) in [(one, 2), (another, 1)] {
            let refused = call(token.as_mut(), WRONG, LastTry::Keep);
            assert_eq!(told(&refused), Some((secret, Tries::Left(wanted))), "{kind:?}: {refused:?}");
            assert_eq!(left(&slot), wanted);
        }
        for call in [one, another] {
            slot.forget_headers();
            let kept = call(token.as_mut(), right, LastTry::Keep);
            assert!(matches!(kept, Err(Error::LastTryKept { secret: s }) if s == secret), "{kind:?}: {kept:?}");
            assert_eq!(left(&slot), 1);
        }
        // Somebody who has just come keeps it as well.
        let kept = one(open(kind, &slot).as_mut(), right, LastTry::Keep);
        assert!(matches!(kept, Err(Error::LastTryKept { .. })), "{kind:?}: {kept:?}");
        let refused = another(token.as_mut(), WRONG, LastTry::Spend);
        let told = matches!(refused, Err(Error::SecretRefused { left: Tries::Locked, .. } | Error::Locked { .. }));
        assert!(told, "{kind:?}: {refused:?}");
        assert_eq!(left(&slot), 0);
        for call in [one, another] {
            let locked = call(token.as_mut(), right, LastTry::Spend).unwrap_err();
            assert!(matches!(locked, Error::Locked { secret: s } if s == secret), "{kind:?}: {locked:?}");
            assert!(locked.to_string().contains("locked"), "{locked}");
        }
        assert_eq!(left(&slot), 0);
    }
}

#[test]
fn a_pin_is_spent_to_the_end_only_when_that_is_said() {
    for kind in KINDS {
        spent_to_the_end(kind, SecretKind::Pin, PIN, [log_in, change_pin]);
    }
}

#[test]
fn a_puk_is_spent_to_the_end_only_when_that_is_said() {
    spent_to_the_end(Kind::YubiKey, SecretKind::Puk, PUK, [set_pin, change_puk]);
}

#[test]
fn the_right_secret_on_the_last_try_gives_all_of_them_back() {
    for kind in KINDS {
        let slot = kind.slot();
        let mut token = open(kind, &slot);
        for _ in 0..2 {
            log_in(token.as_mut(), WRONG, LastTry::Keep).unwrap_err();
        }
        log_in(token.as_mut(), PIN, LastTry::Spend).unwrap();
        assert_eq!(counters(kind, &slot).0, 3);
    }
}

#[test]
fn what_cannot_be_the_secret_is_never_sent() {
    for kind in KINDS {
        let slot = kind.slot();
        let mut token = open(kind, &slot);
        let before = counters(kind, &slot);
        slot.forget_headers();
        let long = "1".repeat(17);
        for odd in ["", "123", &long] {
            let refused = [
                log_in(token.as_mut(), odd, LastTry::Spend),
                change_pin(token.as_mut(), odd, LastTry::Spend),
                token.change_pin(&pin(PIN), &pin(odd), LastTry::Spend),
                match kind {
                    Kind::Gids => token.set_pin(Admin::Key(&admin_key()), &pin(odd), LastTry::Spend),
                    _ => token.set_pin(Admin::Puk(&puk(PUK)), &pin(odd), LastTry::Spend),
                },
            ];
            for error in refused {
                let told = matches!(error, Err(Error::SecretLength { secret: SecretKind::Pin, .. }));
                assert!(told, "{kind:?}, {odd:?}: {error:?}");
            }
            if kind != Kind::Gids {
                for error in
                    [set_pin(token.as_mut(), odd, LastTry::Spend), change_puk(token.as_mut(), odd, LastTry::Spend)]
                {
                    assert!(matches!(error, Err(Error::SecretLength { secret: SecretKind::Puk, .. })), "{error:?}");
                }
            }
        }
        assert_eq!((slot.headers().len(), counters(kind, &slot)), (0, before), "{kind:?}");
        for length in [0, 8, 23, 33] {
            let key = AdminKey::new(vec![0x42; length]);
            let error = token.change_admin_key(Admin::Key(&key), &admin_key(), LastTry::Spend);
            assert!(matches!(error, Err(Error::SecretLength { secret: SecretKind::Admin, .. })), "{length}: {error:?}");
        }
        assert!(slot.headers().iter().all(|header| header[1] != 0x87), "{kind:?}");
    }
}

/// Commands by which the administrator was asked for and answered.
fn authentications(slot: &SharedCard) -> usize {
    let count = slot.headers().iter().filter(|header| header[1] == 0x87).count();
    slot.forget_headers();
    count
}

#[test]
fn a_counted_management_key_costs_one_try_a_call() {
    const TRIES: u8 = 5;
    for plain in [false, true] {
        let options = own(if plain { piv::plain() } else { piv::yubikey() });
        let slot = piv::card(PivOptions { management_tries: Some(TRIES), ..options });
        let mut token = piv::open(&slot);
        let (right, wrong) = (admin_key(), wrong_admin_key());
        let administrate = |token: &mut PivToken, key: &AdminKey| {
            // A wrong PIN behind it must not cost anything either.
            let user = Some(User::Pin(&pin(WRONG), LastTry::Spend));
            token.log_in(Credentials { user, admin: Some(Admin::Key(key)) }).map(drop)
        };
        slot.forget_headers();
        for round in 1..TRIES {
            let refused = match round % 2 {
                0 => token.change_admin_key(Admin::Key(&wrong), &right, LastTry::Keep),
                _ => administrate(&mut token, &wrong),
            };
            let told = matches!(refused, Err(Error::SecretRefused { secret: SecretKind::Admin, .. }));
            assert!(told, "{round}: {refused:?}");
            // A plain card is asked which algorithm it has by challenges, which cost nothing.
            let asked = authentications(&slot);
            assert!(asked <= if plain { 4 + 1 } else { 2 }, "{asked}");
        }
        let kind = if plain { Kind::PlainPiv } else { Kind::YubiKey };
        assert_eq!(counters(kind, &slot).0, 3, "the PIN was never sent");
        // One try was left, so that each of those calls had cost one.
        token.log_in(Credentials { user: None, admin: Some(Admin::Key(&right)) }).map(drop).unwrap();
        for _ in 0..TRIES {
            administrate(&mut token, &wrong).unwrap_err();
        }
        let locked = administrate(&mut token, &right);
        assert!(matches!(locked, Err(Error::Locked { secret: SecretKind::Admin })), "{locked:?}");
        assert_eq!(counters(kind, &slot).0, 3);
    }
}

/// The standard has no such counter; a card that tells of one is listened to.
#[test]
fn a_management_key_whose_card_tells_the_tries_is_kept_from_its_last() {
    let mut left = 3u16;
    let slot = Forged::slot(Kind::YubiKey.card(), move |command, card| {
        let answers = matches!(command, [_, 0x87, _, 0x9B, _, 0x7C, _, 0x82, ..]);
        answers.then(|| match (card.transmit(command).as_slice(), left) {
            (_, 0) => vec![0x69, 0x83],
            ([0x90, 0x00], _) => {
                left = 3;
                vec![0x90, 0x00]
            }
            _ => {
                left -= 1;
                (0x63C0 | left).to_be_bytes().to_vec()
            }
        })
    });
    let mut token = open(Kind::YubiKey, &slot);
    let (right, wrong) = (admin_key(), wrong_admin_key());
    let change = |token: &mut dyn Token, key: &AdminKey, last_try| {
        token.change_admin_key(Admin::Key(key), &admin_key(), last_try)
    };
    for tries in [2, 1] {
        let refused = change(token.as_mut(), &wrong, LastTry::Keep);
        assert_eq!(told(&refused), Some((SecretKind::Admin, Tries::Left(tries))), "{refused:?}");
        assert_eq!(token.counters().unwrap().admin, Tries::Left(tries));
    }
    slot.forget_headers();
    let kept = [
        change(token.as_mut(), &right, LastTry::Keep),
        token.log_in(Credentials { user: None, admin: Some(Admin::Key(&right)) }).map(drop),
    ];
    for kept in kept {
        assert!(matches!(kept, Err(Error::LastTryKept { secret: SecretKind::Admin })), "{kept:?}");
    }
    assert_eq!(authentications(&slot), 0);
    change(token.as_mut(), &right, LastTry::Spend).unwrap();
    assert_eq!(token.counters().unwrap().admin, Tries::Untold);
    for last_try in [LastTry::Keep, LastTry::Keep, LastTry::Spend] {
        change(token.as_mut(), &wrong, last_try).unwrap_err();
    }
    let locked = change(token.as_mut(), &right, LastTry::Spend);
    assert!(matches!(locked, Err(Error::Locked { secret: SecretKind::Admin })), "{locked:?}");
}

#[test]
fn a_counted_gids_admin_key_costs_one_try_a_call() {
    let slot = SharedCard::new(gids(GidsOptions { admin_tries: Some(3), ..GidsOptions::default() }));
    let mut token = open(Kind::Gids, &slot);
    let (right, wrong) = (admin_key(), wrong_admin_key());
    slot.forget_headers();
    let refused = |result: Result<(), Error>| match result {
        Err(Error::SecretRefused { secret: SecretKind::Admin, left }) => left,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(token.set_pin(Admin::Key(&wrong), &pin(NEW), LastTry::Keep)), Tries::Left(2));
    assert_eq!(refused(token.change_admin_key(Admin::Key(&wrong), &wrong, LastTry::Keep)), Tries::Left(1));
    assert_eq!(authentications(&slot), 4, "twice a challenge and a response");
    for kept in [
        token.set_pin(Admin::Key(&right), &pin(NEW), LastTry::Keep),
        token.change_admin_key(Admin::Key(&right), &wrong, LastTry::Keep),
    ] {
        assert!(matches!(kept, Err(Error::LastTryKept { secret: SecretKind::Admin })), "{kept:?}");
    }
    assert_eq!(authentications(&slot), 0);
    let last = token.set_pin(Admin::Key(&wrong), &pin(NEW), LastTry::Spend).unwrap_err();
    assert!(matches!(last, Error::SecretRefused { left: Tries::Locked, .. } | Error::Locked { .. }), "{last:?}");
    for token in [token.as_mut(), open(Kind::Gids, &slot).as_mut()] {
        let locked = token.set_pin(Admin::Key(&right), &pin(NEW), LastTry::Spend);
        assert!(matches!(locked, Err(Error::Locked { secret: SecretKind::Admin })), "{locked:?}");
    }
    assert_eq!(counters(Kind::Gids, &slot).0, 3);
    open(Kind::Gids, &slot).log_in(Credentials::user(&pin(PIN), LastTry::Keep)).map(drop).unwrap();
}

/// Somebody afar who answers too little, too much, or not at all.
struct Afar(Option<usize>);

impl ChallengeResponder for Afar {
    fn respond(&mut self, _: &[u8]) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
        self.0.map(|length| vec![0x42; length]).ok_or_else(|| "nobody answers".into())
    }
}

#[test]
fn a_responder_that_cannot_be_right_costs_no_try() {
    let counted = PivCard::new(PivOptions { management_tries: Some(1), ..own(piv::yubikey()) }).unwrap();
    let piv = SharedCard::new(Box::new(counted));
    let gids = SharedCard::new(gids(GidsOptions { admin_tries: Some(1), ..GidsOptions::default() }));
    for length in [None, Some(0), Some(1), Some(7), Some(9), Some(15), Some(17), Some(65_536)] {
        let mut token = open(Kind::YubiKey, &piv);
        let admin = Some(Admin::Responder(&mut Afar(length)));
        let error = token.log_in(Credentials { user: None, admin }).map(drop).unwrap_err();
        assert!(matches!(error, Error::Responder(_) | Error::Device { .. }), "{error:?}");
        let mut token = open(Kind::Gids, &gids);
        let error = token.set_pin(Admin::Responder(&mut Afar(length)), &pin(NEW), LastTry::Spend).unwrap_err();
        assert!(matches!(error, Error::Responder(_)), "{error:?}");
    }
    let key = admin_key();
    open(Kind::YubiKey, &piv).log_in(Credentials { user: None, admin: Some(Admin::Key(&key)) }).map(drop).unwrap();
    open(Kind::Gids, &gids).set_pin(Admin::Key(&key), &pin(NEW), LastTry::Keep).unwrap();
}
