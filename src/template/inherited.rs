//! Holds that issuing in a name is guarded alike, whichever request type issues: what Enroll demands is inherited.

use super::raw::RawWorkflow;
use super::words::NOT_SHOWN;
use crate::cm::request::RequestType;
use toml::Spanned;

/// Holds the approvals that Enroll demands, and whose, as its table writes them.
#[derive(Clone, Default)]
pub(super) struct Approvals {
    pub needed: u32,
    pub approvers: Vec<Spanned<String>>,
}

impl Approvals {
    /// Reads what Enroll demands; nothing where the template has no table for it.
    pub fn of_enroll(table: Option<&Spanned<RawWorkflow>>) -> Self {
        table.map(Spanned::get_ref).map_or_else(Self::default, |enroll| Self {
            needed: enroll.approvals_needed.unwrap_or_default(),
            approvers: enroll.approvers.clone(),
        })
    }

    /// Writes into a request type's table what it leaves unsaid, as Enroll has it, if the type issues certificates.
    pub fn inherited_by(&self, request_type: RequestType, raw: &mut RawWorkflow) {
        if !request_type.issues_certificates() {
            return;
        }
        let needed = *raw.approvals_needed.get_or_insert(self.needed);
        let shown =
            request_type.shows_old_key() && raw.possession.as_ref().is_none_or(|word| word.get_ref() != NOT_SHOWN);
        // Where the old key is to be shown, an approval stands in for one that is lost.
        if raw.approvers.is_empty() && (needed > 0 || shown) {
            raw.approvers.clone_from(&self.approvers);
        }
    }
}
