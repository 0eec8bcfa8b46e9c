//! The user's PIN: counters read before a try, refusals, the reader's own keys.

use super::{CARD_CF, CARD_ID, COUNTER, PIN, VERIFY, opened, pin};
use crate::support::script::SHORT;
use cardwright::iso7816::{Continuity, EndWith};
use cardwright::token::{Credentials, Error, KeyId, LastTry, SecretKind, Token, Tries, User};

const COUNTERS: &str = COUNTER.0;
/// VERIFY without data.
const ASKED: &str = "00200080";
const CHANGE: &str = "002400801031323334353637383837363534333231";

fn log_in(turns: &[(&str, &str)], last_try: LastTry) -> (Result<(), Error>, Vec<EndWith>) {
    let (script, mut token) = opened(SHORT, turns);
    let result = token.log_in(Credentials::user(&pin(PIN), last_try)).map(drop);
    script.finish();
    (result, script.ends()[1..].to_vec())
}

#[test]
fn a_right_pin_opens_a_session_that_ends_with_a_reset() {
    let (result, ends) = log_in(&[COUNTER, VERIFY], LastTry::Keep);
    result.unwrap();
    assert_eq!(ends, [EndWith::Reset]);
}

#[test]
fn counters_are_told_as_the_card_has_them() {
    let cases: [(&[(&str, &str)], Tries); 8] = [
        (&[COUNTER], Tries::Left(3)),
        (&[(COUNTERS, "7F71069701019301039000")], Tries::Left(1)),
        (&[(COUNTERS, "7F71069701009301039000")], Tries::Locked),
        // The first edition's tag.
        (&[(COUNTERS, "7F71049F1701059000"), (ASKED, "63C5")], Tries::Left(5)),
        // Cards without the object: VERIFY without data spends no try.
        (&[(COUNTERS, "6A88"), (ASKED, "63C2")], Tries::Left(2)),
        (&[(COUNTERS, "6D00"), (ASKED, "6983")], Tries::Locked),
        (&[(COUNTERS, "6A88"), (ASKED, "6A88")], Tries::NotSet),
        (&[(COUNTERS, "6A88"), (ASKED, "6E00")], Tries::Untold),
    ];
    for (turns, wanted) in cases {
        let (script, mut token) = opened(SHORT, turns);
        let counters = token.counters().unwrap();
        assert_eq!((counters.user, counters.admin, counters.puk), (wanted, Tries::Untold, None), "{turns:?}");
        script.finish();
        assert_eq!(script.ends(), [EndWith::Leave, EndWith::Leave]);
    }
}

#[test]
fn a_refused_pin_tells_what_is_left() {
    let refused = |status: &'static str, left: Tries| {
        let (result, ends) = log_in(&[COUNTER, (VERIFY.0, status)], LastTry::Keep);
        let Err(Error::SecretRefused { secret: SecretKind::Pin, left: told }) = result else { panic!("{result:?}") };
        assert_eq!(told, left);
        assert_eq!(ends, [EndWith::Leave]);
    };
    refused("63C2", Tries::Left(2));
    refused("63C0", Tries::Locked);
    let again = (COUNTERS, "7F71069701029301039000");
    for status in ["6300", "6982"] {
        let (result, _) = log_in(&[COUNTER, (VERIFY.0, status), again], LastTry::Keep);
        assert!(matches!(result, Err(Error::SecretRefused { left: Tries::Left(2), .. })), "{result:?}");
    }
}

#[test]
fn the_last_try_is_spent_only_when_that_is_asked() {
    let last = (COUNTERS, "7F71069701019301039000");
    let (result, ends) = log_in(&[last], LastTry::Keep);
    assert!(matches!(result, Err(Error::LastTryKept { secret: SecretKind::Pin })));
    assert_eq!(ends, [EndWith::Leave]);
    log_in(&[last, VERIFY], LastTry::Spend).0.unwrap();
    let locked = (COUNTERS, "7F71069701009301039000");
    let (result, _) = log_in(&[locked], LastTry::Spend);
    assert!(matches!(result, Err(Error::Locked { secret: SecretKind::Pin })));
}

#[test]
fn a_card_that_goes_away_has_not_refused_a_pin() {
    for (answer, wanted) in [("removed", "Removed"), ("reset", "Reset")] {
        for turns in [vec![(COUNTERS, answer)], vec![COUNTER, (VERIFY.0, answer)]] {
            let (result, _) = log_in(&turns, LastTry::Keep);
            assert_eq!(format!("{:?}", result.unwrap_err()), wanted);
        }
    }
    // Pulled while the counter is read again.
    let (result, _) = log_in(&[COUNTER, (VERIFY.0, "6300"), (COUNTERS, "removed")], LastTry::Keep);
    assert!(matches!(result, Err(Error::Removed)), "{result:?}");
}

#[test]
fn a_pin_no_card_takes_costs_no_try() {
    let (script, mut token) = opened(SHORT, &[]);
    let wrong = |result: Option<Error>| {
        assert!(matches!(result, Some(Error::SecretLength { secret: SecretKind::Pin, minimum: 4, maximum: 16 })));
    };
    wrong(token.log_in(Credentials::user(&pin("123"), LastTry::Keep)).err());
    wrong(token.change_pin(&pin("12345678901234567"), &pin(PIN), LastTry::Keep).err());
    wrong(token.change_pin(&pin(PIN), &pin("123"), LastTry::Keep).err());
    assert!(matches!(token.log_in(Credentials { user: None, admin: None }), Err(Error::UserNeeded)));
    script.finish();
}

#[test]
fn a_change_of_pin_is_told_to_windows_before_it_is_made() {
    let counted = ("00DBA01009DF2206000100000000", "9000");
    let (script, mut token) = opened(SHORT, &[COUNTER, VERIFY, CARD_CF, counted, (CHANGE, "9000")]);
    token.change_pin(&pin(PIN), &pin("87654321"), LastTry::Keep).unwrap();
    script.finish();
    assert_eq!(script.ends(), [EndWith::Leave, EndWith::Reset]);

    // A new PIN against the card's own rules.
    let (script, mut token) = opened(SHORT, &[COUNTER, VERIFY, CARD_CF, counted, (CHANGE, "6A80")]);
    let refused = token.change_pin(&pin(PIN), &pin("87654321"), LastTry::Keep);
    assert!(matches!(refused, Err(Error::SecretLength { secret: SecretKind::Pin, .. })), "{refused:?}");
    script.finish();

    // A wrong PIN changes nothing.
    let (script, mut token) = opened(SHORT, &[COUNTER, (VERIFY.0, "63C2")]);
    let refused = token.change_pin(&pin(PIN), &pin("87654321"), LastTry::Keep);
    assert!(matches!(refused, Err(Error::SecretRefused { secret: SecretKind::Pin, left: Tries::Left(2) })));
    script.finish();
}

#[test]
fn cardcf_keeps_what_is_not_ours_and_is_begun_anew_where_it_is_broken() {
    let cases = [
        ("DF220A01FF02000300AABBCCDD9000", "00DBA0100DDF220A010002000300AABBCCDD"),
        ("DF2203AABBCC9000", "00DBA01009DF2206000100000000"),
        ("6A88", "00DBA01009DF2206000100000000"),
    ];
    for (there, written) in cases {
        let turns = [COUNTER, VERIFY, (CARD_CF.0, there), (written, "9000"), (CHANGE, "9000")];
        let (script, mut token) = opened(SHORT, &turns);
        token.change_pin(&pin(PIN), &pin("87654321"), LastTry::Keep).unwrap();
        script.finish();
    }
}

#[test]
fn a_reader_without_keys_is_not_asked_for_a_pin() {
    let (script, mut token) = opened(SHORT, &[]);
    assert!(!token.has_pin_pad());
    let pad = Credentials { user: Some(User::PinPad(LastTry::Keep)), admin: None };
    assert!(matches!(token.log_in(pad), Err(Error::NotOffered(_))));
    script.finish();
}

#[test]
fn a_paused_session_goes_on_only_with_its_login() {
    let found = ("00CBA000045C02DF1F00", super::MASTER_FILE.1);
    // Nobody else was there.
    let (script, mut token) = opened(SHORT, &[COUNTER, VERIFY, found, super::NO_CONTAINERS, (ASKED, "9000")]);
    let mut session = token.log_in(Credentials::user(&pin(PIN), LastTry::Keep)).unwrap();
    assert!(session.list().unwrap().is_empty());
    session.pause();
    assert_eq!(script.ends(), [EndWith::Leave, EndWith::Leave]);
    assert!(session.list().unwrap().is_empty());
    drop(session);
    script.finish();
    assert_eq!(script.ends(), [EndWith::Leave, EndWith::Leave, EndWith::Reset]);

    // The card was reset.
    let (script, mut token) = opened(SHORT, &[COUNTER, VERIFY, (ASKED, "9000")]);
    let mut session = token.log_in(Credentials::user(&pin(PIN), LastTry::Keep)).unwrap();
    session.pause();
    script.set_continuity(Continuity::Reset);
    assert!(matches!(session.list(), Err(Error::Reset)));
    session.pause();
    assert!(matches!(session.list(), Err(Error::Reset)));
    drop(session);
    script.finish();
}

#[test]
fn a_session_others_spoke_beside_goes_on_while_its_login_holds() {
    // What the card answers before the pause, who it is behind it, what it answers then; and whether the login holds.
    let other = (CARD_ID.0, "DF2010FF0102030405060708090A0B0C0D0E0F9000");
    let another_application = (CARD_ID.0, "6A86");
    let cases = [
        ("9000", CARD_ID, Some("9000"), true),
        ("9000", CARD_ID, Some("63C3"), false),
        // Cards that answer with the tries that are left, proven or not.
        ("63C3", CARD_ID, Some("63C3"), true),
        ("9000", another_application, None, false),
        ("9000", other, None, false),
    ];
    let found = super::MASTER_FILE;
    for (before, who, after, holds) in cases {
        let mut turns = vec![COUNTER, VERIFY, found, super::NO_CONTAINERS, (ASKED, before), who];
        turns.extend(after.map(|after| (ASKED, after)));
        if holds {
            turns.extend([found, super::NO_CONTAINERS]);
        }
        let (script, mut token) = opened(SHORT, &turns);
        let mut session = token.log_in(Credentials::user(&pin(PIN), LastTry::Keep)).unwrap();
        session.list().unwrap();
        session.pause();
        script.set_continuity(Continuity::Shared);
        for _ in 0..2 {
            match session.list() {
                Ok(listed) => assert!(holds && listed.is_empty()),
                Err(error) => assert!(!holds && matches!(error, Error::Reset), "{error:?}"),
            }
        }
        drop(session);
        script.finish();
        assert_eq!(script.ends().last(), Some(&EndWith::Reset));
    }
}

#[test]
fn a_login_that_was_lost_unseen_is_told_when_it_is_needed() {
    let room = format!("00DBA01054DF2451{}", "FF".repeat(81));
    let turns = [
        COUNTER,
        VERIFY,
        (ASKED, "63C3"),
        CARD_ID,
        (ASKED, "63C3"),
        super::MASTER_FILE,
        super::NO_CONTAINERS,
        (&room, "6982"),
        ("00DBA01003DF2400", "6982"),
    ];
    let (script, mut token) = opened(SHORT, &turns);
    let mut session = token.log_in(Credentials::user(&pin(PIN), LastTry::Keep)).unwrap();
    session.pause();
    script.set_continuity(Continuity::Shared);
    assert!(matches!(session.reserve(&KeyId(vec![1; 16]), 18), Err(Error::Reset)));
    assert!(matches!(session.list(), Err(Error::Reset)));
    drop(session);
    script.finish();
}
