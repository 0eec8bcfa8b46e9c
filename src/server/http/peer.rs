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
        let shown = self.1.clone();
        let (before, accepted) = (shown.channel(), self.0.accept(stream, service));
        Box::pin(async move {
            let (stream, service) = accepted.await?;
            // Which of two certificates it was is not told: the caller connects anew.
            let channel = before.filter(|before| shown.channel().as_ref() == Some(before));
            let channel = channel.ok_or_else(|| io::Error::other("the certificate changed meanwhile"))?;
            let leaf = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
            let client = leaf.map(|der| Arc::new(der.to_vec()));
            Ok((stream, Extension(TlsConnection { client, channel }).layer(service)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pkix::{Certificate, server_end_point};
    use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
    use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
    use rustls::{ClientConfig, RootCertStore, ServerConfig};
    use tokio_rustls::TlsConnector;

    /// Changes the certificate that is shown while a connection is accepted.
    #[derive(Clone)]
    struct Changing(RustlsAcceptor, Shown, Vec<Option<Certificate>>);

    impl<I, S> Accept<I, S> for Changing
    where
        RustlsAcceptor: Accept<I, S>,
    {
        type Stream = <RustlsAcceptor as Accept<I, S>>::Stream;
        type Service = <RustlsAcceptor as Accept<I, S>>::Service;
        type Future = <RustlsAcceptor as Accept<I, S>>::Future;

        fn accept(&self, stream: I, service: S) -> Self::Future {
            self.2.iter().for_each(|certificate| self.1.becomes(certificate.as_ref()));
            self.0.accept(stream, service)
        }
    }

    /// Makes a certificate for localhost, and the settings of TLS with it for either side.
    fn localhost() -> (Certificate, Arc<ServerConfig>, Arc<ClientConfig>) {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let der: CertificateDer<'_> = params.self_signed(&key).unwrap().der().clone();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let server = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
        let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        let server = server.unwrap().with_no_client_auth().with_single_cert(vec![der.clone()], key).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(der.clone()).unwrap();
        let client = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let client = client.unwrap().with_root_certificates(roots).with_no_client_auth();
        (Certificate::from_der(&der).unwrap(), server.into(), client.into())
    }

    #[tokio::test]
    async fn a_connection_that_begins_while_the_certificate_changes_is_given_up() {
        let (certificate, serving, calling) = localhost();
        let (other, ..) = localhost();
        for (changes, goes_on) in [
            (vec![], true),
            (vec![None], false),
            (vec![None, Some(other)], false),
            // The handler of the test shows this one all the time.
            (vec![None, Some(certificate.clone())], true),
        ] {
            let shown = Shown::of(&certificate);
            let acceptor = RustlsAcceptor::new(RustlsConfig::from_config(Arc::clone(&serving)));
            let accepting = WithConnection(Changing(acceptor, shown.clone(), changes), shown);
            let (ours, theirs) = tokio::io::duplex(64 * 1024);
            let calling = TlsConnector::from(Arc::clone(&calling));
            let calling = tokio::spawn(calling.connect(ServerName::try_from("localhost").unwrap(), theirs));
            let accepted = accepting.accept(ours, axum::Router::<()>::new()).await;
            assert_eq!(accepted.is_ok(), goes_on);
            assert!(calling.await.unwrap().is_ok());
        }
        let shown = Shown::of(&certificate);
        assert_eq!(shown.channel().as_deref(), Some(&server_end_point(certificate.der())[..]));
    }
}
