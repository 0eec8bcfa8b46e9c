//! `cfssl serve` over TLS, with its CA in files; without a database as it comes, or with SQLite as durable as ours.

use super::load::{self, Connection, Outcome, Place};
use super::support::process::{Service, run};
use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rusqlite::Connection as Database;
use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const STARTS_WITHIN: Duration = Duration::from_secs(10);
/// cfssl's certdb/sqlite/migrations of release 1.2.
const SCHEMA: &str = "PRAGMA journal_mode = WAL; \
    CREATE TABLE certificates (serial_number blob NOT NULL, authority_key_identifier blob NOT NULL, ca_label blob, \
    status blob NOT NULL, reason int, expiry timestamp, revoked_at timestamp, pem blob NOT NULL, \
    PRIMARY KEY (serial_number, authority_key_identifier));";

pub struct Cfssl {
    pub service: Service,
    place: Place,
}

impl Cfssl {
    /// Starts it on a free port with a P-256 CA.
    pub fn start(parent: &Path, stored: bool) -> Result<Self> {
        let directory = parent.join(if stored { "cfssl-stored" } else { "cfssl" });
        std::fs::create_dir(&directory)?;
        let root = new_root(&directory)?;
        let default = json!({ "usages": ["digital signature", "key encipherment", "client auth"], "expiry": "8760h" });
        write(&directory, "config.json", &json!({ "signing": { "default": default } }))?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = Command::new("cfssl");
        command.current_dir(&directory).args(["serve", "-address", "127.0.0.1", "-port", &port.to_string()]);
        command.args(["-ca", "ca.pem", "-ca-key", "ca-key.pem", "-config", "config.json"]);
        command.args(["-tls-cert", "tls.pem", "-tls-key", "tls-key.pem"]);
        if stored {
            let database = directory.join("certificates.db");
            Database::open(&database)?.execute_batch(SCHEMA)?;
            let source = format!("file:{}?_busy_timeout=10000&_journal_mode=WAL&_synchronous=FULL", database.display());
            write(&directory, "db.json", &json!({ "driver": "sqlite3", "data_source": source }))?;
            command.args(["-db-config", "db.json"]);
        }
        let service = Service::start(&mut command, &directory.join("log"))?;
        let mut cfssl = Self { service, place: Place::new(format!("127.0.0.1:{port}"), root)? };
        cfssl.wait()?;
        Ok(cfssl)
    }

    fn wait(&mut self) -> Result<()> {
        let begun = Instant::now();
        while let Err(error) = Connection::open(&self.place) {
            self.service.lives()?;
            if begun.elapsed() > STARTS_WITHIN {
                bail!(error.context("cfssl does not listen"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Has all requests signed.
    pub fn sign(&self, connections: usize, requests: &[Vec<u8>]) -> Result<Outcome> {
        let bodies: Vec<String> =
            requests.iter().map(|der| json!({ "certificate_request": pem(der) }).to_string()).collect();
        load::run(&[&self.place], connections, bodies.len(), |connection, piece| {
            let answer = connection.call("POST", "/api/v1/cfssl/sign", "", &bodies[piece])?.expect(200)?;
            ensure!(answer.contains("BEGIN CERTIFICATE"), "no certificate: {answer}");
            Ok(())
        })
    }
}

/// Makes a CA and a certificate of it for localhost; gives the CA's, DER.
fn new_root(directory: &Path) -> Result<Vec<u8>> {
    write(directory, "root.json", &json!({ "CN": "bench", "key": { "algo": "ecdsa", "size": 256 } }))?;
    gencert(directory, &["-initca", "root.json"], "ca")?;
    let host = json!({ "CN": "localhost", "hosts": ["localhost"], "key": { "algo": "ecdsa", "size": 256 } });
    write(directory, "host.json", &host)?;
    gencert(directory, &["-ca", "ca.pem", "-ca-key", "ca-key.pem", "host.json"], "tls")?;
    let pem = std::fs::read_to_string(directory.join("ca.pem"))?;
    Ok(cardwright::pkix::Certificate::from_pem(&pem)?.der().to_vec())
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!("-----BEGIN CERTIFICATE REQUEST-----\n{}\n-----END CERTIFICATE REQUEST-----\n", lines.join("\n"))
}

fn gencert(directory: &Path, arguments: &[&str], name: &str) -> Result<()> {
    let made = run(Command::new("cfssl").current_dir(directory).arg("gencert").args(arguments))?;
    let made: Value = serde_json::from_slice(&made)?;
    for (key, file) in [("cert", format!("{name}.pem")), ("key", format!("{name}-key.pem"))] {
        std::fs::write(directory.join(file), made[key].as_str().context("cfssl made nothing")?)?;
    }
    Ok(())
}

fn write(directory: &Path, name: &str, document: &Value) -> Result<()> {
    Ok(std::fs::write(directory.join(name), document.to_string())?)
}
