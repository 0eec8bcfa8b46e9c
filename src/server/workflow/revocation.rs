//! Decides whether, why and when certificates are revoked: by the policy, the loss reason, and what the caller may
//! choose.

use super::effects::Effects;
use crate::ca::RevocationReason;
use crate::cm::request::{CreateTerms, RequestType};
use crate::server::error::ApiError;
use crate::store::{Holder, Reach, RequestRecord, RequestTerms, Revocation, Touched, Tx};
use crate::template::{LossReason, ProfileTemplate, RevocationOptions, Workflow, reason_named};
use time::{Duration, OffsetDateTime};

/// Checks what a caller says of loss and revocation, and returns it as it is remembered; refuses what the template does
/// not let him choose.
pub fn terms(
    template: &ProfileTemplate,
    workflow: &Workflow,
    said: Option<&CreateTerms>,
) -> Result<RequestTerms, ApiError> {
    let Some(said) = said else { return Ok(RequestTerms::default()) };
    let options = workflow.revocation;
    let loss = match said.loss_reason.as_str() {
        "" => None,
        name => {
            let known = known_reason(template, name)?;
            check_loss_reason(known, workflow.request_type)?;
            Some(known.name.clone())
        }
    };
    let reason = match said.revocation_reason.as_str() {
        "" => None,
        _ if !options.allow_specify_reason => return Err(ApiError::NotToChoose("reason")),
        text => Some(reason_named(text).map_err(|_| ApiError::NotToChoose("reason"))?.number()),
    };
    if said.revocation_delay_hours.is_some() && !options.allow_specify_delay {
        return Err(ApiError::NotToChoose("delay"));
    }
    let suspends = match said.effect.as_str() {
        "suspend" => Some(true),
        "reinstate" => Some(false),
        _ => None,
    };
    Ok(RequestTerms {
        loss_reason: loss,
        revocation_reason: reason,
        revocation_delay_hours: said.revocation_delay_hours,
        suspends,
    })
}

/// Returns the loss reason of the template that has this name, in any letter case; refuses one that it does not have.
pub fn known_reason<'t>(template: &'t ProfileTemplate, name: &str) -> Result<&'t LossReason, ApiError> {
    loss_reason(template, name).ok_or_else(|| {
        let known = template.loss_reasons.iter().map(|reason| reason.name.as_str()).collect::<Vec<_>>();
        ApiError::LossReasonUnknown { name: name.to_owned(), known: known.join(", ") }
    })
}

fn loss_reason<'t>(template: &'t ProfileTemplate, name: &str) -> Option<&'t LossReason> {
    template.loss_reasons.iter().find(|known| known.name.eq_ignore_ascii_case(name.trim()))
}

/// Refuses a loss reason that does not go with the request type: where the reason revokes, no temporary card is lent;
/// where it is none to recover or revoke for ("forgotten", say), neither is done.
fn check_loss_reason(loss: &LossReason, request_type: RequestType) -> Result<(), ApiError> {
    let instead = match request_type {
        RequestType::Recover if !loss.recover => "unblock the card, or lend a temporary one",
        RequestType::Revoke if !loss.revoke => "suspend the card, or lend a temporary one",
        RequestType::TemporaryCards if loss.revoke => "recover it, or revoke it first",
        _ => return Ok(()),
    };
    Err(ApiError::LossReason { reason: loss.name.clone(), request_type, instead })
}

/// Says what becomes of the old certificates.
#[derive(Clone, Copy, Debug)]
pub struct Verdict {
    /// `None`: they are not revoked.
    pub revocation: Option<Revocation>,
    /// The policy wants new revocation lists at once.
    pub publish: bool,
    /// Which certificates are meant. A lost card compromises all its keys, wherever else they are. Recover and Revoke
    /// mean all of the owner's; any other end spares keys that another card or profile uses.
    reach: Reach,
}

/// Decides what becomes of the old certificates of a request that is completed now.
pub fn verdict(
    template: &ProfileTemplate,
    options: &RevocationOptions,
    request: &RequestRecord,
    now: OffsetDateTime,
) -> Verdict {
    let terms = &request.terms;
    let named = terms.loss_reason.as_deref();
    let loss = named.and_then(|name| loss_reason(template, name));
    // A reason that the template no longer has counts as a loss: a revoked certificate harms nobody.
    let revokes = match (named, loss) {
        (_, Some(loss)) => loss.revoke,
        (Some(_), None) => true,
        (None, None) => options.revoke_old,
    };
    let reason = terms.revocation_reason.or(loss.map(|loss| loss.reason.number()));
    let delay = match terms.revocation_delay_hours {
        Some(hours) => Duration::hours(i64::from(hours)),
        None if named.is_some() => Duration::ZERO,
        None => options.delay,
    };
    let revocation = Revocation { at: now + delay, reason: reason.unwrap_or(options.reason.number()) };
    let compromised = named.is_some() || revocation.reason == RevocationReason::KeyCompromise.number();
    let reach = match request.request_type {
        _ if compromised => Reach::All,
        RequestType::Recover | RequestType::Revoke => Reach::Own,
        _ => Reach::Unshared,
    };
    let publish = options.publish_base || options.publish_delta;
    Verdict { revocation: revokes.then_some(revocation), publish, reach }
}

impl Verdict {
    /// Revokes the certificates of a card or profile, as decided.
    pub async fn carried_out(self, tx: &mut Tx, holder: Holder) -> Result<Effects, ApiError> {
        let revoked = match self.revocation {
            Some(revocation) => tx.revoke_certificates(Touched::Held(holder, self.reach), revocation).await?,
            None => 0,
        };
        Ok(Effects { revoked, publish: self.publish, ..Effects::default() })
    }
}

/// Returns the revocation of certificates that the server takes back by itself: cessationOfOperation (RFC 5280, 5.3.1).
pub fn cessation(at: OffsetDateTime) -> Revocation {
    Revocation { at, reason: RevocationReason::CessationOfOperation.number() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cm::request::RequestStatus;
    use crate::store::RequestTerms;
    use std::path::Path;
    use uuid::Uuid;

    const OPTIONS: RevocationOptions = RevocationOptions {
        revoke_old: true,
        reason: RevocationReason::Superseded,
        delay: Duration::days(3),
        allow_specify_reason: true,
        allow_specify_delay: true,
        disable_old: true,
        publish_base: false,
        publish_delta: false,
    };

    fn decided(request_type: RequestType, terms: RequestTerms, options: &RevocationOptions) -> Verdict {
        let text = include_str!("../../template/example.toml").replace("@UUID@", &Uuid::from_u128(7).to_string());
        let template = ProfileTemplate::parse(Path::new("example.toml"), &text).unwrap();
        let request = RequestRecord {
            uuid: Uuid::nil(),
            request_type,
            status: RequestStatus::Executing,
            originator: Uuid::nil(),
            target: Uuid::nil(),
            profile_template: template.uuid,
            template_version: 1,
            priority: 0,
            comment: String::new(),
            data: Vec::new(),
            old_profile: None,
            new_profile: None,
            old_smartcard: None,
            new_smartcard: None,
            submitted: OffsetDateTime::UNIX_EPOCH,
            completed: None,
            is_smartcard: true,
            is_enrollment_agent: false,
            terms,
        };
        verdict(&template, options, &request, OffsetDateTime::UNIX_EPOCH)
    }

    #[test]
    fn a_loss_is_revoked_at_once_wherever_the_keys_are_and_anything_else_as_the_policy_says() {
        let terms = RequestTerms::default;
        let lost = |name: &str| RequestTerms { loss_reason: Some(name.to_owned()), ..terms() };
        let (superseded, compromised) = (OPTIONS.reason.number(), RevocationReason::KeyCompromise.number());
        let (now, later) = (OffsetDateTime::UNIX_EPOCH, OffsetDateTime::UNIX_EPOCH + OPTIONS.delay);
        let soon = now + Duration::hours(5);
        // The type; what was agreed; when and why it is revoked, and which certificates.
        for (request_type, terms, revoked, reach) in [
            (RequestType::Retire, terms(), Some((later, superseded)), Reach::Unshared),
            (RequestType::Recover, terms(), Some((later, superseded)), Reach::Own),
            (RequestType::Revoke, terms(), Some((later, superseded)), Reach::Own),
            (RequestType::Retire, lost("lost"), Some((now, compromised)), Reach::All),
            (RequestType::Recover, lost("damaged"), None, Reach::All),
            (RequestType::Retire, lost("of an earlier template"), Some((now, superseded)), Reach::All),
            (
                RequestType::Retire,
                RequestTerms { revocation_reason: Some(compromised), ..terms() },
                Some((later, compromised)),
                Reach::All,
            ),
            (
                RequestType::Retire,
                RequestTerms { revocation_delay_hours: Some(5), ..lost("lost") },
                Some((soon, compromised)),
                Reach::All,
            ),
        ] {
            let told = decided(request_type, terms.clone(), &OPTIONS);
            let when_and_why = told.revocation.map(|revocation| (revocation.at, revocation.reason));
            assert_eq!((when_and_why, told.reach), (revoked, reach), "{request_type} {terms:?}");
        }
        let spared = decided(RequestType::Renew, terms(), &RevocationOptions { revoke_old: false, ..OPTIONS });
        assert!(spared.revocation.is_none());
    }

    #[test]
    fn a_list_is_wanted_at_once_where_the_policy_wants_either() {
        for (publish_base, publish_delta) in [(false, false), (true, false), (false, true), (true, true)] {
            let options = RevocationOptions { publish_base, publish_delta, ..OPTIONS };
            let told = decided(RequestType::Retire, RequestTerms::default(), &options);
            assert_eq!(told.publish, publish_base || publish_delta);
        }
    }
}
