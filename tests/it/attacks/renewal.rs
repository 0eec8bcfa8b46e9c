//! Who has no part in a card renews it onto a key of her own.

use super::site::{ask, certificate, enrolled, show, site, software_key};
use crate::server::support::{API, EXTENSION, Lab, Person, csr};
use serde_json::json;

/// Hands in a key of one's own for a request, as far as that goes.
#[track_caller]
fn own_key(lab: &Lab, person: &Person, request: &str) -> (u16, String) {
    lab.certificatedata(person, request, &csr(&software_key())).refusal()
}

fn needed() -> (u16, String) {
    (409, "possession-needed".to_owned())
}

/// One operator renewed an approver's card with her own key, came in by that certificate as the approver, and approved her
/// own request.
#[test]
fn an_operator_becomes_an_approver_by_no_renewal() {
    let lab = site(|template| template);
    let [anna, boris] = ["anna", "boris"].map(|name| lab.user(name, &["approvers"]));
    let mallory = lab.user("mallory", &["operators"]);
    let card = enrolled(&lab, &anna, &boris);
    for kind in ["Renew", "OnlineUpdate"] {
        let renewal = ask(&lab, &mallory, kind, &card.smartcard);
        assert_eq!(own_key(&lab, &mallory, &renewal), needed(), "{kind}");
        // A key of her own is not the old one, whichever certificate she names.
        let shown = show(&lab, &mallory, &renewal, &card.certificate, &software_key());
        assert_eq!(shown.refusal(), (403, "possession-wrong".to_owned()), "{kind}");
        let of_another = enrolled(&lab, &mallory, &boris);
        let shown = show(&lab, &mallory, &renewal, &of_another.certificate, &of_another.key);
        assert_eq!(shown.refusal(), (409, "possession-of-other-key".to_owned()), "{kind}");
        assert_eq!(own_key(&lab, &mallory, &renewal), needed(), "{kind}");
        assert_eq!(lab.complete(&mallory, &renewal).refusal(), (409, "request-not-executable".to_owned()), "{kind}");
    }
    // What the template gives no way around wants an approval, as an enrollment does.
    for kind in ["Recover", "TemporaryCards"] {
        let request = ask(&lab, &mallory, kind, &card.smartcard);
        assert_eq!(own_key(&lab, &mallory, &request), (409, "request-pending".to_owned()), "{kind}");
    }
    let listed = lab.get(&anna, &format!("{API}/certificates")).ok();
    assert_eq!(listed.as_array().unwrap().len(), 1, "nothing was issued in her name");
}

/// Whoever had a holder's bearer token, and not the card, renewed it onto a key in a file.
#[test]
fn a_thief_of_a_token_has_no_card() {
    let lab = site(|template| template);
    let boris = lab.user("boris", &["approvers"]);
    let thief = lab.user("victor", &[]);
    let card = enrolled(&lab, &thief, &boris);
    let renewal = ask(&lab, &thief, "Renew", &card.smartcard);
    assert_eq!(own_key(&lab, &thief, &renewal), needed());
    let approve = format!("{EXTENSION}/requests/{renewal}/approve");
    assert_eq!(lab.post(&thief, &approve, json!({})).refusal().0, 403);
    assert_eq!(own_key(&lab, &thief, &renewal), needed());
}

/// What was signed for one request, card, purpose or server is taken for no other.
#[test]
fn what_was_signed_once_is_not_shown_twice() {
    let lab = site(|template| template);
    let boris = lab.user("boris", &["approvers"]);
    let victor = lab.user("victor", &[]);
    let (first, second) = (enrolled(&lab, &victor, &boris), enrolled(&lab, &victor, &boris));
    let renewal = ask(&lab, &victor, "Renew", &first.smartcard);
    let mut body = super::site::possession(&lab, &victor, &renewal, &first.certificate.thumbprint_sha1(), &first.key);
    let path = |request: &str| format!("{EXTENSION}/requests/{request}/possession");
    let refused = |request: &str, body: &serde_json::Value, code: &str| {
        let answer = lab.post(&victor, &path(request), body.clone()).refusal();
        assert_eq!(answer.1, code);
    };
    let update = ask(&lab, &victor, "OnlineUpdate", &first.smartcard);
    refused(&update, &body, "possession-wrong");
    let other = ask(&lab, &victor, "Renew", &second.smartcard);
    refused(&other, &body, "possession-of-other-key");
    body["Thumbprint"] = json!(second.certificate.thumbprint_sha1());
    refused(&other, &body, "possession-wrong");
    body["Thumbprint"] = json!(first.certificate.thumbprint_sha1());
    let good = body.clone();
    body["Server"] = json!("elsewhere.example");
    refused(&renewal, &body, "possession-elsewhere");
    body["Server"] = json!("127.0.0.1");
    refused(&renewal, &body, "possession-wrong");
    for request in [&renewal, &update, &other] {
        assert_eq!(own_key(&lab, &victor, request), needed());
    }
    lab.post(&victor, &path(&renewal), good.clone()).ok();
    lab.post(&victor, &path(&renewal), good).ok();
    let key = software_key();
    certificate(&lab.certificatedata(&victor, &renewal, &csr(&key)).ok(), &key);
    lab.complete(&victor, &renewal).ok();
}
