use cardwright::iso7816::{Atr, AtrError, Protocol};
use proptest::prelude::*;

use crate::support::script::bytes;

/// Yubico's YubiKey 5, over USB.
const YUBIKEY_5: &str = "3BFD1300008131FE158073C021C057597562694B657940";

#[test]
fn a_yubikey_takes_chains_and_extended_length() {
    let atr = Atr::read(&bytes(YUBIKEY_5)).unwrap();
    assert_eq!(atr.protocols, [Protocol::T1]);
    assert_eq!(atr.historical, bytes("8073C021C057597562694B6579"));
    assert!(atr.extended);
    assert_eq!(atr.chaining, Some(true));
}

#[test]
fn a_card_may_tell_little() {
    let tells = |digits: &str| {
        let atr = Atr::read(&bytes(digits)).unwrap();
        (atr.protocols, atr.extended, atr.chaining)
    };
    let silent = |protocols: &[Protocol]| (protocols.to_vec(), false, None);
    assert_eq!(tells("3B00"), silent(&[Protocol::T0]), "nothing at all");
    assert_eq!(tells("3B 02 14 50"), silent(&[Protocol::T0]), "a coding of its own");
    assert_eq!(tells("3B 90 11 00"), silent(&[Protocol::T0]), "T=0, said");
    assert_eq!(tells("3B 80 80 01 01"), silent(&[Protocol::T0, Protocol::T1]), "both");
    assert_eq!(tells("3B 80 1F CC 53"), silent(&[]), "T=15 alone is none that can be spoken");
    assert_eq!(tells("3B 04 80 72 C0 21"), silent(&[Protocol::T0]), "two bytes of capabilities");
    assert_eq!(tells("3B 05 80 73 C0 21 40"), (vec![Protocol::T0], true, Some(false)));
    assert_eq!(tells("3B 05 80 73 C0 21 80"), (vec![Protocol::T0], false, Some(true)));
    assert_eq!(tells("3B 08 00 73 C0 21 C0 05 90 00"), (vec![Protocol::T0], true, Some(true)), "a status behind");
    assert_eq!(tells("3B 04 80 73 C0 21"), silent(&[Protocol::T0]), "capabilities cut short");
}

#[test]
fn what_is_no_answer_to_reset_is_refused() {
    let refused = |digits: &str| Atr::read(&bytes(digits)).unwrap_err();
    assert_eq!(refused(""), AtrError::Truncated { length: 0 });
    assert_eq!(refused("3C 00"), AtrError::Convention { ts: 0x3C });
    assert_eq!(refused("3B 00 00"), AtrError::LeftOver { length: 1 });
    assert_eq!(refused("3B 80 80 01"), AtrError::Truncated { length: 4 });
    assert_eq!(refused("3B 80 80 01 02"), AtrError::Check);
    assert_eq!(refused(&format!("3B F0 {}", "80".repeat(32))), AtrError::TooLong { length: 34 });
}

#[test]
fn every_truncation_is_refused() {
    let whole = bytes(YUBIKEY_5);
    for cut in 0..whole.len() {
        assert_eq!(Atr::read(&whole[..cut]), Err(AtrError::Truncated { length: cut }));
    }
}

proptest! {
    #[test]
    fn stray_bytes_never_panic(stray in prop::collection::vec(any::<u8>(), 0..40)) {
        if let Ok(atr) = Atr::read(&[&[0x3B], &*stray].concat()) {
            prop_assert!(atr.historical.len() <= 15 && atr.protocols.len() <= 2);
        }
    }

    #[test]
    fn one_wrong_bit_is_seen(place in 1usize..23, bit in 0u32..8) {
        let mut wrong = bytes(YUBIKEY_5);
        wrong[place] ^= 1 << bit;
        prop_assert!(Atr::read(&wrong).is_err());
    }
}
