//! Finds the person behind a client certificate. TLS has verified the chain and the key; here the certificate is
//! checked for revocation and matched to a user. One of the server's own CA must besides be such that nobody but its
//! owner can have its key, and bears no roles unless its template says so: whoever may have certificates issued is not
//! thereby approver, auditor or administrator.

use super::anchor::Anchor;
use super::person;
use super::way::{Failure, Found, Until};
use crate::ca::RevocationReason;
use crate::cm::request::RequestStatus;
use crate::pkix::{AltNames, Certificate, KeyUsage};
use crate::server::data_directory::settings::identity::{AnchorSettings, UserBy};
use crate::server::error::ApiError;
use crate::server::permission::caller::Shown;
use crate::store::{self, CertificateRecord, Origin, Store};
use crate::template::Templates;
use std::sync::Arc;
use time::OffsetDateTime;

/// id-kp-clientAuth (RFC 5280, 4.2.1.12).
const CLIENT_AUTH: &str = "1.3.6.1.5.5.7.3.2";

/// Holds the authorities whose certificates are taken, with their rules.
pub struct Certificates {
    own: Option<Own>,
    anchors: Vec<Anchor>,
}

/// Holds the server's own CA, and what its templates say of coming in.
struct Own {
    authority: Certificate,
    templates: Arc<Templates>,
}

impl Certificates {
    /// Takes what the settings allow. `own` is the certificate of this server's CA, with the templates it issues by.
    pub fn new(is_own_taken: bool, own: (Certificate, Arc<Templates>), anchors: Vec<Anchor>) -> Self {
        let (authority, templates) = own;
        Self { own: is_own_taken.then_some(Own { authority, templates }), anchors }
    }

    /// Lists the authorities that TLS names to clients and verifies against, DER.
    pub fn authorities(&self) -> impl Iterator<Item = &[u8]> {
        let own = self.own.iter().map(|own| &own.authority);
        own.chain(self.anchors.iter().map(|anchor| &anchor.certificate)).map(Certificate::der)
    }

    /// Finds the person behind a certificate that TLS has verified at the start of the connection.
    pub async fn find(&self, store: &Store, der: &[u8], now: OffsetDateTime) -> Result<Found, Failure> {
        // A connection may outlive the certificate it began with.
        let certificate = in_time(der, now)?;
        if let Some(own) = self.own.as_ref().filter(|own| certificate.verify_issued_by(&own.authority).is_ok()) {
            return find_owner(store, &own.templates, &certificate).await;
        }
        for anchor in &self.anchors {
            if certificate.verify_issued_by(&anchor.certificate).is_ok() {
                anchor.check_revocation(&certificate, now)?;
                return find_named(store, &anchor.settings, &certificate).await;
            }
        }
        Err(ApiError::NotAuthenticated.into())
    }
}

/// Finds the owner of a certificate of this server's CA, whose key has signed what nobody else could have it sign.
pub async fn own(
    store: &Store,
    (authority, templates): (&Certificate, &Templates),
    der: &[u8],
    now: OffsetDateTime,
) -> Result<Found, Failure> {
    let certificate = in_time(der, now)?;
    certificate.verify_issued_by(authority).map_err(|_| ApiError::NotAuthenticated)?;
    find_owner(store, templates, &certificate).await
}

/// Reads a certificate; refuses one whose time has not begun, or is over.
fn in_time(der: &[u8], now: OffsetDateTime) -> Result<Certificate, ApiError> {
    let certificate = Certificate::from_der(der).map_err(|_| ApiError::NotAuthenticated)?;
    match (certificate.not_before()..=certificate.not_after()).contains(&now) {
        true => Ok(certificate),
        false => Err(ApiError::NotAuthenticated),
    }
}

/// Finds the owner of a certificate that this server's CA has issued. Refuses one that is revoked or on hold, and one
/// that does not speak for its owner. The owner bears roles only where the template says so.
async fn find_owner(store: &Store, templates: &Templates, certificate: &Certificate) -> Result<Found, Failure> {
    let record = store.certificate(&certificate.serial_bytes()).await.map_err(ApiError::from)?;
    let record = record.filter(|record| record.der == certificate.der()).ok_or(ApiError::NotAuthenticated)?;
    let user = store.user(record.user).await.map_err(ApiError::from)?.ok_or(ApiError::NotAuthenticated)?;
    if record.revocation.is_some() {
        return Err(Failure::of(ApiError::CertificateRevoked, &user.name));
    }
    if let Some(why) = why_mute(store, certificate, &record).await.map_err(ApiError::from)? {
        return Err(Failure::of(ApiError::CertificateNoLogin(why), &user.name));
    }
    let profile = store.profile(record.profile).await.map_err(ApiError::from)?;
    let template = profile.and_then(|profile| templates.get(profile.profile_template));
    let bears_roles = template.is_some_and(|template| template.bears_roles(&record.template_common_name));
    let until = Until::Certificate(certificate.der().to_vec());
    Ok(Found { user, shown: Shown::Certificate, bears_roles, answer: None, until })
}

/// Says why a certificate does not speak for its owner; `None` where it does: it is for client authentication by
/// signature, of a key that its owner made, alone has and has lost nowhere, and its request was completed.
async fn why_mute(
    store: &Store,
    certificate: &Certificate,
    record: &CertificateRecord,
) -> Result<Option<&'static str>, store::Error> {
    let names = |purpose: &String| purpose == CLIENT_AUTH;
    if !certificate.extended_key_usage().is_ok_and(|purposes| purposes.iter().any(names)) {
        return Ok(Some("it is not for client authentication"));
    }
    let usages = certificate.key_usage().ok().flatten().unwrap_or_default();
    if !usages.contains(&KeyUsage::DigitalSignature) {
        return Ok(Some("its key is not for digital signatures"));
    }
    let holdings = store.holdings(record.profile).await?;
    let held = holdings.iter().find(|held| held.certificate.serial == record.serial);
    if held.is_none_or(|held| held.origin != Origin::Client) {
        return Ok(Some("its key was not made by its owner"));
    }
    let request = store.request(record.request).await?;
    if request.is_none_or(|request| request.status != RequestStatus::Completed) {
        return Ok(Some("its request is not completed"));
    }
    let reason = RevocationReason::KeyCompromise.number();
    let against = store.certificate_against(&record.public_key_sha256, reason, record.user).await?;
    Ok(against.map(|against| match against.revocation {
        Some(revocation) if revocation.reason == reason => "its key was revoked as compromised",
        _ => "somebody else has a certificate for its key",
    }))
}

/// Finds the user of another authority's certificate: the one that `subjects` names, or the one with its UPN or e-mail
/// address in a listed domain.
async fn find_named(store: &Store, settings: &AnchorSettings, certificate: &Certificate) -> Result<Found, Failure> {
    let subject = certificate.subject();
    let (by, who) = match settings.subjects.get(&subject) {
        Some(name) => (UserBy::Name, name.clone()),
        None => {
            let names = certificate.alt_names().map_err(|_| ApiError::NotAuthenticated)?;
            let who = only_name(settings.user_by, names).filter(|who| in_domain(who, &settings.domains));
            (settings.user_by, who.ok_or_else(|| Failure::of(ApiError::UserUnknown, &subject))?)
        }
    };
    let user = person::expected(store, by, &who).await?;
    let until = Until::Certificate(certificate.der().to_vec());
    Ok(Found { user, shown: Shown::Certificate, bears_roles: true, answer: None, until })
}

/// Returns the only name of this kind; where there are several, none is certain to be the person's.
fn only_name(by: UserBy, names: AltNames) -> Option<String> {
    let mut names = if by == UserBy::Email { names.emails } else { names.upns };
    names.pop().filter(|_| names.is_empty())
}

/// Says whether the name is in one of the domains, in any letter case.
fn in_domain(who: &str, domains: &[String]) -> bool {
    let domain = who.rsplit_once('@').map(|(_, domain)| domain);
    domain.is_some_and(|domain| domains.iter().any(|known| known.eq_ignore_ascii_case(domain)))
}
