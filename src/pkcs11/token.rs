//! Represents one token: its counters, its secrets, its logins.

use super::attributes;
use super::card_id;
use super::error::{CallError, device, failed, is_removal};
use super::facts::{Facts, has_officer};
use super::lease::Lease;
use super::open::Open;
use super::prospect::prospects;
use super::session::{Pkcs11Session, list};
use crate::pkix::KeyAlgorithm;
use crate::secret::{AdminKey, Pin};
use crate::token::{
    Admin, Authority, CardIdentifier, Condition, Counters, Credentials, Error, Expected, Identity, KeyId, KeyOffer,
    KeyWish, LastTry, Operation, Origin, Placement, Prospect, SecretForm, SecretKind, Session, StoredKey, Token, Tries,
    User,
};
use cryptoki::context::Pkcs11;
use cryptoki::error::{Error as Cryptoki, RvError};
use cryptoki::session::UserType;
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use std::sync::Arc;
use uuid::Uuid;
use zeroize::Zeroizing;

/// Names the maker of tpm2-pkcs11 (CK_INFO, manufacturerID).
const TPM2_SOFTWARE: &str = "tpm2-software";

/// Says what a token without an SO PIN lacks.
const NO_OFFICER: &str = "a security officer, who would set or change its secrets";

/// Represents a token of a PKCS#11 module; keeps the module loaded.
pub struct Pkcs11Token {
    lease: Arc<Lease>,
    slot: Slot,
    identity: Identity,
    /// Counters as [`super::Module::find`] has just read them, for the first call of [`Token::counters`].
    found: Option<Counters>,
    /// Which PIN and SO PIN the token takes, as it was when the token was found.
    form: Option<SecretForm>,
    /// How much public memory was free when the token was found.
    free_memory: Option<usize>,
    /// Whether C_InitPIN has set the PIN and no login was tried since.
    pin_just_set: bool,
}

/// Returns the SO PIN for an admin key: the key's lower-case hexadecimal digits.
pub fn so_pin(admin_key: &AdminKey) -> Pin {
    Pin::new(hex::encode(admin_key.expose()))
}

impl Pkcs11Token {
    /// Makes the token from what was just read of it.
    pub(super) fn new(lease: Arc<Lease>, slot: Slot, facts: &Facts) -> Self {
        let (identity, found) = (facts.identity.clone(), Some(facts.counters));
        let (form, free_memory) = (facts.form(), facts.free_memory);
        Self { lease, slot, identity, found, form, free_memory, pin_just_set: false }
    }

    /// Reads the id of our own that names the token, if its serial does not. A module that cannot be asked for one has
    /// none.
    pub(super) fn recognise(&mut self) {
        if self.identity.is_named() {
            return;
        }
        match self.open().and_then(|session| card_id::read(&session)) {
            Ok(Some(id)) => self.is_named(id),
            Ok(None) => {}
            Err(error) => tracing::debug!(label = self.identity.label, %error, "no card id can be read"),
        }
    }

    fn is_named(&mut self, id: Uuid) {
        (self.identity.card_id, self.identity.origin) = (Some(id), Origin::Written);
    }

    fn pkcs11(&self) -> &Pkcs11 {
        &self.lease.pkcs11
    }

    /// Returns another handle that keeps the module loaded.
    pub(super) fn lease(&self) -> Arc<Lease> {
        Arc::clone(&self.lease)
    }

    /// Reads CK_TOKEN_INFO anew. If another token is in the slot by now, this one counts as removed.
    fn look(&mut self) -> Result<Facts, Error> {
        self.found = None;
        let mut facts = facts(&self.lease, self.slot).map_err(failed("C_GetTokenInfo"))?;
        // The id of our own is not in CK_TOKEN_INFO.
        let Identity { card_id, origin, .. } = self.identity;
        if (Identity { card_id, origin, ..facts.identity.clone() }) != self.identity {
            return Err(Error::Removed);
        }
        // kryoptic 1.5.4 shows the flags of the previous PIN until the next login.
        if self.pin_just_set {
            facts.counters.user = Tries::Full;
        }
        Ok(facts)
    }

    /// Opens a session without a login.
    fn open(&self) -> Result<Open, Error> {
        self.lease.shared.sessions.open(self.pkcs11(), self.slot).map_err(failed("C_OpenSession"))
    }

    /// Logs `user` in, once; the caller must have checked the retry flags. Dropping the session logs out.
    fn open_as(&self, user: UserType, secret: SecretKind, pin: &AuthPin) -> Result<Open, Error> {
        let mut session = self.open()?;
        match session.log_in(user, pin) {
            Ok(()) => Ok(session),
            Err(error) => Err(self.refusal(secret, "C_Login", error)),
        }
    }

    /// Logs the user in, once, if the token's flags allow it.
    pub(super) fn open_as_user(&mut self, pin: &Pin, last_try: LastTry) -> Result<Open, Error> {
        let facts = self.look()?;
        facts.may_try(SecretKind::Pin, last_try)?;
        facts.fits(SecretKind::Pin, pin.expose().len())?;
        self.pin_just_set = false;
        self.open_as(UserType::User, SecretKind::Pin, &to_auth_pin(pin.expose()))
    }

    /// Says whether keys are in a TPM. Only a module that names no token is asked what it is.
    fn is_in_tpm(&self) -> bool {
        self.identity.origin != Origin::Maker && is_tpm(self.pkcs11())
    }

    /// Translates the error of a call that carried `secret`; see [`refusal`].
    fn refusal(&self, secret: SecretKind, operation: &'static str, error: Cryptoki) -> Error {
        refusal(&self.lease, self.slot, secret, operation, error)
    }
}

impl Token for Pkcs11Token {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn write_card_id(&mut self, id: Uuid, user: Option<User<'_>>) -> Result<(), Error> {
        if self.identity.is_named() {
            return Err(Error::NotOffered("another id than its serial"));
        }
        let session = match user {
            None => self.open()?,
            Some(User::Pin(pin, last_try)) => self.open_as_user(pin, last_try)?,
            Some(User::PinPad(_)) => return Err(Error::NotOffered("a PIN pad")),
        };
        let written = card_id::write(&session, id)?;
        drop(session);
        self.is_named(written);
        Ok(())
    }

    fn counters(&mut self) -> Result<Counters, Error> {
        if let Some(found) = self.found.take() {
            return Ok(found);
        }
        self.look().map(|facts| facts.counters)
    }

    fn public_objects(&mut self) -> Result<Vec<StoredKey>, Error> {
        self.look()?;
        let session = self.open()?;
        list(&session)
    }

    fn authority(&self, operation: Operation) -> Authority {
        match operation {
            Operation::Generate | Operation::Sign | Operation::WriteCertificate | Operation::Delete => Authority::User,
            Operation::Unblock | Operation::ChangeAdminKey if has_officer(&self.identity) => Authority::Admin,
            // Whoever has the PIN changes it, and nobody else.
            Operation::Unblock | Operation::ChangeAdminKey => Authority::User,
        }
    }

    fn form(&self, secret: SecretKind) -> Option<SecretForm> {
        self.form.filter(|_| secret != SecretKind::Puk)
    }

    fn free_memory(&self) -> Option<usize> {
        self.free_memory
    }

    fn condition(&mut self) -> Result<Condition, Error> {
        self.look()?;
        let algorithms = match attributes::offered(self.pkcs11(), self.slot) {
            Ok(offered) => Some(offered),
            Err(error) if is_removal(&error) => return Err(Error::Removed),
            // The module does not tell; whether it makes a key shows when it is asked to.
            Err(error) => {
                tracing::warn!(%error, "C_GetMechanismList failed");
                None
            }
        };
        Ok(Condition { algorithms, card_identifier: CardIdentifier::None, ..Condition::default() })
    }

    fn offer(&mut self, algorithm: KeyAlgorithm) -> Result<KeyOffer, Error> {
        let makes = attributes::makes(self.pkcs11(), self.slot, algorithm).map_err(failed("C_GetMechanismInfo"))?;
        Ok(KeyOffer { makes, attests: Some(false), largest_certificate: None })
    }

    /// Takes the wish's name as the id: here ids are free names, and that name is unique.
    fn place(&mut self, wish: &KeyWish) -> Result<Placement, Error> {
        Ok(Placement { id: KeyId(wish.name.clone()), replaces: None, occupied: false, keyed: false })
    }

    fn prospects(&mut self, expected: &[Expected], _given: &[KeyId]) -> Result<Vec<Prospect>, Error> {
        self.look()?;
        let session = self.open()?;
        prospects(self.pkcs11(), self.slot, (&session, self.is_in_tpm()), expected)
    }

    /// Logs in the user only: on PKCS#11 the administrator's login would allow a session nothing more.
    fn log_in(&mut self, credentials: Credentials<'_>) -> Result<Box<dyn Session + '_>, Error> {
        let (pin, last_try) = match credentials.user {
            Some(User::Pin(pin, last_try)) => (pin, last_try),
            Some(User::PinPad(_)) => return Err(Error::NotOffered("a PIN pad")),
            None => return Err(Error::UserNeeded),
        };
        let session = self.open_as_user(pin, last_try)?;
        Ok(Box::new(Pkcs11Session::new(session, self.is_in_tpm())))
    }

    fn change_pin(&mut self, current: &Pin, new: &Pin, last_try: LastTry) -> Result<(), Error> {
        let facts = self.look()?;
        facts.fits(SecretKind::Pin, new.expose().len())?;
        if facts.counters.user == Tries::NotSet && !has_officer(&self.identity) {
            // The first PIN of an NSS database takes the place of none.
            let set = self.open()?.set_pin(&to_auth_pin(""), &to_auth_pin(new.expose()));
            return set.map_err(|error| self.refusal(SecretKind::Pin, "C_SetPIN", error));
        }
        // The login proves the PIN: tpm2-pkcs11 1.9 answers CKR_OK to C_SetPIN with a wrong one, and changes nothing.
        let session = self.open_as_user(current, last_try)?;
        session
            .set_pin(&to_auth_pin(current.expose()), &to_auth_pin(new.expose()))
            .map_err(|error| self.refusal(SecretKind::Pin, "C_SetPIN", error))
    }

    fn admin_key_is_fixed(&mut self) -> Result<bool, Error> {
        Ok(!has_officer(&self.identity))
    }

    fn set_pin(&mut self, admin: Admin<'_>, new: &Pin, last_try: LastTry) -> Result<(), Error> {
        let facts = self.look()?;
        let officer = officer_pin(&facts, admin, last_try)?;
        facts.fits(SecretKind::Pin, new.expose().len())?;
        let new = to_auth_pin(new.expose());
        let session = self.open_as(UserType::So, SecretKind::Admin, &officer)?;
        session.init_pin(&new).map_err(|error| self.refusal(SecretKind::Pin, "C_InitPIN", error))?;
        self.pin_just_set = true;
        Ok(())
    }

    fn prove_admin(&mut self, admin: Admin<'_>, last_try: LastTry) -> Result<(), Error> {
        let officer = officer_pin(&self.look()?, admin, last_try)?;
        self.open_as(UserType::So, SecretKind::Admin, &officer).map(drop)
    }

    fn change_admin_key(&mut self, current: Admin<'_>, new: &AdminKey, last_try: LastTry) -> Result<(), Error> {
        let facts = self.look()?;
        let officer = officer_pin(&facts, current, last_try)?;
        let new = so_pin(new);
        facts.fits(SecretKind::Admin, new.expose().len())?;
        let new = to_auth_pin(new.expose());
        let session = self.open_as(UserType::So, SecretKind::Admin, &officer)?;
        session.set_pin(&officer, &new).map_err(|error| self.refusal(SecretKind::Admin, "C_SetPIN", error))
    }
}

/// Returns the SO PIN in `admin`, if the token's flags allow it to be sent.
fn officer_pin(facts: &Facts, admin: Admin<'_>, last_try: LastTry) -> Result<AuthPin, Error> {
    if !has_officer(&facts.identity) {
        return Err(Error::NotOffered(NO_OFFICER));
    }
    let digits;
    let text = match admin {
        Admin::SoPin(pin) => pin.expose(),
        Admin::Key(key) => {
            digits = Zeroizing::new(hex::encode(key.expose()));
            digits.as_str()
        }
        Admin::Responder(_) => return Err(Error::NoChallenge),
        Admin::Puk(_) => return Err(Error::NotOffered("a PUK")),
    };
    facts.may_try(SecretKind::Admin, last_try)?;
    facts.fits(SecretKind::Admin, text.len())?;
    Ok(to_auth_pin(text))
}

/// Copies a secret into the type that `cryptoki` takes, which wipes it too.
pub(super) fn to_auth_pin(text: &str) -> AuthPin {
    AuthPin::new(text.into())
}

/// Reads CK_TOKEN_INFO.
fn facts(lease: &Lease, slot: Slot) -> Result<Facts, Cryptoki> {
    lease.token_info(slot).map(|info| Facts::of(&info))
}

/// Translates the error of a call that carried `secret`; reads the retry flags again where the error should tell them.
///
/// Only CKR_PIN_INCORRECT means that the secret is wrong.
pub(super) fn refusal(
    lease: &Lease,
    slot: Slot,
    secret: SecretKind,
    operation: &'static str,
    error: Cryptoki,
) -> Error {
    let Cryptoki::Pkcs11(value, _) = &error else { return failed(operation)(error) };
    match value {
        RvError::PinLocked if is_tpm(&lease.pkcs11) => Error::LockedOut,
        RvError::PinLocked => Error::Locked { secret },
        RvError::UserPinNotInitialized => Error::NotSet { secret },
        // NSS: who has its password is all there is.
        RvError::UserTypeInvalid if secret == SecretKind::Admin => Error::NotOffered(NO_OFFICER),
        RvError::UserAlreadyLoggedIn | RvError::UserAnotherAlreadyLoggedIn => {
            device(operation, CallError::LoggedInElsewhere)
        }
        RvError::PinIncorrect => match facts(lease, slot) {
            Ok(facts) => Error::SecretRefused { secret, left: told_after_a_wrong_try(facts.tries(secret)) },
            Err(gone) if is_removal(&gone) => Error::Removed,
            Err(_) => Error::SecretRefused { secret, left: Tries::Low },
        },
        RvError::PinLenRange | RvError::PinInvalid | RvError::PinTooWeak => match facts(lease, slot) {
            Ok(facts) => facts.length_refused(secret),
            Err(_) => failed(operation)(error),
        },
        _ => failed(operation)(error),
    }
}

/// Returns what the flags are worth when a try has just been wrong: where they show nothing of it, they tell nothing.
fn told_after_a_wrong_try(tries: Tries) -> Tries {
    if tries == Tries::Full { Tries::Untold } else { tries }
}

/// Says whether the module keeps its tokens in a TPM, which counts wrong tries of all secrets together (TPM 2.0 Library,
/// Part 1, Dictionary Attack Protection). A module that does not say who made it is taken for another.
fn is_tpm(pkcs11: &Pkcs11) -> bool {
    pkcs11.get_library_info().is_ok_and(|info| info.manufacturer_id().starts_with(TPM2_SOFTWARE))
}
