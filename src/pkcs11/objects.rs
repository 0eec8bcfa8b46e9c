//! Finds the objects under a CKA_ID: key pair and certificates, by handle.

use super::attributes::{public_key, read};
use super::error::{CallError, device, failed, is_removal};
use crate::pkix::{Certificate, PublicKey};
use crate::token::{Error, KeyId, Oddity, StoredCertificate, StoredKey};
use cryptoki::error::Error as Cryptoki;
use cryptoki::object::{Attribute, AttributeType, CertificateType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use std::cmp::Reverse;

/// Limits the objects that a module may list; no token has so many.
const MOST_OBJECTS: usize = 4096;

/// Labels an attribute certificate that holds an id of ours, and is the CKA_ID of a public key that does.
pub(super) const CARD_ID: &[u8] = b"cardwright card id";

/// Holds the handles under one id.
#[derive(Default)]
pub(super) struct Held {
    pub private: Vec<Key>,
    pub public: Vec<Key>,
    pub certificates: Vec<ObjectHandle>,
    /// Objects of which the module does not even tell the class.
    refused: Vec<ObjectHandle>,
    /// Public key, once it has been read.
    public_key: Option<PublicKey>,
}

/// Holds a key's handle, and whether it is RSA or EC.
#[derive(Clone, Copy)]
pub(super) struct Key {
    pub handle: ObjectHandle,
    pub rsa: bool,
}

impl Held {
    /// Makes the entry of a pair that was just generated.
    pub fn pair(private: Key, public: Key, public_key: PublicKey) -> Self {
        Self { private: vec![private], public: vec![public], public_key: Some(public_key), ..Self::default() }
    }

    /// Finds what is under `id`, with one search and one further call for each object found.
    pub fn find(session: &Session, id: &KeyId) -> Result<Self, Error> {
        let mut held = Self::default();
        // Objects without an id have an empty CKA_ID, so it names nothing.
        if id.0.is_empty() {
            return Ok(held);
        }
        for handle in handles(session, &[Attribute::Token(true), Attribute::Id(id.0.clone())])? {
            held.add(session, handle)?;
        }
        Ok(held)
    }

    /// Lists everything on the token, one entry for each id, in the token's order.
    pub fn all(session: &Session) -> Result<Vec<(KeyId, Self)>, Error> {
        let mut entries: Vec<(KeyId, Self)> = Vec::new();
        for handle in handles(session, &[Attribute::Token(true)])? {
            let mut one = Self::default();
            one.add(session, handle)?;
            if one.is_empty() {
                continue;
            }
            let id = KeyId(told(bytes(session, handle, AttributeType::Id))?.flatten().unwrap_or_default());
            if id.0 == CARD_ID || (id.0.is_empty() && one.is_card_id(session)) {
                continue;
            }
            match entries.iter_mut().find(|(known, _)| *known == id && !id.0.is_empty()) {
                Some((_, held)) => held.merge(one),
                None => entries.push((id, one)),
            }
        }
        Ok(entries)
    }

    /// Says whether nothing is under the id.
    pub fn is_empty(&self) -> bool {
        self.handles().is_empty()
    }

    /// Returns every handle, the private key's first.
    pub fn handles(&self) -> Vec<ObjectHandle> {
        let keys = self.private.iter().chain(&self.public).map(|key| key.handle);
        keys.chain(self.certificates.iter().copied()).chain(self.refused.iter().copied()).collect()
    }

    /// Says whether the only object is an attribute certificate, which certifies no key: an id of ours may be one.
    fn is_card_id(&self, session: &Session) -> bool {
        let [handle] = self.handles()[..] else { return false };
        let kind = session.get_attributes(handle, &[AttributeType::CertificateType]);
        kind.is_ok_and(|kind| kind.contains(&Attribute::CertificateType(CertificateType::X_509_ATTR)))
    }

    /// Adds the handles of another entry.
    fn merge(&mut self, other: Self) {
        self.private.extend(other.private);
        self.public.extend(other.public);
        self.certificates.extend(other.certificates);
        self.refused.extend(other.refused);
    }

    /// Adds an object if it is a certificate or a key that is RSA or EC, or if the module tells nothing of it.
    fn add(&mut self, session: &Session, handle: ObjectHandle) -> Result<(), Error> {
        let wanted = [AttributeType::Class, AttributeType::KeyType];
        let attributes = match session.get_attributes(handle, &wanted) {
            Ok(attributes) => attributes,
            Err(error) if is_removal(&error) => return Err(Error::Removed),
            Err(Cryptoki::Pkcs11(..)) => {
                self.refused.push(handle);
                return Ok(());
            }
            // Objects of a vendor-defined class or key type are skipped.
            Err(_) => return Ok(()),
        };
        let key_type = |wanted: KeyType| attributes.contains(&Attribute::KeyType(wanted));
        let class = |wanted: ObjectClass| attributes.contains(&Attribute::Class(wanted));
        let key = match (key_type(KeyType::RSA), key_type(KeyType::EC)) {
            (true, _) => Some(Key { handle, rsa: true }),
            (_, true) => Some(Key { handle, rsa: false }),
            _ => None,
        };
        if class(ObjectClass::CERTIFICATE) {
            self.certificates.push(handle);
        } else if class(ObjectClass::PRIVATE_KEY) {
            self.private.extend(key);
        } else if class(ObjectClass::PUBLIC_KEY) {
            self.public.extend(key);
        }
        Ok(())
    }

    /// Returns the public key: from its own object, else from a private RSA key, else from the certificate. It is read
    /// once and then remembered.
    pub fn public_key(&mut self, session: &Session) -> Result<Option<&PublicKey>, Error> {
        if self.public_key.is_none() {
            self.public_key = match self.key_object() {
                Some(key) => Some(public_key(session, key.handle, key.rsa)?),
                None => self.certificate(session)?.as_deref().and_then(certified_key),
            };
        }
        Ok(self.public_key.as_ref())
    }

    /// Returns the object that shows the public key.
    fn key_object(&self) -> Option<Key> {
        self.public.first().or(self.private.first().filter(|key| key.rsa)).copied()
    }

    /// Reads the certificate, DER; `None` when there is none that can be read. Of several it is the one for the key,
    /// and of these the newest.
    pub fn certificate(&self, session: &Session) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.stored_certificates(session)?.into_iter().next().and_then(|first| first.der))
    }

    /// Reads the certificates: first those that can be read, of these those for the key, of these the newest.
    fn stored_certificates(&self, session: &Session) -> Result<Vec<StoredCertificate>, Error> {
        let mut stored = Vec::new();
        for handle in &self.certificates {
            stored.push(match told(certificate(session, *handle))? {
                Some(value) => StoredCertificate::of(&value.unwrap_or_default()),
                None => StoredCertificate::odd(Oddity::Refused),
            });
        }
        if stored.len() > 1 {
            let known = self.public_key.as_ref();
            stored.sort_by_cached_key(|stored| {
                let read = stored.der.as_deref().and_then(|der| Certificate::from_der(der).ok());
                let ours = known.is_some_and(|key| read.as_ref().is_some_and(|read| read.is_for(key)));
                Reverse((stored.der.is_some(), ours, read.map(|read| read.not_before())))
            });
        }
        Ok(stored)
    }

    /// Describes what is under `id`, with one entry for each further certificate.
    pub fn stored(&mut self, session: &Session, id: &KeyId) -> Result<Vec<StoredKey>, Error> {
        let label = told(self.label(session))?.unwrap_or_default();
        let shown = match self.key_object() {
            Some(_) => told(self.public_key(session).map(|key| key.cloned()))?,
            None => Some(None),
        };
        let mut certificates = self.stored_certificates(session)?;
        let several = (certificates.len() > 1).then_some(Oddity::SeveralCertificates);
        if certificates.is_empty() {
            certificates.push(StoredCertificate::default());
        }
        let unread = shown.is_none().then_some(Oddity::UnreadableKey);
        let refused = (!self.refused.is_empty()).then_some(Oddity::Refused);
        let nameless = id.0.is_empty().then_some(Oddity::NoId);
        let entry = |certificate: StoredCertificate, first: bool| {
            let has_key = first && !(self.private.is_empty() && self.public.is_empty());
            let key = if first { shown.clone().flatten() } else { None };
            let read = certificate.der.as_deref().and_then(|der| Certificate::from_der(der).ok());
            let ours = read.is_some_and(|read| shown.iter().flatten().any(|key| read.is_for(key)));
            StoredKey {
                id: id.clone(),
                label: label.clone(),
                public_key: key.or_else(|| certificate.der.as_deref().filter(|_| has_key).and_then(certified_key)),
                has_private_key: (first || ours) && !self.private.is_empty(),
                odd: certificate.odd.or(unread.or(refused).filter(|_| first)).or(several).or(nameless),
                certificate: certificate.der,
            }
        };
        Ok(certificates.into_iter().enumerate().map(|(at, certificate)| entry(certificate, at == 0)).collect())
    }

    /// Reads the label that people see: the private key's, else that of the next object.
    pub fn label(&self, session: &Session) -> Result<String, Error> {
        let Some(handle) = self.handles().into_iter().next() else { return Ok(String::new()) };
        let label = bytes(session, handle, AttributeType::Label)?.unwrap_or_default();
        Ok(String::from_utf8_lossy(&label).into_owned())
    }
}

/// Reads CKA_VALUE of a certificate; `None` when the object is gone.
pub(super) fn certificate(session: &Session, handle: ObjectHandle) -> Result<Option<Vec<u8>>, Error> {
    bytes(session, handle, AttributeType::Value)
}

/// Reads CKA_ID; no bytes where the object has none.
pub(super) fn id(session: &Session, handle: ObjectHandle) -> Result<Vec<u8>, Error> {
    Ok(bytes(session, handle, AttributeType::Id)?.unwrap_or_default())
}

/// Reads the public key of a certificate; `None` where it cannot be used.
fn certified_key(der: &[u8]) -> Option<PublicKey> {
    Certificate::from_der(der).and_then(|certificate| certificate.public_key()).ok()
}

/// Takes what the module answered about one object: `None` where it refused to tell. A token that is gone is an error.
pub(super) fn told<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(Error::Device { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads one attribute that holds bytes.
fn bytes(session: &Session, handle: ObjectHandle, wanted: AttributeType) -> Result<Option<Vec<u8>>, Error> {
    let attributes = read(session, handle, &[wanted])?;
    Ok(attributes.into_iter().find_map(|attribute| match attribute {
        Attribute::Id(value) | Attribute::Label(value) | Attribute::Value(value) => Some(value),
        _ => None,
    }))
}

/// Finds the objects that match a template.
pub(super) fn handles(session: &Session, template: &[Attribute]) -> Result<Vec<ObjectHandle>, Error> {
    let found = session.iter_objects(template).map_err(failed("C_FindObjectsInit"))?;
    let handles: Result<Vec<_>, _> = found.take(MOST_OBJECTS + 1).collect();
    let handles = handles.map_err(failed("C_FindObjects"))?;
    if handles.len() > MOST_OBJECTS {
        return Err(device("C_FindObjects", CallError::TooManyObjects { limit: MOST_OBJECTS }));
    }
    Ok(handles)
}
