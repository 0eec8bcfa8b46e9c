//! Who has a certificate of the server's own CA, or a key of somebody's, comes in by it.

use super::site::{Shown, alter, by_certificate, bytes, certificate, curl, enrolled, site, software_key, uuid};
use crate::server::identity::restart;
use crate::server::support::{EXTENSION, Lab, Person, csr};
use crate::server::workflow::keyed::Brought;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cardwright::pkix::{Certificate, MemoryKey, Signer};
use serde_json::json;
use uuid::Uuid;

fn whoami(lab: &Lab, shown: (&Certificate, &MemoryKey)) -> Shown {
    by_certificate(lab, shown, "GET", &format!("{EXTENSION}/whoami"), None)
}

/// An approver and administrator, whose certificate the attacker had issued, and a request of the attacker's.
struct Duties {
    lab: Lab,
    anna: (Certificate, MemoryKey),
    approve: String,
}

fn duties(edit: impl Fn(String) -> String) -> Duties {
    let lab = site(edit);
    let boris = lab.user("boris", &["approvers"]);
    let anna = lab.user("anna", &["approvers", "administrators", "operators"]);
    let card = enrolled(&lab, &anna, &boris);
    let own = lab.enroll_request(&lab.user("mallory", &[]));
    Duties { lab, anna: (card.certificate, card.key), approve: format!("{EXTENSION}/requests/{own}/approve") }
}

#[test]
fn a_certificate_makes_nobody_approver_operator_or_administrator() {
    let Duties { lab, anna: (certificate, key), approve } = duties(|template| template);
    let shown = (&certificate, &key);
    let me = whoami(&lab, shown);
    assert_eq!((me.name(), &me.body["Duties"]), ((200, "anna"), &json!(null)));
    assert_eq!(by_certificate(&lab, shown, "POST", &approve, Some(json!({}))).code(), (404, "not-found"));
    let accounts = by_certificate(&lab, shown, "GET", &format!("{EXTENSION}/accounts"), None);
    assert_eq!(accounts.code(), (403, "forbidden"));
}

#[test]
fn nor_does_the_session_that_follows_it() {
    let Duties { mut lab, anna: (certificate, key), approve } = duties(|template| template);
    restart(&mut lab, "[identity.session]\nafter = [\"certificate\"]\n");
    let headers = whoami(&lab, (&certificate, &key)).headers;
    let cookie = headers.lines().find_map(|line| line.split_once("set-cookie: ")).unwrap().1.to_owned();
    let pair = cookie.split(';').next().unwrap();
    let path = format!("{EXTENSION}/whoami");
    let me = curl(&lab, &["--cookie", pair], "GET", &path, None);
    assert_eq!((me.name(), &me.body["Duties"]), ((200, "anna"), &json!(null)));
    assert_eq!(curl(&lab, &["--cookie", pair], "POST", &approve, Some(json!({}))).code(), (404, "not-found"));
}

#[test]
fn a_template_may_say_that_it_does() {
    let edit = |template: String| template.replace("bears_roles = false", "bears_roles = true");
    let Duties { lab, anna: (certificate, key), approve } = duties(edit);
    let shown = (&certificate, &key);
    assert_eq!(whoami(&lab, shown).body["Duties"], json!(["manage-users", "see-everything", "read-audit"]));
    assert_eq!(by_certificate(&lab, shown, "POST", &approve, Some(json!({}))).status, 200);
}

#[test]
fn a_session_loses_the_roles_that_its_template_gives_no_more() {
    let edit = |template: String| template.replace("bears_roles = false", "bears_roles = true");
    let Duties { mut lab, anna: (certificate, key), .. } = duties(edit);
    restart(&mut lab, "[identity.session]\nafter = [\"certificate\"]\n");
    let headers = whoami(&lab, (&certificate, &key)).headers;
    let cookie = headers.lines().find_map(|line| line.split_once("set-cookie: ")).unwrap().1.to_owned();
    let path = format!("{EXTENSION}/whoami");
    let me = |lab: &Lab| curl(lab, &["--cookie", cookie.split(';').next().unwrap()], "GET", &path, None);
    assert_eq!(me(&lab).body["Duties"], json!(["manage-users", "see-everything", "read-audit"]));
    lab.stop();
    for file in std::fs::read_dir(lab.data().join("templates")).unwrap().flatten() {
        let template = std::fs::read_to_string(file.path()).unwrap();
        // Servers of one database agree on a template by its version.
        let newer = template.replacen("\nversion = 1\n", "\nversion = 2\n", 1);
        std::fs::write(file.path(), newer.replace("bears_roles = true", "bears_roles = false")).unwrap();
    }
    lab.start();
    let left = me(&lab);
    assert_eq!((left.name(), &left.body["Duties"]), ((200, "anna"), &json!(null)));
}

#[test]
fn a_certificate_for_something_else_lets_nobody_in() {
    let purposes = "extended_key_usages = [\"clientAuth\", \"smartcardLogon\"]";
    let usages = "key_usages = [\"digitalSignature\"]";
    let came = |from: &str, to: &str| {
        let lab = site(|template| template.replace(from, to));
        let boris = lab.user("boris", &["approvers"]);
        let alice = lab.user("alice", &[]);
        let card = enrolled(&lab, &alice, &boris);
        whoami(&lab, (&card.certificate, &card.key))
    };
    for (from, to, why) in [
        (purposes, "extended_key_usages = [\"smartcardLogon\"]", "client authentication"),
        (purposes, "extended_key_usages = []", "client authentication"),
        (usages, "key_usages = [\"keyEncipherment\", \"nonRepudiation\"]", "digital signatures"),
    ] {
        let refused = came(from, to);
        // What TLS refuses by itself never comes to the server.
        if refused.status != 0 {
            assert_eq!(refused.code(), (403, "certificate-no-login"), "{to}");
            assert!(refused.body["Message"].as_str().unwrap().contains(why), "{} {to}", refused.body);
        }
    }
    assert_eq!(came(purposes, "extended_key_usages = [\"clientAuth\"]").name(), (200, "alice"), "and it needs no more");
}

#[test]
fn a_certificate_lets_nobody_in_before_its_request_is_completed() {
    let lab = site(|template| template.replacen("approvals_needed = 1", "approvals_needed = 0", 1));
    let alice = lab.user("alice", &[]);
    let request = lab.enroll_request(&alice);
    lab.assign(&alice, &request, Uuid::new_v4());
    let key = software_key();
    let certificate = certificate(&lab.certificatedata(&alice, &request, &csr(&key)).ok(), &key);
    assert_eq!(whoami(&lab, (&certificate, &key)).code(), (403, "certificate-no-login"));
    lab.complete(&alice, &request).ok();
    assert_eq!(whoami(&lab, (&certificate, &key)).name(), (200, "alice"));
}

/// Whoever executes a request is given the keys that the server makes; an agent may be that.
#[test]
fn a_key_that_the_server_made_lets_nobody_in() {
    let further = "[[additional_certificates]]\nkey = { generate = \"P-256\", generated_by = \"server\", pfx_rounds = 2000 }\n\
                   certificate = { template_name = \"Second\", key_usages = [\"digitalSignature\"], \
                   extended_key_usages = [\"clientAuth\"], validity_days = 30 }\n\n[revocation]\n";
    let edit = |template: String| {
        let template = template.replacen("\n[revocation]\n", &format!("\n{further}"), 1);
        template.replacen("approvals_needed = 1", "approvals_needed = 0", 1)
    };
    let lab = site(edit);
    let alice = lab.user("alice", &[]);
    let agent = lab.user("agent", &["operators"]);
    let request = lab.enroll_request(&alice);
    lab.assign(&agent, &request, Uuid::new_v4());
    let body = json!({
        "pfxpassword": crate::server::workflow::keyed::PASSWORD,
        "certificaterequests": [STANDARD.encode(csr(&software_key()))],
        "comments": "",
    });
    let path = format!("{}/requests/{request}/certificatedata", crate::server::support::API);
    let given = lab.post(&agent, &path, body).ok();
    lab.complete(&agent, &request).ok();
    let (key, certificate) = Brought::opened(&given[1]);
    assert_eq!(whoami(&lab, (&certificate, &key)).code(), (403, "certificate-no-login"));
}

/// What a database of earlier versions may hold: one key for two people, and a key that is compromised elsewhere.
#[test]
fn a_key_that_another_has_or_that_is_compromised_lets_nobody_in() {
    let lab = site(|template| template);
    let boris = lab.user("boris", &["approvers"]);
    let [alice, bob] = ["alice", "bob"].map(|name| lab.user(name, &[]));
    let (of_alice, of_bob) = (enrolled(&lab, &alice, &boris), enrolled(&lab, &bob, &boris));
    let (spare, of_key) = (enrolled(&lab, &alice, &boris), of_alice.key.public_key().sha256());
    let has_the_key = |whose: &Certificate, owner: &Person, reason: Option<u8>| {
        let revocation =
            reason.map_or("NULL, revocation_reason = NULL".into(), |reason| format!("1, revocation_reason = {reason}"));
        let key = bytes(&lab, &hex::encode(of_key));
        let (owner, serial) = (uuid(&lab, &owner.uuid.to_string()), bytes(&lab, &hex::encode(whose.serial_bytes())));
        alter(
            &lab,
            &format!(
                "UPDATE certificates SET public_key_sha256 = {key}, owner = {owner}, revoked_at = {revocation} \
                 WHERE serial = {serial}"
            ),
        );
    };
    let shown = (&of_alice.certificate, &of_alice.key);
    assert_eq!(whoami(&lab, shown).name(), (200, "alice"));
    has_the_key(&of_bob.certificate, &bob, None);
    assert_eq!(whoami(&lab, shown).code(), (403, "certificate-no-login"));
    has_the_key(&of_bob.certificate, &alice, None);
    assert_eq!(whoami(&lab, shown).name(), (200, "alice"));
    has_the_key(&spare.certificate, &alice, Some(1));
    assert_eq!(whoami(&lab, shown).code(), (403, "certificate-no-login"));
}
