//! Speaks TLS below the HTTP library, which tells nothing of certificates: a login by ticket is bound to the one that the server has
//! shown (RFC 5929, 4), and goes over a connection with that one alone.

use super::error::{Error, OtherChannel};
use crate::pkix::server_end_point;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls_platform_verifier::BuilderVerifierExt;
use std::cell::RefCell;
use std::fmt;
use std::io::{Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
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

/// Connects by TLS where the address wants it.
pub(super) struct Tls {
    /// `None`: those of the operating system, which are read for the first connection.
    anchors: Option<Arc<RootCertStore>>,
    config: OnceLock<Arc<ClientConfig>>,
    channel: Channel,
}

thread_local! {
    /// Names the one channel that a call of this thread may go over.
    // It is constant; for Windows clippy does not see that.
    #[allow(clippy::missing_const_for_thread_local)]
    static BOUND: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// Holds the name of the channel (RFC 5929, 4) that was used last; `None` before the first.
#[derive(Clone, Default)]
pub(super) struct Channel(Arc<Mutex<Option<Vec<u8>>>>);

impl Channel {
    /// Returns the name.
    pub fn name(&self) -> Option<Vec<u8>> {
        self.slot().clone()
    }

    /// Forgets which one was used.
    pub fn forget(&self) {
        *self.slot() = None;
    }

    fn slot(&self) -> MutexGuard<'_, Option<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes a call on this thread that goes over the channel of this name alone, where one is given; over another it fails with
/// [`OtherChannel`] before anything is sent.
pub(super) fn bound<T>(name: Option<Vec<u8>>, call: impl FnOnce() -> T) -> T {
    BOUND.set(name);
    let done = call();
    BOUND.set(None);
    done
}

impl Tls {
    /// Prepares connections to servers that are trusted; `channel` is told of each that is used. Trust anchors that are no PEM are
    /// an error.
    pub fn new(trust: &Trust, channel: Channel) -> Result<Self, Error> {
        let anchors = match trust {
            Trust::Platform => None,
            Trust::Pem(pem) => Some(Arc::new(anchors(pem)?)),
        };
        Ok(Self { anchors, config: OnceLock::new(), channel })
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

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

impl<In: Transport> Connector<In> for Tls {
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
        let mut tls = ClientConnection::new(self.config()?, name)?;
        let mut below = TransportAdapter::new(below.boxed(), details.current_time.clone());
        below.set_timeout(left(details));
        tls.complete_io(&mut below)?;
        let shown = tls.peer_certificates().and_then(|chain| chain.first());
        let name = shown.map(|leaf| server_end_point(leaf));
        let buffers = LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        let stream = StreamOwned::new(tls, below);
        Ok(Some(Either::B(Connection { buffers, stream, name, used: self.channel.clone() })))
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
    name: Option<Vec<u8>>,
    /// Is told when this one is used.
    used: Channel,
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
        if BOUND.with_borrow(|bound| bound.is_some() && *bound != self.name) {
            return Err(ureq::Error::Other(Box::new(OtherChannel)));
        }
        (*self.used.slot()).clone_from(&self.name);
        self.stream.sock.set_timeout(timeout);
        Ok(self.stream.write_all(&self.buffers.output()[..amount])?)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.stream.sock.set_timeout(timeout);
        let amount = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.sock.get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

/// Reads the PEM certificates that are trusted; none is an error.
fn anchors(pem: &[u8]) -> Result<RootCertStore, Error> {
    let found = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    let found = found.map_err(|source| Error::TrustedCertificates { source: Some(Box::new(source)) })?;
    if found.is_empty() {
        return Err(Error::TrustedCertificates { source: None });
    }
    let mut anchors = RootCertStore::empty();
    // As any list of anchors is taken: one that is odd stops none of the rest.
    anchors.add_parsable_certificates(found);
    Ok(anchors)
}
