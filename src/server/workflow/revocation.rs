//! Whether, why and when certificates are revoked: the policy, the loss reason, and what the caller may choose.

use super::effects::Effects;
use crate::ca::RevocationReason;
use crate::cm::request::{CreateTerms, RequestType};
use crate::server::error::ApiError;
use crate::store::{Holder, Reach, RequestRecord, RequestTerms, Revocation, Touched, Tx};
use crate::template::{LossReason, ProfileTemplate, RevocationOptions, Workflow, reason_named};
use time::{Duration, OffsetDateTime};

/// Takes over what a caller says of loss and revocation, as far as the template lets him.
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
            let known = loss_reason(template, name);
            let known = known.ok_or_else(|| ApiError::LossReasonUnknown(name.to_owned()))?;
            fits(known, workflow.request_type)?;
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

fn loss_reason<'t>(template: &'t ProfileTemplate, name: &str) -> Option<&'t LossReason> {
    template.loss_reasons.iter().find(|known| known.name.eq_ignore_ascii_case(name.trim()))
}

/// What is lost is not lent for, what is only forgotten is neither replaced nor revoked.
fn fits(loss: &LossReason, request_type: RequestType) -> Result<(), ApiError> {
    let instead = match request_type {
        RequestType::Recover if !loss.recover => "unblock the card, or lend a temporary one",
        RequestType::Revoke if !loss.revoke => "suspend the card, or lend a temporary one",
        RequestType::TemporaryCards if loss.revoke => "recover it, or revoke it first",
        _ => return Ok(()),
    };
    Err(ApiError::LossReason { reason: loss.name.clone(), request_type, instead })
}

/// What is to become of old certificates.
#[derive(Clone, Copy, Debug)]
pub struct Verdict {
    pub revocation: Option<Revocation>,
    pub publish: bool,
    /// What a card that is out of hand held is in other hands, wherever else it is; what ends in good order takes along
    /// only what nobody else has in use.
    reach: Reach,
}

/// Decides for a request that is completed now.
pub fn verdict(
    template: &ProfileTemplate,
    options: &RevocationOptions,
    request: &RequestRecord,
    now: OffsetDateTime,
) -> Verdict {
    let terms = &request.terms;
    let named = terms.loss_reason.as_deref();
    let loss = named.and_then(|name| loss_reason(template, name));
    // A reason the template has lost since the request was made counts as a loss: what is revoked harms nobody.
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
    /// Carries it out on what a card or profile holds.
    pub async fn carried_out(self, tx: &mut Tx, holder: Holder) -> Result<Effects, ApiError> {
        let revoked = match self.revocation {
            Some(revocation) => tx.revoke_certificates(Touched::Held(holder, self.reach), revocation).await?,
            None => 0,
        };
        Ok(Effects { revoked, publish: self.publish, ..Effects::default() })
    }
}

/// The revocation of what the server takes back by itself.
pub fn ended(at: OffsetDateTime) -> Revocation {
    Revocation { at, reason: RevocationReason::CessationOfOperation.number() }
}
