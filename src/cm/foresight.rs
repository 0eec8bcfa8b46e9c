//! The body that says, before a request is made or carried out, what it would come to. MIM CM has no such call.

use super::request::{RequestStatus, RequestType};
use super::template::GenerationOptions;
use super::wire::body::body;
use super::wire::{Guid, Named, Plain, PlainOr, PlainOrNothing, Text, TextList, TextOrNothing, TrueOrNothing};
use uuid::Uuid;

/// Tells what a request would come to, if it were made, or approved, now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foresight {
    /// Whether the caller could carry the request out at once: no approval is waited for, no password to be proven.
    pub at_once: bool,
    /// Whether the old key must be shown, as nothing stands in for it.
    pub possession: bool,
    /// The keys that the client would be asked to make, in order.
    pub key_orders: Vec<GenerationOptions>,
    /// The certificates with new keys that would be issued, in the template's order.
    pub certificates: Vec<ForeseenCertificate>,
    /// The private keys that the server would send with the certificates, in the order of its answer. `None`: it does not
    /// tell, because the caller could not have them yet, or it is of an earlier version.
    pub keys_to_come: Option<Vec<ForeseenKey>>,
    /// How many characters the password of those keys has at least; `None`: it does not tell.
    pub shortest_pfx_password: Option<u32>,
    /// Requests that are open already, for the same person or card, and would come to something alike; the newest first. A
    /// server of an earlier version tells of none.
    pub open: Vec<OpenRequest>,
}

body!(Foresight {
    at_once: "AtOnce" => PlainOr<bool>,
    possession: "PossessionDemanded" => PlainOr<bool>,
    key_orders: "KeyOrders" => PlainOr<Vec<GenerationOptions>>,
    certificates: "Certificates" => PlainOr<Vec<ForeseenCertificate>>,
    keys_to_come: "KeysToCome" => PlainOrNothing<Vec<ForeseenKey>>,
    shortest_pfx_password: "ShortestPfxPassword" => PlainOrNothing<u32>,
    open: "OpenRequests" => PlainOr<Vec<OpenRequest>>,
});

/// Names a request that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenRequest {
    pub request: Uuid,
    pub request_type: RequestType,
    pub status: RequestStatus,
}

body!(OpenRequest {
    request: "RequestUuid" => Guid,
    request_type: "RequestType" => Named<RequestType>,
    status: "Status" => Named<RequestStatus>,
});

/// Tells whom a certificate would name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeseenCertificate {
    pub template_common_name: String,
    /// RFC 4514 text.
    pub subject: String,
    /// Subject alternative names, each with its kind before a colon.
    pub names: Vec<String>,
}

body!(ForeseenCertificate {
    template_common_name: "TemplateCommonName" => Plain<String>,
    subject: "Subject" => Text,
    names: "SubjectAlternativeNames" => TextList,
});

/// Tells of a private key that the server would send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeseenKey {
    pub template_common_name: String,
    /// The server makes it for this request.
    pub is_server_generated: bool,
    /// It is of earlier times, and only decrypts what was encrypted before.
    pub is_key_history: bool,
    /// "RSA", "ECDSA_P256" or "ECDSA_P384", as in an order for a key; empty for another kind.
    pub key_algorithm_name: String,
    /// In bits.
    pub key_size: u32,
    /// EnrollKeyUsages bits: 1 decryption, 2 signing, 4 key agreement.
    pub key_usages: u32,
    /// Object identifiers, dotted.
    pub extended_key_usages: Vec<String>,
    /// SHA-1 of its certificate in upper-case hexadecimal; empty where that is not issued yet.
    pub thumbprint: String,
}

body!(ForeseenKey {
    template_common_name: "TemplateCommonName" => Plain<String>,
    is_server_generated: "IsServerGenerated" => TrueOrNothing,
    is_key_history: "IsKeyHistory" => TrueOrNothing,
    key_algorithm_name: "KeyAlgorithmName" => Text,
    key_size: "KeySize" => PlainOr<u32>,
    key_usages: "KeyUsages" => PlainOr<u32>,
    extended_key_usages: "ExtendedKeyUsages" => TextList,
    thumbprint: "Thumbprint" => TextOrNothing,
});
