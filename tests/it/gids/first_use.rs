//! Who a card is, and a new card's first use.

use super::{ADMIN_KEY, CARD_CF, CARD_ID, COUNTER, MASTER_FILE, PIN, SELECT, admin_key, conversation, opened, pin};
use crate::support::errors::causes;
use crate::support::script::{SHORT, Script};
use cardwright::gids::GidsToken;
use cardwright::iso7816::{Card, Continuity, EndWith};
use cardwright::token::{
    Admin, Authority, CardIdentifier, Counters, Credentials, Error, LastTry, Operation, SecretKind, Token, Tries,
};
use uuid::Uuid;

const SERIAL: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

fn initialise(script: &Script) -> Result<GidsToken, Error> {
    GidsToken::initialise(Card::new(script.channel()), &admin_key(ADMIN_KEY), &pin(PIN), SERIAL)
}

#[test]
fn a_new_card_gets_what_windows_expects() {
    let script = Script::read(SHORT, &conversation("initialise.txt"));
    let token = initialise(&script).unwrap();
    script.finish();
    assert_eq!(script.ends(), [EndWith::Leave, EndWith::Reset, EndWith::Leave]);
    let identity = token.identity();
    assert_eq!(identity.kind, "GIDS");
    assert_eq!(identity.serial, "000102030405060708090a0b0c0d0e0f");
    assert_eq!(identity.label, "GIDS 00010203");
    assert_eq!(identity.model, "GIDS 2.1");
    // Windows reads the file as a GUID structure.
    assert_eq!(identity.card_id, Some("03020100-0504-0706-0809-0a0b0c0d0e0f".parse::<Uuid>().unwrap()));
}

#[test]
fn a_card_in_use_is_not_initialised_again() {
    let script = Script::new(SHORT, &[SELECT, MASTER_FILE, CARD_ID]);
    let error = initialise(&script).err().unwrap();
    assert!(causes(&error).contains("in use already"), "{}", causes(&error));
    script.finish();

    // Secrets, but no files yet: another's card all the same.
    let turns = [SELECT, ("00CBA000045C02DF1F00", "6A88"), SELECT, ("00240180083132333435363738", "6982")];
    let script = Script::new(SHORT, &turns);
    let error = initialise(&script).err().unwrap();
    assert!(causes(&error).contains("in use already"), "{}", causes(&error));
    script.finish();
}

#[test]
fn secrets_that_do_not_fit_are_refused_before_the_card_hears_of_them() {
    let script = Script::new(SHORT, &[]);
    let card = || Card::new(script.channel());
    let refused = GidsToken::initialise(card(), &admin_key(&ADMIN_KEY[2..]), &pin(PIN), SERIAL).err();
    assert!(matches!(refused, Some(Error::SecretLength { secret: SecretKind::Admin, minimum: 24, maximum: 24 })));
    for text in ["123", "12345678901234567"] {
        let refused = GidsToken::initialise(card(), &admin_key(ADMIN_KEY), &pin(text), SERIAL).err();
        assert!(matches!(refused, Some(Error::SecretLength { secret: SecretKind::Pin, minimum: 4, maximum: 16 })));
    }
}

#[test]
fn a_card_that_was_cut_off_in_its_first_use_is_completed() {
    let text = conversation("initialise.txt");
    let again = text.replacen(
        "> 00 E0 00 00 0E 62 0C 82 01 39 83 02 A0 00 8C 03 03 30 00\n< 90 00",
        "> 00 E0 00 00 0E 62 0C 82 01 39 83 02 A0 00 8C 03 03 30 00\n< 6A 89\n> 00 A4 00 0C 02 A0 00\n< 90 00",
        1,
    );
    assert_ne!(text, again);
    let script = Script::read(SHORT, &again);
    initialise(&script).unwrap();
    script.finish();
}

#[test]
fn a_card_without_files_has_no_serial_and_no_secrets() {
    for absent in ["6A82", "6A88"] {
        let script = Script::new(SHORT, &[SELECT, ("00CBA000045C02DF1F00", absent)]);
        let mut token = GidsToken::open(Card::new(script.channel())).unwrap();
        assert_eq!((token.identity().serial.as_str(), token.identity().label.as_str()), ("", ""));
        assert_eq!(token.identity().card_id, None);
        let none = Counters { user: Tries::NotSet, admin: Tries::NotSet, puk: None };
        assert_eq!(token.counters().unwrap(), none);
        assert!(token.public_objects().unwrap().is_empty());
        assert_eq!(token.condition().unwrap().card_identifier, CardIdentifier::None);
        let key = admin_key(ADMIN_KEY);
        let no_serial = [
            token.log_in(Credentials::user(&pin(PIN), LastTry::Keep)).err(),
            token.change_pin(&pin(PIN), &pin("2222"), LastTry::Keep).err(),
            token.set_pin(Admin::Key(&key), &pin("2222"), LastTry::Keep).err(),
            token.change_admin_key(Admin::Key(&key), &key, LastTry::Keep).err(),
        ];
        assert!(no_serial.into_iter().all(|error| matches!(error, Some(Error::NoSerial))));
        script.finish();
    }
}

#[test]
fn a_card_of_another_kind_is_told_apart_from_one_that_fails() {
    let script = Script::new(SHORT, &[(SELECT.0, "6A82")]);
    assert!(matches!(GidsToken::open(Card::new(script.channel())), Err(Error::NotOffered("GIDS"))));
    assert_eq!(script.ends(), [EndWith::Leave]);
    let script = Script::new(SHORT, &[(SELECT.0, "removed")]);
    assert!(matches!(GidsToken::open(Card::new(script.channel())), Err(Error::Removed)));
}

#[test]
fn files_that_are_not_laid_out_right_are_refused() {
    let cases = [
        ("DF1F0301029000", "master file of 2 bytes"),
        ("DF1F0102009000", "master file of 1 bytes"),
        ("DF2001019000", "missing"),
        ("DF1F01029000", "master file of 1 bytes"),
        ("DF1F0A016D73637000000000009000", "master file of 10 bytes"),
    ];
    for (answer, wanted) in cases {
        let script = Script::new(SHORT, &[SELECT, (MASTER_FILE.0, answer)]);
        let error = GidsToken::open(Card::new(script.channel())).err().unwrap();
        assert!(causes(&error).contains(wanted), "{answer}: {}", causes(&error));
    }
    let script = Script::new(SHORT, &[SELECT, MASTER_FILE, (CARD_ID.0, "DF2002AABB9000")]);
    let error = GidsToken::open(Card::new(script.channel())).err().unwrap();
    assert!(causes(&error).contains("cardid of 2 bytes"), "{}", causes(&error));
}

#[test]
fn a_card_that_was_reset_is_recognised_and_another_one_is_not() {
    let (script, mut token) = opened(SHORT, &[SELECT, CARD_ID, COUNTER]);
    script.set_continuity(Continuity::Reset);
    assert_eq!(token.counters().unwrap().user, Tries::Left(3));
    script.finish();

    let other = (CARD_ID.0, "DF2010FF0102030405060708090A0B0C0D0E0F9000");
    for turns in [vec![SELECT, other], vec![SELECT, (CARD_ID.0, "6A82")], vec![(SELECT.0, "6A82")]] {
        let (script, mut token) = opened(SHORT, &turns);
        script.set_continuity(Continuity::Reset);
        assert!(matches!(token.log_in(Credentials::user(&pin(PIN), LastTry::Keep)), Err(Error::Removed)));
        script.finish();
        assert_eq!(script.ends().last(), Some(&EndWith::Leave));
    }
}

#[test]
fn the_condition_tells_what_cardcf_is() {
    let cases = [
        (CARD_CF.1, CardIdentifier::Present { expires: None }),
        ("DF220A000000000000AABBCCDD9000", CardIdentifier::Present { expires: None }),
        ("DF220500000000009000", CardIdentifier::Broken),
        ("6A88", CardIdentifier::Absent),
    ];
    for (answer, wanted) in cases {
        let (script, mut token) = opened(SHORT, &[(CARD_CF.0, answer)]);
        let condition = token.condition().unwrap();
        assert_eq!(condition.card_identifier, wanted);
        assert_eq!(condition.version.as_deref(), Some("2.1"));
        assert_eq!((condition.pin_is_default, condition.largest_certificate), (None, None));
        script.finish();
    }
}

#[test]
fn the_user_works_and_the_administrator_unblocks() {
    let (_, token) = opened(SHORT, &[]);
    for operation in [Operation::Generate, Operation::Sign, Operation::WriteCertificate, Operation::Delete] {
        assert_eq!(token.authority(operation), Authority::User);
    }
    assert_eq!(token.authority(Operation::Unblock), Authority::Admin);
    assert_eq!(token.authority(Operation::ChangeAdminKey), Authority::Admin);
}

#[test]
fn there_is_no_way_back_to_the_factory() {
    let (script, mut token) = opened(SHORT, &[]);
    assert!(matches!(token.reset_to_factory(), Err(Error::NotOffered(_))));
    script.finish();
}
