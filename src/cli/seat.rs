//! Finds the token that a command means, and waits for a card that was pulled out during the work.

use super::args::{PlaceArgs, TokenArgs};
use super::failure::Failure;
use super::output::Output;
use super::settings::Settings;
use crate::enrollment::{card_id, earlier_card_id};
use crate::pkcs11::{self, Module, is_card};
use crate::reader::{self, Readers};
use crate::token::{Identity, Token};
use std::time::Duration;
use uuid::Uuid;

/// Bounds the wait for a card that was pulled out.
const PATIENCE: Duration = Duration::from_secs(120);

/// Is the advice where a module shows a smart card.
pub const CARD_BEHIND_MODULE: &str = "this PKCS#11 token is a smart card in a reader; with --pcsc cardwright speaks to \
    the card itself, its PUK and admin key included";

/// Holds an open token and, for a card, the name of its reader.
pub struct Seat {
    pub token: Box<dyn Token>,
    reader: Option<String>,
}

impl Seat {
    /// Finds the one token that is meant: behind the module that is named or configured, else in a reader. Fails where
    /// none or more than one fits.
    pub fn find(settings: &Settings, args: &TokenArgs) -> Result<Self, Failure> {
        let TokenArgs { module, label, serial, place } = args;
        let (label, serial) = (label.clone(), serial.clone());
        if let Some(path) = settings.module(module.as_ref(), place) {
            let token = Module::load(&path)?.find(&pkcs11::Selector { label, serial })?;
            return Ok(Self { token: Box::new(token), reader: None });
        }
        let selector = reader::Selector { label, serial, reader: place.reader.clone() };
        let reader::Found { token, reader } = Readers::open()?.find(&selector)?;
        Ok(Self { token, reader: Some(reader) })
    }

    /// Advises to take a smart card without a module, which knows neither its PUK nor its admin key.
    pub fn advice(&self) -> Option<&'static str> {
        (self.reader.is_none() && is_card(self.token.identity())).then_some(CARD_BEHIND_MODULE)
    }

    /// Says whether `failure` means that a card was pulled out of its reader, and a person is there to put it back.
    pub fn may_come_back(&self, failure: &Failure, output: &Output) -> bool {
        self.reader.is_some() && failure.has_code("token-removed") && output.has_a_person()
    }

    /// Waits up to [`PATIENCE`] for the card that was pulled, in any reader; another card is refused and not touched.
    pub fn come_back(&mut self, output: &Output) -> Result<(), Failure> {
        let Some(reader) = &self.reader else { return Ok(()) };
        let identity = self.token.identity().clone();
        output.tell(&format!("the card was pulled; what was done is kept. Put card {} back …", identity.serial));
        let found = Readers::open()?.find_again(&identity, reader, PATIENCE)?;
        output.tell("the card is back; going on");
        (self.token, self.reader) = (found.token, Some(found.reader));
        Ok(())
    }
}

/// Finds the one token that is meant, as [`Seat::find`], for commands that do not wait for a card to come back.
pub fn find(settings: &Settings, args: &TokenArgs) -> Result<Box<dyn Token>, Failure> {
    Ok(Seat::find(settings, args)?.token)
}

/// Is a token that can be worked on, and the options that mean it and no other.
pub struct AtHand {
    pub identity: Identity,
    pub args: TokenArgs,
}

impl AtHand {
    /// Returns the id by which a server knows it.
    pub fn card_id(&self) -> Uuid {
        card_id(&self.identity)
    }

    /// Says whether it has this card id, or had it in earlier versions.
    pub fn is(&self, id: Uuid) -> bool {
        self.card_id() == id || earlier_card_id(&self.identity) == Some(id)
    }
}

/// Lists what `args` may mean: every card in a reader that tells who it is, or the one token behind the module that is
/// named or configured.
pub fn at_hand(settings: &Settings, args: &TokenArgs) -> Result<Vec<AtHand>, Failure> {
    if settings.module(args.module.as_ref(), &args.place).is_some() {
        let token = find(settings, args)?;
        return Ok(vec![AtHand { identity: token.identity().clone(), args: args.clone() }]);
    }
    let selector = reader::Selector { label: args.label.clone(), serial: args.serial.clone(), reader: None };
    let listed = Readers::open()?.tokens(args.place.reader.as_deref())?;
    let told = listed.into_iter().filter_map(|listed| Some((listed.reader, listed.card.ok()?.identity)));
    let fits = told.filter(|(_, identity)| selector.accepts(identity));
    let hand = fits.map(|(reader, identity)| {
        let place = PlaceArgs { reader: Some(reader), any_reader: true };
        let serial = Some(identity.serial.clone()).filter(|serial| !serial.is_empty());
        AtHand { identity, args: TokenArgs { module: None, label: None, serial, place } }
    });
    Ok(hand.collect())
}
