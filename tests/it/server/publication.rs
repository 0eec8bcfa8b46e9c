//! What relying parties fetch: lists over plain HTTP as soon as something is revoked, and what caches are told.

use super::support::{Answer, Lab, Person};
use cardwright::pkix::Certificate;
use cardwright::server::RunningServer;
use cardwright::store::{self, CertificateScope, Revocation, Store};
use std::path::{Path, PathBuf};
use std::process::Command;
use time::{Duration, OffsetDateTime};

const PUBLICATION: &str = "\n[publication]\nlisten = \"127.0.0.1:0\"\nurl = \"http://pki.example.test:8080\"\n";

/// A server that publishes, with a person on it.
pub fn publishing(more: &str) -> (Lab, Person) {
    let mut lab = Lab::new();
    lab.stop();
    let path = lab.data().join("server.toml");
    let settings = std::fs::read_to_string(&path).unwrap() + PUBLICATION + more;
    std::fs::write(&path, settings).unwrap();
    lab.start();
    let person = lab.user("alice", &["operators"]);
    (lab, person)
}

pub fn url(lab: &Lab, path: &str) -> String {
    format!("http://{}{path}", lab.server.as_ref().and_then(|server: &RunningServer| server.publication).unwrap())
}

/// A call without TLS and without a caller.
pub fn fetched(lab: &Lab, path: &str, headers: &[(&str, &str)]) -> Answer {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut request = agent.get(url(lab, path));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut response = request.call().unwrap();
    Answer {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        bytes: response.body_mut().read_to_vec().unwrap(),
    }
}

/// The newest certificate of a person, written as PEM.
pub fn certificate(lab: &Lab, person: &Person) -> (Certificate, PathBuf) {
    let found = with_store(lab, async |store: &Store| {
        store.certificates(CertificateScope::User(person.uuid)).await.unwrap().remove(0)
    });
    let certificate = Certificate::from_der(&found.der).unwrap();
    let path = lab.directory.path().join(format!("{}.pem", certificate.serial()));
    std::fs::write(&path, certificate.to_pem()).unwrap();
    (certificate, path)
}

/// Works on the server's database as another instance would.
pub fn with_store<T>(lab: &Lab, work: impl AsyncFnOnce(&Store) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(&lab.data().join("cardwright.db")).await.unwrap();
        let outcome = work(&store).await;
        store.heeded().await;
        store.close().await;
        outcome
    })
}

pub fn revoke(lab: &Lab, person: &Person, at: OffsetDateTime, reason: u8) -> usize {
    let scope = CertificateScope::User(person.uuid);
    with_store(lab, async |store: &Store| {
        let revocation = Revocation { at, reason };
        let job = store.write(move |tx| Box::pin(async move { tx.revoke_certificates(scope, revocation).await }));
        job.await.map_err(|error: store::Error| error).unwrap()
    })
}

fn release(lab: &Lab, person: &Person) -> usize {
    let scope = CertificateScope::User(person.uuid);
    with_store(lab, async |store: &Store| {
        let at = OffsetDateTime::now_utc();
        let job = store.write(move |tx| Box::pin(async move { tx.release_certificates(scope, at).await }));
        job.await.map_err(|error: store::Error| error).unwrap()
    })
}

fn list(lab: &Lab, path: &str) -> String {
    let answer = fetched(lab, path, &[]);
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.bytes));
    let file = lab.directory.path().join("list.der");
    std::fs::write(&file, &answer.bytes).unwrap();
    openssl(&["crl", "-inform", "DER", "-text", "-noout", "-in", file.to_str().unwrap()])
}

pub fn openssl(arguments: &[&str]) -> String {
    let said = Command::new("openssl").args(arguments).output().unwrap();
    String::from_utf8_lossy(&[said.stdout, said.stderr].concat()).into_owned()
}

pub fn authority(lab: &Lab) -> String {
    lab.data().join("ca.cer.pem").to_str().unwrap().to_owned()
}

fn number(text: &str, title: &str) -> u64 {
    let after = text.split(title).nth(1).unwrap_or_else(|| panic!("{title}: {text}"));
    after.split_whitespace().find_map(|word| word.parse().ok()).unwrap()
}

#[test]
fn a_revocation_is_on_the_next_list_and_a_release_off_it() {
    let (lab, alice) = publishing("delta = true\n");
    lab.enrolled(&alice);
    let (held, _) = certificate(&lab, &alice);
    let before = list(&lab, "/pki/ca.crl");
    assert!(before.contains("No Revoked Certificates") && before.contains("X509v3 Freshest CRL"), "{before}");
    assert!(before.contains("http://pki.example.test:8080/pki/delta.crl"), "{before}");

    assert_eq!(revoke(&lab, &alice, OffsetDateTime::now_utc(), 6), 1);
    let base = list(&lab, "/pki/ca.crl");
    assert!(base.contains(&held.serial()) && base.contains("Certificate Hold"), "{base}");
    let delta = list(&lab, "/pki/delta.crl");
    assert!(delta.contains("Delta CRL Indicator: critical") && delta.contains("Certificate Hold"), "{delta}");
    assert_eq!(number(&delta, "Delta CRL Indicator: critical"), number(&base, "X509v3 CRL Number:"));
    assert!(number(&delta, "X509v3 CRL Number:") > number(&base, "X509v3 CRL Number:"));

    assert_eq!(release(&lab, &alice), 1);
    assert_eq!(release(&lab, &alice), 0, "only what is on hold is released");
    let base = list(&lab, "/pki/ca.crl");
    assert!(base.contains("No Revoked Certificates"), "{base}");
    let delta = list(&lab, "/pki/delta.crl");
    assert!(delta.contains(&held.serial()) && delta.contains("Remove From CRL"), "{delta}");

    assert_eq!(revoke(&lab, &alice, OffsetDateTime::now_utc(), 1), 1);
    assert_eq!(release(&lab, &alice), 0, "a compromised key is revoked for good");
    assert!(list(&lab, "/pki/ca.crl").contains("Key Compromise"));
}

#[test]
fn an_entry_stays_for_one_list_after_its_certificate_expired() {
    let (lab, alice) = publishing("");
    lab.enrolled(&alice);
    let expire = |not_after: OffsetDateTime| {
        let micros = i64::try_from(not_after.unix_timestamp_nanos() / 1000).unwrap();
        let database = rusqlite::Connection::open(lab.data().join("cardwright.db")).unwrap();
        database.execute("UPDATE certificates SET not_after = ?1", [micros]).unwrap();
        database.execute("UPDATE counters SET value = value + 1 WHERE name = 'revocations'", []).unwrap();
        std::thread::sleep(store::HEEDED_WITHIN);
    };
    revoke(&lab, &alice, OffsetDateTime::now_utc(), 1);
    expire(OffsetDateTime::now_utc() - Duration::hours(1));
    assert!(list(&lab, "/pki/ca.crl").contains("Key Compromise"));
    expire(OffsetDateTime::now_utc() - Duration::hours(25));
    assert!(list(&lab, "/pki/ca.crl").contains("No Revoked Certificates"));
}

#[test]
fn only_the_delta_list_is_made_at_once_where_the_settings_say_so() {
    let (lab, alice) = publishing("delta = true\nbase_at_once = false\n");
    lab.enrolled(&alice);
    let before = list(&lab, "/pki/ca.crl");
    revoke(&lab, &alice, OffsetDateTime::now_utc(), 1);
    let after = list(&lab, "/pki/ca.crl");
    assert_eq!(number(&before, "X509v3 CRL Number:"), number(&after, "X509v3 CRL Number:"));
    assert!(list(&lab, "/pki/delta.crl").contains("Key Compromise"));
}

#[test]
fn a_revocation_with_a_time_of_its_own_appears_when_due() {
    let (lab, alice) = publishing("");
    lab.enrolled(&alice);
    let due = OffsetDateTime::now_utc() + Duration::seconds(2);
    revoke(&lab, &alice, due, 4);
    assert!(list(&lab, "/pki/ca.crl").contains("No Revoked Certificates"));
    while OffsetDateTime::now_utc() <= due {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(list(&lab, "/pki/ca.crl").contains("Superseded"));
}

#[test]
fn lists_are_shared_kept_and_told_to_caches() {
    let (mut lab, alice) = publishing("");
    lab.enrolled(&alice);
    let first = fetched(&lab, "/pki/ca.crl", &[]);
    let header = |answer: &Answer, name: &str| answer.headers.get(name).map(|it| it.to_str().unwrap().to_owned());
    let tag = header(&first, "etag").unwrap();
    let modified = header(&first, "last-modified").unwrap();
    assert!(header(&first, "cache-control").unwrap().starts_with("public, max-age="), "{:?}", first.headers);
    assert_eq!(header(&first, "content-type").as_deref(), Some("application/pkix-crl"));
    for known in [("if-none-match", tag.as_str()), ("if-none-match", "*"), ("if-modified-since", modified.as_str())] {
        let answer = fetched(&lab, "/pki/ca.crl", &[known]);
        assert_eq!((answer.status, answer.bytes.len()), (304, 0), "{known:?}");
        assert_eq!(header(&answer, "etag").as_deref(), Some(tag.as_str()));
    }
    assert_eq!(fetched(&lab, "/pki/ca.crl", &[("if-none-match", "\"other\"")]).status, 200);
    assert_eq!(fetched(&lab, "/pki/ca.crl", &[("if-modified-since", "yesterday")]).status, 200);
    let secure = lab.call(None, "GET", "/pki/ca.crl", None);
    assert_eq!(secure.bytes, first.bytes, "over TLS it is the same list");
    lab.stop();
    lab.start();
    assert_eq!(fetched(&lab, "/pki/ca.crl", &[]).bytes, first.bytes, "a start makes no list that is not needed");
    revoke(&lab, &alice, OffsetDateTime::now_utc(), 1);
    let second = fetched(&lab, "/pki/ca.crl", &[("if-none-match", tag.as_str())]);
    assert_eq!(second.status, 200, "what others have is not true any more");
}

#[test]
fn the_plain_listener_has_public_files_and_nothing_else() {
    let (lab, alice) = publishing("");
    for path in ["/", "/pki/", "/pki/delta.crl", "/CertificateManagement/api/v1.0/requests", "/ocspx", "/healthz"] {
        let refused = fetched(&lab, path, &[("authorization", &format!("Bearer {}", alice.token))]);
        assert_eq!((refused.status, refused.code().as_str()), (404, "not-found"), "{path}");
    }
    let certificate = fetched(&lab, "/pki/ca.cer", &[]);
    assert_eq!(certificate.bytes, lab.server.as_ref().unwrap().ca_certificate);
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    assert_eq!(agent.post(url(&lab, "/pki/ca.crl")).send(b"x".as_slice()).unwrap().status(), 405);
    assert_eq!(agent.get(url(&lab, "/ocsp")).call().unwrap().status(), 405);
    assert_eq!(agent.head(url(&lab, "/pki/ca.crl")).call().unwrap().status(), 200);
    let wrong = agent.post(url(&lab, "/ocsp")).content_type("text/plain").send(b"x".as_slice()).unwrap();
    assert_eq!(wrong.status(), 415);
    let long = agent.post(url(&lab, "/ocsp")).content_type("application/ocsp-request").send(&vec![0; 40_000][..]);
    assert_eq!(long.unwrap().status(), 413);
}

#[test]
fn certificates_name_what_is_published() {
    let (lab, alice) = publishing("delta = true\n");
    lab.enrolled(&alice);
    let (_, path) = certificate(&lab, &alice);
    let text = openssl(&["x509", "-noout", "-text", "-in", path.to_str().unwrap()]);
    for expected in [
        "OCSP - URI:http://pki.example.test:8080/ocsp",
        "CA Issuers - URI:http://pki.example.test:8080/pki/ca.cer",
        "http://pki.example.test:8080/pki/delta.crl",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

fn asked(lab: &Lab, certificate: &Path, options: &[&str]) -> String {
    let authority = authority(lab);
    let url = url(lab, "/ocsp");
    let mut arguments = vec!["ocsp", "-url", &url, "-CAfile", &authority, "-issuer", &authority];
    arguments.extend(options);
    arguments.extend(["-cert", certificate.to_str().unwrap()]);
    openssl(&arguments)
}

#[test]
fn openssl_and_gnutls_ask_about_a_certificate() {
    let (lab, alice) = publishing("");
    lab.enrolled(&alice);
    let (_, path) = certificate(&lab, &alice);
    for options in [&["-sha1"][..], &["-sha256"], &["-no_nonce"]] {
        let said = asked(&lab, &path, options);
        assert!(said.contains("Response verify OK") && said.contains(": good"), "{options:?}: {said}");
    }
    let both = asked(&lab, &path, &["-sha256", "-serial", "0x77"]);
    assert!(both.contains(": good") && both.contains("0x77: unknown"), "{both}");
    let ocsptool = || {
        let ask = format!("--ask={}", url(&lab, "/ocsp"));
        let said = Command::new("ocsptool")
            .args([
                ask.as_str(),
                "--load-issuer",
                authority(&lab).as_str(),
                "--load-trust",
                &authority(&lab),
                "--load-cert",
            ])
            .arg(&path)
            .output()
            .unwrap();
        String::from_utf8_lossy(&[said.stdout, said.stderr].concat()).into_owned()
    };
    let said = ocsptool();
    assert!(said.contains("Certificate Status: good") && said.contains("Verifying OCSP Response: Success"), "{said}");
    revoke(&lab, &alice, OffsetDateTime::now_utc(), 1);
    let said = asked(&lab, &path, &[]);
    assert!(said.contains(": revoked") && said.contains("keyCompromise"), "{said}");
    let said = ocsptool();
    assert!(said.contains("Certificate Status: revoked"), "{said}");
}

#[test]
fn a_question_in_the_address_is_answered_and_kept_by_caches() {
    use base64::Engine;
    let (lab, alice) = publishing("");
    lab.enrolled(&alice);
    let (_, path) = certificate(&lab, &alice);
    let file = lab.directory.path().join("question.der").to_str().unwrap().to_owned();
    let authority = authority(&lab);
    let write = ["ocsp", "-no_nonce", "-issuer", &authority, "-reqout", &file, "-cert", path.to_str().unwrap()];
    openssl(&write);
    let question = base64::engine::general_purpose::STANDARD.encode(std::fs::read(&file).unwrap());
    for text in [question.clone(), question.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")] {
        let answer = fetched(&lab, &format!("/ocsp/{text}"), &[]);
        assert_eq!(answer.headers["content-type"], "application/ocsp-response");
        assert!(answer.headers["cache-control"].to_str().unwrap().starts_with("public, max-age="));
        assert!(answer.headers.contains_key("etag") && answer.headers.contains_key("expires"));
        let response = lab.directory.path().join("answer.der");
        std::fs::write(&response, &answer.bytes).unwrap();
        let read = ["ocsp", "-respin", response.to_str().unwrap(), "-reqin", &file, "-CAfile", &authority];
        let said = openssl(&[&read[..], &["-issuer", &authority, "-cert", path.to_str().unwrap()]].concat());
        assert!(said.contains("Response verify OK") && said.contains(": good"), "{said}");
    }
    let nonsense = fetched(&lab, "/ocsp/nonsense", &[]);
    assert_eq!(nonsense.bytes, [0x30, 3, 0x0a, 1, 1], "malformedRequest");
    assert_eq!(nonsense.headers["cache-control"], "no-store");
    let elsewhere = Lab::new();
    let stranger = asked_of(&lab, &authority, &super::publication::authority(&elsewhere), &path);
    assert!(stranger.contains("unauthorized (6)"), "{stranger}");
}

/// Asks as if the certificate came from `issuer`.
fn asked_of(lab: &Lab, trusted: &str, issuer: &str, certificate: &Path) -> String {
    let url = url(lab, "/ocsp");
    openssl(&["ocsp", "-url", &url, "-CAfile", trusted, "-issuer", issuer, "-cert", certificate.to_str().unwrap()])
}

/// A time as openssl writes it.
fn moment(text: &str) -> OffsetDateTime {
    let form = time::format_description::parse_borrowed::<2>(
        "[month repr:short] [day padding:space] [hour]:[minute]:[second] [year]",
    )
    .unwrap();
    time::PrimitiveDateTime::parse(text.trim().trim_end_matches(" GMT"), &form).unwrap().assume_utc()
}

#[test]
fn what_is_published_is_dated_back_for_slow_clocks() {
    for (more, least, most) in [("", 9, 12), ("backdate_minutes = 30\n", 29, 32)] {
        let (lab, alice) = publishing(more);
        lab.enrolled(&alice);
        // The list of the first start is none of these settings'.
        revoke(&lab, &alice, OffsetDateTime::now_utc(), 1);
        let text = list(&lab, "/pki/ca.crl");
        let dated = moment(text.split("Last Update:").nth(1).unwrap().lines().next().unwrap());
        let age = (OffsetDateTime::now_utc() - dated).whole_minutes();
        assert!((least..=most).contains(&age), "{age}: {text}");
    }
}
