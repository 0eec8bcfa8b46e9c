//! Every refusal of the server with its status and code. Inner causes go to the log, never to the caller.
//!
//! In: errors of the rooms below. Out: [`ApiError`], and the row of the table that it is answered with.

mod conversions;
mod fact;
mod internal;
mod reason;
mod refusal;
mod rows;

pub use fact::Fact;
pub use internal::Internal;
pub use reason::Reason;
pub use refusal::ApiError;
