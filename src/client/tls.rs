//! Speaks TLS below the HTTP library, which tells nothing of certificates: a login by ticket is bound to the one that the server has
//! shown (RFC 5929, 4), and goes over a connection with that one alone.

use super::error::{Error, OtherChannel};
use crate::pkix::server_end_point;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{AlertDescription, ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls_platform_verifier::BuilderVerifierExt;
use std::fmt;
use std::io::{self, Read, Write};
use std::sync::{Arc, OnceLock};
use ureq::unversioned::transport::time::{Duration, Instant};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport, TransportAdapter,
};

/// Says which certificates of a server are trusted.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Trust {
    /// Those that the operating system trusts.
    #[default]
    Platform,
    /// Only those under these trust anchors (PEM, one or more).
    Pem(Vec<u8>),
}

/// Lists the alerts by which a server refuses whoever shows no certificate, or one that it does not like (RFC 8446, 6.2).
const REFUSALS: [AlertDescription; 5] = [
    AlertDescription::CertificateRequired,
    AlertDescription::BadCertificate,
    AlertDescription::AccessDenied,
    AlertDescription::HandshakeFailure,
    AlertDescription::UnknownCA,
];

/// Holds what TLS is spoken with.
pub(super) struct Tls {
    /// `None`: those of the operating system, which are read for the first connection.
    anchors: Option<Arc<RootCertStore>>,
    config: OnceLock<Arc<ClientConfig>>,
}

/// Holds the name of the channel (RFC 5929, 4) of the first connection, which all others are to have; without one before that.
#[derive(Clone, Default)]
pub(super) struct Channel(Arc<OnceLock<Vec<u8>>>);

impl Channel {
    /// Returns the name.
    pub fn name(&self) -> Option<&[u8]> {
        self.0.get().map(Vec::as_slice)
    }

    /// Says whether a connection of this name is one of them; the first is.
    fn has(&self, name: Vec<u8>) -> bool {
        *self.0.get_or_init(|| name.clone()) == name
    }
}

impl Tls {
    /// Prepares connections to servers that are trusted. Trust anchors of which none can be read are an error.
    pub fn new(trust: &Trust) -> Result<Self, Error> {
        let anchors = match trust {
            Trust::Platform => None,
            Trust::Pem(pem) => Some(Arc::new(anchors(pem)?)),
        };
        Ok(Self { anchors, config: OnceLock::new() })
    }

    /// Returns the settings of TLS, made once.
    fn config(&self) -> Result<Arc<ClientConfig>, rustls::Error> {
        if let Some(made) = self.config.get() {
            return Ok(Arc::clone(made));
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let builder = match &self.anchors {
            Some(anchors) => builder.with_root_certificates(Arc::clone(anchors)),
            None => builder.with_platform_verifier()?,
        };
        Ok(Arc::clone(self.config.get_or_init(|| Arc::new(builder.with_no_client_auth()))))
    }
}

/// Connects by TLS where the address wants it; over one channel alone, if one is given: another connection fails with
/// [`OtherChannel`] before anything is sent.
pub(super) struct TlsConnector {
    pub tls: Arc<Tls>,
    pub channel: Option<Channel>,
}

impl fmt::Debug for TlsConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsConnector")
    }
}

impl<In: Transport> Connector<In> for TlsConnector {
    type Out = Either<In, Connection>;

    fn connect(&self, details: &ConnectionDetails, below: Option<In>) -> Result<Option<Self::Out>, ureq::Error> {
        let Some(below) = below else { return Ok(None) };
        if !details.needs_tls() {
            return Ok(Some(Either::A(below)));
        }
        let host = details.uri.host().unwrap_or_default();
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let name =
            ServerName::try_from(host.to_owned()).map_err(|_| ureq::Error::Tls("the host is no name for TLS"))?;
        let mut tls = ClientConnection::new(self.tls.config()?, name)?;
        let mut below = TransportAdapter::new(below.boxed(), details.current_time.clone());
        below.set_timeout(left(details));
        tls.complete_io(&mut below)?;
        if let Some(channel) = &self.channel {
            let shown = tls.peer_certificates().and_then(|chain| chain.first());
            let shown = shown.ok_or(ureq::Error::Tls("the server has shown no certificate"))?;
            if !channel.has(server_end_point(shown)) {
                return Err(ureq::Error::Other(Box::new(OtherChannel)));
            }
        }
        let buffers = LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        let stream = StreamOwned::new(tls, below);
        Ok(Some(Either::B(Connection { buffers, stream })))
    }
}

/// Returns how much is left of the time to connect in.
fn left(details: &ConnectionDetails) -> NextTimeout {
    let mut left = details.timeout;
    if let (Duration::Exact(whole), Instant::Exact(begun), Instant::Exact(now)) =
        (left.after, details.now, (details.current_time)())
    {
        left.after = Duration::Exact(whole.saturating_sub(now.saturating_duration_since(begun)));
    }
    left
}

/// Is a connection by TLS.
pub(super) struct Connection {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Connection").field(&self.stream.sock.inner()).finish()
    }
}

impl Transport for Connection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.stream.sock.set_timeout(timeout);
        self.stream.write_all(&self.buffers.output()[..amount]).map_err(broken)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.stream.sock.set_timeout(timeout);
        let amount = self.stream.read(self.buffers.input_append_buf()).map_err(broken)?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        // One whose end came with the last answer is over, whatever the network says; it may not even have been read yet.
        let below = self.stream.sock.get_mut();
        self.stream.conn.wants_read() && below.buffers().input().is_empty() && below.is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

/// Tells what broke an established connection from what kept one from being established: a call may have been sent over it. Without
/// the end that TLS gives a connection, what came is not taken for the whole either. To the client a connection is established before
/// the server has seen that it shows no certificate; what refuses it for that has done nothing.
fn broken(source: io::Error) -> ureq::Error {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, UnexpectedEof};
    let failure = source.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let breaks = match failure {
        Some(rustls::Error::AlertReceived(alert)) => !REFUSALS.contains(alert),
        Some(_) => true,
        None => matches!(source.kind(), UnexpectedEof | ConnectionAborted | ConnectionReset),
    };
    if breaks { ureq::Error::Other(Box::new(source)) } else { source.into() }
}

/// Reads the PEM certificates that are trusted; none is an error.
fn anchors(pem: &[u8]) -> Result<RootCertStore, Error> {
    let found = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    let found = found.map_err(|source| Error::TrustedCertificates { source: Some(Box::new(source)) })?;
    let mut anchors = RootCertStore::empty();
    // As any list of anchors is taken: one that is odd stops none of the rest.
    match anchors.add_parsable_certificates(found) {
        (0, _) => Err(Error::TrustedCertificates { source: None }),
        _ => Ok(anchors),
    }
}
