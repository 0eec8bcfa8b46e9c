//! A server whose CA is under an OpenSSL root: asked for, installed, and found again after a start.

use super::support::{PASSPHRASE, TEMPLATE, pkcs7};
use crate::ca::subordinate::{Root, SUBORDINATE};
use cardwright::pkix::Certificate;
use cardwright::secret::Passphrase;
use cardwright::server::{self, Config, InitOptions, Server, StartError};
use std::path::Path;
use std::process::Command;

fn config(data: &Path) -> Config {
    Config {
        data_dir: data.to_owned(),
        listen: None,
        plain_http: false,
        passphrase: Passphrase::new(PASSPHRASE.into()),
        ca_pin: None,
    }
}

#[test]
fn a_server_starts_once_its_chain_is_installed() {
    let directory = crate::support::directory::temporary();
    let data = directory.path().join("data");
    let options = InitOptions { listen: "127.0.0.1:0".parse().unwrap(), subordinate: true, ..InitOptions::default() };
    let made = server::init(&data, &options, Passphrase::new(PASSPHRASE.into()), None).unwrap();
    std::fs::write(&made.template, TEMPLATE.replace("@UUID@", &made.template_uuid.to_string())).unwrap();
    let refused = Server::start(config(&data)).map(drop);
    assert!(matches!(&refused, Err(StartError::NotInstalled(path)) if path.ends_with("ca.csr.pem")), "{refused:?}");

    let (root, other) = (Root::new(1), Root::new(1));
    let csr = made.ca_request.unwrap();
    let chain = |text: String| {
        let path = directory.path().join("chain.pem");
        std::fs::write(&path, text).unwrap();
        server::ca_install(&data, &path)
    };
    assert!(chain(other.sign(&csr, SUBORDINATE) + &root.pem()).is_err());
    assert!(!data.join("ca.cer.pem").exists(), "nothing is installed that does not hold");
    let installed = chain(root.sign(&csr, SUBORDINATE) + &root.pem()).unwrap();
    assert_eq!(installed.len(), 2);
    let again = chain(root.sign(&csr, SUBORDINATE) + &root.pem());
    assert_eq!(again.unwrap_err().to_string(), "the CA's certificate is installed already");

    for _ in 0..2 {
        let running = Server::start(config(&data)).unwrap();
        let anchor = directory.path().join("root.pem");
        std::fs::write(&anchor, root.pem()).unwrap();
        let said = Command::new("openssl")
            .args(["s_client", "-connect", &running.addr.to_string(), "-verify_return_error", "-CAfile"])
            .arg(&anchor)
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        assert!(said.contains("Verify return code: 0 (ok)"), "{said}");
        running.stop().unwrap();
    }
}

#[test]
fn there_is_nothing_to_install_on_a_root() {
    let lab = super::support::Lab::new();
    let path = lab.directory.path().join("chain.pem");
    std::fs::write(&path, "").unwrap();
    assert!(server::ca_install(&lab.data(), &path).is_err());
    assert!(server::ca_install(lab.directory.path(), &path).is_err());
}

#[test]
fn an_answer_brings_the_whole_chain() {
    let mut lab = super::support::Lab::under(|csr| {
        let root = Root::new(1);
        root.sign(csr, SUBORDINATE) + &root.pem()
    });
    let alice = lab.user("alice", &["operators"]);
    let request = lab.enroll_request(&alice);
    lab.assign(&alice, &request, uuid::Uuid::new_v4());
    let issued = lab.certificatedata(&alice, &request, &super::support::new_csr()).ok();
    let certificates = cardwright::pkix::cmc::read(&pkcs7(&issued)).unwrap().certificates;
    let subjects: Vec<String> = certificates.iter().map(Certificate::subject).collect();
    for subject in ["CN=alice", "CN=Cardwright CA", "CN=Example Root,O=Example"] {
        assert!(subjects.iter().any(|it| it == subject), "{subjects:?}");
    }
    lab.stop();
}
