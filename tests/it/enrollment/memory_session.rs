//! A login to a token in memory.

use super::memory_token::{MemoryToken, Slot};
use cardwright::pkix::{MemoryKey, PublicKey, SignatureAlgorithm, Signer};
use cardwright::token::{Authority, Error, KeyId, KeyOrder, Operation, Session, StoredKey};
use std::sync::atomic::Ordering;

pub struct MemorySession<'t> {
    pub token: &'t mut MemoryToken,
    pub user: bool,
    pub admin: bool,
}

impl MemorySession<'_> {
    /// Does `act` where the login gives the authority for it, or loses power.
    fn act<T>(
        &mut self,
        operation: Option<Operation>,
        act: impl FnOnce(&mut MemoryToken) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.token.in_hand.store(true, Ordering::SeqCst);
        match operation.map(|operation| self.token.rules.authority(operation)) {
            Some(Authority::User) if !self.user => Err(Error::UserNeeded),
            Some(Authority::Admin) if !self.admin => Err(Error::AdminNeeded),
            _ => self.token.power(act),
        }
    }
}

impl Drop for MemorySession<'_> {
    fn drop(&mut self) {
        self.token.in_hand.store(false, Ordering::SeqCst);
    }
}

impl Session for MemorySession<'_> {
    fn find(&mut self, id: &KeyId) -> Result<Option<StoredKey>, Error> {
        self.act(None, |token| Ok(token.slots.get(&id.0).and_then(|slot| token.rules.stored(&id.0, slot))))
    }

    fn list(&mut self) -> Result<Vec<StoredKey>, Error> {
        self.act(None, |token| Ok(token.stored()))
    }

    fn holds(&mut self, id: &KeyId, public_key: &PublicKey) -> Result<bool, Error> {
        self.act(Some(Operation::Sign), |token| {
            let key = token.slots.get(&id.0).and_then(|slot| slot.key.as_ref());
            Ok(key.is_some_and(|key| key.public_key() == public_key))
        })
    }

    fn reserve(&mut self, _: &KeyId, length: usize) -> Result<(), Error> {
        let largest = self.token.rules.room;
        if length > largest { Err(Error::CertificateTooLarge { length, largest }) } else { Ok(()) }
    }

    fn pause(&mut self) {
        self.token.in_hand.store(false, Ordering::SeqCst);
    }

    fn generate(&mut self, order: &KeyOrder) -> Result<PublicKey, Error> {
        self.act(Some(Operation::Generate), |token| {
            if token.full {
                return Err(Error::Full);
            }
            let there = token.slots.remove(&order.id.0);
            // A card cannot refuse for what it does not know to be there.
            let known = there.as_ref().is_some_and(|slot| token.rules.stored(&order.id.0, slot).is_some());
            if known && !order.replace {
                assert!(token.rules.places, "a second key under one id");
                token.slots.extend(there.map(|slot| (order.id.0.clone(), slot)));
                return Err(Error::KeyIdTaken(order.id.clone()));
            }
            token.generated += 1;
            let key = MemoryKey::generate(order.algorithm).unwrap();
            let public = key.public_key().clone();
            let certificate = there.and_then(|slot| slot.certificate);
            let slot = Slot { label: order.label.clone(), key: Some(key), certificate };
            let id = token.named(&order.id.0);
            token.slots.insert(id, slot);
            Ok(public)
        })
    }

    fn import(&mut self, order: &KeyOrder, key: &MemoryKey) -> Result<(), Error> {
        self.act(Some(Operation::Generate), |token| {
            let key = Some(MemoryKey::from_pkcs8(key.expose_pkcs8()).unwrap());
            let id = token.named(&order.id.0);
            token.slots.insert(id, Slot { label: order.label.clone(), key, certificate: None });
            Ok(())
        })
    }

    fn named(&self, id: &KeyId) -> KeyId {
        let named = self.token.renamed.iter().find(|(ordered, _)| *ordered == id.0);
        named.map_or_else(|| id.clone(), |(_, own)| KeyId(own.clone()))
    }

    fn sign(&mut self, id: &KeyId, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, Error> {
        self.act(Some(Operation::Sign), |token| {
            let key = token.slots.get(&id.0).and_then(|slot| slot.key.as_ref());
            let key = key.ok_or_else(|| Error::NoSuchKey(id.clone()))?;
            assert_eq!(key.algorithm(), algorithm);
            Ok(key.sign(message).unwrap())
        })
    }

    fn write_certificate(&mut self, id: &KeyId, _: &str, certificate: &[u8]) -> Result<(), Error> {
        self.act(Some(Operation::WriteCertificate), |token| {
            let slot = token.slots.get_mut(&id.0).ok_or_else(|| Error::NoSuchKey(id.clone()))?;
            let before = slot.certificate.replace(certificate.to_vec());
            assert!(before.is_none() || token.rules.places, "a second certificate under one id");
            Ok(())
        })
    }

    fn read_certificate(&mut self, id: &KeyId) -> Result<Option<Vec<u8>>, Error> {
        self.act(None, |token| Ok(token.slots.get(&id.0).and_then(|slot| slot.certificate.clone())))
    }

    fn delete(&mut self, id: &KeyId) -> Result<usize, Error> {
        self.act(Some(Operation::Delete), |token| {
            let slot = token.slots.remove(&id.0).ok_or_else(|| Error::NoSuchKey(id.clone()))?;
            Ok(usize::from(slot.certificate.is_some()) + 2 * usize::from(slot.key.is_some()))
        })
    }
}
