//! What right and wrong secrets do to the counters of the virtual card.

use crate::support::gids::{ADMIN_KEY, KEY, PIN, admin_key, blank, id, log_in, object, open, order, pin, ready};
use cardwright::iso7816::Continuity;
use cardwright::secret::AdminKey;
use cardwright::token::{Admin, ChallengeResponder, Credentials, Error, LastTry, SecretKind, Token, Tries, User};
use cardwright::virtual_card::{AtThePad, Dial, GidsCard, GidsOptions, SharedCard};
use cipher::{Block, BlockCipherEncrypt, KeyInit};

const NEW: &str = "654321";

fn refused(result: Result<(), Error>, wanted: SecretKind) -> Tries {
    match result {
        Err(Error::SecretRefused { secret, left }) if secret == wanted => left,
        other => panic!("{other:?} is not a refusal of the {wanted}"),
    }
}

fn try_pin(token: &mut dyn Token, text: &str, last_try: LastTry) -> Result<(), Error> {
    token.log_in(Credentials::user(&pin(text), last_try)).map(drop)
}

fn user(token: &mut dyn Token) -> Tries {
    token.counters().unwrap().user
}

fn pins_changed(card: &SharedCard) -> u8 {
    let bytes = object(card, 0xA010, 0xDF22);
    bytes[bytes.len() - 5]
}

#[test]
fn the_pin_is_counted_changed_locked_and_set() {
    let card = ready(GidsOptions::default());
    let mut token = open(&card);
    assert_eq!(user(&mut token), Tries::Left(3));
    assert_eq!(refused(try_pin(&mut token, "000000", LastTry::Keep), SecretKind::Pin), Tries::Left(2));
    assert_eq!(user(&mut token), Tries::Left(2));
    assert_eq!(refused(token.change_pin(&pin("000000"), &pin(NEW), LastTry::Keep), SecretKind::Pin), Tries::Left(1));
    assert!(matches!(try_pin(&mut token, PIN, LastTry::Keep), Err(Error::LastTryKept { secret: SecretKind::Pin })));
    assert_eq!((user(&mut token), pins_changed(&card)), (Tries::Left(1), 0));
    token.change_pin(&pin(PIN), &pin(NEW), LastTry::Spend).unwrap();
    assert_eq!((user(&mut token), pins_changed(&card)), (Tries::Left(3), 1));
    try_pin(&mut token, NEW, LastTry::Keep).unwrap();

    for left in [Tries::Left(2), Tries::Left(1), Tries::Locked] {
        assert_eq!(refused(try_pin(&mut token, PIN, LastTry::Spend), SecretKind::Pin), left);
    }
    assert!(matches!(try_pin(&mut token, NEW, LastTry::Spend), Err(Error::Locked { secret: SecretKind::Pin })));

    // A forgotten PIN: the administrator sets another, and a wrong one does not.
    let wrong = AdminKey::new(vec![0; 24]);
    refused(token.set_pin(Admin::Key(&wrong), &pin(PIN), LastTry::Keep), SecretKind::Admin);
    assert_eq!((user(&mut token), pins_changed(&card)), (Tries::Locked, 1));
    token.set_pin(Admin::Key(&admin_key(ADMIN_KEY)), &pin(PIN), LastTry::Keep).unwrap();
    assert_eq!((user(&mut token), pins_changed(&card)), (Tries::Left(3), 2));
    try_pin(&mut token, PIN, LastTry::Keep).unwrap();
    token.set_pin(Admin::SoPin(&pin(ADMIN_KEY)), &pin(NEW), LastTry::Keep).unwrap();
    try_pin(&mut token, NEW, LastTry::Keep).unwrap();
}

#[test]
fn the_admin_key_is_changed_and_the_old_one_refused() {
    let card = ready(GidsOptions::default());
    let mut token = open(&card);
    let new = admin_key("00112233445566778899aabbccddeeff0011223344556677");
    refused(token.change_admin_key(Admin::Key(&new), &new, LastTry::Keep), SecretKind::Admin);
    token.change_admin_key(Admin::Key(&admin_key(ADMIN_KEY)), &new, LastTry::Keep).unwrap();
    refused(token.set_pin(Admin::Key(&admin_key(ADMIN_KEY)), &pin(NEW), LastTry::Keep), SecretKind::Admin);
    assert_eq!(token.counters().unwrap().admin, Tries::Untold);
    token.set_pin(Admin::Key(&new), &pin(NEW), LastTry::Keep).unwrap();
    try_pin(&mut token, NEW, LastTry::Keep).unwrap();
}

#[test]
fn a_card_that_counts_wrong_admin_keys_is_not_blocked_unasked() {
    let card = ready(GidsOptions { admin_tries: Some(3), ..GidsOptions::default() });
    let mut token = open(&card);
    let wrong = AdminKey::new(vec![0; 24]);
    let mut left = refused(token.set_pin(Admin::Key(&wrong), &pin(NEW), LastTry::Keep), SecretKind::Admin);
    // Such a card may tell how many are left, or only say no.
    if left != Tries::Untold {
        assert_eq!(left, Tries::Left(2));
        left = refused(token.set_pin(Admin::Key(&wrong), &pin(NEW), LastTry::Keep), SecretKind::Admin);
        assert_eq!((left, token.counters().unwrap().admin), (Tries::Left(1), Tries::Left(1)));
        let kept = token.set_pin(Admin::Key(&wrong), &pin(NEW), LastTry::Keep);
        assert!(matches!(kept, Err(Error::LastTryKept { secret: SecretKind::Admin })));
    } else {
        refused(token.set_pin(Admin::Key(&wrong), &pin(NEW), LastTry::Keep), SecretKind::Admin);
    }
    token.set_pin(Admin::Key(&admin_key(ADMIN_KEY)), &pin(NEW), LastTry::Spend).unwrap();
    assert_eq!(token.counters().unwrap().admin, Tries::Untold);
    for _ in 0..2 {
        refused(token.set_pin(Admin::Key(&wrong), &pin(NEW), LastTry::Spend), SecretKind::Admin);
    }
    let _last = token.set_pin(Admin::Key(&wrong), &pin(NEW), LastTry::Spend).unwrap_err();
    let locked = token.set_pin(Admin::Key(&admin_key(ADMIN_KEY)), &pin(NEW), LastTry::Spend);
    assert!(matches!(locked, Err(Error::Locked { secret: SecretKind::Admin })), "{locked:?}");
}

#[test]
fn a_card_that_goes_away_has_refused_nothing() {
    for fault in ["remove", "remove-after", "reset", "reset-after"] {
        for at in 1..=2 {
            let card = ready(GidsOptions::default());
            let mut token = open(&card);
            card.set_dial(format!("{fault}@{at}").parse().unwrap());
            let cut = try_pin(&mut token, "000000", LastTry::Keep).unwrap_err();
            let gone = if fault.starts_with("remove") { "Removed" } else { "Reset" };
            assert_eq!(format!("{cut:?}"), gone, "{fault}@{at}");
            card.set_dial(Dial::default());
            card.insert_again();
            // Only a VERIFY that was carried out has cost a try.
            let spent = fault.ends_with("after") && at == 2;
            assert_eq!(user(&mut token), Tries::Left(if spent { 2 } else { 3 }), "{fault}@{at}");
        }
    }
}

#[test]
fn a_card_that_was_exchanged_is_not_taken_for_the_first() {
    let card = ready(GidsOptions::default());
    let mut token = open(&card);
    let other = {
        let blank = blank(GidsOptions::default());
        let first = cardwright::iso7816::Card::new(blank.channel());
        cardwright::gids::GidsToken::initialise(first, &admin_key(ADMIN_KEY), &pin(PIN), [9; 16]).unwrap();
        let state = blank.with_card(|card| card.state()).unwrap();
        GidsCard::from_state(&state).unwrap()
    };
    // Nobody saw it being pulled.
    card.insert(Box::new(other));
    assert!(matches!(try_pin(&mut token, "000000", LastTry::Keep), Err(Error::Removed)));
    assert!(matches!(token.change_pin(&pin("000000"), &pin(NEW), LastTry::Keep), Err(Error::Removed)));
    assert!(matches!(token.public_objects(), Err(Error::Removed)));
    let mut exchanged = open(&card);
    assert_eq!(exchanged.identity().serial, hex::encode([9; 16]));
    assert_eq!(user(&mut exchanged), Tries::Left(3));
}

#[test]
fn the_readers_own_keys_take_the_pin() {
    let card = ready(GidsOptions::default()).with_pin_pad(PIN);
    let mut token = open(&card);
    assert!(token.has_pin_pad());
    let mut at_pad = |who: AtThePad| {
        card.set_at_the_pad(Some(who));
        let user = User::PinPad(LastTry::Keep);
        token.log_in(Credentials { user: Some(user), admin: None }).map(|mut session| session.list().unwrap().len())
    };
    let types = |digits: &str| AtThePad::Types(zeroize::Zeroizing::new(digits.into()));
    assert_eq!(at_pad(types(PIN)).unwrap(), 0);
    assert!(matches!(
        at_pad(types("0000")),
        Err(Error::SecretRefused { secret: SecretKind::Pin, left: Tries::Left(2) })
    ));
    assert!(matches!(at_pad(AtThePad::Cancels), Err(Error::PinPadCancelled)));
    assert!(matches!(at_pad(AtThePad::IsAway), Err(Error::PinPadCancelled)));
    assert!(matches!(at_pad(types("123")), Err(Error::PinPadCancelled)));
    assert!(matches!(
        at_pad(types("0000")),
        Err(Error::SecretRefused { secret: SecretKind::Pin, left: Tries::Left(1) })
    ));
    assert!(matches!(at_pad(types(PIN)), Err(Error::LastTryKept { secret: SecretKind::Pin })));
}

/// The server, with what happens to the card while it is asked.
struct Server<'a>(&'a dyn Fn());

impl ChallengeResponder for Server<'_> {
    fn respond(&mut self, challenge: &[u8]) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
        (self.0)();
        let cipher = des::TdesEde3::new_from_slice(&hex::decode(ADMIN_KEY)?)?;
        let mut block = Block::<des::TdesEde3>::try_from(challenge)?;
        cipher.encrypt_block(&mut block);
        Ok(block.to_vec())
    }
}

#[test]
fn the_pin_is_set_by_a_server_that_answers_from_afar() {
    let card = ready(GidsOptions::default());
    let mut token = open(&card);
    let another_looks = || {
        // Another program's transaction, on the application that is selected already.
        let mut other = cardwright::iso7816::Card::new(card.channel());
        assert_ne!(other.begin().unwrap(), Continuity::Reset);
        other.end(cardwright::iso7816::EndWith::Leave).unwrap();
    };
    for meanwhile in [&(|| {}) as &dyn Fn(), &another_looks] {
        token.set_pin(Admin::Responder(&mut Server(meanwhile)), &pin(NEW), LastTry::Keep).unwrap();
        try_pin(&mut token, NEW, LastTry::Keep).unwrap();
    }
    let cases: [(&dyn Fn(), &str); 3] = [
        (&|| card.reset(), "Reset"),
        // The other program selects the application anew, and the card forgets its challenge.
        (&|| drop(open(&card)), "Reset"),
        (&|| card.remove(), "Removed"),
    ];
    for (meanwhile, wanted) in cases {
        let cut = token.set_pin(Admin::Responder(&mut Server(meanwhile)), &pin(PIN), LastTry::Keep).unwrap_err();
        assert_eq!(format!("{cut:?}"), wanted);
    }
    card.insert_again();
    try_pin(&mut token, NEW, LastTry::Keep).unwrap();
}

#[test]
fn a_pause_lets_others_in_and_notices_what_they_did() {
    let card = ready(GidsOptions::default());
    let mut token = open(&card);
    let mut session = log_in(&mut token);
    session.import(&order(1, true), &KEY).unwrap();
    session.pause();
    session.pause();
    assert!(session.find(&id(1)).unwrap().is_some());
    session.pause();
    // Another program selects the application, and the card forgets the PIN.
    drop(open(&card));
    assert!(matches!(session.find(&id(1)), Err(Error::Reset)));
    assert!(matches!(session.delete(&id(1)), Err(Error::Reset)));
    drop(session);
    let mut session = log_in(&mut token);
    session.pause();
    card.remove();
    assert!(matches!(session.find(&id(1)), Err(Error::Removed)));
    card.insert_again();
    assert!(matches!(session.find(&id(1)), Err(Error::Reset)));
    drop(session);
    assert!(log_in(&mut token).find(&id(1)).unwrap().is_some());
}

#[test]
fn nothing_that_was_proven_outlives_a_session() {
    let card = ready(GidsOptions::default());
    let mut token = open(&card);
    drop(log_in(&mut token));
    let mut other = cardwright::iso7816::Card::new(card.channel());
    other.begin().unwrap();
    let send = |other: &mut cardwright::iso7816::Card, command: &str| {
        let bytes = hex::decode(command).unwrap();
        let apdu = cardwright::iso7816::CommandApdu::new(bytes[1], bytes[2], bytes[3])
            .with_data(&bytes[4..])
            .expecting(cardwright::iso7816::Expect::All);
        other.exchange(&apdu).unwrap().status
    };
    assert!(send(&mut other, "00A40400A00000039742544659").is_ok());
    assert_eq!(send(&mut other, "00DBA010DF2206000000000000").0, 0x6982);
}
