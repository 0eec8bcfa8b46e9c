//! Listening: bounds on connections, heads and waiting, and a stop that finishes what was begun.

use super::bound::{Bounded, CountConnections};
use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{Handle, Server};
use rustls::ServerConfig;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

/// How long what was begun may take to finish once a listener is told to stop.
pub const STOP_GRACE: Duration = Duration::from_secs(10);
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
const MAX_HEADERS: usize = 64;
const MAX_HEADER_BYTES: usize = 16 * 1024;

/// Binds an address; returns the listener and where it listens, which port 0 leaves to the system.
pub fn bind(addr: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(addr)?;
    listener.set_nonblocking(true)?;
    let addr = listener.local_addr()?;
    Ok((listener, addr))
}

/// Accepts plain HTTP on at most this many connections at one time.
pub fn plain<C: CountConnections>(connections: usize, open: C) -> Bounded<NoDelayAcceptor, C> {
    Bounded::new(NoDelayAcceptor::new(), connections, open)
}

/// Accepts TLS; a handshake has ten seconds.
pub fn tls(config: Arc<ServerConfig>) -> RustlsAcceptor<NoDelayAcceptor> {
    let acceptor = RustlsAcceptor::new(RustlsConfig::from_config(config)).handshake_timeout(HANDSHAKE_TIMEOUT);
    acceptor.acceptor(NoDelayAcceptor::new())
}

/// Returns an HTTP/1.1 server on a listener that bounds what a head may hold, and how long it may take.
pub fn http1<A>(listener: TcpListener, acceptor: A) -> io::Result<Server<SocketAddr, A>> {
    let mut server = axum_server::from_tcp(listener)?.acceptor(acceptor).http1_only();
    server
        .http_builder()
        .http1()
        .timer(hyper_util::rt::TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEADER_BYTES);
    Ok(server)
}

/// Serves until `stop`, and then until what was begun is finished, for at most [`STOP_GRACE`].
pub async fn until(
    stop: impl Future<Output = ()>,
    handle: &Handle<SocketAddr>,
    serving: impl Future<Output = io::Result<()>>,
) -> io::Result<()> {
    let mut serving = pin!(serving);
    tokio::select! {
        served = &mut serving => return served,
        () = stop => handle.graceful_shutdown(Some(STOP_GRACE)),
    }
    serving.await
}
