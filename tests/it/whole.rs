//! The whole job through the program, a server process and SoftHSM: enroll, unblock, renew, retire.

mod answers;
mod backup;
mod binding;
mod calls;
pub mod cards;
mod domain;
mod flushes;
mod going_on;
mod guides;
mod instances;
mod kerberos;
mod kill;
mod load;
mod nameless;
mod p11_kit;
mod pkinit;
mod requests;
mod tpm;

use cardwright::pkix::{CertificationRequest, cmc};
use serde_json::{Value, json};

use crate::support::program::{DEFAULT_SO_PIN, Ended, Program, end};
use crate::support::site::{API, Site, approval, keys, pkcs7, set};
use crate::support::softhsm;

const PIN: &str = "271828";
const NEW_PIN: &str = "314159";
const ENROLL: [&str; 3] = ["enroll", "--label", "card"];

/// The names of an object's members, in order.
#[track_caller]
fn members(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// Asserts that a request's card has the certificate that was issued for `csr`, and no other.
#[track_caller]
fn lists_the_leaf_alone(site: &Site, who: &str, request: &Value, csr: &[u8], issued: &Value) {
    let card = request["NewSmartcardUuid"].as_str().unwrap();
    let listed = site.get(who, &format!("{API}/smartcards/{card}/certificates")).ok();
    let key = CertificationRequest::from_der(csr).unwrap();
    let leaf = cmc::read(&pkcs7(issued)).unwrap().leaf_for(key.public_key()).unwrap().serial();
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
    assert_eq!(listed[0]["SerialNumber"], leaf);
}

/// Sets a PIN with the factory's SO PIN and other people's tool.
fn set_pin_by_factory_so_pin(program: &Program, label: &str) -> Ended {
    program.pkcs11_tool(
        label,
        &["--login", "--login-type", "so", "--so-pin", DEFAULT_SO_PIN, "--init-pin", "--new-pin", "161803"],
    )
}

fn revoked(site: &Site, who: &str, serial: &str) -> bool {
    let crl = site.write_crl(who);
    let told = end(site.program.other("openssl").args(["crl", "-noout", "-text", "-in"]).arg(crl));
    assert!(told.success(), "{told:?}");
    told.stdout.contains(&format!("Serial Number: {}", serial.to_uppercase()))
}

#[track_caller]
fn certificate(document: &Value) -> &Value {
    let [certificate] = document["certificates"].as_array().unwrap().as_slice() else { panic!("{document}") };
    assert_eq!(members(certificate), ["key_id", "label", "subject", "serial_number", "not_after"]);
    certificate
}

/// Enrolls alice's fresh token with the approval of a second person.
fn enroll(site: &Site) -> Value {
    let program = &site.program;
    program.factory_token("spare");
    assert!(set_pin_by_factory_so_pin(program, "spare").success());
    let before = program.token_files();
    let pending = site.run("alice", PIN, &ENROLL).refused(7, "request-pending");
    assert!(pending.message.contains("one approval"), "{pending:?}");
    assert_eq!(site.run("alice", PIN, &ENROLL).refused(7, "request-pending").request, pending.request);
    assert!(program.token_files() == before, "the token was touched");
    let request = pending.request.unwrap();
    assert_eq!(program.journal().len(), 1);
    assert!(program.journal()[0].contains(&request));

    let approved = site.run("oscar", PIN, &["request", "approve", &request, "--comment", "badge seen"]).done();
    assert_eq!((&approved["request"], &approved["status"]), (&json!(request), &json!("Approved")));

    let done = site.run("alice", PIN, &ENROLL).done();
    assert_eq!(members(&done), ["request", "smartcard", "certificates"]);
    assert_eq!(done["request"], request);
    assert_eq!(certificate(&done)["subject"], "CN=alice");
    assert_eq!(program.objects("card", PIN), [1, 1, 1]);
    assert!(program.journal().is_empty());
    let refused = set_pin_by_factory_so_pin(program, "card");
    assert!(!refused.success() && refused.stderr.contains("CKR_PIN_INCORRECT"), "{refused:?}");
    done
}

fn unblock(site: &Site) {
    let done = site.run("alice", NEW_PIN, &["unblock", "--label", "card"]).done();
    assert_eq!(members(&done), ["request", "smartcard"]);
    let old = site.program.pkcs11_tool("card", &["--login", "--pin", PIN, "--list-objects"]);
    assert!(!old.success() && old.stderr.contains("CKR_PIN_INCORRECT"), "{old:?}");
    assert_eq!(site.program.objects("card", NEW_PIN), [1, 1, 1]);
}

fn renew(site: &Site, first: &Value, old_key_decrypts: bool) -> Value {
    let done = site.run("alice", NEW_PIN, &["renew", "--label", "card"]).done();
    assert_eq!(members(&done), ["request", "smartcard", "certificates", "old_keys"]);
    assert_eq!(done["smartcard"], first["smartcard"]);
    let (old, new) = (certificate(first), certificate(&done));
    assert_ne!(old["key_id"], new["key_id"]);
    assert_ne!(old["serial_number"], new["serial_number"]);
    assert_eq!(done["old_keys"], json!([{ "key_id": old["key_id"], "removed": !old_key_decrypts }]));
    let expected = if old_key_decrypts { [2, 2, 2] } else { [1, 1, 1] };
    assert_eq!(site.program.objects("card", NEW_PIN), expected);
    done
}

fn retire(site: &Site, renewed: &Value) {
    let serial = certificate(renewed)["serial_number"].as_str().unwrap();
    assert!(!revoked(site, "alice", serial));
    let done = site.run("alice", NEW_PIN, &["retire", "--label", "card", "--yes"]).done();
    assert_eq!(members(&done), ["request", "smartcard", "removed_keys", "keys_left", "keys_unclear"]);
    assert_eq!(done["keys_left"], json!([]));
    assert!(done["removed_keys"].as_array().unwrap().contains(&certificate(renewed)["key_id"]));
    assert_eq!(site.program.objects("card", NEW_PIN), [0, 0, 0]);
    assert!(revoked(site, "alice", serial));
    let again = site.run("alice", NEW_PIN, &["renew", "--label", "card"]).told();
    assert_eq!((again.exit, again.code.as_str()), (6, "card-not-active"), "{again:?}");
}

fn life(algorithm: &str, usages: &str, old_key_decrypts: bool) {
    let mut site = Site::with(|template| {
        let template = set(keys(approval(template), algorithm), "[certificate]", "key_usages", usages);
        // A key that mail may be sealed for is kept at a renewal.
        set(template, "[certificate]", "extended_key_usages", r#"["clientAuth", "emailProtection"]"#)
    });
    site.person("alice", &[]);
    site.person("oscar", &["approvers"]);
    site.program.factory_token("card");
    let first = enroll(&site);
    unblock(&site);
    let renewed = renew(&site, &first, old_key_decrypts);
    retire(&site, &renewed);

    let requests = site.run("alice", PIN, &["request", "list"]).done();
    let requests = requests.as_array().unwrap();
    let mut kinds: Vec<_> = requests.iter().map(|request| request["type"].as_str().unwrap()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["Enroll", "Renew", "Retire", "Unblock"]);
    assert!(requests.iter().all(|request| request["status"] == "Completed"), "{requests:?}");
    site.stop_server();
}

#[test]
fn a_token_lives_and_dies_with_p256() {
    life("P-256", r#"["digitalSignature"]"#, false);
}

#[test]
fn a_token_lives_and_dies_with_rsa() {
    life("RSA-2048", r#"["digitalSignature", "keyEncipherment"]"#, true);
}

#[test]
fn a_token_that_keeps_the_so_pin_it_came_with_is_unblocked_by_it() {
    let mut site = Site::with(|template| set(template, "[smartcard]", "diversify_admin_key", "false"));
    site.person("alice", &[]);
    site.program.factory_token("card");
    site.run("alice", PIN, &ENROLL).done();
    let done = site.run("alice", NEW_PIN, &["unblock", "--label", "card"]).done();
    assert_eq!(site.program.objects("card", NEW_PIN), [1, 1, 1]);
    let shown = site.run("alice", PIN, &["request", "show", done["request"].as_str().unwrap()]).done();
    assert_eq!(shown["status"], "Completed");
    assert!(site.program.journal().is_empty());
}

#[test]
fn nobody_decides_for_himself_or_enrolls_the_card_of_another() {
    let mut site = Site::with_approval();
    for (name, groups) in [("alice", &["approvers"][..]), ("oscar", &["approvers"]), ("mallory", &[])] {
        site.person(name, groups);
    }
    site.program.factory_token("card");
    let before = site.program.token_files();
    let request = site.run("alice", PIN, &ENROLL).refused(7, "request-pending").request.unwrap();
    let refused = |who: &str, arguments: &[&str], code: &str| {
        site.run(who, PIN, arguments).refused(6, code);
    };
    refused("alice", &["request", "approve", &request], "self-approval");
    // To mallory the request does not exist, whatever she tries.
    for act in ["show", "approve", "deny", "cancel"] {
        refused("mallory", &["request", act, &request], "not-found");
    }
    assert_eq!(site.run("mallory", PIN, &["request", "list"]).done(), json!([]));
    site.run("oscar", PIN, &["request", "approve", &request]).done();
    let mut mallory = site.command("mallory", PIN, &["enroll", "--label", "card", "--request", &request]);
    end(mallory.env("CARDWRIGHT_STATE", site.program.path("mallory"))).refused(6, "not-found");
    let unknown = site.run("mallory", PIN, &["enroll", "--label", "card", "--target", "alice"]).told();
    assert_eq!(unknown.exit, 6, "{unknown:?}");
    assert!(site.program.token_files() == before, "the token was touched");
    site.run("alice", PIN, &ENROLL).done();
    // The card is alice's now: mallory can neither renew, unblock nor retire it.
    for command in
        [&["renew", "--label", "card"][..], &["unblock", "--label", "card"], &["retire", "--label", "card", "--yes"]]
    {
        let mut mallory = site.command("mallory", PIN, command);
        let told = end(mallory.env("CARDWRIGHT_STATE", site.program.path("mallory"))).told();
        assert_eq!((told.exit, told.code.as_str()), (6, "card-unknown"), "{told:?}");
    }
    assert_eq!(site.program.objects("card", PIN), [1, 1, 1]);
}

#[test]
fn the_demo_shows_it_all_and_cleans_up() {
    let program = Program::new();
    let left_behind = || {
        let entries = std::fs::read_dir("/dev/shm").into_iter().flatten().flatten();
        entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("cardwright-demo-")).count()
    };
    let before = left_behind();
    let told = program.json(["demo"]).done();
    assert_eq!(members(&told), ["steps", "seconds"]);
    assert_eq!(told["steps"].as_array().unwrap().len(), 10);
    assert!(told["steps"].as_array().unwrap().iter().all(|step| members(step) == ["what", "seconds"]));
    assert_eq!(left_behind(), before);
    let absent = program.json(["demo", "--module", "/nowhere.so"]).refused(2, "demo-tools");
    assert!(absent.remedy.contains("make demo"), "{absent:?}");
    assert!(std::path::Path::new(softhsm::MODULE).exists());
}
