//! `cardwright serve` over TLS with authorisation and audit on, as it comes, on SQLite or PostgreSQL.

use super::calls::EMPTY;
use super::load::{self, Connection, Outcome, Place};
use super::support::cardwright::{Cardwright, Options};
use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cardwright::pkix::Certificate;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

pub const API: &str = "/CertificateManagement/api/v1.0";
/// Keys in a file, no card to assign: the full flow is request, certificate, completion.
const TEMPLATE: &str = include_str!("template.toml");

/// As many as the most connections: each of them somebody's own, so that nobody waits for another's record.
const PEOPLE: usize = 64;

pub struct Ours {
    pub server: Cardwright,
    place: Place,
    /// Says who calls: the first of the people.
    pub headers: String,
    /// Says the same for each of them.
    callers: Vec<String>,
    template: String,
}

impl Ours {
    /// Starts a server with the benchmark's template, and otherwise by these options.
    pub fn start(parent: &Path, options: &Options) -> Result<Self> {
        let settings = format!("{}\n[people]\ncertificates_per_day = 0\n", options.settings);
        let options = Options { template: Some(TEMPLATE), settings: &settings, people: PEOPLE, ..*options };
        let server = Cardwright::start(parent, &options)?;
        Self::of(server)
    }

    /// Starts one more on the same database.
    pub fn beside(&self, parent: &Path, options: &Options) -> Result<Self> {
        Self::of(self.server.beside(parent, options)?)
    }

    fn of(server: Cardwright) -> Result<Self> {
        let address = server.url.strip_prefix("https://").and_then(|rest| rest.split('/').next());
        let address = address.context("the server's address")?.to_owned();
        let root = std::fs::read_to_string(server.directory.join("ca.cer.pem"))?;
        let place = Place::new(address, Certificate::from_pem(&root)?.der().to_vec())?;
        let callers: Vec<_> = server.bearers.iter().map(|it| format!("Authorization: Bearer {it}\r\n")).collect();
        let headers = callers.first().context("a server without people")?.clone();
        let listed = Connection::open(&place)?.call("GET", &format!("{API}/profiletemplates"), &headers, "")?;
        let listed: Value = serde_json::from_str(&listed.expect(200)?)?;
        let template = listed[0]["Uuid"].as_str().context("no profile template")?.to_owned();
        Ok(Self { server, place, headers, callers, template })
    }

    /// Opens a connection, hands shaken.
    pub fn open(&self) -> Result<Connection> {
        Connection::open(&self.place)
    }

    /// The whole flow for each certification request: request, certificate, completion.
    pub fn flow(&self, connections: usize, requests: &[Vec<u8>]) -> Result<Outcome> {
        flow(&[self], connections, requests)
    }

    /// The whole flow for one certification request, by this one of the people in turn.
    pub fn one(&self, connection: &mut Connection, turn: usize, request: &[u8]) -> Result<()> {
        let caller = &self.callers[turn % self.callers.len()];
        let path = self.created(connection, caller)?;
        let body = json!({ "pfxpassword": "", "certificaterequests": [STANDARD.encode(request)], "comments": "" });
        let issued = connection.call("POST", &format!("{path}/certificatedata"), caller, &body.to_string())?;
        let issued = issued.expect(200)?;
        ensure!(issued.contains("Pkcs7"), "no certificate: {issued}");
        let body = json!({ "status": "Completed" }).to_string();
        connection.call("PUT", &path, caller, &body)?.expect(200).map(drop)
    }

    /// A call that the server answers without a look at anything.
    pub fn empty(&self, connection: &mut Connection) -> Result<()> {
        connection.call("GET", EMPTY, "", "")?.expect(200).map(drop)
    }

    /// The same call, again and again.
    pub fn calls(&self, connections: usize, count: usize, path: &str, headers: &str, status: u16) -> Result<Outcome> {
        load::run(&[&self.place], connections, count, |connection, _| {
            let answer = connection.call("GET", path, headers, "")?;
            ensure!(answer.status == status, "status {} of {path}", answer.status);
            Ok(())
        })
    }

    fn created(&self, connection: &mut Connection, caller: &str) -> Result<String> {
        let body =
            json!({ "profiletemplateuuid": self.template, "datacollection": "[]", "type": "Enroll", "comment": "" });
        let path = format!("{API}/requests");
        let made = connection.call("POST", &path, caller, &body.to_string())?.expect(201)?;
        let location: String = serde_json::from_str(&made)?;
        let request = location.rsplit('/').next().context("a location without a slash")?;
        Ok(format!("{API}/requests/{request}"))
    }

    /// Signs in at the pages, as a browser does that shows a ticket; gives the session's cookie, name and value.
    pub fn session(&self) -> Result<String> {
        let headers = "Sec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\n";
        let headers = format!("{headers}{}", self.headers);
        let answer = Connection::open(&self.place)?.call("POST", "/sign-in/ticket", &headers, "")?;
        let cookie = answer.cookie.split(';').next().unwrap_or_default().to_owned();
        ensure!(answer.status == 303 && !cookie.is_empty(), "status {} at the sign-in", answer.status);
        Ok(cookie)
    }

    /// Returns scheme, host and port of the server.
    pub fn origin(&self) -> String {
        format!("https://{}", self.place.address)
    }

    /// Asks for `count` pages, one after the other, each made of the calls that `paths` gives for its number; what is none of
    /// the API's is asked for with the session's cookie.
    pub fn pages(
        &self,
        cookie: &str,
        count: usize,
        paths: impl Fn(usize) -> Vec<String> + Sync,
    ) -> Result<Vec<Duration>> {
        let signed_in = format!("Cookie: {cookie}\r\n");
        let outcome = load::run(&[&self.place], 1, count, |connection, piece| {
            for path in paths(piece) {
                let headers = if path.starts_with("/CertificateManagement/") { &self.headers } else { &signed_in };
                let answer = connection.call("GET", &path, headers, "")?;
                ensure!(matches!(answer.status, 200 | 204), "status {} of {path}", answer.status);
            }
            Ok(())
        })?;
        Ok(outcome.latencies)
    }

    /// Reads and lists as a desk does, one after the other: a request, the newest requests, own profiles.
    pub fn reads(&self, count: usize) -> Result<Vec<Duration>> {
        let path = self.created(&mut Connection::open(&self.place)?, &self.headers)?;
        let calls = [path, format!("{API}/requests?status=Approved"), format!("{API}/profiles")];
        let outcome = load::run(&[&self.place], 1, count * calls.len(), |connection, piece| {
            let answer = connection.call("GET", &calls[piece % calls.len()], &self.headers, "")?;
            ensure!(matches!(answer.status, 200 | 204), "status {}", answer.status);
            Ok(())
        })?;
        Ok(outcome.latencies)
    }
}

/// The whole flow for each certification request, at servers of one database in turn.
pub fn flow(servers: &[&Ours], connections: usize, requests: &[Vec<u8>]) -> Result<Outcome> {
    let (first, places) = (servers[0], servers.iter().map(|ours| &ours.place).collect::<Vec<_>>());
    load::run(&places, connections, requests.len(), |connection, piece| first.one(connection, piece, &requests[piece]))
}
