//! Has a kiosk's visitors let in, and their visits ended; all of it beyond MIM.

use super::calls::{decode, decode_hidden, encode};
use super::cm_client::CmClient;
use super::error::Error;
use crate::cm::beyond_mim::OneTimePasswords;
use crate::cm::route::Route;
use crate::cm::visit::{
    CardShown, HandOver, HandedOver, Visit, VisitChallenge, VisitOrder, VisitWay, VisitingUser, Whom,
};
use crate::secret::LinkCode;
use uuid::Uuid;
use zeroize::Zeroizing;

impl CmClient {
    /// Has a person let in by the one-time password of a request, for that request alone.
    pub fn visit_by_password(&self, whom: Whom, passwords: OneTimePasswords) -> Result<Visit, Error> {
        self.visit(VisitWay::Password(whom, passwords))
    }

    /// Returns what a card is to sign, so that its owner is let in; it counts once, and for two minutes. Another one of the same
    /// kiosk ends it.
    pub fn visit_challenge(&self) -> Result<VisitChallenge, Error> {
        decode(self.transport.exchange(&Route::ChallengeVisit, Some(b"{}"))?, "a challenge")
    }

    /// Has the owner of a card let in by what the card has signed ([`crate::cm::visit::signed_text`]).
    pub fn visit_by_card(&self, shown: CardShown) -> Result<Visit, Error> {
        self.visit(VisitWay::Card(shown))
    }

    /// Has the person let in whose browser has brought this code from the server's pages.
    pub fn visit_by_code(&self, code: LinkCode) -> Result<Visit, Error> {
        self.visit(VisitWay::Code(code))
    }

    /// Names a kiosk.
    pub fn kiosk(&self, kiosk: Uuid) -> Result<VisitingUser, Error> {
        decode(self.transport.exchange(&Route::GetKiosk { kiosk }, None)?, "a kiosk")
    }

    /// Returns a code by which a kiosk lets whoever calls in, once and soon.
    pub fn hand_over_visit(&self, kiosk: Uuid) -> Result<HandedOver, Error> {
        let body = encode(&HandOver { kiosk })?;
        decode_hidden(self.transport.exchange(&Route::HandOverVisit, Some(&body))?, "a code")
    }

    /// Ends the visit whose bearer token the client has, or, with a kiosk's own, all that the kiosk has begun.
    pub fn end_visits(&self) -> Result<(), Error> {
        self.transport.exchange(&Route::EndVisits, Some(b"{}")).map(drop)
    }

    fn visit(&self, way: VisitWay) -> Result<Visit, Error> {
        let body = Zeroizing::new(encode(&VisitOrder::of(way))?);
        decode_hidden(self.transport.exchange(&Route::BeginVisit, Some(&body))?, "a visit")
    }
}
