//! EST as other people serve it: est-ca, built by scripts/build-est.

use super::{asking, below, leaf};
use cardwright::ca::CertificateAuthority;
use cardwright::ca::upstream::{Credentials, Names, Protocol, Settings, Upstream};
use cardwright::pkix::Certificate;
use cardwright::secret::Passphrase;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

const USER: &str = "cardwright";
const PASSWORD: &str = "estpwd";

/// The server, which certifies whoever knows the password under one name.
struct EstCa {
    directory: TempDir,
    port: u16,
    child: Child,
}

impl Drop for EstCa {
    fn drop(&mut self) {
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// Where the program is; the set-up has built it, else it is built now.
fn program() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let built = root.join("target/est/est-for-tests");
    if !built.exists() {
        let build = Command::new(root.join("scripts/build-est")).output().unwrap();
        assert!(build.status.success(), "{}", String::from_utf8_lossy(&build.stderr));
    }
    built
}

impl EstCa {
    fn start(name: &str) -> Self {
        let directory = crate::support::directory::temporary();
        let mut command = Command::new(program());
        command.arg(directory.path()).args([USER, PASSWORD, name]).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        let der = std::fs::read(directory.path().join("ca.cer")).unwrap();
        std::fs::write(directory.path().join("ca.pem"), Certificate::from_der(&der).unwrap().to_pem()).unwrap();
        Self { directory, port: port.trim().parse().unwrap(), child }
    }

    fn url(&self) -> String {
        format!("https://127.0.0.1:{}/.well-known/est", self.port)
    }

    fn settings(&self) -> String {
        let [chain, trust] = ["ca.pem", "tls.pem"].map(|name| self.directory.path().join(name));
        let url = self.url();
        format!("protocol = \"est\"\nurl = {url:?}\ntls_trust = {trust:?}\nchain = {chain:?}\nuser = {USER:?}\n")
    }

    fn certificate(&self, name: &str) -> Certificate {
        Certificate::from_pem(&std::fs::read_to_string(self.directory.path().join(name)).unwrap()).unwrap()
    }
}

#[test]
fn est_ca_certifies_and_is_known_by_its_certificate() {
    let est = EstCa::start("alice");
    let upstream = Upstream::new(Settings {
        protocol: Protocol::Est,
        url: est.url().parse().unwrap(),
        tls_trust: vec![est.certificate("tls.pem")],
        chain: vec![est.certificate("ca.pem")],
        credentials: Credentials::Basic { user: USER.into(), password: Passphrase::new(PASSWORD.into()) },
        profile: None,
        names: Names::AsOrdered,
    });
    assert!(upstream.unwrap().is_as_configured().unwrap());
    let (lab, alice) = below(&est.settings(), Some(PASSWORD), |template| template);
    let (request, key, csr) = asking(&lab, &alice);
    let issued = lab.certificatedata(&alice, &request, &csr).ok();
    let certificate = leaf(&issued, &key);
    certificate.verify_issued_by(&est.certificate("ca.pem")).unwrap();
    assert_eq!(certificate.subject(), "CN=alice");
    assert_eq!(lab.certificatedata(&alice, &request, &csr).ok(), issued, "without another order");
    lab.complete(&alice, &request).ok();
}

#[test]
fn est_ca_refuses_a_wrong_password_and_its_other_names_are_refused() {
    let est = EstCa::start("mallory");
    for (password, why) in [("wrong", "403"), (PASSWORD, "it differs in subject")] {
        let (lab, alice) = below(&est.settings(), Some(password), |template| template);
        let (request, _, csr) = asking(&lab, &alice);
        let refused = lab.certificatedata(&alice, &request, &csr);
        let text = String::from_utf8_lossy(&refused.bytes);
        assert!(text.contains(why) && !text.contains(password), "{text}");
        assert_eq!(refused.refusal(), (502, "ca-refused".into()), "{password}");
    }
}
