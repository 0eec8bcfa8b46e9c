//! Hands the client's certificate of a TLS connection to the calls made over it.

use crate::server::identity::certificate::PeerCertificate;
use axum::Extension;
use axum::middleware::AddExtension;
use axum_server::accept::Accept;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use tokio_rustls::server::TlsStream;
use tower_layer::Layer;

/// Accepts through `A`, which speaks TLS, and adds the client's certificate to every request as a [`PeerCertificate`].
#[derive(Clone)]
pub struct WithPeerCertificate<A>(pub A);

impl<A, I, S, T> Accept<I, S> for WithPeerCertificate<A>
where
    A: Accept<I, S, Stream = TlsStream<T>>,
    A::Future: Send + 'static,
    T: Send + 'static,
    A::Service: Send + 'static,
{
    type Stream = TlsStream<T>;
    type Service = AddExtension<A::Service, PeerCertificate>;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let accepted = self.0.accept(stream, service);
        Box::pin(async move {
            let (stream, service) = accepted.await?;
            let leaf = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
            let peer = PeerCertificate(leaf.map(|der| Arc::new(der.to_vec())));
            Ok((stream, Extension(peer).layer(service)))
        })
    }
}
