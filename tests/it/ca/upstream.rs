//! Authorities elsewhere: what is refused before anything is called.

use super::*;
use cardwright::ca::upstream::{Credentials, Names, Protocol, Settings, Upstream};
use cardwright::secret::SharedKey;

fn settings(url: &str, chain: &[Certificate]) -> Settings {
    Settings {
        protocol: Protocol::Est,
        url: url.parse().unwrap(),
        tls_trust: chain.to_vec(),
        chain: chain.to_vec(),
        credentials: Credentials::None,
        profile: None,
        names: Names::AsOrdered,
    }
}

#[test]
fn settings_that_would_harm_are_refused() {
    let (_directory, ca) = create(KeyAlgorithm::P256);
    let refused = |settings: Settings| match Upstream::new(settings).map(drop) {
        Err(Error::UpstreamSettings { what }) => what,
        other => panic!("{other:?}"),
    };
    for url in ["http://ca.example.com/", "https://user:secret@ca.example.com/", "ftp://127.0.0.1/"] {
        assert!(refused(settings(url, ca.chain())).starts_with("the URL must be https"), "{url}");
    }
    let bare = Settings { tls_trust: Vec::new(), ..settings("https://ca.example.com/", ca.chain()) };
    assert_eq!(refused(bare), "no certificate is trusted for TLS");
    assert_eq!(refused(settings("https://ca.example.com/", &[])), "the chain holds no certificate");
    let leaf = ca.issue(&user(&LEAF), now()).unwrap();
    assert_eq!(refused(settings("https://ca.example.com/", &[leaf])), "the chain does not end in a root");
    let hmac = Credentials::Hmac(SharedKey::new(vec![1; 16]));
    let hmac = Settings { credentials: hmac, ..settings("https://ca.example.com/", ca.chain()) };
    assert_eq!(refused(hmac), "EST knows no HMAC key");
}

#[test]
fn a_certificate_from_elsewhere_is_held_against_its_order() {
    let (_directory, ca) = create(KeyAlgorithm::P256);
    let upstream =
        |names| Upstream::new(Settings { names, ..settings("https://ca.example.com/", ca.chain()) }).unwrap();
    let (strict, lenient) = (upstream(Names::AsOrdered), upstream(Names::Upstream));
    let order = user(&LEAF);
    let good = ca.issue(&order, now()).unwrap();
    strict.check(&order, &good, now()).unwrap();

    let told = |order: &IssueOrder, certificate: &Certificate, at| match strict.check(order, certificate, at) {
        Err(Error::Unordered { what }) => what,
        other => panic!("{other:?}"),
    };
    let other_key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
    let (_elsewhere, other) = create(KeyAlgorithm::P256);
    assert_eq!(told(&user(other_key.public_key()), &good, now()), "it is for another key");
    let foreign = other.issue(&order, now()).unwrap();
    assert_eq!(told(&order, &foreign, now()), "it was not issued by the configured authority");
    assert!(lenient.check(&order, &foreign, now()).is_err(), "whoever names people");
    assert_eq!(told(&order, &good, now() + Duration::days(400)), "it is not valid now");
    assert_eq!(told(&order, &good, now() - Duration::days(1)), "it is not valid now");

    for (ordered, expected) in [
        (IssueOrder { subject: "CN=Mallory".into(), ..order.clone() }, "it differs in subject"),
        (
            IssueOrder { subject_alt_names: vec![SubjectAltName::Dns("a.test".into())], ..order.clone() },
            "it differs in user principal names, mailboxes, host names",
        ),
        (
            IssueOrder { extended_key_usages: vec![SERVER_AUTH.into()], ..order.clone() },
            "it differs in extended key usages",
        ),
        (IssueOrder { sid: Some("S-1-5-21-9-9-9-9".into()), ..order.clone() }, "it differs in security identifier"),
    ] {
        assert_eq!(told(&ordered, &good, now()), expected);
        lenient.check(&ordered, &good, now()).unwrap();
    }
}
