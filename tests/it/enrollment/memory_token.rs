//! A token in memory with a dial that breaks it: before or after its nth change.

use cardwright::pkix::{MemoryKey, SignatureAlgorithm, Signer};
use cardwright::secret::{AdminKey, Pin};
use cardwright::token::{
    Admin, Authority, Condition, Counters, Credentials, Error, Identity, KeyId, KeyOrder, KeyWish, LastTry, Operation,
    Placement, SecretKind, Session, StoredKey, Token, Tries, User,
};
use std::collections::BTreeMap;

/// Wrong tries until a secret is locked.
pub const TRIES: u8 = 3;

/// When the power goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    Before(usize),
    After(usize),
}

#[derive(Default)]
struct Slot {
    label: String,
    key: Option<MemoryKey>,
    certificate: Option<Vec<u8>>,
}

pub struct MemoryToken {
    identity: Identity,
    pin: Option<String>,
    /// Its text, as on a PKCS#11 token.
    so_pin: String,
    user_left: u8,
    admin_left: u8,
    slots: BTreeMap<Vec<u8>, Slot>,
    pub cut: Option<Cut>,
    operations: usize,
    pub generated: usize,
    pub logins: usize,
    pub full: bool,
    pub removed: bool,
}

impl MemoryToken {
    /// A token whose admin key is 24 zero bytes and whose PIN is not set.
    pub fn fresh() -> Self {
        let serial = uuid::Uuid::new_v4().simple().to_string();
        Self {
            identity: Identity {
                kind: "memory",
                label: "memory".into(),
                serial,
                manufacturer: "tests".into(),
                model: "one".into(),
                card_id: None,
            },
            pin: None,
            so_pin: hex::encode([0; 24]),
            user_left: TRIES,
            admin_left: TRIES,
            slots: BTreeMap::new(),
            cut: None,
            operations: 0,
            generated: 0,
            logins: 0,
            full: false,
            removed: false,
        }
    }

    pub fn prepared(so_pin: &str, pin: &str) -> Self {
        Self { pin: Some(pin.into()), so_pin: so_pin.into(), ..Self::fresh() }
    }

    /// The dial back to zero.
    pub fn repair(&mut self, cut: Option<Cut>) {
        self.cut = cut;
        self.operations = 0;
        self.removed = false;
    }

    pub fn operations(&self) -> usize {
        self.operations
    }

    pub fn pin(&self) -> Option<&str> {
        self.pin.as_deref()
    }

    pub fn so_pin(&self) -> &str {
        &self.so_pin
    }

    pub fn set_so_pin(&mut self, so_pin: &str) {
        self.so_pin = so_pin.into();
    }

    pub fn forget_pin(&mut self) {
        self.user_left = 0;
    }

    pub fn set_admin_left(&mut self, left: u8) {
        self.admin_left = left;
    }

    pub fn admin_left(&self) -> u8 {
        self.admin_left
    }

    pub fn keys(&self) -> Vec<KeyId> {
        self.slots.iter().filter(|(_, slot)| slot.key.is_some()).map(|(id, _)| KeyId(id.clone())).collect()
    }

    pub fn certificates(&self) -> Vec<Vec<u8>> {
        self.slots.values().filter_map(|slot| slot.certificate.clone()).collect()
    }

    /// A key of somebody else's, which nobody may touch.
    pub fn plant(&mut self, id: &[u8]) {
        let key = MemoryKey::generate(cardwright::pkix::KeyAlgorithm::P256).unwrap();
        self.slots.insert(id.to_vec(), Slot { label: "planted".into(), key: Some(key), certificate: None });
    }

    /// Does `act`, or loses power before it or after it.
    fn power<T>(&mut self, act: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        let number = self.operations;
        self.operations += 1;
        if self.removed || self.cut == Some(Cut::Before(number)) {
            self.removed = true;
            return Err(Error::Removed);
        }
        let done = act(self);
        if self.cut == Some(Cut::After(number)) {
            self.removed = true;
            return Err(Error::Removed);
        }
        done
    }

    fn try_admin(&mut self, admin: Admin<'_>, last_try: LastTry) -> Result<(), Error> {
        let secret = SecretKind::Admin;
        let given = match admin {
            Admin::Key(key) => hex::encode(key.expose()),
            Admin::SoPin(pin) => pin.expose().to_owned(),
            Admin::Responder(_) => return Err(Error::NoChallenge),
            Admin::Puk(_) => return Err(Error::NotOffered("a PUK")),
        };
        match self.admin_left {
            0 => return Err(Error::Locked { secret }),
            1 if last_try == LastTry::Keep => return Err(Error::LastTryKept { secret }),
            _ => {}
        }
        if given != self.so_pin {
            self.admin_left -= 1;
            return Err(Error::SecretRefused { secret, left: Tries::Left(self.admin_left) });
        }
        self.admin_left = TRIES;
        Ok(())
    }
}

fn tries(left: u8) -> Tries {
    match left {
        0 => Tries::Locked,
        1 => Tries::Last,
        TRIES => Tries::Full,
        left => Tries::Left(left),
    }
}

impl Token for MemoryToken {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn counters(&mut self) -> Result<Counters, Error> {
        self.power(|token| {
            let user = if token.pin.is_none() { Tries::NotSet } else { tries(token.user_left) };
            Ok(Counters { user, admin: tries(token.admin_left), puk: None })
        })
    }

    fn public_objects(&mut self) -> Result<Vec<StoredKey>, Error> {
        unreachable!("the driver looks at keys only after it has logged in")
    }

    fn authority(&self, operation: Operation) -> Authority {
        match operation {
            Operation::Unblock | Operation::ChangeAdminKey => Authority::Admin,
            _ => Authority::User,
        }
    }

    fn condition(&mut self) -> Result<Condition, Error> {
        unreachable!("the driver asks for no diagnosis")
    }

    fn place(&mut self, wish: &KeyWish) -> Result<Placement, Error> {
        Ok(Placement { id: KeyId(wish.name.clone()), replaces: None, occupied: false })
    }

    fn log_in(&mut self, credentials: Credentials<'_>) -> Result<Box<dyn Session + '_>, Error> {
        let Some(User::Pin(pin, last_try)) = credentials.user else { unreachable!("a typed PIN") };
        let secret = SecretKind::Pin;
        self.power(|token| {
            let Some(right) = &token.pin else { return Err(Error::NotSet { secret }) };
            match token.user_left {
                0 => return Err(Error::Locked { secret }),
                1 if last_try == LastTry::Keep => return Err(Error::LastTryKept { secret }),
                _ => {}
            }
            if pin.expose() != right {
                token.user_left -= 1;
                return Err(Error::SecretRefused { secret, left: Tries::Left(token.user_left) });
            }
            token.user_left = TRIES;
            token.logins += 1;
            Ok(())
        })?;
        Ok(Box::new(MemorySession(self)))
    }

    fn change_pin(&mut self, _: &Pin, _: &Pin, _: LastTry) -> Result<(), Error> {
        unreachable!("the driver never changes a PIN by itself")
    }

    fn set_pin(&mut self, admin: Admin<'_>, new: &Pin, last_try: LastTry) -> Result<(), Error> {
        self.power(|token| {
            token.try_admin(admin, last_try)?;
            token.pin = Some(new.expose().to_owned());
            token.user_left = TRIES;
            Ok(())
        })
    }

    fn change_admin_key(&mut self, current: Admin<'_>, new: &AdminKey, last_try: LastTry) -> Result<(), Error> {
        self.power(|token| {
            token.try_admin(current, last_try)?;
            token.so_pin = hex::encode(new.expose());
            Ok(())
        })
    }
}

struct MemorySession<'t>(&'t mut MemoryToken);

fn stored(id: &[u8], slot: &Slot) -> StoredKey {
    StoredKey {
        id: KeyId(id.to_vec()),
        label: slot.label.clone(),
        public_key: slot.key.as_ref().map(|key| key.public_key().clone()),
        has_private_key: slot.key.is_some(),
        certificate: slot.certificate.clone(),
    }
}

impl Session for MemorySession<'_> {
    fn find(&mut self, id: &KeyId) -> Result<Option<StoredKey>, Error> {
        self.0.power(|token| Ok(token.slots.get(&id.0).map(|slot| stored(&id.0, slot))))
    }

    fn list(&mut self) -> Result<Vec<StoredKey>, Error> {
        self.0.power(|token| Ok(token.slots.iter().map(|(id, slot)| stored(id, slot)).collect()))
    }

    fn holds(&mut self, id: &KeyId, public_key: &cardwright::pkix::PublicKey) -> Result<bool, Error> {
        self.0.power(|token| {
            let key = token.slots.get(&id.0).and_then(|slot| slot.key.as_ref());
            Ok(key.is_some_and(|key| key.public_key() == public_key))
        })
    }

    fn reserve(&mut self, _: &KeyId, _: usize) -> Result<(), Error> {
        Ok(())
    }

    fn generate(&mut self, order: &KeyOrder) -> Result<cardwright::pkix::PublicKey, Error> {
        self.0.power(|token| {
            if token.full {
                return Err(Error::Full);
            }
            token.generated += 1;
            let key = MemoryKey::generate(order.algorithm).unwrap();
            let public = key.public_key().clone();
            let slot = Slot { label: order.label.clone(), key: Some(key), certificate: None };
            assert!(token.slots.insert(order.id.0.clone(), slot).is_none(), "a second key under one id");
            Ok(public)
        })
    }

    fn sign(&mut self, id: &KeyId, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, Error> {
        self.0.power(|token| {
            let key = token.slots.get(&id.0).and_then(|slot| slot.key.as_ref());
            let key = key.ok_or_else(|| Error::NoSuchKey(id.clone()))?;
            assert_eq!(key.algorithm(), algorithm);
            Ok(key.sign(message).unwrap())
        })
    }

    fn write_certificate(&mut self, id: &KeyId, _: &str, certificate: &[u8]) -> Result<(), Error> {
        self.0.power(|token| {
            let slot = token.slots.get_mut(&id.0).ok_or_else(|| Error::NoSuchKey(id.clone()))?;
            assert!(slot.certificate.replace(certificate.to_vec()).is_none(), "a second certificate under one id");
            Ok(())
        })
    }

    fn read_certificate(&mut self, id: &KeyId) -> Result<Option<Vec<u8>>, Error> {
        self.0.power(|token| Ok(token.slots.get(&id.0).and_then(|slot| slot.certificate.clone())))
    }

    fn delete(&mut self, id: &KeyId) -> Result<usize, Error> {
        self.0.power(|token| {
            let slot = token.slots.remove(&id.0).ok_or_else(|| Error::NoSuchKey(id.clone()))?;
            Ok(usize::from(slot.certificate.is_some()) + 2 * usize::from(slot.key.is_some()))
        })
    }
}
