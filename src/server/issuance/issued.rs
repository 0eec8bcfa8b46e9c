//! Tells what a request has brought already, so that its work can go on at another workstation.

use super::plan::Plan;
use crate::cm::template::GenerationOptions;
use crate::server::call::Call;
use crate::server::error::ApiError;
use crate::store::{CertificateRecord, HoldingRecord, Origin, RequestRecord};
use crate::template::ProfileTemplate;

/// Lists the certificates that were issued in the request for keys of this origin, in the order of the template. A request
/// that issues none has brought none, whatever it leaves as it is.
pub async fn issued(
    call: &Call<'_>,
    request: &RequestRecord,
    wanted: Origin,
) -> Result<Vec<CertificateRecord>, ApiError> {
    let Some(profile) = request.new_profile.filter(|_| request.request_type.issues_certificates()) else {
        return Ok(Vec::new());
    };
    let held = call.app.store.holdings(profile).await?.into_iter();
    Ok(held.filter(|held| held.origin == wanted).map(|HoldingRecord { certificate, .. }| certificate).collect())
}

/// Lists the keys and certification requests that the client is to make, in order, each with the certificate that was
/// issued for it already.
pub async fn key_orders(
    call: &Call<'_>,
    request: &RequestRecord,
    template: &ProfileTemplate,
    plan: &Plan<'_>,
) -> Result<Vec<GenerationOptions>, ApiError> {
    let mut orders: Vec<_> = plan.client_keys().map(|entry| entry.generation_options(&template.name)).collect();
    let issued = issued(call, request, Origin::Client).await?;
    // A template that has changed since orders something else.
    if issued.len() == orders.len() {
        for (order, record) in orders.iter_mut().zip(issued) {
            order.certificate = Some(record.der);
        }
    }
    Ok(orders)
}
