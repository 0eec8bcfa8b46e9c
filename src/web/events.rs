//! Server-sent events (HTML, 9.2): an answer that tells of news while it is open.

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use http_body_util::channel::{Channel, Sender};
use std::convert::Infallible;
use std::time::Duration;

/// Bounds the events that wait for a slow reader.
const WAITING: usize = 4;

/// Tells whoever has opened a stream.
pub struct Teller(Sender<Bytes, Infallible>);

impl Teller {
    /// Tells of an event; `false`: nobody listens any more.
    pub async fn tell(&mut self, event: &str) -> bool {
        self.0.send_data(Bytes::from(format!("event: {event}\ndata:\n\n"))).await.is_ok()
    }

    /// Waits, then sends what readers pass over, so that a connection that has gone is noticed; `false`: nobody listens any more.
    pub async fn wait(&mut self, time: Duration) -> bool {
        tokio::time::sleep(time).await;
        self.0.send_data(Bytes::from_static(b":\n\n")).await.is_ok()
    }
}

/// Answers with a stream that stays open until `work` ends.
pub fn stream<F: Future<Output = ()> + Send + 'static>(work: impl FnOnce(Teller) -> F) -> Response {
    let (sender, channel) = Channel::new(WAITING);
    tokio::spawn(work(Teller(sender)));
    let mut response = Response::new(Body::new(channel));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    response
}
