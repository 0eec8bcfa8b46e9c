//! What a card has attested of the key of a certificate, for those who read the log of acts.

use crate::cm::audit::AttestationReport;
use crate::cm::route::Route;
use crate::console::place::Place;
use crate::console::trouble::Trouble;
use crate::console::visit::{Shown, Visit};
use crate::pages::states::{Tone, state};
use crate::pages::tables::facts;
use maud::html;
use uuid::Uuid;

/// Bounds the bytes of a serial number (RFC 5280, 4.1.2.2).
const MOST_BYTES: usize = 20;

/// Shows the page.
pub async fn show(visit: &Visit<'_>, smartcard: Uuid) -> Result<Shown, Trouble> {
    let text = visit.query.one("serial");
    let serial = hex::decode(text).ok().filter(|bytes| (1..=MOST_BYTES).contains(&bytes.len()));
    let Some(serial) = serial else { return Err(Trouble::NoPage) };
    let report = match visit.one::<AttestationReport>(Route::GetAttestation { serial }).await {
        Ok(report) => Some(report),
        Err(refused) if refused.status == 404 => None,
        Err(refused) => return Err(refused.into()),
    };
    let content = html! {
        @match &report {
            None => p { (visit.t("attestation-none")) },
            Some(report) => {
                (facts(&[
                    (visit.t("certificate-serial"), html! { span.code { (text) } }),
                    (visit.t("attestation-proof"), match report.proven {
                        true => state(Tone::Good, &visit.t("attestation-proven")),
                        false => state(Tone::Bad, &visit.t("attestation-unproven")),
                    }),
                    (visit.t("attestation-device"), html! { @if report.device.is_empty() { (visit.t("attestation-untold")) } @else { span.code { (report.device) } } }),
                    (visit.t("card-firmware"), html! { (report.firmware) }),
                ]))
                @for (at, pem) in report.certificates.iter().enumerate() {
                    details { summary { (visit.with("attestation-pem", &[("number", (at + 1).into())])) } pre.code { (pem) } }
                }
            }
        }
        p { a href=(Place::Card(smartcard)) { (visit.t("card-back")) } }
    };
    Ok(Shown::page(visit.t("attestation"), content))
}
