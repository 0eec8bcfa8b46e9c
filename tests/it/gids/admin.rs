//! The administrator: challenges, responses from near and afar, what a wrong one costs.

use super::{CARD_CF, SELECT, admin_key, opened, pin};
use crate::support::errors::causes;
use crate::support::script::SHORT;
use cardwright::iso7816::{Continuity, EndWith};
use cardwright::secret::AdminKey;
use cardwright::token::{Admin, ChallengeResponder, Error, LastTry, SecretKind, Token, Tries};

const USE_KEY: (&str, &str) = ("002281A403830180", "9000");
const CHALLENGE: &str = "00870000047C02810000";
/// Challenge and response that Microsoft prints for the key of zeros (tests/data/mim-cm).
const ASKED: (&str, &str) = (CHALLENGE, "7C0A8108D61143F9CCFFD2CA9000");
const ANSWERED: &str = "008700000C7C0A820817466E766E303CB6";
const COUNTED: (&str, &str) = ("00DBA01009DF2206000100000000", "9000");
const SET_PIN: &str = "002C0280083837363534333231";

fn zeros() -> AdminKey {
    AdminKey::new(vec![0; 24])
}

struct Afar<'a> {
    response: Vec<u8>,
    meanwhile: &'a dyn Fn(&[u8]),
}

impl ChallengeResponder for Afar<'_> {
    fn respond(&mut self, challenge: &[u8]) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
        (self.meanwhile)(challenge);
        match self.response.as_slice() {
            [] => Err("nobody answers".into()),
            response => Ok(response.to_vec()),
        }
    }
}

#[test]
fn the_pin_is_set_by_the_answer_to_a_challenge() {
    let turns = [USE_KEY, ASKED, (ANSWERED, "9000"), CARD_CF, COUNTED, (SET_PIN, "9000")];
    let digits = pin(&"0".repeat(48));
    let key = zeros();
    for admin in [Admin::Key(&key), Admin::SoPin(&digits)] {
        let (script, mut token) = opened(SHORT, &turns);
        token.set_pin(admin, &pin("87654321"), LastTry::Keep).unwrap();
        script.finish();
        assert_eq!(script.ends(), [EndWith::Leave, EndWith::Reset]);
    }
}

#[test]
fn a_challenge_of_sixteen_bytes_is_answered_with_aes() {
    // FIPS 197, appendix C.
    let asked = (CHALLENGE, "7C12811000112233445566778899AABBCCDDEEFF9000");
    let cases = [
        ("000102030405060708090a0b0c0d0e0f", "69C4E0D86A7B0430D8CDB78070B4C55A"),
        ("000102030405060708090a0b0c0d0e0f1011121314151617", "DDA97CA4864CDFE06EAF70A0EC0D7191"),
        ("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "8EA2B7CA516745BFEAFC49904B496089"),
    ];
    for (key, response) in cases {
        let answer = format!("00870000147C128210{response}");
        let turns = [USE_KEY, asked, (&answer, "9000"), CARD_CF, COUNTED, (SET_PIN, "9000")];
        let (script, mut token) = opened(SHORT, &turns);
        token.set_pin(Admin::Key(&admin_key(key)), &pin("87654321"), LastTry::Keep).unwrap();
        script.finish();
    }
}

#[test]
fn a_responder_works_while_others_may_use_the_card() {
    for continuity in [Continuity::Unbroken, Continuity::Shared] {
        let turns = [USE_KEY, ASKED, (ANSWERED, "9000"), CARD_CF, COUNTED, (SET_PIN, "9000")];
        let (script, mut token) = opened(SHORT, &turns);
        let meanwhile = |challenge: &[u8]| {
            assert_eq!(hex::encode(challenge), "d61143f9ccffd2ca");
            assert_eq!(script.ends(), [EndWith::Leave, EndWith::Leave]);
            script.set_continuity(continuity);
        };
        let response = hex::decode("17466e766e303cb6").unwrap();
        let mut responder = Afar { response, meanwhile: &meanwhile };
        token.set_pin(Admin::Responder(&mut responder), &pin("87654321"), LastTry::Keep).unwrap();
        script.finish();
        assert_eq!(script.ends().last(), Some(&EndWith::Reset));
    }
}

#[test]
fn a_responder_that_fails_spends_no_try() {
    let cases: [(&[u8], &str); 3] = [(&[], "nobody answers"), (&[1; 7], "7"), (&[1; 16], "16")];
    for (response, wanted) in cases {
        let (script, mut token) = opened(SHORT, &[USE_KEY, ASKED]);
        let mut responder = Afar { response: response.to_vec(), meanwhile: &|_| {} };
        let error = token.set_pin(Admin::Responder(&mut responder), &pin("87654321"), LastTry::Keep).unwrap_err();
        assert!(matches!(error, Error::Responder(_)));
        assert!(causes(&error).contains(wanted), "{}", causes(&error));
        script.finish();
    }
}

#[test]
fn a_challenge_that_was_lost_meanwhile_is_no_refusal() {
    let reset = || {
        let (script, token) = opened(SHORT, &[USE_KEY, ASKED]);
        (script, token, Continuity::Reset)
    };
    let shared = |status: &str| {
        let (script, token) = opened(SHORT, &[USE_KEY, ASKED, (ANSWERED, status)]);
        (script, token, Continuity::Shared)
    };
    for (script, mut token, continuity) in [reset(), shared("6985"), shared("6D00")] {
        let meanwhile = |_: &[u8]| script.set_continuity(continuity);
        let response = hex::decode("17466e766e303cb6").unwrap();
        let mut responder = Afar { response, meanwhile: &meanwhile };
        let error = token.set_pin(Admin::Responder(&mut responder), &pin("87654321"), LastTry::Keep).unwrap_err();
        assert!(matches!(error, Error::Reset), "{error:?}");
        script.finish();
    }
}

#[test]
fn a_wrong_key_is_told_and_what_the_card_said_is_remembered() {
    let tried = |status: &'static str| [USE_KEY, ASKED, (ANSWERED, status)];
    let set =
        |token: &mut dyn Token, last_try| token.set_pin(Admin::Key(&zeros()), &pin("87654321"), last_try).unwrap_err();
    for (status, wanted) in [("6982", Tries::Untold), ("6300", Tries::Untold), ("63C2", Tries::Left(2))] {
        let (script, mut token) = opened(SHORT, &tried(status));
        let error = set(&mut token, LastTry::Keep);
        let Error::SecretRefused { secret: SecretKind::Admin, left } = error else { panic!("{error:?}") };
        assert_eq!(left, wanted);
        script.finish();
    }

    // One try is left: it is kept until its spending is asked for; then the key is locked.
    let counter = super::COUNTER;
    let turns = [tried("63C1").as_slice(), &[counter], &tried("6983"), &[counter]].concat();
    let (script, mut token) = opened(SHORT, &turns);
    assert!(matches!(set(&mut token, LastTry::Keep), Error::SecretRefused { left: Tries::Left(1), .. }));
    script.set_continuity(Continuity::Unbroken);
    assert!(matches!(set(&mut token, LastTry::Keep), Error::LastTryKept { secret: SecretKind::Admin }));
    assert_eq!(token.counters().unwrap().admin, Tries::Left(1));
    assert!(matches!(set(&mut token, LastTry::Spend), Error::Locked { secret: SecretKind::Admin }));
    assert_eq!(token.counters().unwrap().admin, Tries::Locked);
    assert!(matches!(set(&mut token, LastTry::Spend), Error::Locked { secret: SecretKind::Admin }));
    script.finish();
}

#[test]
fn what_cannot_be_an_admin_key_is_refused_before_the_card_hears_of_it() {
    let (script, mut token) = opened(SHORT, &[]);
    let new = pin("87654321");
    let puk = cardwright::secret::Puk::new("12345678".into());
    assert!(matches!(token.set_pin(Admin::Puk(&puk), &new, LastTry::Keep), Err(Error::NotOffered(_))));
    let short = AdminKey::new(vec![0; 23]);
    let refused = |error: Result<(), Error>| {
        assert!(matches!(error, Err(Error::SecretLength { secret: SecretKind::Admin, minimum: 24, maximum: 24 })));
    };
    refused(token.set_pin(Admin::Key(&short), &new, LastTry::Keep));
    for text in ["no digits", "0011"] {
        let error = token.set_pin(Admin::SoPin(&pin(text)), &new, LastTry::Keep);
        assert!(matches!(error, Err(Error::AdminKeyForm)), "{text}");
    }
    refused(token.change_admin_key(Admin::Key(&zeros()), &short, LastTry::Keep));
    let refused = token.set_pin(Admin::Key(&zeros()), &pin("1"), LastTry::Keep);
    assert!(matches!(refused, Err(Error::SecretLength { secret: SecretKind::Pin, .. })));
    script.finish();

    // A key that fits AES, before a card that wants 3DES: no answer is sent.
    let (script, mut token) = opened(SHORT, &[USE_KEY, ASKED]);
    let error = token.set_pin(Admin::Key(&AdminKey::new(vec![0; 16])), &new, LastTry::Keep);
    assert!(matches!(error, Err(Error::SecretLength { secret: SecretKind::Admin, minimum: 24, maximum: 24 })));
    script.finish();
}

#[test]
fn a_card_without_an_admin_key_has_none_to_answer_for() {
    for status in ["6A88", "6984"] {
        let (script, mut token) = opened(SHORT, &[(USE_KEY.0, status)]);
        let error = token.set_pin(Admin::Key(&zeros()), &pin("87654321"), LastTry::Keep);
        assert!(matches!(error, Err(Error::NotSet { secret: SecretKind::Admin })));
        script.finish();
    }
    for challenge in ["7C0281009000", "7C0981071122334455667788009000", "6A80"] {
        let (script, mut token) = opened(SHORT, &[USE_KEY, (CHALLENGE, challenge)]);
        let error = token.set_pin(Admin::Key(&zeros()), &pin("87654321"), LastTry::Keep);
        assert!(matches!(error, Err(Error::Device { operation: "GENERAL AUTHENTICATE", .. })), "{error:?}");
        script.finish();
    }
}

#[test]
fn the_admin_key_is_replaced_with_its_own_check_value() {
    // As gids-tool -C puts it, but for the check value, which gids-tool leaves that of another key.
    let put = "00DB3FFF2670248401 80 A51F 8718 010203040506070801020304050607080102030405060708 8803B073DC";
    let put = put.replace(' ', "");
    let new = admin_key(super::ADMIN_KEY);
    let (script, mut token) = opened(SHORT, &[USE_KEY, ASKED, (ANSWERED, "9000"), (&put, "9000")]);
    token.change_admin_key(Admin::Key(&zeros()), &new, LastTry::Keep).unwrap();
    script.finish();
    assert_eq!(script.ends(), [EndWith::Leave, EndWith::Reset]);

    let (script, mut token) = opened(SHORT, &[USE_KEY, ASKED, (ANSWERED, "9000"), (&put, "6982")]);
    let error = token.change_admin_key(Admin::Key(&zeros()), &new, LastTry::Keep);
    assert!(matches!(error, Err(Error::AdminNeeded)));
    script.finish();
}

#[test]
fn a_card_that_goes_away_has_not_refused_the_administrator() {
    for answer in ["removed", "reset"] {
        let turns = [vec![(USE_KEY.0, answer)], vec![USE_KEY, ASKED, (ANSWERED, answer)]];
        for turns in turns {
            let (script, mut token) = opened(SHORT, &turns);
            let error = token.set_pin(Admin::Key(&zeros()), &pin("87654321"), LastTry::Keep).unwrap_err();
            assert_eq!(format!("{error:?}").to_lowercase(), answer);
            script.finish();
        }
    }
    // The counter read before is not kept from a card that was selected anew.
    let (script, mut token) = opened(SHORT, &[SELECT, super::CARD_ID, USE_KEY, ASKED, (ANSWERED, "6982")]);
    script.set_continuity(Continuity::Reset);
    let error = token.set_pin(Admin::Key(&zeros()), &pin("87654321"), LastTry::Keep).unwrap_err();
    assert!(matches!(error, Error::SecretRefused { secret: SecretKind::Admin, left: Tries::Untold }));
    script.finish();
}
