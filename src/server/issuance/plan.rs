//! Which certificates a request brings: one table a request type, and what it comes to for one request.

use crate::ca::RevocationReason;
use crate::cm::request::RequestType::{self, *};
use crate::server::call::Call;
use crate::server::error::ApiError;
use crate::server::workflow::revocation;
use crate::store::{ArchivedRecord, Origin, RequestRecord};
use crate::template::{Entry, KeySource, ProfileTemplate};
use time::OffsetDateTime;

/// The most archived keys of earlier times a request brings, the latest first.
const MAX_HISTORY: usize = 24;

/// What a request does with one of the template's certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provision {
    /// A new key and a new certificate.
    Fresh,
    /// The archived key of the profile before, with its certificate while that is good; fresh where there is none, and
    /// one whose certificate is good no longer comes as history.
    Copied,
    /// The same, but nothing where there is none.
    CopiedOnly,
    /// Not brought at all.
    Left,
}

/// The table: what a request of this type does with a certificate whose key is archived, and with any other; `revokes`:
/// it also revokes the certificates of what it replaces, so that those cannot be carried on.
pub fn provisions(request_type: RequestType, revokes: bool) -> (Provision, Provision) {
    match request_type {
        Recover if revokes => (Provision::Fresh, Provision::Fresh),
        Duplicate | Recover | TemporaryCards => (Provision::Copied, Provision::Fresh),
        RecoverOnBehalf => (Provision::CopiedOnly, Provision::Left),
        _ => (Provision::Fresh, Provision::Fresh),
    }
}

/// Does a request of this type bring what was encrypted once back into reach?
pub fn brings_history(request_type: RequestType) -> bool {
    matches!(request_type, Renew | Recover | RecoverOnBehalf | OnlineUpdate)
}

/// What a request brings, in the order of the template and of the answer.
pub struct Plan<'t> {
    pub items: Vec<Item<'t>>,
    /// Archived keys of earlier times.
    pub history: Vec<ArchivedRecord>,
}

/// One certificate a request brings.
pub enum Item<'t> {
    Fresh(Entry<'t>),
    Copied(ArchivedRecord),
}

impl<'t> Plan<'t> {
    /// Reads what the profile before has archived, and holds it against the table.
    pub async fn of(call: &Call<'_>, request: &RequestRecord, template: &'t ProfileTemplate) -> Result<Self, ApiError> {
        let mut archived = Vec::new();
        if let Some(old) = request.old_profile {
            archived = call.app.store.archived(old).await?;
        }
        // The keys of somebody else are given to nobody but where that is what was approved.
        if request.request_type != RecoverOnBehalf {
            // What only agents can open they bring back, and nobody else.
            archived.retain(|record| record.owner == request.target && !record.agents_only);
        }
        let revokes = template.workflow(request.request_type).is_some_and(|workflow| {
            revocation::verdict(template, &workflow.revocation, request, call.now).revocation.is_some()
        });
        let plan =
            Self::made(provisions(request.request_type, revokes), request.request_type, template, archived, call.now);
        if plan.items.is_empty() && plan.history.is_empty() {
            return Err(ApiError::NothingArchived);
        }
        Ok(plan)
    }

    fn made(
        (for_archived, for_others): (Provision, Provision),
        request_type: RequestType,
        template: &'t ProfileTemplate,
        mut archived: Vec<ArchivedRecord>,
        now: OffsetDateTime,
    ) -> Self {
        let mut past = Vec::new();
        let mut items = Vec::new();
        for entry in template.entries() {
            let way = if entry.is_archived() { for_archived } else { for_others };
            let current = |record: &ArchivedRecord| {
                record.origin != Origin::History && record.template_common_name == entry.certificate.template_name
            };
            let found = match way {
                Provision::Copied | Provision::CopiedOnly => archived.iter().position(current),
                Provision::Fresh | Provision::Left => None,
            };
            match (way, found) {
                (Provision::Copied, Some(found)) if !is_good(&archived[found], now) => {
                    past.push(archived.remove(found));
                    items.push(Item::Fresh(entry));
                }
                (_, Some(found)) => items.push(Item::Copied(archived.remove(found))),
                (Provision::Fresh | Provision::Copied, None) => items.push(Item::Fresh(entry)),
                (Provision::CopiedOnly | Provision::Left, None) => {}
            }
        }
        let mut history = past;
        if brings_history(request_type) {
            history.append(&mut archived);
        }
        history.truncate(MAX_HISTORY);
        Self { items, history }
    }

    /// The entries whose keys the client makes, in order.
    pub fn client_keys(&self) -> impl Iterator<Item = Entry<'t>> {
        let fresh = self.items.iter().filter_map(|item| match item {
            Item::Fresh(entry) => Some(*entry),
            Item::Copied(_) => None,
        });
        fresh.filter(|entry| entry.key.source == KeySource::Client)
    }

    /// Does the answer hold private keys?
    pub fn brings_keys(&self) -> bool {
        let made_here = |item: &Item<'_>| match item {
            Item::Fresh(entry) => entry.key.source != KeySource::Client,
            Item::Copied(_) => false,
        };
        self.items.iter().any(made_here) || self.brought_back().any(|record| !record.agents_only)
    }

    /// Does it bring keys that the server cannot open?
    pub fn brings_sealed(&self) -> bool {
        self.brought_back().any(|record| record.agents_only)
    }

    fn brought_back(&self) -> impl Iterator<Item = &ArchivedRecord> {
        let copied = self.items.iter().filter_map(|item| match item {
            Item::Copied(record) => Some(record),
            Item::Fresh(_) => None,
        });
        copied.chain(&self.history)
    }
}

/// Can others still encrypt to it? What is on hold may be again.
fn is_good(record: &ArchivedRecord, now: OffsetDateTime) -> bool {
    let hold = RevocationReason::CertificateHold.number();
    record.not_after > now && record.revocation.is_none_or(|revocation| revocation.reason == hold)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Revocation;
    use std::path::Path;
    use uuid::Uuid;

    const ADDITIONAL: &str = r#"
[[additional_certificates]]
key = { generate = "P-256", generated_by = "server", archive = true }
certificate = { template_name = "Encryption", key_usages = ["keyAgreement"], extended_key_usages = ["emailProtection"], validity_days = 30 }

[revocation]"#;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn template() -> ProfileTemplate {
        let text = include_str!("../../template/example.toml").replace("@UUID@", &Uuid::from_u128(7).to_string());
        ProfileTemplate::parse(Path::new("test.toml"), &text.replacen("\n[revocation]", ADDITIONAL, 1)).unwrap()
    }

    fn record(serial: u8, origin: Origin) -> ArchivedRecord {
        let owner = Uuid::from_u128(1);
        let not_after = NOW + time::Duration::DAY;
        let template_common_name = "Encryption".into();
        ArchivedRecord {
            serial: vec![serial],
            origin,
            template_common_name,
            owner,
            not_after,
            agents_only: false,
            revocation: None,
        }
    }

    /// `f`: fresh; a number: the archived key with this serial number; after `+`, history.
    fn brought(request_type: RequestType, archived: Vec<ArchivedRecord>) -> String {
        brought_by(request_type, false, archived)
    }

    fn brought_by(request_type: RequestType, revokes: bool, archived: Vec<ArchivedRecord>) -> String {
        let template = template();
        let plan = Plan::made(provisions(request_type, revokes), request_type, &template, archived, NOW);
        let mut text = String::new();
        for item in &plan.items {
            match item {
                Item::Fresh(_) => text.push('f'),
                Item::Copied(record) => text.push_str(&record.serial[0].to_string()),
            }
        }
        if !plan.history.is_empty() {
            text.push('+');
        }
        plan.history.iter().for_each(|record| text.push_str(&record.serial[0].to_string()));
        text
    }

    #[test]
    fn each_request_type_brings_what_the_table_says() {
        let archive = || vec![record(2, Origin::Server), record(1, Origin::History)];
        for (request_type, with_archive, without) in [
            (Enroll, "ff", "ff"),
            (Renew, "ff+21", "ff"),
            (OnlineUpdate, "ff+21", "ff"),
            (Duplicate, "f2", "ff"),
            (TemporaryCards, "f2", "ff"),
            (Recover, "f2+1", "ff"),
            (RecoverOnBehalf, "2+1", ""),
        ] {
            let archived = if request_type == Enroll { Vec::new() } else { archive() };
            assert_eq!(brought(request_type, archived), with_archive, "{request_type:?}");
            assert_eq!(brought(request_type, Vec::new()), without, "{request_type:?}");
        }
    }

    #[test]
    fn a_key_brought_back_before_is_brought_back_again() {
        let archived = || vec![record(2, Origin::Recovered), record(1, Origin::History)];
        assert_eq!(brought(Recover, archived()), "f2+1");
        assert_eq!(brought(Duplicate, archived()), "f2");
        assert_eq!(brought(Renew, archived()), "ff+21");
    }

    #[test]
    fn a_recovery_that_revokes_makes_new_keys_and_brings_the_old_as_history() {
        let archived = || vec![record(2, Origin::Server), record(1, Origin::History)];
        assert_eq!(brought_by(Recover, true, archived()), "ff+21");
        assert_eq!(brought_by(Recover, true, Vec::new()), "ff");
        assert_eq!(brought_by(RecoverOnBehalf, true, archived()), "2+1");
    }

    #[test]
    fn a_key_whose_certificate_is_over_comes_as_history_beside_a_new_one() {
        let revoked = |reason| Some(Revocation { at: NOW - time::Duration::HOUR, reason });
        let over = [
            ArchivedRecord { not_after: NOW, ..record(2, Origin::Server) },
            ArchivedRecord { revocation: revoked(1), ..record(2, Origin::Recovered) },
        ];
        for record in over {
            for request_type in [Duplicate, TemporaryCards, Recover] {
                assert_eq!(brought(request_type, vec![record.clone()]), "ff+2", "{request_type:?}");
            }
            assert_eq!(brought(RecoverOnBehalf, vec![record.clone()]), "2");
        }
        let held = ArchivedRecord { revocation: revoked(6), ..record(2, Origin::Server) };
        assert_eq!(brought(TemporaryCards, vec![held]), "f2");
    }

    #[test]
    fn history_is_bounded() {
        let archived = (1..=40).map(|serial| record(serial, Origin::History)).collect();
        let template = template();
        assert_eq!(Plan::made(provisions(Renew, false), Renew, &template, archived, NOW).history.len(), MAX_HISTORY);
    }
}
