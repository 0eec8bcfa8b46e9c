//! Bodies of calls that MIM CM does not have, under a prefix of our own: users, approvals, data items given later,
//! forms, one-time passwords, sealed keys. The others of that prefix are in `card_secrets`, `offline`, `audit` and
//! `account`.

use super::data_item::{DataItem, DataItemsOrNothing, DataPairs};
use super::request::{Request, RequestType};
use super::wire::body::body;
use super::wire::{
    Crlf, Guid, Named, OneTimePasswordOrNothing, Plain, PlainOr, PlainOrNothing, PriorityText, Text, TextList,
    TextOrNothing,
};
use crate::secret::OneTimePassword;
use serde::{Serialize, Serializer};
use uuid::Uuid;

/// Describes a user as the calls beyond MIM show one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub uuid: Uuid,
    pub name: String,
    pub groups: Vec<String>,
}

body!(User { uuid: "Uuid" => Guid, name: "Name" => Plain<String>, groups: "Groups" => TextList });

/// Describes the caller, as `whoami` answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Myself {
    pub uuid: Uuid,
    pub name: String,
    pub groups: Vec<String>,
    /// Names of the duties that the caller has by the server's roles, not by a template; the key is left out when there
    /// are none.
    pub duties: Option<Vec<String>>,
    /// What the caller does for others in some template: "decide", "ask", "execute"; the key is left out when it is nothing.
    pub parts: Option<Vec<String>>,
}

body!(Myself {
    uuid: "Uuid" => Guid,
    name: "Name" => Plain<String>,
    groups: "Groups" => TextList,
    duties: "Duties" => PlainOrNothing<Vec<String>>,
    parts: "Parts" => PlainOrNothing<Vec<String>>,
});

/// Names a request type that the caller may ask for a card or profile; one entry of `requesttypes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferedType {
    pub request_type: RequestType,
    /// "suspend" or "reinstate" for the type Reinstate; empty for others.
    pub effect: String,
}

body!(OfferedType { request_type: "Type" => Named<RequestType>, effect: "Effect" => TextOrNothing });

/// Holds the body of `approve` and `deny`.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Decision {
    pub comment: String,
    /// Data items that the certificate manager gives with an approval.
    pub data_collection: Vec<DataItem>,
    /// 0 is the highest; `None` leaves the priority as it is.
    pub priority: Option<u8>,
    /// The request's data items as the approver has seen them; a decision is refused where they are others by now.
    /// `None`: the approver does not say.
    pub seen: Option<Vec<DataItem>>,
}

body!(Decision {
    comment: "Comment" | "Comments" => Text,
    data_collection: "DataCollection" => DataPairs,
    priority: "Priority" => PriorityText,
    seen: "Seen" => DataItemsOrNothing,
});

/// Holds the body of `datacollection`: data items for a request that exists already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataCollection {
    pub items: Vec<DataItem>,
}

body!(DataCollection { items: "DataCollection" => DataPairs });

/// Holds a request's one-time passwords: those that a caller proves, or new ones that are shown once. They are secrets,
/// so the type cannot be printed.
#[derive(Default)]
pub struct OneTimePasswords {
    pub first: Option<OneTimePassword>,
    pub second: Option<OneTimePassword>,
}

body!(OneTimePasswords {
    first: "OneTimePassword" => OneTimePasswordOrNothing,
    second: "SecondOneTimePassword" => OneTimePasswordOrNothing,
});

/// Answers an approval: the request, and after the last approval the one-time passwords that the approver hands over.
pub struct Decided {
    pub request: Request,
    pub passwords: OneTimePasswords,
}

impl Serialize for Decided {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Flat<'a> {
            #[serde(flatten)]
            request: &'a Request,
            #[serde(flatten)]
            passwords: &'a OneTimePasswords,
        }
        Flat { request: &self.request, passwords: &self.passwords }.serialize(serializer)
    }
}

/// Holds a form with its placeholders filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilledDocument {
    pub name: String,
    pub text: String,
}

body!(FilledDocument { name: "Name" => Plain<String>, text: "Text" => Text });

/// Holds an archived private key that recovery agents alone can open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedKey {
    pub template_common_name: String,
    /// Upper-case hexadecimal.
    pub serial_number: String,
    pub is_key_history: bool,
    /// The certificate of the key, DER.
    pub certificate: Vec<u8>,
    /// PKCS#8 in CMS AuthEnvelopedData (RFC 5083), DER.
    pub sealed: Vec<u8>,
}

body!(SealedKey {
    template_common_name: "TemplateCommonName" => Text,
    serial_number: "SerialNumber" => Text,
    is_key_history: "IsKeyHistory" => PlainOr<bool>,
    certificate: "Certificate" => Crlf,
    sealed: "Sealed" => Crlf,
});
