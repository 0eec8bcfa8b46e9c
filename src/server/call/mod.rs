//! What every controller is given: the call, the services, a body not read yet; and what it gives back.
//!
//! [`app::App`] alone gathers the services; a service itself never sees it.

pub mod app;
pub mod body;
pub mod reply;

use super::audit::deed::{self, Deed};
use super::permission::caller::Caller;
use crate::store::AuditEntry;
use app::App;
use time::OffsetDateTime;
use uuid::Uuid;

/// Holds what every controller is given.
pub struct Call<'a> {
    pub app: &'a App,
    pub caller: Caller,
    /// When the call came, in whole milliseconds.
    pub now: OffsetDateTime,
    /// The correlation id.
    pub id: Uuid,
}

impl Call<'_> {
    /// Begins the log's entry of an act of the caller.
    pub fn entry(&self, deed: Deed) -> AuditEntry {
        AuditEntry {
            actor: Some(self.caller.uuid),
            actor_name: self.caller.name.clone(),
            correlation: Some(self.id),
            ..deed::own(deed, self.now)
        }
    }
}
