//! A server with the template that comes with it, people, and what an attacker has: a key of her own, curl, a token.

use crate::server::identity::restart;
use crate::server::support::{API, Answer, EXTENSION, Lab, Person, csr, last_segment, pkcs7};
use crate::support::site::heed_callers;
use crate::support::template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cardwright::cm::request::RequestType;
use cardwright::pkix::{Certificate, KeyAlgorithm, MemoryKey, Signer, cmc};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Command;
use uuid::Uuid;

/// What a new data directory begins with.
const SHIPPED: &str = include_str!("../../../src/template/example.toml");

/// A server over TLS that takes certificates of its own CA, with the shipped template, for small keys, as `edit` leaves
/// it.
pub fn site(edit: impl Fn(String) -> String) -> Lab {
    let mut lab = Lab::with(
        |template| {
            let uuid = template.split("uuid = \"").nth(1).unwrap().split('"').next().unwrap().to_owned();
            edit(template::small(SHIPPED).replace("@UUID@", &uuid))
        },
        false,
    );
    restart(&mut lab, "[identity.certificate]\n[roles]\nadmin = [\"group:administrators\"]\n");
    lab
}

/// Changes some rows of the database as a thief of it would, or time itself, by a statement of both dialects; a server that keeps
/// them has read them again then.
pub fn alter(lab: &Lab, statement: &str) {
    let run = |statement: &str| match &lab.database {
        Some(database) => drop(database.sql(statement)),
        None => assert!(records(lab).execute(statement, []).unwrap() > 0, "{statement}"),
    };
    run(statement);
    if ["users", "tokens", "sessions"].iter().any(|table| statement.contains(table)) {
        heed_callers(run);
    }
}

/// What one row of the database says in its one column, as text.
pub fn read(lab: &Lab, question: &str) -> String {
    match &lab.database {
        Some(database) => database.sql(question),
        None => records(lab).query_row(question, [], |row| row.get(0)).unwrap(),
    }
}

/// How the dialect of the lab's database spells bytes, given as hexadecimal digits.
pub fn bytes(lab: &Lab, digits: &str) -> String {
    if lab.database.is_some() { format!("'\\x{digits}'") } else { format!("x'{digits}'") }
}

/// Likewise an id.
pub fn uuid(lab: &Lab, text: &str) -> String {
    if lab.database.is_some() { format!("'{text}'") } else { bytes(lab, &text.replace('-', "")) }
}

fn records(lab: &Lab) -> rusqlite::Connection {
    rusqlite::Connection::open(lab.data().join("cardwright.db")).unwrap()
}

/// A key in a file, as nobody's card has it.
pub fn software_key() -> MemoryKey {
    MemoryKey::generate(KeyAlgorithm::P256).unwrap()
}

/// A card that its holder asked for, an approver approved, and the holder made the key of.
pub struct Card {
    pub smartcard: String,
    pub key: MemoryKey,
    pub certificate: Certificate,
}

#[track_caller]
pub fn enrolled(lab: &Lab, holder: &Person, approver: &Person) -> Card {
    let request = lab.enroll_request(holder);
    lab.post(approver, &format!("{EXTENSION}/requests/{request}/approve"), json!({})).ok();
    let smartcard = lab.assign(holder, &request, Uuid::new_v4());
    let key = software_key();
    let certificate = certificate(&lab.certificatedata(holder, &request, &csr(&key)).ok(), &key);
    lab.complete(holder, &request).ok();
    Card { smartcard, key, certificate }
}

/// The certificate for this key in an answer to `certificatedata`.
pub fn certificate(answer: &Value, key: &MemoryKey) -> Certificate {
    cmc::read(&pkcs7(answer)).unwrap().leaf_for(key.public_key()).unwrap().clone()
}

/// Asks for something about a card; gives the request's id.
#[track_caller]
pub fn ask(lab: &Lab, person: &Person, kind: &str, smartcard: &str) -> String {
    let body = json!({"datacollection": [], "type": kind, "smartcard": smartcard, "comment": ""});
    last_segment(&lab.post(person, &format!("{API}/requests"), body).ok())
}

/// What shows the old key of a card, by its certificate's thumbprint: the text of the request's own facts, signed, as
/// somebody who has only the documentation would write it.
pub fn possession(lab: &Lab, person: &Person, request: &str, old: &str, key: &MemoryKey) -> Value {
    let read = lab.get(person, &format!("{API}/requests/{request}")).ok();
    let purpose = RequestType::from_number(u32::try_from(read["RequestType"].as_u64().unwrap()).unwrap());
    let text = format!(
        "cardwright, proof of possession of an old key, version 1\nserver: localhost\nrequest: {request}\n\
         smartcard: {}\npurpose: {purpose}\n",
        read["OldSmartcardUuid"].as_str().unwrap()
    );
    let signature = key.sign(text.as_bytes()).unwrap();
    json!({"Server": "localhost", "Thumbprint": old, "Signature": STANDARD.encode(signature)})
}

/// Hands that in.
pub fn show(lab: &Lab, person: &Person, request: &str, old: &Certificate, key: &MemoryKey) -> Answer {
    let body = possession(lab, person, request, &old.thumbprint_sha1(), key);
    lab.post(person, &format!("{EXTENSION}/requests/{request}/possession"), body)
}

/// An answer to a call by a certificate.
pub struct Shown {
    pub status: u16,
    pub body: Value,
    pub headers: String,
}

impl Shown {
    pub fn code(&self) -> (u16, &str) {
        (self.status, self.body["Code"].as_str().unwrap_or_default())
    }

    pub fn name(&self) -> (u16, &str) {
        (self.status, self.body["Name"].as_str().unwrap_or_default())
    }
}

/// Calls as whoever a certificate names; its key is the attacker's to use.
pub fn by_certificate(
    lab: &Lab,
    (certificate, key): (&Certificate, &MemoryKey),
    verb: &str,
    path: &str,
    body: Option<Value>,
) -> Shown {
    let write = |text: String| -> PathBuf {
        let path = lab.directory.path().join(Uuid::new_v4().to_string());
        std::fs::write(&path, text).unwrap();
        path
    };
    let pem = STANDARD.encode(key.expose_pkcs8());
    let key = write(format!("-----BEGIN PRIVATE KEY-----\n{pem}\n-----END PRIVATE KEY-----\n"));
    let (certificate, key) = (write(certificate.to_pem()).display().to_string(), key.display().to_string());
    curl(lab, &["--cert", &certificate, "--key", &key], verb, path, body)
}

/// Calls by whatever these arguments make curl show.
pub fn curl(lab: &Lab, shown: &[&str], verb: &str, path: &str, body: Option<Value>) -> Shown {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--max-time", "20", "--noproxy", "*", "--write-out", "\n%{http_code}", "--request", verb]);
    curl.arg("--cacert").arg(lab.data().join("ca.cer.pem")).args(["--dump-header", "/dev/stderr"]).args(shown);
    if let Some(body) = body {
        curl.args(["--header", "content-type: application/json", "--data", &body.to_string()]);
    }
    let done = curl.arg(lab.base() + path).output().unwrap();
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    let (body, status) = text.rsplit_once('\n').unwrap();
    Shown {
        status: status.parse().unwrap(),
        body: serde_json::from_str(body).unwrap_or(Value::Null),
        headers: String::from_utf8_lossy(&done.stderr).into_owned(),
    }
}
