//! Modules: loaded once a process, and the choice and initialisation of their tokens.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error as Cryptoki, RvError};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;

use super::error::{Error, failed, is_removal};
use super::facts::Facts;
use super::open::Sessions;
use super::token::{Pkcs11Token, refusal, to_auth_pin};
use crate::secret::Pin;
use crate::token::{self, Counters, Identity, LastTry, SecretKind};

/// Modules in use, by canonical path: a second C_Initialize in one process is refused (PKCS#11 v2.40 base, 5.4).
static LOADED: LazyLock<Mutex<HashMap<PathBuf, Loaded>>> = LazyLock::new(Mutex::default);

struct Loaded {
    pkcs11: Pkcs11,
    users: usize,
    /// False when somebody else in this process had initialised it: then it is theirs to finalise.
    ours: bool,
    shared: Shared,
}

/// What all leases of a module share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) sessions: Arc<Sessions>,
    initialising: Arc<Mutex<()>>,
}

/// Bytes of CKA_LABEL in CK_TOKEN_INFO.
const LABEL_BYTES: usize = 32;

/// A PKCS#11 module in use; when the last handle and token of one path are dropped it is finalised.
#[derive(Clone)]
pub struct Module {
    lease: Arc<Lease>,
}

/// One use of a loaded module.
pub(super) struct Lease {
    path: PathBuf,
    pub(super) pkcs11: Pkcs11,
    pub(super) shared: Shared,
}

/// Chooses a token by what is written on it; an empty selector takes the only initialised one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    pub label: Option<String>,
    pub serial: Option<String>,
}

/// What is done with a token that is initialised already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    Keep,
    /// Everything on it is lost; it needs the SO PIN it has.
    Erase,
}

/// A token as a listing shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenSummary {
    pub identity: Identity,
    pub initialised: bool,
    pub pin_set: bool,
    pub counters: Counters,
}

impl Selector {
    pub fn label(label: &str) -> Self {
        Self { label: Some(label.into()), serial: None }
    }

    pub fn serial(serial: &str) -> Self {
        Self { label: None, serial: Some(serial.into()) }
    }

    fn is_empty(&self) -> bool {
        self.label.is_none() && self.serial.is_none()
    }

    fn accepts(&self, identity: &Identity) -> bool {
        self.label.as_ref().is_none_or(|label| *label == identity.label)
            && self.serial.as_ref().is_none_or(|serial| *serial == identity.serial)
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.label, &self.serial) {
            (Some(label), Some(serial)) => write!(f, "has label {label:?} and serial {serial}"),
            (Some(label), None) => write!(f, "has label {label:?}"),
            (None, Some(serial)) => write!(f, "has serial {serial}"),
            (None, None) => f.write_str("is initialised"),
        }
    }
}

impl Module {
    /// Loads the module at `path`, or shares it when this process has it already.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::NotAModule`] (the loader's own words are the source), [`Error::Initialise`].
    pub fn load(path: &Path) -> Result<Self, Error> {
        let path = path.canonicalize().map_err(|source| Error::Missing { path: path.into(), source })?;
        let mut loaded = loaded();
        if let Some(entry) = loaded.get_mut(&path) {
            entry.users = entry.users.saturating_add(1);
            let (pkcs11, shared) = (entry.pkcs11.clone(), entry.shared.clone());
            return Ok(Self { lease: Arc::new(Lease { path, pkcs11, shared }) });
        }
        let pkcs11 = match Pkcs11::new(&path) {
            Ok(pkcs11) => pkcs11,
            Err(source) => return Err(Error::NotAModule { path, source: source.into() }),
        };
        let ours = match pkcs11.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            Ok(()) => true,
            Err(Cryptoki::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => false,
            Err(source) => return Err(Error::Initialise { path, source: source.into() }),
        };
        let shared = Shared { sessions: Arc::new(Sessions::new(ours)), initialising: Arc::default() };
        let entry = Loaded { pkcs11: pkcs11.clone(), users: 1, ours, shared: shared.clone() };
        loaded.insert(path.clone(), entry);
        Ok(Self { lease: Arc::new(Lease { path, pkcs11, shared }) })
    }

    /// Lists every token present, blank ones too.
    pub fn tokens(&self) -> Result<Vec<TokenSummary>, Error> {
        let present = self.present()?;
        Ok(present.readable.into_iter().map(|(_, facts)| TokenSummary::from(facts)).collect())
    }

    /// Finds the one initialised token that `selector` describes.
    ///
    /// # Errors
    /// [`Error::NoToken`], [`Error::Ambiguous`], [`Error::Blank`] when only a blank token bears that serial.
    pub fn find(&self, selector: &Selector) -> Result<Pkcs11Token, Error> {
        let mut present = self.present()?;
        let readable = &present.readable;
        let matching = readable.iter().filter(|(_, facts)| facts.initialised && selector.accepts(&facts.identity));
        if let Some((slot, facts)) = only(matching).map_err(|matching| ambiguous(selector, matching))? {
            return Ok(Pkcs11Token::new(self.lease.clone(), *slot, facts));
        }
        let blank = readable.iter().find(|(_, facts)| !selector.is_empty() && selector.accepts(&facts.identity));
        if let Some((_, facts)) = blank {
            return Err(Error::Blank { identity: Box::new(facts.identity.clone()) });
        }
        present.readable.retain(|(_, facts)| facts.initialised);
        Err(present.nothing(selector))
    }

    /// Initialises a token: `label` is written on it and `so_pin` becomes its SO PIN; the user's PIN is not set yet.
    ///
    /// An empty `selector` takes a blank token. A token that is initialised is erased only on [`Existing::Erase`], and
    /// then never on the last try of its SO PIN.
    ///
    /// # Errors
    /// [`Error::AlreadyInitialised`], [`Error::LabelTaken`], [`Error::LabelRules`], and those of [`Module::find`].
    pub fn initialise(
        &self,
        selector: &Selector,
        label: &str,
        so_pin: &Pin,
        existing: Existing,
    ) -> Result<Pkcs11Token, Error> {
        if label.is_empty() || label.len() > LABEL_BYTES || label.ends_with([' ', '\0']) {
            return Err(Error::LabelRules { bytes: label.len() });
        }
        // Two threads would take the same blank token.
        let _one_at_a_time = lock(&self.lease.shared.initialising);
        let present = self.present()?;
        let Some((slot, facts)) = to_initialise(&present.readable, selector)? else {
            return Err(if selector.is_empty() { Error::NoBlank } else { present.nothing(selector) });
        };
        if facts.initialised && existing == Existing::Keep {
            return Err(Error::AlreadyInitialised { identity: Box::new(facts.identity.clone()) });
        }
        let others = present.readable.iter().filter(|(other, facts)| other != slot && facts.initialised);
        if let Some((_, taken)) = others.into_iter().find(|(_, other)| other.identity.label == label) {
            return Err(Error::LabelTaken { identity: Box::new(taken.identity.clone()) });
        }
        if facts.initialised {
            facts.may_try(SecretKind::Admin, LastTry::Keep)?;
        }
        facts.fits(SecretKind::Admin, so_pin.expose().len())?;
        let pin: AuthPin = to_auth_pin(so_pin.expose());
        if let Err(error) = self.lease.pkcs11.init_token(*slot, &pin, label) {
            return Err(refusal(&self.lease.pkcs11, *slot, SecretKind::Admin, "C_InitToken", error).into());
        }
        self.find(&Selector::label(label)).map_err(|error| match error {
            Error::NoToken { .. } => Error::Vanished { label: label.into() },
            other => other,
        })
    }

    /// Every token there is now; those taken away while we look are left out.
    fn present(&self) -> Result<Present, token::Error> {
        let pkcs11 = &self.lease.pkcs11;
        let mut present = Present { readable: Vec::new(), unreadable: None };
        for slot in pkcs11.get_slots_with_token().map_err(failed("C_GetSlotList"))? {
            match pkcs11.get_token_info(slot) {
                Ok(info) => present.readable.push((slot, Facts::of(&info))),
                Err(error) if is_removal(&error) => {}
                // One damaged token must not hide the others.
                Err(error) => {
                    tracing::warn!(module = %self.lease.path.display(), slot = slot.id(), %error, "token not readable");
                    present.unreadable.get_or_insert(failed("C_GetTokenInfo")(error));
                }
            }
        }
        Ok(present)
    }
}

/// One reading of all tokens of a module.
struct Present {
    readable: Vec<(Slot, Facts)>,
    /// Why the first of those that did not answer did not.
    unreadable: Option<token::Error>,
}

impl Present {
    /// Nothing was found; says why, or what is there instead.
    fn nothing(self, wanted: &Selector) -> Error {
        if let Some(error) = self.unreadable {
            return Error::Token(error);
        }
        let present = self.readable.into_iter().map(|(_, facts)| facts.identity).collect();
        Error::NoToken { wanted: wanted.clone(), present }
    }
}

/// The token that `selector` means when one is to be initialised.
fn to_initialise<'a>(present: &'a [(Slot, Facts)], selector: &Selector) -> Result<Option<&'a (Slot, Facts)>, Error> {
    let accepted: Vec<_> = present.iter().filter(|(_, facts)| selector.accepts(&facts.identity)).collect();
    let blank: Vec<_> = accepted.iter().copied().filter(|(_, facts)| !facts.initialised).collect();
    let candidates = if blank.is_empty() && !selector.is_empty() { accepted } else { blank };
    // Blank tokens that nobody can tell apart are as good as one another.
    if let [first, rest @ ..] = candidates.as_slice()
        && rest.iter().all(|(_, other)| !other.initialised && other.identity == first.1.identity)
    {
        return Ok(Some(first));
    }
    only(candidates.into_iter()).map_err(|matching| ambiguous(selector, matching))
}

fn ambiguous(wanted: &Selector, matching: Vec<Identity>) -> Error {
    Error::Ambiguous { wanted: wanted.clone(), matching }
}

/// The only item, nothing, or the identities of several.
fn only<'a>(mut matching: impl Iterator<Item = &'a (Slot, Facts)>) -> Result<Option<&'a (Slot, Facts)>, Vec<Identity>> {
    let Some(first) = matching.next() else { return Ok(None) };
    let others: Vec<_> = matching.map(|(_, facts)| facts.identity.clone()).collect();
    if others.is_empty() {
        return Ok(Some(first));
    }
    Err(std::iter::once(first.1.identity.clone()).chain(others).collect())
}

fn loaded() -> MutexGuard<'static, HashMap<PathBuf, Loaded>> {
    lock(&LOADED)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut loaded = loaded();
        let Some(entry) = loaded.get_mut(&self.path) else { return };
        entry.users = entry.users.saturating_sub(1);
        if entry.users > 0 {
            return;
        }
        // Still under the lock: a load on another thread must not meet a module half finalised.
        if let Some(Loaded { pkcs11, ours: true, .. }) = loaded.remove(&self.path)
            && let Err(error) = pkcs11.finalize()
        {
            tracing::warn!(module = %self.path.display(), %error, "C_Finalize failed");
        }
    }
}

impl From<Facts> for TokenSummary {
    fn from(facts: Facts) -> Self {
        let Facts { identity, initialised, pin_set, counters, .. } = facts;
        Self { identity, initialised, pin_set, counters }
    }
}
