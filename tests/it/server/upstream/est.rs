//! EST: orders, what is pending, and what is refused.

use super::est_server::{EstServer, Next, PASSWORD, USER, requested};
use super::{asking, below, eventually, leaf};
use crate::server::publication::with_store;
use crate::server::support::{Lab, PASSPHRASE, Person};
use cardwright::ca::upstream::{Credentials, Names, Protocol, Settings, Upstream};
use cardwright::ca::{CertificateAuthority, IssueOrder, keyfile};
use cardwright::pkix::{KeyAlgorithm, MemoryKey, Signer};
use cardwright::secret::Passphrase;
use cardwright::store::Store;

fn by_password(est: &EstServer) -> (Lab, Person) {
    below(&format!("{}user = \"{USER}\"\n", est.settings()), Some(PASSWORD), |template| template)
}

#[test]
fn a_certificate_comes_by_simple_enrollment() {
    let est = EstServer::start(false);
    let (lab, alice) = by_password(&est);
    let (request, key, csr) = asking(&lab, &alice);
    est.will(&[Next::Issue("alice")]);
    let issued = lab.certificatedata(&alice, &request, &csr).ok();
    leaf(&issued, &key).verify_issued_by(est.authority()).unwrap();
    assert_eq!(lab.certificatedata(&alice, &request, &csr).ok(), issued, "without another order");
    let [seen] = est.seen().try_into().unwrap();
    let head = seen.head.to_lowercase();
    assert!(head.starts_with("post /.well-known/est/simpleenroll http/1.1\r\n"), "{head}");
    assert!(head.contains("content-type: application/pkcs10\r\n"), "{head}");
    assert_eq!(requested(&seen.body).der(), csr);
}

#[test]
fn an_est_server_that_is_away_is_told_until_it_is_back() {
    let est = EstServer::start(false);
    est.is_away(true);
    let (mut lab, _) = by_password(&est);
    crate::server::operations::fails_until(&lab, "upstream", || est.is_away(false));
    lab.stop();
}

#[test]
fn what_is_pending_is_collected_by_the_same_call_or_by_itself() {
    let est = EstServer::start(false);
    let (mut lab, alice) = by_password(&est);
    let (request, key, csr) = asking(&lab, &alice);
    est.will(&[Next::Pending(3600)]);
    let waiting = lab.certificatedata(&alice, &request, &csr);
    assert_eq!(waiting.headers["retry-after"], "3600");
    assert_eq!(waiting.refusal(), (503, "ca-pending".into()));
    let waiting = lab.certificatedata(&alice, &request, &csr);
    assert_eq!(waiting.refusal(), (503, "ca-pending".into()), "the CA is not asked before its time");
    assert_eq!(est.seen().len(), 1);

    let (other_request, other_key, other_csr) = asking(&lab, &alice);
    est.will(&[Next::Pending(1)]);
    let waiting = lab.certificatedata(&alice, &other_request, &other_csr);
    assert_eq!(waiting.refusal(), (503, "ca-pending".into()));
    lab.stop();
    est.will(&[Next::Issue("alice")]);
    lab.start();
    let collected = || {
        with_store(&lab, async |store: &Store| {
            let order = store.upstream_order(&other_key.public_key().sha256()).await.unwrap();
            order.unwrap().issued.is_some()
        })
    };
    eventually("the collection after a start", collected);
    let [_, _, again] = est.seen().try_into().unwrap();
    assert_eq!(requested(&again.body).der(), other_csr, "the very same request was sent");
    let issued = lab.certificatedata(&alice, &other_request, &other_csr).ok();
    assert_eq!(leaf(&issued, &other_key).subject(), "CN=alice");
    assert!(with_store(&lab, async |store: &Store| {
        store.upstream_order(&key.public_key().sha256()).await.unwrap().unwrap().issued.is_none()
    }));
}

#[test]
fn an_answer_that_is_no_certificate_for_the_order_is_refused() {
    let est = EstServer::start(false);
    let (lab, alice) = by_password(&est);
    for (next, status, code) in [
        (Next::Issue("mallory"), 502, "ca-refused"),
        (Next::OtherKey, 502, "ca-refused"),
        (Next::Say(200, b"no base64 at all!".to_vec()), 502, "ca-refused"),
        (Next::Say(200, b"bm8gQ01T".to_vec()), 502, "ca-refused"),
        (Next::Say(200, vec![b'A'; 300_000]), 502, "ca-refused"),
        (Next::Say(204, Vec::new()), 502, "ca-refused"),
        (Next::Say(302, Vec::new()), 502, "ca-refused"),
        (Next::Say(400, b"go away".to_vec()), 502, "ca-refused"),
        (Next::Say(503, Vec::new()), 503, "unavailable"),
    ] {
        let (request, _, csr) = asking(&lab, &alice);
        est.will(std::slice::from_ref(&next));
        let refused = lab.certificatedata(&alice, &request, &csr);
        assert!(!String::from_utf8_lossy(&refused.bytes).contains(PASSWORD));
        assert_eq!(refused.refusal(), (status, code.to_owned()), "{next:?}");
        est.will(&[Next::Issue("alice")]);
        lab.certificatedata(&alice, &request, &csr).ok();
    }
}

#[test]
fn who_is_not_known_or_not_trusted_gets_nothing() {
    let est = EstServer::start(false);
    let settings = format!("{}user = \"{USER}\"\n", est.settings());
    let (lab, alice) = below(&settings, Some("wrong"), |template| template);
    let (request, _, csr) = asking(&lab, &alice);
    assert_eq!(lab.certificatedata(&alice, &request, &csr).refusal(), (502, "ca-refused".into()));

    let stranger = EstServer::start(false);
    let trust = |est: &EstServer| format!("tls_trust = \"{}\"", est.directory.path().join("ca.pem").display());
    let pinned_elsewhere = settings.replace(&trust(&est), &trust(&stranger));
    let (lab, alice) = below(&pinned_elsewhere, Some(PASSWORD), |template| template);
    let (request, _, csr) = asking(&lab, &alice);
    let before = est.seen().len();
    assert_eq!(lab.certificatedata(&alice, &request, &csr).refusal(), (503, "unavailable".into()));
    assert_eq!(est.seen().len(), before, "nothing was said to a server that is not trusted");
}

#[test]
fn a_client_certificate_opens_the_door() {
    let est = EstServer::start(true);
    let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
    let order = IssueOrder {
        subject: "CN=registration authority".into(),
        extended_key_usages: vec!["1.3.6.1.5.5.7.3.2".into()],
        ..IssueOrder::bare(key.public_key().clone())
    };
    let at = |name: &str| est.directory.path().join(name);
    std::fs::write(at("ra.pem"), est.issue(&order).to_pem()).unwrap();
    let sealed = keyfile::seal_private_key(key.expose_pkcs8(), &Passphrase::new(PASSPHRASE.into())).unwrap();
    std::fs::write(at("ra.key"), sealed).unwrap();
    let files =
        format!("client_certificate = \"{}\"\nclient_key = \"{}\"\n", at("ra.pem").display(), at("ra.key").display());
    let (lab, alice) = below(&(est.settings() + &files), None, |template| template);
    let (request, key, csr) = asking(&lab, &alice);
    est.will(&[Next::Issue("alice")]);
    leaf(&lab.certificatedata(&alice, &request, &csr).ok(), &key).verify_issued_by(est.authority()).unwrap();

    let (lab, alice) = below(&est.settings(), None, |template| template);
    let (request, _, csr) = asking(&lab, &alice);
    assert_eq!(lab.certificatedata(&alice, &request, &csr).refusal(), (503, "unavailable".into()));
}

#[test]
fn the_message_of_the_standard_is_read() {
    let est = EstServer::start(false);
    let chain = vec![est.authority().clone()];
    let credentials = Credentials::Basic { user: USER.into(), password: Passphrase::new(PASSWORD.into()) };
    let upstream = Upstream::new(Settings {
        protocol: Protocol::Est,
        url: format!("https://{}/.well-known/est", est.address).parse().unwrap(),
        tls_trust: chain.clone(),
        chain,
        credentials,
        profile: None,
        names: Names::AsOrdered,
    })
    .unwrap();
    assert!(upstream.is_as_configured().unwrap());
    est.says_of_itself(include_bytes!("../../../data/est/cacerts.txt"));
    assert!(!upstream.is_as_configured().unwrap());
    let found = upstream.authorities().unwrap();
    let mut links: Vec<String> = found.iter().map(|it| format!("{} by {}", it.subject(), it.issuer())).collect();
    links.sort();
    // The old key, the new one, and each signed with the other (RFC 4210, 4.4).
    let expected = ["NwN by NwN", "NwO by OwO", "OwN by NwN", "OwO by OwO"];
    let expected = expected.map(|link| format!("CN=estExampleCA {}", link.replace("by ", "by CN=estExampleCA ")));
    assert_eq!(links, expected);
    for link in &found {
        let issuer = found.iter().find(|it| it.subject() == link.issuer() && it.is_ca().unwrap());
        link.verify_issued_by(issuer.unwrap()).unwrap();
    }
    est.says_of_itself(b"?");
    assert!(upstream.authorities().is_err());
}
