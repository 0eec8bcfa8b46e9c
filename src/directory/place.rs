//! Where a directory is, how the connection is protected, and within which bounds it is asked.

use super::error::Error;
use crate::secret::DirectoryPassword;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use url::{Host, Url};

/// Says how the connection is protected.
#[derive(Clone)]
pub enum Protection {
    /// TLS from the first byte (`ldaps`).
    Tls(Arc<ClientConfig>),
    /// TLS is begun in the connection, and demanded.
    StartTls(Arc<ClientConfig>),
    /// None: to a loopback address only.
    Plain,
}

/// Bounds what is waited for and taken.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// How long one answer may take.
    pub patience: Duration,
    /// Entries of a page.
    pub page: u32,
    /// Entries of a search.
    pub most: usize,
}

/// Says as whom the directory is asked.
pub enum Login {
    /// By name and password (a simple bind).
    Password(String, DirectoryPassword),
    /// As whom a keytab is for, by tickets (GSSAPI).
    Keytab(PathBuf),
}

/// Names a directory, and as whom it is asked.
pub struct Place {
    pub host: String,
    pub port: u16,
    pub server: ServerName<'static>,
    pub protection: Protection,
    pub bounds: Bounds,
    pub login: Login,
}

impl Place {
    /// Reads a URL, `ldaps://host` or `ldap://host` (with StartTLS); `trust` are the authorities that the directory's
    /// certificate must come from, PEM. Without TLS (`plain`) only a loopback address is taken.
    pub fn new(url: &str, plain: bool, trust: Option<&str>, login: Login, bounds: Bounds) -> Result<Self, Error> {
        let wrong = |problem| Error::Url { url: url.to_owned(), problem };
        let parsed = Url::parse(url).map_err(|_| wrong("it is ldaps://HOST, or ldap://HOST with StartTLS"))?;
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(wrong("who asks stands in bind_dn, and the password in a file"));
        }
        if !matches!(parsed.path(), "" | "/") || parsed.query().is_some() || parsed.fragment().is_some() {
            return Err(wrong("only a host and a port stand in it; base and filter have keys of their own"));
        }
        let host = parsed.host_str().filter(|host| !host.is_empty()).ok_or_else(|| wrong("it names no host"))?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let loopback = match parsed.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            // A scheme that is not the web's: addresses are not told from names.
            Some(Host::Domain(name)) => {
                name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
            }
            None => false,
        };
        let protection = match (parsed.scheme(), plain) {
            ("ldaps", false) => Protection::Tls(tls(trust)?),
            ("ldap", false) => Protection::StartTls(tls(trust)?),
            ("ldap", true) if loopback => Protection::Plain,
            ("ldap", true) => return Err(wrong("without TLS (plain) only a loopback address is taken")),
            ("ldaps", true) => return Err(wrong("it is either ldaps or plain")),
            _ => return Err(wrong("it is ldaps://HOST, or ldap://HOST with StartTLS")),
        };
        let port = parsed.port().unwrap_or(if parsed.scheme() == "ldaps" { 636 } else { 389 });
        let server = ServerName::try_from(host.clone()).map_err(|_| wrong("its host is no name"))?;
        Ok(Self { host, port, server, protection, bounds, login })
    }

    /// Returns how the place is told in messages.
    pub fn told(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

/// Sets TLS up; the trust is never the operating system's, for a directory's certificate comes from its own house.
fn tls(trust: Option<&str>) -> Result<Arc<ClientConfig>, Error> {
    let pem = trust.ok_or(Error::Trust("trust names no file"))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|_| Error::Trust("the file is no PEM"))?;
        roots.add(certificate).map_err(|_| Error::Trust("the file holds what is no certificate"))?;
    }
    if roots.is_empty() {
        return Err(Error::Trust("the file holds no certificate"));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}
