//! What a card tells: read at once, before anybody else is asked.

use super::code::Code;
use super::finding::Finding;
use crate::pkix::Certificate;
use crate::token::{CardIdentifier, Error, Identity, LogonKey, StoredKey, Token, Tries};
use time::Date;

/// Holds what was read of a card, without its PIN.
pub struct LogonCard {
    pub identity: Identity,
    pin: Tries,
    identifier: CardIdentifier,
    logon_key: LogonKey,
    stored: Vec<StoredKey>,
    /// Whether what is stored says which private keys are there.
    tells_keys: bool,
    /// Certificates of authorities that are on the card.
    pub(super) authorities: Vec<Certificate>,
}

/// Holds a certificate with which somebody could log on.
pub struct LogonCertificate {
    /// What names it on the card.
    pub name: String,
    pub certificate: Certificate,
}

/// Reads a card; spends no try and changes nothing. An error means that card or reader failed.
pub fn read_card(token: &mut dyn Token) -> Result<LogonCard, Error> {
    let (counters, stored) = token.overview()?;
    let identifier = token.condition()?.card_identifier;
    let logon_key = token.logon_key()?;
    // Authorities that cannot be read are found elsewhere, or missed by name.
    let kept = token.ca_certificates().unwrap_or_default();
    let among = stored.iter().filter_map(|it| it.certificate.clone());
    let certificates = kept.into_iter().chain(among).filter_map(|der| Certificate::from_der(&der).ok());
    let authorities = certificates.filter(|it| it.is_ca().unwrap_or(false)).collect();
    let (identity, tells_keys) = (token.identity().clone(), token.tells_keys());
    Ok(LogonCard { identity, pin: counters.user, identifier, logon_key, stored, tells_keys, authorities })
}

impl LogonCard {
    /// Lists the certificates with which somebody could log on: the one that card or standard names, else all that
    /// may, else all that sign, else all there are.
    pub fn candidates(&self) -> Vec<LogonCertificate> {
        self.chosen().into_iter().filter_map(certificate).collect()
    }

    fn chosen(&self) -> Vec<&StoredKey> {
        if let LogonKey::Named(id) = &self.logon_key {
            return self.stored.iter().filter(|stored| stored.id == *id && stored.is_certified()).collect();
        }
        let is_authority = |it: &StoredKey| certificate(it).is_some_and(|it| it.certificate.is_ca().unwrap_or(false));
        let may_be_keyed = |it: &&StoredKey| it.has_private_key || !self.tells_keys && !is_authority(it);
        let keyed: Vec<_> = self.stored.iter().filter(|it| it.is_certified()).filter(may_be_keyed).collect();
        let which = |may: fn(&Certificate) -> bool| -> Vec<&StoredKey> {
            keyed.iter().copied().filter(|it| certificate(it).is_some_and(|it| may(&it.certificate))).collect()
        };
        let logging_on = which(|certificate| certificate.logs_on().unwrap_or(false));
        let signing = which(|it| !it.decrypts_only().unwrap_or(false));
        [logging_on, signing].into_iter().find(|found| !found.is_empty()).unwrap_or(keyed)
    }

    /// Judges what is no matter of a certificate.
    pub(super) fn judge(&self, today: Date) -> Vec<Finding> {
        let mut findings = vec![Finding::new(match self.pin {
            Tries::Locked | Tries::Left(0) => Code::PinLocked,
            Tries::NotSet => Code::PinUnset,
            Tries::Last | Tries::Left(1) => Code::PinLast,
            Tries::Full | Tries::Left(_) | Tries::Untold | Tries::Low => Code::PinReady,
        })];
        findings.extend((self.identity.kind == "PIV").then(|| chuid(self.identifier, today)));
        match &self.logon_key {
            LogonKey::Named(_) if self.identity.kind == "GIDS" => findings.push(Finding::new(Code::DefaultContainer)),
            LogonKey::Unnamed => findings.push(Finding::new(Code::NoDefaultContainer)),
            LogonKey::Named(_) | LogonKey::Untold => {}
        }
        let chosen = self.chosen();
        if chosen.is_empty() {
            findings.push(Finding::new(Code::NoCertificate));
        }
        for stored in chosen {
            findings.extend(self.key(stored).map(|finding| finding.about(&name(stored))));
        }
        findings
    }

    /// Reports a certificate that cannot be read, or whose key is not there.
    fn key(&self, stored: &StoredKey) -> Option<Finding> {
        let Some(LogonCertificate { certificate, .. }) = certificate(stored) else {
            let reason = stored.odd.map_or_else(|| "it is not well-formed".to_owned(), |odd| odd.to_string());
            return Some(Finding::new(Code::CertificateUnreadable).with("reason", reason));
        };
        match &stored.public_key {
            _ if self.tells_keys && !stored.has_private_key => Some(Finding::new(Code::KeyAbsent)),
            Some(key) if !certificate.is_for(key) => Some(Finding::new(Code::KeyOther)),
            Some(_) | None => None,
        }
    }
}

fn chuid(identifier: CardIdentifier, today: Date) -> Finding {
    match identifier {
        CardIdentifier::None | CardIdentifier::Absent => Finding::new(Code::ChuidAbsent),
        CardIdentifier::Broken => Finding::new(Code::ChuidBroken),
        CardIdentifier::Present { expires: Some(date) } if date < today => {
            Finding::new(Code::ChuidExpired).with("date", date)
        }
        CardIdentifier::Present { .. } => Finding::new(Code::ChuidValid),
    }
}

fn certificate(stored: &StoredKey) -> Option<LogonCertificate> {
    let certificate = Certificate::from_der(stored.certificate.as_deref()?).ok()?;
    Some(LogonCertificate { name: name(stored), certificate })
}

fn name(stored: &StoredKey) -> String {
    if stored.label.is_empty() { hex::encode(&stored.id.0) } else { stored.label.clone() }
}
