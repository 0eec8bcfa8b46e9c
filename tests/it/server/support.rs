//! A server of our own, and people who call it.

use crate::support::postgres::Database;
use crate::support::{data_directory, directory};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cardwright::pkix::csr::{RequestContent, build};
use cardwright::pkix::{Certificate, KeyAlgorithm, MemoryKey, Signer, cmc};
use cardwright::secret::Passphrase;
use cardwright::server::{self, Config, InitOptions, NewUser, RunningServer, Server};
use serde_json::{Value, json};
use std::path::PathBuf;
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

pub const API: &str = "/CertificateManagement/api/v1.0";
pub const EXTENSION: &str = "/CertificateManagement/api/cardwright/v1";
/// The template of every server here; what a new data directory begins with is free to change.
pub const TEMPLATE: &str = include_str!("../../data/templates/logon.toml");
/// Set: every lab of this process keeps its records in PostgreSQL.
pub const DATABASE_VARIABLE: &str = "CARDWRIGHT_TEST_SERVERS_ON_POSTGRESQL";
pub const PASSPHRASE: &str = "a passphrase for tests";

/// A data directory with one template, and a server over it.
pub struct Lab {
    pub directory: TempDir,
    pub server: Option<RunningServer>,
    /// `None`: SQLite in the data directory. Dropped after the server.
    pub database: Option<Database>,
    pub template: Uuid,
    plain: bool,
    agent: ureq::Agent,
    elsewhere: Option<String>,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }

    pub fn code(&self) -> String {
        self.json()["Code"].as_str().unwrap_or("").to_owned()
    }

    /// The body, if the call succeeded.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{} {}", self.status, String::from_utf8_lossy(&self.bytes));
        self.json()
    }

    /// Status and code, if the call was refused.
    #[track_caller]
    pub fn refusal(self) -> (u16, String) {
        assert!(self.status >= 400, "{} {}", self.status, String::from_utf8_lossy(&self.bytes));
        (self.status, self.code())
    }
}

impl Lab {
    /// A server over HTTPS with the template as it is.
    pub fn new() -> Self {
        Self::with(|template| template, false)
    }

    /// A server whose records are in `database`, in its data directory if there is none.
    pub fn with_database(database: Option<Database>) -> Self {
        Self::made(|template| template, false, database, None::<fn(&str) -> String>)
    }

    /// A server over plain HTTP with this template, whose records are in `database`.
    pub fn with_template(edit: impl FnOnce(String) -> String, database: Option<Database>) -> Self {
        Self::made(edit, true, database, None::<fn(&str) -> String>)
    }

    /// A server over plain HTTP, the template changed by `edit`.
    pub fn plain(edit: impl FnOnce(String) -> String) -> Self {
        Self::with(edit, true)
    }

    /// A server whose CA is under another: `sign` answers its request with a chain.
    pub fn under(sign: impl FnOnce(&str) -> String) -> Self {
        Self::made(|template| template, false, None, Some(sign))
    }

    pub fn with(edit: impl FnOnce(String) -> String, plain: bool) -> Self {
        let database = std::env::var_os(DATABASE_VARIABLE).map(|_| Database::new());
        Self::made(edit, plain, database, None::<fn(&str) -> String>)
    }

    fn made(
        edit: impl FnOnce(String) -> String,
        plain: bool,
        database: Option<Database>,
        sign: Option<impl FnOnce(&str) -> String>,
    ) -> Self {
        let directory = directory::temporary();
        let data = directory.path().join("data");
        let mut made = if sign.is_some() {
            let listen = "127.0.0.1:0".parse().unwrap();
            let options = InitOptions { listen, subordinate: true, ..InitOptions::default() };
            server::init(&data, &options, Passphrase::new(PASSPHRASE.into()), None).unwrap()
        } else {
            data_directory::make(&data, PASSPHRASE)
        };
        if let (Some(sign), Some(request)) = (sign, &made.ca_request) {
            let chain = directory.path().join("chain.pem");
            std::fs::write(&chain, sign(request)).unwrap();
            let chain = server::ca_install(&data, &chain).unwrap();
            made.ca_certificate = chain.last().unwrap().der().to_vec();
        }
        let uuid = made.template_uuid;
        let template = edit(TEMPLATE.replace("@UUID@", &uuid.to_string()));
        std::fs::write(&made.template, &template).unwrap();
        if template.contains("generated_by = \"server\"") {
            data_directory::add_recovery_key(&data, PASSPHRASE);
        }
        let roots = ureq::tls::Certificate::from_der(&made.ca_certificate).to_owned();
        let tls = ureq::tls::TlsConfig::builder()
            .root_certs(ureq::tls::RootCerts::new_with_certs(&[roots]))
            .unversioned_rustls_crypto_provider(std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .build();
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .tls_config(tls)
            .timeout_global(Some(std::time::Duration::from_secs(30)))
            .build()
            .into();
        if let Some(database) = &database {
            let path = data.join("server.toml");
            let settings = std::fs::read_to_string(&path).unwrap();
            let added = format!("\n[database]\nurl = {:?}\nconnections = 8\n", database.url());
            std::fs::write(&path, settings + &added).unwrap();
        }
        let mut lab = Self { directory, server: None, database, template: uuid, plain, agent, elsewhere: None };
        lab.start();
        lab
    }

    /// One more server on the same database, with a copy of the data directory; it must be dropped first.
    pub fn beside(&self) -> Self {
        let directory = directory::temporary();
        let copied = std::process::Command::new("cp").arg("-a").arg(self.data()).arg(directory.path()).status();
        assert!(copied.unwrap().success());
        let (template, plain, agent) = (self.template, self.plain, self.agent.clone());
        Self { directory, server: None, database: None, template, plain, agent, elsewhere: None }
    }

    pub fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    pub fn config(&self) -> Config {
        Config {
            data_dir: self.data(),
            listen: None,
            plain_http: self.plain,
            passphrase: Passphrase::new(PASSPHRASE.into()),
            ca_pin: None,
        }
    }

    pub fn start(&mut self) {
        self.elsewhere = None;
        self.server = Some(Server::start(self.config()).unwrap());
    }

    pub fn stop(&mut self) {
        self.server.take().unwrap().stop().unwrap();
    }

    /// Calls go to a server of another process from now on, until one is started here.
    pub fn elsewhere(&mut self, base: &str) {
        self.elsewhere = Some(base.to_owned());
    }

    pub fn base(&self) -> String {
        if let Some(base) = &self.elsewhere {
            return base.clone();
        }
        let server = self.server.as_ref().unwrap();
        format!("{}://{}", server.scheme, server.addr)
    }

    /// Adds a person and gives the token.
    pub fn user(&self, name: &str, groups: &[&str]) -> Person {
        self.user_until(name, groups, OffsetDateTime::now_utc() + Duration::days(1))
    }

    pub fn user_until(&self, name: &str, groups: &[&str], expires: OffsetDateTime) -> Person {
        let new = NewUser {
            name: name.into(),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            upn: Some(format!("{name}@example.test")),
            ..NewUser::default()
        };
        let added = server::user_add(&self.data(), new, expires).unwrap();
        Person { uuid: added.uuid, token: added.token.expose().to_owned() }
    }

    /// Makes a call; the path begins after the host.
    pub fn call(&self, token: Option<&str>, verb: &str, path: &str, body: Option<&Value>) -> Answer {
        let bytes = body.map(|body| serde_json::to_vec(body).unwrap());
        self.call_raw(token, verb, path, bytes.as_deref(), "application/json")
    }

    pub fn call_raw(
        &self,
        token: Option<&str>,
        verb: &str,
        path: &str,
        body: Option<&[u8]>,
        media_type: &str,
    ) -> Answer {
        let mut request = ureq::http::Request::builder().method(verb).uri(format!("{}{path}", self.base()));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let answered = match body {
            Some(body) => self.agent.run(request.header("content-type", media_type).body(body).unwrap()),
            None => self.agent.run(request.body(()).unwrap()),
        };
        let mut response = answered.unwrap();
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            bytes: response.body_mut().read_to_vec().unwrap(),
        }
    }

    pub fn get(&self, person: &Person, path: &str) -> Answer {
        self.call(Some(&person.token), "GET", path, None)
    }

    pub fn post(&self, person: &Person, path: &str, body: Value) -> Answer {
        self.call(Some(&person.token), "POST", path, Some(&body))
    }

    pub fn put(&self, person: &Person, path: &str, body: Value) -> Answer {
        self.call(Some(&person.token), "PUT", path, Some(&body))
    }

    /// Makes a request and gives its UUID.
    #[track_caller]
    pub fn request(&self, person: &Person, body: Value) -> String {
        let created = self.post(person, &format!("{API}/requests"), body);
        assert_eq!(created.status, 201, "{}", String::from_utf8_lossy(&created.bytes));
        last_segment(&created.json())
    }

    #[track_caller]
    pub fn enroll_request(&self, person: &Person) -> String {
        self.request(
            person,
            json!({"profiletemplateuuid": self.template, "datacollection": "[]", "type": "Enroll", "comment": ""}),
        )
    }

    #[track_caller]
    pub fn assign(&self, person: &Person, request: &str, card_id: Uuid) -> String {
        let body = json!({"requestid": request, "cardid": card_id, "atr": ""});
        last_segment(&self.post(person, &format!("{API}/smartcards"), body).ok())
    }

    pub fn certificatedata(&self, person: &Person, request: &str, csr: &[u8]) -> Answer {
        let body = json!({"pfxpassword": "", "certificaterequests": [STANDARD.encode(csr)], "comments": ""});
        self.post(person, &format!("{API}/requests/{request}/certificatedata"), body)
    }

    pub fn complete(&self, person: &Person, request: &str) -> Answer {
        self.put(person, &format!("{API}/requests/{request}"), json!({"status": "Completed"}))
    }

    /// A card enrolled from request to completion.
    #[track_caller]
    pub fn enrolled(&self, person: &Person) -> Enrolled {
        self.enrolled_with(person, &MemoryKey::generate(KeyAlgorithm::P256).unwrap()).0
    }

    /// Likewise with this key; gives its certificate too.
    #[track_caller]
    pub fn enrolled_with(&self, person: &Person, key: &MemoryKey) -> (Enrolled, Certificate) {
        let card_id = Uuid::new_v4();
        let request = self.enroll_request(person);
        let smartcard = self.assign(person, &request, card_id);
        let issued = self.certificatedata(person, &request, &csr(key)).ok();
        self.complete(person, &request).ok();
        let certificate = cmc::read(&pkcs7(&issued)).unwrap().leaf_for(key.public_key()).unwrap().clone();
        (Enrolled { request, smartcard, card_id }, certificate)
    }
}

impl Drop for Lab {
    /// No write without its act in the log: a server that made one does not end well.
    fn drop(&mut self) {
        if let Some(server) = self.server.take()
            && !std::thread::panicking()
        {
            server.stop().unwrap();
        }
    }
}

pub struct Person {
    pub uuid: Uuid,
    pub token: String,
}

pub struct Enrolled {
    pub request: String,
    pub smartcard: String,
    pub card_id: Uuid,
}

pub fn last_segment(location: &Value) -> String {
    location.as_str().unwrap().rsplit('/').next().unwrap().to_owned()
}

/// The answer's PKCS#7, DER.
#[track_caller]
pub fn pkcs7(issued: &Value) -> Vec<u8> {
    let text: String = issued[0]["Pkcs7"].as_str().unwrap().chars().filter(|c| !c.is_whitespace()).collect();
    STANDARD.decode(text).unwrap()
}

/// A certification request for a bare key.
pub fn csr(key: &MemoryKey) -> Vec<u8> {
    build(&RequestContent::default(), key).unwrap().der().to_vec()
}

pub fn new_csr() -> Vec<u8> {
    csr(&MemoryKey::generate(KeyAlgorithm::P256).unwrap())
}
