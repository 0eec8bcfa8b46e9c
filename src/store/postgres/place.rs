//! Says where a PostgreSQL database is, and how to speak to it.

use super::super::error::Error;
use crate::secret::DatabasePassword;
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

const CONNECT: Duration = Duration::from_secs(5);
/// Bounds how long a caller waits for a free connection.
const WAIT: Duration = Duration::from_secs(10);
/// Has the database end a statement, a wait for a lock, and a transaction whose server has died.
const BOUNDS: &str = "-c statement_timeout=10s -c lock_timeout=5s -c idle_in_transaction_session_timeout=30s";
/// Bounds how long a dead connection is taken for alive.
const ALIVE: Duration = Duration::from_secs(15);

/// Says where a PostgreSQL database is, and how many connections to keep to it.
pub struct PostgresPlace {
    /// `postgresql://user@host/database`, or with `?host=/directory` that of a socket; it holds no password.
    ///
    /// `sslmode=disable` speaks without TLS; `require` and `verify-full` both check the certificate and its name.
    /// Without `sslmode`, TLS is spoken to every host but this one.
    pub url: String,
    pub password: Option<DatabasePassword>,
    /// PEM; `None`: what the system trusts.
    pub root_certificates: Option<String>,
    /// The most connections at one time, at least 2.
    pub connections: u32,
}

impl PostgresPlace {
    /// Makes the pool and a name for the database that tells neither user nor password; connects to nothing yet.
    pub(super) fn pool(&self) -> Result<(Pool, String), Error> {
        let mut config: Config = self
            .url
            .replace("sslmode=verify-full", "sslmode=require")
            .parse()
            .map_err(|_| Error::Url("write postgresql://user@host/database"))?;
        if config.get_password().is_some() {
            return Err(Error::Url("it holds a password, which belongs into a file of its own or the environment"));
        }
        if let Some(password) = &self.password {
            config.password(password.expose());
        }
        let bounds = format!("{BOUNDS} {}", config.get_options().unwrap_or_default());
        config.options(bounds.trim_end()).application_name("cardwright").connect_timeout(CONNECT);
        config.tcp_user_timeout(ALIVE).keepalives_idle(ALIVE);
        let name = format!("{} at {}", config.get_dbname().unwrap_or("postgres"), hosts(&config));
        let secured = match config.get_ssl_mode() {
            SslMode::Disable => false,
            SslMode::Require => true,
            _ => !config.get_hosts().iter().all(is_here),
        };
        let how = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = if secured {
            config.ssl_mode(SslMode::Require);
            Manager::from_config(config, MakeRustlsConnect::new(self.tls()?), how)
        } else {
            config.ssl_mode(SslMode::Disable);
            Manager::from_config(config, NoTls, how)
        };
        let pool = Pool::builder(manager)
            .max_size(self.connections.max(2) as usize)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(WAIT))
            .create_timeout(Some(CONNECT))
            .recycle_timeout(Some(CONNECT));
        Ok((pool.build().map_err(|_| Error::Url("no pool can be made of it"))?, name))
    }

    fn tls(&self) -> Result<ClientConfig, Error> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(Error::Tls)?;
        let Some(pem) = &self.root_certificates else {
            return Ok(builder.with_platform_verifier().map_err(Error::Tls)?.with_no_client_auth());
        };
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            let certificate = certificate.map_err(|_| Error::Url("its root certificates are no PEM"))?;
            roots.add(certificate).map_err(Error::Tls)?;
        }
        Ok(builder.with_root_certificates(roots).with_no_client_auth())
    }
}

fn is_here(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()),
    }
}

fn hosts(config: &Config) -> String {
    let name = |host: &Host| match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(path) => path.display().to_string(),
    };
    config.get_hosts().iter().map(name).collect::<Vec<_>>().join(", ")
}
