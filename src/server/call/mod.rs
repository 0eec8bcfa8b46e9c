//! What every controller is given: the call, the services, a body not read yet; and what it gives back.
//!
//! [`app::App`] is the one file that gathers the services; a service itself never sees it.

pub mod app;
pub mod body;
pub mod reply;

use super::permission::caller::Caller;
use app::App;
use time::OffsetDateTime;
use uuid::Uuid;

/// What every controller is given.
pub struct Call<'a> {
    pub app: &'a App,
    pub caller: Caller,
    pub now: OffsetDateTime,
    /// The correlation id.
    pub id: Uuid,
}
