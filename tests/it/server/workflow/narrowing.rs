//! What an administrator takes out of the tables, and what he cannot add.

use super::course::*;
use crate::server::support::{EXTENSION, TEMPLATE, last_segment};
use cardwright::template::ProfileTemplate;
use std::path::Path;

#[test]
fn a_forbidden_transition_is_neither_offered_nor_made() {
    for kind in KINDS {
        let lab = lab(kind, "\n[lifecycle]\nforbid = [\"active -> suspended\", \"active -> disabled\"]\n", |text| text);
        let alice = lab.user("alice", &[]);
        let agent = lab.user("agent", &["agents"]);
        let held = enrolled(&lab, &alice);
        for workflow in ["Reinstate", "Revoke"] {
            assert!(create(&lab, &agent, held.body(workflow)).refusal().1.ends_with("-status"), "{kind} {workflow}");
        }
        let path = match &held.card {
            Some(card) => format!("{EXTENSION}/smartcards/{card}/requesttypes"),
            None => format!("{EXTENSION}/profiles/{}/requesttypes", held.profile),
        };
        let offered = lab.get(&agent, &path).ok();
        let names: Vec<_> = offered.as_array().unwrap().iter().map(|entry| entry["Type"].as_str().unwrap()).collect();
        assert!(!names.contains(&"Reinstate") && !names.contains(&"Revoke") && names.contains(&"Renew"), "{names:?}");
        // What follows from a replacement was not asked for.
        let request = last_segment(&create(&lab, &alice, held.body("Recover")).ok());
        issued(&lab, &alice, &request);
        assert_eq!(statuses(&lab, &alice, &held), (3, 3), "{kind}");
    }
}

#[test]
fn a_template_is_refused_where_it_would_widen_or_contradict() {
    let refusal = |more: &str| {
        let text = TEMPLATE.replace("@UUID@", "2b7044cf-aa96-4911-b886-177947e9271b") + more;
        ProfileTemplate::parse(Path::new("logon.toml"), &text).expect_err(more).to_string()
    };
    for (more, problem) in [
        (
            "\n[lifecycle]\nforbid = [\"retired -> active\"]",
            "lifecycle.forbid: no card or profile ever goes from Retired to Active",
        ),
        ("\n[lifecycle]\nforbid = [\"new -> active\"]", "no card or profile ever goes from New to Active"),
        ("\n[lifecycle]\nallow = []", "unknown field `allow`"),
        ("\n[workflows.retire.revocation]\nreason = \"bored\"", "reason of RFC 5280"),
        ("\n[workflows.unblock.revocation]\nrevoke_old = true", "leaves the certificates there are as they are"),
        ("\n[workflows.revoke.revocation]\nrevoke_old = false", "offer that"),
        ("\n[workflows.recover]\nreuse_card = true", "only a renewal may keep the card"),
        ("\n[workflows.recover]\nwindow_days = 3", "only Renew and OnlineUpdate have a window"),
        ("\n[workflows.recover]\nlifetime_hours = 3", "only temporary cards end by themselves"),
        ("\n[workflows.temporary_cards]\nlifetime_hours = 0", "between 1 and"),
        (
            "\n[workflows.recover_on_behalf]\nself_service = true\napprovals_needed = 1\napprovers = [\"group:officers\"]",
            "nobody recovers another person's keys by himself",
        ),
        ("\n[workflows.recover_on_behalf]\ninitiators = [\"group:agents\"]", "only after an approval"),
        ("\n[[loss_reasons]]\nname = \"lost\"\nrevoke = false\nreason = \"keyCompromise\"", "needs no reason"),
        (
            "\n[[loss_reasons]]\nname = \"a\"\nrevoke = true\n[[loss_reasons]]\nname = \"A\"\nrevoke = true",
            "a name of its own",
        ),
        ("\n[limits]\ncars = 1", "unknown field `cars`"),
    ] {
        let said = refusal(more);
        assert!(said.contains(problem), "{more}: {said}");
    }
}
