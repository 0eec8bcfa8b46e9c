//! Client certificates: our own CA's, other authorities', and none.

use super::super::support::{EXTENSION, Lab, csr, pkcs7};
use super::{append, lab};
use crate::attacks::site::{alter, bytes};
use cardwright::pkix::{Certificate, KeyAlgorithm, MemoryKey, Signer, cmc};
use cardwright::server::{self, Server, StartError, UserChange};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, RevokedCertParams, SanType,
};
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// Calls `whoami` with a client certificate; gives the status (0: TLS has refused) and the body.
fn whoami(lab: &Lab, certificate: Option<(&PathBuf, &PathBuf)>, more: &[&str]) -> (u16, Value) {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--max-time", "20", "--noproxy", "*", "--write-out", "\n%{http_code}", "--cacert"]);
    curl.arg(lab.data().join("ca.cer.pem")).args(more);
    if let Some((certificate, key)) = certificate {
        curl.arg("--cert").arg(certificate).arg("--key").arg(key);
    }
    let done = curl.arg(lab.base() + EXTENSION + "/whoami").output().unwrap();
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    let (body, status) = text.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), serde_json::from_str(body).unwrap_or(Value::Null))
}

fn code(answer: (u16, Value)) -> (u16, String) {
    (answer.0, answer.1["Code"].as_str().unwrap_or("").to_owned())
}

fn written(lab: &Lab, name: &str, text: &str) -> PathBuf {
    let path = lab.directory.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// An authority that is none of ours.
struct Authority {
    params: CertificateParams,
    key: KeyPair,
    pem: String,
}

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let pem = params.self_signed(&key).unwrap().pem();
    Authority { params, key, pem }
}

impl Authority {
    /// A certificate for client authentication, with this common name and e-mail address.
    fn issues(&self, lab: &Lab, name: &str, email: &str) -> (PathBuf, PathBuf) {
        self.issues_for(lab, name, email, |_| ())
    }

    /// Likewise, but for what is changed in it.
    fn issues_for(
        &self,
        lab: &Lab,
        name: &str,
        email: &str,
        change: impl FnOnce(&mut CertificateParams),
    ) -> (PathBuf, PathBuf) {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.subject_alt_names = vec![SanType::Rfc822Name(email.try_into().unwrap())];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let issuer = Issuer::from_params(&self.params, &self.key);
        let certificate = params.signed_by(&key, &issuer).unwrap();
        let file = Uuid::new_v4().to_string();
        (written(lab, &format!("{file}.pem"), &certificate.pem()), written(lab, &file, &key.serialize_pem()))
    }
}

#[test]
fn a_certificate_of_our_own_is_its_owner_until_it_is_revoked() {
    let lab = lab(false, "[identity.certificate]\n");
    let alice = lab.user("alice", &["staff"]);
    let request = lab.enroll_request(&alice);
    let card_id = Uuid::new_v4();
    let smartcard = lab.assign(&alice, &request, card_id);
    let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
    let issued = lab.certificatedata(&alice, &request, &csr(&key)).ok();
    lab.complete(&alice, &request).ok();
    let certificate = cmc::read(&pkcs7(&issued)).unwrap().leaf_for(key.public_key()).unwrap().to_pem();
    let certificate = written(&lab, "alice.pem", &certificate);
    let pem = pkcs8_pem(&key);
    let key = written(&lab, "alice.key", &pem);
    let shown = Some((&certificate, &key));
    let (status, body) = whoami(&lab, shown, &[]);
    assert_eq!((status, body["Name"].as_str()), (200, Some("alice")));
    assert_eq!(code(whoami(&lab, None, &[])), (401, "not-authenticated".into()), "asked for, not demanded");
    let bob = lab.user("bob", &[]);
    let bearer = format!("authorization: Bearer {}", bob.token);
    assert_eq!(whoami(&lab, shown, &["--header", &bearer]).1["Name"], "bob", "what is said counts first");
    let wrong = ["--header", "authorization: Bearer wrong"];
    assert_eq!(code(whoami(&lab, shown, &wrong)), (401, "not-authenticated".into()), "and is not passed over");
    let elsewhere = ["--header", "sec-fetch-site: cross-site"];
    assert_eq!(code(whoami(&lab, shown, &elsewhere)), (403, "cross-site".into()));
    let disabled = |disabled| UserChange { disabled: Some(disabled), ..UserChange::default() };
    server::user_change(&lab.data(), "alice", disabled(true)).unwrap();
    assert_eq!(code(whoami(&lab, shown, &[])), (403, "user-disabled".into()));
    server::user_change(&lab.data(), "alice", disabled(false)).unwrap();
    let body = serde_json::json!({"datacollection": [], "type": "Retire", "smartcard": smartcard, "comment": ""});
    let retire = lab.request(&alice, body);
    let body = serde_json::json!({"status": "Retired"});
    let api = super::super::support::API;
    lab.put(&alice, &format!("{api}/requests/{retire}/smartcards/{smartcard}"), body).ok();
    lab.complete(&alice, &retire);
    assert_eq!(code(whoami(&lab, shown, &[])), (403, "certificate-revoked".into()));
}

/// The key as `openssl pkey` opens it.
fn pkcs8_pem(key: &MemoryKey) -> String {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(key.expose_pkcs8());
    format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
}

#[test]
fn other_authorities_certificates_are_who_the_settings_say() {
    let (trusted, stranger) = (authority("Partners"), authority("Partners"));
    let mut lab = lab(false, "");
    std::fs::write(lab.data().join("partners.pem"), &trusted.pem).unwrap();
    super::restart(
        &mut lab,
        "[identity.certificate]\nown = false\n[[identity.certificate.anchors]]\nfile = \"partners.pem\"\n\
         user_by = \"email\"\ncrl = \"none\"\ndomains = [\"example.test\"]\nsubjects = { \"CN=Robot\" = \"robot\" }\n",
    );
    lab.user("robot", &[]);
    let alice = lab.user("alice", &[]);
    let email = UserChange { email: Some("Alice@example.test".into()), ..UserChange::default() };
    server::user_change(&lab.data(), "alice", email).unwrap();
    let show = |authority: &Authority, name: &str, email: &str| {
        let (certificate, key) = authority.issues(&lab, name, email);
        whoami(&lab, Some((&certificate, &key)), &[])
    };
    assert_eq!(show(&trusted, "Alice", "alice@EXAMPLE.test").1["Uuid"], alice.uuid.to_string());
    assert_eq!(show(&trusted, "Robot", "none@nowhere.test").1["Name"], "robot");
    for (name, email) in
        [("Mallory", "mallory@example.test"), ("Alice", "alice@evil.test"), ("robot", "alice@evil.test")]
    {
        assert_eq!(code(show(&trusted, name, email)), (403, "user-unknown".into()), "{name} {email}");
    }
    assert_eq!(show(&stranger, "Alice", "alice@example.test").0, 0, "TLS refuses what no trusted key has signed");
    lab.user("eve", &[]);
    let email = UserChange { email: Some("eve@evil.test".into()), ..UserChange::default() };
    server::user_change(&lab.data(), "eve", email).unwrap();
    let elsewhere = code(show(&trusted, "Eve", "eve@evil.test"));
    assert_eq!(elsewhere, (403, "user-unknown".into()), "a name of a domain that is not listed finds nobody");
}

impl Authority {
    /// A list of the revoked certificates of these files, current until `next`.
    fn list(&self, revoked: &[&PathBuf], next: OffsetDateTime) -> Vec<u8> {
        let entry = |file: &&PathBuf| RevokedCertParams {
            serial_number: Certificate::from_pem(&std::fs::read_to_string(file).unwrap())
                .unwrap()
                .serial_bytes()
                .into(),
            revocation_time: next - Duration::days(2),
            reason_code: None,
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update: next - Duration::days(2),
            next_update: next,
            crl_number: 1.into(),
            issuing_distribution_point: None,
            revoked_certs: revoked.iter().map(entry).collect(),
            key_identifier_method: rcgen::KeyIdMethod::Sha256,
        };
        params.signed_by(&Issuer::from_params(&self.params, &self.key)).unwrap().der().to_vec()
    }
}

#[test]
fn what_another_authority_has_revoked_lets_nobody_in() {
    let (trusted, stranger) = (authority("Partners"), authority("Partners"));
    let mut lab = lab(false, "");
    let (certificate, key) = trusted.issues(&lab, "Robot", "none@nowhere.test");
    let soon = OffsetDateTime::now_utc() + Duration::days(1);
    let list = lab.data().join("partners.crl");
    // A list is known to have changed by its file's time.
    let mut round = 0;
    let mut put = |bytes: Vec<u8>| {
        round += 1;
        std::fs::write(&list, bytes).unwrap();
        let at = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000 + round);
        std::fs::File::options().write(true).open(&list).unwrap().set_modified(at).unwrap();
    };
    put(trusted.list(&[], soon));
    std::fs::write(lab.data().join("partners.pem"), &trusted.pem).unwrap();
    super::restart(
        &mut lab,
        "[identity.certificate]\nown = false\n[[identity.certificate.anchors]]\nfile = \"partners.pem\"\n\
         user_by = \"email\"\ncrl = \"partners.crl\"\nsubjects = { \"CN=Robot\" = \"robot\" }\n",
    );
    lab.user("robot", &[]);
    let show = || whoami(&lab, Some((&certificate, &key)), &[]);
    assert_eq!(show().0, 200);
    put(trusted.list(&[&certificate], soon));
    assert_eq!(code(show()), (403, "certificate-revoked".into()));
    put(trusted.list(&[], OffsetDateTime::now_utc() - Duration::minutes(1)));
    assert_eq!(code(show()), (401, "not-authenticated".into()), "too old");
    put(stranger.list(&[], soon));
    assert_eq!(code(show()), (401, "not-authenticated".into()), "of another authority of that name");
    put(trusted.list(&[], soon));
    assert_eq!(show().0, 200);
}

/// A session that began with a certificate of somebody else's authority.
struct Begun {
    lab: Lab,
    trusted: Authority,
    shown: (PathBuf, PathBuf),
    cookie: String,
}

fn begun() -> Begun {
    let trusted = authority("Partners");
    let mut lab = lab(false, "[identity.session]\nafter = [\"certificate\"]\n");
    let shown = trusted.issues(&lab, "Robot", "none@nowhere.test");
    std::fs::write(lab.data().join("partners.pem"), &trusted.pem).unwrap();
    super::restart(
        &mut lab,
        "[identity.certificate]\nown = false\n[[identity.certificate.anchors]]\nfile = \"partners.pem\"\n\
         user_by = \"email\"\ncrl = \"none\"\nsubjects = { \"CN=Robot\" = \"robot\" }\n",
    );
    lab.user("robot", &[]);
    let headers = lab.directory.path().join("headers");
    let dumped = ["--dump-header", headers.to_str().unwrap()];
    assert_eq!(whoami(&lab, Some((&shown.0, &shown.1)), &dumped).1["Name"], "robot");
    let headers = std::fs::read_to_string(&headers).unwrap();
    let cookie = headers.split("set-cookie: ").nth(1).unwrap().split(';').next().unwrap().to_owned();
    assert_eq!(whoami(&lab, None, &["--cookie", &cookie]).1["Name"], "robot");
    Begun { lab, trusted, shown, cookie }
}

#[test]
fn a_session_ends_when_the_certificate_it_began_with_is_somebody_elses() {
    let Begun { mut lab, shown: (certificate, key), cookie, .. } = begun();
    lab.user("other", &[]);
    lab.stop();
    let settings = lab.data().join("server.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    std::fs::write(&settings, text.replace("= \"robot\"", "= \"other\"")).unwrap();
    lab.start();
    assert_eq!(code(whoami(&lab, None, &["--cookie", &cookie])), (401, "not-authenticated".into()));
    assert_eq!(whoami(&lab, Some((&certificate, &key)), &[]).1["Name"], "other");
}

/// TLS looks at the times of a certificate once, at the beginning of a connection.
#[test]
fn a_session_ends_when_the_certificate_it_began_with_does() {
    let Begun { lab, trusted, cookie, .. } = begun();
    let now = OffsetDateTime::now_utc();
    let day = Duration::days(1);
    for (from, to, status) in [(-day, day, 200), (-2 * day, -day, 401), (day, 2 * day, 401), (-day, 2 * day, 200)] {
        let (certificate, _) = trusted.issues_for(&lab, "Robot", "none@nowhere.test", |params| {
            (params.not_before, params.not_after) = (now + from, now + to);
        });
        let der = Certificate::from_pem(&std::fs::read_to_string(certificate).unwrap()).unwrap().der().to_vec();
        let der = bytes(&lab, &hex::encode(der));
        alter(&lab, &format!("UPDATE sessions SET certificate = {der}"));
        assert_eq!(whoami(&lab, None, &["--cookie", &cookie]).0, status, "{from} {to}");
    }
}

#[test]
fn an_anchor_without_a_rule_stops_the_server() {
    let trusted = authority("Partners");
    for rule in [
        "crl = \"none\"",
        "domains = [\"a.test\"]\ncrl = \"none\"\nuser_by = \"name\"",
        "domains = [\"a.test\"]\ncrl = \"none\"\nfile = \"server.toml\"",
        "domains = [\"a.test\"]\nuser_by = \"email\"",
        "domains = [\"a.test\"]\nuser_by = \"email\"\ncrl = \"nowhere.crl\"",
        "domains = [\"a.test\"]\nuser_by = \"email\"\ncrl = \"partners.pem\"",
    ] {
        let mut lab = lab(false, "");
        lab.stop();
        std::fs::write(lab.data().join("partners.pem"), &trusted.pem).unwrap();
        let file = if rule.contains("file") { "" } else { "file = \"partners.pem\"\n" };
        append(&lab, &format!("[identity.certificate]\n[[identity.certificate.anchors]]\n{file}{rule}\n"));
        assert!(matches!(Server::start(lab.config()), Err(StartError::Identity(_))), "{rule}");
    }
}
