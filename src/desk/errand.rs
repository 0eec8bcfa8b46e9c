//! What is done after a card, beside the cards: requests that open it, letters. One after the other, on a thread of its own.

use super::letter::{self, Letter, Letters};
use super::run::Trouble;
use super::trouble::of_server;
use crate::client::{self, CmClient};
use crate::cm::problem::ProblemCode;
use crate::cm::request::{CreateRequest, CreateTerms, RequestType};
use crate::enrollment::Stage;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use uuid::Uuid;

/// Is something that is done after a card; `row` is the one that it is done for.
pub enum Errand {
    /// Makes the request by which the holder opens the card.
    Open {
        row: usize,
        card_id: Uuid,
        comment: String,
    },
    Print {
        row: usize,
        letter: Letter,
    },
}

/// Says what an errand has come to.
pub enum Fetched {
    Opened { row: usize, outcome: Result<Uuid, Trouble> },
    Printed { row: usize, outcome: Result<(), Trouble> },
}

/// Begins the thread; it ends when no more errands can come.
pub fn begin(
    client: Arc<CmClient>,
    letters: Option<Letters>,
    mut tell: impl FnMut(Fetched) + Send + 'static,
) -> std::io::Result<Sender<Errand>> {
    let (sender, errands): (_, Receiver<Errand>) = channel();
    let run = move || {
        for errand in errands {
            tell(match errand {
                Errand::Open { row, card_id, comment } => Fetched::Opened {
                    row,
                    outcome: open(&client, card_id, comment).map_err(|error| of_server(Stage::MakeRequest, error)),
                },
                Errand::Print { row, letter } => {
                    Fetched::Printed { row, outcome: letter::put(letters.as_ref(), &letter) }
                }
            });
        }
    };
    std::thread::Builder::new().name("errands".into()).spawn(run)?;
    Ok(sender)
}

/// Asks that the card be opened for its holder, or finds the request for that; the server tells the holder the one-time
/// password as the template says.
fn open(client: &CmClient, card_id: Uuid, comment: String) -> Result<Uuid, client::Error> {
    let smartcard = client.find_smartcard(card_id)?.map(|card| card.uuid);
    let order = CreateRequest::of_card(RequestType::Unblock, smartcard, &comment, CreateTerms::default());
    match client.create_request(&order) {
        Err(refused) if refused.refusal_code() == Some(ProblemCode::RequestOpen.name()) => {
            let of_card = client.visible_requests(None)?.into_iter().find(|request| {
                request.request_type == RequestType::Unblock
                    && request.old_smartcard == smartcard
                    && !request.status.is_final()
            });
            of_card.map(|request| request.uuid).ok_or(refused)
        }
        made => made,
    }
}
