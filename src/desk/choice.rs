//! Chooses the row that a card is for, or says why it is for none.

use super::card::Card;
use super::run::{Entry, Run, Stand, Trouble};
use crate::cm::smartcard::SmartcardStatus;

/// Says what is done with a card.
#[derive(Debug, PartialEq, Eq)]
pub enum Choice {
    /// It is enrolled for the row with this index.
    Row(usize),
    /// It is for nobody here, and is to be taken out.
    Refused(Trouble),
    /// It is blank, and no row can take it now.
    NoRow,
}

/// Chooses the row for a card: the one that it is bound to, else the one that wants it by name, else the next that takes any.
pub fn choose(run: &Run, card: &Card) -> Choice {
    let serial = card.identity.serial.as_str();
    if let Some(index) = run.rows.iter().position(|row| row.card_id == Some(card.id)) {
        return bound(&run.rows[index], index, serial);
    }
    if let Some(held) = card.held.as_ref().filter(|held| held.status != SmartcardStatus::Retired) {
        let message = format!("card {serial} is {}'s ({}): it was not touched", held.owner, held.status);
        return refused("card-in-use", message, "Take it out, and give it to its holder; put a blank card in.");
    }
    let wants = |row: &Entry| !row.wish.is_open() && row.wish.fits(card.id, serial);
    if let Some(index) = run.rows.iter().position(wants) {
        let row = &run.rows[index];
        return match row.stand {
            Stand::Ready => Choice::Row(index),
            Stand::Pending | Stand::Unasked => {
                let message = format!("card {serial} is wanted for {}, whose request waits", row.name);
                refused("desk-card-waits", message, "Take it out until the request is approved.")
            }
            _ => {
                let message = format!("card {serial} is named for {}, whose row is over or has another card", row.name);
                refused(
                    "desk-card-not-wanted",
                    message,
                    "Take it out; `cardwright desk results` tells how the row ended.",
                )
            }
        };
    }
    let takes_any = |row: &Entry| row.stand == Stand::Ready && row.wish.is_open();
    if let Some(index) = run.rows.iter().position(takes_any) {
        return Choice::Row(index);
    }
    if run.rows.iter().any(|row| row.stand == Stand::Ready) {
        let message = format!("card {serial} is none of those that the list names, and all other rows have theirs");
        return refused("desk-card-not-named", message, "Take it out, and put in a card that the list names.");
    }
    Choice::NoRow
}

/// Says what is done with a card that a row is bound to.
fn bound(row: &Entry, index: usize, serial: &str) -> Choice {
    match row.stand {
        Stand::Done => {
            let message = format!("card {serial} is done: it is {}'s", row.name);
            refused("desk-card-done", message, "Take it out.")
        }
        Stand::Refused | Stand::Dropped => {
            let message = format!("card {serial} was begun for {}, whose row does not go on", row.name);
            refused("desk-card-of-row-over", message, "Take it out, and keep it apart: it holds what was begun.")
        }
        Stand::Unasked | Stand::Pending => {
            let message = format!("card {serial} is {}'s, whose request waits", row.name);
            refused("desk-card-waits", message, "Take it out until the request is approved.")
        }
        Stand::Ready | Stand::Begun | Stand::SetAside => Choice::Row(index),
    }
}

fn refused(code: &str, message: String, remedy: &str) -> Choice {
    Choice::Refused(Trouble { code: code.to_owned(), message, remedy: remedy.to_owned() })
}
