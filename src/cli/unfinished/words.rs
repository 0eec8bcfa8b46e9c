//! Says in words how far work on a card has come, and what comes next.

use crate::enrollment::{KeyWork, Milestone, Record, Workflow};
use crate::pkix::{Certificate, CertificationRequest};
use serde_json::{Value, json};

/// Returns what is known to be done.
pub fn done(record: &Record) -> String {
    let said = match &record.milestone {
        Milestone::Asking => "the server was asked for a request; whether it made one is not known",
        Milestone::Requested { .. } => "there is a request; nothing on the card was changed",
        Milestone::ChangingAdminKey { own_possible: false, .. } => "the card is about to get its own admin key",
        Milestone::ChangingAdminKey { .. } => {
            "the card's admin key was being changed: it has the one before or its own"
        }
        Milestone::ChangingPuk { next_possible: false, .. } => "the card is about to get another PUK",
        Milestone::ChangingPuk { .. } => "the card's PUK was being changed: it has the one before or the next",
        Milestone::Prepared { .. } => "admin key, PUK and PIN are as the template wants them; no key is made",
        Milestone::KeysChosen { .. } => "the places of the keys are chosen; some may be made",
        Milestone::Signed { .. } => "the keys are made; the server was asked for their certificates",
        Milestone::Issued { .. } => "the certificates have come; some may be on the card",
        Milestone::Superseding { .. } => "the certificates are on the card",
        Milestone::Undoing { ended, .. } => {
            return format!("the request {ended}; keys that were made for it may be on the card");
        }
        Milestone::PinSet { .. } => "the new PIN is set",
        Milestone::Removing { .. } => "keys and certificates are being taken off the card",
        Milestone::ReturningAdminKey { .. } => "keys and certificates are off the card; it still has its own admin key",
        Milestone::ReturningPuk { .. } => "keys and certificates are off the card; it still has its own PUK",
        Milestone::Removed { .. } => "the card is clean",
    };
    said.to_owned()
}

/// Returns what happens when the work is gone on with.
pub fn then(record: &Record) -> &'static str {
    match &record.milestone {
        Milestone::Asking => "the server is asked whether it has the request; if not, it is made",
        Milestone::Requested { .. } if record.workflow == Workflow::RetireLost => "the server retires the card",
        Milestone::Requested { .. } => "once it is approved, the card is prepared and the request carried out",
        Milestone::ChangingAdminKey { .. } | Milestone::ChangingPuk { .. } => {
            "the card is asked which one it has, at no more than one try, and gets what the server keeps for it"
        }
        Milestone::Prepared { .. } => "the keys are made and certified",
        Milestone::KeysChosen { .. } => {
            "keys that are there are taken, those that are missing made; then they are certified"
        }
        Milestone::Signed { .. } => {
            "the same requests are sent again: the server sends the certificates it has issued for them"
        }
        Milestone::Issued { .. } => "what is missing is written and read back; then the server is told",
        Milestone::Superseding { .. } => "what was renewed is taken off; then the server is told",
        Milestone::Undoing { .. } => "keys that were made for it are taken off",
        Milestone::PinSet { .. } | Milestone::Removed { .. } => "the server is told",
        Milestone::Removing { .. } => "what is left of them is taken off, and the card gets back what it came with",
        Milestone::ReturningAdminKey { .. } | Milestone::ReturningPuk { .. } => {
            "the card gets back what it came with; then the server is told"
        }
    }
}

/// Names the milestone for scripts, as the file does.
pub fn milestone(record: &Record) -> Value {
    let value = serde_json::to_value(&record.milestone).unwrap_or_default();
    value.get("at").cloned().unwrap_or_default()
}

/// Names the workflow for scripts, as the file does.
pub fn workflow(record: &Record) -> String {
    let value = serde_json::to_value(record.workflow).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

/// Returns the command by which the work goes on. A missing card's reason is in no journal, so that its retirement is
/// ordered anew where it is not known whether there is a request.
pub fn command(record: &Record) -> String {
    match (record.request(), record.workflow) {
        (Some(request), _) => format!("cardwright resume {request}"),
        (None, Workflow::RetireLost) => "cardwright retire --lost".to_owned(),
        (None, _) => format!("cardwright resume {}", record.card_id),
    }
}

/// Describes the keys of the work: what was ordered and, once that far, what was requested and issued.
pub fn keys(milestone: &Milestone) -> Vec<Value> {
    match milestone {
        Milestone::KeysChosen { keys, .. } | Milestone::Undoing { keys, .. } => keys.iter().map(key).collect(),
        Milestone::Signed { keys, .. } => {
            let told = keys.iter().map(|work| {
                let request = CertificationRequest::from_der(&work.certification_request.0).ok();
                let mut told = key(&work.key);
                told["requested_subject"] = json!(request.map(|request| request.subject()));
                told
            });
            told.collect()
        }
        Milestone::Issued { keys, .. } | Milestone::Superseding { keys, .. } => {
            let told = keys.iter().map(|work| {
                let certificate = Certificate::from_der(&work.certificate.0).ok();
                let mut told = key(&work.key);
                told["subject"] = json!(certificate.as_ref().map(|certificate| certificate.subject()));
                told["thumbprint"] = json!(certificate.as_ref().map(Certificate::thumbprint_sha1));
                told
            });
            told.collect()
        }
        _ => Vec::new(),
    }
}

fn key(work: &KeyWork) -> Value {
    let options = &work.options;
    json!({
        "key_id": hex::encode(&work.id.0),
        "label": work.label,
        "algorithm": format!("{} {}", options.key_algorithm_name, options.key_size),
        "replaces_another": work.occupied || work.replaces.is_some(),
    })
}
