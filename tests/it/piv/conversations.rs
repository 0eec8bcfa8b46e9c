//! Byte for byte: what is sent, and what is made of every answer.

use cardwright::iso7816::{Card, Continuity, EndWith};
use cardwright::piv::PivToken;
use cardwright::token::{Admin, ChallengeResponder, Credentials, Error, LastTry, SecretKind, Token, Tries};

use super::{admin_key, pin, puk};
use crate::support::script::{SHORT, Script};

const OPEN: &str = include_str!("../../data/piv/yubikey-open.txt");
const PLAIN: &str = include_str!("../../data/piv/chuid-serial.txt");
const ADMIN_3DES: &str = include_str!("../../data/piv/management-3des.txt");
const ZEROS: &str = "000000000000000000000000000000000000000000000000";

/// A card that says this, and is nobody else's.
fn script(parts: &[&str]) -> Script {
    let script = Script::read(SHORT, &parts.join("\n"));
    script.set_continuity(Continuity::Unbroken);
    script
}

fn open(script: &Script) -> PivToken {
    PivToken::open(Card::new(script.channel())).unwrap()
}

/// VERIFY 123456 behind a look at the counter by metadata, with this answer.
fn verify(answer: &str) -> String {
    format!("> 00F7008000\n< 0101FF 050101 06020303 9000\n> 0020008008 313233343536FFFF\n< {answer}\n")
}

#[test]
fn a_yubikey_is_known_by_its_serial_number() {
    let script = script(&[OPEN]);
    let token = open(&script);
    let identity = token.identity();
    assert_eq!((identity.kind, identity.serial.as_str()), ("PIV", "10000001"));
    assert_eq!((identity.label.as_str(), identity.model.as_str()), ("PIV 10000001", "YubiKey"));
    assert_eq!((identity.manufacturer.as_str(), identity.card_id), ("Yubico", None));
    assert_eq!(script.finish(), 2);
    assert_eq!(script.ends(), [EndWith::Leave]);
}

#[test]
fn other_cards_are_known_by_their_objects() {
    for (text, serial) in [
        // SHA-256 of the 16 bytes of the GUID.
        (PLAIN, "be45cb2605bf36bebde684841a28"),
        (include_str!("../../data/piv/ccc-serial.txt"), "f0f1f2f3f4f5f6f7f8f9fafbfcfd"),
    ] {
        let script = script(&[text]);
        let token = open(&script);
        assert_eq!((token.identity().serial.as_str(), token.identity().model.as_str()), (serial, "PIV"));
        script.finish();
    }
}

#[test]
fn a_card_that_nothing_names_opens_and_takes_no_login() {
    let nothing = "> 00F8000000\n< 6D00\n> 00CB3FFF055C035FC10700\n< 6A82\n> 00CB3FFF055C035FC10200\n< 5300 9000";
    let script = script(&[OPEN.split("> 00F8").next().unwrap(), nothing]);
    let mut token = open(&script);
    assert_eq!((token.identity().serial.as_str(), token.identity().label.as_str()), ("", "PIV"));
    let refused = token.log_in(Credentials::user(&pin("123456"), LastTry::Keep)).err();
    assert!(matches!(refused, Some(Error::NoSerial)));
    script.finish();
}

#[test]
fn what_is_no_piv_card_is_not_taken_for_one() {
    let opened = |answer: &str| {
        let script = script(&[&format!("> 00A404000BA00000030800001000010000\n< {answer}")]);
        PivToken::open(Card::new(script.channel()))
    };
    for answer in ["6A82", "6D00", "6E00", "6999"] {
        assert!(matches!(opened(answer), Err(Error::NotOffered("PIV"))), "{answer}");
    }
    let Err(Error::Device { operation, source }) = opened("6F00") else { panic!("it was taken") };
    assert_eq!(operation, "SELECT", "{source}");
    assert!(matches!(opened("removed"), Err(Error::Removed)));
    assert!(matches!(opened("reset"), Err(Error::Reset)));
}

#[test]
fn the_administrator_answers_the_challenge_of_the_algorithm_that_the_card_tells() {
    let script = script(&[OPEN, ADMIN_3DES]);
    let mut token = open(&script);
    let zeros = admin_key(ZEROS);
    drop(token.log_in(Credentials { user: None, admin: Some(Admin::Key(&zeros)) }).unwrap());
    assert_eq!(script.finish(), 5);
    assert_eq!(script.ends(), [EndWith::Leave, EndWith::Reset]);
}

#[test]
fn a_card_that_does_not_tell_the_algorithm_is_asked_for_challenges() {
    let script = script(&[include_str!("../../data/piv/management-aes192.txt")]);
    let mut token = open(&script);
    let digits = pin("000102030405060708090a0b0c0d0e0f1011121314151617");
    drop(token.log_in(Credentials { user: None, admin: Some(Admin::SoPin(&digits)) }).unwrap());
    script.finish();
}

#[test]
fn the_property_template_may_tell_the_algorithm() {
    let telling = "> 00A404000BA00000030800001000010000\n< 6108AC0680010C800111 9000\n> 00F8000000\n< 00000001 9000";
    let rest = "> 00F7009B00\n< 6D00\n> 00870C9B04 7C028100 00\n< 6F00";
    let script = script(&[telling, rest]);
    let mut token = open(&script);
    let key = admin_key(&"11".repeat(32));
    let refused = token.log_in(Credentials { user: None, admin: Some(Admin::Key(&key)) }).err();
    assert!(matches!(refused, Some(Error::Device { operation: "GENERAL AUTHENTICATE", .. })));
    script.finish();
}

#[test]
fn a_key_that_cannot_be_the_cards_is_never_tried() {
    let metadata = "> 00F7009B00\n< 0101030202000105010 09000".replace(' ', "");
    for (key, told, range) in [("11".repeat(16), metadata.as_str(), 24..=24), ("11".repeat(20), "", 16..=32)] {
        let script = script(&[OPEN, told]);
        let mut token = open(&script);
        let key = admin_key(&key);
        let refused = token.log_in(Credentials { user: None, admin: Some(Admin::Key(&key)) }).err();
        assert!(matches!(refused, Some(Error::SecretLength { secret: SecretKind::Admin, minimum, maximum })
                if minimum == *range.start() && maximum == *range.end()));
        script.finish();
    }
    let script = script(&[OPEN]);
    let words = pin("not hexadecimal");
    let refused = open(&script).log_in(Credentials { user: None, admin: Some(Admin::SoPin(&words)) }).err();
    assert!(matches!(refused, Some(Error::AdminKeyForm)));
    let key = puk("12345678");
    let refused = open(&self::script(&[OPEN])).log_in(Credentials { user: None, admin: Some(Admin::Puk(&key)) }).err();
    assert!(matches!(refused, Some(Error::NotOffered(_))));
}

#[test]
fn a_wrong_response_is_the_administrators() {
    for (answer, left) in [("6982", Tries::Untold), ("6300", Tries::Untold), ("63C4", Tries::Left(4))] {
        let conversation = ADMIN_3DES.trim_end().strip_suffix("9000").unwrap().to_owned() + answer;
        let script = script(&[OPEN, &conversation]);
        let mut token = open(&script);
        let zeros = admin_key(ZEROS);
        let refused = token.log_in(Credentials { user: None, admin: Some(Admin::Key(&zeros)) }).err();
        assert!(
            matches!(refused, Some(Error::SecretRefused { secret: SecretKind::Admin, left: told }) if told == left)
        );
        script.finish();
    }
    for (answer, wanted) in [("6983", "Locked"), ("removed", "Removed"), ("reset", "Reset"), ("6D00", "Device")] {
        let conversation = ADMIN_3DES.trim_end().strip_suffix("9000").unwrap().to_owned() + answer;
        let script = script(&[OPEN, &conversation]);
        let zeros = admin_key(ZEROS);
        let refused = open(&script).log_in(Credentials { user: None, admin: Some(Admin::Key(&zeros)) }).err();
        assert!(format!("{refused:?}").starts_with(&format!("Some({wanted}")), "{refused:?}");
    }
}

/// Answers with these bytes, once the script says that nothing is held meanwhile.
struct Afar<'a> {
    script: &'a Script,
    response: &'static str,
    meanwhile: Continuity,
}

impl ChallengeResponder for Afar<'_> {
    fn respond(&mut self, challenge: &[u8]) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
        assert_eq!(hex::encode(challenge), "d61143f9ccffd2ca");
        assert_eq!(self.script.ends().last(), Some(&EndWith::Leave));
        assert_eq!(self.script.ends().len(), 2);
        self.script.set_continuity(self.meanwhile);
        Ok(hex::decode(self.response)?)
    }
}

#[test]
fn a_responder_is_waited_for_outside_of_the_transaction() {
    let asked = ADMIN_3DES.split("> 0087039B0C").next().unwrap();
    for (response, meanwhile, conversation, wanted) in [
        ("17466e766e303cb6", Continuity::Unbroken, ADMIN_3DES, "None"),
        // The application is not selected anew: that could cost the challenge.
        ("17466e766e303cb6", Continuity::Shared, ADMIN_3DES, "None"),
        ("17466e766e303cb6", Continuity::Reset, asked, "Some(Reset)"),
        ("17466e766e303c", Continuity::Unbroken, asked, "Some(Device"),
        ("no response", Continuity::Unbroken, asked, "Some(Responder"),
    ] {
        let script = script(&[OPEN, conversation]);
        let mut token = open(&script);
        let mut afar = Afar { script: &script, response, meanwhile };
        let error = token.log_in(Credentials { user: None, admin: Some(Admin::Responder(&mut afar)) }).err();
        assert!(format!("{error:?}").starts_with(wanted), "{error:?}");
        script.finish();
    }
}

#[test]
fn the_pin_is_sent_once_and_never_as_the_last_try() {
    let text = pin("123456");
    for (answer, wanted) in [
        ("63C2", "Some(SecretRefused { secret: Pin, left: Left(2) })"),
        ("63C0", "Some(SecretRefused { secret: Pin, left: Locked })"),
        ("6983", "Some(Locked { secret: Pin })"),
        ("removed", "Some(Removed)"),
        ("reset", "Some(Reset)"),
        ("6F00", "Some(Device"),
    ] {
        let script = script(&[OPEN, &verify(answer)]);
        let refused = open(&script).log_in(Credentials::user(&text, LastTry::Keep)).err();
        assert!(format!("{refused:?}").starts_with(wanted), "{refused:?}");
        script.finish();
    }
    let counted = |left: &str| format!("> 00F7008000\n< 0101FF 050101 060203{left} 9000\n");
    let kept = script(&[OPEN, &counted("01")]);
    let refused = open(&kept).log_in(Credentials::user(&text, LastTry::Keep)).err();
    assert!(matches!(refused, Some(Error::LastTryKept { secret: SecretKind::Pin })));
    kept.finish();
    let locked = script(&[OPEN, &counted("00")]);
    let refused = open(&locked).log_in(Credentials::user(&text, LastTry::Spend)).err();
    assert!(matches!(refused, Some(Error::Locked { secret: SecretKind::Pin })));
    locked.finish();
    for odd in ["12345", "123456789", ""] {
        let script = script(&[OPEN]);
        let refused = open(&script).log_in(Credentials::user(&pin(odd), LastTry::Keep)).err();
        assert!(matches!(refused, Some(Error::SecretLength { secret: SecretKind::Pin, minimum: 6, maximum: 8 })));
        script.finish();
    }
}

#[test]
fn counters_without_metadata_are_asked_of_verify() {
    let script = script(&[
        PLAIN,
        "> 00F7008000\n< 6D00\n> 00200080\n< 63C3\n",
        "> 00200080\n< 6983\n> 00200080\n< 9000\n> 00200080\n< 6A88",
    ]);
    let mut token = open(&script);
    for user in [Tries::Left(3), Tries::Locked, Tries::Full] {
        let counters = token.counters().unwrap();
        assert_eq!((counters.user, counters.admin, counters.puk), (user, Tries::Untold, Some(Tries::Untold)));
    }
    assert_eq!(token.counters().unwrap().user, Tries::Untold);
    script.finish();
}
