//! accept.rs

use super::bound::{Bounded, http1};
use super::peer::Shows;
use super::router;
use crate::server::call::app::App;
use axum_server::Handle;
use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use rustls::ServerConfig;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

/// Bounds of the listener.
pub const MAX_CONNECTIONS: usize = 1024;
/// How long what was begun may take to finish once the server is told to stop.
pub const STOP_GRACE: Duration = Duration::from_secs(10);
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Serves until `stop`, and then until what was begun is finished, for a while.
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

pub async fn accept(
    app: &Arc<App>,
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    handle: Handle<SocketAddr>,
) -> io::Result<()> {
    let connections = app.metrics.connections();
    match tls {
        None => {
            let acceptor = Bounded::new(NoDelayAcceptor::new(), MAX_CONNECTIONS, connections);
            http1(listener, acceptor)?.handle(handle).serve(router::service(Arc::clone(app))).await
        }
        Some(tls) => {
            let acceptor = RustlsAcceptor::new(RustlsConfig::from_config(tls)).handshake_timeout(HANDSHAKE_TIMEOUT);
            let acceptor = Shows(acceptor.acceptor(NoDelayAcceptor::new()));
            let acceptor = Bounded::new(acceptor, MAX_CONNECTIONS, connections);
            http1(listener, acceptor)?.handle(handle).serve(router::service(Arc::clone(app))).await
        }
    }
}
