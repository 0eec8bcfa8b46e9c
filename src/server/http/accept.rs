//! The listeners that answer calls: TLS by default; every call is handed what is known of its connection.

use super::peer::WithConnection;
use super::router::{self, Serving};
use super::tls::Followed;
use crate::web::bound::{Bounded, Bounds};
use crate::web::listen;
use axum_server::Handle;
use std::io;
use std::net::{SocketAddr, TcpListener};
use tokio_util::sync::CancellationToken;

/// Limits how many connections are open at one time.
const MAX_CONNECTIONS: usize = 1024;

/// Limits how many connections are open at one time where people only sign in by their card.
const MAX_SIGNING_IN: usize = 256;

/// Serves calls on a listener until `handle` is told to stop; speaks plain HTTP without `tls`.
pub async fn accept(
    serving: Serving,
    listener: TcpListener,
    tls: Option<Followed>,
    handle: Handle<SocketAddr>,
) -> io::Result<()> {
    match tls {
        None => {
            let acceptor = listen::plain(bounds(&serving, MAX_CONNECTIONS), serving.app.metrics.connections());
            listen::http1(listener, acceptor)?.handle(handle).serve(router::service(serving)).await
        }
        Some(tls) => over_tls(serving, listener, tls, handle, MAX_CONNECTIONS).await,
    }
}

/// Serves calls on the listener that asks for client certificates, until told to end; then lets open calls finish.
pub async fn with_certificates(serving: Serving, listener: TcpListener, tls: Followed, ending: CancellationToken) {
    let handle = Handle::new();
    let accepting = over_tls(serving, listener, tls, handle.clone(), MAX_SIGNING_IN);
    if let Err(error) = listen::serve_until(ending.cancelled(), &handle, accepting).await {
        tracing::error!(%error, "the listener for client certificates has ended");
    }
}

async fn over_tls(
    serving: Serving,
    listener: TcpListener,
    tls: Followed,
    handle: Handle<SocketAddr>,
    most: usize,
) -> io::Result<()> {
    let connections = WithConnection(listen::tls(tls.config), tls.shown);
    let acceptor = Bounded::new(connections, bounds(&serving, most), serving.app.metrics.connections());
    listen::http1(listener, acceptor)?.handle(handle).serve(router::service(serving)).await
}

/// Returns how many connections there may be, at all and of one address.
fn bounds(serving: &Serving, all: usize) -> Bounds {
    Bounds { all, of_address: serving.app.identity.limits.connections_per_address.into() }
}
