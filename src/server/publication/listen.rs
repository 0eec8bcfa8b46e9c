//! The plain listener for those who cannot speak TLS to learn whether a certificate is good: public files only.

use super::respond;
use crate::server::app::App;
use crate::server::bound::Bounded;
use crate::server::error::ApiError;
use crate::server::listen::bound_headers;
use crate::server::router::refused;
use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum_server::Handle;
use axum_server::accept::NoDelayAcceptor;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// Open connections at one time.
const MAX_CONNECTIONS: usize = 512;
/// How long a call waits for its place.
const PATIENCE: Duration = Duration::from_secs(5);

/// Begins to listen; the task serves until `handle` is told to stop. Gives the address it listens on.
pub fn listen(app: Arc<App>, address: SocketAddr, handle: Handle<SocketAddr>) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let acceptor = Bounded::new(NoDelayAcceptor::new(), MAX_CONNECTIONS, app.metrics.connections());
    let mut server = axum_server::from_tcp(listener)?.acceptor(acceptor).http1_only();
    bound_headers(server.http_builder());
    let service = Router::new().fallback(answer).with_state(app).into_make_service();
    tokio::spawn(async move {
        if let Err(error) = server.handle(handle).serve(service).await {
            tracing::error!(%error, "the publication listener has ended");
        }
    });
    Ok(address)
}

async fn answer(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let answered = match tokio::time::timeout(PATIENCE, app.places.acquire()).await {
        Ok(Ok(_place)) => respond(&app, &parts, body).await,
        _ => Err(ApiError::Busy),
    };
    answered.unwrap_or_else(|error| refused(&app, &error, Uuid::new_v4()))
}
