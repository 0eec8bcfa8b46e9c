//! Loads modules, chooses their tokens and initialises them.

use super::error::{Error, failed, is_removal};
use super::facts::{Facts, has_officer};
use super::lease::{Lease, lock};
use super::selector::Selector;
use super::token::{Pkcs11Token, refusal, to_auth_pin};
use crate::secret::Pin;
use crate::token::{self, Counters, Identity, LastTry, SecretKind};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use std::path::Path;
use std::sync::Arc;

/// Is the length of the label in CK_TOKEN_INFO, in bytes.
const LABEL_BYTES: usize = 32;

/// Represents a loaded PKCS#11 module. It is finalised when the last `Module` and token of its path are dropped.
#[derive(Clone)]
pub struct Module {
    lease: Arc<Lease>,
}

/// Says what to do with a token that is already initialised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Refuse to initialise it.
    Keep,
    /// Erase it: everything on it is lost. Needs the SO PIN that the token has.
    Erase,
}

/// Describes a slot with a token in it, for a listing.
#[derive(Debug)]
pub struct Listed {
    /// The slot's number in the module.
    pub slot: u64,
    /// Who the token is, or why the module cannot tell.
    pub token: Result<TokenSummary, token::Error>,
}

/// Describes a token for a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenSummary {
    pub identity: Identity,
    pub initialised: bool,
    pub pin_set: bool,
    pub counters: Counters,
}

impl Module {
    /// Loads the module at `path`, or shares it when this process has it already.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::NotAModule`] (the loader's own words are the source), [`Error::Initialise`].
    pub fn load(path: &Path) -> Result<Self, Error> {
        Lease::take(path).map(|lease| Self { lease: Arc::new(lease) })
    }

    /// Lists every token present, blank ones too, and at the end those that the module cannot tell of.
    pub fn tokens(&self) -> Result<Vec<Listed>, Error> {
        let Present { readable, unreadable } = self.present()?;
        let told = readable.into_iter().map(|(slot, facts)| Listed { slot: slot.id(), token: Ok(facts.into()) });
        let untold = unreadable.into_iter().map(|(slot, error)| Listed { slot: slot.id(), token: Err(error) });
        Ok(told.chain(untold).collect())
    }

    /// Finds the one initialised token that `selector` describes.
    ///
    /// # Errors
    /// [`Error::NoToken`], [`Error::Ambiguous`], [`Error::Blank`] when only a blank token bears that serial.
    pub fn find(&self, selector: &Selector) -> Result<Pkcs11Token, Error> {
        let mut present = self.present()?;
        let readable = &present.readable;
        // One that nobody named must be of use: NSS and p11-kit show tokens that only compute, or only list CAs.
        let of_use = |facts: &Facts| facts.initialised && !(selector.is_empty() && facts.write_protected);
        let matching = readable.iter().filter(|(_, facts)| of_use(facts) && selector.accepts(&facts.identity));
        if let Some((slot, facts)) = only(matching).map_err(|matching| ambiguous(selector, matching))? {
            let mut token = Pkcs11Token::new(self.lease.clone(), *slot, facts);
            token.recognise();
            return Ok(token);
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
        if !has_officer(&facts.identity) {
            return Err(token::Error::NotOffered("initialisation; an NSS database is made with `certutil -N`").into());
        }
        if facts.initialised {
            facts.may_try(SecretKind::Admin, LastTry::Keep)?;
        }
        facts.fits(SecretKind::Admin, so_pin.expose().len())?;
        let pin: AuthPin = to_auth_pin(so_pin.expose());
        if let Err(error) = self.lease.pkcs11.init_token(*slot, &pin, label) {
            return Err(refusal(&self.lease, *slot, SecretKind::Admin, "C_InitToken", error).into());
        }
        self.find(&Selector::label(label)).map_err(|error| match error {
            Error::NoToken { .. } => Error::Vanished { label: label.into() },
            Error::Missing { .. } | Error::NotAModule { .. } | Error::Initialise { .. } | Error::Token(_) => error,
            Error::Ambiguous { .. } | Error::NoBlank | Error::Blank { .. } | Error::AlreadyInitialised { .. } => error,
            Error::LabelTaken { .. } | Error::LabelRules { .. } | Error::Vanished { .. } => error,
        })
    }

    /// Reads every token that is present. Those that are removed meanwhile are left out.
    fn present(&self) -> Result<Present, token::Error> {
        let pkcs11 = &self.lease.pkcs11;
        let mut present = Present { readable: Vec::new(), unreadable: Vec::new() };
        for slot in pkcs11.get_slots_with_token().map_err(failed("C_GetSlotList"))? {
            match self.lease.token_info(slot) {
                Ok(info) => present.readable.push((slot, Facts::of(&info))),
                Err(error) if is_removal(&error) => {}
                // One damaged token must not hide the others.
                Err(error) => {
                    tracing::warn!(module = %self.lease.path.display(), slot = slot.id(), %error, "token not readable");
                    present.unreadable.push((slot, failed("C_GetTokenInfo")(error)));
                }
            }
        }
        Ok(present)
    }
}

/// Holds one reading of all tokens of a module.
struct Present {
    readable: Vec<(Slot, Facts)>,
    /// Slots whose token could not be read, and why.
    unreadable: Vec<(Slot, token::Error)>,
}

impl Present {
    /// Makes the error for a token that was not found: why one could not be read, or which are present.
    fn nothing(self, wanted: &Selector) -> Error {
        if let Some((_, error)) = self.unreadable.into_iter().next() {
            return Error::Token(error);
        }
        let present = self.readable.into_iter().map(|(_, facts)| facts.identity).collect();
        Error::NoToken { wanted: wanted.clone(), present }
    }
}

/// Chooses the token to be initialised; `None` when there is none.
fn to_initialise<'a>(present: &'a [(Slot, Facts)], selector: &Selector) -> Result<Option<&'a (Slot, Facts)>, Error> {
    let accepted: Vec<_> = present.iter().filter(|(_, facts)| selector.accepts(&facts.identity)).collect();
    let blank: Vec<_> = accepted.iter().copied().filter(|(_, facts)| !facts.initialised).collect();
    let candidates = if blank.is_empty() && !selector.is_empty() { accepted } else { blank };
    // Blank tokens with the same identity cannot be told apart, so any of them will do.
    if let [first, rest @ ..] = candidates.as_slice()
        && rest.iter().all(|(_, other)| !other.initialised && other.identity == first.1.identity)
    {
        return Ok(Some(first));
    }
    only(candidates.into_iter()).map_err(|matching| ambiguous(selector, matching))
}

/// Makes the error for several matching tokens.
fn ambiguous(wanted: &Selector, matching: Vec<Identity>) -> Error {
    Error::Ambiguous { wanted: wanted.clone(), matching }
}

/// Returns the only item, `None` when there is none, or the identities when there are several.
fn only<'a>(mut matching: impl Iterator<Item = &'a (Slot, Facts)>) -> Result<Option<&'a (Slot, Facts)>, Vec<Identity>> {
    let Some(first) = matching.next() else { return Ok(None) };
    let others: Vec<_> = matching.map(|(_, facts)| facts.identity.clone()).collect();
    if others.is_empty() {
        return Ok(Some(first));
    }
    Err(std::iter::once(first.1.identity.clone()).chain(others).collect())
}

impl From<Facts> for TokenSummary {
    fn from(facts: Facts) -> Self {
        let Facts { identity, initialised, pin_set, counters, .. } = facts;
        Self { identity, initialised, pin_set, counters }
    }
}
