//! MIT's KDC (PKINIT, RFC 4556) lets in whom the doctor calls fit, and refuses whom it calls unfit.

use cardwright::doctor::Verdict;
use cardwright::pkix::Certificate;
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyUsagePurpose};
use std::process::{Command, Output, Stdio};
use time::{Duration, OffsetDateTime};

use super::{Bench, PIN, codes, fit, judged, named, worst};
use crate::support::certificates::{authority, certificate_with};
use crate::support::kerberos::Realm;
use crate::support::softhsm;

/// What the KDC's own certificate must say (RFC 4556, 3.2.4).
const KDC_CERTIFICATE: &str = "[req]\ndistinguished_name = name\nprompt = no\nx509_extensions = kdc\n\
    [name]\nCN = kdc\n\
    [kdc]\nbasicConstraints = critical, CA:FALSE\nkeyUsage = digitalSignature, keyAgreement\n\
    extendedKeyUsage = 1.3.6.1.5.2.3.5\nsubjectAltName = otherName:1.3.6.1.5.2.2;SEQUENCE:principal\n\
    [principal]\nrealm = EXP:0, GeneralString:example.test\nname = EXP:1, SEQUENCE:components\n\
    [components]\ntype = EXP:0, INTEGER:2\nparts = EXP:1, SEQUENCE:parts\n\
    [parts]\nfirst = GeneralString:krbtgt\nsecond = GeneralString:example.test\n";

/// A realm that believes the tests' authority, and takes what Windows takes.
fn realm() -> Realm {
    let mut realm = Realm::new("example.test");
    realm.administer("addprinc -randkey +requires_preauth alice");
    let [config, key, certificate] = ["kdc.cnf", "kdc.key", "kdc.pem"].map(|name| realm.path(name));
    std::fs::write(&config, KDC_CERTIFICATE).unwrap();
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-nodes", "-newkey", "rsa:2048", "-days", "2", "-config"]).arg(config);
    let made = openssl.arg("-keyout").arg(&key).arg("-out").arg(&certificate).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let anchors = realm.path("anchors.pem");
    std::fs::write(&anchors, std::fs::read_to_string(&certificate).unwrap() + authority()).unwrap();
    realm.restart(&format!(
        "pkinit_identity = FILE:{},{}\npkinit_anchors = FILE:{}\npkinit_allow_upn = true\npkinit_eku_checking = scLogin",
        certificate.display(),
        key.display(),
        anchors.display()
    ));
    realm
}

fn kinit(realm: &Realm, label: &str) -> Output {
    let typed = realm.path("typed");
    std::fs::write(&typed, format!("{PIN}\n")).unwrap();
    let _ = realm.command("kdestroy").stderr(Stdio::null()).status();
    let mut kinit = realm.command("kinit");
    let identity = format!("X509_user_identity=PKCS11:module_name={}:token={label}", softhsm::MODULE);
    let anchor = format!("X509_anchors=FILE:{}", realm.path("anchors.pem").display());
    kinit.stdin(std::fs::File::open(typed).unwrap()).args(["-X", &identity, "-X", &anchor, "alice"]).output().unwrap()
}

#[test]
fn a_kdc_lets_in_whom_the_doctor_calls_fit_and_refuses_whom_it_calls_unfit() {
    const LABEL: &str = "doctor-kdc";
    let mut bench = Bench::new(LABEL);
    let realm = realm();
    let anchors = [Certificate::from_pem(authority()).unwrap()];
    let now = OffsetDateTime::now_utc();
    type Change = fn(&mut CertificateParams);
    let cases: [(Change, Option<&str>); 5] = [
        (|_| (), None),
        (|params| params.not_after = OffsetDateTime::now_utc() - Duration::DAY, Some("expired")),
        (|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection], Some("purpose-missing")),
        (|params| params.subject_alt_names.clear(), Some("name-none")),
        (|params| params.key_usages = vec![KeyUsagePurpose::KeyEncipherment], Some("usage-forbids")),
    ];
    for (change, unfit) in cases {
        let certificate = certificate_with(&bench.key, "alice", |params| {
            params.not_before = OffsetDateTime::now_utc() - Duration::days(30);
            params.not_after = OffsetDateTime::now_utc() + Duration::days(30);
            fit(params);
            change(params);
        });
        let findings = judged(&bench.card(&certificate), &anchors, None, now);
        let done = kinit(&realm, LABEL);
        let said = format!("{findings:?} {done:?} {}", realm.log());
        match unfit {
            None => {
                assert!(worst(&findings) < Verdict::Bad, "{said}");
                assert!(codes(&findings).contains(&"purpose-logon"), "{said}");
            }
            Some(code) => {
                let bad: Vec<_> = findings.iter().filter(|it| it.verdict() == Verdict::Bad).cloned().collect();
                assert_eq!(codes(&bad), [code], "{said}");
            }
        }
        assert_eq!(done.status.success(), unfit.is_none(), "{unfit:?}: {said}");
    }
    // Whom the certificate names is no matter of the card: the KDC refuses another, and the directory's view tells it.
    let bob = certificate_with(&bench.key, "bob", |params| {
        fit(params);
        named(params, "bob@example.test");
    });
    let findings = judged(&bench.card(&bob), &anchors, None, now);
    assert!(findings.iter().any(|finding| finding.told() == "the certificate names bob@example.test"), "{findings:?}");
    assert!(!kinit(&realm, LABEL).status.success());
}
