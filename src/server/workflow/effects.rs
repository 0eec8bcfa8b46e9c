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
