//! Requests: what is asked for, by whom, and how far it has come.

use time::OffsetDateTime;
use uuid::Uuid;

/// The request types of the REST API. Numbers in [`RequestType::number`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RequestType {
    Enroll,
    Duplicate,
    OfflineUnblock,
    OnlineUpdate,
    Renew,
    Recover,
    RecoverOnBehalf,
    Reinstate,
    Retire,
    Revoke,
    TemporaryCards,
    Unblock,
}

/// How far a request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RequestStatus {
    None,
    Approved,
    Denied,
    Completed,
    Failed,
    Pending,
    Canceled,
    Executing,
}

/// One collected data item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataItem {
    pub name: String,
    pub value: Option<String>,
}

/// The body of `POST requests`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateRequest {
    pub profile_template: Option<Uuid>,
    pub data_collection: Vec<DataItem>,
    /// `None`: the caller.
    pub target: Option<Uuid>,
    pub request_type: RequestType,
    pub comment: String,
    /// 0 is the highest; `None`: the policy's default.
    pub priority: Option<u8>,
    pub smartcard: Option<Uuid>,
    pub profile: Option<Uuid>,
}

/// A request as `GET requests/{id}` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub uuid: Uuid,
    pub request_type: RequestType,
    pub status: RequestStatus,
    pub flags: u32,
    pub data_collection: Vec<DataItem>,
    pub data_collection_flags: u32,
    pub originator: Uuid,
    pub target: Uuid,
    pub submitted: OffsetDateTime,
    /// `None` on the wire is `0001-01-01T00:00:00`.
    pub completed: Option<OffsetDateTime>,
    /// `None` on the wire is the empty GUID, here and below.
    pub new_profile: Option<Uuid>,
    pub old_profile: Option<Uuid>,
    pub new_smartcard: Option<Uuid>,
    pub old_smartcard: Option<Uuid>,
    pub priority: u8,
    pub comment: String,
    pub profile_template: Uuid,
    /// SDDL; Microsoft's ends in NULs.
    pub security_descriptor: String,
    pub is_smartcard: bool,
    pub is_enrollment_agent: bool,
    pub is_data_collection_complete: bool,
}

/// What `PUT requests/{id}` may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestClosing {
    Completed,
    Canceled,
    Abandoned,
}
