//! The servers compared, and what is asked of each.

use super::load::{self, Connection, Outcome};
use super::support::cardwright::Cardwright;
use super::support::process::{Service, run};
use super::{CONNECTIONS, pem};
use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rusqlite::Connection as Database;
use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use uuid::Uuid;

const STARTS_WITHIN: Duration = Duration::from_secs(10);
/// cfssl's certdb/sqlite/migrations of release 1.2.
const CFSSL_SCHEMA: &str = "PRAGMA journal_mode = WAL; \
    CREATE TABLE certificates (serial_number blob NOT NULL, authority_key_identifier blob NOT NULL, ca_label blob, \
    status blob NOT NULL, reason int, expiry timestamp, revoked_at timestamp, pem blob NOT NULL, \
    PRIMARY KEY (serial_number, authority_key_identifier));";

/// `cfssl serve` with a P-256 CA in files.
pub struct Cfssl {
    pub service: Service,
    address: String,
}

impl Cfssl {
    /// Starts it on a free port; `stored`: with SQLite, as durable as ours.
    pub fn start(parent: &Path, stored: bool) -> Result<Self> {
        let directory = parent.join(if stored { "cfssl-stored" } else { "cfssl" });
        std::fs::create_dir(&directory)?;
        new_root(&directory)?;
        let default = json!({ "usages": ["digital signature", "key encipherment", "client auth"], "expiry": "8760h" });
        write(&directory, "config.json", &json!({ "signing": { "default": default } }))?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = Command::new("cfssl");
        command.current_dir(&directory).args(["serve", "-address", "127.0.0.1", "-port", &port.to_string()]);
        command.args(["-ca", "ca.pem", "-ca-key", "ca-key.pem", "-config", "config.json"]);
        if stored {
            let database = directory.join("certificates.db");
            Database::open(&database)?.execute_batch(CFSSL_SCHEMA)?;
            let source = format!("file:{}?_busy_timeout=10000&_journal_mode=WAL&_synchronous=FULL", database.display());
            write(&directory, "db.json", &json!({ "driver": "sqlite3", "data_source": source }))?;
            command.args(["-db-config", "db.json"]);
        }
        let service = Service::start(&mut command, &directory.join("log"))?;
        let mut cfssl = Self { service, address: format!("127.0.0.1:{port}") };
        cfssl.wait()?;
        Ok(cfssl)
    }

    fn wait(&mut self) -> Result<()> {
        let begun = Instant::now();
        while Connection::open(&self.address).is_err() {
            self.service.lives()?;
            if begun.elapsed() > STARTS_WITHIN {
                bail!("cfssl does not listen");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Has all requests signed.
    pub fn sign(&self, requests: &[Vec<u8>]) -> Result<Outcome> {
        let bodies: Vec<String> =
            requests.iter().map(|der| json!({ "certificate_request": pem(der) }).to_string()).collect();
        load::run(&self.address, CONNECTIONS, bodies.len(), |connection, piece| {
            let answer = connection.call("POST", "/api/v1/cfssl/sign", "", &bodies[piece])?.expect(200)?;
            ensure!(answer.contains("BEGIN CERTIFICATE"), "no certificate: {answer}");
            Ok(())
        })
    }
}

fn new_root(directory: &Path) -> Result<()> {
    let request = json!({ "CN": "bench", "key": { "algo": "ecdsa", "size": 256 } });
    write(directory, "root.json", &request)?;
    let made = run(Command::new("cfssl").current_dir(directory).args(["gencert", "-initca", "root.json"]))?;
    let made: Value = serde_json::from_slice(&made)?;
    for (key, file) in [("cert", "ca.pem"), ("key", "ca-key.pem")] {
        std::fs::write(directory.join(file), made[key].as_str().context("cfssl made no CA")?)?;
    }
    Ok(())
}

fn write(directory: &Path, name: &str, document: &Value) -> Result<()> {
    Ok(std::fs::write(directory.join(name), document.to_string())?)
}

/// `cardwright serve`.
pub struct Ours {
    pub server: Cardwright,
    address: String,
    headers: String,
    /// The one profile template.
    template: String,
    database: PathBuf,
}

/// A request with its card assigned, and the body that will ask for its certificate.
pub struct Prepared {
    path: String,
    body: String,
}

const API: &str = "/CertificateManagement/api/v1.0";

impl Ours {
    pub fn start(parent: &Path) -> Result<Self> {
        let server = Cardwright::start(parent, true, &[])?;
        let address = server.url.strip_prefix("http://").and_then(|rest| rest.split('/').next());
        let address = address.context("the server's address")?.to_owned();
        let headers = format!("Authorization: Bearer {}\r\n", server.bearer);
        let database = server.directory.join("cardwright.db");
        let path = format!("{API}/profiletemplates");
        let listed = Connection::open(&address)?.call("GET", &path, &headers, "")?.expect(200)?;
        let listed: Value = serde_json::from_str(&listed)?;
        let template = listed[0]["Uuid"].as_str().context("no profile template")?.to_owned();
        Ok(Self { server, address, headers, template, database })
    }

    /// Makes an enrollment request for each certification request and assigns a card to it.
    pub fn prepare(&self, requests: Vec<Vec<u8>>) -> Result<Vec<Prepared>> {
        let paths: Vec<std::sync::OnceLock<String>> = requests.iter().map(|_| Default::default()).collect();
        load::run(&self.address, CONNECTIONS, requests.len(), |connection, piece| {
            let path = self.assigned(connection)?;
            paths[piece].set(path).map_err(|_| anyhow::anyhow!("prepared twice"))
        })?;
        let prepared = paths.into_iter().zip(&requests).map(|(path, der)| {
            let path = path.into_inner().context("not prepared")?;
            Ok(Prepared { path, body: certificate_data(der) })
        });
        prepared.collect()
    }

    /// Has certificates issued on prepared requests.
    pub fn issue(&self, prepared: &[Prepared]) -> Result<Outcome> {
        load::run(&self.address, CONNECTIONS, prepared.len(), |connection, piece| {
            let Prepared { path, body } = &prepared[piece];
            self.issued(connection, path, body)
        })
    }

    /// The whole workflow for each: request, card, certificate, completion.
    pub fn whole(&self, requests: &[Vec<u8>]) -> Result<Outcome> {
        load::run(&self.address, CONNECTIONS, requests.len(), |connection, piece| {
            let path = self.assigned(connection)?;
            self.issued(connection, &path, &certificate_data(&requests[piece]))?;
            let body = json!({ "status": "Completed" }).to_string();
            connection.call("PUT", &path, &self.headers, &body)?.expect(200).map(drop)
        })
    }

    fn assigned(&self, connection: &mut Connection) -> Result<String> {
        let template = &self.template;
        let body = json!({ "profiletemplateuuid": template, "datacollection": "[]", "type": "Enroll", "comment": "" });
        let made =
            connection.call("POST", &format!("{API}/requests"), &self.headers, &body.to_string())?.expect(201)?;
        let location: String = serde_json::from_str(&made)?;
        let request = location.rsplit('/').next().context("a location without a slash")?;
        let body = json!({ "requestid": request, "cardid": Uuid::new_v4(), "atr": "" });
        connection.call("POST", &format!("{API}/smartcards"), &self.headers, &body.to_string())?.expect(201)?;
        Ok(format!("{API}/requests/{request}"))
    }

    fn issued(&self, connection: &mut Connection, path: &str, body: &str) -> Result<()> {
        let path = format!("{path}/certificatedata");
        let answer = connection.call("POST", &path, &self.headers, body)?.expect(200)?;
        ensure!(answer.contains("Pkcs7"), "no certificate: {answer}");
        Ok(())
    }

    /// How many certificates are in the database.
    pub fn certificates(&self) -> Result<usize> {
        let count: i64 =
            Database::open(&self.database)?.query_row("SELECT count(*) FROM certificates", [], |row| row.get(0))?;
        Ok(usize::try_from(count)?)
    }
}

fn certificate_data(der: &[u8]) -> String {
    json!({ "pfxpassword": "", "certificaterequests": [STANDARD.encode(der)], "comments": "" }).to_string()
}
