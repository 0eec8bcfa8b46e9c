//! Says where everything lies in a data directory.

use std::path::{Path, PathBuf};

/// Names a data directory and the files in it; touches none of them.
#[derive(Debug, Clone)]
pub struct DataDirectory(PathBuf);

/// Says that "server init" did not make a directory.
#[derive(Debug, thiserror::Error)]
#[error("{} is not a server's data directory: make one with \"cardwright server init\"", .0.display())]
pub struct NoDirectory(pub PathBuf);

impl DataDirectory {
    /// Names a directory, which need not exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Names a directory that has settings; refuses one without.
    pub fn existing(path: &Path) -> Result<Self, NoDirectory> {
        let directory = Self::new(path);
        if directory.settings().is_file() { Ok(directory) } else { Err(NoDirectory(path.to_owned())) }
    }

    /// Lists the directories whose content decides whom the server trusts and what it does: whoever writes there is its
    /// master.
    pub fn decisive(&self) -> [PathBuf; 2] {
        [self.0.clone(), self.templates()]
    }

    /// Returns a path that the settings name; a relative one begins at the directory.
    pub fn beside(&self, path: &Path) -> PathBuf {
        self.0.join(path)
    }

    /// Returns where the SQLite database is, where the settings name no other.
    pub fn database(&self) -> PathBuf {
        self.0.join("cardwright.db")
    }

    /// Returns where `server.toml` is.
    pub fn settings(&self) -> PathBuf {
        self.0.join("server.toml")
    }

    /// Returns the directory of the template files.
    pub fn templates(&self) -> PathBuf {
        self.0.join("templates")
    }

    /// Returns the directory of the texts that take the place of shipped ones.
    pub fn notices(&self) -> PathBuf {
        self.0.join("notices")
    }

    /// Returns where the CA's key is, unless it is in a token.
    pub fn ca_key(&self) -> PathBuf {
        self.0.join("ca.key.pem")
    }

    /// Returns where the CA's request is, if its certificate comes from a CA above it.
    pub fn ca_request(&self) -> PathBuf {
        self.0.join("ca.csr.pem")
    }

    /// Returns where the sealed password or key is by which a CA elsewhere knows this server.
    pub fn upstream_secret(&self) -> PathBuf {
        self.0.join("upstream.secret.pem")
    }

    /// Returns where the CA's certificate is, with those above it.
    pub fn ca_certificate(&self) -> PathBuf {
        self.0.join("ca.cer.pem")
    }

    /// Returns where the server's own key to the archive is.
    pub fn recovery_key(&self) -> PathBuf {
        self.0.join("recovery.key.pem")
    }

    /// Returns where a version of the master key is; the file of version 1 has no number.
    pub fn master_key(&self, version: u32) -> PathBuf {
        self.0.join(if version == 1 { "master.key.pem".into() } else { format!("master.{version}.key.pem") })
    }

    /// Returns the file whose lock the server holds that runs on the directory.
    pub fn lock(&self) -> PathBuf {
        self.0.join("server.lock")
    }

    /// Returns where the key is that signs the log of acts.
    pub fn audit_key(&self) -> PathBuf {
        self.0.join("audit.key.pem")
    }

    /// Returns where the key is under which commands at the directory vouch for the acts that they write.
    pub fn act_key(&self) -> PathBuf {
        self.0.join("acts.key")
    }

    /// Returns where the public key is that checks the log's signatures.
    pub fn audit_public_key(&self) -> PathBuf {
        self.0.join("audit.pub.pem")
    }

    /// Returns where it is remembered, outside the database, what was signed of the log and which lists were made.
    pub fn witness(&self) -> PathBuf {
        self.0.join("witness.json")
    }

    /// Returns the directory of the keys that end with a request; no backup has it.
    pub fn request_keys(&self) -> PathBuf {
        self.0.join("request-keys")
    }

    /// Returns where the server's TLS key is.
    pub fn tls_key(&self) -> PathBuf {
        self.0.join("tls.key.pem")
    }

    /// Returns where the server's TLS certificate is.
    pub fn tls_certificate(&self) -> PathBuf {
        self.0.join("tls.cer.pem")
    }
}
