//! Whether somebody will log on with the card in a reader: read on the card's thread, then judged by what server and
//! authorities tell.

use super::engine::{Engine, Message};
use super::run::Trouble;
use super::trouble::of_workflow;
use super::view::{At, Happened, Logon};
use crate::client::CmClient;
use crate::doctor::Verdict;
use crate::doctor::logon::{Finding, ask_server, read_card};
use crate::enrollment::{self, Stage, card_id, earlier_card_id};
use crate::published::{Limits, Published};
use crate::token::Token;
use std::sync::Arc;
use time::OffsetDateTime;

impl Engine {
    /// Has the card in a reader judged, where it is not worked on. No PIN is needed, and nothing is changed.
    pub(super) fn judge(&mut self, at: usize) {
        let station = &mut self.stations[at];
        if station.is_at_work() || station.at == At::Reading || station.logon == Some(Logon::Asked) {
            return;
        }
        let (client, now, sender) = (Arc::clone(&self.means.client), (self.setup.clock)(), self.sender.clone());
        let (reader, turn) = (station.reader.clone(), station.turn);
        let job = move |token: &mut dyn Token| {
            let judged = judged(&client, token, now);
            // An engine that is gone needs no news.
            let _ = sender.send(Message::Judged { reader, turn, judged });
        };
        if let Some(Ok(())) = station.worker.as_ref().map(|worker| worker.give(job)) {
            station.logon = Some(Logon::Asked);
            let reader = station.reader.clone();
            self.happened(Happened::LogonAsked { reader });
        }
    }

    /// Takes what a card was found to be.
    pub(super) fn judged(&mut self, reader: &str, turn: u64, judged: Result<Vec<Finding>, Trouble>) {
        let Some(at) = self.at(reader).filter(|at| self.stations[*at].turn == turn) else { return };
        let station = &mut self.stations[at];
        let reader = reader.to_owned();
        match judged {
            Ok(mut findings) => {
                findings.sort_by_key(|finding| std::cmp::Reverse(finding.verdict()));
                let worst = findings.first().map_or(Verdict::Untold, Finding::verdict);
                station.logon = Some(Logon::Told { worst, findings: findings.clone() });
                self.happened(Happened::Logon { reader, verdict: worst.word(), findings });
            }
            Err(trouble) => {
                station.logon = None;
                self.happened(Happened::LogonFailed { reader, trouble });
            }
        }
    }
}

/// Reads the card and lets go of it, then asks.
fn judged(client: &CmClient, token: &mut dyn Token, now: OffsetDateTime) -> Result<Vec<Finding>, Trouble> {
    let card = read_card(token).map_err(|error| {
        of_workflow(&enrollment::Error { stage: Stage::ReadToken, request: None, cause: error.into() })
    })?;
    let ids = [Some(card_id(&card.identity)), earlier_card_id(&card.identity)];
    let inquiry = ask_server(client, &ids.into_iter().flatten().collect::<Vec<_>>());
    Ok(inquiry.judge(&card, &[], &Published::new(Limits::default()), now))
}
