//! Supplies the secrets that the driver asks for.

use crate::cli::args::{KeyArgs, Source};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::prompt::Ask;
use crate::cli::secrets::{self, NEW_PIN, PIN, PUK, SO_PIN, last_try};
use crate::enrollment::{self, Input, Need, WhichPin};
use crate::token::{self, Counters, SecretKind, Tries};

/// Names where each secret comes from, whether a last try may be spent, and where received keys are written.
#[derive(Default)]
pub struct Sources<'a> {
    pub pin: Option<&'a Source>,
    pub new_pin: Option<&'a Source>,
    /// A new PIN was given, so that it is used or refused, whatever PIN the card has.
    pub gives_new_pin: bool,
    pub so_pin: Option<&'a Source>,
    pub puk: Option<&'a Source>,
    pub spend_last_try: bool,
    pub keys: Option<&'a KeyArgs>,
}

/// Names the secrets that the driver asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    Pin,
    NewPin,
    SoPin,
    Puk,
}

impl Asked {
    /// Returns what the driver asks for.
    pub fn by(need: &Need) -> Self {
        match need {
            Need::Pin { .. } => Self::Pin,
            Need::NewPin { .. } => Self::NewPin,
            Need::SoPin { .. } => Self::SoPin,
            Need::Puk { .. } => Self::Puk,
        }
    }

    /// Returns which secret was refused, if the error is about one.
    pub fn refused(error: &enrollment::Error) -> Option<Self> {
        if error.is_of_new_pin() {
            return Some(Self::NewPin);
        }
        error.token_secret().map(|secret| match secret {
            SecretKind::Pin => Self::Pin,
            SecretKind::Admin => Self::SoPin,
            SecretKind::Puk => Self::Puk,
        })
    }
}

impl Sources<'_> {
    /// Says whether a person types what the driver asks for.
    pub fn are_typed(&self, need: &Need) -> bool {
        let (source, ask) = match need {
            Need::Pin { which: WhichPin::JustSet, .. } | Need::NewPin { .. } => first_pin(self),
            Need::Pin { which: WhichPin::Users | WhichPin::ToChange, .. } => (self.pin, PIN),
            Need::SoPin { .. } => (self.so_pin, SO_PIN),
            Need::Puk { .. } => (self.puk, PUK),
        };
        secrets::is_typed(source, ask)
    }

    /// Refuses, before a person is asked, a secret that cannot be tried: one that is locked, or whose last try may not
    /// be spent.
    pub fn may_try(&self, need: &Need) -> Result<(), token::Error> {
        let (secret, tries) = match need {
            Need::Pin { counters, .. } => (SecretKind::Pin, counters.user),
            Need::SoPin { counters, .. } => (SecretKind::Admin, counters.admin),
            Need::Puk { counters, .. } => (SecretKind::Puk, counters.puk.unwrap_or(Tries::Untold)),
            Need::NewPin { .. } => return Ok(()),
        };
        tries.may_try(secret, last_try(self.spend_last_try))
    }
}

/// Reads the secret that the driver asks for; a reader with a PIN pad takes the PIN itself, unless one is given.
///
/// Fails with `puk-needed` where a PUK was refused, the card does not tell its tries, and the last may not be spent.
pub fn meet(need: Need, sources: &Sources<'_>, output: &Output) -> Result<Input, Failure> {
    match need {
        Need::Pin { which: WhichPin::JustSet, .. } => {
            output.tell("the PIN that was set in the run before");
            let (source, ask) = first_pin(sources);
            secrets::pin(source, ask).map(|pin| Input::Pin(pin, last_try(sources.spend_last_try)))
        }
        Need::Pin { counters, pin_pad, which } => {
            tell_counters(counters, output);
            if which == WhichPin::ToChange {
                output.tell("the card's PUK is locked, so the new PIN is set by the card's present PIN");
            }
            if pin_pad && !secrets::is_given(sources.pin, PIN) {
                output.tell("type the PIN at the reader");
                return Ok(Input::PinPad(last_try(sources.spend_last_try)));
            }
            secrets::pin(sources.pin, PIN).map(|pin| Input::Pin(pin, last_try(sources.spend_last_try)))
        }
        Need::NewPin { form, .. } => {
            if let Some(form) = form {
                output.tell(&format!("a new PIN of {form}"));
            }
            let (source, ask) = first_pin(sources);
            secrets::new_pin(source, ask).map(Input::NewPin)
        }
        Need::SoPin { counters, is_key: true } => {
            output.tell(&format!("this card has an admin key other than the template's default; {}", counters.admin));
            secrets::admin_key_digits(sources.so_pin).map(|pin| Input::SoPin(pin, last_try(sources.spend_last_try)))
        }
        Need::SoPin { counters, is_key: false } => {
            output.tell(&format!("this token has an admin key other than the template's default; {}", counters.admin));
            secrets::pin(sources.so_pin, SO_PIN).map(|pin| Input::SoPin(pin, last_try(sources.spend_last_try)))
        }
        Need::Puk { counters, refused } => {
            let tries = counters.puk.unwrap_or(Tries::Untold);
            if refused && tries == Tries::Untold && !sources.spend_last_try {
                return Err(Failure::new("puk-needed", Exit::Secret, "the card has a PUK of its own; one was refused")
                    .remedy("Repeat with --puk-from: the card does not tell how many tries are left."));
            }
            output.tell(&format!("the card's PUK is needed; {tries}"));
            secrets::puk(sources.puk).map(|puk| Input::Puk(puk, last_try(sources.spend_last_try)))
        }
    }
}

/// Returns where the first PIN comes from; where only the PIN is given, it serves for that too.
fn first_pin<'a>(sources: &Sources<'a>) -> (Option<&'a Source>, Ask) {
    let source = sources.new_pin;
    let ask = if secrets::is_given(source, NEW_PIN) || !secrets::is_given(None, PIN) { NEW_PIN } else { PIN };
    (source, ask)
}

/// Prints how many PIN tries are left, unless all are.
fn tell_counters(counters: Counters, output: &Output) {
    if counters.user != Tries::Full {
        output.tell(&format!("PIN: {}", counters.user));
    }
}
