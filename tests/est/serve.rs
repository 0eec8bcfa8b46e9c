//! est-ca's EST server, over TLS on a free port of loopback: `est-for-tests DIRECTORY USER PASSWORD NAME`.
//!
//! Writes ca.cer (DER) and tls.pem into the directory and prints the port; whoever knows the password gets certificates of NAME.

use est_ca::auth::{AuthBackend, Principal};
use est_ca::ca::serial::InMemorySerialStore;
use est_ca::ca::{CertProfile, Issuer};
use est_ca::est::server::EstServer;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

struct One {
    user: String,
    password: String,
    name: String,
}

impl AuthBackend for One {
    fn verify_bootstrap(&self, user: &str, password: &str) -> Result<Principal, String> {
        let known = user == self.user && password == self.password;
        known.then(|| Principal::new(&self.name)).ok_or_else(|| "unknown".into())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [directory, user, password, name] = arguments.try_into().map_err(|_| "DIRECTORY USER PASSWORD NAME")?;
    let issuer =
        Issuer::generate_self_signed("EST CA", CertProfile::default(), Arc::new(InMemorySerialStore::default()))?;
    let tls = rcgen::generate_simple_self_signed(vec!["127.0.0.1".into()])?;
    std::fs::write(format!("{directory}/ca.cer"), issuer.ca_cert_der())?;
    std::fs::write(format!("{directory}/tls.pem"), tls.cert.pem())?;
    let key = PrivatePkcs8KeyDer::from(tls.key_pair.serialize_der());
    let config =
        ServerConfig::builder().with_no_client_auth().with_single_cert(vec![tls.cert.der().clone()], key.into())?;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let router = EstServer::new(issuer, Arc::new(One { user, password, name })).router();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    loop {
        let (stream, _) = listener.accept().await?;
        let (acceptor, router) = (acceptor.clone(), router.clone());
        tokio::spawn(async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                let _ = hyper::server::conn::Http::new().serve_connection(stream, router).await;
            }
        });
    }
}
