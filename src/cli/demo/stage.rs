//! What the demo runs on: a directory in memory, a SoftHSM token, a server as a child, and other people's tools.

use crate::cli::args::DemoArgs;
use crate::cli::failure::{Exit, Failure};
use crate::client::{ClientConfig, CmClient, Login, Timeouts, Trust};
use crate::platform::process;
use crate::secret::BearerToken;
use serde_json::Value;
use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use url::Url;

const SOFTHSM_CONF: &str = include_str!("../../../softhsm-config/softhsm2.conf");
/// Is what to do where the demo itself goes wrong, which it never should.
const REPORT: &str =
    "Run `cardwright demo --keep` and report it with what its directory holds; nothing of yours was touched.";
const SERVER_STARTS_WITHIN: Duration = Duration::from_secs(30);
const SERVER_STOPS_WITHIN: Duration = Duration::from_secs(15);

/// Holds everything that must be gone when the demo is over; dropping it kills the server and removes the directory.
pub struct Stage {
    directory: PathBuf,
    module: PathBuf,
    keep: bool,
    bearers: HashMap<String, String>,
    pin: String,
    address: String,
    server: Option<Child>,
    /// The enrollment request, once it is made.
    pub request: String,
    /// The id of the newest key, hexadecimal.
    pub key_id: String,
}

impl Stage {
    /// Makes the directory and the token store; fails with `demo-tools` where a tool is missing.
    pub fn build(args: &DemoArgs) -> Result<Self, Failure> {
        if !args.module.exists() {
            return Err(missing(&args.module.display().to_string()));
        }
        for tool in ["openssl", "pkcs11-tool"] {
            let found = Command::new(tool).arg("--help").stdout(Stdio::null()).stderr(Stdio::null()).status();
            found.map_err(|_| missing(tool))?;
        }
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory.to_path_buf() } else { std::env::temp_dir() };
        let directory = parent.join(format!("cardwright-demo-{}", std::process::id()));
        let tokens = directory.join("tokens");
        std::fs::create_dir(&directory).and_then(|()| std::fs::create_dir(&tokens)).map_err(|e| failed("mkdir", e))?;
        let conf = SOFTHSM_CONF.replace("@TOKENS@", &tokens.display().to_string());
        std::fs::write(directory.join("softhsm2.conf"), conf).map_err(|e| failed("softhsm2.conf", e))?;
        Ok(Self {
            directory,
            module: args.module.clone(),
            keep: args.keep,
            bearers: HashMap::new(),
            pin: String::new(),
            address: String::new(),
            server: None,
            request: String::new(),
            key_id: String::new(),
        })
    }

    /// Returns the path of a file in the demo's directory, as text.
    pub fn path(&self, name: &str) -> String {
        self.directory.join(name).display().to_string()
    }

    /// Keeps the bearer token by which one of the people calls the server.
    pub fn remember_bearer(&mut self, name: &str, bearer: String) {
        self.bearers.insert(name.into(), bearer);
    }

    /// Sets the PIN that is given to every command from now on, as PIN and as new PIN.
    pub fn set_pin(&mut self, pin: &str) {
        self.pin = pin.into();
    }

    /// Runs this program without a bearer token; it must succeed. Returns what it printed.
    pub fn cardwright(&self, arguments: &[&str]) -> Result<Value, Failure> {
        self.run("", arguments, None)
    }

    /// Runs this program as one of the people; it must succeed.
    pub fn cardwright_as(&self, who: &str, arguments: &[&str]) -> Result<Value, Failure> {
        self.run(who, arguments, None)
    }

    /// Runs this program as one of the people; it must end with `exit`.
    pub fn cardwright_ends(&self, exit: Exit, who: &str, arguments: &[&str]) -> Result<Value, Failure> {
        self.run(who, arguments, Some(exit))
    }

    /// Prepares this program with the demo's environment and the bearer token of `who`.
    fn own_command(&self, who: &str) -> Result<Command, Failure> {
        let program = std::env::current_exe().map_err(|e| failed("this program's path", e))?;
        let mut command = Command::new(program);
        command
            .arg("--json")
            .env("SOFTHSM2_CONF", self.path("softhsm2.conf"))
            .env("CARDWRIGHT_MODULE", &self.module)
            .env("CARDWRIGHT_STATE", self.path("state"))
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("CARDWRIGHT_SYSTEM_CONFIG", self.path("config/everybody.toml"))
            .env("CARDWRIGHT_PASSPHRASE", "for the length of a demo")
            .env("CARDWRIGHT_SERVER", &self.address)
            .env("CARDWRIGHT_CA_FILE", self.path("server/ca.cer.pem"))
            .env("CARDWRIGHT_BEARER", self.bearers.get(who).map_or("", String::as_str))
            .env("CARDWRIGHT_PIN", &self.pin)
            .env("CARDWRIGHT_NEW_PIN", &self.pin)
            .stdin(Stdio::null());
        Ok(command)
    }

    fn run(&self, who: &str, arguments: &[&str], exit: Option<Exit>) -> Result<Value, Failure> {
        let output = self.own_command(who)?.args(arguments).output().map_err(|e| failed("cardwright", e))?;
        let expected = exit.map_or(0, |exit| exit as i32);
        if output.status.code() != Some(expected) {
            return Err(unexpected(&format!("cardwright {}", arguments.join(" ")), &output));
        }
        serde_json::from_slice(&output.stdout).map_err(|e| failed("what cardwright printed", e))
    }

    /// Starts the server on a free port, waits until it listens and returns its URL.
    pub fn start_server(&mut self) -> Result<String, Failure> {
        let directory = self.path("server");
        let log = std::fs::File::create(self.path("server.log")).map_err(|e| failed("server.log", e))?;
        let mut child = self
            .own_command("")?
            .args(["serve", &directory, "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(|e| failed("the server", e))?;
        let stdout = child.stdout.take();
        self.server = Some(child);
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            if let Some(stdout) = stdout {
                let _ = BufReader::new(stdout).read_line(&mut line);
            }
            let _ = sender.send(line);
        });
        let line = receiver.recv_timeout(SERVER_STARTS_WITHIN).map_err(|e| failed("the server's start", e))?;
        let told: Value = serde_json::from_str(&line).map_err(|e| failed("what the server printed", e))?;
        self.address = text_at(&told, "url")?;
        Ok(self.address.clone())
    }

    /// Has pkcs11-tool read the newest certificate from the token into a file.
    pub fn fetch_certificate(&self, name: &str) -> Result<(), Failure> {
        let file = self.path(name);
        self.pkcs11_tool(&["--read-object", "--type", "cert", "--id", &self.key_id, "--output-file", &file]).map(drop)
    }

    /// Fetches the CRL from the server into `ca.crl`, in PEM.
    pub fn fetch_crl(&self) -> Result<(), Failure> {
        let base_url = Url::parse(&self.address).map_err(|e| failed("the server's address", e))?;
        let ca = std::fs::read(self.path("server/ca.cer.pem")).map_err(|e| failed("the CA's certificate", e))?;
        let login = Login::Bearer(BearerToken::new(self.bearers.get("olga").cloned().unwrap_or_default()));
        let config = ClientConfig { base_url, trust: Trust::Pem(ca), login, timeouts: Timeouts::default() };
        let crl = CmClient::new(config)?.crl()?;
        std::fs::write(self.path("ca.crl.der"), crl).map_err(|e| failed("ca.crl.der", e))?;
        let (der, pem) = (self.path("ca.crl.der"), self.path("ca.crl"));
        self.openssl(&["crl", "-inform", "DER", "-in", &der, "-out", &pem]).map(drop)
    }

    /// Has OpenSSL verify the certificate against the CA and its CRL.
    pub fn openssl_verifies(&self, certificate: &str) -> Result<(), Failure> {
        self.openssl(&[
            "verify",
            "-crl_check",
            "-CAfile",
            &self.path("server/ca.cer.pem"),
            "-CRLfile",
            &self.path("ca.crl"),
            &self.path(certificate),
        ])
        .map(drop)
    }

    /// Has OpenSSL find the certificate revoked.
    pub fn openssl_says_revoked(&self, certificate: &str) -> Result<(), Failure> {
        match self.openssl_verifies(certificate) {
            Err(failure) if failure.lines().iter().any(|line| line.contains("revoked")) => Ok(()),
            Err(failure) => Err(failure),
            Ok(()) => {
                Err(Failure::new("demo", Exit::Other, "OpenSSL still accepts the retired certificate").remedy(REPORT))
            }
        }
    }

    /// Has pkcs11-tool sign on the token with the certificate's key, and OpenSSL verify with the certificate.
    pub fn token_signs(&self, certificate: &str) -> Result<(), Failure> {
        let (text, signature, key) = (self.path("text"), self.path("signature"), self.path("key.pem"));
        std::fs::write(&text, "signed on the token\n").map_err(|e| failed("text", e))?;
        self.pkcs11_tool(&[
            "--login",
            "--pin",
            "env:CARDWRIGHT_PIN",
            "--sign",
            "--id",
            &self.key_id,
            "--mechanism",
            "SHA256-RSA-PKCS",
            "--input-file",
            &text,
            "--output-file",
            &signature,
        ])?;
        self.openssl(&["x509", "-in", &self.path(certificate), "-noout", "-pubkey", "-out", &key])?;
        self.openssl(&["dgst", "-sha256", "-verify", &key, "-signature", &signature, &text]).map(drop)
    }

    /// Has pkcs11-tool, logged in, list the token's objects; there must be none.
    pub fn token_is_empty(&self) -> Result<(), Failure> {
        let listed = self.pkcs11_tool(&["--login", "--pin", "env:CARDWRIGHT_PIN", "--list-objects"])?;
        if listed.contains("Object") {
            return Err(
                Failure::new("demo", Exit::Other, format!("objects are left on the token:\n{listed}")).remedy(REPORT)
            );
        }
        Ok(())
    }

    fn openssl(&self, arguments: &[&str]) -> Result<String, Failure> {
        judge(Command::new("openssl").args(arguments))
    }

    fn pkcs11_tool(&self, arguments: &[&str]) -> Result<String, Failure> {
        let mut command = Command::new("pkcs11-tool");
        command.arg("--module").arg(&self.module).args(["--token-label", "demo"]).args(arguments);
        command.env("SOFTHSM2_CONF", self.path("softhsm2.conf")).env("CARDWRIGHT_PIN", &self.pin);
        judge(&mut command)
    }

    /// Stops the server, which must end by itself within [`SERVER_STOPS_WITHIN`], and removes the directory unless
    /// that is to be kept.
    pub fn strike(mut self) -> Result<(), Failure> {
        let Some(mut server) = self.server.take() else { return Ok(()) };
        process::ask_to_end(&server).map_err(|e| failed("stopping the server", e))?;
        let asked = Instant::now();
        while asked.elapsed() < SERVER_STOPS_WITHIN {
            if let Some(status) = server.try_wait().map_err(|e| failed("the server's end", e))? {
                let orderly = status.success();
                return if orderly { Ok(()) } else { Err(failed("the server's end", status)) };
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.server = Some(server);
        Err(Failure::new("demo", Exit::Other, "the server did not stop when asked; it was killed").remedy(REPORT))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = server.kill().and_then(|()| server.wait());
        }
        if !self.keep {
            let _ = std::fs::remove_dir_all(&self.directory);
        }
    }
}

/// Returns the text under `key` of what a command printed.
pub fn text_at(document: &Value, key: &str) -> Result<String, Failure> {
    document[key].as_str().map(String::from).ok_or_else(|| failed("what a command printed", format!("no \"{key}\"")))
}

/// Runs a tool, which must succeed, and returns what it printed.
fn judge(command: &mut Command) -> Result<String, Failure> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().map_err(|e| failed(&program, e))?;
    if !output.status.success() {
        return Err(unexpected(&program, &output));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn unexpected(what: &str, output: &Output) -> Failure {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Failure::new("demo", Exit::Other, format!("{what}: {}\n{out}{err}", output.status)).remedy(REPORT)
}

fn failed(what: &str, why: impl std::fmt::Display) -> Failure {
    Failure::new("demo", Exit::Other, format!("{what}: {why}")).remedy(REPORT)
}

fn missing(what: &str) -> Failure {
    Failure::new("demo-tools", Exit::Usage, format!("the demo needs {what}, which is not here"))
        .remedy("On Debian, `make demo` installs it; elsewhere install SoftHSM 2, OpenSC and OpenSSL.")
}
