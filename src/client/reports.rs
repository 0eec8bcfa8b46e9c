//! Asks for reports; all of it beyond MIM.

use super::cm_client::CmClient;
use super::error::Error;
use crate::cm::health::Health;
use crate::cm::report::{Report, ReportKind};
use crate::cm::route::Route;
use crate::cm::template_facts::{TemplateFacts, TemplateFile, TemplateVersion};
use time::OffsetDateTime;
use uuid::Uuid;

impl CmClient {
    /// Tells how the server stands: what is well, what ends soon, what fails.
    pub fn health(&self) -> Result<Health, Error> {
        self.one(&Route::GetHealth, "a report of how the server stands")
    }

    /// Tells all that a template says, in facts.
    pub fn template_facts(&self, template: Uuid) -> Result<TemplateFacts, Error> {
        self.one(&Route::DescribeTemplate { template }, "a description of a template")
    }

    /// Lists what a template has said, the newest first, as far as that is kept.
    pub fn template_versions(&self, template: Uuid) -> Result<Vec<TemplateVersion>, Error> {
        self.list(&Route::ListTemplateVersions { template }, "versions of a template")
    }

    /// Reads a template's file, and what a check says of it.
    pub fn template_file(&self, template: Uuid) -> Result<TemplateFile, Error> {
        self.one(&Route::GetTemplateFile { template }, "the file of a template")
    }

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

    /// Counts by month and template the certificates on cards that end within so many days.
    pub fn ending_by_month(&self, days: u32) -> Result<Report, Error> {
        self.one(&Route::CountEndingCards { days }, "a report")
    }
}
