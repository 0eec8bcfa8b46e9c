//! The work on one card, on the thread that holds it.

use crate::client::CmClient;
use crate::enrollment::{self, EnrollOrder, Enrollment, Input, Journal, Order, Outcome, Stage};
use crate::token::Token;
use crate::workstation::{Ended, Line, News, Stopped, drive};
use std::sync::Arc;
use uuid::Uuid;

/// Holds what every work needs.
#[derive(Clone)]
pub struct Means {
    pub client: Arc<CmClient>,
    pub journal: Journal,
}

/// Says what is to be done with a card.
#[derive(Clone)]
pub struct WorkOrder {
    pub request: Uuid,
    /// The card is bound to this request already.
    pub was_begun: bool,
    /// Nobody here knows the PIN that an earlier work may have set.
    pub pin_is_lost: bool,
}

/// Enrolls the card by its request, or goes on with that.
pub fn enroll<F: FnMut(News)>(
    means: &Means,
    order: &WorkOrder,
    token: &mut dyn Token,
    line: &mut Line<F>,
) -> Result<Outcome, Ended<Stopped>> {
    let enrollment = Order::Enroll(EnrollOrder {
        request: Some(order.request),
        replace: order.was_begun && is_left_by_another(means, order.request, token)?,
        // A card out of a box may have the PIN of whoever packed it.
        reset_pin: true,
        pin_is_lost: order.pin_is_lost,
        ..EnrollOrder::default()
    });
    let work = Enrollment::begin(&means.client, &means.journal, token.identity(), enrollment)?;
    drive(work, Some(token), Input::Nothing, line)
}

/// Says whether keys may be on the card that another workstation has begun for this request, and that nothing tells of here:
/// no certificate goes with them, so that nobody has ever used them.
fn is_left_by_another(means: &Means, request: Uuid, token: &mut dyn Token) -> Result<bool, enrollment::Error> {
    let failed = |cause| enrollment::Error { stage: Stage::TakeUp, request: Some(request), cause };
    let unfinished = means.journal.unfinished().map_err(|source| failed(source.into()))?;
    if unfinished.iter().any(|record| record.request() == Some(request)) {
        return Ok(false);
    }
    let stored = token.public_objects().map_err(|source| failed(source.into()))?;
    Ok(stored.iter().all(|stored| stored.certificate.is_none()))
}
