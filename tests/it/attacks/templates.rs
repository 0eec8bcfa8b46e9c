//! A template that guards Enroll and leaves another way to a certificate in the same name open.

use crate::support::program::Program;
use crate::support::site::{Site, set};
use cardwright::cm::request::RequestType::{self, *};
use cardwright::template::{Principal, ProfileTemplate, Report};
use std::path::Path;

/// A template with this table for Enroll, and these besides.
fn text(enroll: &str, others: &str) -> String {
    let shipped = include_str!("../../../src/template/example.toml");
    let head = shipped.split("[workflows.enroll]").next().unwrap();
    let uuid = "2b7044cf-aa96-4911-b886-177947e9271b";
    head.replace("@UUID@", uuid) + "[workflows.enroll]\ninitiators = [\"group:desk\"]\n" + enroll + "\n" + others
}

#[track_caller]
fn read(enroll: &str, others: &str) -> ProfileTemplate {
    ProfileTemplate::parse(Path::new("t.toml"), &text(enroll, others)).unwrap()
}

const TABLES: [(&str, RequestType); 6] = [
    ("renew", Renew),
    ("online_update", OnlineUpdate),
    ("recover", Recover),
    ("recover_on_behalf", RecoverOnBehalf),
    ("duplicate", Duplicate),
    ("temporary_cards", TemporaryCards),
];
const TWO: &str = "approvals_needed = 2\napprovers = [\"group:officers\"]";

#[test]
fn what_enroll_demands_is_demanded_by_every_type_that_issues() {
    let all: String =
        TABLES.iter().map(|(name, _)| format!("[workflows.{name}]\ninitiators = [\"group:desk\"]\n")).collect();
    let template = read(TWO, &format!("{all}[workflows.revoke]\ninitiators = [\"group:desk\"]\n"));
    for (name, request_type) in TABLES {
        let workflow = template.workflow(request_type).unwrap();
        assert_eq!(workflow.approvals_needed, 2, "{name}");
        assert_eq!(workflow.approvers, [Principal::Group("officers".into())], "{name}");
        assert!(workflow.enrollment_agents.is_empty(), "{name}: nobody is an agent who is not named");
    }
    assert_eq!(template.workflow(Revoke).unwrap().approvals_needed, 0, "it issues nothing");
    assert!(template.weaknesses().is_empty(), "{:?}", template.weaknesses());
}

#[test]
fn a_table_may_say_otherwise_and_its_own_approvers_count() {
    let own = "[workflows.renew]\napprovals_needed = 1\napprovers = [\"group:night\"]\n[workflows.duplicate]\n\
               approvals_needed = 3\n";
    let template = read(TWO, own);
    let of = |request_type| template.workflow(request_type).unwrap();
    assert_eq!((of(Renew).approvals_needed, &of(Renew).approvers), (1, &vec![Principal::Group("night".into())]));
    assert_eq!((of(Duplicate).approvals_needed, of(Duplicate).approvers.len()), (3, 1));
}

/// The keys of the file that are warned of.
fn keys(enroll: &str, others: &str) -> Vec<String> {
    read(enroll, others).weaknesses().into_iter().map(|(key, _)| key).collect()
}

#[test]
fn what_is_weaker_than_enroll_is_told() {
    let desk = "initiators = [\"group:desk\"]\n";
    for (name, request_type) in TABLES.iter().filter(|(_, request_type)| *request_type != RecoverOnBehalf) {
        let none = format!("[workflows.{name}]\n{desk}approvals_needed = 0\n");
        let shown = matches!(request_type, Renew | OnlineUpdate | Recover);
        let expected = if shown { vec![] } else { vec![format!("workflows.{name}.approvals_needed")] };
        assert_eq!(keys(TWO, &none), expected, "the old key makes up for approvals, and nothing else does");
        if shown {
            let without = format!("{none}possession = \"none\"\n");
            let both = ["possession", "approvals_needed"].map(|key| format!("workflows.{name}.{key}"));
            assert_eq!(keys(TWO, &without), both);
        }
        let disabled = format!("{none}enabled = false\n");
        assert!(keys(TWO, &disabled).is_empty(), "what is not offered harms nobody");
        for key in ["initiators", "enrollment_agents", "approvers"] {
            let wider = format!("[workflows.{name}]\n{key} = [\"group:everybody\"]\n");
            assert_eq!(keys(TWO, &wider), [format!("workflows.{name}.{key}")]);
        }
    }
}

#[test]
fn cards_that_need_not_be_there_are_told() {
    let absent = text(TWO, "").replacen("presence = \"demanded\"", "presence = \"none\"", 1);
    let told = |text: &str| {
        let template = ProfileTemplate::parse(Path::new("t.toml"), text).unwrap();
        template.weaknesses().into_iter().map(|(key, _)| key).collect::<Vec<_>>()
    };
    assert_eq!(told(&absent), ["smartcard.presence"]);
    let shared = absent.replacen("diversify_admin_key = true", "diversify_admin_key = false", 1);
    assert_ne!(shared, absent);
    assert!(told(&shared).is_empty(), "the server has no secret of theirs to tell");
}

#[test]
fn a_check_of_the_file_names_the_line() {
    let weak = text(TWO, "[workflows.duplicate]\ninitiators = [\"group:desk\"]\napprovals_needed = 1\n");
    let report = Report::of(Path::new("weak.toml"), &weak);
    let told = report.warnings.iter().find(|told| told.key == "workflows.duplicate.approvals_needed").unwrap();
    let line = 1 + weak.lines().position(|line| line == "approvals_needed = 1").unwrap();
    assert_eq!(told.line, line, "{told}");
    let shipped =
        include_str!("../../../src/template/example.toml").replace("@UUID@", &uuid::Uuid::new_v4().to_string());
    let shipped = Report::of(Path::new("example.toml"), &shipped).template.unwrap();
    assert!(shipped.weaknesses().is_empty(), "{:?}", shipped.weaknesses());
}

#[test]
fn a_template_without_a_key_that_can_be_shown_is_warned_of_where_nobody_approves() {
    let shipped =
        include_str!("../../../src/template/example.toml").replace("@UUID@", &uuid::Uuid::new_v4().to_string());
    let (from, to) = (shipped.find("key_usages = [").unwrap(), shipped.find("validity_days").unwrap());
    let usages = "key_usages = [\"keyEncipherment\"]\nextended_key_usages = [\"emailProtection\"]\n";
    let text = format!("{}{usages}{}", &shipped[..from], &shipped[to..]).replace("\"P-256\"", "\"RSA-2048\"");
    let told = |text: &str| {
        let template = ProfileTemplate::parse(Path::new("t.toml"), text).expect(text);
        template.weaknesses().into_iter().filter(|(key, _)| key.ends_with("approvals_needed")).collect::<Vec<_>>()
    };
    let keys = |told: &[(String, String)]| told.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>();
    let first = told(&text);
    assert_eq!(keys(&first), ["workflows.online_update.approvals_needed", "workflows.renew.approvals_needed"]);
    assert!(first.iter().all(|(_, text)| text.contains("no old key can be shown")), "{first:?}");
    let open = told(&text.replacen("approvals_needed = 1", "approvals_needed = 0", 1));
    let enroll = open.iter().find(|(key, _)| key == "workflows.enroll.approvals_needed").unwrap();
    assert!(enroll.1.contains("holder's bearer token"), "{enroll:?}");
    assert!(
        told(&shipped).is_empty() && told(&text.replace("approvals_needed = 0", "approvals_needed = 1")).is_empty()
    );
}

#[test]
fn possession_and_grace_are_read_and_wrong_ones_refused() {
    let template = read(TWO, "[workflows.renew]\n[workflows.recover]\npossession = \"none\"\ngrace_days = 30\n");
    let passage = |request_type| template.workflow(request_type).unwrap().passage;
    assert_eq!((passage(Renew).possession, passage(Renew).grace.whole_days()), (true, 0));
    assert_eq!((passage(Recover).possession, passage(Recover).grace.whole_days()), (false, 30));
    for (wrong, why) in [
        ("[workflows.renew]\npossession = \"perhaps\"", "\"demanded\""),
        ("[workflows.duplicate]\npossession = \"none\"", "have an old key"),
        ("[workflows.retire]\ngrace_days = 3", "have an old key"),
        ("[workflows.renew]\ngrace_days = 366", "at most 365 days"),
    ] {
        let refused = ProfileTemplate::parse(Path::new("t.toml"), &text(TWO, wrong)).unwrap_err().to_string();
        assert!(refused.contains(why), "{refused}");
    }
}

#[test]
fn what_is_imported_from_mim_shows_the_old_key_and_says_where_it_is_weak() {
    let policy = |needed: u32| {
        let policy = serde_json::json!({
            "ApprovalsNeeded": needed, "AuthorizedApprover": ["group:officers"], "Enabled": true,
            "SelfServiceEnabled": true, "PolicyDataCollection": [],
        });
        policy.to_string()
    };
    let program = Program::new();
    let sample = |name: &str| format!("{}/tests/data/mim-cm/samples/{name}", env!("CARGO_MANIFEST_DIR"));
    let out = program.path("imported.toml").display().to_string();
    let mut arguments = vec!["template".into(), "import".into(), sample("get-profile-templates-1.response.json")];
    arguments.extend([
        sample("smartcard-config.json"),
        sample("get-certificate-request-generation-options-1.response.json"),
    ]);
    for (name, needed) in [("enroll", 1), ("renew", 0), ("duplicate", 0)] {
        arguments.push(format!("{name}={}", program.write(&format!("{name}.json"), policy(needed))));
    }
    arguments.extend(["--out".into(), out.clone()]);
    let notes = program.json(arguments).done()["notes"].to_string();
    assert!(notes.contains("workflows.renew.possession: clients that know MIM CM alone"), "{notes}");
    assert!(notes.contains("workflows.duplicate.approvals_needed: certificates are issued after 0"), "{notes}");
    let text = std::fs::read_to_string(&out).unwrap();
    let template = ProfileTemplate::parse(Path::new(&out), &text).expect(&text);
    assert!(template.workflow(Renew).unwrap().passage.possession);
}

#[test]
fn the_servers_start_warns_of_it() {
    let table = "[workflows.renew]";
    let site = Site::with(|template| set(template, table, "possession", "\"none\""));
    assert!(site.log().contains("the old key need not be shown"), "{}", site.log());
    let site = Site::with(|template| set(template, "[certificate]", "bears_roles", "true"));
    assert!(site.log().contains("certificate.bears_roles"), "{}", site.log());
    assert!(!Site::new().log().contains("issues by less"));
}
