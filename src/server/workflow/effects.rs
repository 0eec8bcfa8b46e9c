//! Counts what became of certificates when a request was closed.

use crate::store::AuditEntry;

/// Counts certificates by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    pub revoked: usize,
    pub held: usize,
    pub released: usize,
    pub superseded: usize,
    /// The policy wants a new revocation list at once.
    pub publish: bool,
}

impl Effects {
    /// Says whether new revocation lists are to be made at once.
    pub fn outdate_list(self) -> bool {
        self.publish && self.revoked + self.held + self.released > 0
    }

    /// Adds the numbers to an entry of the log of acts: revocations always, others where there are any.
    pub fn added_to(self, entry: AuditEntry) -> AuditEntry {
        [("revoked", self.revoked), ("held", self.held), ("released", self.released), ("superseded", self.superseded)]
            .into_iter()
            .filter(|(name, number)| *name == "revoked" || *number > 0)
            .fold(entry, |entry, (name, number)| entry.with(name, number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::OffsetDateTime;

    const NONE: Effects = Effects { revoked: 0, held: 0, released: 0, superseded: 0, publish: true };

    #[test]
    fn a_list_is_outdated_by_what_it_lists_where_the_policy_says_so() {
        for (effects, outdates) in [
            (NONE, false),
            (Effects { superseded: 1, ..NONE }, false),
            (Effects { revoked: 1, ..NONE }, true),
            (Effects { held: 1, ..NONE }, true),
            (Effects { released: 1, ..NONE }, true),
            (Effects { revoked: 2, held: 1, released: 3, ..NONE }, true),
        ] {
            assert_eq!(effects.outdate_list(), outdates, "{effects:?}");
            assert!(!Effects { publish: false, ..effects }.outdate_list(), "{effects:?}");
        }
    }

    #[test]
    fn an_entry_tells_of_revocations_and_of_what_else_there_was() {
        let told = |effects: Effects| effects.added_to(AuditEntry::of("", OffsetDateTime::UNIX_EPOCH)).evidence;
        let row = |name, number: usize| (name, number.to_string());
        assert_eq!(told(NONE), [row("revoked", 0)]);
        assert_eq!(told(Effects { held: 2, ..NONE }), [row("revoked", 0), row("held", 2)]);
        let all = Effects { revoked: 3, held: 1, released: 2, superseded: 4, ..NONE };
        assert_eq!(told(all), [row("revoked", 3), row("held", 1), row("released", 2), row("superseded", 4)]);
    }
}
