//! Finds the card that is meant: every card is asked who it is, and nothing is guessed.

use super::error::Error;
use super::readers::{CardPresence, Event, ReaderState, Readers};
use super::selector::Selector;
use crate::gids::GidsToken;
use crate::piv::PivToken;
use crate::token::{self, Counters, Identity, Token};
use std::time::{Duration, Instant};

/// Holds a card that was found, and its reader.
pub struct Found {
    pub token: Box<dyn Token>,
    pub reader: String,
}

/// Describes a reader with a card in it, for a listing.
#[derive(Debug)]
pub struct Listed {
    pub reader: String,
    /// Who the card is, or why that cannot be told.
    pub card: Result<TokenSummary, Error>,
}

/// Describes a card, for a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenSummary {
    pub identity: Identity,
    pub counters: Counters,
}

impl Readers {
    /// Lists every card, or only the one in `reader`. If `reader` is empty, returns [`Error::NoCard`].
    pub fn tokens(&self, reader: Option<&str>) -> Result<Vec<Listed>, Error> {
        let cards = self.with_card(&Selector { reader: reader.map(String::from), ..Selector::default() })?;
        let listed = cards.into_iter().map(|state| Listed { card: self.summary(&state), reader: state.name });
        Ok(listed.filter(|listed| !listed.card.as_ref().is_err_and(Error::is_absence)).collect())
    }

    fn summary(&self, state: &ReaderState) -> Result<TokenSummary, Error> {
        let mut token = self.probe(state)?.token;
        let counters = token.counters().map_err(|error| self.unreadable(&state.name, error))?;
        Ok(TokenSummary { identity: token.identity().clone(), counters })
    }

    /// Finds the one card that `selector` describes. A card that cannot be asked who it is could be the one meant, so
    /// it is an error unless the selector names a serial and that was found. A card of no known kind is never the one
    /// meant.
    ///
    /// # Errors
    /// [`Error::NoToken`], [`Error::Ambiguous`], [`Error::SameSerial`], [`Error::NoReader`]; [`Error::UnknownCard`],
    /// [`Error::Busy`] and the like if nothing better can be said.
    pub fn find(&self, selector: &Selector) -> Result<Found, Error> {
        let (mut matching, mut present, mut doubtful, mut unusable) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for state in self.with_card(selector)? {
            match self.probe(&state) {
                Ok(found) if selector.accepts(found.token.identity()) => matching.push(found),
                Ok(found) => present.push(found.told()),
                Err(error) if error.is_absence() => {}
                Err(error @ (Error::UnknownCard { .. } | Error::Mute { .. })) => unusable.push(error),
                Err(error) => doubtful.push(error),
            }
        }
        if matching.len() > 1 {
            return Err(several(selector, &matching));
        }
        let doubt = doubtful.into_iter().next();
        match (matching.pop(), doubt) {
            (Some(found), None) => Ok(found),
            (Some(found), Some(_)) if selector.serial.is_some() => Ok(found),
            (_, Some(doubt)) => Err(doubt),
            (None, None) => match unusable.into_iter().next() {
                Some(error) if present.is_empty() => Err(error),
                _ => Err(Error::NoToken { wanted: selector.clone(), present }),
            },
        }
    }

    /// Waits until the card that was in the reader `place` is inserted again, there or elsewhere; returns at once if it
    /// is there already.
    ///
    /// # Errors
    /// [`Error::OtherCard`] if another card is put into `place`, [`Error::NotInserted`] after `timeout`, and
    /// [`Error::Cancelled`].
    pub fn find_again(&mut self, expected: &Identity, place: &str, timeout: Duration) -> Result<Found, Error> {
        let since = Instant::now();
        // The wait reports what happens from here on; what is there already is looked at now.
        self.wait(Duration::ZERO)?;
        for state in self.with_card(&Selector::default())? {
            match self.probe(&state) {
                Ok(found) if is_same(found.token.identity(), expected) => return Ok(found),
                Ok(found) if state.name == place => return Err(other(expected, &found)),
                Err(error) if state.name == place && !error.is_absence() => return Err(error),
                Ok(_) | Err(_) => {}
            }
        }
        loop {
            let left = timeout.saturating_sub(since.elapsed());
            let events = self.wait(left)?;
            if events.is_empty() {
                return Err(Error::NotInserted { expected: Box::new(expected.clone()), waited: timeout });
            }
            for event in events {
                let Event::Inserted { reader, .. } = event else { continue };
                let Some(state) = self.list()?.into_iter().find(|state| state.name == reader) else { continue };
                match self.probe(&state) {
                    Ok(found) if is_same(found.token.identity(), expected) => return Ok(found),
                    Ok(found) if state.name == place => return Err(other(expected, &found)),
                    Err(error) if state.name == place && !error.is_absence() => return Err(error),
                    // What is put into other readers is somebody else's.
                    Ok(_) | Err(_) => {}
                }
            }
        }
    }

    /// Returns the readers that have a card and that `selector` may mean.
    fn with_card(&self, selector: &Selector) -> Result<Vec<ReaderState>, Error> {
        let mut all = self.list()?;
        if let Some(wanted) = &selector.reader {
            let present: Vec<String> = all.iter().map(|state| state.name.clone()).collect();
            let name = one_reader(wanted, &present)?;
            all.retain(|state| state.name == name);
            if let [state] = all.as_slice()
                && state.card == CardPresence::Absent
            {
                return Err(Error::NoCard { reader: name });
            }
        }
        all.retain(|state| matches!(state.card, CardPresence::Present | CardPresence::Mute));
        Ok(all)
    }

    /// Opens the card in a reader, by trying the application of each known kind.
    fn probe(&self, state: &ReaderState) -> Result<Found, Error> {
        let reader = state.name.clone();
        if state.card == CardPresence::Mute {
            return Err(Error::Mute { reader });
        }
        let piv = PivToken::open(self.card(&reader)?);
        if let Some(token) = self.offered(&reader, piv)? {
            return Ok(Found { token: Box::new(token), reader });
        }
        let gids = GidsToken::open(self.card(&reader)?);
        if let Some(token) = self.offered(&reader, gids)? {
            return Ok(Found { token: Box::new(token), reader });
        }
        Err(Error::UnknownCard { reader, atr: state.atr.clone() })
    }

    /// Returns the token; `None` if the card does not have that application.
    fn offered<T>(&self, reader: &str, opened: Result<T, token::Error>) -> Result<Option<T>, Error> {
        match opened {
            Ok(token) => Ok(Some(token)),
            Err(token::Error::NotOffered(_)) => Ok(None),
            Err(error) => Err(self.unreadable(reader, error)),
        }
    }

    fn unreadable(&self, reader: &str, source: token::Error) -> Error {
        match source {
            token::Error::Busy => Error::Busy { reader: reader.into(), waited: self.patience.busy },
            source => Error::Token { reader: reader.into(), source },
        }
    }
}

impl Found {
    fn told(&self) -> (String, Identity) {
        (self.reader.clone(), self.token.identity().clone())
    }
}

/// Returns the reader with that name, or the only one whose name contains it. Where several do, one is not guessed.
fn one_reader(wanted: &str, present: &[String]) -> Result<String, Error> {
    if present.iter().any(|name| name == wanted) {
        return Ok(wanted.into());
    }
    let parts: Vec<&String> = present.iter().filter(|name| name.contains(wanted)).collect();
    match parts.as_slice() {
        [only] => Ok((*only).clone()),
        [] => Err(Error::NoReader { wanted: wanted.into(), present: present.to_vec() }),
        several => {
            let fitting = several.iter().map(|name| (*name).clone()).collect();
            Err(Error::AmbiguousReader { wanted: wanted.into(), fitting })
        }
    }
}

fn several(wanted: &Selector, matching: &[Found]) -> Error {
    let serials = || matching.iter().map(|found| &found.token.identity().serial);
    for (at, serial) in serials().enumerate() {
        if !serial.is_empty() && serials().skip(at + 1).any(|other| other == serial) {
            let same = matching.iter().filter(|found| found.token.identity().serial == *serial);
            let readers = same.map(|found| found.reader.clone()).collect();
            return Error::SameSerial { serial: serial.clone(), readers };
        }
    }
    Error::Ambiguous { wanted: wanted.clone(), matching: matching.iter().map(Found::told).collect() }
}

/// Says whether both are the same card. The serial decides, as the label may have been changed. A card without a serial
/// is never the same.
fn is_same(found: &Identity, expected: &Identity) -> bool {
    let serials = [Some(&found.serial), found.earlier_serial.as_ref()];
    !expected.serial.is_empty() && found.kind == expected.kind && serials.contains(&Some(&expected.serial))
}

fn other(expected: &Identity, found: &Found) -> Error {
    let (reader, found) = found.told();
    Error::OtherCard { reader, expected: Box::new(expected.clone()), found: Box::new(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_is_named_in_whole_or_by_a_part_of_its_own() {
        let present = ["Lab A 00 00", "Lab A 00 01", "Lab B 00 00", "Lab"].map(String::from);
        assert_eq!(one_reader("Lab", &present).unwrap(), "Lab");
        assert_eq!(one_reader("Lab B", &present).unwrap(), "Lab B 00 00");
        for wanted in ["Lab C", "lab b"] {
            assert!(matches!(one_reader(wanted, &present), Err(Error::NoReader { .. })), "{wanted}");
        }
        let Err(Error::AmbiguousReader { fitting, .. }) = one_reader("Lab A", &present) else {
            panic!("one was guessed")
        };
        assert_eq!(fitting, present[..2]);
    }
}
