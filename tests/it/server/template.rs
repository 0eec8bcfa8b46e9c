//! Profile templates: what is read, and where an error is said to be.

use cardwright::cm::request::RequestType;
use cardwright::template::{Hash, KeyFamily, LoadError, ProfileTemplate, Templates};
use std::path::Path;

const EXAMPLE: &str = include_str!("../../../src/template/example.toml");
const LOGON: &str = super::support::TEMPLATE;
const UUID: &str = "2b7044cf-aa96-4911-b886-177947e9271b";

fn logon() -> String {
    LOGON.replace("@UUID@", UUID)
}

fn refusal(text: &str) -> String {
    ProfileTemplate::parse(Path::new("logon.toml"), text).expect_err("refused").to_string()
}

#[test]
fn a_template_is_read() {
    let template = ProfileTemplate::parse(Path::new("logon.toml"), &logon()).unwrap();
    assert_eq!(template.uuid.to_string(), UUID);
    assert!(template.view().is_smartcard);
    let enroll = template.workflow(RequestType::Enroll).unwrap();
    assert!(enroll.enabled && enroll.self_service && enroll.approvals_needed == 0);
    assert_eq!(enroll.policy().authorized_approver, ["group:officers"]);
    assert!(template.workflow(RequestType::Recover).is_none());
    let options: Vec<_> = template.entries().map(|entry| entry.generation_options(&template.name)).collect();
    assert_eq!((options[0].key_algorithm_name.as_str(), options[0].key_size), ("ECDSA_P256", 256));
    assert_eq!(options[0].key_usages, 3);
    assert!(!template.key.allows_hash(Hash::Sha1));
    assert!(template.key.allows_hash(Hash::Sha512));
    assert_eq!(template.key.minimum(KeyFamily::Rsa), Some(2048));
    assert_eq!(template.key.minimum(KeyFamily::Ecdsa), Some(256));
    assert!(template.smartcard.unwrap().diversify_admin_key);
}

#[test]
fn what_a_new_directory_begins_with_is_read() {
    let text = EXAMPLE.replace("@UUID@", UUID);
    let template = ProfileTemplate::parse(Path::new("example.toml"), &text).unwrap();
    for offered in [RequestType::Enroll, RequestType::Renew, RequestType::Unblock, RequestType::Retire] {
        assert!(template.workflow(offered).is_some_and(|workflow| workflow.enabled), "{offered}");
    }
}

#[test]
fn further_certificates_are_read_and_wrong_ones_refused() {
    let with = |additional: &str| logon().replacen("\n[revocation]", &format!("\n{additional}\n[revocation]"), 1);
    let table = |key: &str, name: &str| {
        format!(
            "[[additional_certificates]]\nkey = {{ generate = \"P-256\"{key} }}\ncertificate = {{ template_name = \
             \"{name}\", key_usages = [\"keyAgreement\"], extended_key_usages = [\"emailProtection\"], validity_days = 30 }}\n"
        )
    };
    let good = with(&table(", generated_by = \"server\", archive = true", "Encryption"));
    let template = ProfileTemplate::parse(Path::new("logon.toml"), &good).unwrap();
    let archived: Vec<_> = template.entries().map(|entry| entry.is_archived()).collect();
    assert_eq!(archived, [false, true]);
    let many: String = (0..8).map(|number| table("", &format!("T{number}"))).collect();
    for (bad, reason) in [
        (table(", archive = true", "E"), "generated_by"),
        (table(", legacy_pfx = true", "E"), "generated_by"),
        (table(", pfx_rounds = 5000", "E"), "generated_by"),
        (table(", generated_by = \"server\", pfx_rounds = 1999", "E"), "between 2000 and 1000000 rounds"),
        (table(", generated_by = \"server\", pfx_rounds = 1000001", "E"), "between 2000 and 1000000 rounds"),
        (table(", generated_by = \"nobody\"", "E"), "`client` or `server`"),
        (table("", "SmartcardLogon"), "template_name of its own"),
        (table("", "E") + &table("", "E"), "template_name of its own"),
        (many, "at most 7"),
    ] {
        let message = refusal(&with(&bad));
        assert!(message.contains(reason), "{reason}: {message}");
    }
    let alone = logon() + "\n[workflows.recover_on_behalf]\ninitiators = [\"group:officers\"]\n";
    assert!(refusal(&alone).contains("only after an approval"));
    let released =
        logon().replacen("reset_on_retire = false", "reset_on_retire = false\nrelease_admin_key = [\"revoke\"]", 1);
    assert!(refusal(&released).contains("release_admin_key"));
}

/// The template with more in `[subject]`, and with these data items of Enroll, which one person approves.
fn named(subject: &str, items: &str) -> String {
    logon()
        .replacen("[key]", &format!("{subject}\n\n[key]"), 1)
        .replacen("data_items = []", &format!("data_items = [{items}]"), 1)
        .replacen("approvals_needed = 0", "approvals_needed = 1", 1)
        .replacen("[workflows.renew]\nself_service = true\n", "", 1)
}

#[test]
fn names_that_no_certificate_could_have_are_refused() {
    let item = "{ name = \"Login\", max_length = 40 }";
    for (subject, items, reason) in [
        ("ip_addresses = [\"10.0.0\"]", "", "neither an IP address"),
        ("ip_addresses = [\"10.0.0.{User!attribute.ip}\"]", "", "neither an IP address"),
        ("uris = [\"example.test/{User!name}\"]", "", "no URI with a scheme"),
        ("uris = [\"https://a b/{User!name}\"]", "", "no URI with a scheme"),
        ("uris = [\"{Data!Login}\"]", item, "no URI with a scheme"),
        ("uris = [\"tag:microsoft.com,2022-09-14:sid:{Data!Login}\"]", item, "only {User!sid} stands there"),
        ("uris = [\"TAG:microsoft.com,2022-09-14:sid:S-1-5-21-1\"]", "", "only {User!sid} stands there"),
        ("uris = [\"tag:microsoft.com,2022-09-14:sid:{User!attribute.sid}\"]", "", "only {User!sid} stands there"),
        ("sid = \"{Data!Login}\"", item, "no data item is a security identifier"),
        ("sid = \"S-1-5-x{User!attribute.rid}\"", "", "no security identifier"),
        ("dns_names = [\"pc {User!name}\"]", "", "no host name"),
        ("directory_names = [\"XX={User!name}\"]", "", "is unknown"),
        ("upn = \"{Data!Logon}\"", item, "subject.upn: no workflow that issues certificates collects"),
        ("upn = \"{Data!Logon?}\"", item, "no workflow that issues certificates collects"),
        ("upn = \"{Data!Login}\"", "{ name = \"Login\", stored = false }", "is not stored"),
        ("upn = \"{Data!Login}\"", "{ name = \"Login\", after_approval = true }", "may be given after an approval"),
        ("upn = \"{Data!Login}\"", "{ name = \"Login\", required = false }", "write {Data!Login?}"),
        ("email = \"{Data!Login}@example.test\"", "\"Login\"", "at most 256 characters, and this may have 269"),
        ("directory_names = [\"CN={Data!Login}, O=Example\"]", "\"Login\"", "a CN has at most 64 characters"),
        ("directory_names = [\"C={Data!Login}\"]", item, "a C has at most 2 characters"),
    ] {
        let message = refusal(&named(subject, items));
        assert!(message.contains(reason), "{subject} {items}: {message}");
    }
    let of_renew = named("email = \"{Data!Login}\"", item) + "\n[workflows.renew]\nself_service = true\n";
    assert!(refusal(&of_renew).contains("workflows.renew: no data item \"Login\" is collected"));
    let unseen = named("upn = \"{Data!Login}\"", item).replacen("approvals_needed = 1", "approvals_needed = 0", 1);
    assert!(refusal(&unseen).contains("workflows.enroll: a UPN that a data item writes needs an approval"));
    let unseen =
        named("dns_names = [\"{Data!Login}\"]", item).replacen("approvals_needed = 1", "approvals_needed = 0", 1);
    assert!(refusal(&unseen).contains("workflows.enroll: a host name that a data item writes needs an approval"));
    let additional = named("", "").replacen(
        "\n[revocation]",
        "\n[[additional_certificates]]\nkey = { generate = \"P-256\" }\nsubject = { name = \"CN={Data!Nothing}\" }\n\
         certificate = { template_name = \"E\", key_usages = [], extended_key_usages = [], validity_days = 3 }\n[revocation]",
        1,
    );
    assert!(refusal(&additional).contains("collects the data item \"Nothing\""));
    let capable = logon().replacen("validity_days = 365", "validity_days = 365\nsmime_capabilities = [\"DES\"]", 1);
    assert!(refusal(&capable).contains("certificate.smime_capabilities"));
    for (subject, items) in [
        ("uris = [\"tag:microsoft.com,2022-09-14:sid:{User!sid?}\", \"{User!attribute.page}\"]", ""),
        ("ip_addresses = [\"{User!attribute.ip}\", \"::1\"]", ""),
        ("upn = \"{Data!login}\"\nemails = [\"{Data!Login}\"]", item),
        ("upn = \"{User!upn?}\"\nsid = \"{User!sid?}\"\ndns_names = [\"*.{User!name}.test\"]", ""),
        (
            "directory_names = [\"CN={Data!Born},OU={Data!Unit}\"]",
            "{ name = \"Born\", kind = \"date\" }, { name = \"Unit\", kind = \"choice\", choices = [\"A\"] }",
        ),
    ] {
        let text = named(subject, items);
        ProfileTemplate::parse(Path::new("logon.toml"), &text).unwrap_or_else(|wrong| panic!("{subject}: {wrong}"));
    }
}

#[test]
fn errors_name_file_line_column_and_key() {
    let line = |text: &str| 1 + logon().lines().position(|line| line == text).unwrap();
    let cases = [
        ("version = 1", "version = \"one\"", "version", 11),
        ("version = 1", "version = 0", "version", 11),
        ("name = \"Smart card logon\"", "name = \"Smart card\u{200b} logon\"", "name", 8),
        ("kind = \"smartcard\"", "kind = \"paper\"", "kind", 8),
        ("name = \"CN={User!name}\"", "name = \"CN={User!phone}\"", "subject.name", 8),
        ("hash = \"SHA256\"", "hash = \"MD5\"", "key.hash", 8),
        ("validity_days = 365", "validity_days = 0", "certificate.validity_days", 17),
        ("validity_days = 365", "valid_days = 365", "certificate", 1),
        ("default_admin_key_hex = \"\"", "default_admin_key_hex = \"00\"", "smartcard.default_admin_key_hex", 25),
        ("default_value = \"\"", "default_value = \"12345\"", "smartcard.admin_pin_policy.default_value", 17),
        ("min_length = 6", "min_length = 17", "smartcard.user_pin_policy.min_length", 14),
        ("initiators = [\"group:officers\"]", "initiators = [\"officers\"]", "workflows.enroll.initiators", 15),
        ("default_priority = 0", "default_priority = 256", "workflows.enroll.default_priority", 20),
        ("enrollment_agent_required = false", "enrolment_agent_required = false", "workflows.enroll", 1),
    ];
    for (good, bad, key, column) in cases {
        let message = refusal(&logon().replacen(good, bad, 1));
        let place = format!("logon.toml:{}:{column}: {key}", line(good));
        // A missing or unknown key is told at its table or at the key itself: file and key path must be right anyhow.
        let precise = !bad.starts_with("valid_") && !bad.starts_with("enrolment_");
        if precise {
            assert!(message.starts_with(&format!("{place}: ")), "{place} <- {message}");
        } else {
            assert!(message.starts_with("logon.toml:") && message.contains(&format!(": {key}")), "{message}");
        }
    }
    assert!(refusal("name = ").starts_with("logon.toml:1:"));
}

#[test]
fn policies_nobody_could_fulfil_are_refused() {
    let text = logon().replacen("approvals_needed = 0", "approvals_needed = 1", 1).replacen(
        "approvers = [\"group:officers\"]",
        "approvers = []",
        1,
    );
    assert!(refusal(&text).contains("approvers names nobody"));
    let text = logon().replacen("enrollment_agent_required = false", "enrollment_agent_required = true", 1);
    assert!(refusal(&text).contains("enrollment_agents names nobody"));
    let text = logon()
        .replacen("generate = \"P-256\"", "generate = \"P-384\"", 1)
        .replace("minimum_size = 256", "minimum_size = 512");
    assert!(refusal(&text).contains("not among the allowed"));
    let text = logon().replacen("minimum_size = 2048", "minimum_size = 1024", 1);
    assert!(refusal(&text).contains("below 2048 bits"));
    let text = logon().replacen("kind = \"smartcard\"", "kind = \"software\"", 1);
    assert!(refusal(&text).contains("software template has no smart card"));
}

#[test]
fn a_directory_is_loaded_whole_or_not_at_all() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("a.toml"), logon()).unwrap();
    std::fs::write(directory.path().join("notes.txt"), "not a template").unwrap();
    let templates = Templates::load(directory.path()).unwrap();
    assert_eq!(templates.iter().count(), 1);
    assert!(templates.get(UUID.parse().unwrap()).is_some());
    std::fs::write(directory.path().join("b.toml"), logon()).unwrap();
    assert!(matches!(Templates::load(directory.path()), Err(LoadError::Twice { .. })));
    std::fs::write(directory.path().join("b.toml"), "nonsense").unwrap();
    assert!(matches!(Templates::load(directory.path()), Err(LoadError::Misplaced(_))));
    assert!(matches!(Templates::load(&directory.path().join("absent")), Err(LoadError::Unreadable { .. })));
}
