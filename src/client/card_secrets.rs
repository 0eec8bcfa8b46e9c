//! Reads and reports a card's admin key and PUK, and relays how the card shows that it is there; all of it beyond MIM.

use super::calls::{decode, decode_hidden, encode};
use super::cm_client::CmClient;
use super::error::Error;
use crate::cm::card_secrets::{
    AdminKeyNews, AdminKeyReport, AdminKeyState, NextAdminKey, PukNews, PukReport, PukState,
};
use crate::cm::presence::{PresenceAnswer, PresenceChallenge, PresenceOpening, PresenceStep};
use crate::cm::route::Route;
use crate::cm::wire::DiversifiedKey;
use crate::secret::AdminKey;
use uuid::Uuid;

impl CmClient {
    /// Returns the state of a card's own admin key.
    pub fn admin_key_state(&self, smartcard: Uuid) -> Result<AdminKeyState, Error> {
        let report: AdminKeyReport = self.one(&Route::GetAdminKeyState { smartcard }, "an admin key's state")?;
        Ok(report.state)
    }

    /// Tells the server the state of the admin key on the card: active, about to be replaced by the default, or the
    /// default again.
    pub fn tell_admin_key(&self, request: Uuid, smartcard: Uuid, state: AdminKeyState) -> Result<(), Error> {
        let body = encode(&AdminKeyNews { state: Some(state) })?;
        self.transport.exchange(&Route::TellAdminKey { request, smartcard }, Some(&body)).map(drop)
    }

    /// Returns the card's own admin key when a card without challenge and response is retired, so that the default key
    /// can be set again.
    pub fn surrendered_admin_key(&self, request: Uuid, smartcard: Uuid, card_id: Uuid) -> Result<AdminKey, Error> {
        let route = Route::SurrenderAdminKey { request, smartcard, card_id };
        let DiversifiedKey(key) = decode_hidden(self.transport.exchange(&route, None)?, "a key in base64")?;
        Ok(key)
    }

    /// Returns the successor of a card's own admin key, and with `with_current` the key in force too.
    pub fn next_admin_key(
        &self,
        request: Uuid,
        smartcard: Uuid,
        card_id: Uuid,
        with_current: bool,
    ) -> Result<NextAdminKey, Error> {
        let route = Route::GetNextAdminKey { request, smartcard, card_id, with_current };
        decode_hidden(self.transport.exchange(&route, None)?, "an admin key's successor")
    }

    /// Returns the card's PUKs, while a request for that card is being executed. `digits`: the card has
    /// refused a next one with letters, and gets one of digits.
    pub fn puk(&self, request: Uuid, smartcard: Uuid, card_id: Uuid, digits: bool) -> Result<PukReport, Error> {
        let route = Route::GetPuk { request, smartcard, card_id, digits, fresh: false };
        decode_hidden(self.transport.exchange(&route, None)?, "a PUK's state")
    }

    /// Returns the PUK that the card is to get, made for the assignment that this request brings, where the card cannot
    /// show that it is there.
    pub fn fresh_puk(&self, request: Uuid, smartcard: Uuid, card_id: Uuid, digits: bool) -> Result<PukReport, Error> {
        let route = Route::GetPuk { request, smartcard, card_id, digits, fresh: true };
        decode_hidden(self.transport.exchange(&route, None)?, "a PUK's state")
    }

    /// Tells the server the state of the PUK on the card: active, or the default again.
    pub fn tell_puk(&self, request: Uuid, smartcard: Uuid, state: PukState) -> Result<(), Error> {
        self.transport.exchange(&Route::TellPuk { request, smartcard }, Some(&encode(&PukNews { state })?)).map(drop)
    }

    /// Opens a mutual authentication of the request's card with the server.
    pub fn open_presence(
        &self,
        request: Uuid,
        smartcard: Uuid,
        opening: &PresenceOpening,
    ) -> Result<PresenceChallenge, Error> {
        let route = Route::OpenPresence { request, smartcard };
        decode(self.transport.exchange(&route, Some(&encode(opening)?))?, "a challenge for a card")
    }

    /// Hands in what the card has said in a mutual authentication that is open.
    pub fn show_presence(&self, request: Uuid, smartcard: Uuid, step: &PresenceStep) -> Result<PresenceAnswer, Error> {
        let route = Route::ShowPresence { request, smartcard };
        decode(self.transport.exchange(&route, Some(&encode(step)?))?, "an answer to a card")
    }
}
