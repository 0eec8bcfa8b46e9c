//! Server-sent events (HTML, 9.2): an answer that tells of news while it is open.

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use http_body_util::channel::{Channel, Sender};
use std::convert::Infallible;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Bounds the events that wait for a slow reader.
const WAITING: usize = 4;
/// Bounds how long a stream of changes is open; the browser opens the next by itself.
const OPEN: Duration = Duration::from_secs(300);
/// Says by which number a stream of changes ends.
pub const END: u64 = u64::MAX;

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

/// Answers with a stream that tells of "news" with each change until the number is [`END`], and is silent for so long at most.
pub fn follow(mut changes: watch::Receiver<u64>, silent: Duration) -> Response {
    stream(async move |mut teller: Teller| {
        let opened = Instant::now();
        while opened.elapsed() < OPEN {
            let is_heard = match tokio::time::timeout(silent, changes.changed()).await {
                Ok(Ok(())) if *changes.borrow_and_update() == END => return,
                Ok(Ok(())) => teller.tell("news").await,
                Ok(Err(_)) => return,
                Err(_) => teller.wait(Duration::ZERO).await,
            };
            if !is_heard {
                return;
            }
        }
    })
}
