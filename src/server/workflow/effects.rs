//! What has become of certificates when a request was closed, in numbers.

use crate::store::AuditEntry;

/// What has become of certificates, in numbers.
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
    /// Whether the revocation list is to be made anew.
    pub fn outdate_list(self) -> bool {
        self.publish && self.revoked + self.held + self.released > 0
    }

    /// Adds the numbers to what the log of acts is told.
    pub fn told(self, entry: AuditEntry) -> AuditEntry {
        [("revoked", self.revoked), ("held", self.held), ("released", self.released), ("superseded", self.superseded)]
            .into_iter()
            .filter(|(name, number)| *name == "revoked" || *number > 0)
            .fold(entry, |entry, (name, number)| entry.with(name, number))
    }
}
