//! Requests from beginning to end, as the tests of this room make them.

use crate::server::support::{API, Answer, EXTENSION, Lab, Person, last_segment, new_csr};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;
use x509_parser::prelude::{CertificateRevocationList, FromDer};

/// What every workflow of these tests says; agents may ask for all, everybody for himself where that is allowed. No old key
/// is shown here, as by clients that know MIM CM alone.
const WORKFLOWS: [(&str, &str); 12] = [
    ("enroll", "self_service = true"),
    ("renew", "self_service = true\npossession = \"none\""),
    ("recover", "self_service = true\npossession = \"none\""),
    ("duplicate", "self_service = true"),
    ("online_update", "self_service = true\npossession = \"none\""),
    ("revoke", "self_service = true"),
    ("reinstate", ""),
    ("recover_on_behalf", "approvals_needed = 1\napprovers = [\"group:approvers\"]"),
    ("retire", "self_service = true"),
    ("unblock", "self_service = true"),
    ("offline_unblock", ""),
    ("temporary_cards", ""),
];
const OF_CARDS_ONLY: [&str; 4] = ["retire", "unblock", "offline_unblock", "temporary_cards"];

/// Why cards and profiles go missing.
pub const LOSSES: &str = r#"
[[loss_reasons]]
name = "lost"
revoke = true
reason = "keyCompromise"
[[loss_reasons]]
name = "damaged"
revoke = false
[[loss_reasons]]
name = "forgotten"
revoke = false
recover = false
"#;

pub const KINDS: [&str; 3] = ["smartcard", "virtual-smartcard", "software"];

/// A server with one template of this kind that offers everything; `more` is put before the workflows, `edit` may
/// change what came out.
pub fn lab(kind: &str, more: &str, edit: impl Fn(String) -> String) -> Lab {
    Lab::plain(offering(kind, more, edit))
}

/// Makes that template of the one a server comes with.
pub fn offering(kind: &str, more: &str, edit: impl Fn(String) -> String) -> impl FnOnce(String) -> String {
    move |template| {
        let head = template.split("# One table a request type").next().unwrap().to_owned();
        let mut text = head.replace("kind = \"smartcard\"", &format!("kind = \"{kind}\""));
        if kind == "software" {
            text.truncate(text.find("\n[smartcard]\n").unwrap());
        }
        text.push_str(more);
        for (name, keys) in WORKFLOWS {
            if kind != "software" || !OF_CARDS_ONLY.contains(&name) {
                text += &format!(
                    "\n[workflows.{name}]\ninitiators = [\"group:agents\"]\nenrollment_agents = [\"group:agents\"]\n{keys}\n"
                );
            }
        }
        edit(text)
    }
}

/// A second certificate, whose key the server makes and archives.
pub const ARCHIVED: &str = r#"
[[additional_certificates]]
key = { generate = "P-256", generated_by = "server", pfx_rounds = 2000, archive = true }
certificate = { template_name = "Encryption", key_usages = ["keyAgreement"], extended_key_usages = ["emailProtection"], validity_days = 30 }
"#;

/// Everything as it comes.
pub fn plain(kind: &str) -> Lab {
    lab(kind, "", |text| text)
}

/// A card with its profile, or a profile alone.
#[derive(Clone, Debug)]
pub struct Held {
    pub card: Option<String>,
    pub profile: String,
}

impl Held {
    pub fn of(request: &Value) -> Self {
        let text = |key: &str| request[key].as_str().unwrap().to_owned();
        let card = Some(text("NewSmartcardUuid")).filter(|card| *card != Uuid::nil().to_string());
        Self { card, profile: text("NewProfileUuid") }
    }

    /// The body of a request about it.
    pub fn body(&self, kind: &str) -> Value {
        let mut body = json!({"datacollection": [], "type": kind, "comment": ""});
        match &self.card {
            Some(card) => body["smartcard"] = json!(card),
            None => body["profile"] = json!(self.profile),
        }
        body
    }
}

pub fn with(mut body: Value, key: &str, value: Value) -> Value {
    body[key] = value;
    body
}

pub fn create(lab: &Lab, person: &Person, body: Value) -> Answer {
    lab.post(person, &format!("{API}/requests"), body)
}

pub fn shown(lab: &Lab, person: &Person, request: &str) -> Value {
    lab.get(person, &format!("{API}/requests/{request}")).ok()
}

/// Carries out a request that issues certificates, up to its completion, and says what it has brought.
#[track_caller]
pub fn issued(lab: &Lab, person: &Person, request: &str) -> Held {
    brought(lab, person, request, &[new_csr()])
}

/// Likewise, with these certification requests; private keys come under a password.
#[track_caller]
pub fn brought(lab: &Lab, person: &Person, request: &str, csrs: &[Vec<u8>]) -> Held {
    let read = shown(lab, person, request);
    if read["IsSmartcard"] == true && read["NewSmartcardUuid"] == Uuid::nil().to_string() {
        lab.assign(person, request, Uuid::new_v4());
    }
    let requests: Vec<_> = csrs.iter().map(|csr| STANDARD.encode(csr)).collect();
    let body = json!({"pfxpassword": "a password for keys", "certificaterequests": requests, "comments": ""});
    lab.post(person, &format!("{API}/requests/{request}/certificatedata"), body).ok();
    Held::of(&lab.complete(person, request).ok())
}

#[track_caller]
pub fn enrolled(lab: &Lab, person: &Person) -> Held {
    let request = lab.enroll_request(person);
    issued(lab, person, &request)
}

/// Asks for something about a card or profile, and completes it at once.
#[track_caller]
pub fn done(lab: &Lab, person: &Person, held: &Held, kind: &str) -> Value {
    let request = last_segment(&create(lab, person, held.body(kind)).ok());
    lab.complete(person, &request).ok()
}

#[track_caller]
pub fn retired(lab: &Lab, person: &Person, held: &Held) -> Value {
    let request = last_segment(&create(lab, person, held.body("Retire")).ok());
    let card = held.card.as_ref().unwrap();
    lab.put(person, &format!("{API}/requests/{request}/smartcards/{card}"), json!({"status": "Retired"})).ok();
    lab.complete(person, &request).ok()
}

#[track_caller]
pub fn approved(lab: &Lab, approver: &Person, request: &str) {
    lab.post(approver, &format!("{EXTENSION}/requests/{request}/approve"), json!({"Comment": ""})).ok();
}

#[track_caller]
pub fn card(lab: &Lab, person: &Person, held: &Held) -> Value {
    lab.get(person, &format!("{API}/smartcards/{}", held.card.as_ref().unwrap())).ok()
}

#[track_caller]
pub fn profile(lab: &Lab, person: &Person, held: &Held) -> Value {
    lab.get(person, &format!("{API}/profiles/{}", held.profile)).ok()
}

/// Status of the card (of the profile, where there is no card) and of the profile.
#[track_caller]
pub fn statuses(lab: &Lab, person: &Person, held: &Held) -> (i64, i64) {
    let of = |value: Value| value["Status"].as_i64().unwrap();
    let profile = of(profile(lab, person, held));
    let card = held.card.as_ref().map(|_| of(card(lab, person, held)));
    (card.unwrap_or(profile), profile)
}

/// The serial of the one certificate in a profile.
#[track_caller]
pub fn serial(lab: &Lab, person: &Person, held: &Held) -> String {
    let listed = lab.get(person, &format!("{API}/profiles/{}/certificates", held.profile)).ok();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    listed[0]["SerialNumber"].as_str().unwrap().to_owned()
}

/// The revocation list: serials with their reasons (0: none given).
pub fn listed(lab: &Lab) -> BTreeMap<String, u8> {
    let der = lab.call(None, "GET", "/pki/ca.crl", None).bytes;
    let (_, list) = CertificateRevocationList::from_der(&der).unwrap();
    let entry = |entry: &x509_parser::prelude::RevokedCertificate<'_>| {
        (hex::encode_upper(entry.raw_serial()), entry.reason_code().map_or(0, |(_, reason)| reason.0))
    };
    list.iter_revoked_certificates().map(entry).collect()
}
