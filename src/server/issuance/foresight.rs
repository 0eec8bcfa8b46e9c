//! Says what a request would come to: which keys and certificates, for whom. Nothing is issued, nothing recorded.

use super::allowance::{self, DailyLimit};
use super::issued::{issued, key_orders, of_origin};
use super::judge;
use super::plan::{Item, Plan};
use crate::ca::{IssueOrder, SubjectAltName};
use crate::cm::foresight::{ForeseenCertificate, ForeseenKey, Foresight};
use crate::pkix::{self, Certificate, KeyAlgorithm, MemoryKey, Signer};
use crate::secret::SHORTEST_PASSPHRASE;
use crate::server::call::Call;
use crate::server::error::{ApiError, Internal};
use crate::store::{ArchivedRecord, CertificateRecord, HoldingRecord, Origin, RequestRecord};
use crate::template::{Entry, KeySource, ProfileTemplate, enroll_key_usages, ordered_as};

/// Refuses a request whose certificates could not be issued, as `certificatedata` would refuse it, and tells what they
/// would say otherwise. A request that brings no certificates comes to nothing.
pub async fn foresight(
    call: &Call<'_>,
    request: &RequestRecord,
    template: &ProfileTemplate,
    at_once: bool,
    possession: bool,
) -> Result<Foresight, ApiError> {
    let mut foresight = Foresight {
        at_once,
        possession,
        key_orders: Vec::new(),
        certificates: Vec::new(),
        keys_to_come: Some(Vec::new()),
        shortest_pfx_password: u32::try_from(SHORTEST_PASSPHRASE).ok(),
        open: Vec::new(),
    };
    if !request.request_type.issues_certificates() {
        return Ok(foresight);
    }
    let user = call.app.store.user(request.target).await?.ok_or(ApiError::NotFound("user"))?;
    let plan = Plan::of(call, request, template).await?;
    // Stands for the keys that are not made yet; an order is for a key, and names are checked where one is written.
    let key = MemoryKey::generate(KeyAlgorithm::P256).map_err(|error| ApiError::Internal(Internal::MakeKey(error)))?;
    let limit = DailyLimit { most: call.app.certificates_per_day, now: call.now };
    // What was issued is there, whatever has changed since.
    let fresh: Vec<_> = match request.new_profile {
        Some(_) => Vec::new(),
        None => plan.fresh().collect(),
    };
    let (target, coming) = (request.target, fresh.len());
    let store = &call.app.store;
    limit.check(store.issued_after(target, limit.since()), coming).await?;
    for entry in fresh {
        let order = match judge::order(call.app, (request, template), entry, &user, key.public_key(), None) {
            // It is yet to be given, and a request that lacks it is not carried out.
            Err(ApiError::DataIncomplete(_)) => {
                foresight.certificates.push(ForeseenCertificate {
                    template_common_name: entry.certificate.template_name.clone(),
                    names: Vec::new(),
                    subject: String::new(),
                });
                continue;
            }
            order => order?,
        };
        allowance::check_names(call.app, &order, &user).await?;
        order.request(&key)?;
        foresight.certificates.push(ForeseenCertificate {
            template_common_name: entry.certificate.template_name.clone(),
            names: names(&order),
            subject: order.subject,
        });
    }
    let issued = issued(call, request).await?;
    // Whose keys they are, and who may have them at once, may know of them; anybody else learns nothing of an archive.
    let may_know = |record: &ArchivedRecord| at_once || record.owner == call.caller.uuid;
    foresight.keys_to_come =
        if plan.brought_back().all(may_know) { Some(keys_to_come(call, request, &plan, &issued).await?) } else { None };
    foresight.key_orders = key_orders(template, &plan, &issued);
    Ok(foresight)
}

/// Lists the private keys that the answer to `certificatedata` would hold, in its order. Those that only recovery agents
/// can open are collected by another call.
async fn keys_to_come(
    call: &Call<'_>,
    request: &RequestRecord,
    plan: &Plan<'_>,
    issued: &[HoldingRecord],
) -> Result<Vec<ForeseenKey>, ApiError> {
    let mut archived = Vec::new();
    if let Some(old) = request.old_profile.filter(|_| plan.brought_back().next().is_some()) {
        archived = call.app.store.holdings(old).await?.into_iter().map(|holding| holding.certificate).collect();
    }
    let mut coming = Vec::new();
    let mut made = of_origin(issued, Origin::Server).into_iter();
    for item in &plan.items {
        match item {
            Item::Fresh(entry) if entry.key.source == KeySource::Client => {}
            Item::Fresh(entry) => coming.push(made_here(*entry, made.next())),
            Item::Copied(record) => coming.extend(brought_back(record, &archived, false)?),
        }
    }
    for record in &plan.history {
        coming.extend(brought_back(record, &archived, true)?);
    }
    Ok(coming)
}

/// Tells of a key that the server would make, or has made and certified.
fn made_here(entry: Entry<'_>, issued: Option<&CertificateRecord>) -> ForeseenKey {
    let (name, key_size) = ordered_as(entry.key.generate);
    ForeseenKey {
        template_common_name: entry.certificate.template_name.clone(),
        is_server_generated: true,
        is_key_history: false,
        key_algorithm_name: name.to_owned(),
        key_size,
        key_usages: entry.certificate.enroll_key_usages(),
        extended_key_usages: entry.certificate.extended_key_usages.clone(),
        thumbprint: issued.map(|issued| hex::encode_upper(issued.thumbprint)).unwrap_or_default(),
    }
}

/// Tells of an archived key by its certificate; nothing of one that only recovery agents can open.
fn brought_back(
    record: &ArchivedRecord,
    archived: &[CertificateRecord],
    is_key_history: bool,
) -> Result<Option<ForeseenKey>, ApiError> {
    let failed = |error: pkix::Error| ApiError::Internal(Internal::MakeKey(error));
    if record.agents_only {
        return Ok(None);
    }
    let held = archived.iter().find(|held| held.serial == record.serial);
    let held = held.ok_or(ApiError::Internal(Internal::Dangling("certificate")))?;
    let certificate = Certificate::from_der(&held.der).map_err(failed)?;
    let algorithm = certificate.public_key().map_err(failed)?.algorithm();
    let (name, key_size) = algorithm.map_or(("", 0), ordered_as);
    Ok(Some(ForeseenKey {
        template_common_name: record.template_common_name.clone(),
        is_server_generated: false,
        is_key_history,
        key_algorithm_name: name.to_owned(),
        key_size,
        key_usages: enroll_key_usages(&certificate.key_usage().map_err(failed)?.unwrap_or_default()),
        extended_key_usages: certificate.extended_key_usage().map_err(failed)?,
        thumbprint: certificate.thumbprint_sha1(),
    }))
}

/// Lists the subject alternative names of an order, each with its kind.
fn names(order: &IssueOrder) -> Vec<String> {
    let written = order.subject_alt_names.iter().map(|name| match name {
        SubjectAltName::Upn(upn) => format!("upn:{upn}"),
        SubjectAltName::Kerberos(principal) => format!("kerberos:{principal}"),
        SubjectAltName::Email(email) => format!("email:{email}"),
        SubjectAltName::Dns(host) => format!("dns:{host}"),
        SubjectAltName::Ip(address) => format!("ip:{address}"),
        SubjectAltName::Uri(uri) => format!("uri:{uri}"),
        SubjectAltName::Directory(name) => format!("directory:{name}"),
    });
    written.collect()
}
