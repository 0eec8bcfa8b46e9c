//! Decides what is done about a card's secrets; others carry it out.
//!
//! In: what the journal, the server and the card say. Out: a plan. Absent: any call of card, server or journal.

use crate::cm::card_secrets::{AdminKeyState, PukReport};
use crate::secret::Puk;

/// Says which of two secrets a card may hold when the second is to replace the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MayHold {
    /// The first one; no change was begun.
    First,
    /// Either; a change was begun and its end was not seen.
    Either,
    /// The second one; the card has refused the first.
    Second,
    /// Neither; the card has refused the first and never got the second, so somebody else has changed the secret.
    Neither,
}

impl MayHold {
    /// Reads the two facts that a milestone keeps: the first was refused, the second is possible.
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

    /// Returns what is left when the first one is known not to hold.
    fn without_first(self) -> Self {
        match self {
            Self::First | Self::Neither => Self::Neither,
            Self::Either | Self::Second => Self::Second,
        }
    }

    /// Returns what may hold before a change; `proposed`: the server has proposed the second one before.
    fn before_change(proposed: bool) -> Self {
        if proposed { Self::Either } else { Self::First }
    }
}

/// Says which change an earlier run left unfinished on the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LeftOpen {
    Nothing,
    /// The change from the template's default admin key to the card's own.
    AdminKey(MayHold),
    /// The change of the PUK; the admin key was settled before.
    Puk(MayHold),
}

impl LeftOpen {
    /// Returns what the card may hold by an unfinished change of the PUK; `None` where there is none.
    pub fn puk(self) -> Option<MayHold> {
        match self {
            Self::Puk(may_hold) => Some(may_hold),
            Self::Nothing | Self::AdminKey(_) => None,
        }
    }
}

/// Names the admin keys that the server knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KnownAdminKey {
    /// The template's default.
    Default,
    /// The one derived for this card.
    Own,
    /// The one that is to follow its own, and may have done so.
    Next,
}

/// Returns the keys to try, in this order, when a card gets its own admin key. A typed SO PIN is tried in place of the
/// default key. Where the list is empty, somebody must type the SO PIN.
pub(super) fn admin_keys_to_try(may_hold: MayHold, so_pin_typed: bool) -> &'static [KnownAdminKey] {
    use KnownAdminKey::{Default, Own};
    match (may_hold, so_pin_typed) {
        (MayHold::Neither, false) => &[],
        (MayHold::Second, false) => &[Own],
        (MayHold::Either, _) | (MayHold::Second, true) => &[Default, Own],
        (MayHold::First, _) | (MayHold::Neither, true) => &[Default],
    }
}

/// Holds what is known of a card that is to be made ready for keys.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unprepared {
    /// The template wants an admin key of its own for each card.
    pub own_admin_key: bool,
    /// How far the server says that this key has come; `None` where it does not say or was not asked.
    pub admin_key: Option<AdminKeyState>,
    /// The card tells that it has the admin key that it came with; that is newer than what the server knows.
    pub has_factorys: bool,
    /// Somebody has typed the SO PIN, who knows better than the server.
    pub so_pin_typed: bool,
    /// The card's PIN is unblocked by a PUK.
    pub has_puk: bool,
    /// A PIN must be set: the card has none of its user's, or the order asks for a new one.
    pub sets_pin: bool,
    pub left_open: LeftOpen,
}

/// Names one step of making a card ready for keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Preparation {
    /// Give the card the next of its own admin keys, where the server has one.
    RotateAdminKey,
    /// Get the new PIN, from the server or by asking for it, before anything changes on the card.
    ObtainPin,
    /// Give the card its own admin key in place of the default one.
    ChangeAdminKey(MayHold),
    /// Give the card the PUK that the server wants it to have.
    SettlePuk(Option<MayHold>),
    /// Set the new PIN.
    SetPin,
    /// Note in the journal that the card is ready.
    NoteReady,
    /// Choose the keys at once: the card was ready before and nothing is to be noted.
    ChooseKeys,
}

/// Returns the steps that make a card ready for keys, in the order of MIM's walkthrough: admin key, then PIN.
pub(super) fn preparations(card: Unprepared) -> Vec<Preparation> {
    let (rotates, changes) = match (card.own_admin_key, card.left_open, card.admin_key) {
        // The PUK comes after the admin key, so an unfinished PUK means that the admin key is settled.
        (false, _, _) => (None, None),
        (true, _, _) if card.has_factorys => (None, Some(Preparation::ChangeAdminKey(MayHold::First))),
        (true, LeftOpen::Puk(_), _) => (None, None),
        // The card has refused its own key, and what it has instead must be found out.
        (true, LeftOpen::AdminKey(may_hold @ (MayHold::First | MayHold::Neither)), Some(AdminKeyState::Active)) => {
            (None, Some(Preparation::ChangeAdminKey(may_hold)))
        }
        (true, _, Some(AdminKeyState::Active)) if card.so_pin_typed => {
            (None, Some(Preparation::ChangeAdminKey(MayHold::Either)))
        }
        (true, _, Some(AdminKeyState::Active)) => (Some(Preparation::RotateAdminKey), None),
        // The journal is newer than what the server knows.
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

/// Says whether a card's PUK is to change, and to what.
pub(super) enum PukGoal {
    /// It stays as it is; `None`: the card has the one it came with.
    Stays(Option<Puk>),
    /// The card gets `next`; `current` is the one it should hold, `None` for the one it came with.
    Next { current: Option<Puk>, next: Puk },
}

impl PukGoal {
    /// Decides by the server's report and by whether somebody typed the card's PUK.
    pub fn of(report: PukReport, typed: bool) -> Self {
        match (report.current, report.next) {
            (current, Some(next)) => Self::Next { current, next },
            // Somebody knows better than the server which PUK the card has; the card is given the server's again.
            (Some(server), None) if typed => Self::Next { current: None, next: server },
            (current, None) => Self::Stays(current),
        }
    }
}

/// Says what is done so that a card gets its next PUK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PukPlan {
    /// Somebody must type the PUK, as no known one can hold. `refused`: an earlier run has tried one.
    Ask {
        refused: bool,
    },
    Change(PukChange),
}

/// Names the tries that give a card its next PUK. The PUK that is replaced is the typed one, or else the known one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PukChange {
    /// Replace the PUK by the next one.
    Replace,
    /// Replace the PUK by the next one; if the card refuses that, try whether it holds the next one already.
    ReplaceOrConfirm,
    /// Try whether the card holds the next one already, by replacing it with itself.
    Confirm,
}

/// Returns which PUK the card may hold, by the journal if it says, since it is newer, or else by the server.
/// `factory_gone`: the server knows of no PUK, and the card says that it no longer has the one it came with.
pub(super) fn puk_that_may_hold(left_open: Option<MayHold>, proposed: bool, factory_gone: bool) -> MayHold {
    let may_hold = left_open.unwrap_or(MayHold::before_change(proposed));
    if factory_gone { may_hold.without_first() } else { may_hold }
}

/// Returns the PUK that a card may have from its maker. `named`: what the template names; `of_kind`: what such cards come
/// with; `is_default`: what the card tells, which neither template nor habit can contradict.
pub(super) fn first_puk<'p>(
    named: Option<&'p str>,
    of_kind: Option<&'p str>,
    is_default: Option<bool>,
) -> Option<&'p str> {
    match is_default {
        Some(true) => of_kind.or(named),
        Some(false) => named.filter(|named| of_kind != Some(*named)),
        None => named.or(of_kind),
    }
}

/// Decides how a card gets its next PUK. After a wrong PUK, only the other one of an unfinished change is tried, never
/// a guess. `tried`: an earlier run has tried a PUK.
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
        let card = |own_admin_key, admin_key, has_puk, sets_pin, left_open| Unprepared {
            own_admin_key,
            admin_key,
            has_factorys: false,
            so_pin_typed: false,
            has_puk,
            sets_pin,
            left_open,
        };
        let reset = |card| Unprepared { has_factorys: true, ..card };
        let typed = |card| Unprepared { so_pin_typed: true, ..card };
        // Own admin key, how far it has come, PUK, sets a PIN, what was left open; the steps.
        let rows: [(Unprepared, &[Preparation]); 18] = [
            (card(false, None, false, false, LeftOpen::Nothing), &[ChooseKeys]),
            (card(false, None, false, true, LeftOpen::Nothing), &[ObtainPin, SetPin, NoteReady]),
            (card(false, None, true, true, LeftOpen::Nothing), &[ObtainPin, SetPin, NoteReady]),
            (card(own, None, false, false, LeftOpen::Nothing), &[ChangeAdminKey(First), NoteReady]),
            (card(own, proposed, false, false, LeftOpen::Nothing), &[ChangeAdminKey(Either), NoteReady]),
            (card(own, proposed, false, false, unsettled), &[ChangeAdminKey(Second), NoteReady]),
            (card(own, None, false, true, LeftOpen::Nothing), &[ObtainPin, ChangeAdminKey(First), SetPin, NoteReady]),
            (
                card(own, None, true, true, LeftOpen::Nothing),
                &[ObtainPin, ChangeAdminKey(First), SettlePuk(None), SetPin, NoteReady],
            ),
            (card(own, active, false, false, LeftOpen::Nothing), &[RotateAdminKey, ChooseKeys]),
            (card(own, active, false, false, unsettled), &[RotateAdminKey, NoteReady]),
            (card(own, active, false, false, LeftOpen::AdminKey(Neither)), &[ChangeAdminKey(Neither), NoteReady]),
            (reset(card(own, active, false, false, LeftOpen::Nothing)), &[ChangeAdminKey(First), NoteReady]),
            (reset(card(own, proposed, false, false, unsettled)), &[ChangeAdminKey(First), NoteReady]),
            (typed(card(own, active, false, false, LeftOpen::Nothing)), &[ChangeAdminKey(Either), NoteReady]),
            (card(own, active, false, true, LeftOpen::Nothing), &[RotateAdminKey, ObtainPin, SetPin, NoteReady]),
            (card(own, active, true, false, LeftOpen::Nothing), &[RotateAdminKey, SettlePuk(None), NoteReady]),
            (card(own, active, true, false, LeftOpen::Puk(Either)), &[SettlePuk(Some(Either)), NoteReady]),
            (
                card(own, None, true, true, LeftOpen::Puk(Neither)),
                &[ObtainPin, SettlePuk(Some(Neither)), SetPin, NoteReady],
            ),
        ];
        for (card, steps) in rows {
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
    fn a_card_that_tells_of_its_puk_is_believed_before_the_template() {
        let (named, of_kind) = (Some("11111111"), Some("12345678"));
        let rows = [
            (named, Some(true), of_kind),
            (named, Some(false), named),
            (named, None, named),
            (None, Some(true), of_kind),
            (None, Some(false), None),
            (None, None, of_kind),
            (of_kind, Some(false), None),
        ];
        for (named, is_default, puk) in rows {
            assert_eq!(first_puk(named, of_kind, is_default), puk, "{named:?} {is_default:?}");
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
