//! The real program in an environment of its own: nothing of the caller's home, tokens or settings reaches it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use cardwright::farm::pcscd::CLIENTS_VARIABLE;
use serde_json::Value;

pub use super::found::found;
use super::journal;
use super::kryoptic;
use super::softhsm::{self, Private};

pub const PATH: &str = env!("CARGO_BIN_EXE_cardwright");

/// Names the variable that says by which words clients are run in place of [`PATH`]: `scripts/check-windows` sets it.
const CLIENT: &str = "CARDWRIGHT_TEST_CLIENT";
/// Names the variable that says which PKCS#11 module those clients use in place of this environment's.
const CLIENTS_MODULE: &str = "CARDWRIGHT_TEST_MODULE";
/// Names the variable by which the program finds its PKCS#11 module.
const MODULE: &str = "CARDWRIGHT_MODULE";

/// What a run of mutants (`mutants/run`) says to the program as well.
const MUTANTS: [&str; 2] = ["MUTANT", "MUTANTS_REACHED"];

/// The SO PIN of a token with the all-zero admin key.
pub const DEFAULT_SO_PIN: &str = "000000000000000000000000000000000000000000000000";

/// A home, a token directory, a journal and variables for the programs that are run in it.
pub struct Program {
    tokens: Private,
    module: PathBuf,
    variables: Vec<(String, String)>,
    /// What comes before every program.
    inside: Vec<String>,
}

impl Program {
    /// An environment without any token or setting.
    pub fn new() -> Self {
        let tokens = softhsm::private();
        let own = |name: &str| tokens.directory.join(name).display().to_string();
        let variables = [
            ("PATH", std::env::var("PATH").unwrap()),
            ("HOME", own("home")),
            ("XDG_CONFIG_HOME", own("config")),
            ("CARDWRIGHT_SYSTEM_CONFIG", own("everybody/config.toml")),
            ("CARDWRIGHT_STATE", own("state")),
            (MODULE, softhsm::MODULE.to_owned()),
            // Cards in the readers of this computer are nobody's to try.
            (CLIENTS_VARIABLE, own("nobody.comm")),
            (softhsm::VARIABLE, tokens.configuration.display().to_string()),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value)).into();
        Self { tokens, module: softhsm::MODULE.into(), variables, inside: Vec::new() }
    }

    /// Goes over to kryoptic, whose PINs lock and whose every write is a transaction.
    pub fn use_kryoptic(&mut self) {
        self.use_module(kryoptic::path());
        let configuration = kryoptic::configure(&self.path("tokens"));
        self.set(kryoptic::VARIABLE, configuration.display().to_string());
    }

    /// Goes over to another PKCS#11 module.
    pub fn use_module(&mut self, module: impl Into<PathBuf>) {
        self.module = module.into();
        self.set(MODULE, self.module.display().to_string());
    }

    /// Has every program be run from now on by another, whose last words it becomes.
    pub fn run_inside(&mut self, outer: &[&str]) {
        self.inside = outer.iter().map(|word| (*word).to_owned()).collect();
    }

    /// The PKCS#11 module of this environment.
    pub fn module(&self) -> &Path {
        &self.module
    }

    /// Sets a variable for every program that is run from now on.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.into()));
    }

    /// Takes a variable away from every program that is run from now on.
    pub fn unset(&mut self, name: &str) {
        self.variables.retain(|(known, _)| known != name);
    }

    /// A path of this environment's own.
    pub fn path(&self, name: &str) -> PathBuf {
        self.tokens.directory.join(name)
    }

    /// Writes a file of this environment's own and gives its path as text.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    /// Any program, in this environment.
    pub fn other(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = self.interactive(program);
        command.stdin(Stdio::null());
        command
    }

    /// Any program, in this environment, for a terminal.
    pub fn interactive(&self, program: impl AsRef<OsStr>) -> Command {
        let program = found(program);
        let mut command = match self.inside.as_slice() {
            [] => Command::new(program),
            [outer, words @ ..] => {
                let mut command = Command::new(found(outer));
                command.args(words).arg(program);
                command
            }
        };
        command.env_clear().envs(self.variables.iter().map(|(name, value)| (name, value))).env("TERM", "xterm");
        command.envs(MUTANTS.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        command
    }

    /// The program, in this environment.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = self.other(PATH);
        command.args(arguments);
        command
    }

    /// The client, in this environment: the program, or the one for another system.
    pub fn client<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let words = client_words();
        let mut command = self.other(&words[0]);
        command.args(&words[1..]).args(arguments);
        if let Some(theirs) = std::env::var_os(CLIENTS_MODULE)
            && self.variables.iter().any(|(name, _)| name == MODULE)
        {
            command.env(MODULE, theirs);
        }
        command
    }

    /// Runs the program for scripts (`--json`).
    pub fn json<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Ended {
        let mut command = self.command(["--json"]);
        end(command.args(arguments))
    }

    /// Runs the program for people.
    pub fn text<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Ended {
        end(&mut self.command(arguments))
    }

    /// Runs pkcs11-tool on the token with `label`; what it said, whether it succeeded.
    pub fn pkcs11_tool(&self, label: &str, arguments: &[&str]) -> Ended {
        let mut command = self.other("pkcs11-tool");
        command.arg("--module").arg(&self.module);
        end(command.args(["--token-label", label]).args(arguments))
    }

    /// Initialises a token as if it came from the factory: the all-zero admin key, no PIN.
    #[track_caller]
    pub fn factory_token(&self, label: &str) {
        self.json(["token", "init", "--label", label, "--default-admin-key"]).done();
    }

    /// Initialises a token with a PIN of its own.
    #[track_caller]
    pub fn token_with_pin(&self, label: &str, pin: &str) {
        let file = self.write("first.pin", pin);
        let source = format!("file:{file}");
        self.json(["token", "init", "--label", label, "--default-admin-key", "--pin-from", &source]).done();
    }

    /// Every file of every token with its bytes: two that are equal are of tokens that nobody touched.
    pub fn token_files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        gather(&self.path("tokens"), &mut files);
        files.sort();
        files
    }

    /// What other people's tool finds on the token, with the PIN: private keys, public keys, certificates.
    #[track_caller]
    pub fn objects(&self, label: &str, pin: &str) -> [usize; 3] {
        let listed = self.pkcs11_tool(label, &["--login", "--pin", pin, "--list-objects"]);
        assert!(listed.success(), "{listed:?}");
        ["Private Key Object", "Public Key Object", "Certificate Object; type = X.509 cert"]
            .map(|kind| listed.stdout.matches(kind).count())
    }

    /// The record of each journal file, as text.
    pub fn journal(&self) -> Vec<String> {
        journal::texts(&self.path("state/journal"))
    }
}

fn gather(directory: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in std::fs::read_dir(directory).unwrap().flatten() {
        match entry.file_type().unwrap().is_dir() {
            true => gather(&entry.path(), files),
            false => files.push((entry.path(), std::fs::read(entry.path()).unwrap())),
        }
    }
}

/// The command, ended after so many seconds: a wedged driver makes clients hang for ever.
pub fn bounded(command: &Command, seconds: &str) -> Command {
    let mut bounded = Command::new(found("timeout"));
    bounded.args(["--kill-after=5", seconds]).arg(command.get_program()).args(command.get_args());
    bounded.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    bounded.stdin(Stdio::null());
    bounded
}

/// The words by which clients are run.
pub fn client_words() -> Vec<String> {
    std::env::var(CLIENT).map_or_else(|_| vec![PATH.into()], |words| words.split_whitespace().map(Into::into).collect())
}

/// Runs a program to its end.
pub fn end(command: &mut Command) -> Ended {
    command.output().unwrap().into()
}

/// How a program ended and what it said.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

/// What `--json` tells of a failure.
#[derive(Debug, PartialEq, Eq)]
pub struct Told {
    pub exit: i32,
    pub code: String,
    pub message: String,
    pub remedy: String,
    pub causes: String,
    pub request: Option<String>,
    /// The command by which that goes on.
    pub next: Option<String>,
}

impl Told {
    /// All that is for people.
    pub fn all(&self) -> String {
        [&*self.message, &*self.causes, &*self.remedy].join("\n")
    }
}

impl Ended {
    pub fn success(&self) -> bool {
        self.code == Some(0)
    }

    /// Both streams.
    pub fn all(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// The one JSON document on standard output.
    #[track_caller]
    pub fn document(&self) -> Value {
        assert!(self.stdout.ends_with('\n') && self.stdout.trim_end().lines().count() == 1, "{self:?}");
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The document of a command that succeeded.
    #[track_caller]
    pub fn done(&self) -> Value {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.document()
    }

    /// What was told of a command that failed.
    #[track_caller]
    pub fn told(&self) -> Told {
        assert_ne!(self.code, Some(0), "{self:?}");
        let document = self.document();
        let error = &document["error"];
        let text = |key: &str| error[key].as_str().unwrap_or_default().to_owned();
        let causes = error["causes"].as_array().into_iter().flatten().filter_map(Value::as_str);
        Told {
            exit: self.code.unwrap(),
            code: text("code"),
            message: text("message"),
            remedy: text("remedy"),
            causes: causes.collect::<Vec<_>>().join("\n"),
            request: error["request"].as_str().map(String::from),
            next: error["next"].as_str().map(String::from),
        }
    }

    /// Asserts a failure's exit code and stable code, and that it comes with a message and a remedy.
    #[track_caller]
    pub fn refused(&self, exit: i32, code: &str) -> Told {
        let told = self.told();
        assert_eq!((told.exit, told.code.as_str()), (exit, code), "{self:?}");
        assert!(!told.message.is_empty() && !told.remedy.is_empty(), "{self:?}");
        told
    }
}
