//! A template whose certificates are good for more than their holder's own work: to speak for the CA, to come in as the
//! owner of a key that somebody else can open.

use cardwright::template::{ProfileTemplate, Report};
use std::path::Path;

use crate::support::template::of_curve;

const SHIPPED: &str = include_str!("../../../src/template/example.toml");
const PURPOSES: &str = "extended_key_usages = [\"clientAuth\", \"smartcardLogon\"]";

/// The shipped template with other purposes, and with this for `generated_by` and `archive`.
fn text(purposes: &str, source: &str) -> String {
    let text = SHIPPED.replace("@UUID@", "2b7044cf-aa96-4911-b886-177947e9271b");
    assert!(text.contains(PURPOSES));
    text.replace(PURPOSES, &format!("extended_key_usages = [{purposes}]"))
        .replacen("generated_by = \"client\"\n", "", 1)
        .replacen("archive = false\n", &format!("{source}\n"), 1)
}

/// The same, in a further certificate.
fn further(purposes: &str, source: &str) -> String {
    let table = format!(
        "[[additional_certificates]]\nkey = {{ generate = \"RSA-2048\", {source} }}\ncertificate = {{ template_name = \
         \"Further\", key_usages = [\"digitalSignature\"], extended_key_usages = [{purposes}], validity_days = 30 }}\n"
    );
    let text = SHIPPED.replace("@UUID@", "2b7044cf-aa96-4911-b886-177947e9271b");
    text.replacen("\n[revocation]\n", &format!("\n{table}\n[revocation]\n"), 1)
}

const CLIENT: &str = "generated_by = \"client\"";
const ARCHIVED: &str = "generated_by = \"server\"\narchive = true";

fn loads(text: &str) -> Result<ProfileTemplate, String> {
    ProfileTemplate::parse(Path::new("t.toml"), text).map_err(|wrong| wrong.to_string())
}

#[test]
fn no_holder_is_given_a_purpose_of_authorities() {
    for purpose in [
        "1.3.6.1.5.5.7.3.9",
        "1.3.6.1.4.1.311.20.2.1",
        "1.3.6.1.5.5.7.3.27",
        "1.3.6.1.5.5.7.3.28",
        "1.3.6.1.5.2.3.5",
        "1.3.6.1.4.1.311.21.5",
        "1.3.6.1.4.1.311.21.6",
    ] {
        let purposes = format!("\"clientAuth\", \"{purpose}\"");
        for text in [text(&purposes, CLIENT), further(&purposes, CLIENT)] {
            let refused = loads(&text).unwrap_err();
            assert!(refused.contains("no certificate of a person is for this"), "{purpose}: {refused}");
            let line = 1 + text.lines().position(|line| line.contains(purpose)).unwrap();
            let report = Report::of(Path::new("t.toml"), &text);
            assert_eq!(report.problems.first().map(|problem| problem.line), Some(line), "{:?}", report.problems);
        }
    }
    // The same number in another spelling is no object identifier at all.
    assert!(loads(&text("\"1.3.6.1.5.5.7.3.09\"", CLIENT)).unwrap_err().contains("object identifier"));
    assert!(loads(&text("\"clientAuth\", \"1.3.6.1.4.1.99999.1\"", CLIENT)).is_ok());
}

#[test]
fn an_archived_key_lets_nobody_in() {
    for purposes in ["\"clientAuth\"", "\"smartcardLogon\"", "\"pkinitClient\"", "\"anyExtendedKeyUsage\"", ""] {
        let archived = ARCHIVED.replace('\n', ", ");
        for text in [text(purposes, ARCHIVED), further(purposes, &archived)] {
            let refused = loads(&text).unwrap_err();
            assert!(refused.contains("archived key") || refused.contains("key that is archived"), "{refused}");
            let told = Report::of(Path::new("t.toml"), &text).problems;
            assert!(!told.is_empty() && told.iter().all(|problem| problem.problem.contains("archive")), "{told:?}");
        }
        assert!(loads(&text(purposes, CLIENT)).is_ok(), "{purposes}: a key of its owner's own");
    }
    assert!(loads(&text("\"emailProtection\"", ARCHIVED)).is_ok());
}

/// What is told of a text, as key and sentence.
fn warned(text: &str) -> Vec<String> {
    let report = Report::of(Path::new("t.toml"), text);
    assert!(report.problems.is_empty(), "{:?}", report.problems);
    report.warnings.iter().map(|told| format!("{}: {}", told.key, told.problem)).collect()
}

#[test]
fn what_looks_unintended_is_told() {
    let server = "generated_by = \"server\"";
    let all = |purposes: &str| text(purposes, CLIENT);
    let unsigned = all("\"smartcardLogon\"").replace("[\"digitalSignature\"", "[\"nonRepudiation\"");
    let curve = |usages: &str| {
        let text = of_curve(&all("\"clientAuth\""));
        set_line(&text, "key_usages = ", &format!("key_usages = [{usages}]"))
    };
    for (text, expected) in [
        (all("\"anyExtendedKeyUsage\""), "certificate.extended_key_usages: anyExtendedKeyUsage"),
        (all("\"2.5.29.37.0\""), "certificate.extended_key_usages: anyExtendedKeyUsage"),
        (all("\"serverAuth\""), "certificate.extended_key_usages: serverAuth"),
        (all(""), "certificate.extended_key_usages: there are none"),
        (unsigned, "certificate.extended_key_usages: smartcardLogon without digitalSignature"),
        (curve("\"digitalSignature\", \"keyEncipherment\""), "certificate.key_usages: a key on an elliptic curve"),
        (curve("\"digitalSignature\", \"dataEncipherment\""), "certificate.key_usages: a key on an elliptic curve"),
        (text("\"clientAuth\"", server), "certificate.extended_key_usages: the server makes this key"),
        (further("\"clientAuth\"", server), "additional_certificates: Further: extended_key_usages: the server makes"),
    ] {
        let told = warned(&text);
        assert!(told.iter().any(|told| told.starts_with(expected)), "{expected}: {told:?}");
    }
    let quiet = warned(&curve("\"digitalSignature\", \"keyAgreement\""));
    assert!(!quiet.iter().any(|told| told.contains("_usages")), "{quiet:?}");
}

/// A certificate that is to log on with Windows and cannot, and what nobody looks at.
#[test]
fn what_would_not_log_on_or_nobody_sees_is_told() {
    let plain = text("\"smartcardLogon\"", CLIENT);
    let bare = ["upn = ", "sid = "].iter().fold(plain.clone(), |text, key| {
        text.lines().filter(|line| !line.starts_with(key)).map(|line| format!("{line}\n")).collect()
    });
    let uri = bare.replacen("[key]", "uris = [\"tag:microsoft.com,2022-09-14:sid:{User!sid}\"]\n[key]", 1);
    let curve = of_curve(&plain);
    let capable =
        plain.replacen("validity_days = 365", "validity_days = 365\nsmime_capabilities = [\"aes256-CBC\"]", 1);
    let item = |approvals: &str| {
        let text = bare.replacen("[key]", "email = \"{Data!Mail?}\"\n[key]", 1);
        let text = set_line(&text, "approvals_needed = 1", &format!("approvals_needed = {approvals}"));
        text.replacen("data_items = []", "data_items = [{ name = \"Mail\", required = false }]", 1)
    };
    for (text, expected, is_told) in [
        (&bare, "subject: smartcardLogon without a UPN", true),
        (&bare, "subject: smartcardLogon without a security identifier", true),
        (&uri, "subject: smartcardLogon without a security identifier", false),
        (&curve, "key.generate: smartcardLogon with a key on an elliptic curve", true),
        (&capable, "certificate.smime_capabilities: without emailProtection", true),
        (&item("0"), "workflows.enroll.approvals_needed: nobody approves what {Data!Mail}", true),
        (&item("1"), "workflows.enroll.approvals_needed: nobody approves what {Data!Mail}", false),
    ] {
        let told = warned(text);
        assert_eq!(told.iter().any(|told| told.starts_with(expected)), is_told, "{expected}: {told:?}");
    }
}

/// Replaces the first line that begins so.
fn set_line(text: &str, begins: &str, line: &str) -> String {
    let old = text.lines().find(|line| line.starts_with(begins)).unwrap();
    text.replacen(old, line, 1)
}

#[test]
fn the_template_that_comes_with_a_server_gives_no_cause() {
    let shipped = SHIPPED.replace("@UUID@", "2b7044cf-aa96-4911-b886-177947e9271b");
    assert_eq!(warned(&shipped), [] as [&str; 0]);
    // The marked lines are the alternative, whole: only the policy that it needs is told.
    let told = warned(&of_curve(&shipped));
    assert!(told.len() == 1 && told[0].contains("Allow ECC certificates"), "{told:?}");
}
