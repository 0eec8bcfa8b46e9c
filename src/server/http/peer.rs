//! Hands what is known of a TLS connection to the calls made over it.

use super::tls::Shown;
use crate::server::identity::connection::TlsConnection;
use axum::Extension;
use axum::middleware::AddExtension;
use axum_server::accept::Accept;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use tokio_rustls::server::TlsStream;
use tower_layer::Layer;

/// Accepts through `A`, which speaks TLS and shows this certificate, and adds a [`TlsConnection`] to every request.
#[derive(Clone)]
pub struct WithConnection<A>(pub A, pub Shown);

impl<A, I, S, T> Accept<I, S> for WithConnection<A>
where
    A: Accept<I, S, Stream = TlsStream<T>>,
    A::Future: Send + 'static,
    T: Send + 'static,
    A::Service: Send + 'static,
{
    type Stream = TlsStream<T>;
    type Service = AddExtension<A::Service, TlsConnection>;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let (accepted, channel) = (self.0.accept(stream, service), self.1.channel());
        Box::pin(async move {
            let (stream, service) = accepted.await?;
            let leaf = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
            let client = leaf.map(|der| Arc::new(der.to_vec()));
            Ok((stream, Extension(TlsConnection { client, channel }).layer(service)))
        })
    }
}
