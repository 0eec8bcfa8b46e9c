//! Names what can prove that a card is the one a record speaks of.

use super::record::HexBytes;
use crate::cm::certificate::ListedCertificate;
use crate::pkix::{Certificate, PublicKey};
use crate::token::{KeyId, StoredKey};

/// Says by what a card has proven to be the one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Proof {
    #[default]
    None,
    /// A certificate that the server lists is on it, and nothing tells yet whether its key is.
    Certificate,
    /// It tells that it has the key of a listed certificate, bears the id that was written on it, the journal has work on
    /// it, or it accepts the record's admin key.
    Itself,
    /// It must accept the record's admin key before anything else is done.
    Owed,
}

/// Holds where a key should be, and its public half by its certificate.
#[derive(Clone)]
pub(super) struct Certified {
    pub id: KeyId,
    pub public_key: PublicKey,
}

/// Holds by what the certificates and keys are known that a card should have.
#[derive(Clone, Debug, Default)]
pub(super) struct Listed {
    /// SHA-1 of the certificates, upper-case hexadecimal.
    pub thumbprints: Vec<String>,
    /// Their public keys (SubjectPublicKeyInfo, DER), where the server tells more than thumbprints.
    pub keys: Vec<HexBytes>,
}

impl Listed {
    /// Takes what the server lists.
    pub fn of<'r>(rows: impl Iterator<Item = &'r ListedCertificate>) -> Self {
        let mut listed = Self::default();
        for row in rows {
            listed.thumbprints.push(row.thumbprint.to_ascii_uppercase());
            let certificate = row.certificate.as_deref().map(Certificate::from_der).and_then(Result::ok);
            let key = certificate.and_then(|certificate| certificate.public_key().ok());
            listed.keys.extend(key.map(|key| HexBytes(key.spki().to_vec())));
        }
        listed
    }

    /// Says whether the certificate there is one of these, or the key is the key of one.
    pub fn owns(&self, stored: &StoredKey) -> bool {
        self.certificate(stored).is_some() || stored.public_key.as_ref().is_some_and(|key| self.has(key))
    }

    /// Says whether this is the key of one of these certificates.
    pub fn has(&self, key: &PublicKey) -> bool {
        self.keys.iter().any(|listed| listed.0 == key.spki())
    }

    /// Says whether all keys of these certificates are known.
    pub fn is_whole(&self) -> bool {
        self.keys.len() == self.thumbprints.len()
    }

    /// Returns the certificate there, if it is one of these.
    pub fn certificate(&self, stored: &StoredKey) -> Option<Certificate> {
        let certificate = Certificate::from_der(stored.certificate.as_deref()?).ok()?;
        self.thumbprints.contains(&certificate.thumbprint_sha1()).then_some(certificate)
    }

    /// Lists the keys that may be there by what is shown: that of the certificate, or the one that the token tells; any of
    /// these where what is shown cannot be read.
    pub fn candidates(&self, stored: &StoredKey) -> Vec<Certified> {
        let keys = match (self.certificate(stored), &stored.public_key) {
            (Some(certificate), _) => certificate.public_key().into_iter().collect(),
            (None, Some(told)) => Some(told.clone()).filter(|told| self.has(told)).into_iter().collect(),
            (None, None) if stored.is_unreadable() => {
                self.keys.iter().filter_map(|spki| PublicKey::from_spki(&spki.0).ok()).collect()
            }
            (None, None) => Vec::new(),
        };
        keys.into_iter().map(|public_key| Certified { id: stored.id.clone(), public_key }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pkix::{KeyAlgorithm, MemoryKey, Signer};
    use crate::token::Oddity;

    #[test]
    fn what_may_be_there_is_what_is_shown_and_anything_where_that_cannot_be_read() {
        let [ours, theirs] = [(); 2].map(|()| MemoryKey::generate(KeyAlgorithm::P256).unwrap());
        let spki = |key: &MemoryKey| HexBytes(key.public_key().spki().to_vec());
        let listed = Listed { thumbprints: vec![String::new()], keys: vec![spki(&ours)] };
        let stored = |public_key: Option<&MemoryKey>, odd| StoredKey {
            id: KeyId(vec![1]),
            label: String::new(),
            public_key: public_key.map(|key| key.public_key().clone()),
            has_private_key: true,
            certificate: None,
            odd,
        };
        // What the token tells of the key and of its certificate; how many of the listed keys it may be.
        for (key, odd, count) in
            [(Some(&ours), None, 1), (Some(&theirs), None, 0), (None, Some(Oddity::CutOff), 1), (None, None, 0)]
        {
            assert_eq!(listed.candidates(&stored(key, odd)).len(), count, "{odd:?}");
        }
        assert!(listed.is_whole() && !Listed { keys: Vec::new(), ..listed.clone() }.is_whole());
        assert!(listed.owns(&stored(Some(&ours), None)) && !listed.owns(&stored(Some(&theirs), None)));
    }
}
