//! The embedded authority: what it issues, strangers accept; what it should not issue, it refuses.

use cardwright::ca::{
    CertificateAuthority, CertificatePolicy, EmbeddedCa, Entries, Error, IssueOrder, KeyPlace, ListOrder,
    MicrosoftTemplate, Revocation, RevocationReason, RootOrder, SubjectAltName,
};
use cardwright::pkcs11::Selector;
use cardwright::pkix::{Certificate, KeyAlgorithm, KeyKind, KeyUsage, MemoryKey, PublicKey, Signer, cmc};
use cardwright::secret::{Passphrase, Pin};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, LazyLock};
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};

use crate::support::softhsm;
mod extensions;
mod keys;
mod lists;
mod responder;
pub mod subordinate;
mod upstream;

const PASSPHRASE: &str = "correct horse, battery";
const CLIENT_AUTH: &str = "1.3.6.1.5.5.7.3.2";
const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";
const SMARTCARD_LOGON: &str = "1.3.6.1.4.1.311.20.2.2";

fn passphrase() -> Passphrase {
    Passphrase::new(PASSPHRASE.into())
}

/// Strangers look at their own clock.
fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

fn root(algorithm: KeyAlgorithm) -> RootOrder {
    RootOrder {
        subject: "CN=Lab Issuing CA,DC=corp,DC=example,DC=com".into(),
        algorithm,
        validity: Duration::days(3650),
    }
}

fn file(directory: &Path) -> KeyPlace {
    KeyPlace::File { path: directory.join("ca.key"), passphrase: passphrase() }
}

fn create(algorithm: KeyAlgorithm) -> (TempDir, EmbeddedCa) {
    let directory = crate::support::directory::temporary();
    let ca =
        EmbeddedCa::create(&root(algorithm), file(directory.path()), &directory.path().join("ca.crt"), now()).unwrap();
    (directory, ca)
}

fn user(key: &PublicKey) -> IssueOrder {
    IssueOrder {
        subject: "CN=José Peña,OU=Users,OU=Sales,DC=corp,DC=example,DC=com".into(),
        subject_alt_names: vec![
            SubjectAltName::Upn("jose@corp.example.com".into()),
            SubjectAltName::Email("jose@example.com".into()),
        ],
        key_usage: vec![KeyUsage::DigitalSignature],
        extended_key_usages: vec![CLIENT_AUTH.into(), SMARTCARD_LOGON.into()],
        validity: Duration::days(365),
        crl_url: Some("http://pki.example.com/ca.crl".into()),
        aia_url: Some("http://pki.example.com/ca.crt".into()),
        template: Some(MicrosoftTemplate {
            oid: "1.3.6.1.4.1.311.21.8.1.2.3".into(),
            major_version: 100,
            minor_version: 26,
        }),
        sid: Some("S-1-5-21-1-2-3-1104".into()),
        ..IssueOrder::bare(key.clone())
    }
}

fn list_order(number: u64, this_update: OffsetDateTime) -> ListOrder<'static> {
    let next_update = this_update + Duration::days(7);
    ListOrder { number, base: None, this_update, next_update, freshest_url: None }
}

fn entries(revoked: &[Revocation]) -> Entries {
    let mut entries = Entries::default();
    for revocation in revoked {
        entries.add(revocation).unwrap();
    }
    entries
}

/// One leaf key is enough for the file: making them is not what is tested.
static LEAF: LazyLock<PublicKey> =
    LazyLock::new(|| MemoryKey::generate(KeyAlgorithm::P256).unwrap().public_key().clone());

/// Runs a stranger; gives back whether it was content, and all it said.
fn run(program: &str, arguments: &[&str], input: &[u8]) -> (bool, String) {
    use std::io::Write;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A stranger that fails early does not read.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

fn content(program: &str, arguments: &[&str], input: &[u8]) -> String {
    let (content, said) = run(program, arguments, input);
    assert!(content, "{program} {arguments:?}: {said}");
    said
}

fn write(directory: &Path, name: &str, bytes: &[u8]) -> String {
    let path = directory.join(name);
    std::fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().into()
}

fn serial(certificate: &Certificate) -> Vec<u8> {
    hex::decode(certificate.serial()).unwrap()
}

/// What a stranger says of one authority's work: certificates, a revocation, the list, the answer.
fn convinces_strangers(ca: &EmbeddedCa, directory: &Path) {
    let [good, bad] = [(); 2].map(|()| ca.issue(&user(&LEAF), now()).unwrap());
    assert_ne!(good.serial(), bad.serial());
    let revoked = [Revocation { serial: serial(&bad), at: now(), reason: Some(RevocationReason::KeyCompromise) }];
    let list = ca.sign_list(&list_order(7, now()), &entries(&revoked)).unwrap();
    let crl = write(directory, "list.der", &list);
    let crl_pem = directory.join("list.pem").to_str().unwrap().to_owned();
    let said = content("openssl", &["crl", "-inform", "DER", "-in", &crl, "-text", "-out", &crl_pem], b"");
    assert_eq!(said, "");
    let text = std::fs::read_to_string(&crl_pem).unwrap();
    assert!(text.contains("X509v3 CRL Number: \n                7\n"), "{text}");
    assert!(text.contains("Key Compromise"), "{text}");

    let authority = write(directory, "authority.pem", ca.chain()[0].to_pem().as_bytes());
    let good_pem = write(directory, "good.pem", good.to_pem().as_bytes());
    let bad_pem = write(directory, "bad.pem", bad.to_pem().as_bytes());
    let verify = ["verify", "-x509_strict", "-crl_check", "-CAfile", &authority, "-CRLfile", &crl_pem];
    content("openssl", &[&verify[..], &["-purpose", "sslclient", &good_pem]].concat(), b"");
    let (accepted, said) = run("openssl", &[&verify[..], &[&bad_pem]].concat(), b"");
    assert!(!accepted && said.contains("certificate revoked"), "{said}");

    let bundle = good.to_pem() + &ca.chain()[0].to_pem();
    let said = content("certtool", &["--verify-chain"], bundle.as_bytes());
    assert!(said.contains("Chain verification output: Verified"), "{said}");

    let answer = ca.respond(&good, ca.chain()).unwrap();
    let answer_file = write(directory, "answer.der", &answer);
    let verify = ["cms", "-verify", "-inform", "DER", "-in", &answer_file, "-CAfile", &authority, "-out", "/dev/null"];
    content("openssl", &verify, b"");
    assert_eq!(cmc::read(&answer).unwrap().leaf_for(&LEAF).unwrap(), &good);
}

#[test]
fn strangers_accept_what_an_ec_authority_issues() {
    let (directory, ca) = create(KeyAlgorithm::P256);
    convinces_strangers(&ca, directory.path());
}

#[test]
fn strangers_accept_what_a_p384_authority_issues() {
    let (directory, ca) = create(KeyAlgorithm::P384);
    convinces_strangers(&ca, directory.path());
}

#[test]
fn strangers_accept_what_an_rsa_authority_issues() {
    let (directory, ca) = create(KeyAlgorithm::Rsa2048);
    convinces_strangers(&ca, directory.path());
}

#[test]
fn an_authority_lives_in_a_token() {
    let label = "ca in a token";
    drop(softhsm::token(label, "12345678", "123456"));
    let directory = crate::support::directory::temporary();
    let certificate = directory.path().join("ca.crt");
    let place = |pin: &str, key: &str| KeyPlace::Token {
        module: PathBuf::from(softhsm::MODULE),
        selector: Selector::label(label),
        pin: Pin::new(pin.into()),
        label: key.into(),
    };
    let ca = EmbeddedCa::create(&root(KeyAlgorithm::P256), place("123456", "ca"), &certificate, now()).unwrap();
    convinces_strangers(&ca, directory.path());
    let ca = Arc::new(ca);
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let ca = ca.clone();
            std::thread::spawn(move || ca.issue(&user(&LEAF), now()).unwrap())
        })
        .collect();
    for thread in threads {
        thread.join().unwrap().verify_issued_by(&ca.chain()[0]).unwrap();
    }
    drop(ca);

    let again = EmbeddedCa::open(&certificate, place("123456", "ca")).unwrap();
    again.issue(&user(&LEAF), now()).unwrap();
    drop(again);
    let refused = EmbeddedCa::open(&certificate, place("123456", "other")).map(drop);
    assert!(matches!(&refused, Err(Error::NoTokenKey { label }) if label == "other"), "{refused:?}");
    let refused = EmbeddedCa::open(&certificate, place("654321", "ca")).map(drop);
    assert!(matches!(refused, Err(Error::Token(cardwright::token::Error::SecretRefused { .. }))), "{refused:?}");
}

#[test]
fn a_certificate_says_what_was_ordered() {
    let (directory, ca) = create(KeyAlgorithm::P256);
    let leaf = ca.issue(&user(&LEAF), now()).unwrap();
    assert_eq!(leaf.subject(), "CN=José Peña,OU=Users,OU=Sales,DC=corp,DC=example,DC=com");
    assert_eq!(leaf.public_key().unwrap(), *LEAF);
    assert_eq!(leaf.authority_key_id().unwrap(), ca.chain()[0].subject_key_id().unwrap());
    let path = write(directory.path(), "leaf.pem", leaf.to_pem().as_bytes());
    let text = content("openssl", &["x509", "-in", &path, "-noout", "-text", "-nameopt", "RFC2253,-esc_msb"], b"");
    for expected in [
        "Subject: CN=José Peña,OU=Users,OU=Sales,DC=corp,DC=example,DC=com",
        "X509v3 Key Usage: critical\n                Digital Signature\n",
        "TLS Web Client Authentication, Microsoft Smartcard Login",
        "othername: UPN::jose@corp.example.com, email:jose@example.com",
        "X509v3 Subject Alternative Name: \n",
        "X509v3 Basic Constraints: critical\n                CA:FALSE",
        "URI:http://pki.example.com/ca.crl",
        "CA Issuers - URI:http://pki.example.com/ca.crt",
        "X509v3 Subject Key Identifier",
        "1.3.6.1.4.1.311.25.2",
        "S-1-5-21-1-2-3-1104",
        "1.3.6.1.4.1.311.21.7",
    ] {
        assert!(text.contains(expected), "{expected:?} is missing from\n{text}");
    }
    let root = write(directory.path(), "root.pem", ca.chain()[0].to_pem().as_bytes());
    let text = content("openssl", &["x509", "-in", &root, "-noout", "-text"], b"");
    assert!(text.contains("X509v3 Basic Constraints: critical\n                CA:TRUE, pathlen:0"), "{text}");
    assert!(text.contains("X509v3 Key Usage: critical\n"), "{text}");
}

#[test]
fn a_server_gets_its_certificate_the_same_way() {
    let (directory, ca) = create(KeyAlgorithm::P256);
    let order = IssueOrder {
        subject: String::new(),
        subject_alt_names: vec![
            SubjectAltName::Dns("cm.corp.example.com".into()),
            SubjectAltName::Ip("127.0.0.1".parse().unwrap()),
            SubjectAltName::Ip("::1".parse().unwrap()),
        ],
        extended_key_usages: vec![SERVER_AUTH.into()],
        template: None,
        sid: None,
        ..user(&LEAF)
    };
    let leaf = ca.issue(&order, now()).unwrap();
    let path = write(directory.path(), "leaf.pem", leaf.to_pem().as_bytes());
    let text = content("openssl", &["x509", "-in", &path, "-noout", "-text"], b"");
    assert!(text.contains("X509v3 Subject Alternative Name: critical"), "alone, so critical: {text}");
    let authority = write(directory.path(), "authority.pem", ca.chain()[0].to_pem().as_bytes());
    let verify = ["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", &authority];
    for name in [["-verify_hostname", "cm.corp.example.com"], ["-verify_ip", "127.0.0.1"], ["-verify_ip", "::1"]] {
        content("openssl", &[&verify[..], &name[..], &[&path]].concat(), b"");
    }
    let stranger = ["-verify_hostname", "elsewhere.example.com", &path];
    assert!(!run("openssl", &[&verify[..], &stranger[..]].concat(), b"").0);
}

#[test]
fn serials_are_positive_ordered_and_never_the_same() {
    let (_directory, ca) = create(KeyAlgorithm::P256);
    let at = now();
    let serials: Vec<_> =
        (0..50).map(|i| serial(&ca.issue(&user(&LEAF), at + Duration::seconds(i)).unwrap())).collect();
    for pair in serials.windows(2) {
        assert!(pair[0].first().unwrap() < &0x80 && pair[0].len() <= 20, "{pair:?}");
        let bytes = |serial: &[u8]| u128::from_str_radix(&hex::encode(serial), 16).unwrap();
        assert!(bytes(&pair[0]) < bytes(&pair[1]), "{pair:?}");
    }
    let same = [(); 2].map(|()| serial(&ca.issue(&user(&LEAF), at).unwrap()));
    assert_ne!(same[0], same[1]);
}

#[test]
fn a_certificate_starts_early_and_never_outlives_its_authority() {
    let (_directory, ca) = create(KeyAlgorithm::P256);
    let own = &ca.chain()[0];
    let at = now() + Duration::days(100);
    let leaf = ca.issue(&user(&LEAF), at).unwrap();
    let seconds = |a: OffsetDateTime, b: OffsetDateTime| (a - b).whole_seconds().abs();
    assert!(seconds(leaf.not_before(), at - Duration::minutes(5)) <= 1);
    assert!(seconds(leaf.not_after(), at + Duration::days(365)) <= 1);
    let early = ca.issue(&user(&LEAF), own.not_before() + Duration::minutes(1)).unwrap();
    assert_eq!(early.not_before(), own.not_before());
    let late = ca.issue(&user(&LEAF), own.not_after() - Duration::days(30)).unwrap();
    assert_eq!(late.not_after(), own.not_after());

    let refused = ca.issue(&user(&LEAF), own.not_after() + Duration::seconds(1));
    assert!(matches!(refused, Err(Error::Expired { .. })), "{refused:?}");
    let refused = ca.issue(&user(&LEAF), own.not_before() - Duration::seconds(1));
    assert!(matches!(refused, Err(Error::NotYetValid { .. })), "{refused:?}");
    let refused = ca.issue(&IssueOrder { validity: Duration::ZERO, ..user(&LEAF) }, now());
    assert!(matches!(refused, Err(Error::Validity { seconds: 0 })), "{refused:?}");
    let refused = ca.sign_list(&ListOrder { next_update: at, ..list_order(1, at) }, &Entries::default());
    assert!(matches!(refused, Err(Error::Validity { .. })), "{refused:?}");
}

#[test]
fn an_order_that_cannot_stand_is_refused() {
    let (_directory, ca) = create(KeyAlgorithm::P256);
    let issue = |order: IssueOrder| ca.issue(&order, now()).unwrap_err();
    let named = |name: SubjectAltName| IssueOrder { subject_alt_names: vec![name], ..user(&LEAF) };
    let cases: Vec<(IssueOrder, &str)> = vec![
        (IssueOrder { subject: "Peña".into(), ..user(&LEAF) }, "the subject cannot be written"),
        (
            IssueOrder { subject: " ".into(), subject_alt_names: vec![], ..user(&LEAF) },
            "a certificate needs a subject or another name",
        ),
        (named(SubjectAltName::Upn(String::new())), "\"\" cannot stand as a user principal name in a certificate"),
        (named(SubjectAltName::Email("josé@x".into())), "\"josé@x\" cannot stand as a mailbox in a certificate"),
        (named(SubjectAltName::Dns("a b".into())), "\"a b\" cannot stand as a host name in a certificate"),
        (
            IssueOrder { crl_url: Some("http://pki/\n".into()), ..user(&LEAF) },
            "\"http://pki/\\n\" cannot stand as a CRL address in a certificate",
        ),
        (
            IssueOrder { extended_key_usages: vec!["clientAuth".into()], ..user(&LEAF) },
            "\"clientAuth\" is not an object identifier",
        ),
        (
            IssueOrder { sid: Some("S-1-x".into()), ..user(&LEAF) },
            "\"S-1-x\" cannot stand as a security identifier in a certificate",
        ),
        (
            IssueOrder { key_usage: vec![KeyUsage::DigitalSignature, KeyUsage::KeyCertSign], ..user(&LEAF) },
            "certificates for people and servers are not given keyCertSign",
        ),
    ];
    for (order, expected) in cases {
        assert_eq!(issue(order).to_string(), expected);
    }
    let small = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:1024", "-nodes", "-subj", "/CN=small", "-keyout", "/dev/null"])
        .output()
        .unwrap();
    let small = Certificate::from_pem(&String::from_utf8(small.stdout).unwrap()).unwrap();
    let weak = small.public_key().unwrap();
    assert!(matches!(issue(user(&weak)), Error::WeakKey { kind: KeyKind::Rsa { bits: 1024 } }));
    for serial in [vec![], vec![1; 21]] {
        let entry = Revocation { serial, at: now(), reason: Some(RevocationReason::Unspecified) };
        let refused = Entries::default().add(&entry);
        assert!(matches!(refused, Err(Error::Serial { .. })), "{refused:?}");
    }
}

#[test]
fn reasons_are_those_of_the_standard() {
    for number in 0..=u8::MAX {
        let found = RevocationReason::from_number(number).map(RevocationReason::number);
        assert_eq!(found, (number <= 10 && number != 7 && number != 8).then_some(number));
    }
}
