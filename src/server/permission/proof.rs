//! Which calls of a session of pages need its user to have proven lately who he is: whoever sits down at a workstation that was
//! left open, or has come by its cookie, shall not decide, give rights or have keys told.

use super::caller::{Caller, Shown};
use crate::cm::request::RequestType;
use crate::cm::route::Route;
use time::{Duration, OffsetDateTime};

/// Sets for how long a proof counts as fresh.
pub const FRESH: Duration = Duration::minutes(5);

/// Says whether a call needs a fresh proof: it decides, changes people or what they come in by, or has keys told.
pub fn is_wanted(route: &Route) -> bool {
    matches!(
        route,
        Route::Approve { .. }
            | Route::Leave { .. }
            | Route::CollectSealedKeys { .. }
            | Route::AddUser
            | Route::ImportUsers
            | Route::ChangeUser { .. }
            | Route::TakeOver
            | Route::AddBearer { .. }
            | Route::MakeLink { .. }
            | Route::RenewOwnBearer
            | Route::LinkIdentity { .. }
            | Route::UnlinkIdentity { .. }
            | Route::ConfirmProposal { .. }
            | Route::RejectProposal { .. }
            | Route::HandOverVisit
    )
}

/// Likewise, an order of a request: it revokes for good, or has private keys told again.
pub fn is_wanted_for(request_type: RequestType) -> bool {
    match request_type {
        RequestType::Revoke | RequestType::Retire | RequestType::Recover | RequestType::RecoverOnBehalf => true,
        RequestType::Enroll
        | RequestType::Duplicate
        | RequestType::OfflineUnblock
        | RequestType::OnlineUpdate
        | RequestType::Renew
        | RequestType::Reinstate
        | RequestType::TemporaryCards
        | RequestType::Unblock
        | RequestType::Other(_) => false,
    }
}

/// Says whether a proof of `proven` is still fresh.
pub fn counts(proven: OffsetDateTime, now: OffsetDateTime) -> bool {
    (proven..proven + FRESH).contains(&now)
}

/// Says whether what the caller has shown is fresh enough. Every way in but a session of pages is shown with each call, or is a
/// program's.
pub fn is_fresh(caller: &Caller, now: OffsetDateTime) -> bool {
    match caller.shown {
        Shown::Page { proven, .. } => proven.is_some_and(|proven| counts(proven, now)),
        // A kiosk says what its visitor has shown, and nobody watches a kiosk.
        Shown::Visit { .. } => false,
        Shown::Bearer(_) | Shown::Oidc | Shown::Negotiate | Shown::Certificate | Shown::Link(_) | Shown::Session(_) => {
            true
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::permission::caller::Roles;
    use uuid::Uuid;

    #[test]
    fn only_a_session_of_pages_goes_stale() {
        let proven = OffsetDateTime::UNIX_EPOCH + Duration::days(20_000);
        let caller = |shown| Caller {
            uuid: Uuid::nil(),
            name: String::new(),
            groups: Vec::new(),
            roles: Roles::default(),
            bears_roles: true,
            shown,
        };
        let page = caller(Shown::Page { session: Uuid::nil(), proven: Some(proven) });
        let fresh = |seconds| is_fresh(&page, proven + Duration::seconds(seconds));
        assert!(fresh(0) && fresh(299));
        // A clock that was set back makes no proof fresh again.
        assert!(!fresh(300) && !fresh(-1));
        assert!(!is_fresh(&caller(Shown::Page { session: Uuid::nil(), proven: None }), proven));
        assert!(is_fresh(&caller(Shown::Session(Uuid::nil())), proven + Duration::days(1)));
    }
}
