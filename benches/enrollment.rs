//! P-256 enrollment by `cardwright enroll` against pkcs11-tool and openssl, on the same SoftHSM token, in turn.
//!
//! Ours is the whole of it: the command, HTTPS, and a server that writes every step to SQLite before it answers. It is
//! measured with everything in memory, as the pipeline waits for no disk, and with server and journal durable on disk.
//! Theirs is what an administrator would script: key on the token, request through OpenSSL's PKCS#11 engine,
//! `openssl x509 -req` with a CA in files, certificate written to the token and read back. Both meet a token that is
//! initialised and holds no object; taking the objects off again is not timed.

#![allow(clippy::print_stdout)]

#[path = "enrollment/cost.rs"]
mod cost;
#[path = "enrollment/pipeline.rs"]
mod pipeline;
mod support;

use anyhow::{Context, Result};
use cost::{Cost, timed};
use pipeline::Pipeline;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use support::cardwright::{Cardwright, Options, command, json};
use support::numbers::{Spread, milliseconds};
use support::process::fresh_directory;
use support::table;

const WARM_UP: usize = 2;
const PAIRS: usize = 20;
const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
const LABEL: &str = "bench";
const PIN: &str = "271828";
const SOFTHSM_CONF: &str = include_str!("../softhsm-config/softhsm2.conf");

/// Where everything lies but the token, which is in memory always.
#[derive(Clone, Copy)]
enum Place {
    /// Nobody waits for a disk, as the pipeline never does.
    Memory,
    /// Server and journal wait for the disk at every step.
    Disk,
}

/// A directory in memory; gone when dropped.
struct Memory(PathBuf);

impl Memory {
    fn make() -> Result<Self> {
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let made = Self(parent.join(format!("cardwright-bench-{}", std::process::id())));
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
    fn prepare(directory: &Path, tokens: &Memory) -> Result<Self> {
        let server = Cardwright::start(directory, &Options::default())?;
        let ours = Self { server, tokens: tokens.configuration(), state: directory.join("state") };
        json(ours.command().args(["token", "init", "--default-admin-key", "--label", LABEL]))?;
        ours.enroll()?;
        ours.clear()?;
        Ok(ours)
    }

    fn command(&self) -> Command {
        let mut command = command();
        command
            .env("CARDWRIGHT_SERVER", &self.server.url)
            .env("CARDWRIGHT_CA_FILE", self.server.directory.join("ca.cer.pem"))
            .env("CARDWRIGHT_BEARER", &self.server.bearer)
            .env("SOFTHSM2_CONF", &self.tokens)
            .env("CARDWRIGHT_MODULE", MODULE)
            .env("CARDWRIGHT_STATE", &self.state)
            .env("CARDWRIGHT_PIN", PIN);
        command
    }

    fn enroll(&self) -> Result<Cost> {
        let before = self.server.service.cpu()?;
        let cost = timed(|| {
            let told = json(self.command().args(["enroll", "--label", LABEL]))?;
            told["certificates"][0]["serial_number"].as_str().map(drop).context("no certificate was installed")
        })?;
        Ok(Cost { server_cpu: self.server.service.cpu()? - before, ..cost })
    }

    fn clear(&self) -> Result<()> {
        json(self.command().args(["retire", "--yes", "--label", LABEL])).map(drop)
    }
}

type Pairs = Vec<(Cost, Cost)>;

fn measure(place: Place) -> Result<Pairs> {
    let memory = Memory::make()?;
    let directory = match place {
        Place::Memory => memory.0.clone(),
        Place::Disk => fresh_directory("enrollment")?,
    };
    let ours = Ours::prepare(&directory, &memory)?;
    let theirs = Pipeline::prepare(&directory, &memory.configuration())?;
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

fn main() -> Result<()> {
    publish(&measure(Place::Memory)?, &measure(Place::Disk)?)
}

fn row(what: &str, pairs: &Pairs, our: fn(&Cost) -> Duration, their: fn(&Cost) -> Duration) -> Vec<String> {
    let spread = |of: &dyn Fn(&(Cost, Cost)) -> f64| Spread::of(pairs.iter().map(of));
    vec![
        what.to_owned(),
        spread(&|(ours, _)| milliseconds(our(ours))).told(1),
        spread(&|(_, theirs)| milliseconds(their(theirs))).told(1),
        spread(&|(ours, theirs)| our(ours).as_secs_f64() / their(theirs).as_secs_f64()).told(2),
    ]
}

fn publish(memory: &Pairs, disk: &Pairs) -> Result<()> {
    let rows = [
        row("wall, all in memory", memory, |cost| cost.wall, |cost| cost.wall),
        row("wall, server and journal durable on disk", disk, |cost| cost.wall, |cost| cost.wall),
        row("CPU of the commands", memory, |cost| cost.cpu, |cost| cost.cpu),
        row("CPU with our server's", memory, Cost::cpu_with_server, |cost| cost.cpu),
    ];
    let notes = [
        format!(
            "Median (least to greatest) of {PAIRS} pairs in turn after {WARM_UP} for warmth; the ratio is taken pair by pair."
        ),
        "Ours has in it what the pipeline has not: TLS, a workflow on a server, a journal that survives a kill, retry \
         counters read. On disk it waits for it at every step; the pipeline never waits for a disk."
            .to_owned(),
        format!("`cargo bench --bench enrollment`, {}.", table::machine()),
    ];
    let head = ["P-256 enrollment, ms", "cardwright and its server", "pkcs11-tool and openssl", "ratio"];
    table::publish("enrollment", "Enrollment", &head, &rows, &notes)
}
