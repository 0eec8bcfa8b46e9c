//! Lists what can go wrong with modules and tokens, and translates return values to [`crate::token::Error`].

use super::selector::Selector;
use crate::token::{self, Identity};
use cryptoki::error::{Error as Cryptoki, RvError};
use std::path::PathBuf;

/// Says why a module could not be used, or one of its tokens not be chosen or initialised.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("there is no PKCS#11 module at {}", path.display())]
    Missing {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{} is not a PKCS#11 module", path.display())]
    NotAModule {
        path: PathBuf,
        #[source]
        source: CallError,
    },
    #[error("the PKCS#11 module {} did not start; check its configuration", path.display())]
    Initialise {
        path: PathBuf,
        /// C_Initialize refused its arguments, which are the standard's: it wants more.
        wants_parameters: bool,
        #[source]
        source: CallError,
    },
    #[error("{}", no_token(.wanted, .present))]
    NoToken { wanted: Selector, present: Vec<Identity> },
    #[error("more than one token {wanted}: {}; {}", listed(.matching), told_apart(.matching))]
    Ambiguous { wanted: Selector, matching: Vec<Identity> },
    #[error("there is no blank token to initialise")]
    NoBlank,
    #[error("token {} is blank; initialise it first", named(.identity))]
    Blank { identity: Box<Identity> },
    #[error("token {} is initialised already; initialising it again would erase it", named(.identity))]
    AlreadyInitialised { identity: Box<Identity> },
    #[error("the label is taken by token {}; choose another", named(.identity))]
    LabelTaken { identity: Box<Identity> },
    #[error("a token's label is 1 to 32 bytes of UTF-8 without blanks at its end; this one has {bytes} bytes")]
    LabelRules { bytes: usize },
    #[error("token {label:?} was initialised but cannot be found again")]
    Vanished { label: String },
    #[error(transparent)]
    Token(#[from] token::Error),
}

/// Says what a module answered instead of doing what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// A call returned something other than CKR_OK.
    #[error("C_{function} returned {}", ckr(.value))]
    Returned { function: String, value: RvError },
    /// The module could not be loaded or called at all.
    #[error(transparent)]
    Binding(Cryptoki),
    #[error("another login is open in this process, so the secret was not compared")]
    LoggedInElsewhere,
    #[error("the module did not return {0}")]
    AttributeAbsent(&'static str),
    #[error("the module lists more than {limit} objects")]
    TooManyObjects { limit: usize },
    #[error("the module returned an ECDSA signature of {0} bytes")]
    SignatureLength(usize),
    #[error("the public key is one this program cannot use")]
    PublicKey(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<Cryptoki> for CallError {
    fn from(error: Cryptoki) -> Self {
        match error {
            Cryptoki::Pkcs11(value, function) => CallError::Returned { function: format!("{function:?}"), value },
            other @ (Cryptoki::LibraryLoading(_)
            | Cryptoki::NotSupported
            | Cryptoki::ParseInt(_)
            | Cryptoki::TryFromInt(_)
            | Cryptoki::TryFromSlice(_)
            | Cryptoki::Utf8(_)
            | Cryptoki::NulError(_)
            | Cryptoki::NullFunctionPointer
            | Cryptoki::MissingSymbol(_)
            | Cryptoki::InvalidValue
            | Cryptoki::PinNotSet) => CallError::Binding(other),
        }
    }
}

/// Says that no token fits, and which there are.
fn no_token(wanted: &Selector, present: &[Identity]) -> String {
    match present {
        [] if wanted.is_empty() => "the module has no token".into(),
        [] => format!("no token {wanted}: the module has none"),
        present => format!("no token {wanted}; present: {}", listed(present)),
    }
}

/// Says what tells several tokens apart.
fn told_apart(matching: &[Identity]) -> &'static str {
    let differ = |key: fn(&Identity) -> &str| {
        let mut keys: Vec<&str> = matching.iter().map(key).collect();
        keys.sort_unstable();
        keys.dedup();
        keys.len() == matching.len()
    };
    match (differ(|identity| &identity.serial), differ(|identity| &identity.label)) {
        (true, _) => "name the serial",
        (false, true) => "name the label",
        (false, false) => "nothing tells them apart: leave one out",
    }
}

/// Lists tokens for an error message.
fn listed(tokens: &[Identity]) -> String {
    tokens.iter().map(named).collect::<Vec<_>>().join(", ")
}

/// Names a token for an error message.
fn named(identity: &Identity) -> String {
    match (identity.label.is_empty(), identity.serial.is_empty()) {
        (true, true) => "(blank)".into(),
        (true, false) => format!("(no label, serial {})", identity.serial),
        (false, _) => format!("{:?} (serial {})", identity.label, identity.serial),
    }
}

/// Returns a return value as the standard spells it: `PinIncorrect` is CKR_PIN_INCORRECT.
fn ckr(value: &RvError) -> String {
    if let RvError::VendorDefined(code) | RvError::UnknownErrorCode(code) = value {
        return format!("{code:#010x}");
    }
    let mut text = String::from("CKR");
    for letter in format!("{value:?}").chars() {
        if letter.is_ascii_uppercase() {
            text.push('_');
        }
        text.push(letter.to_ascii_uppercase());
    }
    text
}

/// Says whether a return value means that the token is gone; such a value never counts as a wrong secret.
pub(super) fn is_removal(error: &Cryptoki) -> bool {
    matches!(
        error,
        Cryptoki::Pkcs11(
            RvError::DeviceRemoved
                | RvError::TokenNotPresent
                | RvError::TokenNotRecognized
                | RvError::SlotIdInvalid
                | RvError::SessionHandleInvalid
                | RvError::SessionClosed,
            _
        )
    )
}

/// Returns a function that translates an error of `operation`: a full or removed token has a variant of its own,
/// anything else becomes the source of [`token::Error::Device`].
pub(super) fn failed(operation: &'static str) -> impl Fn(Cryptoki) -> token::Error {
    move |error| match error {
        Cryptoki::Pkcs11(RvError::DeviceMemory, _) => token::Error::Full,
        error if is_removal(&error) => token::Error::Removed,
        error => device(operation, error.into()),
    }
}

/// Makes a [`token::Error::Device`].
pub(super) fn device(operation: &'static str, source: CallError) -> token::Error {
    token::Error::Device { operation, source: Box::new(source) }
}

#[cfg(test)]
mod tests {
    use cryptoki::context::Function;

    use super::*;

    fn returned(value: RvError) -> token::Error {
        failed("C_CreateObject")(Cryptoki::Pkcs11(value, Function::CreateObject))
    }

    #[test]
    fn full_and_removed_tokens_have_their_own_words() {
        assert!(matches!(returned(RvError::DeviceMemory), token::Error::Full));
        for gone in [RvError::DeviceRemoved, RvError::TokenNotPresent, RvError::SlotIdInvalid] {
            assert!(matches!(returned(gone), token::Error::Removed), "{gone:?}");
        }
        assert!(matches!(returned(RvError::SessionHandleInvalid), token::Error::Removed));
    }

    #[test]
    fn other_values_keep_their_standard_name() {
        let token::Error::Device { operation, source } = returned(RvError::DeviceError) else { panic!("not a Device") };
        assert_eq!(operation, "C_CreateObject");
        assert_eq!(source.to_string(), "C_CreateObject returned CKR_DEVICE_ERROR");
        assert_eq!(ckr(&RvError::VendorDefined(0x8000_0001)), "0x80000001");
    }
}
