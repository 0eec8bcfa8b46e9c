//! Finds the person behind a client certificate. TLS has verified the chain and the key; here the certificate is
//! checked for revocation and matched to a user.

use super::error::IdentityError;
use super::person;
use super::way::{Failure, Found};
use crate::pkix::{AltNames, Certificate};
use crate::server::data_directory::settings::identity::{AnchorSettings, CertificateSettings, UserBy};
use crate::server::error::ApiError;
use crate::server::permission::caller::Shown;
use crate::store::Store;
use time::OffsetDateTime;

/// Holds the client certificate, DER, that the connection's TLS handshake has verified; `None`: none was shown.
#[derive(Clone)]
pub struct PeerCertificate(pub Option<std::sync::Arc<Vec<u8>>>);

/// Holds the authorities whose certificates are taken, with their rules.
pub struct Certificates {
    own: Option<Certificate>,
    anchors: Vec<(Certificate, AnchorSettings)>,
}

impl Certificates {
    /// Checks the settings. `own` is the certificate of this server's CA; `anchors` are the anchors' files, PEM, in the
    /// order of the settings.
    pub fn new(settings: CertificateSettings, own: Certificate, anchors: &[String]) -> Result<Self, IdentityError> {
        let read = |(settings, pem): (AnchorSettings, &String)| {
            let wrong = |problem| IdentityError::Setting { table: "identity.certificate.anchors", problem };
            let anchor = Certificate::from_pem(pem).map_err(|_| wrong("a file is no certificate in PEM"))?;
            if matches!(settings.user_by, UserBy::Name | UserBy::LocalPart) {
                return Err(wrong("user_by is \"upn\" or \"email\""));
            }
            if settings.domains.is_empty() && settings.subjects.is_empty() {
                return Err(wrong("domains or subjects must say who is let in"));
            }
            Ok((anchor, settings))
        };
        let anchors = settings.anchors.into_iter().zip(anchors).map(read).collect::<Result<_, _>>()?;
        Ok(Self { own: Some(own).filter(|_| settings.own), anchors })
    }

    /// Lists the authorities that TLS names to clients and verifies against, DER.
    pub fn authorities(&self) -> impl Iterator<Item = &[u8]> {
        self.own.iter().chain(self.anchors.iter().map(|(anchor, _)| anchor)).map(Certificate::der)
    }

    /// Finds the person behind a certificate that TLS has verified at the start of the connection.
    pub async fn find(&self, store: &Store, der: &[u8], now: OffsetDateTime) -> Result<Found, Failure> {
        let certificate = Certificate::from_der(der).map_err(|_| ApiError::NotAuthenticated)?;
        // A connection may outlive the certificate it began with.
        if now < certificate.not_before() || certificate.not_after() < now {
            return Err(ApiError::NotAuthenticated.into());
        }
        if self.own.as_ref().is_some_and(|own| certificate.verify_issued_by(own).is_ok()) {
            return find_owner(store, &certificate).await;
        }
        for (anchor, settings) in &self.anchors {
            if certificate.verify_issued_by(anchor).is_ok() {
                return find_named(store, settings, &certificate).await;
            }
        }
        Err(ApiError::NotAuthenticated.into())
    }
}

/// Finds the owner of a certificate that this server's CA has issued; refuses one that is revoked or on hold.
async fn find_owner(store: &Store, certificate: &Certificate) -> Result<Found, Failure> {
    let record = store.certificate(&certificate.serial_bytes()).await.map_err(ApiError::from)?;
    let record = record.filter(|record| record.der == certificate.der()).ok_or(ApiError::NotAuthenticated)?;
    let user = store.user(record.user).await.map_err(ApiError::from)?.ok_or(ApiError::NotAuthenticated)?;
    if record.revocation.is_some() {
        return Err(Failure::of(ApiError::CertificateRevoked, &user.name));
    }
    Ok(Found { user, shown: Shown::Certificate, answer: None })
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
    Ok(Found { user, shown: Shown::Certificate, answer: None })
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
