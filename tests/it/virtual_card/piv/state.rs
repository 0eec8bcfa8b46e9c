//! What survives a power cut, and what is no card.

use super::{SELECT, VERIFY, administrator, card, put};
use crate::virtual_card::say;
use cardwright::secret::Pin;
use cardwright::virtual_card::{PivCard, PivCardError, PivOptions, VirtualCard};

const READ_9A: &str = "00CB3FFF 05 5C035FC105 00";

#[test]
fn a_card_comes_back_with_all_but_what_was_proven() {
    for options in [PivOptions::default(), PivOptions::yubikey()] {
        let mut before = card(options);
        administrator(&mut before);
        assert!(say(&mut before, "0047009E 05 AC03800114 00").ends_with("9000"));
        assert_eq!(put(&mut before, "5FC105", &[9; 5]), "9000");
        say(&mut before, "00200080 08 303030303030FFFF");
        say(&mut before, VERIFY);
        say(&mut before, "00200080 08 303030303030FFFF");

        let state = before.state();
        let mut after = PivCard::from_state(&state).unwrap();
        assert_eq!(*after.state(), *state, "nothing changed");
        assert_eq!(after.atr(), before.atr());
        assert_eq!(say(&mut after, SELECT), say(&mut before, SELECT));
        assert_eq!(say(&mut after, READ_9A), say(&mut before, READ_9A));
        assert_eq!(say(&mut after, "00200080"), "63C2");
        assert_eq!(put(&mut after, "5FC105", &[]), "6982");
        let sign = format!("0087149E 36 7C348200 8130{} 00", "07".repeat(48));
        assert!(say(&mut after, &sign).ends_with("9000"));
    }
}

#[test]
fn reading_changes_no_state_and_writing_does() {
    let mut card = card(PivOptions::default());
    let fresh = card.state();
    say(&mut card, VERIFY);
    say(&mut card, "00CB3FFF 03 5C017E 00");
    administrator(&mut card);
    card.reset();
    assert_eq!(*card.state(), *fresh);
    say(&mut card, SELECT);
    say(&mut card, "00200080 08 303030303030FFFF");
    assert_ne!(*card.state(), *fresh, "a try was spent");
}

#[test]
fn garbage_is_no_card_and_its_words_are_not_repeated() {
    let state = card(PivOptions::yubikey()).state().to_vec();
    let text = String::from_utf8(state.clone()).unwrap();
    let refused = |text: &str| PivCard::from_state(text.as_bytes()).err().unwrap();
    assert!(matches!(refused(""), PivCardError::Malformed { .. }));
    assert!(matches!(refused("{}"), PivCardError::Malformed { .. }));
    assert!(PivCard::from_state(&[0xFF; 40]).is_err());
    assert!(PivCard::from_state(&state[..state.len() - 1]).is_err());
    assert!(matches!(refused(&text.replace("\"PIV\"", "\"GIDS\"")), PivCardError::OtherCard { .. }));
    assert!(matches!(refused(&text.replace("\"version\":1", "\"version\":2")), PivCardError::OtherCard { .. }));
    let pin = "313233343536ffff";
    for (wrong, what) in [("3132333435ffffff", "PIN"), ("31", "PIN"), ("", "PIN")] {
        assert_eq!(refused(&text.replace(pin, wrong)), PivCardError::Unsound { what });
    }
    let spoilt = refused(&text.replace(pin, "secret!"));
    assert!(matches!(spoilt, PivCardError::Malformed { .. }) && !format!("{spoilt:?} {spoilt}").contains("secret"));
    let other_type = refused(&text.replace(&format!("\"{pin}\""), "[\"secret\"]"));
    assert!(!format!("{other_type:?} {other_type}").contains("secret"));
    assert_eq!(refused(&text.replacen("\"left\":3", "\"left\":4", 1)), PivCardError::Unsound { what: "PIN" });
    assert_eq!(refused(&text.replace("\"P256\"", "\"P384\"")), PivCardError::Unsound { what: "key pair" });
}

#[test]
fn a_card_is_not_made_with_what_no_card_can_hold() {
    let refused = |options| PivCard::new(options).err();
    let pin = |text: &str| PivOptions { pin: Pin::new(text.into()), ..PivOptions::default() };
    for text in ["12345", "123456789", "12345a"] {
        assert_eq!(refused(pin(text)), Some(PivCardError::Unsound { what: "PIN" }), "{text}");
    }
    assert!(PivCard::new(PivOptions { yubikey: true, ..pin("12345a") }).is_ok(), "YubiKeys take letters");
    let tries = PivOptions { puk_tries: 16, ..PivOptions::default() };
    assert_eq!(refused(tries), Some(PivCardError::Unsound { what: "PUK" }));
}
