//! The authorities above a certificate: from the card, from who is trusted, from where the certificate says.

use cardwright::doctor::logon::{Asked, Finding, Server, examine};
use cardwright::pkix::Certificate;
use cardwright::published::{Limits, Published};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use time::{Duration, OffsetDateTime};

use super::published::{Place, names};
use super::{Bench, codes, fit, judged};
use crate::support::certificates::{Certified, named as called};

/// An authority, and one below it.
struct Authorities {
    root: Certificate,
    below: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.distinguished_name = called(name);
    params
}

impl Authorities {
    fn new(edit: impl FnOnce(&mut CertificateParams)) -> Self {
        let (key, own) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let root = authority("Root");
        let certificate = root.self_signed(&key).unwrap();
        let root = Issuer::new(root, key);
        let mut params = authority("Below");
        edit(&mut params);
        let below = params.signed_by(&own, &root).unwrap();
        let read = |it: &rcgen::Certificate| Certificate::from_der(it.der()).unwrap();
        Self { root: read(&certificate), below: read(&below), issuer: Issuer::new(params, own) }
    }

    fn certificate(&self, bench: &Bench, issuer: Option<String>) -> Vec<u8> {
        let mut params = CertificateParams::default();
        params.distinguished_name = called("alice");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        fit(&mut params);
        names(&mut params, None, None, issuer);
        params.signed_by(&Certified(&bench.key), &self.issuer).unwrap().der().to_vec()
    }
}

fn said(findings: &[Finding]) -> Vec<&'static str> {
    let about = ["chain", "authority", "issuer"];
    codes(findings).into_iter().filter(|code| about.iter().any(|begins| code.starts_with(begins))).collect()
}

#[test]
fn a_chain_is_followed_to_who_is_trusted_and_says_where_it_breaks() {
    let mut bench = Bench::new("doctor-chain");
    let (good, other) = (Authorities::new(|_| ()), Authorities::new(|_| ()));
    let old = Authorities::new(|params| params.not_after = OffsetDateTime::now_utc() - Duration::DAY);
    let none = Authorities::new(|params| params.is_ca = IsCa::ExplicitNoCa);
    let at = [&good, &old, &none, &other].map(|it| it.below.der().to_vec());
    let place = Place::new(move |path| at.get(path.strip_prefix("/issuer/")?.parse::<usize>().ok()?).cloned());
    let address = |index: usize| Some(format!("{}/issuer/{index}", place.address));
    let own = rcgen::generate_simple_self_signed(vec!["alice".to_owned()]).unwrap().cert.der().to_vec();
    let roots = |it: &Authorities| vec![it.root.clone()];
    let cases: [(Vec<u8>, Vec<Certificate>, &[&str]); 10] = [
        (good.certificate(&bench, address(0)), roots(&good), &["chain"]),
        // An anchor need be no root.
        (good.certificate(&bench, None), vec![good.below.clone()], &["chain"]),
        (good.certificate(&bench, address(0)), roots(&other), &["chain-forged"]),
        (good.certificate(&bench, None), roots(&good), &["chain-broken"]),
        (good.certificate(&bench, address(9)), roots(&good), &["issuer-unfetched", "chain-broken"]),
        // The name is the right one, and the key is not.
        (good.certificate(&bench, address(3)), roots(&good), &["chain-forged"]),
        (old.certificate(&bench, address(1)), roots(&old), &["authority-not-in-time", "chain"]),
        (none.certificate(&bench, address(2)), roots(&none), &["authority-unfit", "chain"]),
        (own.clone(), Vec::new(), &["chain-unanchored"]),
        (own, roots(&other), &["chain-untrusted"]),
    ];
    for (index, (certificate, anchors, expected)) in cases.into_iter().enumerate() {
        let published = Published::new(Limits::default());
        let card = bench.card(&certificate);
        let findings = judged(&card, &anchors, Some(&published), OffsetDateTime::now_utc());
        assert_eq!(said(&findings), expected, "{index}: {findings:?}");
    }
}

#[test]
fn windows_own_stores_are_asked_for_the_authorities() {
    const ENTERPRISE: &str = r"SOFTWARE\Microsoft\EnterpriseCertificates";
    let mut bench = Bench::new("doctor-stores");
    let (good, other) = (Authorities::new(|_| ()), Authorities::new(|_| ()));
    let card = bench.card(&good.certificate(&bench, None));
    let of = |store: &str, authority: &Certificate| {
        format!(r"{ENTERPRISE}\{store}\Certificates\{}", authority.thumbprint_sha1())
    };
    let joined = format!(r"{ENTERPRISE}\NTAuth\Certificates");
    let judged = |keys: &[String], root: &Authorities| {
        let has = |key: &str| keys.iter().any(|known| known == key);
        let (now, server) = (OffsetDateTime::now_utc(), Server::NotAsked("this is a test".into()));
        let (anchors, authorities) = ([root.root.clone()], [good.below.clone()]);
        let mut asked = Asked {
            now,
            anchors: &anchors,
            authorities: &authorities,
            published: None,
            registry: Some(&has),
            server: &server,
            server_time: None,
        };
        let found = codes(&examine(&card, &asked));
        asked.registry = None;
        let without = codes(&examine(&card, &asked));
        found.into_iter().filter(|code| !without.contains(code)).collect::<Vec<_>>()
    };
    let both = [of("NTAuth", &good.below), of("Root", &good.root), joined.clone()];
    assert_eq!(judged(&both, &good), ["ntauth", "root-held"]);
    // That the root may issue for logons does not say so of whom it has certified.
    let root_alone = [of("NTAuth", &good.root), of("Root", &other.root), joined];
    assert_eq!(judged(&root_alone, &good), ["ntauth-lacks", "root-lacking"]);
    assert_eq!(judged(&[], &good), ["ntauth-none", "root-lacking"]);
    // Where the chain does not hold there is nobody to ask for.
    assert_eq!(judged(&both, &other), [""; 0]);
}
