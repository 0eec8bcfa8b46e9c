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
fn another_certificate_of_the_cas_key_is_taken_up_while_the_server_runs_and_no_other_keys() {
    let directory = crate::support::directory::temporary();
    let data = directory.path().join("data");
    let options = InitOptions { listen: "127.0.0.1:0".parse().unwrap(), subordinate: true, ..InitOptions::default() };
    let made = server::init(&data, &options, Passphrase::new(PASSPHRASE.into()), None).unwrap();
    std::fs::write(&made.template, TEMPLATE.replace("@UUID@", &made.template_uuid.to_string())).unwrap();
    let (root, other) = (Root::new(1), Root::new(1));
    let csr = made.ca_request.unwrap();
    let first = root.sign(&csr, SUBORDINATE) + &root.pem();
    let chain = directory.path().join("chain.pem");
    std::fs::write(&chain, &first).unwrap();
    server::ca_install(&data, &chain).unwrap();
    let settings = std::fs::read_to_string(data.join("server.toml")).unwrap();
    std::fs::write(data.join("server.toml"), settings + "\n[operations]\nlisten = \"127.0.0.1:0\"\n").unwrap();
    let running = Server::start(config(&data)).unwrap();

    let replaced = |text: &str| {
        std::fs::write(data.join("ca.new"), text).unwrap();
        std::fs::rename(data.join("ca.new"), data.join("ca.cer.pem")).unwrap();
    };
    let eventually = |what: &str, is_so: &dyn Fn() -> bool| {
        let since = std::time::Instant::now();
        while !is_so() {
            assert!(since.elapsed().as_secs() < 90, "{what}");
            std::thread::sleep(std::time::Duration::from_millis(250));
        }
    };
    let leads_to = |anchor: &Root| {
        let path = directory.path().join("anchor.pem");
        std::fs::write(&path, anchor.pem()).unwrap();
        let said = Command::new("openssl")
            .args(["s_client", "-connect", &running.addr.to_string(), "-verify_return_error", "-CAfile"])
            .arg(&path)
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        String::from_utf8_lossy(&said.stdout).contains("Verify return code: 0 (ok)")
    };
    let health = || -> serde_json::Value {
        let url = format!("http://{}/healthz", running.operations.unwrap());
        let text = ureq::get(url).call().unwrap().body_mut().read_to_string().unwrap();
        serde_json::from_str(&text).unwrap()
    };
    assert!(leads_to(&root) && !leads_to(&other));
    // Another root has signed the same request: what the server shows leads to that one.
    let crossed = other.sign(&csr, SUBORDINATE) + &other.pem();
    replaced(&crossed);
    eventually("the other root's", &|| leads_to(&other));
    assert!(!leads_to(&root));
    // Another key's, and what is no certificate, are not taken up, which is told until the file is good again.
    let another =
        server::init(&directory.path().join("another"), &options, Passphrase::new("another passphrase".into()), None)
            .unwrap();
    for bad in [root.sign(&another.ca_request.unwrap(), SUBORDINATE) + &root.pem(), "half a fi".to_owned()] {
        replaced(&bad);
        eventually("told", &|| health()["failing_since"]["ca-certificate"].is_string());
        assert!(leads_to(&other) && !leads_to(&root));
        replaced(&first);
        eventually("good again", &|| health()["failing_since"].is_null());
        eventually("the first again", &|| leads_to(&root));
        replaced(&crossed);
        eventually("the other root's again", &|| leads_to(&other));
    }
    running.stop().unwrap();
    // A start goes on with it.
    let running = Server::start(config(&data)).unwrap();
    running.stop().unwrap();
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
