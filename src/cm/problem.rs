//! What a refusal looks like on the wire, and the stable codes scripts may rely on.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The JSON body of every refusal. MIM's own shape is not documented; `Message` is ASP.NET Web API's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Problem {
    /// What happened and what to do next, for people.
    pub message: String,
    /// Stable, for scripts: "request-pending", say.
    pub code: String,
    /// The same id stands in the server's log.
    pub correlation_id: Uuid,
}
