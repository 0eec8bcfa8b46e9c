//! The old card for a new one: the old one shows who somebody is, and what waits for them is carried out on the new one.
//!
//! With one reader the old card is taken out in between, so whoever was let in outlives that; nothing that was typed does. It
//! ends with anything else that is done, where nobody is there any more, and after the server's own time.

use super::card::CardFacts;
use super::engine::{Engine, State, Task};
use super::scene::{Doing, Scene};
use super::swap::{LetIn, Swap};
use super::visits::{Proof, Waits, refused, waiting};
use crate::enrollment::card_id;
use crate::token::Token;
use std::sync::Arc;
use uuid::Uuid;

impl Engine {
    /// Has the card's owner let in by the card, and then asks for the new one, if one waits for them.
    pub(super) fn show_old(self: &Arc<Self>, state: &mut State, proof: Proof) {
        self.let_in_by_card(state, proof, |engine, turn, token, visited, _| {
            let old = card_id(token.identity());
            match waiting(&visited, None, Some(old), false) {
                Ok(Waits::One(_)) => {
                    let visited = Box::new(LetIn::new(visited));
                    engine.news(turn, |state| engine.ask_for_new(state, visited, old));
                }
                Ok(none) => engine.news(turn, |state| state.give_up(none.trouble())),
                Err(error) => engine.news(turn, |state| state.fail(&refused(error))),
            }
        });
    }

    fn ask_for_new(self: &Arc<Self>, state: &mut State, visited: Box<LetIn>, old: Uuid) {
        let name = state.card.as_ref().and_then(|card| card.holder.as_ref()).map(|holder| holder.name.clone());
        let name = name.unwrap_or_default();
        state.drop_typed();
        state.swap = Some(Swap::New { visited, old, name: name.clone() });
        state.show(Scene::NewCard { name, again: false });
        // It may be in the other reader already; of several, none is meant.
        let held = state.worker.as_ref().map(|worker| worker.reader().to_owned());
        let full = state.filled.iter().filter(|(reader, filled)| **filled && Some(*reader) != held.as_ref());
        if let [other] = full.map(|(reader, _)| reader.clone()).collect::<Vec<_>>().as_slice() {
            self.begin_within(state, other);
        }
    }

    /// Takes note of a reader while a card is waited for; says whether there is nothing else to do.
    pub(super) fn settle_within(self: &Arc<Self>, state: &mut State, reader: &str, is_filled: bool) -> bool {
        if state.swap.is_none() || state.scene.is_busy() {
            return false;
        }
        let waits = matches!(state.scene, Scene::OldCard { .. } | Scene::NewCard { .. });
        let was_held = state.worker.as_ref().is_some_and(|worker| worker.reader() == reader);
        match is_filled {
            true if waits => self.begin_within(state, reader),
            false if was_held => {
                state.put_down();
                let scene = state.swap.as_ref().map(|swap| swap.asks(false));
                scene.into_iter().for_each(|scene| state.show(scene));
            }
            // Another card is looked at once it is its turn.
            _ => {}
        }
        true
    }

    fn begin_within(self: &Arc<Self>, state: &mut State, reader: &str) {
        state.put_down();
        self.open(state, reader);
    }

    /// Goes on with a card that was put in when one was waited for.
    pub(super) fn meet(self: &Arc<Self>, state: &mut State, card: CardFacts) {
        let is_empty = card.holder.is_none();
        match state.swap.take() {
            Some(Swap::New { visited, old, name }) if card.id == old => {
                state.swap = Some(Swap::New { visited, old, name: name.clone() });
                state.show(Scene::NewCard { name, again: true });
            }
            Some(Swap::New { visited, old, .. }) => {
                state.card = Some(card);
                self.carry_out_new(state, visited, old);
            }
            Some(Swap::Old) if is_empty => {
                state.swap = Some(Swap::Old);
                state.show(Scene::OldCard { again: true });
            }
            Some(Swap::Old) if card.has_usable_pin() && card.makers_pin.is_none() => {
                (state.swap, state.task) = (Some(Swap::Old), Some(Task::NewCard));
                state.card = Some(card.clone());
                self.ask_owner(state, &card);
            }
            _ => state.show_card(card),
        }
    }

    fn carry_out_new(self: &Arc<Self>, state: &mut State, mut visited: Box<LetIn>, old: Uuid) {
        state.doing(Doing::LetIn);
        let (engine, turn) = (Arc::clone(self), state.turn);
        state.give(move |token: &mut dyn Token| {
            let Some(visited) = visited.take() else { return };
            match waiting(&visited, Some(card_id(token.identity())), Some(old), false) {
                Ok(Waits::One(order)) => engine.carry_out(turn, token, &visited, *order, None),
                Ok(none) => engine.news(turn, |state| state.give_up(none.trouble())),
                Err(error) => engine.news(turn, |state| state.fail(&refused(error))),
            }
        });
    }
}

impl State {
    /// Lets go of the card and drops what was typed; who was let in stays so.
    fn put_down(&mut self) {
        let swap = self.swap.take();
        self.end_turn();
        self.swap = swap;
    }
}
