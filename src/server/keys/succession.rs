//! Decides which of its secrets a card has, and which follows: by what is remembered of the card, and nothing else.
//!
//! A secret belongs to one assignment of the card. What was let out in an earlier one is spoken: a change that was begun
//! there is finished with the secrets that it was begun with, so that the card is known to have one of two, and then
//! another secret follows, derived from the generation of this assignment. A card of the releases before gets a
//! generation when its next secret is proposed.

use super::diversify::{is_puk_of_digits, next_puk};
use crate::cm::card_secrets::{AdminKeyState, PukState};
use crate::store::{Derivation, SmartcardRecord};
use uuid::Uuid;

/// Says whether the card's own admin key may have been let out in an earlier assignment of the card.
pub fn key_is_spoken(card: &SmartcardRecord) -> bool {
    let own = card.admin_key != AdminKeyState::Default;
    own && card.generation.is_some() && card.own_key.generation != card.generation
}

/// Says whether the card has, for all that is known, no admin key of this assignment, and was given none.
pub fn lacks_own_key(card: &SmartcardRecord) -> bool {
    let given = card.next_key.is_some_and(|next| next.generation == card.generation);
    key_is_spoken(card) && !(card.admin_key == AdminKeyState::Proposed && given)
}

/// Returns what the card's new secrets are derived from. A card that has no generation yet gets one.
fn newest_of(card: &mut SmartcardRecord, master: u32) -> Derivation {
    let generation = *card.generation.get_or_insert_with(Uuid::new_v4);
    Derivation { master, generation: Some(generation) }
}

/// Says whether a secret is derived from anything but the newest master key and this assignment's generation.
fn is_old(from: Derivation, card: &SmartcardRecord, master: u32) -> bool {
    card.generation.is_none() || from != Derivation { master, generation: card.generation }
}

/// Proposes the card's own admin key to a client that asks for one key and knows no other. `brings`: the request has
/// brought the card, so that a spoken key gives way. Of an earlier assignment's keys the one in force is kept in mind,
/// and what was proposed beside it is not.
pub fn propose_only_key(card: &mut SmartcardRecord, brings: bool, master: u32) {
    if card.admin_key == AdminKeyState::Default {
        if card.own_key.master != 0 && card.own_key.generation == card.generation {
            // That one was told, and the card may have it whatever was said of it since.
            card.generation = Some(Uuid::new_v4());
        }
        card.own_key = newest_of(card, master);
        card.admin_key = AdminKeyState::Proposed;
    } else if brings && key_is_spoken(card) {
        let given = card.next_key.filter(|next| next.generation == card.generation);
        card.next_key = Some(given.unwrap_or_else(|| newest_of(card, master)));
        // So that the request's end confirms it, as it does for a client that confirms nothing itself.
        card.admin_key = AdminKeyState::Proposed;
    }
}

/// Returns what the key that was so proposed is derived from.
pub fn only_key(card: &SmartcardRecord, brings: bool) -> Derivation {
    card.next_key.filter(|_| brings && key_is_spoken(card)).unwrap_or(card.own_key)
}

/// Says whether another own admin key may follow the one the card has: the card has one, or is in doubt about a spoken
/// one.
pub fn may_follow(card: &SmartcardRecord, retires: bool) -> bool {
    match card.admin_key {
        AdminKeyState::Default => false,
        AdminKeyState::Proposed => key_is_spoken(card) && !retires,
        AdminKeyState::Active => true,
    }
}

/// Says whether a next admin key is proposed, or due.
pub fn next_key_is_due(card: &SmartcardRecord, retires: bool, master: u32) -> bool {
    card.next_key.is_some() || !retires && is_old(card.own_key, card, master)
}

/// Proposes the next admin key, unless one is proposed.
pub fn propose_next_key(card: &mut SmartcardRecord, master: u32) {
    if card.next_key.is_none() {
        card.next_key = Some(newest_of(card, master));
    }
}

/// Takes the proposed admin key for the one the card has.
pub fn confirm_key(card: &mut SmartcardRecord) {
    if let Some(next) = card.next_key.take() {
        card.own_key = next;
    }
    card.admin_key = AdminKeyState::Active;
}

/// Returns the version of the PUK that the card has, or had before another was proposed, and what that is derived from.
pub fn present_puk(card: &SmartcardRecord) -> (u32, Derivation) {
    match card.puk_state {
        PukState::Default => (0, Derivation::default()),
        PukState::Proposed => (card.puk_before, card.puk_before_from),
        PukState::Active | PukState::Spoken => (card.puk_version, card.puk_from),
    }
}

/// Says whether a new PUK consists of digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Digits {
    /// The template lets it have letters.
    Free,
    /// The template's character set has digits alone.
    Wanted,
    /// The card has refused one with letters, so that it still has the PUK before.
    Demanded,
}

/// Forgets a PUK that was proposed in an earlier assignment, so that one of this assignment is proposed in its place:
/// for a card that cannot show that it is there, and so has neither.
pub fn give_up_puk(card: &mut SmartcardRecord, digits: Digits, master: u32) {
    if card.puk_state == PukState::Proposed && card.puk_from.generation != card.generation {
        card.puk_from = newest_of(card, master);
        card.puk_version = next_puk(card.puk_version, digits != Digits::Free);
    }
}

/// Proposes the next PUK where one is due. A card with the factory's PUK gets its own when it is enrolled or unblocked;
/// one whose PUK is spoken, or comes from an older master key, gets another with the next request but a Retire.
pub fn propose_puk(card: &mut SmartcardRecord, retires: bool, prepares: bool, digits: Digits, master: u32) {
    let due = match card.puk_state {
        PukState::Default => prepares,
        PukState::Spoken => !retires,
        PukState::Active => !retires && is_old(card.puk_from, card, master),
        PukState::Proposed => digits == Digits::Demanded && !is_puk_of_digits(card.puk_version),
    };
    if due {
        if card.puk_state != PukState::Proposed {
            (card.puk_before, card.puk_before_from) = present_puk(card);
        }
        card.puk_from = newest_of(card, master);
        card.puk_version = next_puk(card.puk_version, digits != Digits::Free);
        card.puk_state = PukState::Proposed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cm::holder_role::HolderRole;
    use crate::cm::smartcard::SmartcardStatus;

    const FIRST: Uuid = Uuid::from_u128(1);
    const SECOND: Uuid = Uuid::from_u128(2);

    fn of(generation: Uuid) -> Derivation {
        Derivation { master: 1, generation: Some(generation) }
    }

    /// A card that was assigned a second time.
    fn card(admin_key: AdminKeyState, own_key: Derivation, next_key: Option<Derivation>) -> SmartcardRecord {
        SmartcardRecord {
            uuid: Uuid::nil(),
            card_id: Uuid::nil(),
            atr: String::new(),
            status: SmartcardStatus::Assigned,
            assigned_user: Uuid::nil(),
            profile_template: Uuid::nil(),
            template_version: 1,
            generation: Some(SECOND),
            admin_key,
            own_key,
            next_key,
            puk_state: PukState::Default,
            puk_version: 0,
            puk_before: 0,
            puk_from: Derivation::default(),
            puk_before_from: Derivation::default(),
            parent: None,
            primary: None,
            permanent: None,
            comment: String::new(),
            holder_role: HolderRole::default(),
        }
    }

    #[test]
    fn the_only_key_that_is_told_is_of_this_assignment() {
        use AdminKeyState::{Active, Default, Proposed};
        // What was left behind; what holds until the change is confirmed.
        let rows = [
            (card(Default, Derivation::default(), None), of(SECOND)),
            (card(Proposed, of(FIRST), None), of(FIRST)),
            (card(Active, of(FIRST), None), of(FIRST)),
            (card(Active, of(FIRST), Some(of(FIRST))), of(FIRST)),
        ];
        for (mut card, held) in rows {
            for _ in 0..2 {
                propose_only_key(&mut card, true, 1);
                assert_eq!((only_key(&card, true), card.own_key, card.admin_key), (of(SECOND), held, Proposed));
            }
            assert!(!lacks_own_key(&card));
            confirm_key(&mut card);
            assert_eq!((card.own_key, card.next_key, card.admin_key), (of(SECOND), None, Active));
            assert!(!key_is_spoken(&card) && !next_key_is_due(&card, false, 1));
        }
        // One that was told in this assignment, and then said not to be taken, is never told again.
        let mut told = card(Default, of(SECOND), None);
        propose_only_key(&mut told, true, 1);
        assert_eq!((only_key(&told, true), told.own_key.generation), (told.own_key, told.generation));
        assert_ne!(told.generation, Some(SECOND));
        // Where the card stays its holder's, the key is the one it has.
        let mut kept = card(Active, Derivation { master: 1, generation: None }, None);
        propose_only_key(&mut kept, false, 1);
        assert_eq!((only_key(&kept, false).generation, kept.admin_key), (None, Active));
    }

    #[test]
    fn what_was_proposed_to_an_earlier_holder_is_finished_and_then_gives_way() {
        let mut card = card(AdminKeyState::Active, of(FIRST), Some(Derivation { master: 2, generation: Some(FIRST) }));
        propose_next_key(&mut card, 2);
        assert_eq!(card.next_key.unwrap().generation, Some(FIRST));
        assert!(lacks_own_key(&card));
        confirm_key(&mut card);
        assert!(lacks_own_key(&card) && next_key_is_due(&card, false, 2) && !next_key_is_due(&card, true, 2));
        propose_next_key(&mut card, 2);
        confirm_key(&mut card);
        assert_eq!(card.own_key, Derivation { master: 2, generation: Some(SECOND) });
        assert!(!lacks_own_key(&card));
    }

    #[test]
    fn what_a_card_may_have_decides_what_follows() {
        use AdminKeyState::{Active, Default, Proposed};
        let next = Some(of(SECOND));
        // The card; is its key spoken; does it lack one of this assignment; may another follow, and at a retirement?
        let rows = [
            (card(Default, of(FIRST), None), [false, false, false, false]),
            (card(Proposed, of(FIRST), None), [true, true, true, false]),
            (card(Proposed, of(SECOND), None), [false, false, false, false]),
            (card(Proposed, of(FIRST), next), [true, false, true, false]),
            (card(Active, of(FIRST), next), [true, true, true, true]),
            (card(Active, of(FIRST), Some(of(FIRST))), [true, true, true, true]),
            (card(Active, of(SECOND), None), [false, false, true, true]),
        ];
        for (card, expected) in rows {
            let found = [key_is_spoken(&card), lacks_own_key(&card), may_follow(&card, false), may_follow(&card, true)];
            assert_eq!(found, expected, "{:?} {:?} {:?}", card.admin_key, card.own_key, card.next_key);
        }
        let mut older = card(Active, of(FIRST), None);
        older.generation = None;
        assert!(!key_is_spoken(&older), "a card of before there were generations has told nothing");
        // A key that follows is told alone only to whoever has brought the card while its own is spoken.
        assert_eq!(only_key(&card(Proposed, of(FIRST), next), true), of(SECOND));
        assert_eq!(only_key(&card(Proposed, of(FIRST), next), false), of(FIRST));
        assert_eq!(only_key(&card(Active, of(SECOND), Some(of(FIRST))), true), of(SECOND));
    }

    #[test]
    fn a_puk_of_an_earlier_holder_is_due() {
        let mut card = card(AdminKeyState::Default, of(SECOND), None);
        (card.puk_state, card.puk_version, card.puk_from) = (PukState::Proposed, 1, of(FIRST));
        propose_puk(&mut card, false, true, Digits::Free, 1);
        assert_eq!(card.puk_from, of(FIRST), "what was begun is finished");
        card.puk_state = PukState::Active;
        propose_puk(&mut card, true, true, Digits::Free, 1);
        assert_eq!(card.puk_state, PukState::Active, "at a retirement nothing new is proposed");
        propose_puk(&mut card, false, false, Digits::Free, 1);
        assert_eq!(
            (card.puk_state, card.puk_from, present_puk(&card)),
            (PukState::Proposed, of(SECOND), (1, of(FIRST)))
        );
    }

    #[test]
    fn a_puk_that_was_proposed_to_an_earlier_holder_is_given_up_and_no_other() {
        // Its state, whose it is; which version it has then, and whose it is then.
        for (state, generation, after) in [
            (PukState::Proposed, FIRST, (2, of(SECOND))),
            (PukState::Proposed, SECOND, (1, of(SECOND))),
            (PukState::Active, FIRST, (1, of(FIRST))),
            (PukState::Spoken, FIRST, (1, of(FIRST))),
            (PukState::Default, FIRST, (1, of(FIRST))),
        ] {
            let mut card = card(AdminKeyState::Default, of(SECOND), None);
            (card.puk_state, card.puk_version, card.puk_from) = (state, 1, of(generation));
            give_up_puk(&mut card, Digits::Free, 1);
            assert_eq!((card.puk_version, card.puk_from), after, "{state:?}");
            assert_eq!(card.puk_state, state);
        }
    }
}
