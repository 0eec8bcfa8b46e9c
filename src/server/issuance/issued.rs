//! Tells what a request has brought already, so that its work can go on at another workstation.

use super::plan::Plan;
use crate::cm::template::GenerationOptions;
use crate::server::call::Call;
use crate::server::error::ApiError;
use crate::store::{CertificateRecord, HoldingRecord, Origin, RequestRecord};
use crate::template::ProfileTemplate;

/// Lists the certificates that were issued in the request, in the order of the template. A request that issues none has
/// brought none, whatever it leaves as it is.
pub async fn issued(call: &Call<'_>, request: &RequestRecord) -> Result<Vec<HoldingRecord>, ApiError> {
    let Some(profile) = request.new_profile.filter(|_| request.request_type.issues_certificates()) else {
        return Ok(Vec::new());
    };
    Ok(call.app.store.holdings(profile).await?)
}

/// Returns those whose keys are of this origin.
pub fn of_origin(issued: &[HoldingRecord], wanted: Origin) -> Vec<&CertificateRecord> {
    issued.iter().filter(|held| held.origin == wanted).map(|held| &held.certificate).collect()
}

/// Lists the keys and certification requests that the client is to make, in order, each with the certificate that was
/// issued for it already.
pub fn key_orders(template: &ProfileTemplate, plan: &Plan<'_>, issued: &[HoldingRecord]) -> Vec<GenerationOptions> {
    let mut orders: Vec<_> = plan.client_keys().map(|entry| entry.generation_options(&template.name)).collect();
    let issued = of_origin(issued, Origin::Client);
    // A template that has changed since orders something else.
    if issued.len() == orders.len() {
        for (order, record) in orders.iter_mut().zip(issued) {
            order.certificate = Some(record.der.clone());
        }
    }
    orders
}
