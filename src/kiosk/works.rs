//! What is done with the card, on its thread; each tells the engine how it went, unless another turn has begun by then.

use super::card::is_locked;
use super::engine::{Engine, State};
use super::scene::{Doing, Done, Fault, Scene, Trouble};
use crate::client;
use crate::cm::offline::{CODE_BYTES, CodeKind, write_code};
use crate::enrollment::{self, Cause, HelpDesk, HelpDeskError, Stage, unblock_offline};
use crate::secret::Pin;
use crate::token::{self, LastTry, SecretKind, Tries};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Instant;
use uuid::Uuid;
use zeroize::Zeroizing;

impl Engine {
    /// Reads the card again, and shows what can be done with it now.
    pub(super) fn look_again(self: &Arc<Self>, state: &mut State) {
        state.drop_typed();
        state.show(Scene::Reading);
        let (engine, turn) = (Arc::clone(self), state.turn);
        state.give(move |token| {
            let read = engine.read(token);
            engine.news(turn, |state| match read {
                Ok(card) => state.show_card(card),
                Err(error) => state.fail(&failed(Stage::ReadToken, error)),
            });
        });
    }

    /// Changes the PIN that somebody has typed, or that the card has by chance, to the chosen one.
    pub(super) fn change_pin(self: &Arc<Self>, state: &mut State, new: Pin) {
        let Some((old, last_try)) = state.pin.take() else { return self.look_again(state) };
        state.doing(Doing::SetPin);
        let (engine, turn) = (Arc::clone(self), state.turn);
        state.give(move |token| {
            let card = enrollment::card_id(token.identity());
            let changed = token.change_pin(&old, &new, last_try);
            if changed.is_ok() {
                engine.marks.clear(card);
            }
            engine.news(turn, |state| match changed {
                Ok(()) => {
                    state.was_right();
                    let done = state.after.take().unwrap_or(Done::PinChanged);
                    state.show(Scene::Done(done));
                }
                Err(error) => state.pin_refused(error),
            });
        });
    }

    /// Sets a new PIN for a forgotten one, with the help desk at the telephone.
    pub(super) fn unblock_by_telephone(self: &Arc<Self>, state: &mut State, new: Pin) {
        state.doing(Doing::Prepare);
        let (engine, turn) = (Arc::clone(self), state.turn);
        state.give(move |token| {
            let card = enrollment::card_id(token.identity());
            let mut desk = AtTelephone { engine: Arc::clone(&engine), turn };
            let unblocked = unblock_offline(token, &mut desk, &new, LastTry::Keep);
            if unblocked.is_ok() {
                engine.marks.clear(card);
            }
            engine.news(turn, |state| match unblocked {
                Ok(()) => {
                    state.was_right();
                    state.show(Scene::Done(Done::Unblocked));
                }
                // The page has turned to something else already.
                Err(error) if error.code() == "responder-failed" && !state.scene.is_busy() => {}
                Err(error) => {
                    if error.token_secret().is_some() {
                        state.was_wrong(&card);
                    }
                    state.fail(&error);
                }
            });
        });
    }
}

/// Is the telephone: the code is shown, and the answer comes from the page.
struct AtTelephone {
    engine: Arc<Engine>,
    turn: u64,
}

/// Says that nobody waits for the answer any more.
#[derive(Debug, thiserror::Error)]
#[error("the call was ended")]
struct HungUp;

impl HelpDesk for AtTelephone {
    fn ask(&mut self, kind: CodeKind, code: [u8; CODE_BYTES]) -> Result<Zeroizing<[u8; CODE_BYTES]>, HelpDeskError> {
        let (line, answer) = sync_channel(1);
        self.engine.news(self.turn, |state| {
            state.telephone = Some(line);
            state.show(Scene::Telephone { kind, code: write_code(kind, code), fault: None });
        });
        Ok(answer.recv().map_err(|_| HungUp)?)
    }
}

impl State {
    /// Tells that the card refused a PIN, and asks again where a try is left.
    pub(super) fn pin_refused(&mut self, error: token::Error) {
        let Some(card) = self.card.as_mut() else { return };
        match error {
            token::Error::SecretRefused { secret: SecretKind::Pin, left } if !is_locked(left) => {
                card.pin = left;
                let id = card.id;
                self.was_wrong(&id);
                self.show(Scene::OldPin { tries: left, fault: Some(Fault::WrongPin) });
            }
            token::Error::LastTryKept { .. } => {
                card.pin = Tries::Last;
                self.show(Scene::OldPin { tries: Tries::Last, fault: Some(Fault::LastTry) });
            }
            token::Error::SecretLength { minimum: shortest, maximum: longest, .. } => {
                let tries = card.pin;
                self.show(Scene::OldPin { tries, fault: Some(Fault::Length { shortest, longest }) });
            }
            token::Error::SecretCharacters { .. } => {
                let tries = card.pin;
                self.show(Scene::OldPin { tries, fault: Some(Fault::Digits) });
            }
            // The last try was wrong.
            token::Error::SecretRefused { .. } => self.give_up("pin-locked"),
            error => self.fail(&failed(Stage::LogIn, error)),
        }
    }

    /// Drops what was typed, and shows why nothing can be done.
    pub(super) fn give_up(&mut self, code: &str) {
        self.drop_typed();
        self.show(Scene::Trouble(Trouble::of(code)));
    }

    /// Shows why something could not be done.
    pub(super) fn fail(&mut self, error: &enrollment::Error) {
        self.drop_typed();
        let correlation = match &error.cause {
            Cause::Server(client::Error::Refused { correlation_id, .. }) => correlation_id.map(|id| id.to_string()),
            _ => None,
        };
        let kept = error.request.is_some();
        self.show(Scene::Trouble(Trouble { code: error.code().to_owned(), correlation, kept }));
    }

    pub(super) fn was_wrong(&mut self, card: &Uuid) {
        self.pauses.was_wrong(&card.to_string(), Instant::now());
    }

    pub(super) fn was_right(&mut self) {
        if let Some(card) = &self.card {
            self.pauses.was_right(&card.id.to_string());
        }
    }
}

/// Makes the driver's error of a token's, which has its code and its sentence.
pub(super) fn failed(stage: Stage, error: token::Error) -> enrollment::Error {
    enrollment::Error { stage, request: None, cause: error.into() }
}
