//! The server's own certificate for TLS, and what is told of ends to come.

use super::identity::append;
use super::identity::negotiate::{settings, url};
use super::support::{EXTENSION, Lab, PASSPHRASE};
use crate::support::kerberos::Realm;
use crate::support::program::{Program, end};
use cardwright::ca::{CertificateAuthority, EmbeddedCa, IssueOrder, KeyPlace, RootOrder, SubjectAltName, keyfile};
use cardwright::pkix::{Certificate, KeyAlgorithm, KeyUsage, Signer};
use cardwright::secret::Passphrase;
use std::process::Command;
use time::{Duration, OffsetDateTime};

fn passphrase() -> Passphrase {
    Passphrase::new(PASSPHRASE.into())
}

/// The certificate that the server shows now.
fn shown(lab: &Lab) -> Certificate {
    let address = lab.server.as_ref().unwrap().addr.to_string();
    let done = Command::new("openssl")
        .args(["s_client", "-connect", &address, "-servername", "localhost"])
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    let begin = text.find("-----BEGIN CERTIFICATE-----").unwrap_or_else(|| panic!("{text}"));
    let end = text.find("-----END CERTIFICATE-----").unwrap() + "-----END CERTIFICATE-----".len();
    Certificate::from_pem(&text[begin..end]).unwrap()
}

#[test]
fn the_certificate_is_renewed_while_the_server_runs_and_tickets_are_bound_to_it() {
    let mut lab = Lab::new();
    let alice = lab.user("alice", &[]);
    lab.stop();
    let realm = Realm::new("LAB.TEST");
    realm.log_in("alice", "1h");
    append(&lab, &settings(&realm, "LAB.TEST", "user_by = \"local-part\"\nchannel_binding = \"required\""));
    // One that becomes due, thirty days before its end, some seconds after the start.
    let place = KeyPlace::File { path: lab.data().join("ca.key.pem"), passphrase: passphrase() };
    let authority = EmbeddedCa::open(&lab.data().join("ca.cer.pem"), place).unwrap();
    let sealed = std::fs::read_to_string(lab.data().join("tls.key.pem")).unwrap();
    let key = keyfile::open_private_key(&sealed, &passphrase()).unwrap();
    let order = IssueOrder {
        subject_alt_names: vec![
            SubjectAltName::Dns("localhost".into()),
            SubjectAltName::Ip("127.0.0.1".parse().unwrap()),
        ],
        key_usage: vec![KeyUsage::DigitalSignature],
        extended_key_usages: vec!["1.3.6.1.5.5.7.3.1".into()],
        validity: Duration::days(30) + Duration::seconds(15),
        ..IssueOrder::bare(key.public_key().clone())
    };
    let old = authority.issue(&order, OffsetDateTime::now_utc()).unwrap();
    std::fs::write(lab.data().join("tls.cer.pem"), old.to_pem()).unwrap();
    lab.start();
    let renewed = (0..400).map(|_| shown(&lab)).find(|certificate| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        certificate.der() != old.der()
    });
    let renewed = renewed.expect("a new certificate");
    assert!(renewed.not_after() > OffsetDateTime::now_utc() + Duration::days(300));
    let kept = std::fs::read_to_string(lab.data().join("tls.cer.pem")).unwrap();
    assert_eq!(Certificate::from_pem(&kept).unwrap().der(), renewed.der());
    assert_eq!(lab.get(&alice, &format!("{EXTENSION}/whoami")).status, 200);
    // Whoever connects now is told apart by the new certificate.
    let program = Program::new();
    let mut list = program.command(["--json", "request", "list", "--negotiate", "--server", &url(&lab, "")]);
    list.env("CARDWRIGHT_CA_FILE", lab.data().join("ca.cer.pem")).envs(realm.variables());
    assert_eq!(end(&mut list).done(), serde_json::json!([]));
}

#[test]
fn the_end_of_the_ca_and_of_its_list_is_told_before() {
    let mut lab = Lab::plain(|template| template);
    lab.stop();
    append(&lab, "[operations]\nlisten = \"127.0.0.1:0\"\n");
    let path = lab.data().join("ca.cer.pem");
    std::fs::remove_file(&path).unwrap();
    std::fs::remove_file(lab.data().join("ca.key.pem")).unwrap();
    let root = RootOrder { subject: "CN=Short".into(), algorithm: KeyAlgorithm::P256, validity: Duration::days(50) };
    let place = KeyPlace::File { path: lab.data().join("ca.key.pem"), passphrase: passphrase() };
    let authority = EmbeddedCa::create(&root, place, &path, OffsetDateTime::now_utc()).unwrap();
    let end = authority.own().not_after().unix_timestamp();
    lab.start();
    let health = lab.call(None, "GET", "/healthz", None);
    assert_eq!((health.status, health.json()["checks"]["ca"].as_str()), (200, Some("ends-soon")));
    let operations = lab.server.as_ref().unwrap().operations.unwrap();
    let mut answer = ureq::get(format!("http://{operations}/metrics")).call().unwrap();
    let metrics = answer.body_mut().read_to_string().unwrap();
    assert!(metrics.contains(&format!("cardwright_ca_end_seconds {end}")), "{metrics}");
    for name in ["cardwright_tls_end_seconds 0", "cardwright_crl_made_seconds ", "cardwright_crl_end_seconds "] {
        assert!(metrics.contains(name), "{name}: {metrics}");
    }
}
