//! P-256 enrollment by `cardwright enroll` against pkcs11-tool and openssl, on the same SoftHSM token, in turn: rows of the table
//! that `make bench` prints.
//!
//! Ours is the whole of it: the command, HTTPS, and a server that writes every step to SQLite before it answers; server and
//! journal are durable on disk. Theirs is what an administrator would script: key on the token, request through OpenSSL's
//! PKCS#11 engine, `openssl x509 -req` with a CA in files, certificate written to the token and read back; it never waits for
//! a disk. Both meet a token in memory that is initialised and holds no object; taking the objects off again is not timed.
//! Then once more: how often the command waits for the disk, and how much memory it takes.

#![allow(clippy::print_stdout)]

#[path = "../tests/it/support/flushes.rs"]
#[allow(clippy::unwrap_used)]
mod flushes;
#[path = "enrollment/pipeline.rs"]
mod pipeline;
mod support;

use anyhow::{Context, Result};
use flushes::Flushes;
use pipeline::Pipeline;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use support::cardwright::{Cardwright, Options, json};
use support::cost::{Cost, cpu_ratio, ended, timed, wall_ratio};
use support::process::fresh_directory;
use support::rows::{Row, Rows, missing};

const WARM_UP: usize = 2;
const PAIRS: usize = 20;
const PEAKS: usize = 5;
const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
const LABEL: &str = "bench";
const PIN: &str = "271828";
const WAITS: &str = "waits for the disk (fsync) of an enrollment at the client";
const ENROLL: [&str; 3] = ["enroll", "--label", LABEL];
const SOFTHSM_CONF: &str = include_str!("../softhsm-config/softhsm2.conf");

/// A directory in memory; gone when dropped.
struct Memory(PathBuf);

impl Memory {
    fn make(name: &str) -> Result<Self> {
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let made = Self(parent.join(format!("cardwright-bench-{name}-{}", std::process::id())));
        let tokens = made.0.join("tokens");
        std::fs::create_dir_all(&tokens)?;
        std::fs::write(made.configuration(), SOFTHSM_CONF.replace("@TOKENS@", &tokens.display().to_string()))?;
        Ok(made)
    }

    /// SoftHSM's.
    fn configuration(&self) -> PathBuf {
        self.0.join("softhsm2.conf")
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Our side.
struct Ours {
    server: Cardwright,
    tokens: PathBuf,
    state: PathBuf,
}

impl Ours {
    /// Starts the server and brings the token to where it stays: initialised, admin key and PIN set, empty.
    fn prepare(directory: &Path, tokens: &Memory, changes: &[(&str, &str)]) -> Result<Self> {
        let server = Cardwright::start(directory, &Options { changes, ..Options::default() })?;
        let ours = Self { server, tokens: tokens.configuration(), state: directory.join("state") };
        json(ours.command().args(["token", "init", "--default-admin-key", "--label", LABEL]))?;
        ours.enroll()?;
        ours.clear()?;
        Ok(ours)
    }

    fn command(&self) -> Command {
        let mut command = self.server.client(&self.state);
        command.env("SOFTHSM2_CONF", &self.tokens).env("CARDWRIGHT_MODULE", MODULE).env("CARDWRIGHT_PIN", PIN);
        command
    }

    fn enroll(&self) -> Result<Cost> {
        let before = self.server.service.cpu()?;
        let cost = timed(|| {
            let told = json(self.command().args(ENROLL))?;
            told["certificates"][0]["serial_number"].as_str().map(drop).context("no certificate was installed")
        })?;
        Ok(Cost { server_cpu: self.server.service.cpu()? - before, ..cost })
    }

    fn clear(&self) -> Result<()> {
        json(self.command().args(["retire", "--yes", "--label", LABEL])).map(drop)
    }
}

/// Both in turn.
fn pairs(ours: &Ours, theirs: &Pipeline) -> Result<Vec<(Cost, Cost)>> {
    let mut pairs = Vec::new();
    for turn in 0..WARM_UP + PAIRS {
        let our_cost = ours.enroll()?;
        ours.clear()?;
        let their_cost = timed(|| theirs.enroll())?;
        theirs.clear()?;
        if turn >= WARM_UP {
            pairs.push((our_cost, their_cost));
        }
    }
    Ok(pairs)
}

/// How often the command waits for the disk.
fn flushed(ours: &Ours) -> Result<usize> {
    let flushes = Flushes::kept_in(&ours.server.directory);
    json(flushes.watch(ours.command().args(ENROLL)))?;
    ours.clear()?;
    Ok(flushes.taken().len())
}

/// The same on a card that keeps the admin key it has, and on one that gets its own.
fn waits(ours: &Ours, directory: &Path) -> Result<Row> {
    if let Some(why) = missing(&["cc"]) {
        return Ok(Row::skipped(WAITS, why));
    }
    let (kept, tokens) = (directory.join("kept"), Memory::make("kept")?);
    std::fs::create_dir(&kept)?;
    let keeping = Ours::prepare(&kept, &tokens, &[("diversify_admin_key = true", "diversify_admin_key = false")])?;
    let more = format!("{} where the card gets an admin key of its own", flushed(ours)?);
    Ok(Row::count(WAITS, flushed(&keeping)?).remark(more))
}

/// The most memory that the command had resident, in MiB.
fn peak(ours: &Ours) -> Result<f64> {
    let child = ours.command().args(ENROLL).stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
    let peak = ended(child)?;
    ours.clear()?;
    Ok(peak)
}

fn main() -> Result<()> {
    let rows = Rows::begin("2-enrollment")?;
    let (directory, memory) = (fresh_directory("enrollment")?, Memory::make("tokens")?);
    let (wall, cpu) = (
        "P-256 enrollment on PKCS#11, durable on disk, wall time to pkcs11-tool's and openssl's",
        "the same, processor time with our server's",
    );
    if !Path::new(MODULE).is_file() {
        let skipped = |what: &str| Row::skipped(what, "SoftHSM is not installed");
        return rows.add(&[skipped(wall).at_most(0.35), skipped(cpu), skipped(WAITS).at_most(4.0)]);
    }
    let ours = Ours::prepare(&directory, &memory, &[])?;
    match missing(&["pkcs11-tool", "openssl"]) {
        Some(why) => rows.add(&[Row::skipped(wall, why.clone()).at_most(0.35), Row::skipped(cpu, why)])?,
        None => {
            let pairs = pairs(&ours, &Pipeline::prepare(&directory, &memory.configuration())?)?;
            rows.add(&[Row::new(wall, wall_ratio(&pairs)).at_most(0.35), Row::new(cpu, cpu_ratio(&pairs))])?;
        }
    }
    let peaks = (0..PEAKS).map(|_| peak(&ours)).collect::<Result<Vec<_>>>()?;
    let peak = Row::new("peak memory of the client, enrollment on PKCS#11", peaks).in_unit(" MiB", 1);
    rows.add(&[waits(&ours, &directory)?.at_most(4.0), peak.at_most(12.0)])
}
