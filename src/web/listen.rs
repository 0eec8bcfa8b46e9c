//! Listens within bounds on connections, on a request's head and on waiting; a stop lets open calls finish.

use super::bound::{Bounded, Bounds, CountConnections};
use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{Handle, Server};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::time::Duration;

/// Limits how long open calls may take to finish once a listener is told to stop.
pub const STOP_GRACE: Duration = Duration::from_secs(10);

/// Limits how long a TLS handshake may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Limits how long the head of a request may take to arrive.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);

/// Limits how many headers a request may have.
const MAX_HEADERS: usize = 64;

/// Limits the buffer that a request's head must fit into, in bytes.
const MAX_HEADER_BYTES: usize = 16 * 1024;

/// Binds an address; returns the listener and its actual address, for port 0 has the system choose one.
pub fn bind(addr: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(addr)?;
    listener.set_nonblocking(true)?;
    let addr = listener.local_addr()?;
    Ok((listener, addr))
}

/// Returns an acceptor of plain HTTP with at most so many connections open at one time; `open` counts them.
pub fn plain<C: CountConnections>(bounds: Bounds, open: C) -> Bounded<NoDelayAcceptor, C> {
    Bounded::new(NoDelayAcceptor::new(), bounds, open)
}

/// Returns an acceptor of TLS; a handshake may take ten seconds.
pub fn tls(config: RustlsConfig) -> RustlsAcceptor<NoDelayAcceptor> {
    let acceptor = RustlsAcceptor::new(config).handshake_timeout(HANDSHAKE_TIMEOUT);
    acceptor.acceptor(NoDelayAcceptor::new())
}

/// Returns an HTTP/1.1 server on a listener; it limits the size of a request's head and how long it may take to arrive.
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

/// Serves until `stop` ends, then lets open calls finish, for at most [`STOP_GRACE`].
pub async fn serve_until(
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
