//! The listener in plain HTTP for public files only: whoever checks a certificate cannot need TLS to do so.

use super::public_files::respond;
use super::router::refused;
use crate::server::call::app::App;
use crate::web::bound::Bounds;
use crate::web::listen;
use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum_server::Handle;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Limits how many connections are open at one time.
const MAX_CONNECTIONS: usize = 512;

/// Limits how many of them one address may have, unless the settings lift that.
const MAX_OF_ADDRESS: usize = 128;

/// Serves until told to end, then lets open calls finish.
pub async fn serve(app: Arc<App>, listener: TcpListener, ending: CancellationToken) {
    let handle = Handle::new();
    let serving = async {
        let share = usize::from(app.identity.limits.connections_per_address).min(MAX_OF_ADDRESS);
        let acceptor = listen::plain(Bounds { all: MAX_CONNECTIONS, of_address: share }, app.metrics.connections());
        let service =
            Router::new().fallback(answer).with_state(app).into_make_service_with_connect_info::<SocketAddr>();
        listen::http1(listener, acceptor)?.handle(handle.clone()).serve(service).await
    };
    if let Err(error) = listen::serve_until(ending.cancelled(), &handle, serving).await {
        tracing::error!(%error, "the publication listener has ended");
    }
}

/// Answers one call of the listener.
async fn answer(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let answered = respond(&app, &parts, body).await;
    answered.unwrap_or_else(|error| refused(&app, &error, Uuid::new_v4()))
}
