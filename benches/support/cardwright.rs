//! A CM server of our own: the release binary, its directory on disk, people who may enroll for themselves.

use super::process::{Service, run};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;

const PROGRAM: &str = env!("CARGO_BIN_EXE_cardwright");

/// What is different in the template every new server has: P-256, in the lines that are marked for it, and people without
/// a UPN.
const TEMPLATE_CHANGES: [(&str, &str); 6] = [
    ("generate = \"RSA-2048\"\n# P-256: ", ""),
    ("allowed = [{ algorithm = \"RSA\", minimum_size = 2048 }]\n# P-256: ", ""),
    ("key_usages = [\"digitalSignature\", \"keyEncipherment\"]\n# P-256: ", ""),
    ("\nupn = ", "\n# upn = "),
    ("approvals_needed = 1", "approvals_needed = 0"),
    ("allow_smartcard_reuse = false", "allow_smartcard_reuse = true"),
];

/// How a server is to be.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    pub plain_http: bool,
    /// Lines of the example template, and what they will be.
    pub changes: &'a [(&'a str, &'a str)],
    /// A template in the example's place.
    pub template: Option<&'a str>,
    /// As `server init --ca-key` takes it.
    pub ca_key: &'a str,
    /// Added to `server.toml`.
    pub settings: &'a str,
    /// Statements that fill the SQLite database before the server starts.
    pub fill: Option<&'a str>,
    /// The one processor that the server may run on.
    pub processor: Option<usize>,
    /// How many people may enroll for themselves.
    pub people: usize,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self {
            plain_http: false,
            changes: &[],
            template: None,
            ca_key: "p256",
            settings: "",
            fill: None,
            processor: None,
            people: 1,
        }
    }
}

/// The server and its people.
pub struct Cardwright {
    pub directory: PathBuf,
    pub url: String,
    /// Of the first of them.
    pub bearer: String,
    pub bearers: Vec<String>,
    pub service: Service,
}

impl Cardwright {
    /// Makes a server's directory in `parent` and starts the server on a free port.
    ///
    /// Without a template of its own it has the one every new server has, but nobody need approve and retired cards
    /// may be enrolled again; and what the changes say besides.
    pub fn start(parent: &Path, options: &Options) -> Result<Self> {
        let directory = parent.join("server");
        let made = json(command().args(["server", "init"]).arg(&directory).args(["--ca-key", options.ca_key]))?;
        let template = PathBuf::from(text(&made, "template")?);
        let mut policy = std::fs::read_to_string(&template)?;
        for (is, will_be) in TEMPLATE_CHANGES.iter().chain(options.changes) {
            ensure!(policy.contains(*is), "the example template has no line \"{is}\"");
            policy = policy.replace(is, will_be);
        }
        std::fs::write(&template, options.template.unwrap_or(&policy))?;
        let settings = directory.join("server.toml");
        std::fs::write(&settings, std::fs::read_to_string(&settings)? + options.settings)?;
        let bearers = (0..options.people).map(|person| added(&directory, person)).collect::<Result<Vec<_>>>()?;
        if let Some(statements) = options.fill {
            rusqlite::Connection::open(directory.join("cardwright.db"))?.execute_batch(statements)?;
        }
        let (service, url) = serve(&directory, &parent.join("server.log"), options)?;
        let bearer = bearers.first().context("a server without people")?.clone();
        Ok(Self { directory, url, bearer, bearers, service })
    }

    /// The command line as the first person uses it, with its state in this directory.
    pub fn client(&self, state: &Path) -> Command {
        let mut command = command();
        command
            .env("CARDWRIGHT_SERVER", &self.url)
            .env("CARDWRIGHT_CA_FILE", self.directory.join("ca.cer.pem"))
            .env("CARDWRIGHT_BEARER", &self.bearer)
            .env("CARDWRIGHT_STATE", state);
        command
    }

    /// Starts one more server on the same database, with a copy of the directory.
    pub fn beside(&self, parent: &Path, options: &Options) -> Result<Self> {
        let directory = parent.join("beside");
        run(Command::new("cp").arg("-a").arg(&self.directory).arg(&directory))?;
        let (service, url) = serve(&directory, &parent.join("beside.log"), options)?;
        Ok(Self { directory, url, bearer: self.bearer.clone(), bearers: self.bearers.clone(), service })
    }
}

/// Adds a person, the first of whom is called olga; gives what proves who they are.
fn added(directory: &Path, person: usize) -> Result<String> {
    let name = if person == 0 { "olga".to_owned() } else { format!("olga{person}") };
    let added = json(command().args(["server", "user", "add"]).arg(directory).arg(name).arg("--show-token"))?;
    text(&added, "bearer")
}

/// Starts the server of a directory; gives it and where it listens.
fn serve(directory: &Path, log: &Path, options: &Options) -> Result<(Service, String)> {
    let mut serve = match options.processor {
        // So that the server counts one processor from its start.
        Some(processor) => {
            let mut pinned = Command::new("taskset");
            pinned.args(["-c", &processor.to_string(), PROGRAM]);
            as_always(&mut pinned);
            pinned
        }
        None => command(),
    };
    serve.arg("serve").arg(directory).args(["--listen", "127.0.0.1:0"]);
    if options.plain_http {
        serve.arg("--plain-http");
    }
    let mut service = Service::start(&mut serve, log)?;
    let mut line = String::new();
    BufReader::new(service.stdout()?).read_line(&mut line)?;
    service.lives()?;
    let told: Value = serde_json::from_str(&line).context("what the server printed")?;
    Ok((service, text(&told, "url")?))
}

/// Runs a command that prints one JSON document.
pub fn json(command: &mut Command) -> Result<Value> {
    serde_json::from_slice(&run(command)?).context("what the command printed")
}

fn text(document: &Value, key: &str) -> Result<String> {
    document[key].as_str().map(String::from).with_context(|| format!("no \"{key}\" in {document}"))
}

/// The command line, printing JSON.
pub fn command() -> Command {
    let mut command = Command::new(PROGRAM);
    as_always(&mut command);
    command
}

fn as_always(command: &mut Command) {
    command.arg("--json").env("CARDWRIGHT_PASSPHRASE", "for the length of a benchmark");
}
