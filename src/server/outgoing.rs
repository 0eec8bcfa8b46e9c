//! Makes the agents by which the server calls others over HTTPS: no redirect is followed and no proxy asked, each call is
//! bounded, and whoever is called shows a certificate that the settings or the system trust.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body};

/// Says that certificates to trust are no PEM, or none.
#[derive(Debug)]
pub struct NoCertificates;

/// Makes an agent whose calls take at most so long. `trust` are the certificates to trust, PEM; `None`: those of the system.
pub fn agent(trust: Option<&str>, timeout: Duration) -> Result<Agent, NoCertificates> {
    let roots = match trust {
        None => RootCerts::PlatformVerifier,
        Some(pem) => RootCerts::Specific(Arc::new(certificates(pem)?)),
    };
    let tls = TlsConfig::builder()
        .root_certs(roots)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .build();
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .https_only(true)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .tls_config(tls)
        .timeout_global(Some(timeout))
        .max_idle_connections(0)
        .build();
    Ok(config.new_agent())
}

/// Receives a body of at most so many bytes; `None`: it is longer.
pub fn received(body: &mut Body, most: u64) -> std::io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    body.as_reader().take(most + 1).read_to_end(&mut bytes)?;
    Ok(Some(bytes).filter(|bytes| bytes.len() as u64 <= most))
}

/// Reads certificates in PEM, at least one.
fn certificates(pem: &str) -> Result<Vec<Certificate<'static>>, NoCertificates> {
    let found = parse_pem(pem.as_bytes()).filter_map(|item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(Ok(certificate)),
        Ok(_) => None,
        Err(_) => Some(Err(NoCertificates)),
    });
    let found = found.collect::<Result<Vec<_>, _>>()?;
    if found.is_empty() { Err(NoCertificates) } else { Ok(found) }
}
