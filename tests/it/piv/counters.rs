//! What every failure costs: nothing, or the one try that was wrong.

use cardwright::piv::PivToken;
use cardwright::token::{Admin, Credentials, Error, LastTry, SecretKind, Session, Token, Tries, User};
use cardwright::virtual_card::{Dial, PivOptions, SharedCard};

use super::{admin_key, pin, puk};
use crate::support::piv;

/// Other secrets than cards come with, so that the card cannot tell beforehand that another is wrong.
const PIN: &str = "246810";
const PUK: &str = "86420975";
const ADMIN_KEY: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a6978";
const WRONG: &str = "99999999";

fn options(kind: PivOptions) -> PivOptions {
    PivOptions { pin: pin(PIN), puk: puk(PUK), management_key: Some(admin_key(ADMIN_KEY)), ..kind }
}

fn log_in(token: &mut PivToken) -> Result<Box<dyn Session + '_>, Error> {
    let key = admin_key(ADMIN_KEY);
    let user = Some(User::Pin(&pin(PIN), LastTry::Keep));
    token.log_in(Credentials { user, admin: Some(Admin::Key(&key)) })
}

/// PIN and PUK, as somebody sees them who has just come.
fn left(card: &SharedCard) -> (Tries, Tries) {
    card.set_dial(Dial::default());
    let counters = piv::open(card).counters().unwrap();
    (counters.user, counters.puk.unwrap())
}

fn yubikey() -> (SharedCard, PivToken) {
    let card = piv::card(options(piv::yubikey()));
    let token = piv::open(&card);
    (card, token)
}

#[test]
fn a_wrong_pin_costs_one_try_and_the_last_is_kept() {
    let (card, mut token) = yubikey();
    for (tries, last_try) in [(2, LastTry::Keep), (1, LastTry::Keep)] {
        let refused = token.log_in(Credentials::user(&pin(WRONG), last_try)).err();
        let Some(Error::SecretRefused { secret: SecretKind::Pin, left: told }) = refused else { panic!("{refused:?}") };
        assert_eq!((told, left(&card)), (Tries::Left(tries), (Tries::Left(tries), Tries::Left(3))));
    }
    let (right, new) = (pin(PIN), pin("654321"));
    for kept in [
        token.log_in(Credentials::user(&right, LastTry::Keep)).err(),
        token.change_pin(&right, &new, LastTry::Keep).err(),
        log_in(&mut token).err(),
    ] {
        assert!(matches!(kept, Some(Error::LastTryKept { secret: SecretKind::Pin })), "{kept:?}");
    }
    assert_eq!(left(&card), (Tries::Left(1), Tries::Left(3)));
    drop(token.log_in(Credentials::user(&right, LastTry::Spend)).unwrap());
    assert_eq!(left(&card), (Tries::Left(3), Tries::Left(3)));
}

#[test]
fn a_locked_pin_is_not_tried_and_the_puk_sets_another() {
    for options in [piv::yubikey(), piv::plain()] {
        let card = piv::card(self::options(options));
        let mut token = piv::open(&card);
        let tells_puk = token.counters().unwrap().puk != Some(Tries::Untold);
        for _ in 0..3 {
            token.log_in(Credentials::user(&pin(WRONG), LastTry::Spend)).err().unwrap();
        }
        assert_eq!(left(&card).0, Tries::Locked);
        let refused = token.log_in(Credentials::user(&pin(PIN), LastTry::Spend)).err();
        assert!(matches!(refused, Some(Error::Locked { secret: SecretKind::Pin })));

        let refused = token.set_pin(Admin::Puk(&puk(WRONG)), &pin("654321"), LastTry::Keep).err();
        assert!(matches!(refused, Some(Error::SecretRefused { secret: SecretKind::Puk, left: Tries::Left(2) })));
        token.set_pin(Admin::Puk(&puk(PUK)), &pin("654321"), LastTry::Keep).unwrap();
        assert_eq!(left(&card), (Tries::Left(3), if tells_puk { Tries::Left(3) } else { Tries::Untold }));
        drop(token.log_in(Credentials::user(&pin("654321"), LastTry::Keep)).unwrap());
    }
}

#[test]
fn the_puks_last_try_is_kept_where_the_card_tells_of_it() {
    let (card, mut token) = yubikey();
    token.change_puk(&puk(WRONG), &puk("654321"), LastTry::Keep).err().unwrap();
    token.set_pin(Admin::Puk(&puk(WRONG)), &pin(PIN), LastTry::Keep).err().unwrap();
    assert_eq!(left(&card), (Tries::Left(3), Tries::Left(1)));
    let kept = token.set_pin(Admin::Puk(&puk(PUK)), &pin(PIN), LastTry::Keep).err();
    assert!(matches!(kept, Some(Error::LastTryKept { secret: SecretKind::Puk })));
    let kept = token.change_puk(&puk(PUK), &puk("654321"), LastTry::Keep).err();
    assert!(matches!(kept, Some(Error::LastTryKept { secret: SecretKind::Puk })));
    assert_eq!(left(&card), (Tries::Left(3), Tries::Left(1)));
    token.change_puk(&puk(PUK), &puk("654321"), LastTry::Spend).unwrap();
    token.set_pin(Admin::Puk(&puk("654321")), &pin("222222"), LastTry::Keep).unwrap();
    assert_eq!(left(&card), (Tries::Left(3), Tries::Left(3)));
}

#[test]
fn a_wrong_administrator_costs_the_user_nothing() {
    let (card, mut token) = yubikey();
    let wrong = admin_key(&"42".repeat(24));
    let credentials =
        Credentials { user: Some(User::Pin(&pin(WRONG), LastTry::Spend)), admin: Some(Admin::Key(&wrong)) };
    let refused = token.log_in(credentials).err();
    assert!(matches!(refused, Some(Error::SecretRefused { secret: SecretKind::Admin, left: Tries::Untold })));
    assert_eq!(left(&card), (Tries::Left(3), Tries::Left(3)));
    let key = admin_key(ADMIN_KEY);
    let credentials = Credentials { user: Some(User::Pin(&pin(WRONG), LastTry::Keep)), admin: Some(Admin::Key(&key)) };
    let refused = token.log_in(credentials).err();
    assert!(matches!(refused, Some(Error::SecretRefused { secret: SecretKind::Pin, left: Tries::Left(2) })));
    drop(token.log_in(Credentials { user: None, admin: Some(Admin::Key(&key)) }).unwrap());
    assert_eq!(left(&card), (Tries::Left(2), Tries::Left(3)));
}

#[test]
fn the_puk_is_the_only_way_to_a_new_pin() {
    let (card, mut token) = yubikey();
    let key = admin_key(ADMIN_KEY);
    let refused = token.set_pin(Admin::Key(&key), &pin(PIN), LastTry::Keep);
    assert!(matches!(refused, Err(Error::NotOffered(_))));
    let refused = token.set_pin(Admin::SoPin(&pin(&"42".repeat(24))), &pin(PIN), LastTry::Keep);
    assert!(matches!(refused, Err(Error::NotOffered(_))));
    for text in ["wrongtext", PUK, "A1:A2"] {
        let own = admin_key(&"42".repeat(24));
        let refused = token.change_admin_key(Admin::SoPin(&pin(text)), &own, LastTry::Keep);
        assert!(matches!(refused, Err(Error::AdminKeyForm)), "{text}");
    }
    for odd in ["12345", "123456789"] {
        let refused = token.set_pin(Admin::Puk(&puk(PUK)), &pin(odd), LastTry::Keep);
        assert!(matches!(refused, Err(Error::SecretLength { secret: SecretKind::Pin, minimum: 6, maximum: 8 })));
        let refused = token.change_puk(&puk(PUK), &puk(odd), LastTry::Keep);
        assert!(matches!(refused, Err(Error::SecretLength { secret: SecretKind::Puk, .. })));
        let refused = token.change_pin(&pin(odd), &pin(PIN), LastTry::Keep);
        assert!(matches!(refused, Err(Error::SecretLength { secret: SecretKind::Pin, .. })));
    }
    assert_eq!(left(&card), (Tries::Left(3), Tries::Left(3)));
}

/// A card that is pulled or reset, before a command reaches it or before its answer does, is never a wrong secret; and
/// right secrets cost no try, however far they came.
#[test]
fn a_card_that_goes_away_is_never_a_wrong_secret() {
    type Job = fn(&mut PivToken) -> Result<(), Error>;
    let jobs: [Job; 4] = [
        |token| log_in(token).map(drop),
        |token| token.change_pin(&pin(PIN), &pin(PIN), LastTry::Keep),
        |token| token.change_puk(&puk(PUK), &puk(PUK), LastTry::Keep),
        |token| token.set_pin(Admin::Puk(&puk(PUK)), &pin(PIN), LastTry::Keep),
    ];
    for (job, fault) in
        jobs.iter().flat_map(|job| ["remove", "remove-after", "reset", "reset-after"].map(|it| (job, it)))
    {
        for at in 1.. {
            let (card, mut token) = yubikey();
            card.set_dial(format!("{fault}@{at}").parse().unwrap());
            let error = match job(&mut token) {
                Ok(()) if at > 2 => break,
                Ok(()) => panic!("{fault}@{at} did not come"),
                Err(error) => error,
            };
            let told = if fault.starts_with("remove") { "Removed" } else { "Reset" };
            assert_eq!(format!("{error:?}"), told, "{fault}@{at}");
            card.insert_again();
            assert_eq!(left(&card), (Tries::Left(3), Tries::Left(3)), "{fault}@{at}");
        }
    }
}

/// What the card tells of a secret is believed before a try is spent, in both directions; who may spend the last try is
/// believed more.
#[test]
fn a_try_is_never_spent_on_what_the_cards_own_metadata_contradict() {
    let full = (Tries::Left(3), Tries::Left(3));
    let contradicted = |error: Option<Error>, wanted: SecretKind, default: bool| match error {
        Some(Error::Contradicted { secret, is_default }) => assert_eq!((secret, is_default), (wanted, default)),
        other => panic!("{other:?}"),
    };
    // Which secrets the card has, and which are tried.
    for (has_factorys, tried_pin, tried_puk, tried_key) in
        [(true, PIN, PUK, ADMIN_KEY), (false, piv::PIN, piv::PUK, piv::ADMIN_KEY)]
    {
        let card = piv::card(if has_factorys { piv::yubikey() } else { options(piv::yubikey()) });
        let mut token = piv::open(&card);
        let (tried_pin, tried_puk, new) = (pin(tried_pin), puk(tried_puk), pin("739105"));
        let key = admin_key(tried_key);
        contradicted(token.log_in(Credentials::user(&tried_pin, LastTry::Keep)).err(), SecretKind::Pin, has_factorys);
        contradicted(token.change_pin(&tried_pin, &new, LastTry::Keep).err(), SecretKind::Pin, has_factorys);
        let error = token.set_pin(Admin::Puk(&tried_puk), &new, LastTry::Keep).err();
        contradicted(error, SecretKind::Puk, has_factorys);
        contradicted(token.change_puk(&tried_puk, &tried_puk, LastTry::Keep).err(), SecretKind::Puk, has_factorys);
        let admin = Credentials { user: None, admin: Some(Admin::Key(&key)) };
        contradicted(token.log_in(admin).err(), SecretKind::Admin, has_factorys);
        assert_eq!(left(&card), full);
        let refused = token.log_in(Credentials::user(&tried_pin, LastTry::Spend)).err();
        assert!(matches!(refused, Some(Error::SecretRefused { .. })), "{refused:?}");
    }
    // A card that does not tell gets what it is given.
    let card = piv::card(options(piv::plain()));
    let refused = piv::open(&card).log_in(Credentials::user(&pin(piv::PIN), LastTry::Keep)).err();
    assert!(matches!(refused, Some(Error::SecretRefused { .. })), "{refused:?}");
}

#[test]
fn a_pin_that_the_card_does_not_compare_is_told_as_such() {
    let mut token = piv::open(&piv::card(piv::plain()));
    let refused = token.log_in(Credentials::user(&pin("abcdef"), LastTry::Keep)).err();
    assert!(matches!(refused, Some(Error::SecretCharacters { secret: SecretKind::Pin })), "{refused:?}");
    assert_eq!(token.counters().unwrap().user, Tries::Left(3));
}
