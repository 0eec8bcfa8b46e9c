//! Finds where a template lets certificates be issued in a name by less than Enroll demands.

use super::key_policy::KeySource;
use super::principal::Principal;
use super::profile_template::{ProfileTemplate, Workflow};
use super::words::table;
use crate::cm::request::RequestType;
use crate::pkix::KeyUsage;

/// Holds a key of the file, and what is to be said of it.
pub type Told = (String, String);

impl ProfileTemplate {
    /// Lists where certificates are issued in a name by less than Enroll demands, and where one lends its bearer more
    /// than a name: a key of the file, and what is to be said of it.
    pub fn weaknesses(&self) -> Vec<Told> {
        let mut told = Vec::new();
        if self.entries().any(|entry| entry.certificate.bears_roles) {
            let text =
                "whoever may have certificates issued in the name of an approver or administrator can become one";
            told.push(("certificate.bears_roles".to_owned(), text.to_owned()));
        }
        if !self.presence && self.smartcard.as_ref().is_some_and(|config| config.diversify_admin_key) {
            let text = "no card need show that it is there: whoever executes an approved request is told admin key and PUK of a \
                        card that he does not have";
            told.push(("smartcard.presence".to_owned(), text.to_owned()));
        }
        let both =
            |workflow: &&Workflow| workflow.enabled && workflow.approver_may_execute && workflow.approvals_needed > 0;
        for workflow in self.workflows().iter().filter(both) {
            let text = "one person who is approver and enrollment agent both approves and executes a request: nobody else looks";
            told.push((format!("{}.approver_may_execute", table(workflow.request_type)), text.to_owned()));
        }
        if !self.has_key_to_show() {
            let issues = |workflow: &&Workflow| workflow.enabled && workflow.request_type.issues_certificates();
            let alone = self.workflows().iter().filter(issues).filter(|workflow| workflow.approvals_needed == 0);
            told.extend(alone.map(unshown));
        }
        let Some(enroll) = self.workflow(RequestType::Enroll) else { return told };
        let others = self.workflows().iter().filter(|workflow| {
            workflow.enabled
                && workflow.request_type.issues_certificates()
                && workflow.request_type != RequestType::Enroll
        });
        others.for_each(|workflow| weaker(workflow, enroll, &mut told));
        told
    }

    /// Says whether one of its keys is made by its holder and signs, so that it can be shown later.
    fn has_key_to_show(&self) -> bool {
        let signs = |usage: &KeyUsage| matches!(usage, KeyUsage::DigitalSignature | KeyUsage::NonRepudiation);
        self.entries()
            .any(|entry| entry.key.source == KeySource::Client && entry.certificate.key_usages.iter().any(signs))
    }

    /// Says whether every key that clients make must be attested.
    pub fn attests_keys(&self) -> bool {
        let mut made = self.entries().filter(|entry| entry.key.source == KeySource::Client).peekable();
        made.peek().is_some() && made.all(|entry| !entry.key.attestation_roots.is_empty())
    }
}

/// Says what follows where a request type wants no approval and no key of the template can be shown.
fn unshown(workflow: &Workflow) -> Told {
    let waits = workflow.request_type.shows_old_key() && workflow.passage.possession;
    let text = match waits {
        true => {
            "the template has no key that its holder makes and signs with, so that no old key can be shown: nothing is \
             issued until somebody approves, whom nobody asks; say how many must approve"
        }
        false => {
            "the template has no key that its holder makes and signs with, and no approval is needed: whoever has a \
             holder's bearer token is given keys in the holder's name"
        }
    };
    (format!("{}.approvals_needed", table(workflow.request_type)), text.to_owned())
}

/// Adds where a request type is weaker than Enroll.
fn weaker(workflow: &Workflow, enroll: &Workflow, told: &mut Vec<Told>) {
    let request_type = workflow.request_type;
    let table = table(request_type);
    let mut say = |key: &str, text: String| told.push((format!("{table}.{key}"), text));
    let replaces = request_type.shows_old_key();
    let shown = workflow.passage.possession;
    if replaces && !shown {
        let text = "the old key need not be shown: whoever has the holder's bearer token, and every agent, can have a key \
                    of his own certified in the holder's name";
        say("possession", text.into());
    }
    let (needed, of_enroll) = (workflow.approvals_needed, enroll.approvals_needed);
    if needed < of_enroll && !(replaces && shown) {
        let text = format!("certificates are issued after {needed} approvals, where enroll wants {of_enroll}");
        say("approvals_needed", format!("{text}, and nothing makes up for them"));
    }
    let may_ask: Vec<&Principal> = enroll.initiators.iter().chain(&enroll.enrollment_agents).collect();
    let rows = [
        ("initiators", &workflow.initiators, may_ask),
        ("enrollment_agents", &workflow.enrollment_agents, enroll.enrollment_agents.iter().collect()),
        ("approvers", &workflow.approvers, enroll.approvers.iter().collect()),
    ];
    for (key, named, known) in rows {
        if let Some(wider) = named.iter().find(|named| !known.contains(named)) {
            say(key, format!("\"{wider}\" has a part in issuing in people's names here, and has none in enroll"));
        }
    }
}
