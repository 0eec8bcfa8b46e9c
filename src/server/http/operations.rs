//! The operations listener: health and metrics in plain HTTP, apart from the calls.

use crate::server::call::app::App;
use crate::server::monitoring::health::{CA_SOON, Check, Findings, LIST_OLD};
use crate::store::{self, ListKind};
use crate::web::bound::Bounds;
use crate::web::listen;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use time::OffsetDateTime;

/// Limits how many connections are open at one time.
const MAX_CONNECTIONS: usize = 32;

/// Serves health and metrics for as long as the task is left running.
pub async fn serve(app: Arc<App>, listener: TcpListener) {
    let serving = async {
        let acceptor = listen::plain(Bounds { all: MAX_CONNECTIONS, of_address: 0 }, ());
        let service = Router::new().fallback(handle).with_state(app).into_make_service();
        listen::http1(listener, acceptor)?.serve(service).await
    };
    let served: std::io::Result<()> = serving.await;
    if let Err(error) = served {
        tracing::error!(%error, "health and metrics are no longer to be had");
    }
}

/// Answers one call of the listener.
async fn handle(State(app): State<Arc<App>>, request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, HEAD")]).into_response();
    }
    match request.uri().path() {
        "/metrics" => match app.metrics.text(&app.store, ends(&app)).await {
            Ok(text) => {
                let media_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
                ([(header::CONTENT_TYPE, media_type)], text).into_response()
            }
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the metrics could not be gathered");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        },
        path => health(&app, path).await.unwrap_or_else(|| StatusCode::NOT_FOUND.into_response()),
    }
}

/// Returns when the own CA's certificate ends, and the issuing one's.
fn ends(app: &App) -> [Option<OffsetDateTime>; 2] {
    let issuing = app.authorities.issuing();
    let own = app.authorities.own().own().not_after();
    [Some(own), issuing.chain().first().map(|certificate| certificate.not_after())]
}

/// Answers `/healthz` (is the server ready for calls?) and `/healthz/live` (is it alive at all?) with 200 or 503;
/// returns `None` for any other path.
pub async fn health(app: &App, path: &str) -> Option<Response> {
    let (good, body) = match path {
        "/healthz" => app.health.ready(app.stopping.load(Ordering::Relaxed), checks(app)).await,
        "/healthz/live" => (true, Bytes::from_static(br#"{"status":"ok"}"#)),
        _ => return None,
    };
    let status = if good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Some(response)
}

/// Checks what the server needs to do its work: the store, the CA's certificate, a revocation list, a log
/// that goes on from what was signed, and the tasks beside the calls.
async fn checks(app: &App) -> Findings {
    let store = match app.store.audit_chains().await {
        Ok(_) => "ok",
        Err(store::Error::Closed) => "closed",
        Err(_) => "unreachable",
    };
    let now = OffsetDateTime::now_utc();
    let issuing = app.authorities.issuing();
    let ca = match issuing.chain().first().map(|certificate| (certificate.not_before(), certificate.not_after())) {
        None => "no-certificate",
        Some((from, _)) if now < from => "not-yet-valid",
        Some((_, until)) if now > until => "expired",
        Some((_, until)) if until - now < CA_SOON => "ends-soon",
        Some(_) => "ok",
    };
    // A list that is not fresh is made now, which shows whether the CA signs.
    let crl = match app.publication.list(ListKind::Base).await {
        Err(_) => "cannot-be-made",
        Ok(list) if now - list.record.this_update > LIST_OLD => "old",
        Ok(_) => "ok",
    };
    let log = if app.witness.doubts() { "contradicted" } else { "ok" };
    let failing = app.metrics.failing();
    let upkeep = if failing.is_empty() { "ok" } else { "failing" };
    let checks = [("store", store), ("ca", ca), ("crl", crl), ("log", log), ("upkeep", upkeep)];
    Findings { checks: checks.map(|(name, found)| Check { name, found }).to_vec(), failing }
}
