//! A token in memory with a dial that breaks it: before or after its nth change. Its rules make it like a PKCS#11 token,
//! a PIV card or a GIDS card.

use super::memory_rules::{Cipher, FACTORY_PIN, FACTORY_PUK, Rules};
use cardwright::pkix::{KeyAlgorithm, MemoryKey, Signer};
use cardwright::secret::{AdminKey, Pin, Puk};
use cardwright::token::{
    Admin, Authority, Condition, Counters, Credentials, Error, Factory, Identity, KeyId, KeyOffer, KeyWish, LastTry,
    Operation, Origin, Placement, Room, SecretForm, SecretKind, Session, StoredKey, Token, Tries, User,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Wrong tries until a secret is locked.
pub const TRIES: u8 = 3;

/// When the power goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    Before(usize),
    After(usize),
    /// It stays on, and another program holds the card just then.
    Busy(usize),
}

#[derive(Default)]
pub struct Slot {
    pub label: String,
    pub key: Option<MemoryKey>,
    pub certificate: Option<Vec<u8>>,
}

pub struct MemoryToken {
    pub identity: Identity,
    /// Whether it keeps an id of ours, where its serial names nothing.
    pub keeps: super::memory_identity::Keeps,
    pub rules: Rules,
    pin: Option<String>,
    /// The admin key's hexadecimal digits, as on a PKCS#11 token.
    so_pin: String,
    /// The copy of the admin key that it keeps, where that is out of date.
    pub stale_copy: Option<String>,
    /// How often a copy was read.
    pub copies_read: usize,
    puk: String,
    pub user_left: u8,
    admin_left: u8,
    pub puk_left: u8,
    /// How often the administrator has made sure that keys fit.
    pub room_trials: usize,
    /// How often it has refused a PUK.
    pub puk_refused: usize,
    pub slots: BTreeMap<Vec<u8>, Slot>,
    pub cut: Option<Cut>,
    operations: usize,
    pub generated: usize,
    /// The ids that were ordered, with its own.
    pub renamed: Vec<(Vec<u8>, Vec<u8>)>,
    pub logins: usize,
    pub full: bool,
    pub removed: bool,
    /// What the next login fails with, once the card has got what was typed.
    pub lost: Option<Error>,
    /// A session holds the card, and has not let go of it.
    pub in_hand: Arc<AtomicBool>,
}

impl MemoryToken {
    /// A PKCS#11 token whose admin key is 24 zero bytes and whose PIN is not set.
    pub fn fresh() -> Self {
        Self::of(Rules::pkcs11())
    }

    /// A card fresh from its factory, with what its kind comes with.
    pub fn of(rules: Rules) -> Self {
        let serial = uuid::Uuid::new_v4().simple().to_string();
        Self {
            identity: Identity {
                kind: "memory",
                label: "memory".into(),
                serial,
                manufacturer: "tests".into(),
                model: "one".into(),
                card_id: None,
                origin: Origin::Maker,
                earlier_serial: None,
            },
            keeps: super::memory_identity::Keeps::Nothing,
            pin: rules.has_puk.then(|| FACTORY_PIN.to_owned()),
            so_pin: rules.default_key(),
            stale_copy: None,
            copies_read: 0,
            puk: FACTORY_PUK.into(),
            rules,
            user_left: TRIES,
            admin_left: TRIES,
            puk_left: TRIES,
            room_trials: 0,
            puk_refused: 0,
            slots: BTreeMap::new(),
            cut: None,
            operations: 0,
            generated: 0,
            renamed: Vec::new(),
            logins: 0,
            full: false,
            removed: false,
            lost: None,
            in_hand: Arc::default(),
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

    pub fn set_pin_to(&mut self, pin: &str) {
        self.pin = Some(pin.into());
    }

    pub fn so_pin(&self) -> &str {
        &self.so_pin
    }

    pub fn set_so_pin(&mut self, so_pin: &str) {
        self.so_pin = so_pin.into();
    }

    pub fn puk(&self) -> &str {
        &self.puk
    }

    pub fn set_puk(&mut self, puk: &str) {
        self.puk = puk.into();
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

    /// Tries left: PIN, admin key, PUK.
    pub fn left(&self) -> (u8, u8, u8) {
        (self.user_left, self.admin_left, self.puk_left)
    }

    pub fn keys(&self) -> Vec<KeyId> {
        self.slots.iter().filter(|(_, slot)| slot.key.is_some()).map(|(id, _)| KeyId(id.clone())).collect()
    }

    pub fn certificates(&self) -> Vec<Vec<u8>> {
        self.slots.values().filter_map(|slot| slot.certificate.clone()).collect()
    }

    /// A key of somebody else's, which nobody may touch.
    pub fn plant(&mut self, id: &[u8]) {
        let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
        self.slots.insert(id.to_vec(), Slot { label: "planted".into(), key: Some(key), certificate: None });
    }

    /// The id under which it keeps a new key.
    pub fn named(&mut self, ordered: &[u8]) -> Vec<u8> {
        if !self.rules.renames {
            return ordered.to_vec();
        }
        let own = format!("its own {:012}", self.renamed.len()).into_bytes();
        self.renamed.push((ordered.to_vec(), own.clone()));
        own
    }

    /// Does `act`, or loses power before it or after it.
    pub fn power<T>(&mut self, act: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        let number = self.operations;
        self.operations += 1;
        if self.removed || self.cut == Some(Cut::Before(number)) {
            self.removed = true;
            return Err(Error::Removed);
        }
        if self.cut == Some(Cut::Busy(number)) {
            return Err(Error::Busy);
        }
        let done = act(self);
        if self.cut == Some(Cut::After(number)) {
            self.removed = true;
            return Err(Error::Removed);
        }
        done
    }

    pub fn stored(&self) -> Vec<StoredKey> {
        self.slots.iter().filter_map(|(id, slot)| self.rules.stored(id, slot)).collect()
    }

    fn try_admin(&mut self, admin: Admin<'_>, last_try: LastTry) -> Result<(), Error> {
        let right = match admin {
            Admin::Key(key) => hex::encode(key.expose()) == self.so_pin,
            Admin::SoPin(pin) => pin.expose() == self.so_pin,
            Admin::Responder(responder) => match self.rules.challenge {
                None => return Err(Error::NoChallenge),
                Some(cipher) => {
                    tries(self.admin_left).may_try(SecretKind::Admin, last_try)?;
                    let challenge = cipher.challenge();
                    let response = responder.respond(&challenge).map_err(Error::Responder)?;
                    response == cipher.encrypt(&hex::decode(&self.so_pin).unwrap(), &challenge)
                }
            },
            Admin::Puk(_) => return Err(Error::NotOffered("a PUK")),
        };
        judge(&mut self.admin_left, SecretKind::Admin, last_try, right, self.rules.tells_tries)
    }

    fn try_puk(&mut self, puk: &Puk, last_try: LastTry) -> Result<(), Error> {
        let right = puk.expose() == self.puk;
        self.puk_refused += usize::from(!right);
        judge(&mut self.puk_left, SecretKind::Puk, last_try, right, self.rules.tells_tries)
    }
}

/// What a card makes of a secret. One that does not tell its tries cannot keep the last one either.
fn judge(left: &mut u8, secret: SecretKind, last_try: LastTry, right: bool, tells: bool) -> Result<(), Error> {
    match *left {
        0 => return Err(Error::Locked { secret }),
        1 if tells && last_try == LastTry::Keep => return Err(Error::LastTryKept { secret }),
        _ => {}
    }
    if right {
        *left = TRIES;
        return Ok(());
    }
    *left -= 1;
    let left = if tells { Tries::Left(*left) } else { Tries::Untold };
    Err(Error::SecretRefused { secret, left })
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

    fn go_by_earlier_serial(&mut self) {
        self.by_earlier_serial();
    }

    fn write_card_id(&mut self, id: uuid::Uuid, user: Option<User<'_>>) -> Result<(), Error> {
        self.keep_id(id, user)
    }

    fn counters(&mut self) -> Result<Counters, Error> {
        self.power(|token| {
            let told = |left| if token.rules.tells_tries { tries(left) } else { Tries::Untold };
            let user = if token.pin.is_none() { Tries::NotSet } else { tries(token.user_left) };
            let puk = token.rules.has_puk.then(|| told(token.puk_left));
            Ok(Counters { user, admin: told(token.admin_left), puk })
        })
    }

    fn public_objects(&mut self) -> Result<Vec<StoredKey>, Error> {
        self.power(|token| Ok(token.stored()))
    }

    /// A PKCS#11 token shows private keys after a login alone.
    fn tells_keys(&self) -> bool {
        self.rules.tells_keys && self.rules.challenge.is_some()
    }

    fn authority(&self, operation: Operation) -> Authority {
        self.rules.authority(operation)
    }

    fn form(&self, secret: SecretKind) -> Option<SecretForm> {
        match secret {
            SecretKind::Pin => self.rules.pin,
            SecretKind::Admin => self.rules.so_pin,
            SecretKind::Puk => None,
        }
    }

    fn condition(&mut self) -> Result<Condition, Error> {
        self.power(|token| {
            let told = |is_default| token.rules.tells_defaults.then_some(is_default);
            Ok(Condition {
                pin_is_default: told(token.pin.as_deref() == Some(FACTORY_PIN)),
                puk_is_default: told(token.puk == FACTORY_PUK),
                admin_key_is_default: told(token.so_pin == token.rules.default_key()),
                algorithms: token.rules.makes.map(<[KeyAlgorithm]>::to_vec),
                ..Condition::default()
            })
        })
    }

    fn factory(&self) -> Factory {
        self.rules.factory()
    }

    fn keeps_admin_key(&mut self) -> Result<bool, Error> {
        self.power(|token| Ok(token.rules.keeps_admin_key))
    }

    fn kept_admin_key(&mut self, user: User<'_>) -> Result<Option<AdminKey>, Error> {
        self.power(|token| {
            let User::Pin(pin, last_try) = user else { unreachable!("no test keeps a key behind a PIN pad") };
            let right = Some(pin.expose()) == token.pin.as_deref();
            judge(&mut token.user_left, SecretKind::Pin, last_try, right, true)?;
            token.copies_read += 1;
            let copy = token.stale_copy.as_ref().unwrap_or(&token.so_pin);
            Ok(AdminKey::from_hex(copy).filter(|_| token.rules.keeps_admin_key))
        })
    }

    fn offer(&mut self, algorithm: KeyAlgorithm) -> Result<KeyOffer, Error> {
        let makes = self.rules.makes.map(|makes| makes.contains(&algorithm));
        Ok(KeyOffer { makes, attests: None, largest_certificate: Some(self.rules.room) })
    }

    fn has_pin_pad(&mut self) -> bool {
        self.rules.pin_pad
    }

    fn place(&mut self, wish: &KeyWish) -> Result<Placement, Error> {
        let id = self.rules.place(wish);
        let slot = self.slots.get(&id).filter(|_| self.rules.places);
        let key = slot.and_then(|slot| slot.key.as_ref()).filter(|_| self.rules.tells_keys);
        let (replaces, keyed) = (key.map(|key| key.public_key().clone()), key.is_some());
        let occupied = slot.is_some_and(|slot| slot.certificate.is_some());
        Ok(Placement { id: KeyId(id.clone()), replaces, occupied, keyed })
    }

    fn log_in(&mut self, credentials: Credentials<'_>) -> Result<Box<dyn Session + '_>, Error> {
        let (user, admin) = (credentials.user.is_some(), credentials.admin.is_some());
        assert!(user || admin, "a login of nobody");
        self.power(|token| {
            if let Some(admin) = credentials.admin {
                token.try_admin(admin, LastTry::Keep)?;
            }
            let secret = SecretKind::Pin;
            let (right, last_try) = match credentials.user {
                None => return Ok(()),
                Some(User::Pin(pin, last_try)) => {
                    let Some(right) = &token.pin else { return Err(Error::NotSet { secret }) };
                    (pin.expose() == right, last_try)
                }
                Some(User::PinPad(last_try)) => (token.rules.pin_pad, last_try),
            };
            judge(&mut token.user_left, secret, last_try, right, true)?;
            token.logins += 1;
            token.lost.take().map_or(Ok(()), Err)
        })?;
        self.in_hand.store(true, Ordering::SeqCst);
        Ok(Box::new(super::memory_session::MemorySession { token: self, user, admin }))
    }

    fn change_pin(&mut self, current: &Pin, new: &Pin, last_try: LastTry) -> Result<(), Error> {
        self.power(|token| {
            let right = Some(current.expose()) == token.pin.as_deref();
            judge(&mut token.user_left, SecretKind::Pin, last_try, right, true)?;
            token.pin = Some(new.expose().to_owned());
            Ok(())
        })
    }

    fn set_pin(&mut self, admin: Admin<'_>, new: &Pin, last_try: LastTry) -> Result<(), Error> {
        self.power(|token| {
            match (token.rules.has_puk, admin) {
                (true, Admin::Puk(puk)) => token.try_puk(puk, last_try)?,
                (true, _) => return Err(Error::NotOffered("a PIN set by the admin key")),
                (false, admin) => token.try_admin(admin, last_try)?,
            }
            token.pin = Some(new.expose().to_owned());
            token.user_left = TRIES;
            Ok(())
        })
    }

    fn prove_admin(&mut self, admin: Admin<'_>, last_try: LastTry) -> Result<(), Error> {
        self.power(|token| token.try_admin(admin, last_try))
    }

    fn has_admin_key(&self) -> bool {
        self.rules.tries_room
    }

    fn free_memory(&self) -> Option<usize> {
        self.rules.free
    }

    fn try_room(&mut self, admin: Admin<'_>, rooms: &[Room], last_try: LastTry) -> Result<(), Error> {
        if !self.rules.tries_room {
            return Err(Error::NotOffered("a trial of its room"));
        }
        self.power(|token| {
            token.try_admin(admin, last_try)?;
            token.room_trials += usize::from(!rooms.is_empty());
            if token.full { Err(Error::Full) } else { Ok(()) }
        })
    }

    fn change_admin_key(&mut self, current: Admin<'_>, new: &AdminKey, last_try: LastTry) -> Result<(), Error> {
        self.power(|token| {
            if token.rules.fixed_admin_key {
                return Err(Error::NotOffered("a change of the admin key"));
            }
            token.try_admin(current, last_try)?;
            token.so_pin = hex::encode(new.expose());
            token.rules.keeps_admin_key = false;
            Ok(())
        })
    }

    fn admin_key_is_fixed(&mut self) -> Result<bool, Error> {
        Ok(self.rules.fixed_admin_key)
    }

    fn change_puk(&mut self, current: &Puk, new: &Puk, last_try: LastTry) -> Result<(), Error> {
        self.power(|token| {
            if token.rules.puk_digits && !new.expose().bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(Error::SecretCharacters { secret: SecretKind::Puk });
            }
            token.try_puk(current, last_try)?;
            token.puk = new.expose().to_owned();
            Ok(())
        })
    }

    fn reset_to_factory(&mut self) -> Result<(), Error> {
        self.power(|token| {
            if !token.rules.resets {
                return Err(Error::NotOffered("a reset to the factory's state"));
            }
            let fresh = Self::of(token.rules);
            (token.pin, token.so_pin, token.puk) = (fresh.pin, fresh.so_pin, fresh.puk);
            (token.user_left, token.admin_left, token.puk_left) = (TRIES, TRIES, TRIES);
            token.slots.clear();
            Ok(())
        })
    }
}

/// The ciphers of both kinds of challenge, for the fake server too.
pub fn encrypt(key: &[u8], challenge: &[u8]) -> Vec<u8> {
    let cipher = if challenge.len() == 16 { Cipher::Aes } else { Cipher::Des };
    cipher.encrypt(key, challenge)
}
