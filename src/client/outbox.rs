//! Looks after the outbox, as an administrator; all of it beyond MIM.

use super::cm_client::CmClient;
use super::error::Error;
use crate::cm::outbox::OutboxEntry;
use crate::cm::route::Route;
use uuid::Uuid;

impl CmClient {
    /// Lists a page of notices, newest first; `state` is one of [`crate::cm::outbox::STATES`], `before` the last notice of
    /// the page before.
    pub fn outbox(&self, state: Option<&str>, before: Option<Uuid>, limit: u32) -> Result<Vec<OutboxEntry>, Error> {
        let state = state.map(str::to_owned);
        self.list(&Route::ListNotices { state, before, limit: Some(limit) }, "a list of notices")
    }

    /// Has a notice sent now, even if it was given up.
    pub fn retry_notice(&self, notice: Uuid) -> Result<(), Error> {
        self.transport.exchange(&Route::RetryNotice { notice }, Some(b"{}")).map(drop)
    }

    /// Has a notice sent no more.
    pub fn discard_notice(&self, notice: Uuid) -> Result<(), Error> {
        self.transport.exchange(&Route::DiscardNotice { notice }, Some(b"{}")).map(drop)
    }
}
