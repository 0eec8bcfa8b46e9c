//! Acts that people mean: a card is lost, a lent one comes back, a person leaves; all of it beyond MIM.

use super::calls::encode;
use super::cm_client::CmClient;
use super::error::Error;
use crate::cm::acts::{LeaveOrder, Leaving, LossOutcome, LossReport, Reminded, ReturnOutcome};
use crate::cm::people::{PeopleList, PeopleOutcome};
use crate::cm::route::Route;
use uuid::Uuid;

impl CmClient {
    /// Reports a card as missing: it is suspended or its certificates are revoked, as its template says of the reason.
    pub fn report_lost(&self, smartcard: Uuid, report: &LossReport) -> Result<LossOutcome, Error> {
        self.told(&Route::ReportLost { smartcard }, &encode(report)?, "what was done about the card")
    }

    /// Has the holder of a card told again that its certificates end.
    pub fn remind(&self, smartcard: Uuid) -> Result<Reminded, Error> {
        self.told(&Route::Remind { smartcard }, b"{}", "what became of the reminder")
    }

    /// Takes a lent card back: its certificates end, and the suspension of the card beside which it was lent if that was
    /// for this loan.
    pub fn take_back(&self, smartcard: Uuid) -> Result<ReturnOutcome, Error> {
        self.told(&Route::TakeBack { smartcard }, b"{}", "what came of the lent card")
    }

    /// Tells all that a person has, and what would become of it if the person left.
    pub fn foresee_leaving(&self, user: Uuid) -> Result<Leaving, Error> {
        self.one(&Route::ForeseeLeaving { user }, "what a leaver has")
    }

    /// Ends all that a person has; refused where it is not as it was seen any more.
    pub fn leave(&self, user: Uuid, order: &LeaveOrder) -> Result<Leaving, Error> {
        self.told(&Route::Leave { user }, &encode(order)?, "what became of a leaver's things")
    }

    /// Shows what the rows of a list of people come to, or does it where the list bears the mark of what was shown.
    pub fn import_people(&self, list: &PeopleList) -> Result<PeopleOutcome, Error> {
        self.told(&Route::ImportUsers, &encode(list)?, "what a list of people comes to")
    }
}
