//! `cfssl serve` from Debian, with its key for authentication and its database.

use super::{asking, below, eventually, leaf};
use crate::server::publication::{fetched, revoke};
use cardwright::pkix::Certificate;
use serde_json::{Value, json};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;
use time::OffsetDateTime;

const KEY: &str = "0123456789abcdef0123456789abcdef";
/// cfssl's certdb/sqlite/migrations of release 1.2.
const SCHEMA: &str = "CREATE TABLE certificates (serial_number blob NOT NULL, authority_key_identifier blob NOT NULL, \
    ca_label blob, status blob NOT NULL, reason int, expiry timestamp, revoked_at timestamp, pem blob NOT NULL, \
    PRIMARY KEY (serial_number, authority_key_identifier));";

struct Cfssl {
    directory: TempDir,
    url: String,
    child: Child,
}

impl Drop for Cfssl {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn write(directory: &Path, name: &str, document: &Value) {
    std::fs::write(directory.join(name), document.to_string()).unwrap();
}

impl Cfssl {
    fn start() -> Self {
        let directory = crate::support::directory::temporary();
        let at = directory.path();
        write(at, "root.json", &json!({ "CN": "Elsewhere", "key": { "algo": "ecdsa", "size": 256 } }));
        let made = Command::new("cfssl").current_dir(at).args(["gencert", "-initca", "root.json"]).output().unwrap();
        let made: Value = serde_json::from_slice(&made.stdout).unwrap();
        std::fs::write(at.join("ca.pem"), made["cert"].as_str().unwrap()).unwrap();
        std::fs::write(at.join("ca-key.pem"), made["key"].as_str().unwrap()).unwrap();
        let usages = json!(["digital signature", "key encipherment", "client auth"]);
        let default = json!({ "usages": usages, "expiry": "8760h", "auth_key": "key" });
        let keys = json!({ "key": { "key": KEY, "type": "standard" } });
        write(at, "config.json", &json!({ "signing": { "default": default }, "auth_keys": keys }));
        let database = at.join("certificates.db");
        rusqlite::Connection::open(&database).unwrap().execute_batch(SCHEMA).unwrap();
        let source = format!("file:{}?_busy_timeout=10000", database.display());
        write(at, "db.json", &json!({ "driver": "sqlite3", "data_source": source }));
        let port = crate::support::port::unused_port();
        let child = Command::new("cfssl")
            .current_dir(at)
            .args(["serve", "-address", "127.0.0.1", "-port", &port.to_string(), "-ca", "ca.pem"])
            .args(["-ca-key", "ca-key.pem", "-config", "config.json", "-db-config", "db.json"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let cfssl = Self { directory, url: format!("http://127.0.0.1:{port}"), child };
        eventually("cfssl's start", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        cfssl
    }

    fn settings(&self) -> String {
        let chain = self.directory.path().join("ca.pem");
        format!("protocol = \"cfssl\"\nurl = \"{}\"\nchain = \"{}\"\n", self.url, chain.display())
    }

    fn status(&self) -> Vec<(String, i64)> {
        let database = rusqlite::Connection::open(self.directory.path().join("certificates.db")).unwrap();
        let mut statement = database.prepare("SELECT CAST(status AS TEXT), reason FROM certificates").unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?.unwrap_or(0))));
        rows.unwrap().map(Result::unwrap).collect()
    }

    fn authority(&self) -> Certificate {
        Certificate::from_pem(&std::fs::read_to_string(self.directory.path().join("ca.pem")).unwrap()).unwrap()
    }
}

#[test]
fn cfssl_signs_and_is_told_of_a_revocation() {
    let cfssl = Cfssl::start();
    let publication = "[publication]\nlisten = \"127.0.0.1:0\"\nurl = \"http://pki.example.test\"\n";
    let (lab, alice) = below(&(cfssl.settings() + publication), Some(KEY), |template| template);
    let (request, key, csr) = asking(&lab, &alice);
    let issued = lab.certificatedata(&alice, &request, &csr).ok();
    let certificate = leaf(&issued, &key);
    certificate.verify_issued_by(&cfssl.authority()).unwrap();
    assert_eq!(certificate.subject(), "CN=alice");
    let again = lab.certificatedata(&alice, &request, &csr).ok();
    assert_eq!(issued, again);
    assert_eq!(cfssl.status(), [("good".to_owned(), 0)], "one certificate, however often it is asked for");
    lab.complete(&alice, &request).ok();

    assert_eq!(revoke(&lab, &alice, OffsetDateTime::now_utc(), 1), 1);
    eventually("the revocation at cfssl", || cfssl.status() == [("revoked".to_owned(), 1)]);
    let list = fetched(&lab, "/pki/ca.crl", &[]).bytes;
    let serial = certificate.serial_bytes();
    assert!(!list.windows(serial.len()).any(|part| part == serial), "another CA's certificate is on its lists");
}

#[test]
fn what_cfssl_refuses_or_makes_otherwise_is_refused() {
    let mut cfssl = Cfssl::start();
    let (lab, alice) = below(&cfssl.settings(), Some("ffffffffffffffff"), |template| template);
    let (request, _, csr) = asking(&lab, &alice);
    let refused = lab.certificatedata(&alice, &request, &csr);
    assert_eq!(refused.refusal(), (502, "ca-refused".into()), "a wrong key");

    let named = |template: String| template.replace("# upn =", "upn =");
    let (lab, alice) = below(&cfssl.settings(), Some(KEY), named);
    let (request, _, csr) = asking(&lab, &alice);
    let refused = lab.certificatedata(&alice, &request, &csr);
    assert!(String::from_utf8_lossy(&refused.bytes).contains("it differs in user principal names"), "{refused:?}");
    assert_eq!(refused.refusal(), (502, "ca-refused".into()), "cfssl cannot write a UPN");

    let lenient = cfssl.settings() + "names = \"upstream\"\n";
    let (lab, alice) = below(&lenient, Some(KEY), |template| template.replace("# upn =", "upn ="));
    let (request, key, csr) = asking(&lab, &alice);
    assert!(leaf(&lab.certificatedata(&alice, &request, &csr).ok(), &key).alt_names().unwrap().upns.is_empty());

    cfssl.child.kill().unwrap();
    cfssl.child.wait().unwrap();
    let (request, _, csr) = asking(&lab, &alice);
    assert_eq!(lab.certificatedata(&alice, &request, &csr).refusal(), (503, "unavailable".into()));
}
