//! Plans which certificates a request brings: a table by request type, and what it comes to for one request.

use crate::ca::RevocationReason;
use crate::cm::request::RequestType::{self, *};
use crate::server::call::Call;
use crate::server::error::ApiError;
use crate::server::workflow::revocation;
use crate::store::{ArchivedRecord, Origin, RequestRecord};
use crate::template::{Entry, KeySource, ProfileTemplate};
use time::OffsetDateTime;

/// Limits how many archived keys of earlier times a request brings, the latest first.
const MAX_HISTORY: usize = 24;

/// Says what a request does with one of the template's certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provision {
    /// Brings a new key and a new certificate.
    Fresh,
    /// Brings the archived key and certificate of the old profile while that certificate is good. Otherwise it brings a
    /// new key and certificate, and an old key whose certificate is no longer good comes as history.
    Copied,
    /// Brings the archived key and certificate of the old profile, or nothing where there is none.
    CopiedOnly,
    /// Brings nothing.
    LeftOut,
}

/// Returns what a request of this type does with a certificate whose key is archived, and with any other. `revokes`
/// means that it also revokes the certificates of what it replaces, so that those cannot be carried on.
pub fn provisions(request_type: RequestType, revokes: bool) -> (Provision, Provision) {
    match request_type {
        Recover if revokes => (Provision::Fresh, Provision::Fresh),
        Duplicate | Recover | TemporaryCards => (Provision::Copied, Provision::Fresh),
        RecoverOnBehalf => (Provision::CopiedOnly, Provision::LeftOut),
        _ => (Provision::Fresh, Provision::Fresh),
    }
}

/// Says whether a request of this type brings keys of earlier times back, for what was encrypted to them.
pub fn brings_history(request_type: RequestType) -> bool {
    matches!(request_type, Renew | Recover | RecoverOnBehalf | OnlineUpdate)
}

/// Holds what a request brings, in the order of the template and of the answer.
pub struct Plan<'t> {
    pub items: Vec<Item<'t>>,
    /// Archived keys of earlier times; they follow the items.
    pub history: Vec<ArchivedRecord>,
}

/// Holds one certificate that a request brings.
pub enum Item<'t> {
    Fresh(Entry<'t>),
    Copied(ArchivedRecord),
}

impl<'t> Plan<'t> {
    /// Reads what is archived of the old profile, and plans by the table; refuses a request that would bring nothing.
    pub async fn of(call: &Call<'_>, request: &RequestRecord, template: &'t ProfileTemplate) -> Result<Self, ApiError> {
        let mut archived = Vec::new();
        if let Some(old) = request.old_profile {
            archived = call.app.store.archived(old).await?;
        }
        // Only a RecoverOnBehalf was approved to give out keys of another person, and keys that only agents can open.
        if request.request_type != RecoverOnBehalf {
            archived.retain(|record| record.owner == request.target && !record.agents_only);
        }
        let revokes = template.workflow(request.request_type).is_some_and(|workflow| {
            revocation::verdict(template, &workflow.revocation, request, call.now).revocation.is_some()
        });
        let plan = Self::by_table(
            provisions(request.request_type, revokes),
            request.request_type,
            template,
            archived,
            call.now,
        );
        if plan.items.is_empty() && plan.history.is_empty() {
            return Err(ApiError::NothingArchived);
        }
        Ok(plan)
    }

    /// Plans by the two provisions: for certificates whose keys are archived, and for all others.
    fn by_table(
        (for_archived, for_others): (Provision, Provision),
        request_type: RequestType,
        template: &'t ProfileTemplate,
        mut archived: Vec<ArchivedRecord>,
        now: OffsetDateTime,
    ) -> Self {
        let mut past = Vec::new();
        let mut items = Vec::new();
        for entry in template.entries() {
            let provision = if entry.is_archived() { for_archived } else { for_others };
            let current = |record: &ArchivedRecord| {
                record.origin != Origin::History && record.template_common_name == entry.certificate.template_name
            };
            let found = match provision {
                Provision::Copied | Provision::CopiedOnly => archived.iter().position(current),
                Provision::Fresh | Provision::LeftOut => None,
            };
            match (provision, found) {
                (Provision::Copied, Some(found)) if !is_good(&archived[found], now) => {
                    past.push(archived.remove(found));
                    items.push(Item::Fresh(entry));
                }
                (_, Some(found)) => items.push(Item::Copied(archived.remove(found))),
                (Provision::Fresh | Provision::Copied, None) => items.push(Item::Fresh(entry)),
                (Provision::CopiedOnly | Provision::LeftOut, None) => {}
            }
        }
        let mut history = past;
        if brings_history(request_type) {
            history.append(&mut archived);
        }
        history.truncate(MAX_HISTORY);
        Self { items, history }
    }

    /// Lists the template's certificates that are issued anew, in order.
    pub fn fresh(&self) -> impl Iterator<Item = Entry<'t>> {
        self.items.iter().filter_map(|item| match item {
            Item::Fresh(entry) => Some(*entry),
            Item::Copied(_) => None,
        })
    }

    /// Lists the template's certificates whose keys the client makes, in order.
    pub fn client_keys(&self) -> impl Iterator<Item = Entry<'t>> {
        self.fresh().filter(|entry| entry.key.source == KeySource::Client)
    }

    /// Says whether the answer holds private keys.
    pub fn brings_keys(&self) -> bool {
        let made_here = |item: &Item<'_>| match item {
            Item::Fresh(entry) => entry.key.source != KeySource::Client,
            Item::Copied(_) => false,
        };
        self.items.iter().any(made_here) || self.brought_back().any(|record| !record.agents_only)
    }

    /// Says whether keys are brought back that only recovery agents can open.
    pub fn brings_sealed(&self) -> bool {
        self.brought_back().any(|record| record.agents_only)
    }

    /// Lists the archived keys that are brought back.
    pub fn brought_back(&self) -> impl Iterator<Item = &ArchivedRecord> {
        let copied = self.items.iter().filter_map(|item| match item {
            Item::Copied(record) => Some(record),
            Item::Fresh(_) => None,
        });
        copied.chain(&self.history)
    }
}

/// Says whether others may still encrypt to the certificate; one on hold may come back into use.
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

    /// Writes what a plan brings: `f` for fresh, a number for the archived key of that serial number, history after
    /// `+`.
    fn brought(request_type: RequestType, archived: Vec<ArchivedRecord>) -> String {
        brought_by(request_type, false, archived)
    }

    fn brought_by(request_type: RequestType, revokes: bool, archived: Vec<ArchivedRecord>) -> String {
        let template = template();
        let plan = Plan::by_table(provisions(request_type, revokes), request_type, &template, archived, NOW);
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
        assert_eq!(
            Plan::by_table(provisions(Renew, false), Renew, &template, archived, NOW).history.len(),
            MAX_HISTORY
        );
    }
}
