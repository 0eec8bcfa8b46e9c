//! Who has no part in a card renews it onto a key of her own.

use super::site::{ask, by_certificate, certificate, enrolled, site, software_key};
use crate::server::support::{EXTENSION, csr};
use serde_json::json;

/// One operator renews an approver's card with her own key, comes in by that certificate as the approver, and approves
/// her own request.
#[test]
fn an_operator_becomes_an_approver_by_a_renewal() {
    let lab = site(|template| template);
    let [anna, boris] = ["anna", "boris"].map(|name| lab.user(name, &["approvers"]));
    let mallory = lab.user("mallory", &["operators"]);
    let card = enrolled(&lab, &anna, &boris);
    let own = lab.enroll_request(&mallory);
    let renewal = ask(&lab, &mallory, "Renew", &card.smartcard);
    let key = software_key();
    let issued = certificate(&lab.certificatedata(&mallory, &renewal, &csr(&key)).ok(), &key);
    lab.complete(&mallory, &renewal).ok();
    let approve = format!("{EXTENSION}/requests/{own}/approve");
    let approved = by_certificate(&lab, (&issued, &key), "POST", &approve, Some(json!({})));
    assert_eq!(approved.code(), (404, "not-found"), "who comes in by a certificate has no role");
}

/// Whoever has a holder's bearer token, and not the card, renews it onto a key in a file.
#[test]
fn a_thief_of_a_token_takes_the_name_for_a_year() {
    let lab = site(|template| template);
    let boris = lab.user("boris", &["approvers"]);
    let victor = lab.user("victor", &[]);
    let card = enrolled(&lab, &victor, &boris);
    let thief = victor;
    let renewal = ask(&lab, &thief, "Renew", &card.smartcard);
    let key = software_key();
    let issued = certificate(&lab.certificatedata(&thief, &renewal, &csr(&key)).ok(), &key);
    lab.complete(&thief, &renewal).ok();
    let came_in = by_certificate(&lab, (&issued, &key), "GET", &format!("{EXTENSION}/whoami"), None);
    assert_eq!(came_in.name(), (200, "victor"));
}
