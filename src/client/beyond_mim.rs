//! Names the routes beyond MIM, for errors about servers that lack them.

use crate::cm::route::Route;

/// Returns what a route beyond MIM is for; `None` for MIM's own routes.
pub(super) fn purpose(route: &Route) -> Option<&'static str> {
    match route {
        Route::ListRequestTypes { .. } => Some("list of request types"),
        Route::Whoami => Some("answer to who the caller is"),
        Route::FindUser { .. } => Some("search for users"),
        Route::ListVisibleRequests { .. } => Some("list of other people's requests"),
        Route::Approve { .. } | Route::Deny { .. } => Some("approval of requests"),
        Route::CollectSealedKeys { .. } => Some("archive of keys sealed to agents"),
        Route::GetAdminKeyState { .. }
        | Route::TellAdminKey { .. }
        | Route::SurrenderAdminKey { .. }
        | Route::GetNextAdminKey { .. } => Some("record of admin keys"),
        Route::GetPuk { .. } | Route::TellPuk { .. } => Some("record of PUKs"),
        Route::OfflineUnblock { .. } => Some("offline unblock"),
        Route::GetCaCertificate => Some("CA certificate to fetch"),
        Route::GetCrl => Some("revocation list to fetch"),
        _ => None,
    }
}
