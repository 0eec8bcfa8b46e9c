//! Makers of cards: authorities that attest keys as YubiKeys do, made here so that they can be wrong in every way.

use super::certificates::{Certified, named};
use cardwright::pkix::PublicKey;
use rcgen::{BasicConstraints, CertificateParams, CustomExtension, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use time::{Duration, OffsetDateTime};

/// Firmware 5.7.1; device 4711; PIN once, touch never.
const SAID: [(u64, &[u8]); 3] = [(3, &[5, 7, 1]), (7, &[0x02, 0x02, 0x12, 0x67]), (8, &[2, 1])];

/// A maker with a root, and a card whose own key is under it.
pub struct Maker {
    pub root: String,
    pub card: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
    authority: Issuer<'static, KeyPair>,
}

fn authority(name: &str, constraints: BasicConstraints, days: i64) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(constraints);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.distinguished_name = named(name);
    params.not_before = OffsetDateTime::now_utc() - Duration::days(30);
    params.not_after = OffsetDateTime::now_utc() + Duration::days(days);
    params
}

impl Maker {
    pub fn new(name: &str) -> Self {
        Self::until(name, 30, BasicConstraints::Constrained(0))
    }

    /// One whose card's certificate ends so many days from now, and says this of those below it.
    pub fn until(name: &str, days: i64, constraints: BasicConstraints) -> Self {
        let (root_key, key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let root = authority(name, BasicConstraints::Unconstrained, 30);
        let card = authority(&format!("{name} card"), constraints, days);
        let pem = root.self_signed(&root_key).unwrap().pem();
        let authority = Issuer::new(root, root_key);
        let der = card.signed_by(&key, &authority).unwrap().der().to_vec();
        Self { root: pem, card: der, issuer: Issuer::new(card, key), authority }
    }

    /// What another card of this maker, of the same names and number, attests of a key.
    pub fn another_attests(&self, key: &PublicKey) -> Vec<u8> {
        let own = KeyPair::generate().unwrap();
        let card = authority("Maker card", BasicConstraints::Constrained(0), 30);
        let der = card.signed_by(&own, &self.authority).unwrap().der().to_vec();
        let other = Self {
            root: String::new(),
            card: der,
            issuer: Issuer::new(card, own),
            authority: Issuer::new(CertificateParams::default(), KeyPair::generate().unwrap()),
        };
        other.attests(key)
    }

    /// The attestation alone, ending so many days from now.
    pub fn statement(&self, key: &PublicKey, days: i64) -> Vec<u8> {
        self.certified(key, days, &SAID)
    }

    /// A certificate by the card's own key that says nothing of a device.
    pub fn silent(&self, key: &PublicKey) -> Vec<u8> {
        self.certified(key, 30, &[])
    }

    /// Likewise, by a device of another number, or by one that hides its number.
    pub fn attests_on(&self, device: Option<u16>, key: &PublicKey) -> Vec<u8> {
        let number = device.map(|device| [&[0x02, 0x02][..], &device.to_be_bytes()].concat());
        let [firmware, _, policies] = SAID;
        let said = match &number {
            Some(number) => vec![firmware, (7, number.as_slice()), policies],
            None => vec![firmware, policies],
        };
        [self.certified(key, 30, &said), self.card.clone()].concat()
    }

    fn certified(&self, key: &PublicKey, days: i64, said: &[(u64, &[u8])]) -> Vec<u8> {
        let mut params = CertificateParams::default();
        params.distinguished_name = named("YubiKey PIV Attestation 9a");
        params.not_before = OffsetDateTime::now_utc() - Duration::days(30);
        params.not_after = OffsetDateTime::now_utc() + Duration::days(days);
        let oid = |last: u64| [1, 3, 6, 1, 4, 1, 41482, 3, last];
        let extension = |(last, value): &(u64, &[u8])| CustomExtension::from_oid_content(&oid(*last), value.to_vec());
        params.custom_extensions = said.iter().map(extension).collect();
        params.signed_by(&Certified(key), &self.issuer).unwrap().der().to_vec()
    }

    /// The attestation with the card's certificate behind it.
    pub fn attests(&self, key: &PublicKey) -> Vec<u8> {
        [self.statement(key, 30), self.card.clone()].concat()
    }
}
