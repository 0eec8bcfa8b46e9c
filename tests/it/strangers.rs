//! Other people's programs judge what was made on a token: OpenSC, GnuTLS, OpenSSL and its PKCS#11 engine.

mod enrolled;
mod gids;
mod history;
mod mail;
mod piv;
mod renaming;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use cardwright::pkix::KeyAlgorithm;
use cardwright::secret::Pin;
use cardwright::token::{Credentials, KeyId, KeyOrder, LastTry, Token};

use crate::support::certificates::{authority, certificate_for};
use crate::support::{directory, softhsm};

const PIN: &str = "123456";

/// A token with a key pair and its certificate, and a directory for what the strangers read and write.
struct Bench {
    label: &'static str,
    directory: PathBuf,
}

impl Bench {
    fn new(label: &'static str, algorithm: KeyAlgorithm) -> Self {
        let mut token = softhsm::token(label, "87654321", PIN);
        let mut session = token.log_in(Credentials::user(&Pin::new(PIN.into()), LastTry::Keep)).unwrap();
        let id = KeyId(vec![0x51, 0x0a]);
        let order = KeyOrder { id: id.clone(), label: "logon".into(), algorithm, decrypts: false, replace: false };
        let key = session.generate(&order).unwrap();
        let certificate = certificate_for(&key, label);
        session.write_certificate(&id, "logon", &certificate).unwrap();
        let bench = Self { label, directory: directory::fresh("strangers") };
        std::fs::write(bench.path("certificate.der"), &certificate).unwrap();
        std::fs::write(bench.path("authority.pem"), authority()).unwrap();
        std::fs::write(bench.path("message"), b"a message to be signed").unwrap();
        let certificate = ["x509", "-inform", "DER", "-in", "certificate.der", "-out", "certificate.pem"];
        bench.succeeds("openssl", &certificate);
        bench.succeeds("openssl", &["x509", "-in", "certificate.pem", "-noout", "-pubkey", "-out", "public.pem"]);
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.directory).stdin(Stdio::null());
        command.env("GNUTLS_PIN", PIN).env("PKCS11_MODULE_PATH", softhsm::MODULE);
        command
    }

    /// Runs a stranger's program in the directory and returns all it said.
    fn succeeds(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.command(program, arguments).output().unwrap();
        let said = told(&output);
        assert!(output.status.success(), "{program} {arguments:?}: {said}");
        said
    }

    fn pkcs11_tool(&self, arguments: &[&str]) -> String {
        let own = ["--module", softhsm::MODULE, "--token-label", self.label, "--login", "--pin", PIN];
        self.succeeds("pkcs11-tool", &[own.as_slice(), arguments].concat())
    }

    fn url(&self, rest: &str) -> String {
        format!("pkcs11:token={};object=logon{rest}", self.label.replace(' ', "%20"))
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn opensc_sees_the_pair_and_signs_with_it() {
    let bench = Bench::new("strangers opensc", KeyAlgorithm::Rsa2048);
    let listed = bench.pkcs11_tool(&["--list-objects"]);
    for object in
        ["Private Key Object; RSA", "Public Key Object; RSA 2048 bits", "Certificate Object; type = X.509 cert"]
    {
        assert!(listed.contains(object), "{object}: {listed}");
    }
    assert_eq!(listed.matches("510a").count(), 3, "{listed}");
    assert!(listed.contains("sensitive, always sensitive, never extractable, local"), "{listed}");
    assert!(listed.contains("CN=strangers opensc"), "{listed}");

    let read = ["--read-object", "--type", "cert", "--id", "510a", "--output-file", "read.der"];
    bench.pkcs11_tool(&read);
    assert!(std::fs::read(bench.path("read.der")).unwrap() == std::fs::read(bench.path("certificate.der")).unwrap());
    let sign = ["--sign", "--mechanism", "SHA256-RSA-PKCS", "--id", "510a", "-i", "message", "-o", "signature"];
    bench.pkcs11_tool(&sign);
    let verify = ["dgst", "-sha256", "-verify", "public.pem", "-signature", "signature", "message"];
    assert!(bench.succeeds("openssl", &verify).contains("Verified OK"));
}

#[test]
fn opensc_signs_with_a_curve_too() {
    let bench = Bench::new("strangers curve", KeyAlgorithm::P384);
    bench.succeeds("openssl", &["dgst", "-sha384", "-binary", "-out", "digest", "message"]);
    let sign = [
        "--sign",
        "--mechanism",
        "ECDSA",
        "--signature-format",
        "openssl",
        "--id",
        "510a",
        "-i",
        "digest",
        "-o",
        "signature",
    ];
    bench.pkcs11_tool(&sign);
    let verify = ["dgst", "-sha384", "-verify", "public.pem", "-signature", "signature", "message"];
    assert!(bench.succeeds("openssl", &verify).contains("Verified OK"));
}

#[test]
fn gnutls_sees_the_pair_and_signs_with_it() {
    let bench = Bench::new("strangers gnutls", KeyAlgorithm::Rsa2048);
    let listed = bench.succeeds("p11tool", &["--provider", softhsm::MODULE, "--login", "--list-all", &bench.url("")]);
    for class in ["type=cert", "type=private", "type=public", "id=%51%0A"] {
        assert!(listed.contains(class), "{class}: {listed}");
    }
    assert!(listed.contains("CKA_NEVER_EXTRACTABLE") && listed.contains("CKA_SENSITIVE"), "{listed}");
    let test = ["--provider", softhsm::MODULE, "--login", "--test-sign", &bench.url(";type=private")];
    let signed = bench.succeeds("p11tool", &test);
    assert!(signed.contains("Verifying against private key parameters... ok"), "{signed}");
    let export = ["--provider", softhsm::MODULE, "--export", &bench.url(";type=cert"), "--outfile", "exported.pem"];
    bench.succeeds("p11tool", &export);
    let same = bench.succeeds("openssl", &["x509", "-in", "exported.pem", "-noout", "-subject"]);
    assert!(same.contains("strangers gnutls"), "{same}");
}

#[test]
fn a_tls_server_accepts_the_key_through_openssls_engine() {
    for (label, algorithm) in [("strangers tls rsa", KeyAlgorithm::Rsa2048), ("strangers tls ec", KeyAlgorithm::P256)] {
        let bench = Bench::new(label, algorithm);
        let made = [
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            "/CN=localhost",
        ];
        let files = ["-keyout", "server.key", "-out", "server.pem"];
        bench.succeeds("openssl", &[made.as_slice(), files.as_slice()].concat());
        let server = Server::start(&bench);

        let key = bench.url(&format!(";type=private;pin-value={PIN}"));
        let whole =
            ["s_client", "-connect", &server.address, "-CAfile", "server.pem", "-verify_return_error", "-ign_eof"];
        let client = ["-cert", "certificate.pem", "-engine", "pkcs11", "-keyform", "engine", "-key", &key];
        let with_key = shake_hands(&bench, &[whole.as_slice(), client.as_slice()].concat());
        assert!(with_key.contains("Client certificate"), "{with_key}");
        assert!(with_key.contains(&format!("Subject: CN={label}\n")), "{with_key}");

        let without = shake_hands(&bench, &whole);
        assert!(!without.contains("Client certificate"), "{without}");
        assert!(without.contains("alert"), "{without}");
    }
}

/// Speaks TLS, asks for the server's page, and returns what both said.
fn shake_hands(bench: &Bench, arguments: &[&str]) -> String {
    let mut command = bench.command("timeout", &["20", "openssl"]);
    command.args(arguments);
    ask_for_page(command)
}

/// Runs `openssl s_client`, asks for the server's page, and returns what both said.
fn ask_for_page(mut client: Command) -> String {
    use std::io::Write as _;
    let mut client = client.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut request = client.stdin.take().unwrap();
    // A server that refuses the certificate may have hung up already.
    let _ = request.write_all(b"GET / HTTP/1.0\r\n\r\n");
    let output = client.wait_with_output().unwrap();
    drop(request);
    told(&output)
}

/// `openssl s_server` that demands a client certificate of the authority; ended when dropped.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start(bench: &Bench) -> Self {
        let files = ["-cert", "server.pem", "-key", "server.key", "-CAfile", "authority.pem"];
        let demand = ["s_server", "-accept", "127.0.0.1:0", "-Verify", "1", "-verify_return_error", "-www"];
        let mut command = bench.command("openssl", &demand);
        command.args(files);
        Self::spawn(command)
    }

    fn spawn(mut command: Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let accepting = lines.find_map(|line| line.unwrap().strip_prefix("ACCEPT ").map(str::to_owned));
        Self { process, address: accepting.unwrap() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn the_tools_of_strangers_are_installed() {
    for path in [softhsm::MODULE, "/usr/lib/x86_64-linux-gnu/engines-3/pkcs11.so"] {
        assert!(Path::new(path).exists(), "{path}");
    }
}
