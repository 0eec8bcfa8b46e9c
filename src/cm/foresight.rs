//! The body that says, before a request is made or carried out, what it would come to. MIM CM has no such call.

use super::template::GenerationOptions;
use super::wire::body::body;
use super::wire::{Plain, PlainOr, Text, TextList};

/// Tells what a request would come to, if it were made, or approved, now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foresight {
    /// Whether the caller could carry the request out at once: no approval is waited for, no password to be proven.
    pub at_once: bool,
    /// The keys that the client would be asked to make, in order.
    pub key_orders: Vec<GenerationOptions>,
    /// The certificates with new keys that would be issued, in the template's order.
    pub certificates: Vec<ForeseenCertificate>,
}

body!(Foresight {
    at_once: "AtOnce" => PlainOr<bool>,
    key_orders: "KeyOrders" => PlainOr<Vec<GenerationOptions>>,
    certificates: "Certificates" => PlainOr<Vec<ForeseenCertificate>>,
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
