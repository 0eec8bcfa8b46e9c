//! Asks for reports; all of it beyond MIM.

use super::cm_client::CmClient;
use super::error::Error;
use crate::cm::report::{Report, ReportKind};
use crate::cm::route::Route;
use time::OffsetDateTime;

impl CmClient {
    /// Returns a page of a report of what happened from a moment on and before another; `after` is what the page before
    /// says of the next.
    pub fn report(
        &self,
        report: ReportKind,
        (from, to): (Option<OffsetDateTime>, Option<OffsetDateTime>),
        after: Option<String>,
        limit: u32,
    ) -> Result<Report, Error> {
        self.one(&Route::GetReport { report, from, to, after, limit: Some(limit) }, "a report")
    }
}
