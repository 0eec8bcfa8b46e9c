use cardwright::iso7816::{Card, Continuity, EndWith};

use crate::support::script::{SHORT, Script};

#[test]
fn a_card_dropped_within_a_transaction_is_reset() {
    let script = Script::new(SHORT, &[]);
    drop(script.card());
    assert_eq!(script.ends(), [EndWith::Reset]);
}

#[test]
fn a_transaction_that_was_ended_is_not_ended_again() {
    let script = Script::new(SHORT, &[]);
    script.set_continuity(Continuity::Shared);
    let mut card = Card::new(script.channel());
    assert!(!card.in_transaction());
    assert_eq!(card.begin().unwrap(), Continuity::Shared);
    assert!(card.in_transaction());
    card.end(EndWith::Leave).unwrap();
    assert!(!card.in_transaction());
    drop(card);
    assert_eq!(script.ends(), [EndWith::Leave]);
}
