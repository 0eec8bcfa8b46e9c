//! What the program and its server made: requests, answers, certificates, CRL and key, each judged by others.

use std::process::Command;

use cardwright::pkix::csr::{RequestContent, build};
use cardwright::pkix::{KeyAlgorithm, MemoryKey};
use serde_json::Value;

use super::Server;
use crate::enrollment::fake::{FakeCm, Mischief};
use crate::support::program::{Ended, Program, end};
use crate::support::site::{Site, keys, pkcs7};
use crate::support::softhsm;

const PIN: &str = "271828";

/// An enrolled token with all that strangers want to read, in the directory `desk`.
struct Enrolled {
    site: Site,
    key_id: String,
    serial: String,
}

impl Enrolled {
    fn new(algorithm: &str) -> Self {
        let mut site = Site::with(|template| keys(template, algorithm));
        site.person("alice", &[]);
        site.program.factory_token("card");
        let done = site.run("alice", PIN, &["enroll", "--label", "card"]).done();
        let text = |key: &str| done["certificates"][0][key].as_str().unwrap().to_owned();
        let enrolled = Self { key_id: text("key_id"), serial: text("serial_number"), site };
        let path = |name: &str| enrolled.site.program.path(name).display().to_string();
        let read = ["--read-object", "--type", "cert", "--output-file", &path("leaf.der"), "--id", &enrolled.key_id];
        enrolled.opensc(&read);
        enrolled.succeeds("openssl", &["x509", "-inform", "DER", "-in", "leaf.der", "-out", "leaf.pem"]);
        enrolled.succeeds("openssl", &["x509", "-in", "leaf.pem", "-noout", "-pubkey", "-out", "public.pem"]);
        enrolled.site.program.write("message", "a message to be signed");
        std::fs::copy(enrolled.site.ca_file(), path("ca.pem")).unwrap();
        enrolled.site.write_crl("alice");
        enrolled
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = self.site.program.other(program);
        command.args(arguments).current_dir(self.site.program.path(""));
        command.env("GNUTLS_PIN", PIN).env("PKCS11_MODULE_PATH", softhsm::MODULE);
        command
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Ended {
        end(&mut self.command(program, arguments))
    }

    #[track_caller]
    fn succeeds(&self, program: &str, arguments: &[&str]) -> String {
        let ended = self.run(program, arguments);
        assert!(ended.success(), "{program} {arguments:?}: {ended:?}");
        ended.all()
    }

    /// The key pair's object of this class.
    fn url(&self, class: &str) -> String {
        let digits: Vec<char> = self.key_id.chars().collect();
        let id: String = digits.chunks(2).map(|byte| format!("%{}{}", byte[0], byte[1])).collect();
        format!("pkcs11:token=card;id={id};type={class}")
    }

    #[track_caller]
    fn opensc(&self, arguments: &[&str]) -> String {
        let ended = self.site.program.pkcs11_tool("card", &[&["--login", "--pin", PIN], arguments].concat());
        assert!(ended.success(), "{arguments:?}: {ended:?}");
        ended.all()
    }
}

fn judged(algorithm: &str) {
    let enrolled = Enrolled::new(algorithm);
    chain_is_verified(&enrolled);
    opensc_signs(&enrolled, algorithm);
    gnutls_signs(&enrolled);
    tls_is_spoken(&enrolled);
    enrolled.site.run("alice", PIN, &["retire", "--label", "card", "--yes"]).done();
    enrolled.site.write_crl("alice");
    let verify = ["verify", "-crl_check", "-CAfile", "ca.pem", "-CRLfile", "ca.crl", "leaf.pem"];
    let revoked = enrolled.run("openssl", &verify);
    assert!(!revoked.success() && revoked.all().contains("certificate revoked"), "{revoked:?}");
}

fn chain_is_verified(enrolled: &Enrolled) {
    let verify = ["verify", "-x509_strict", "-purpose", "sslclient", "-crl_check", "-CAfile", "ca.pem"];
    let said = enrolled.succeeds("openssl", &[&verify[..], &["-CRLfile", "ca.crl", "leaf.pem"]].concat());
    assert!(said.contains("leaf.pem: OK"), "{said}");
    let serial = enrolled.succeeds("openssl", &["x509", "-in", "leaf.pem", "-noout", "-serial"]);
    assert!(serial.to_lowercase().contains(&enrolled.serial.to_lowercase()), "{serial}");
    let said = enrolled.succeeds("certtool", &["--verify", "--load-ca-certificate", "ca.pem", "--infile", "leaf.pem"]);
    assert!(said.contains("Verified. The certificate is trusted."), "{said}");
    let both = ["leaf.pem", "ca.pem"].map(|name| std::fs::read_to_string(enrolled.site.program.path(name)).unwrap());
    enrolled.site.program.write("chain.pem", both.concat());
    let said = enrolled.succeeds("certtool", &["--verify-chain", "--infile", "chain.pem"]);
    assert!(said.contains("Verified. The certificate is trusted."), "{said}");
}

fn opensc_signs(enrolled: &Enrolled, algorithm: &str) {
    let listed = enrolled.opensc(&["--list-objects"]);
    assert!(listed.contains("sensitive, always sensitive, never extractable, local"), "{listed}");
    assert_eq!(listed.matches(&enrolled.key_id).count(), 3, "{listed}");
    let path = |name: &str| enrolled.site.program.path(name).display().to_string();
    let (input, output) = (path("digest"), path("signature"));
    enrolled.succeeds("openssl", &["dgst", "-sha256", "-binary", "-out", "digest", "message"]);
    let sign = match algorithm {
        "P-256" => vec!["--mechanism", "ECDSA", "--signature-format", "openssl", "--input-file", &input],
        _ => vec!["--mechanism", "SHA256-RSA-PKCS", "--input-file", "message"],
    };
    let message = path("message");
    let sign: Vec<&str> =
        sign.into_iter().map(|word| if word == "message" { message.as_str() } else { word }).collect();
    enrolled.opensc(&[&["--sign", "--id", &enrolled.key_id, "--output-file", &output], &sign[..]].concat());
    let verify = ["dgst", "-sha256", "-verify", "public.pem", "-signature", "signature", "message"];
    assert!(enrolled.succeeds("openssl", &verify).contains("Verified OK"));
}

fn gnutls_signs(enrolled: &Enrolled) {
    let provider = ["--provider", softhsm::MODULE, "--login"];
    let listed = enrolled.succeeds("p11tool", &[&provider[..], &["--list-all", "pkcs11:token=card"]].concat());
    for class in ["type=cert", "type=private", "type=public"] {
        assert!(listed.contains(class), "{class}: {listed}");
    }
    assert!(listed.contains("CKA_NEVER_EXTRACTABLE") && listed.contains("CKA_SENSITIVE"), "{listed}");
    let sign = enrolled.succeeds("p11tool", &[&provider[..], &["--test-sign", &enrolled.url("private")]].concat());
    assert!(sign.contains("Verifying against private key parameters... ok"), "{sign}");
    // The key is not to be had, not even by its owner; the certificate is.
    let export = |class: &str| enrolled.run("p11tool", &[&provider[..], &["--export", &enrolled.url(class)]].concat());
    assert!(export("cert").all().contains("BEGIN CERTIFICATE"));
    let key = export("private");
    assert!(!key.success() && !key.all().contains("BEGIN"), "{key:?}");
}

/// A TLS server that trusts the CA accepts the key as a client's, and nobody without it.
fn tls_is_spoken(enrolled: &Enrolled) {
    let made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=tls"];
    let files = ["-keyout", "tls.key", "-out", "tls.pem"];
    enrolled.succeeds("openssl", &[&made[..], &files[..]].concat());
    let mut demand = enrolled.command("openssl", &["s_server", "-accept", "127.0.0.1:0", "-Verify", "1", "-www"]);
    demand.args(["-verify_return_error", "-cert", "tls.pem", "-key", "tls.key", "-CAfile", "ca.pem"]);
    let server = Server::spawn(demand);
    let key = format!("pkcs11:token=card;type=private;pin-value={PIN}");
    let whole = ["20", "openssl", "s_client", "-connect", &server.address, "-CAfile", "tls.pem", "-ign_eof"];
    let client = ["-cert", "leaf.pem", "-engine", "pkcs11", "-keyform", "engine", "-key", &key];
    let with_key = super::ask_for_page(enrolled.command("timeout", &[&whole[..], &client[..]].concat()));
    assert!(with_key.contains("Client certificate") && with_key.contains("Subject: CN=alice\n"), "{with_key}");
    let without = super::ask_for_page(enrolled.command("timeout", &whole));
    assert!(!without.contains("Client certificate") && without.contains("alert"), "{without}");
}

#[test]
fn strangers_accept_what_was_enrolled_with_p256() {
    judged("P-256");
}

#[test]
fn strangers_accept_what_was_enrolled_with_rsa() {
    judged("RSA-2048");
}

#[test]
fn openssl_accepts_the_answer_of_the_server() {
    let mut site = Site::new();
    site.person("alice", &[]);
    let request = site.executing_request("alice");
    let csr = build(&RequestContent::default(), &MemoryKey::generate(KeyAlgorithm::P256).unwrap()).unwrap();
    let issued = site.certificatedata("alice", &request, csr.der()).ok();
    let answer = site.program.write("answer.p7", pkcs7(&issued));
    let openssl = |arguments: &[&str]| {
        let ended = end(site.program.other("openssl").args(arguments).current_dir(site.program.path("")));
        assert!(ended.success(), "{arguments:?}: {ended:?}");
        ended.all()
    };
    let ca = site.ca_file().display().to_string();
    let verify = ["cms", "-verify", "-inform", "DER", "-in", &answer, "-CAfile", &ca, "-purpose", "any"];
    let said = openssl(&[&verify[..], &["-certsout", "certs.pem", "-out", "content"]].concat());
    assert!(said.contains("Verification successful"), "{said}");
    site.write_crl("alice");
    let said = openssl(&["crl2pkcs7", "-nocrl", "-certfile", "certs.pem"]);
    site.program.write("certs.p7", said);
    let listed = openssl(&["pkcs7", "-in", "certs.p7", "-print_certs", "-noout"]);
    assert!(listed.contains("subject=CN = alice") && listed.contains("subject=CN = cardwright CA"), "{listed}");
    // The content is a PKIResponse that says "success" (RFC 5272, 3.2.2).
    let content = openssl(&["asn1parse", "-inform", "DER", "-in", "content"]);
    assert!(content.contains("1.3.6.1.5.5.7.7.1") || content.contains("id-cmc-statusInfo"), "{content}");
}

#[test]
fn openssl_accepts_the_certification_request_the_token_signed() {
    for algorithm in [("ECDSA_P256", 256), ("RSA", 2048)] {
        let fake = FakeCm::start();
        fake.state().algorithm = algorithm;
        fake.behave(Some(Mischief::Refuse("certificatedata", 500)));
        let mut program = Program::new();
        program.set("CARDWRIGHT_SERVER", fake.url.as_str());
        program.set("CARDWRIGHT_BEARER", "any");
        program.set("CARDWRIGHT_PIN", PIN);
        program.factory_token("card");
        program.json(["enroll", "--label", "card"]).refused(6, "server-refused");
        let [journal] = program.journal().try_into().unwrap();
        let record: Value = serde_json::from_str(&journal).unwrap();
        let signed = record["milestone"]["keys"][0]["certification-request"].as_str().unwrap();
        let file = program.write("request.der", hex::decode(signed).unwrap());
        let said = end(program.other("openssl").args(["req", "-inform", "DER", "-verify", "-noout", "-in", &file]));
        assert!(said.success() && said.all().contains("verify OK"), "{said:?}");
    }
}
