//! What MIM CM has no REST route for, under a prefix of our own: approvals, data items given later, who is who, forms,
//! sealed keys. The others of that prefix are in `card_secrets`, `offline`, `audit` and `account`.

use super::data_item::{DataItem, DataPairs};
use super::request::{Request, RequestType};
use super::wire::body::body;
use super::wire::{
    Crlf, Guid, Named, OneTimePasswordOrNothing, Plain, PlainOr, PlainOrNothing, PriorityText, Text, TextList,
    TextOrNothing,
};
use crate::secret::OneTimePassword;
use serde::{Serialize, Serializer};
use uuid::Uuid;

/// A user as the extension shows one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub uuid: Uuid,
    pub name: String,
    pub groups: Vec<String>,
}

body!(User { uuid: "Uuid" => Guid, name: "Name" => Plain<String>, groups: "Groups" => TextList });

/// The caller, as `whoami` shows one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Myself {
    pub uuid: Uuid,
    pub name: String,
    pub groups: Vec<String>,
    /// What the caller may do that no template gives, by the server's words; the key is left out when there is nothing.
    pub duties: Option<Vec<String>>,
}

body!(Myself {
    uuid: "Uuid" => Guid,
    name: "Name" => Plain<String>,
    groups: "Groups" => TextList,
    duties: "Duties" => PlainOrNothing<Vec<String>>,
});

/// One entry of `requesttypes`: what may be asked for a card or profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferedType {
    pub request_type: RequestType,
    /// Of Reinstate: "suspend" or "reinstate"; empty elsewhere.
    pub effect: String,
}

body!(OfferedType { request_type: "Type" => Named<RequestType>, effect: "Effect" => TextOrNothing });

/// The body of `approve` and `deny`.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Decision {
    pub comment: String,
    /// The manager's data items, given with an approval.
    pub data_collection: Vec<DataItem>,
    /// 0 is the highest; `None`: as it is.
    pub priority: Option<u8>,
}

body!(Decision {
    comment: "Comment" | "Comments" => Text,
    data_collection: "DataCollection" => DataPairs,
    priority: "Priority" => PriorityText,
});

/// The body of `datacollection`: items for a request that was made before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataCollection {
    pub items: Vec<DataItem>,
}

body!(DataCollection { items: "DataCollection" => DataPairs });

/// A request's one-time passwords: those that are proven, or those that are shown, once. They are not shown otherwise.
#[derive(Default)]
pub struct OneTimePasswords {
    pub first: Option<OneTimePassword>,
    pub second: Option<OneTimePassword>,
}

body!(OneTimePasswords {
    first: "OneTimePassword" => OneTimePasswordOrNothing,
    second: "SecondOneTimePassword" => OneTimePasswordOrNothing,
});

/// The answer to an approval: the request, and with the last approval the one-time passwords the approver hands over.
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

/// A form, filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilledDocument {
    pub name: String,
    pub text: String,
}

body!(FilledDocument { name: "Name" => Plain<String>, text: "Text" => Text });

/// An archived private key as recovery agents alone can open it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedKey {
    pub template_common_name: String,
    /// Upper-case hexadecimal.
    pub serial_number: String,
    pub is_key_history: bool,
    /// The certificate whose key it is, DER.
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
