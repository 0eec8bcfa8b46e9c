//! The operations listener: health and metrics in plain HTTP, apart from the calls.

use super::app::App;
use super::metrics;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// The service of the operations listener.
pub fn service(app: Arc<App>) -> axum::routing::IntoMakeService<Router> {
    Router::new().fallback(handle).with_state(app).into_make_service()
}

async fn handle(State(app): State<Arc<App>>, request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, HEAD")]).into_response();
    }
    match request.uri().path() {
        "/metrics" => match metrics::text(&app).await {
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

/// `/healthz`: ready for calls? `/healthz/live`: alive at all? `None`: neither was asked.
pub async fn health(app: &App, path: &str) -> Option<Response> {
    let (good, body) = match path {
        "/healthz" => app.health.ready(app).await,
        "/healthz/live" => (true, serde_json::json!({ "status": "ok" })),
        _ => return None,
    };
    let status = if good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let mut response = (status, body.to_string()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Some(response)
}
