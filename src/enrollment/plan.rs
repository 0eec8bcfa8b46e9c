//! Decides what is done about a card's secrets, from what is known of them; others carry it out.
//!
//! In: what the journal, the server and the card say. Out: a plan. Absent: any call of card, server or journal.

use crate::cm::card_secrets::{AdminKeyState, PukReport};
use crate::secret::Puk;

/// Names which of two secrets a card may hold, while the second takes the place of the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MayHold {
    /// The first one: nothing speaks for a change yet.
    First,
    /// Either: a change was begun, and how it ended was not seen.
    Either,
    /// The second one: the card has refused the first.
    Second,
    /// Neither: the card has refused the first and never got the second; somebody else has changed it.
    Neither,
}

impl MayHold {
    /// Reads the two facts that a milestone keeps: the first was refused, the second may hold.
    pub fn of(first_refused: bool, second_possible: bool) -> Self {
        match (first_refused, second_possible) {
            (false, false) => Self::First,
            (false, true) => Self::Either,
            (true, true) => Self::Second,
            (true, false) => Self::Neither,
        }
    }

    /// Says whether the first one is known not to hold.
    pub fn first_refused(self) -> bool {
        matches!(self, Self::Second | Self::Neither)
    }

    /// Returns what is left once the first one is known not to hold.
    fn without_first(self) -> Self {
        match self {
            Self::First | Self::Neither => Self::Neither,
            Self::Either | Self::Second => Self::Second,
        }
    }

    /// Returns what may hold before a change that the server has proposed already, or not yet.
    fn before_change(proposed: bool) -> Self {
        if proposed { Self::Either } else { Self::First }
    }
}

/// Names what work that was broken off left open on the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LeftOpen {
    Nothing,
    /// A change from the template's default admin key to the card's own.
    AdminKey(MayHold),
    /// A change of the PUK; the admin key is settled by then.
    Puk(MayHold),
}

impl LeftOpen {
    /// Returns what an open change of the PUK left, if that is what was left open.
    pub fn puk(self) -> Option<MayHold> {
        match self {
            Self::Puk(may_hold) => Some(may_hold),
            Self::Nothing | Self::AdminKey(_) => None,
        }
    }
}

/// Names which of the two admin keys that the server knows a card answers by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KnownAdminKey {
    /// The template's default.
    Default,
    /// The one derived for this card.
    Own,
}

/// Returns the keys to try, in this order, when a card gets its own admin key; none: somebody must type the SO PIN,
/// which stands in for the default key.
pub(super) fn admin_keys_to_try(may_hold: MayHold, so_pin_typed: bool) -> &'static [KnownAdminKey] {
    use KnownAdminKey::{Default, Own};
    match (may_hold, so_pin_typed) {
        (MayHold::Neither, false) => &[],
        (MayHold::Second, false) => &[Own],
        (MayHold::Either, _) | (MayHold::Second, true) => &[Default, Own],
        (MayHold::First, _) | (MayHold::Neither, true) => &[Default],
    }
}

/// Holds what is known of a card before it is prepared for keys.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unprepared {
    /// The template wants an admin key of its own for each card.
    pub own_admin_key: bool,
    /// How far the server says that key has come; `None` where it does not know.
    pub admin_key: Option<AdminKeyState>,
    /// The card unblocks its PIN by a PUK.
    pub has_puk: bool,
    /// The card has no PIN of its user's yet, or is to get another one.
    pub sets_pin: bool,
    pub left_open: LeftOpen,
}

/// Names one step of making a card ready for keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Preparation {
    /// The card gets the next of its own admin keys, where the server has one.
    RotateAdminKey,
    /// The new PIN is fetched from the server or asked for, before anything on the card changes.
    ObtainPin,
    /// The card gets its own admin key in place of the default one.
    ChangeAdminKey(MayHold),
    /// The card gets the PUK that the server wants it to have.
    SettlePuk(Option<MayHold>),
    /// The new PIN is set.
    SetPin,
    /// The journal notes that the card is ready.
    NoteReady,
    /// The card was ready before: the keys are chosen at once.
    ChooseKeys,
}

/// Returns the steps that make a card ready for keys, in the order of MIM's walkthrough: admin key, then PIN.
pub(super) fn preparations(card: Unprepared) -> Vec<Preparation> {
    let (rotates, changes) = match (card.own_admin_key, card.left_open, card.admin_key) {
        // The PUK comes after the admin key, so work on it means that the key is settled.
        (false, _, _) | (true, LeftOpen::Puk(_), _) => (None, None),
        (true, _, Some(AdminKeyState::Active)) => (Some(Preparation::RotateAdminKey), None),
        // What the journal knows is newer than what the server knows.
        (true, LeftOpen::AdminKey(may_hold), _) => (None, Some(Preparation::ChangeAdminKey(may_hold))),
        (true, LeftOpen::Nothing, state) => {
            let may_hold = MayHold::before_change(state == Some(AdminKeyState::Proposed));
            (None, Some(Preparation::ChangeAdminKey(may_hold)))
        }
    };
    let settles = (card.own_admin_key && card.has_puk).then_some(Preparation::SettlePuk(card.left_open.puk()));
    let obtains = card.sets_pin.then_some(Preparation::ObtainPin);
    let sets = card.sets_pin.then_some(Preparation::SetPin);
    let was_ready = card.left_open == LeftOpen::Nothing && changes.or(settles).or(sets).is_none();
    let last = if was_ready { Preparation::ChooseKeys } else { Preparation::NoteReady };
    [rotates, obtains, changes, settles, sets, Some(last)].into_iter().flatten().collect()
}

/// Says what becomes of a card's PUK by what the server tells of it.
pub(super) enum PukGoal {
    /// It stays as it is; `None`: the card has the one it came with.
    Stays(Option<Puk>),
    /// The card gets `next`; `current` is the one it should hold, `None` the one it came with.
    Next { current: Option<Puk>, next: Puk },
}

impl PukGoal {
    /// Decides by the server's report, and by whether somebody has typed the PUK that the card has.
    pub fn of(report: PukReport, typed: bool) -> Self {
        match (report.current, report.next) {
            (current, Some(next)) => Self::Next { current, next },
            // Somebody knows better which PUK the card has: it is given the server's again.
            (Some(server), None) if typed => Self::Next { current: None, next: server },
            (current, None) => Self::Stays(current),
        }
    }
}

/// Names what is done so that a card gets its next PUK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PukPlan {
    /// Somebody is asked for the PUK: no known one holds. `refused`: one was tried before.
    Ask {
        refused: bool,
    },
    Change(PukChange),
}

/// Names the tries by which a card gets its next PUK. What is replaced is the PUK that was typed, or else the known one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PukChange {
    /// The PUK before is replaced by the next one.
    Replace,
    /// Likewise; where it is refused, the next one is confirmed.
    ReplaceOrConfirm,
    /// The next one is replaced by itself: the card says whether it holds.
    Confirm,
}

/// Returns which PUK the card may hold: by the journal, which is newer, or else by the server. `factory_gone`: the server
/// told no PUK, and the card says that it has not the one it came with any more.
pub(super) fn puk_that_may_hold(left_open: Option<MayHold>, proposed: bool, factory_gone: bool) -> MayHold {
    let may_hold = left_open.unwrap_or(MayHold::before_change(proposed));
    if factory_gone { may_hold.without_first() } else { may_hold }
}

/// Decides how a card gets its next PUK. A wrong PUK is followed by no guess, only by the other one of a change that was
/// cut off. `tried`: an earlier run has tried one.
pub(super) fn puk_plan(may_hold: MayHold, typed: bool, tried: bool) -> PukPlan {
    match (may_hold, typed) {
        (MayHold::Neither, false) => PukPlan::Ask { refused: tried },
        (MayHold::First, _) | (MayHold::Neither, true) => PukPlan::Change(PukChange::Replace),
        (MayHold::Either, _) | (MayHold::Second, true) => PukPlan::Change(PukChange::ReplaceOrConfirm),
        (MayHold::Second, false) => PukPlan::Change(PukChange::Confirm),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cm::card_secrets::PukState;
    use MayHold::{Either, First, Neither, Second};
    use Preparation::{ChangeAdminKey, ChooseKeys, NoteReady, ObtainPin, RotateAdminKey, SetPin, SettlePuk};

    const ALL: [MayHold; 4] = [First, Either, Second, Neither];

    #[test]
    fn a_card_is_prepared_in_the_order_of_the_walkthrough() {
        let (own, active, proposed) = (true, Some(AdminKeyState::Active), Some(AdminKeyState::Proposed));
        let unsettled = LeftOpen::AdminKey(Second);
        // Own admin key, how far it has come, PUK, sets a PIN, what was left open; the steps.
        let rows: [(bool, Option<AdminKeyState>, bool, bool, LeftOpen, &[Preparation]); 14] = [
            (false, None, false, false, LeftOpen::Nothing, &[ChooseKeys]),
            (false, None, false, true, LeftOpen::Nothing, &[ObtainPin, SetPin, NoteReady]),
            (false, None, true, true, LeftOpen::Nothing, &[ObtainPin, SetPin, NoteReady]),
            (own, None, false, false, LeftOpen::Nothing, &[ChangeAdminKey(First), NoteReady]),
            (own, proposed, false, false, LeftOpen::Nothing, &[ChangeAdminKey(Either), NoteReady]),
            (own, proposed, false, false, unsettled, &[ChangeAdminKey(Second), NoteReady]),
            (own, None, false, true, LeftOpen::Nothing, &[ObtainPin, ChangeAdminKey(First), SetPin, NoteReady]),
            (
                own,
                None,
                true,
                true,
                LeftOpen::Nothing,
                &[ObtainPin, ChangeAdminKey(First), SettlePuk(None), SetPin, NoteReady],
            ),
            (own, active, false, false, LeftOpen::Nothing, &[RotateAdminKey, ChooseKeys]),
            (own, active, false, false, unsettled, &[RotateAdminKey, NoteReady]),
            (own, active, false, true, LeftOpen::Nothing, &[RotateAdminKey, ObtainPin, SetPin, NoteReady]),
            (own, active, true, false, LeftOpen::Nothing, &[RotateAdminKey, SettlePuk(None), NoteReady]),
            (own, active, true, false, LeftOpen::Puk(Either), &[SettlePuk(Some(Either)), NoteReady]),
            (own, None, true, true, LeftOpen::Puk(Neither), &[ObtainPin, SettlePuk(Some(Neither)), SetPin, NoteReady]),
        ];
        for (own_admin_key, admin_key, has_puk, sets_pin, left_open, steps) in rows {
            let card = Unprepared { own_admin_key, admin_key, has_puk, sets_pin, left_open };
            assert_eq!(preparations(card), steps, "{card:?}");
        }
    }

    #[test]
    fn the_admin_keys_to_try_are_those_that_may_hold_and_what_was_typed() {
        use KnownAdminKey::{Default, Own};
        let unaided: [&[KnownAdminKey]; 4] = [&[Default], &[Default, Own], &[Own], &[]];
        let by_hand: [&[KnownAdminKey]; 4] = [&[Default], &[Default, Own], &[Default, Own], &[Default]];
        for (may_hold, (unaided, by_hand)) in ALL.into_iter().zip(unaided.into_iter().zip(by_hand)) {
            assert_eq!(admin_keys_to_try(may_hold, false), unaided, "{may_hold:?}");
            assert_eq!(admin_keys_to_try(may_hold, true), by_hand, "{may_hold:?}");
        }
    }

    #[test]
    fn a_puk_is_followed_by_another_only_where_a_change_was_cut_off() {
        use PukChange::{Confirm, Replace, ReplaceOrConfirm};
        let unaided = [Some(Replace), Some(ReplaceOrConfirm), Some(Confirm), None];
        let by_hand = [Replace, ReplaceOrConfirm, ReplaceOrConfirm, Replace];
        for (may_hold, (unaided, by_hand)) in ALL.into_iter().zip(unaided.into_iter().zip(by_hand)) {
            for tried in [false, true] {
                let unaided = unaided.map_or(PukPlan::Ask { refused: tried }, PukPlan::Change);
                assert_eq!(puk_plan(may_hold, false, tried), unaided, "{may_hold:?}");
                assert_eq!(puk_plan(may_hold, true, tried), PukPlan::Change(by_hand), "{may_hold:?}");
            }
        }
    }

    #[test]
    fn the_journal_knows_better_than_the_server_which_puk_may_hold() {
        // Left open by earlier work, proposed by the server; what may hold, and likewise without the factory's.
        let rows = [
            (None, false, First, Neither),
            (None, true, Either, Second),
            (Some(First), true, First, Neither),
            (Some(Either), false, Either, Second),
            (Some(Second), false, Second, Second),
            (Some(Neither), true, Neither, Neither),
        ];
        for (left_open, proposed, may_hold, without_factory) in rows {
            assert_eq!(puk_that_may_hold(left_open, proposed, false), may_hold, "{left_open:?} {proposed}");
            assert_eq!(puk_that_may_hold(left_open, proposed, true), without_factory, "{left_open:?} {proposed}");
        }
    }

    #[test]
    fn what_may_hold_is_read_from_a_milestone_and_told_to_it() {
        for (refused, possible, may_hold) in
            [(false, false, First), (false, true, Either), (true, true, Second), (true, false, Neither)]
        {
            assert_eq!(MayHold::of(refused, possible), may_hold);
            assert_eq!(may_hold.first_refused(), refused);
        }
    }

    #[test]
    fn a_puk_changes_where_there_is_a_next_one_or_somebody_typed_the_cards() {
        let puk = |text: &str| Some(Puk::new(text.to_owned()));
        let goal = |current, next, typed| {
            let report = PukReport { current, next, state: PukState::Active };
            match PukGoal::of(report, typed) {
                PukGoal::Stays(current) => (current.map(|puk| puk.expose().to_owned()), None),
                PukGoal::Next { current, next } => {
                    (current.map(|puk| puk.expose().to_owned()), Some(next.expose().to_owned()))
                }
            }
        };
        let text = |text: &str| Some(text.to_owned());
        for typed in [false, true] {
            assert_eq!(goal(puk("1"), puk("2"), typed), (text("1"), text("2")));
            assert_eq!(goal(None, puk("2"), typed), (None, text("2")));
            assert_eq!(goal(None, None, typed), (None, None));
        }
        assert_eq!(goal(puk("1"), None, false), (text("1"), None));
        assert_eq!(goal(puk("1"), None, true), (None, text("1")));
    }
}
