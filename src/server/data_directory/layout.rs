//! Where everything lies in a data directory.

use std::path::{Path, PathBuf};

/// Where everything lies in a data directory.
#[derive(Debug, Clone)]
pub struct DataDirectory(PathBuf);

/// A directory that "server init" did not make.
#[derive(Debug, thiserror::Error)]
#[error("{} is not a server's data directory: make one with \"cardwright server init\"", .0.display())]
pub struct NoDirectory(pub PathBuf);

impl DataDirectory {
    /// Names a directory; nothing is touched.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Names a directory that has settings; without them it is none of a server's.
    pub fn existing(path: &Path) -> Result<Self, NoDirectory> {
        let directory = Self::new(path);
        if directory.settings().is_file() { Ok(directory) } else { Err(NoDirectory(path.to_owned())) }
    }

    /// A path that settings name, seen from the directory.
    pub fn beside(&self, path: &Path) -> PathBuf {
        self.0.join(path)
    }

    pub fn database(&self) -> PathBuf {
        self.0.join("cardwright.db")
    }

    pub fn settings(&self) -> PathBuf {
        self.0.join("server.toml")
    }

    pub fn templates(&self) -> PathBuf {
        self.0.join("templates")
    }

    pub fn ca_key(&self) -> PathBuf {
        self.0.join("ca.key.pem")
    }

    /// The CA's request, where its certificate comes from another's root.
    pub fn ca_request(&self) -> PathBuf {
        self.0.join("ca.csr.pem")
    }

    /// The password or key that a CA elsewhere knows this server by.
    pub fn upstream_secret(&self) -> PathBuf {
        self.0.join("upstream.secret.pem")
    }

    pub fn ca_certificate(&self) -> PathBuf {
        self.0.join("ca.cer.pem")
    }

    /// The server's own key to the archive.
    pub fn recovery_key(&self) -> PathBuf {
        self.0.join("recovery.key.pem")
    }

    /// Version 1 has no number.
    pub fn master_key(&self, version: u32) -> PathBuf {
        self.0.join(if version == 1 { "master.key.pem".into() } else { format!("master.{version}.key.pem") })
    }

    /// Held by the server that runs on the directory.
    pub fn lock(&self) -> PathBuf {
        self.0.join("server.lock")
    }

    /// Signs the log of acts.
    pub fn audit_key(&self) -> PathBuf {
        self.0.join("audit.key.pem")
    }

    /// What the log's signatures are checked with.
    pub fn audit_public_key(&self) -> PathBuf {
        self.0.join("audit.pub.pem")
    }

    pub fn tls_key(&self) -> PathBuf {
        self.0.join("tls.key.pem")
    }

    pub fn tls_certificate(&self) -> PathBuf {
        self.0.join("tls.cer.pem")
    }
}
