//! Looks at what is in readers, and at the tokens of a module.

use super::card::Seen;
use super::known::Known;
use crate::cli::failure::Failure;
use crate::doctor::with_sources;
use crate::pkcs11::{Module, Selector};
use crate::reader::{self, CardPresence, ReaderState, Readers};
use std::path::Path;

/// Looks at each reader, or at those that are meant.
pub fn of_readers(readers: &Readers, wanted: Option<&str>, known: &Known) -> Result<Vec<Seen>, reader::Error> {
    let listed = readers.list()?;
    let exact = listed.iter().any(|state| Some(state.name.as_str()) == wanted);
    let fits = |state: &ReaderState| {
        wanted.is_none_or(|wanted| if exact { state.name == wanted } else { state.name.contains(wanted) })
    };
    let meant: Vec<ReaderState> = listed.iter().filter(|state| fits(state)).cloned().collect();
    match wanted {
        Some(wanted) if meant.is_empty() => {
            let present = listed.into_iter().map(|state| state.name).collect();
            Err(reader::Error::NoReader { wanted: wanted.into(), present })
        }
        _ => Ok(meant.iter().map(|state| in_reader(readers, state, known)).collect()),
    }
}

/// Looks at what is in a reader.
pub fn in_reader(readers: &Readers, state: &ReaderState, known: &Known) -> Seen {
    let reader = state.name.clone();
    match state.card {
        CardPresence::Absent => return Seen::empty(reader),
        CardPresence::Unknown => return Seen::odd(Some(reader), "the reader is out of order".into()),
        CardPresence::Present | CardPresence::Mute => {}
    }
    let selector = reader::Selector { reader: Some(reader.clone()), ..reader::Selector::default() };
    match readers.find(&selector) {
        Ok(mut found) => Seen::of(Some(reader), found.token.as_mut(), known),
        Err(reader::Error::NoCard { .. }) => Seen::empty(reader),
        Err(error) => Seen::odd(Some(reader), with_sources(&error)),
    }
}

/// Looks at the tokens of a PKCS#11 module; blank ones are told as such.
pub fn of_module(path: &Path, known: &Known) -> Result<Vec<Seen>, Failure> {
    let module = Module::load(path)?;
    let mut tokens = Vec::new();
    for listed in module.tokens()? {
        let summary = match &listed.token {
            Ok(summary) if summary.initialised => summary,
            Ok(_) => continue,
            Err(error) => {
                tokens.push(Seen::odd(None, with_sources(error)));
                continue;
            }
        };
        let (label, serial) = (summary.identity.label.clone(), summary.identity.serial.clone());
        tokens.push(match module.find(&Selector { label: Some(label), serial: Some(serial) }) {
            Ok(mut token) => Seen::of(None, &mut token, known),
            Err(error) => Seen::odd(None, with_sources(&error)),
        });
    }
    Ok(tokens)
}
