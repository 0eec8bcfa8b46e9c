//! Says what a request would come to: which keys and certificates, for whom. Nothing is issued, nothing recorded.

use super::judge;
use super::plan::{Item, Plan};
use crate::ca::{IssueOrder, SubjectAltName};
use crate::cm::foresight::{ForeseenCertificate, Foresight};
use crate::pkix::{KeyAlgorithm, MemoryKey, Signer};
use crate::server::call::Call;
use crate::server::error::{ApiError, Internal};
use crate::store::RequestRecord;
use crate::template::ProfileTemplate;

/// Refuses a request whose certificates could not be issued, as `certificatedata` would refuse it, and tells what they
/// would say otherwise. A request that brings no certificates comes to nothing.
pub async fn foresight(
    call: &Call<'_>,
    request: &RequestRecord,
    template: &ProfileTemplate,
    at_once: bool,
) -> Result<Foresight, ApiError> {
    let mut foresight = Foresight { at_once, key_orders: Vec::new(), certificates: Vec::new() };
    if !request.request_type.issues_certificates() {
        return Ok(foresight);
    }
    let user = call.app.store.user(request.target).await?.ok_or(ApiError::NotFound("user"))?;
    let plan = Plan::of(call, request, template).await?;
    // Stands for the keys that are not made yet; an order is for a key, and names are checked where one is written.
    let key = MemoryKey::generate(KeyAlgorithm::P256).map_err(|error| ApiError::Internal(Internal::MakeKey(error)))?;
    for item in &plan.items {
        let Item::Fresh(entry) = item else { continue };
        let order = judge::order(call.app, template, *entry, &user, key.public_key(), None)?;
        order.request(&key)?;
        foresight.certificates.push(ForeseenCertificate {
            template_common_name: entry.certificate.template_name.clone(),
            names: names(&order),
            subject: order.subject,
        });
    }
    foresight.key_orders = plan.client_keys().map(|entry| entry.generation_options(&template.name)).collect();
    Ok(foresight)
}

/// Lists the subject alternative names of an order, each with its kind.
fn names(order: &IssueOrder) -> Vec<String> {
    let written = order.subject_alt_names.iter().map(|name| match name {
        SubjectAltName::Upn(upn) => format!("upn:{upn}"),
        SubjectAltName::Kerberos(principal) => format!("kerberos:{principal}"),
        SubjectAltName::Email(email) => format!("email:{email}"),
        SubjectAltName::Dns(host) => format!("dns:{host}"),
        SubjectAltName::Ip(address) => format!("ip:{address}"),
    });
    written.collect()
}
