//! Private keys as the tests of this room are given them, and openssl as the stranger who uses them.

use super::course::{Held, create, shown};
use crate::server::support::{API, Answer, Lab, Person, last_segment, new_csr};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cardwright::pkix::{Certificate, MemoryKey, Signer, pfx};
use serde_json::{Value, json};
use std::process::{Command, Output};
use tempfile::TempDir;
use uuid::Uuid;

pub const PASSWORD: &str = "a password for keys";

/// Puts keys into the table of one workflow.
pub fn in_workflow(text: &str, name: &str, keys: &str) -> String {
    text.replace(&format!("[workflows.{name}]\n"), &format!("[workflows.{name}]\n{keys}\n"))
}

/// The body of a request about what was lost or damaged.
pub fn because(held: &Held, kind: &str, reason: &str) -> Value {
    let mut body = held.body(kind);
    body["cardwright"] = json!({"lossreason": reason});
    body
}

pub fn with_password(lab: &Lab, person: &Person, request: &str, csrs: &[Vec<u8>], password: Value) -> Answer {
    let requests: Vec<_> = csrs.iter().map(|csr| STANDARD.encode(csr)).collect();
    let body = json!({"pfxpassword": password, "certificaterequests": requests, "comments": ""});
    lab.post(person, &format!("{API}/requests/{request}/certificatedata"), body)
}

/// What a request has brought.
pub struct Brought {
    pub held: Held,
    pub answers: Vec<Value>,
}

/// Carries out a request with one key of the client's, from the card to its completion.
#[track_caller]
pub fn carried_out(lab: &Lab, person: &Person, request: &str) -> Brought {
    let read = shown(lab, person, request);
    if read["IsSmartcard"] == true && read["NewSmartcardUuid"] == Uuid::nil().to_string() {
        lab.assign(person, request, Uuid::new_v4());
    }
    let csrs = if read["RequestType"] == 8 { vec![] } else { vec![new_csr()] };
    let answers = with_password(lab, person, request, &csrs, json!(PASSWORD)).ok();
    let held = Held::of(&lab.complete(person, request).ok());
    Brought { held, answers: answers.as_array().unwrap().clone() }
}

/// Asks and carries out.
#[track_caller]
pub fn asked(lab: &Lab, person: &Person, body: Value) -> Brought {
    let request = last_segment(&create(lab, person, body).ok());
    carried_out(lab, person, &request)
}

/// An enrollment with what it brought.
#[track_caller]
pub fn began(lab: &Lab, person: &Person) -> Brought {
    let request = lab.enroll_request(person);
    carried_out(lab, person, &request)
}

impl Brought {
    /// One letter an answer: `c` for the client's key, `s` for one the server made, `r` for one brought back, `h` for one
    /// brought back as history.
    #[track_caller]
    pub fn letters(&self) -> String {
        self.answers.iter().map(letter).collect()
    }

    /// The key and certificate of the answer with this letter.
    #[track_caller]
    pub fn key(&self, wanted: char) -> (MemoryKey, Certificate) {
        Self::opened(self.answer(wanted))
    }

    #[track_caller]
    fn answer(&self, wanted: char) -> &Value {
        self.answers.iter().find(|answer| letter(answer) == wanted).unwrap()
    }

    #[track_caller]
    pub fn pfx(&self, wanted: char) -> Vec<u8> {
        Self::packed(self.answer(wanted))
    }

    /// Key and certificate of an answer.
    #[track_caller]
    pub fn opened(answer: &Value) -> (MemoryKey, Certificate) {
        let (key, chain) = pfx::read(&Self::packed(answer), PASSWORD).unwrap();
        assert!(chain[0].is_for(key.public_key()));
        (key, chain[0].clone())
    }

    fn packed(answer: &Value) -> Vec<u8> {
        let text: String = answer["Pfx"].as_str().unwrap().chars().filter(|c| !c.is_whitespace()).collect();
        STANDARD.decode(text).unwrap()
    }

    /// The serial of the answer with this letter.
    #[track_caller]
    pub fn serial(&self, wanted: char) -> String {
        hex::encode_upper(self.key(wanted).1.serial_bytes())
    }
}

/// Every flag of an answer must go with one letter.
#[track_caller]
pub fn letter(answer: &Value) -> char {
    let flags =
        ["isPkcs7", "isPfx", "isServerGenerated", "isKeyHistory", "IsExternal"].map(|flag| &answer[flag] == true);
    let has = (answer["Pkcs7"].is_string(), answer["Pfx"].is_string());
    match (flags, has) {
        ([true, false, false, false, false], (true, false)) => 'c',
        ([false, true, true, false, false], (false, true)) => 's',
        ([false, true, false, false, false], (false, true)) => 'r',
        ([false, true, false, true, false], (false, true)) => 'h',
        other => panic!("{other:?}"),
    }
}

/// Kinds of templates that differ here: keys on cards, and keys beside none.
pub const PLACES: [&str; 2] = ["smartcard", "software"];

/// Serials of a profile's list: its own and brought back ones, then history.
pub fn serials(lab: &Lab, person: &Person, held: &Held) -> (Vec<String>, Vec<String>) {
    let listed = lab.get(person, &format!("{API}/profiles/{}/certificates", held.profile)).ok();
    let (history, own): (Vec<_>, Vec<_>) =
        listed.as_array().unwrap().iter().partition(|entry| entry["IsKeyHistory"] == true);
    let serial = |entry: &Value| entry["SerialNumber"].as_str().unwrap().to_owned();
    (own.into_iter().map(serial).collect(), history.into_iter().map(serial).collect())
}

/// The serial of the signing certificate, which nobody can bring back.
#[track_caller]
pub fn signing(lab: &Lab, person: &Person, held: &Held) -> String {
    let listed = lab.get(person, &format!("{API}/profiles/{}/certificates", held.profile)).ok();
    let entry = listed.as_array().unwrap().iter().find(|entry| entry["TemplateCommonName"] == "SmartcardLogon");
    entry.unwrap()["SerialNumber"].as_str().unwrap().to_owned()
}

/// Openssl, with nothing but files.
pub struct Stranger {
    directory: TempDir,
}

pub const WORDS: &str = "what was written to her once";

impl Stranger {
    pub fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new("openssl").args(arguments).current_dir(self.directory.path()).output().unwrap()
    }

    fn file(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.directory.path().join(name), bytes).unwrap();
    }

    /// [`WORDS`], enveloped for the certificate's holder.
    #[track_caller]
    pub fn writes_to(&self, certificate: &Certificate) -> Vec<u8> {
        self.file("to.pem", certificate.to_pem().as_bytes());
        self.file("words", WORDS.as_bytes());
        let arguments = ["cms", "-encrypt", "-binary", "-aes256", "-outform", "DER", "-in", "words", "to.pem"];
        let output = self.run(&arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// What a bare key (PKCS#8, DER) makes of a message.
    pub fn decrypts(&self, message: &[u8], key: &[u8]) -> String {
        self.file("message", message);
        self.file("key.der", key);
        let arguments = ["cms", "-decrypt", "-inform", "DER", "-in", "message", "-keyform", "DER", "-inkey", "key.der"];
        String::from_utf8(self.run(&arguments).stdout).unwrap()
    }

    /// What a PFX makes of a message; `None` where the password or the key does not open it.
    pub fn reads(&self, message: &[u8], pfx: &[u8], password: &str) -> Option<String> {
        self.file("key.p12", pfx);
        self.file("message", message);
        let password = format!("pass:{password}");
        let opened =
            self.run(&["pkcs12", "-in", "key.p12", "-passin", &password, "-nodes", "-nocerts", "-out", "key.pem"]);
        if !opened.status.success() {
            return None;
        }
        let read = self.run(&["cms", "-decrypt", "-inform", "DER", "-in", "message", "-inkey", "key.pem"]);
        read.status.success().then(|| String::from_utf8(read.stdout).unwrap()).filter(|text| text == WORDS)
    }
}
