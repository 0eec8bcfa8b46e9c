//! The work on one card, on the thread that holds it.

use crate::client::CmClient;
use crate::enrollment::{EnrollOrder, Enrollment, Input, Journal, Order, Outcome};
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
        // A card out of a box may have the PIN of whoever packed it.
        reset_pin: true,
        pin_is_lost: order.pin_is_lost,
        ..EnrollOrder::default()
    });
    let work = Enrollment::begin(&means.client, &means.journal, token.identity(), enrollment)?;
    drive(work, Some(token), Input::Nothing, line)
}
