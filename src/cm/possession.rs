//! What the old key of a card or profile signs, so that new keys may take its place: the text, and the body that hands
//! the signature in. MIM CM has no such call.

use super::request::RequestType;
use super::route::Holder;
use super::wire::body::body;
use super::wire::{Crlf, Plain};
use uuid::Uuid;

/// Begins every such text. No other signature of such a key is over bytes that begin so: not over a certification
/// request or a CMS attribute (DER), nor a handshake of TLS.
const LABEL: &str = "cardwright, proof of possession of an old key, version 1";

/// Holds the body of `possession`: what the old key has signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Possession {
    /// The host by which the client calls the server, as it stands in the text.
    pub server: String,
    /// SHA-1 of the old key's certificate, hexadecimal.
    pub thumbprint: String,
    /// Over [`signed_text`]: RSA PKCS#1 v1.5 with SHA-256, or ECDSA (DER) with the hash of the curve.
    pub signature: Vec<u8>,
}

body!(Possession {
    server: "Server" => Plain<String>,
    thumbprint: "Thumbprint" => Plain<String>,
    signature: "Signature" => Crlf,
});

/// Returns the text that the old key signs: for this server, request, card or profile, and purpose, and no other.
pub fn signed_text(server: &str, request: Uuid, holder: Holder, purpose: RequestType) -> String {
    let (what, holder) = match holder {
        Holder::Smartcard(uuid) => ("smartcard", uuid),
        Holder::Profile(uuid) => ("profile", uuid),
    };
    let server = server.to_ascii_lowercase();
    format!("{LABEL}\nserver: {server}\nrequest: {request}\n{what}: {holder}\npurpose: {purpose}\n")
}
