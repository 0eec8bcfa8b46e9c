//! Calls that write nothing: those that anybody may make, beside the smallest call there is, and a list of the newest requests.

use super::Round;
use super::ours::{API, Ours};
use super::support::process::run;
use super::support::rows::Row;
use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rusqlite::{Connection as Database, OpenFlags};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

const ROUNDS: usize = 5;
const CONNECTIONS: usize = 8;
/// A round, of each.
const CALLS: usize = 2000;
const LISTS: usize = 300;
/// Answered without a look at anything.
pub const EMPTY: &str = "/healthz/live";
const DESCRIPTION: &str = "/openapi.json";
/// The longest list that is answered.
const LISTED: usize = 500;

/// A call that anybody may make.
struct Open {
    what: &'static str,
    path: String,
    headers: String,
    status: u16,
}

impl Open {
    fn new(what: &'static str, path: impl Into<String>) -> Self {
        Self { what, path: path.into(), headers: String::new(), status: 200 }
    }

    fn with(self, headers: impl Into<String>) -> Self {
        Self { headers: headers.into(), ..self }
    }
}

/// Measures them all in turn.
pub fn rows(directory: &Path, lite: &Ours) -> Result<Vec<Row>> {
    let known = lite.open()?.call("GET", DESCRIPTION, "", "")?.tag;
    ensure!(!known.is_empty(), "the description has no tag");
    let unchanged = Open::new("the description once more, unchanged", DESCRIPTION);
    let calls = [
        Open::new("the description of all calls", DESCRIPTION),
        Open::new("the description, packed", DESCRIPTION).with("Accept-Encoding: gzip\r\n"),
        Open { status: 304, ..unchanged }.with(format!("If-None-Match: {known}\r\n")),
        Open::new("the revocation list", "/pki/ca.crl"),
        Open::new("OCSP without a nonce", question(directory, lite)?),
        Open::new("/healthz", "/healthz"),
    ];
    let mut sizes = Vec::new();
    for call in &calls {
        let answer = lite.open()?.call("GET", &call.path, &call.headers, "")?;
        ensure!(answer.status == call.status, "{}: status {}", call.what, answer.status);
        sizes.push(answer.body.len());
    }
    let empty = Open::new("", EMPTY);
    let mut ratios = calls.each_ref().map(|_| Vec::new());
    for round in 0..=ROUNDS {
        let least = measured(lite, &empty)?;
        for (call, ratios) in calls.iter().zip(&mut ratios) {
            let ratio = measured(lite, call)? / least;
            // The first round is for warmth.
            if round > 0 {
                ratios.push(ratio);
            }
        }
    }
    let rows = calls.iter().zip(ratios).zip(sizes).map(|((call, ratios), bytes)| {
        let what = format!("anybody's call, the server's processor time to an empty call's: {}", call.what);
        Row::new(what, ratios).at_most(1.5).remark(format!("{bytes} bytes"))
    });
    Ok(rows.chain(list(lite)?).collect())
}

/// Microseconds of the server a call.
fn measured(lite: &Ours, call: &Open) -> Result<f64> {
    let work = || lite.calls(CONNECTIONS, CALLS, &call.path, &call.headers, call.status);
    Ok(Round::measured(&lite.server.service, work)?.cpu)
}

/// The path of an OCSP question, as OpenSSL asks it, about a certificate that was issued.
fn question(directory: &Path, lite: &Ours) -> Result<String> {
    let file = lite.server.directory.join("cardwright.db");
    let database = Database::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let serial: String = database.query_row("SELECT hex(serial) FROM certificates LIMIT 1", [], |row| row.get(0))?;
    let asked = directory.join("question.der");
    let mut openssl = Command::new("openssl");
    openssl.args(["ocsp", "-no_nonce", "-issuer"]).arg(lite.server.directory.join("ca.cer.pem"));
    run(openssl.args(["-serial", &format!("0x{serial}"), "-reqout"]).arg(&asked))?;
    let text = STANDARD.encode(std::fs::read(asked)?);
    Ok(format!("/ocsp/{}", text.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")))
}

/// The newest requests of somebody who has made more than are listed.
fn list(lite: &Ours) -> Result<[Row; 2]> {
    let path = format!("{API}/requests");
    let listed = lite.open()?.call("GET", &path, &lite.headers, "")?.expect(200)?;
    let listed: Value = serde_json::from_str(&listed)?;
    let count = listed.as_array().context("no list")?.len();
    ensure!(count == LISTED, "{count} requests are listed");
    let mut rounds = Vec::new();
    for round in 0..=ROUNDS {
        let measured = Round::measured(&lite.server.service, || lite.calls(1, LISTS, &path, &lite.headers, 200))?;
        // The first round is for warmth.
        if round > 0 {
            rounds.push(measured);
        }
    }
    let row = |what: &str, of: fn(&Round) -> f64| Row::new(what, rounds.iter().map(of)).in_unit(" ms", 2).at_most(1.5);
    Ok([
        row("the newest 500 requests as a list, SQLite: p50", |round| round.latency(0.5)),
        row("the same: the server's processor time", |round| round.cpu / 1e3),
    ])
}
