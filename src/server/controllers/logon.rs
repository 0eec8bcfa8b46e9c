//! What this server and its directory know of a card with which somebody is to log on.

use crate::ca::RevocationReason;
use crate::cm::logon::{Binding, CertificateStanding, DirectoryAnswer, LogonCertificate, LogonView, Naming};
use crate::directory::{CertificateName, LogonEntry};
use crate::pkix::{Certificate, PublicKey};
use crate::server::call::Call;
use crate::server::call::reply::Reply;
use crate::server::error::ApiError;
use crate::server::permission;
use crate::server::permission::caller::Duty;
use crate::server::users::rules::DIRECTORY;
use crate::store::{CertificateRecord, CertificateScope, UserRecord, UserSource};
use uuid::Uuid;

/// Says what came of asking the directory.
enum Directory {
    NotAsked(&'static str),
    Away(&'static str),
    Gone,
    Told(Box<LogonEntry>),
}

/// Answers `GET smartcards/{id}/logon`, for whoever sees the card. The directory is read for it, within bounds; whoever
/// may not see everything is not told what others are called there.
pub async fn view(call: &Call<'_>, smartcard: Uuid) -> Result<Reply, ApiError> {
    let card = call.smartcard(smartcard).await?;
    let store = &call.app.store;
    let holder = store.user(card.assigned_user).await?.ok_or(ApiError::NotFound("user"))?;
    let certificates = store.certificates(CertificateScope::Smartcard(card.uuid)).await?;
    let directory = ask(call, &holder).await?;
    let entry = match &directory {
        Directory::Told(entry) => Some(entry.as_ref()),
        Directory::NotAsked(_) | Directory::Away(_) | Directory::Gone => None,
    };
    let may_know = holder.uuid == call.caller.uuid || permission::has(&call.caller, Duty::SeeEverything);
    let upn = entry.and_then(|entry| entry.upn.clone()).filter(|_| may_know).unwrap_or_default();
    let certificates = certificates.iter().map(|record| shown(record, entry)).collect();
    let disabled = entry.is_some_and(|entry| entry.disabled);
    let (directory, reason) = match directory {
        Directory::NotAsked(reason) => (DirectoryAnswer::NotAsked, reason.to_owned()),
        Directory::Away(reason) => (DirectoryAnswer::Away, reason.to_owned()),
        Directory::Gone => (DirectoryAnswer::Gone, String::new()),
        Directory::Told(_) => (DirectoryAnswer::Answered, String::new()),
    };
    Reply::json(&LogonView {
        smartcard: card.uuid,
        status: card.status,
        now: call.now,
        account_disabled: holder.disabled,
        directory,
        reason,
        disabled,
        upn,
        certificates,
    })
}

/// Asks the directory about the holder, if the account is a person's of it.
async fn ask(call: &Call<'_>, holder: &UserRecord) -> Result<Directory, ApiError> {
    let Some(elsewhere) = &call.app.elsewhere else { return Ok(Directory::NotAsked("the server has none")) };
    let identities = call.app.store.identities_of(holder.uuid).await?;
    let linked = identities.iter().find(|it| it.issuer == DIRECTORY && it.unlinked.is_none());
    let id = match (linked.and_then(|it| it.subject.parse().ok()), holder.source) {
        (Some(id), _) => id,
        (None, UserSource::Directory | UserSource::DirectoryDisabled) => holder.uuid,
        (None, UserSource::Local | UserSource::Issuer) => {
            return Ok(Directory::NotAsked("the holder does not come from it"));
        }
    };
    match elsewhere.logon_of(id, call.now).await {
        Ok(Some(entry)) => Ok(Directory::Told(Box::new(entry))),
        Ok(None) => Ok(Directory::Gone),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, call = %call.id, "the directory was asked about a logon");
            let away = matches!(error, ApiError::DirectoryAway(_) | ApiError::Busy);
            Ok(Directory::Away(if away {
                "it did not answer in time"
            } else {
                "it refused, or the server could not ask"
            }))
        }
    }
}

fn shown(record: &CertificateRecord, entry: Option<&LogonEntry>) -> LogonCertificate {
    let hold = RevocationReason::CertificateHold.number();
    let standing = match &record.revocation {
        Some(revocation) if revocation.reason == hold => CertificateStanding::Held,
        Some(_) => CertificateStanding::Revoked,
        None if record.superseded => CertificateStanding::Superseded,
        None => CertificateStanding::Current,
    };
    let read = Certificate::from_der(&record.der).ok();
    let compared =
        entry.zip(read.as_ref()).map(|(entry, certificate)| (naming(certificate, entry), binding(certificate, entry)));
    let (naming, binding) = compared.unwrap_or((Naming::NotCompared, Binding::NotCompared));
    LogonCertificate { thumbprint: hex::encode_upper(record.thumbprint), standing, naming, binding }
}

/// Compares the first UPN, which Windows takes, with the directory's.
fn naming(certificate: &Certificate, entry: &LogonEntry) -> Naming {
    let upn = certificate.alt_names().ok().and_then(|names| names.upns.into_iter().next());
    match (upn, &entry.upn) {
        (Some(here), Some(there)) if here.to_lowercase() == there.to_lowercase() => Naming::Same,
        (Some(_), Some(_)) => Naming::Different,
        (None, _) | (_, None) => Naming::NotCompared,
    }
}

/// Says how Active Directory binds the certificate; a stated security identifier comes before a mapping.
fn binding(certificate: &Certificate, entry: &LogonEntry) -> Binding {
    let Some(account) = &entry.sid else { return Binding::NotCompared };
    match certificate.stated_sid().ok().flatten() {
        Some(stated) if stated.sid == *account => return Binding::Account,
        Some(_) => return Binding::AnotherAccount,
        None => {}
    }
    let named = entry.mappings.iter().filter_map(|name| names(name, certificate));
    named.max_by_key(|binding| *binding == Binding::Strong).unwrap_or(Binding::Unbound)
}

/// Says whether a mapping names the certificate, and how well.
fn names(name: &CertificateName, certificate: &Certificate) -> Option<Binding> {
    let strong = match name {
        CertificateName::IssuerSerial { issuer, serial } => {
            let mut serial = serial.clone();
            serial.reverse();
            let plain = |bytes: &[u8]| bytes.iter().copied().skip_while(|byte| *byte == 0).collect::<Vec<_>>();
            plain(&serial) == plain(&certificate.serial_bytes()) && is_same(issuer, &certificate.issuer())
        }
        CertificateName::KeyId(id) => certificate.subject_key_id().ok().flatten().as_ref() == Some(id),
        CertificateName::Sha1(hash) => {
            let key = certificate.public_key().ok().map(|key: PublicKey| key.key_identifier());
            hash.as_slice() == certificate.sha1() || key.is_some_and(|key| hash.as_slice() == key)
        }
        CertificateName::Subject(subject) => {
            return is_same(subject, &certificate.subject()).then_some(Binding::Weak);
        }
        CertificateName::Mailbox(mailbox) => {
            let emails = certificate.alt_names().ok()?.emails;
            return emails.iter().any(|email| email.eq_ignore_ascii_case(mailbox)).then_some(Binding::Weak);
        }
    };
    strong.then_some(Binding::Strong)
}

/// Compares a name of the directory, the topmost part first, with one of RFC 4514, which has it last. Letter case, blanks
/// around the parts and `S` for `ST` make no difference.
fn is_same(theirs: &str, ours: &str) -> bool {
    let parts = |text: &str| -> Vec<String> {
        let parts = text.to_lowercase();
        let plain =
            |part: &str| part.trim().strip_prefix("st=").map_or_else(|| part.trim().to_owned(), |it| format!("s={it}"));
        parts.split(',').map(plain).collect()
    };
    let (theirs, mut ours) = (parts(theirs), parts(ours));
    ours.reverse();
    theirs == ours
}

#[cfg(test)]
mod tests {
    use super::*;

    /// OpenSSL has made it, and told what the names below say of it.
    const ALICE: &[u8] = include_bytes!("../../../tests/data/fuzz/certificate/p256.der");
    const BY_SERIAL: &str =
        "X509:<I>DC=test,DC=example,O=Example,CN=Authority<SR>dac34eb14144a9054736b6d6668f8941ca8b8438";

    fn bound(mappings: &[&str]) -> Binding {
        let mappings = mappings.iter().filter_map(|value| CertificateName::read(value.as_bytes())).collect();
        let entry = LogonEntry { disabled: false, upn: None, sid: Some("S-1-5-21-1-2-3-1104".into()), mappings };
        binding(&Certificate::from_der(ALICE).unwrap(), &entry)
    }

    #[test]
    fn a_mapping_binds_as_well_as_what_it_names() {
        for (mapping, expected) in [
            (BY_SERIAL, Binding::Strong),
            (&BY_SERIAL.replace(",", ", ").to_uppercase(), Binding::Strong),
            ("X509:<SKI>47746a913788b1714d5c9f8c7a38c90bacf83993", Binding::Strong),
            ("X509:<SHA1-PUKEY>d83c6219cbb2c0924d566fbf68de4a1f0c4f0d84", Binding::Strong),
            ("X509:<RFC822>Alice@example.test", Binding::Weak),
            (&BY_SERIAL.replace("CN=Authority", "CN=Another"), Binding::Unbound),
            // The first byte first: a mapping that was never reversed.
            (
                &BY_SERIAL
                    .replace("dac34eb14144a9054736b6d6668f8941ca8b8438", "38848bca41898f66d6b6364705a94441b14ec3da"),
                Binding::Unbound,
            ),
            ("X509:<SKI>47", Binding::Unbound),
        ] {
            assert_eq!(bound(&[mapping]), expected, "{mapping}");
        }
        assert_eq!(bound(&["X509:<RFC822>alice@example.test", BY_SERIAL, "Kerberos:alice"]), Binding::Strong);
        assert_eq!(bound(&[]), Binding::Unbound);
    }

    #[test]
    fn names_are_compared_whichever_end_comes_first() {
        assert!(is_same("C=DE, S=Hessen,O=Acme,CN=CA", "CN=CA,O=ACME,ST=Hessen,C=DE"));
        assert!(!is_same("CN=CA,O=Acme", "CN=CA,O=Acme"));
    }
}
