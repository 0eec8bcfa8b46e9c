//! Several certificates, keys made by the server, the archive and its agents.

use super::support::{API, EXTENSION, Lab, Person, csr, new_csr};
use crate::support::certificates::certificate_for;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cardwright::pkix::{Certificate, KeyAlgorithm, MemoryKey, Signer, cmc, pfx};
use cardwright::server::RunningServer;
use serde_json::{Value, json};
use std::process::Command;
use uuid::Uuid;

const ENCRYPTION: &str = r#"
[[additional_certificates]]
key = { generate = "RSA-2048", generated_by = "server", pfx_rounds = 2000, archive = true }
certificate = { template_name = "Encryption", key_usages = ["keyEncipherment"], extended_key_usages = ["emailProtection"], validity_days = 30 }

[[additional_certificates]]
key = { generate = "P-256" }
certificate = { template_name = "Signing", key_usages = ["digitalSignature", "nonRepudiation"], extended_key_usages = ["emailProtection"], validity_days = 30 }

[revocation]"#;

/// Signing keys on the card, an encryption key that is archived.
fn lab() -> Lab {
    lab_with(ENCRYPTION)
}

fn lab_with(additional: &str) -> Lab {
    let additional = additional.to_owned();
    Lab::plain(move |template| template.replacen("\n[revocation]", &additional, 1))
}

fn data(lab: &Lab, person: &Person, request: &str, csrs: &[Vec<u8>], password: &str) -> super::support::Answer {
    let requests: Vec<_> = csrs.iter().map(|csr| STANDARD.encode(csr)).collect();
    let body = json!({"pfxpassword": password, "certificaterequests": requests, "comments": ""});
    lab.post(person, &format!("{API}/requests/{request}/certificatedata"), body)
}

fn bytes(text: &Value) -> Vec<u8> {
    let text: String = text.as_str().unwrap().chars().filter(|c| !c.is_whitespace()).collect();
    STANDARD.decode(text).unwrap()
}

fn begun(lab: &Lab, person: &Person) -> String {
    let request = lab.enroll_request(person);
    lab.assign(person, &request, Uuid::new_v4());
    request
}

#[test]
fn one_call_brings_all_certificates() {
    let lab = lab();
    let alice = lab.user("alice", &[]);
    let request = begun(&lab, &alice);
    let options = lab.get(&alice, &format!("{API}/requests/{request}/certificaterequestgenerationoptions")).ok();
    assert_eq!(options.as_array().unwrap().len(), 2);
    assert_eq!((&options[0]["KeyUsages"], &options[1]["KeyUsages"]), (&json!(3), &json!(2)));
    let keys = [0; 2].map(|_| MemoryKey::generate(KeyAlgorithm::P256).unwrap());
    let csrs = keys.each_ref().map(csr);
    let issued = data(&lab, &alice, &request, &csrs, "a password").ok();
    let names: Vec<_> =
        issued.as_array().unwrap().iter().map(|it| it["TemplateCommonName"].as_str().unwrap()).collect();
    assert_eq!(names, ["SmartcardLogon", "Encryption", "Signing"]);
    for (answer, key) in [(&issued[0], &keys[0]), (&issued[2], &keys[1])] {
        assert_eq!((&answer["isPkcs7"], &answer["isPfx"], &answer["Pfx"]), (&json!(true), &json!(false), &Value::Null));
        let response = cmc::read(&bytes(&answer["Pkcs7"])).unwrap();
        response.leaf_for(key.public_key()).unwrap();
    }
    let server = &issued[1];
    assert_eq!(
        (&server["isServerGenerated"], &server["isPfx"], &server["isPkcs7"]),
        (&json!(true), &json!(true), &json!(false))
    );
    assert_eq!(
        (&server["IsExternal"], &server["isKeyHistory"], &server["Pkcs7"]),
        (&json!(false), &json!(false), &Value::Null)
    );
    let (key, chain) = pfx::read(&bytes(&server["Pfx"]), "a password").unwrap();
    assert!(chain[0].is_for(key.public_key()));
    chain[0].verify_issued_by(&chain[1]).unwrap();
    // Once more: the very same PKCS#7, and the same key under whatever password is given now.
    let again = data(&lab, &alice, &request, &csrs, "other words").ok();
    assert_eq!((&again[0], &again[2]), (&issued[0], &issued[2]));
    let (same, same_chain) = pfx::read(&bytes(&again[1]["Pfx"]), "other words").unwrap();
    assert_eq!((same.expose_pkcs8(), &same_chain), (key.expose_pkcs8(), &chain));
    // Other keys, the same in another order, or fewer.
    assert_eq!(
        data(&lab, &alice, &request, &[new_csr(), new_csr()], "words for x").refusal(),
        (409, "already-issued".into())
    );
    let [first, second] = csrs.clone();
    assert_eq!(
        data(&lab, &alice, &request, &[second, first.clone()], "words for x").refusal(),
        (409, "already-issued".into())
    );
    assert_eq!(data(&lab, &alice, &request, &[first], "words for x").refusal(), (400, "csr-count".into()));
    lab.complete(&alice, &request).ok();
}

#[test]
fn what_cannot_be_answered_whole_is_refused_whole() {
    let lab = lab();
    let alice = lab.user("alice", &[]);
    let request = begun(&lab, &alice);
    let csrs = [new_csr(), new_csr()];
    assert_eq!(data(&lab, &alice, &request, &csrs, "").refusal(), (400, "pfx-password".into()));
    for weak in ["😀", "seven..", "12345678", "aaaaaaaaaaaa", "abcabcabc"] {
        assert_eq!(data(&lab, &alice, &request, &csrs, weak).refusal(), (400, "pfx-password".into()), "{weak}");
    }
    assert_eq!(
        data(&lab, &alice, &request, &[csrs[0].clone(), csrs[0].clone()], "words for x").refusal(),
        (400, "key-repeated".into())
    );
    assert_eq!(data(&lab, &alice, &request, &csrs[..1], "words for x").refusal(), (400, "csr-count".into()));
    assert_eq!(data(&lab, &alice, &request, &[], "words for x").refusal(), (400, "csr-count".into()));
    let mut spoilt = csrs[1].clone();
    *spoilt.last_mut().unwrap() ^= 1;
    assert_eq!(data(&lab, &alice, &request, &[csrs[0].clone(), spoilt], "words for x").refusal().0, 400);
    assert_eq!(lab.get(&alice, &format!("{API}/certificates")).status, 204);
    data(&lab, &alice, &request, &csrs, "words for x").ok();
    assert_eq!(lab.get(&alice, &format!("{API}/certificates")).ok().as_array().unwrap().len(), 3);
}

#[test]
fn a_key_that_is_not_archived_ends_with_its_request() {
    let lab = lab_with(&ENCRYPTION.replace(", archive = true", ", legacy_pfx = true"));
    let alice = lab.user("alice", &[]);
    let request = begun(&lab, &alice);
    let csrs = [new_csr(), new_csr()];
    let issued = data(&lab, &alice, &request, &csrs, "words for x").ok();
    data(&lab, &alice, &request, &csrs, "words for x").ok();
    let file = lab.directory.path().join("legacy.p12");
    std::fs::write(&file, bytes(&issued[1]["Pfx"])).unwrap();
    let info = Command::new("openssl")
        .args(["pkcs12", "-info", "-noout", "-passin", "pass:words for x", "-in"])
        .arg(&file)
        .output();
    assert!(String::from_utf8_lossy(&info.unwrap().stderr).contains("TripleDES"));
    assert_eq!(archived(&lab).len(), 1);
    lab.complete(&alice, &request).ok();
    assert!(archived(&lab).is_empty());
}

/// What lies in the archive.
fn archived(lab: &Lab) -> Vec<Vec<u8>> {
    let database = rusqlite::Connection::open(lab.data().join("cardwright.db")).unwrap();
    let mut statement = database.prepare("SELECT sealed FROM archived_keys").unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn an_agent_opens_the_archive_with_openssl() {
    let mut lab = lab();
    let agents = [KeyAlgorithm::Rsa2048, KeyAlgorithm::P256].map(|algorithm| MemoryKey::generate(algorithm).unwrap());
    lab.stop();
    for (number, agent) in agents.iter().enumerate() {
        let certificate = Certificate::from_der(&certificate_for(agent.public_key(), "agent")).unwrap();
        std::fs::write(lab.data().join(format!("agent{number}.pem")), certificate.to_pem()).unwrap();
        std::fs::write(lab.data().join(format!("agent{number}.der")), agent.expose_pkcs8()).unwrap();
    }
    let settings = lab.data().join("server.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    std::fs::write(&settings, text + "\n[recovery]\nagents = [\"agent0.pem\", \"agent1.pem\"]\n").unwrap();
    lab.start();
    let alice = lab.user("alice", &[]);
    let request = begun(&lab, &alice);
    let issued = data(&lab, &alice, &request, &[new_csr(), new_csr()], "words for x").ok();
    let (key, _) = pfx::read(&bytes(&issued[1]["Pfx"]), "words for x").unwrap();
    let [sealed] = archived(&lab).try_into().unwrap();
    std::fs::write(lab.data().join("sealed.der"), sealed).unwrap();
    for number in 0..agents.len() {
        let mut decrypt = Command::new("openssl");
        decrypt.args(["cms", "-decrypt", "-inform", "DER", "-in", "sealed.der", "-keyform", "DER"]);
        decrypt.arg("-recip").arg(format!("agent{number}.pem")).arg("-inkey").arg(format!("agent{number}.der"));
        let output = decrypt.current_dir(lab.data()).output().unwrap();
        assert_eq!(output.stdout, key.expose_pkcs8(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn agents_that_cannot_be_read_stop_the_start() {
    let mut lab = lab();
    lab.stop();
    let settings = lab.data().join("server.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    let weak = rcgen_weak();
    std::fs::write(lab.data().join("weak.pem"), weak).unwrap();
    for name in ["nobody.pem", "server.toml", "weak.pem"] {
        std::fs::write(&settings, format!("{text}\n[recovery]\nagents = [\"{name}\"]\n")).unwrap();
        let error = start_error(&lab);
        assert!(error.contains("archived"), "{name}: {error}");
    }
}

fn start_error(lab: &Lab) -> String {
    match cardwright::server::Server::start(lab.config()) {
        Ok(server) => {
            let _: RunningServer = server;
            panic!("it started")
        }
        Err(error) => error.to_string(),
    }
}

/// A certificate for an RSA key of 1024 bits.
fn rcgen_weak() -> String {
    let arguments = ["req", "-x509", "-newkey", "rsa:1024", "-nodes", "-keyout", "/dev/null", "-subj", "/CN=weak"];
    String::from_utf8(Command::new("openssl").args(arguments).output().unwrap().stdout).unwrap()
}

#[test]
fn renewal_brings_the_old_encryption_key_as_history() {
    let lab = Lab::plain(|template| {
        let template = template.replacen("\n[revocation]", ENCRYPTION, 1);
        template.replacen("[workflows.renew]", "[workflows.renew]\npossession = \"none\"", 1)
    });
    let alice = lab.user("alice", &[]);
    let card_id = Uuid::new_v4();
    let request = lab.enroll_request(&alice);
    let smartcard = lab.assign(&alice, &request, card_id);
    let issued = data(&lab, &alice, &request, &[new_csr(), new_csr()], "words for x").ok();
    let (old, _) = pfx::read(&bytes(&issued[1]["Pfx"]), "words for x").unwrap();
    lab.complete(&alice, &request).ok();
    let body = json!({"profiletemplateuuid": lab.template, "datacollection": "[]", "type": "Renew", "comment": "", "smartcard": smartcard});
    let renewal = lab.request(&alice, body);
    let csrs = [new_csr(), new_csr()];
    let renewed = data(&lab, &alice, &renewal, &csrs, "words for y").ok();
    let renewed = renewed.as_array().unwrap();
    assert_eq!(renewed.len(), 4);
    let (fresh, _) = pfx::read(&bytes(&renewed[1]["Pfx"]), "words for y").unwrap();
    assert_ne!(fresh.public_key(), old.public_key());
    assert_eq!((&renewed[3]["isKeyHistory"], &renewed[3]["isServerGenerated"]), (&json!(true), &json!(false)));
    let (history, chain) = pfx::read(&bytes(&renewed[3]["Pfx"]), "words for y").unwrap();
    assert_eq!(history.expose_pkcs8(), old.expose_pkcs8());
    assert!(chain[0].is_for(old.public_key()));
    let profile = lab.get(&alice, &format!("{API}/requests/{renewal}")).ok()["NewProfileUuid"].clone();
    let listed = lab.get(&alice, &format!("{API}/profiles/{}/certificates", profile.as_str().unwrap())).ok();
    let history = listed.as_array().unwrap().iter().filter(|it| it["IsKeyHistory"] == json!(true)).count();
    assert_eq!((listed.as_array().unwrap().len(), history), (4, 1));
    lab.complete(&alice, &renewal).ok();
}

#[test]
fn only_the_recovery_reads_the_archive() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut directories = vec![root.clone()];
    let mut readers = Vec::new();
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if std::fs::read_to_string(&path)
                .unwrap()
                .replace("insert_archived_key(", "")
                .contains("archived_key(")
            {
                readers.push(path.strip_prefix(&root).unwrap().display().to_string());
            }
        }
    }
    readers.sort();
    assert_eq!(readers, ["server/keys/archive.rs", "store/archive.rs", "store/reads.rs"]);
}

#[test]
fn private_keys_and_passwords_are_in_no_file() {
    let lab = lab();
    let alice = lab.user("alice", &[]);
    let request = begun(&lab, &alice);
    let issued = data(&lab, &alice, &request, &[new_csr(), new_csr()], "unspeakable-words").ok();
    let (key, _) = pfx::read(&bytes(&issued[1]["Pfx"]), "unspeakable-words").unwrap();
    let secret = &key.expose_pkcs8()[key.expose_pkcs8().len() - 64..];
    for entry in std::fs::read_dir(lab.data()).unwrap() {
        let path = entry.unwrap().path();
        let Ok(content) = std::fs::read(&path) else { continue };
        for needle in [secret, b"unspeakable-words".as_slice()] {
            assert!(!content.windows(needle.len()).any(|window| window == needle), "{}", path.display());
        }
    }
    let database = rusqlite::Connection::open(lab.data().join("cardwright.db")).unwrap();
    let given: i64 = database
        .query_row("SELECT count(*) FROM audit WHERE record LIKE '%keys-given%'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(given, 1);
    // An auditor is reported it; a person called like the act is none.
    let (auditor, _) = (lab.user("audrey", &["auditors"]), lab.user("keys-given", &[]));
    let report = lab.get(&auditor, &format!("{EXTENSION}/reports/recovered")).ok();
    let rows = report["Rows"].as_array().unwrap();
    assert_eq!((rows.len(), &rows[0]["By"], &rows[0]["For"]), (1, &json!("alice"), &json!("alice")), "{report}");
    assert_eq!((&rows[0]["What"], &rows[0]["Why"]), (&json!("MadeAndGiven"), &json!("1 made")), "{report}");
}

#[test]
fn who_makes_no_keys_for_people_has_no_key_to_recover_them_by() {
    let lab = Lab::plain(|template| template);
    assert!(!lab.data().join("recovery.key.pem").exists());
}
