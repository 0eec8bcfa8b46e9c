//! Says what is known of the TLS connection that a call came over.

use std::sync::Arc;

/// Is handed to each call over TLS.
#[derive(Clone)]
pub struct TlsConnection {
    /// The client certificate, DER, that the handshake has verified; `None`: none was shown.
    pub client: Option<Arc<Vec<u8>>>,
    /// The channel's name, to which logins may be bound (RFC 5929, 4).
    pub channel: Arc<[u8]>,
}
