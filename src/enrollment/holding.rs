//! Finds out which admin key a card holds, from the server or, where it keeps no record of that, from the card and the
//! journal.

use super::driver::Enrollment;
use super::error::{Cause, Error};
use super::plan::MayHold;
use super::record::{Milestone, Record, Tie};
use super::stage::Stage;
use crate::cm::card_secrets::AdminKeyState;
use crate::token::Token;

impl Enrollment<'_> {
    /// Returns how far the card's own key has come, in a template that gives cards such keys.
    ///
    /// A MIM CM does not tell. Then the card's metadata do, or unfinished work in the journal, or that the card cannot
    /// change its key. Any other card got its own key at its enrollment. No try is spent.
    pub(super) fn admin_key_state(&mut self, tie: Tie, token: &mut dyn Token) -> Result<AdminKeyState, Error> {
        if let Some(told) = self.told_admin_key_state(tie.smartcard)? {
            return Ok(told);
        }
        let is_default = self.condition(token)?.admin_key_is_default;
        if is_default == Some(true) {
            return Ok(AdminKeyState::Default);
        }
        let unfinished = self.journal.unfinished().map_err(|source| Error::new(Stage::ReadJournal, source))?;
        let of_card = unfinished.iter().filter(|record| record.card_id == self.card_id);
        if let Some(may_hold) = of_card.filter_map(left_open).next_back() {
            return match may_hold {
                MayHold::First => Ok(AdminKeyState::Default),
                MayHold::Either => Ok(AdminKeyState::Proposed),
                MayHold::Second => Ok(AdminKeyState::Active),
                MayHold::Neither => Err(Error::new(Stage::FetchAdminKey, Cause::AdminKeyUnknown)),
            };
        }
        let mut fixed = || token.admin_key_is_fixed().map_err(|source| Error::new(Stage::ReadToken, source));
        if is_default.is_none() && fixed()? { Ok(AdminKeyState::Default) } else { Ok(AdminKeyState::Active) }
    }
}

/// Returns which of the default key and the card's own the card may hold by a change that was cut off; `None` where the
/// work stands elsewhere.
fn left_open(record: &Record) -> Option<MayHold> {
    match record.milestone {
        Milestone::ChangingAdminKey { default_refused, own_possible, .. } => {
            Some(MayHold::of(default_refused, own_possible))
        }
        Milestone::ReturningAdminKey { begun: true, .. } => Some(MayHold::Either),
        Milestone::ReturningAdminKey { begun: false, .. }
        | Milestone::Asking
        | Milestone::Requested { .. }
        | Milestone::ChangingPuk { .. }
        | Milestone::Prepared { .. }
        | Milestone::KeysChosen { .. }
        | Milestone::Signed { .. }
        | Milestone::Issued { .. }
        | Milestone::Superseding { .. }
        | Milestone::Undoing { .. }
        | Milestone::PinSet { .. }
        | Milestone::Removing { .. }
        | Milestone::ReturningPuk { .. }
        | Milestone::Removed { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milestone: &str) -> Option<MayHold> {
        let tie = format!(r#""tie": {{ "request": "{0}", "smartcard": "{0}" }}"#, uuid::Uuid::nil());
        let record = format!(
            r#"{{ "version": 1, "marker": "{0}", "server": "", "card-id": "{0}", "token-label": "", "workflow": "enroll",
                "template": null, "target": null, "milestone": {{ {milestone}, {tie} }} }}"#,
            uuid::Uuid::nil()
        );
        left_open(&serde_json::from_str(&record).unwrap())
    }

    #[test]
    fn what_a_change_that_was_cut_off_has_left() {
        let changing = |refused: bool, possible: bool| {
            at(&format!(r#""at": "changing-admin-key", "default_refused": {refused}, "own_possible": {possible}"#))
        };
        assert_eq!(changing(false, false), Some(MayHold::First));
        assert_eq!(changing(false, true), Some(MayHold::Either));
        assert_eq!(changing(true, true), Some(MayHold::Second));
        assert_eq!(changing(true, false), Some(MayHold::Neither));
        assert_eq!(at(r#""at": "returning-admin-key", "removed": [], "begun": true"#), Some(MayHold::Either));
        assert_eq!(at(r#""at": "returning-admin-key", "removed": [], "begun": false"#), None);
        assert_eq!(at(r#""at": "prepared""#), None);
    }
}
