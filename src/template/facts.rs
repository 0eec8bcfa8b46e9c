//! Tells what a template says, as facts on the wire.

use super::data_item::DataItemRule;
use super::entries::Entry;
use super::key_policy::{KeyFamily, KeySource};
use super::lifecycle::{Limits, LossReason};
use super::one_time::OneTimePolicy;
use super::profile_template::{Kind, ProfileTemplate, Workflow};
use crate::cm::request::RequestType;
use crate::cm::template::{SmartcardConfig, UserPinOption};
use crate::cm::template_facts::{
    CardFacts, CertificateFacts, LimitFacts, LossFacts, RevocationFacts, TemplateFacts, WorkflowFacts,
};
use crate::pkix::KeyAlgorithm;
use time::Duration;

fn days(time: Duration) -> u32 {
    u32::try_from(time.whole_days()).unwrap_or(u32::MAX)
}

fn hours(time: Duration) -> u32 {
    u32::try_from(time.whole_hours()).unwrap_or(u32::MAX)
}

fn limit(most: Option<usize>) -> Option<u32> {
    most.map(|most| u32::try_from(most).unwrap_or(u32::MAX))
}

/// Names a key as templates do.
fn key(algorithm: KeyAlgorithm) -> &'static str {
    match algorithm {
        KeyAlgorithm::Rsa2048 => "RSA-2048",
        KeyAlgorithm::Rsa3072 => "RSA-3072",
        KeyAlgorithm::Rsa4096 => "RSA-4096",
        KeyAlgorithm::P256 => "P-256",
        KeyAlgorithm::P384 => "P-384",
    }
}

impl ProfileTemplate {
    /// Tells what the template says; how many cards there are of it is not known here.
    pub fn facts(&self) -> TemplateFacts {
        let Limits { cards, profiles, temporary_cards, open_requests } = self.limits;
        let kind = match self.kind {
            Kind::Smartcard => "smartcard",
            Kind::VirtualSmartcard => "virtual-smartcard",
            Kind::Software => "software",
        };
        let offered = RequestType::ALL.iter().filter_map(|request_type| self.workflow(*request_type));
        TemplateFacts {
            uuid: self.uuid,
            name: self.name.clone(),
            description: self.description.clone(),
            version: self.version,
            kind: kind.to_owned(),
            certificates: self.entries().map(|entry| self.certificate_facts(entry)).collect(),
            card: self.smartcard.as_ref().map(|config| self.card_facts(config)),
            limits: LimitFacts {
                cards: limit(cards),
                profiles: limit(profiles),
                temporary_cards: limit(temporary_cards),
                open_requests: limit(open_requests),
            },
            request_days: self.request_time.map(days),
            holds_of_disabled: self.holds_of_disabled,
            losses: self.loss_reasons.iter().map(LossReason::facts).collect(),
            workflows: offered.filter(|workflow| workflow.enabled).map(Workflow::facts).collect(),
            cards: None,
        }
    }

    fn certificate_facts(&self, entry: Entry<'_>) -> CertificateFacts {
        let Entry { key: policy, certificate, .. } = entry;
        let allowed = policy.allowed.iter().map(|(family, bits)| match family {
            KeyFamily::Rsa => format!("RSA {bits}"),
            KeyFamily::Ecdsa => format!("P-{bits}"),
        });
        CertificateFacts {
            template_common_name: certificate.template_name.clone(),
            validity_days: days(certificate.validity),
            temporary_validity_days: days(certificate.temporary_validity),
            key: key(policy.generate).to_owned(),
            allowed_keys: allowed.collect(),
            made_by_server: policy.source != KeySource::Client,
            archived: entry.is_archived(),
            agents_only: entry.is_archived() && self.recovery.agents_only,
            attested: !policy.attestation_roots.is_empty(),
            key_usages: certificate.key_usages.iter().map(|usage| usage.name().to_owned()).collect(),
            extended_key_usages: certificate.extended_key_usages.clone(),
            bears_roles: certificate.bears_roles,
        }
    }

    fn card_facts(&self, config: &SmartcardConfig) -> CardFacts {
        let pin_from = match config.user_pin_option {
            UserPinOption::None => "nobody",
            UserPinOption::Randomized => "random",
            UserPinOption::ServerDistributed | UserPinOption::CustomServerDistributed => "server",
            UserPinOption::UserProvided => "holder",
        };
        CardFacts {
            pin_from: pin_from.to_owned(),
            shortest_pin: config.user_pin_policy.min_length,
            longest_pin: config.user_pin_policy.max_length,
            refuses_pins: !config.user_pin_policy.refused.is_empty(),
            shortest_puk: config.admin_pin_policy.min_length,
            longest_puk: config.admin_pin_policy.max_length,
            own_admin_key: config.diversify_admin_key,
            presence: self.presence,
            stock_only: self.stock_only,
            initialised: config.initialize_new_smartcard,
            reused: config.allow_smartcard_reuse,
            reset_on_retire: config.reset_on_retire,
            most_certificates: Some(config.max_number_of_certificates).filter(|most| *most > 0),
        }
    }
}

impl LossReason {
    fn facts(&self) -> LossFacts {
        let Self { name, revoke, reason, recover } = self;
        let reason = if *revoke { reason.name().to_owned() } else { String::new() };
        LossFacts { name: name.clone(), revokes: *revoke, reason, replaces: *recover }
    }
}

impl Workflow {
    fn facts(&self) -> WorkflowFacts {
        let policy = self.policy();
        let comment = match (self.require_comments, self.collect_comments) {
            (true, _) => "must",
            (false, true) => "may",
            (false, false) => "none",
        };
        let revocation = self.request_type.ends_certificates().then(|| RevocationFacts {
            revokes: self.revocation.revoke_old,
            reason: if self.revocation.revoke_old { self.revocation.reason.name().to_owned() } else { String::new() },
            delay_hours: hours(self.revocation.delay),
            disables: self.revocation.disable_old,
        });
        let is_of = |request_type| self.request_type == request_type;
        WorkflowFacts {
            request_type: self.request_type,
            self_service: self.self_service,
            initiators: policy.authorized_initiator,
            approvals_needed: self.approvals_needed,
            approvers: policy.authorized_approver,
            agents: policy.authorized_enrollment_agent,
            agent_required: self.enrollment_agent_required,
            approver_executes: self.approver_may_execute,
            comment: comment.to_owned(),
            data_items: self.data_items.iter().map(DataItemRule::shown).collect(),
            documents: policy.documents,
            one_time_password: self.one_time_password.as_ref().map(OneTimePolicy::shown),
            revocation,
            possession: self.passage.possession,
            same_card: is_of(RequestType::Renew) && self.passage.reuse_card,
            window_days: self.passage.window.map(days),
            lifetime_hours: is_of(RequestType::TemporaryCards).then(|| hours(self.passage.lifetime)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use uuid::Uuid;

    #[test]
    fn the_shipped_template_is_told_as_it_stands_in_its_file() {
        let text = include_str!("example.toml").replace("@UUID@", &Uuid::from_u128(7).to_string());
        let facts = ProfileTemplate::parse(Path::new("test.toml"), &text).unwrap().facts();
        assert_eq!((facts.name.as_str(), facts.version, facts.kind.as_str()), ("Smart card logon", 1, "smartcard"));
        assert_eq!((facts.request_days, facts.holds_of_disabled), (Some(90), true));
        let [certificate] = facts.certificates.as_slice() else { panic!("{facts:?}") };
        assert_eq!((certificate.key.as_str(), certificate.validity_days), ("RSA-2048", 365));
        assert_eq!(certificate.allowed_keys, ["RSA 2048"]);
        assert!(!certificate.made_by_server && !certificate.archived && !certificate.agents_only);
        let card = facts.card.unwrap();
        assert_eq!((card.pin_from.as_str(), card.shortest_pin, card.longest_pin), ("holder", 6, 16));
        assert!(card.presence && card.own_admin_key && !card.stock_only && card.most_certificates.is_none());
        assert_eq!((facts.limits.cards, facts.limits.temporary_cards), (None, Some(1)));
        let losses: Vec<_> =
            facts.losses.iter().map(|loss| (loss.name.as_str(), loss.reason.as_str(), loss.replaces)).collect();
        assert_eq!(losses, [("lost", "keyCompromise", true), ("damaged", "", true), ("forgotten", "", false)]);
        for workflow in &facts.workflows {
            assert_eq!(workflow.revocation.is_some(), workflow.request_type.ends_certificates(), "{workflow:?}");
        }
        let renew = facts.workflows.iter().find(|workflow| workflow.request_type == RequestType::Renew).unwrap();
        assert!(renew.same_card && renew.possession && renew.lifetime_hours.is_none(), "{renew:?}");
        assert_eq!(facts.cards, None);
    }
}
