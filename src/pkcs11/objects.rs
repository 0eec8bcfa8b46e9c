//! Finds the objects under a CKA_ID: key pair and certificates, by handle.

use super::attributes::{public_key, read};
use super::error::{CallError, device, failed};
use crate::pkix::PublicKey;
use crate::token::{Error, KeyId};
use cryptoki::error::Error as Cryptoki;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use x509_parser::prelude::{FromDer, X509Certificate};

/// Limits the objects that a module may list; no token has so many.
const MOST_OBJECTS: usize = 4096;

/// Holds the handles under one id.
#[derive(Default)]
pub(super) struct Held {
    pub private: Vec<Key>,
    pub public: Vec<Key>,
    pub certificates: Vec<ObjectHandle>,
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
        Self { private: vec![private], public: vec![public], certificates: Vec::new(), public_key: Some(public_key) }
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
            let id = KeyId(bytes(session, handle, AttributeType::Id)?.unwrap_or_default());
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
        keys.chain(self.certificates.iter().copied()).collect()
    }

    /// Adds the handles of another entry.
    fn merge(&mut self, other: Self) {
        self.private.extend(other.private);
        self.public.extend(other.public);
        self.certificates.extend(other.certificates);
    }

    /// Adds an object if it is a certificate or a key that is RSA or EC.
    fn add(&mut self, session: &Session, handle: ObjectHandle) -> Result<(), Error> {
        let wanted = [AttributeType::Class, AttributeType::KeyType];
        let attributes = match session.get_attributes(handle, &wanted) {
            Ok(attributes) => attributes,
            Err(error @ Cryptoki::Pkcs11(..)) => return Err(failed("C_GetAttributeValue")(error)),
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
            let private = self.private.first().filter(|key| key.rsa);
            self.public_key = match self.public.first().or(private) {
                Some(key) => Some(public_key(session, key.handle, key.rsa)?),
                None => self.certificate(session)?.as_deref().and_then(certified_key),
            };
        }
        Ok(self.public_key.as_ref())
    }

    /// Reads the certificate, DER; `None` when there is none.
    pub fn certificate(&self, session: &Session) -> Result<Option<Vec<u8>>, Error> {
        let Some(handle) = self.certificates.first() else { return Ok(None) };
        certificate(session, *handle)
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

/// Reads the public key of a certificate; `None` where it cannot be used.
fn certified_key(der: &[u8]) -> Option<PublicKey> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    PublicKey::from_spki(certificate.public_key().raw).ok()
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
