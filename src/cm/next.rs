//! Says by which command of the program a request goes on.

use super::request::{Request, RequestStatus, RequestType};

/// Returns the command by which the request is carried out, once it is approved: it waits for that where it is not.
/// `None`: nothing is left to do, or only another program can do it.
pub fn next(request: &Request) -> Option<String> {
    next_of(request.uuid, request.request_type, request.status)
}

/// Likewise, for a request of which that much is known.
pub fn next_of(request: uuid::Uuid, request_type: RequestType, status: RequestStatus) -> Option<String> {
    let waits = match status {
        RequestStatus::Pending | RequestStatus::None => " --wait",
        RequestStatus::Approved | RequestStatus::Executing => "",
        RequestStatus::Denied
        | RequestStatus::Completed
        | RequestStatus::Failed
        | RequestStatus::Canceled
        | RequestStatus::Other(_) => return None,
    };
    let command = match request_type {
        RequestType::Unblock => format!("unblock --request {request}{waits}"),
        RequestType::Retire => format!("retire --request {request}{waits}"),
        RequestType::OfflineUnblock => format!("request answer {request}"),
        RequestType::Revoke | RequestType::Reinstate => format!("request complete {request}{waits}"),
        RequestType::Enroll
        | RequestType::Duplicate
        | RequestType::OnlineUpdate
        | RequestType::Renew
        | RequestType::Recover
        | RequestType::RecoverOnBehalf
        | RequestType::TemporaryCards => format!("enroll --request {request}{waits}"),
        RequestType::Other(_) => return None,
    };
    Some(format!("cardwright {command}"))
}
