//! Codes read out over the telephone.

use cardwright::cm::offline::{
    CODE_BYTES, CodeError, CodeKind, Heard, card_of, puk_answer, puk_of, puk_request, read_code, read_heard,
    read_spoken, write_code,
};
use cardwright::secret::Puk;
use proptest::prelude::*;
use serde_json::Value;

const DIGITS: &str = "0123456789ABCDEF";
const KINDS: [CodeKind; 4] = [CodeKind::Challenge, CodeKind::Response, CodeKind::PukRequest, CodeKind::PukAnswer];

fn vector(key: &str) -> [u8; CODE_BYTES] {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/mim-cm/vectors.json")).unwrap();
    let vectors: Value = serde_json::from_str(&text).unwrap();
    let digits = vectors["challenge_response_default_key"][key].as_str().unwrap();
    hex::decode(digits).unwrap().try_into().unwrap()
}

/// The check digits by long division in decimal, as a person would do it.
fn check_by_hand(digits: &str, remainder: u32) -> String {
    let left = digits.chars().fold(0, |left, digit| (left * 16 + digit.to_digit(16).unwrap()) % 97);
    let check = (0..97).find(|check| (left * 100 + check) % 97 == remainder).unwrap();
    format!("{check:02}")
}

#[test]
fn microsofts_pair_is_shown_in_groups() {
    let (challenge, response) = (vector("challenge_hex"), vector("response_hex"));
    let shown = write_code(CodeKind::Challenge, challenge);
    assert_eq!(*shown, format!("D611-43F9-CCFF-D2CA-{}", check_by_hand("D61143F9CCFFD2CA", 1)));
    let answer = write_code(CodeKind::Response, response);
    assert_eq!(*answer, format!("1746-6E76-6E30-3CB6-{}", check_by_hand("17466E766E303CB6", 2)));
    assert_eq!(read_code(CodeKind::Challenge, &shown), Ok(challenge));
    assert_eq!(read_code(CodeKind::Response, &answer), Ok(response));
    for spelling in [shown.to_lowercase(), shown.replace('-', " "), shown.replace('-', ""), format!("\t{}\n", *shown)] {
        assert_eq!(read_code(CodeKind::Challenge, &spelling), Ok(challenge), "{spelling}");
    }
}

#[test]
fn a_refusal_tells_which_code_and_where() {
    let shown = write_code(CodeKind::Challenge, vector("challenge_hex"));
    let refused = |text: &str| read_code(CodeKind::Challenge, text).unwrap_err();
    assert_eq!(refused(""), CodeError::Length { kind: CodeKind::Challenge, found: 0, expected: 18 });
    assert_eq!(
        refused(&shown[..shown.len() - 3]),
        CodeError::Length { kind: CodeKind::Challenge, found: 16, expected: 18 }
    );
    assert_eq!(
        refused(&format!("{}0", *shown)),
        CodeError::Length { kind: CodeKind::Challenge, found: 19, expected: 18 }
    );
    assert!(matches!(refused(&shown.replacen('6', "G", 1)), CodeError::Character { found: 'G', position: 2, .. }));
    assert!(refused(&shown.replacen('6', "7", 1)).to_string().starts_with("the challenge "));
    assert_eq!(
        read_code(CodeKind::Response, &shown),
        Err(CodeError::OtherKind { kind: CodeKind::Response, found: CodeKind::Challenge }),
        "a challenge typed for the response"
    );
    assert!(refused(&"1".repeat(100_000)).to_string().contains("digits, not 18"));
}

#[test]
fn what_windows_shows_is_answered_as_windows_takes_it() {
    let (code, response) = (vector("challenge_hex"), vector("response_hex"));
    for text in ["D61143F9CCFFD2CA", "d611 43f9 ccff d2ca", "D611-43F9-CCFF-D2CA", " D6 11 43 F9 CC FF D2 CA\n"] {
        let heard = read_heard(text).unwrap();
        assert_eq!(heard, Heard { kind: CodeKind::Challenge, code, checked: false }, "{text}");
        assert_eq!(*heard.write_answer(response), "17466E766E303CB6");
    }
    let heard = read_heard(&write_code(CodeKind::Challenge, code)).unwrap();
    assert_eq!(heard, Heard { kind: CodeKind::Challenge, code, checked: true });
    assert_eq!(heard.write_answer(response), write_code(CodeKind::Response, response));
    for text in ["D61143F9CCFFD2C", "D61143F9CCFFD2CA0", "G61143F9CCFFD2CA", "D61143F9CCFFD2CA00", ""] {
        assert!(read_heard(text).is_err(), "{text}");
    }
}

#[test]
fn no_kind_of_code_is_taken_for_another() {
    for written in KINDS {
        let code = write_code(written, [0x5A; CODE_BYTES]);
        for wanted in KINDS {
            let expected = match written == wanted {
                true => Ok([0x5A; CODE_BYTES]),
                false => Err(CodeError::OtherKind { kind: wanted, found: written }),
            };
            assert_eq!(read_code(wanted, &code), expected);
        }
        let spoken = matches!(written, CodeKind::Challenge | CodeKind::PukRequest);
        assert_eq!(read_spoken(&code).ok(), spoken.then_some((written, [0x5A; CODE_BYTES])));
    }
    assert_eq!(
        (CodeKind::Challenge.answer(), CodeKind::PukRequest.answer()),
        (CodeKind::Response, CodeKind::PukAnswer)
    );
}

#[test]
fn a_puk_travels_as_eight_bytes() {
    for puk in ["12345678", "ABC123", "7", "0ZYXWVT9"] {
        let answer = puk_answer(&Puk::new(puk.into())).unwrap();
        assert_eq!(puk_of(&answer).unwrap().expose(), puk);
    }
    assert!(puk_answer(&Puk::new("123456789".into())).is_none() && puk_answer(&Puk::new(String::new())).is_none());
    assert!(puk_of(&[0xFF; CODE_BYTES]).is_none());
    assert!(puk_of(&[0xC0; CODE_BYTES]).is_none(), "no text");
    let request = puk_request([1, 2, 3, 4], [5, 6, 7, 8]);
    assert_eq!((request, card_of(request)), ([1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 3, 4]));
}

/// Check digits above 96 would be second spellings.
#[test]
fn a_code_has_one_spelling() {
    let spellings = (0..100).filter(|check| read_code(CodeKind::Challenge, &format!("{:016X}{check:02}", 0)).is_ok());
    assert_eq!(spellings.collect::<Vec<_>>(), [1]);
}

proptest! {
    #[test]
    fn every_single_error_and_every_swap_of_neighbours_is_found(bytes in any::<[u8; CODE_BYTES]>(), kind in 0..KINDS.len()) {
        let kind = KINDS[kind];
        let digits: Vec<char> = write_code(kind, bytes).chars().filter(|digit| *digit != '-').collect();
        let read = |digits: &[char]| read_code(kind, &digits.iter().collect::<String>());
        prop_assert_eq!(read(&digits), Ok(bytes));
        for position in 0..digits.len() {
            for wrong in DIGITS.chars().filter(|wrong| *wrong != digits[position]) {
                let mut typed = digits.clone();
                typed[position] = wrong;
                prop_assert!(read(&typed).is_err(), "{:?}", typed);
            }
            if position > 0 && digits[position] != digits[position - 1] {
                let mut typed = digits.clone();
                typed.swap(position, position - 1);
                prop_assert!(read(&typed).is_err(), "{:?}", typed);
            }
        }
    }

    #[test]
    fn reading_a_code_never_panics(text in "\\PC{0,60}") {
        let _ = read_code(CodeKind::Challenge, &text);
    }
}
