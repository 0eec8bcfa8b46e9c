//! The main listener: TLS by default; every call is handed the client's certificate, if there is one.

use super::peer::WithPeerCertificate;
use super::router;
use crate::server::call::app::App;
use crate::web::bound::{Bounded, Bounds};
use crate::web::listen;
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

/// Limits how many connections are open at one time.
const MAX_CONNECTIONS: usize = 1024;

/// Serves calls on a listener until `handle` is told to stop; speaks plain HTTP without `tls`.
pub async fn accept(
    app: &Arc<App>,
    listener: TcpListener,
    tls: Option<RustlsConfig>,
    handle: Handle<SocketAddr>,
) -> io::Result<()> {
    let connections = app.metrics.connections();
    let bounds = Bounds { all: MAX_CONNECTIONS, of_address: app.identity.limits.connections_per_address.into() };
    let service = router::service(Arc::clone(app));
    match tls {
        None => {
            let acceptor = listen::plain(bounds, connections);
            listen::http1(listener, acceptor)?.handle(handle).serve(service).await
        }
        Some(tls) => {
            let acceptor = Bounded::new(WithPeerCertificate(listen::tls(tls)), bounds, connections);
            listen::http1(listener, acceptor)?.handle(handle).serve(service).await
        }
    }
}
