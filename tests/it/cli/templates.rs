//! Template files: checked, imported from Microsoft's own bodies, and what their policies ask of people.

use super::{ENROLL, PIN};
use crate::support::program::{Program, end};
use crate::support::site::Site;
use cardwright::template::ProfileTemplate;
use serde_json::{Value, json};
use std::path::Path;

const EXAMPLE: &str = include_str!("../../../src/template/example.toml");
const UUID: &str = "2b7044cf-aa96-4911-b886-177947e9271b";

fn example() -> String {
    EXAMPLE.replace("@UUID@", UUID)
}

/// The example with all that it shows between marks put to use.
fn everything() -> String {
    let mut text = String::new();
    let mut shown = false;
    for line in example().lines() {
        shown |= line.starts_with("# data_items = [") || line.starts_with("# [");
        let used = line.strip_prefix("# ").filter(|line| {
            let looks = line.starts_with(['[', ']', ' ']) || line.contains(" = ");
            shown && looks && !line.contains("forgotten") && !line.starts_with("from:")
        });
        shown &= line.starts_with('#');
        text += used.unwrap_or(line);
        text += "\n";
    }
    text.replacen("data_items = []\n", "", 1)
}

#[test]
fn what_the_example_shows_can_be_used() {
    let template = ProfileTemplate::parse(Path::new("example.toml"), &everything()).unwrap();
    let enroll = &template.workflows()[0];
    assert_eq!((enroll.data_items.len(), enroll.documents.len()), (4, 1));
    assert_eq!(enroll.one_time_password.as_ref().unwrap().tries, 5);
}

#[test]
fn every_problem_is_told_with_its_place() {
    let program = Program::new();
    let good = program.write("good.toml", example());
    let told = program.json(["template", "check", &good]).done();
    assert_eq!((&told["problems"], &told["files"]), (&json!([]), &json!(1)));
    let wrong = example()
        .replacen("version = 1", "version = 0", 1)
        .replacen("hash = \"SHA256\"", "hash = \"MD5\"", 1)
        .replacen("validity_days = 365", "validity_days = 99999", 1)
        .replacen("allow_smartcard_reuse = false", "allow_reuse = false", 1)
        .replacen("default_priority = 0", "default_priority = 300", 1)
        .replacen("data_items = []", "data_items = [{ name = \"A\", kind = \"colour\" }]", 1)
        .replacen(
            "[workflows.renew]",
            "[workflows.enroll.one_time_password]\ndeliver = [\"pigeon\"]\n[workflows.renew]",
            1,
        )
        .replacen(
            "[workflows.unblock]\nself_service = true\ninitiators = [\"group:operators\"]",
            "[workflows.unblock]\ninitiators = [\"operators\"]",
            1,
        );
    let line_of = |start: &str| wrong.lines().position(|line| line.starts_with(start)).unwrap() + 1;
    let file = program.write("wrong.toml", &wrong);
    let ended = program.json(["template", "check", &file]);
    assert_eq!(ended.code, Some(2));
    let told: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(told["error"]["code"], "template-wrong");
    assert!(told["error"]["remedy"].as_str().unwrap().contains("problems"), "{told}");
    let problems = told["problems"].as_array().unwrap();
    let expected = [
        ("version", line_of("version = 0")),
        ("key.hash", line_of("hash = \"MD5\"")),
        ("certificate.validity_days", line_of("validity_days = 99999")),
        ("smartcard.allow_reuse", line_of("allow_reuse")),
        ("workflows.enroll.default_priority", line_of("default_priority = 300")),
        ("workflows.enroll.data_items", line_of("data_items = [{")),
        ("workflows.enroll.one_time_password.deliver", line_of("deliver = [\"pigeon\"]")),
        ("workflows.unblock.initiators", line_of("initiators = [\"operators\"]")),
    ];
    for (key, line) in expected {
        let found = problems.iter().any(|problem| problem["key"] == key && problem["line"] == line);
        assert!(found, "{key} in line {line} is not told: {problems:#?}");
    }
    assert_eq!(problems.len(), expected.len(), "{problems:#?}");
}

#[test]
fn what_looks_unintended_is_a_warning_and_a_directory_is_judged_whole() {
    let program = Program::new();
    let odd = example()
        .replacen("approvals_needed = 1", "approvals_needed = 2", 1)
        .replacen("approvers = [\"group:approvers\"]", "approvers = [\"user:alice\"]", 1)
        .replacen("[workflows.renew]\nself_service = true\ninitiators = [\"group:operators\"]\nenrollment_agents = [\"group:operators\"]", "[workflows.renew]", 1)
        .replacen("[workflows.retire]", "[workflows.enroll.one_time_password]\ndeliver = [\"smtp:target\", \"none\"]\n\n[workflows.retire]", 1);
    let directory = program.path("templates");
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("odd.toml"), odd).unwrap();
    let path = directory.display().to_string();
    let told = program.json(["template", "check", &path]).done();
    let warnings: Vec<&str> =
        told["warnings"].as_array().unwrap().iter().map(|warning| warning["message"].as_str().unwrap()).collect();
    for words in ["nobody can start this", "cannot be reached", "[smtp]", "reaches nobody before"] {
        assert!(warnings.iter().any(|warning| warning.contains(words)), "{words}: {warnings:?}");
    }
    std::fs::write(directory.join("same.toml"), example()).unwrap();
    let ended = program.text(["template", "check", &path]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.stdout.contains("the same uuid as"), "{ended:?}");
    program.json(["template", "check", "/nowhere"]).refused(2, "file-unreadable");
}

#[test]
fn microsofts_own_bodies_become_a_template() {
    let program = Program::new();
    let sample = |name: &str| {
        let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/mim-cm/samples");
        samples.join(name).display().to_string()
    };
    let policy = json!({
        "ApprovalsNeeded": 1, "AuthorizedApprover": ["group:officers"], "AuthorizedInitiator": "D:(A;;CR;;;BA)",
        "CollectComments": true, "DefaultRequestPriority": 3, "Documents": ["Receipt"], "Enabled": true,
        "PolicyDataCollection": [{"Name": "Reason"}], "SelfServiceEnabled": true, "RevocationOptions": {"Reason": 1},
    });
    let policy = format!("enroll={}", program.write("policy.json", policy.to_string()));
    let out = program.path("imported.toml").display().to_string();
    let views = sample("get-profile-templates-1.response.json");
    let (config, orders) =
        (sample("smartcard-config.json"), sample("get-certificate-request-generation-options-1.response.json"));
    let arguments = ["template", "import", &views, &config, &orders, &policy, "--out", &out];
    let told = program.json(arguments).done();
    let notes = told["notes"].to_string();
    for words in ["RevocationOptions", "access list of Windows", "Receipt", "SHA-1", "[subject] is a guess"] {
        assert!(notes.contains(words), "{words}: {notes}");
    }
    let text = std::fs::read_to_string(&out).unwrap();
    let template = ProfileTemplate::parse(Path::new(&out), &text).expect(&text);
    let views: Value = serde_json::from_slice(&std::fs::read(&views).unwrap()).unwrap();
    assert_eq!(template.uuid.to_string(), views[1]["Uuid"]);
    assert_eq!(template.name, views[1]["Name"]);
    let enroll = &template.workflows()[0];
    assert_eq!((enroll.approvals_needed, enroll.default_priority, enroll.data_items.len()), (1, 3, 1));
    let given: Value = serde_json::from_slice(&std::fs::read(&config).unwrap()).unwrap();
    let shown = json!(template.smartcard.unwrap());
    for key in ["UserPinOption", "DiversifyAdminKey", "DefaultAdminKeyHex", "ProviderName", "CertificateLabel"] {
        assert_eq!(shown[key], given[key], "{key}");
    }
    program.json(arguments).refused(2, "file-unwritable");
    program.json(["template", "import", &config]).refused(2, "import");
    let nonsense = program.write("nonsense.json", "{\"a\": 1}");
    program.json(["template", "import", &nonsense]).refused(2, "import");
}

#[test]
fn a_pin_the_server_proposes_is_told_once_and_holds() {
    let mut site = Site::with(|template| {
        template.replacen("user_pin_option = \"user-provided\"", "user_pin_option = \"server-proposed\"", 1)
    });
    site.person("alice", &[]);
    site.program.factory_token("card");
    let mut enroll = site.command("alice", PIN, &ENROLL);
    let done = end(enroll.env_remove("CARDWRIGHT_PIN").env_remove("CARDWRIGHT_NEW_PIN")).done();
    let pin = done["pin"].as_str().unwrap();
    assert!(pin.len() == 8 && pin.bytes().all(|byte| byte.is_ascii_digit()));
    assert_eq!(site.program.objects("card", pin), [1, 1, 1]);
    assert!(!site.log().contains(pin));
}

#[test]
fn a_one_time_password_goes_from_the_approver_to_the_card_at_the_command_line() {
    let mut site = Site::with(|template| {
        let table = "[workflows.enroll.one_time_password]\ndeliver = [\"display\"]\n\n[workflows.renew]";
        template.replacen("approvals_needed = 0", "approvals_needed = 1", 1).replacen("[workflows.renew]", table, 1)
    });
    site.person("alice", &[]);
    site.person("oscar", &["approvers"]);
    site.program.factory_token("card");
    let request = site.run("alice", PIN, &ENROLL).refused(7, "request-pending").request.unwrap();
    let approved = site.run("oscar", PIN, &["request", "approve", &request]).done();
    let password = approved["OneTimePassword"].as_str().unwrap().to_owned();
    site.run("alice", PIN, &ENROLL).refused(6, "one-time-password-needed");
    let again = site.run("oscar", PIN, &["request", "distribute", &request]).done();
    let next = again["OneTimePassword"].as_str().unwrap();
    for (password, right) in [(password.as_str(), false), (next, true)] {
        let mut prove = site.command("alice", PIN, &["request", "prove", &request]);
        let ended = end(prove.env("CARDWRIGHT_ONE_TIME_PASSWORD", password));
        if right {
            ended.done();
        } else {
            ended.refused(6, "one-time-password-wrong");
        }
    }
    site.run("alice", PIN, &ENROLL).done();
    assert_eq!(site.program.objects("card", PIN), [1, 1, 1]);
}
