//! Whoever has the database, its write-ahead log and a backup of before, and the whole data directory of after: what the
//! server made and kept for a request only can be opened by nobody once the request has ended.

use crate::server::support::{API, Lab, PASSPHRASE, Person, new_csr};
use crate::support::postgres::Database;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cardwright::pkix::pfx;
use cardwright::secret::Passphrase;
use cardwright::server;
use serde_json::json;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// A second certificate, whose key the server makes and keeps until the request ends.
const MADE: &str = r#"
[[additional_certificates]]
key = { generate = "P-256", generated_by = "server", pfx_rounds = 2000 }
certificate = { template_name = "Signing", key_usages = ["digitalSignature"], extended_key_usages = ["emailProtection"], validity_days = 30 }

[revocation]"#;

fn collected(lab: &Lab, person: &Person, request: &str, csr: &[u8]) -> crate::server::support::Answer {
    let body = json!({"pfxpassword": "a password", "certificaterequests": [STANDARD.encode(csr)], "comments": ""});
    lab.post(person, &format!("{API}/requests/{request}/certificatedata"), body)
}

/// All bytes of a file or of a directory's files.
fn bytes(path: &Path) -> Vec<u8> {
    if !path.is_dir() {
        return std::fs::read(path).unwrap_or_default();
    }
    let entries = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|entry| bytes(&entry)).collect()
}

fn is_in(needle: &[u8], haystack: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|part| part == needle)
}

struct Begun {
    lab: Lab,
    alice: Person,
    request: String,
    csr: Vec<u8>,
    /// The key that the server made, PKCS#8.
    private: Vec<u8>,
}

/// A request whose key was handed over, and that has not ended.
fn begun() -> Begun {
    begun_on(Lab::plain(|template| template.replacen("\n[revocation]", MADE, 1)))
}

fn begun_on(lab: Lab) -> Begun {
    let alice = lab.user("alice", &[]);
    let request = lab.enroll_request(&alice);
    lab.assign(&alice, &request, Uuid::new_v4());
    let csr = new_csr();
    let issued = collected(&lab, &alice, &request, &csr).ok();
    let sent: String = issued[1]["Pfx"].as_str().unwrap().chars().filter(|c| !c.is_whitespace()).collect();
    let (key, _) = pfx::read(&STANDARD.decode(sent).unwrap(), "a password").unwrap();
    let private = key.expose_pkcs8().to_vec();
    Begun { lab, alice, request, csr, private }
}

fn key_file(lab: &Lab, request: &str) -> PathBuf {
    lab.data().join("request-keys").join(format!("{request}.key"))
}

#[test]
fn what_was_kept_for_a_request_is_carved_out_of_nothing() {
    let Begun { mut lab, alice, request, csr, private } = begun();
    let key = std::fs::read(key_file(&lab, &request)).unwrap();
    assert_eq!(key.len(), 32);
    // What the thief took before: the database with its log, and a fresh backup.
    let taken = lab.directory.path().join("taken");
    std::fs::create_dir(&taken).unwrap();
    for name in ["cardwright.db", "cardwright.db-wal"] {
        std::fs::copy(lab.data().join(name), taken.join(name)).unwrap();
    }
    let mut backup = Vec::new();
    server::backup(&lab.data(), &mut backup, &Passphrase::new(PASSPHRASE.into())).unwrap();
    std::fs::write(taken.join("backup.tar"), &backup).unwrap();
    let listed = String::from_utf8_lossy(&backup).contains("request-keys");
    assert!(!listed, "no backup has the key");
    lab.complete(&alice, &request).ok();
    lab.stop();
    assert!(!key_file(&lab, &request).exists());
    // The last 32 bytes of the private key are in its PKCS#8; neither they nor the request's key are anywhere.
    let scalar = private.windows(34).find(|part| part[..2] == [4, 32]).map(|part| part[2..].to_vec()).unwrap();
    for needle in [&key, &scalar] {
        assert!(!is_in(needle, &bytes(&taken)), "in what was taken before");
        assert!(!is_in(needle, &bytes(&lab.data())), "in what is left");
    }

    // With the database of before put back, the server itself opens nothing, though it has all its keys.
    for name in ["cardwright.db", "cardwright.db-wal", "cardwright.db-shm"] {
        let _ = std::fs::remove_file(lab.data().join(name));
    }
    for name in ["cardwright.db", "cardwright.db-wal"] {
        std::fs::copy(taken.join(name), lab.data().join(name)).unwrap();
    }
    server::audit_accept(&lab.data(), &Passphrase::new(PASSPHRASE.into()), "a theft").unwrap();
    lab.start();
    let refused = collected(&lab, &alice, &request, &csr);
    assert_eq!(refused.refusal(), (503, "unavailable".into()));
}

#[test]
fn a_key_whose_request_ended_without_this_server_is_destroyed_at_the_next_start() {
    let Begun { mut lab, alice, request, .. } = begun();
    let path = key_file(&lab, &request);
    let key = std::fs::read(&path).unwrap();
    lab.complete(&alice, &request).ok();
    lab.stop();
    // As after a power cut between the two.
    std::fs::write(&path, key).unwrap();
    lab.start();
    let since = std::time::Instant::now();
    while path.exists() {
        assert!(since.elapsed() < std::time::Duration::from_secs(120));
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
fn another_server_of_the_database_hands_out_a_key_only_where_it_has_the_same_directory_of_keys() {
    let first = Lab::with_template(|template| template.replacen("\n[revocation]", MADE, 1), Some(Database::new()));
    let mut second = first.beside();
    second.start();
    let Begun { lab: first, alice, request, csr, .. } = begun_on(first);
    assert_eq!(collected(&second, &alice, &request, &csr).refusal(), (503, "unavailable".into()));
    let shared = second.data().join("request-keys");
    std::os::unix::fs::symlink(first.data().join("request-keys"), &shared).unwrap();
    collected(&second, &alice, &request, &csr).ok();
    second.complete(&alice, &request).ok();
    assert!(!key_file(&first, &request).exists(), "whichever server ends it");
    second.stop();
}

#[test]
fn a_request_that_is_withdrawn_takes_its_key_along() {
    let Begun { lab, alice, request, .. } = begun();
    assert!(key_file(&lab, &request).exists());
    lab.put(&alice, &format!("{API}/requests/{request}"), json!({"status": "Abandoned"})).ok();
    assert!(!key_file(&lab, &request).exists());
}
