//! Whether the card will log on: what this workstation sees, and with the owner's PIN what the server and its directory know.
//!
//! The server is asked as the owner, whom the card in the reader has shown by a signature, and about that card alone: the kiosk's own
//! account learns nothing of anybody's card.

use super::engine::{Engine, State};
use super::scene::{Doing, Scene};
use super::visits::Proof;
use super::works::failed;
use crate::client::CmClient;
use crate::doctor::logon::{Finding, Inquiry, LogonCard, Server, ask_server, read_card};
use crate::enrollment::{Stage, card_id};
use crate::published::{Limits, Published};
use crate::token::Token;
use std::sync::Arc;
use time::OffsetDateTime;

impl Engine {
    /// Tells whether the card will log on, without the server's view of its holder, as nobody has shown who they are.
    pub(super) fn judge_logon(self: &Arc<Self>, state: &mut State) {
        state.doing(Doing::Judge);
        let (engine, turn) = (Arc::clone(self), state.turn);
        state.give(move |token| engine.judge(turn, token, None));
    }

    /// Likewise, with the server's view, for the card's owner.
    pub(super) fn judge_with_server(self: &Arc<Self>, state: &mut State, proof: Proof) {
        self.let_in_by_card(state, proof, |engine, turn, token, visited, _| {
            engine.news(turn, |state| state.doing(Doing::Judge));
            engine.judge(turn, token, Some(&visited.0));
        });
    }

    fn judge(&self, turn: u64, token: &mut dyn Token, owner: Option<&CmClient>) {
        let judged = read_card(token).map(|card| self.judged(&card, owner));
        self.news(turn, |state| match judged {
            Ok(findings) => state.show(Scene::Logon(findings)),
            Err(error) => state.fail(&failed(Stage::ReadToken, error)),
        });
    }

    /// Judges a card that was read; the authorities are asked for real.
    fn judged(&self, card: &LogonCard, owner: Option<&CmClient>) -> Vec<Finding> {
        let told = match owner {
            Some(owner) => ask_server(owner, &[card_id(&card.identity)]),
            None => {
                let server = Server::NotAsked("nobody has shown here whose card it is".to_owned());
                Inquiry { server, ..ask_server(&self.settings.office.own, &[]) }
            }
        };
        told.judge(card, &[], &Published::new(Limits::default()), OffsetDateTime::now_utc())
    }
}
