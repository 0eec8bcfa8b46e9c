//! What an administrator would script with yubico-piv-tool and openssl; run without a shell in between.

use super::piv::PIN;
use super::support::process::run;
use anyhow::{Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Their side: a CA in files, and the reader.
pub struct Tool {
    directory: PathBuf,
    socket: PathBuf,
    reader: String,
}

impl Tool {
    /// Makes the CA: a P-256 key and a certificate, in files.
    pub fn prepare(parent: &Path, socket: &Path, reader: &str) -> Result<Self> {
        let directory = parent.join("tool");
        std::fs::create_dir(&directory)?;
        let tool = Self { directory, socket: socket.to_owned(), reader: reader.to_owned() };
        let new_root = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=bench -days 3650";
        run(tool.openssl(new_root).args(["-keyout", "ca.key", "-out", "ca.pem"]))?;
        Ok(tool)
    }

    /// Key, signature, certificate in 9A, read back. Debian's tool cannot make a certification request with OpenSSL 3,
    /// so that it signs what stands for one, and openssl certifies the public key as it is.
    pub fn enroll(&self, algorithm: &str) -> Result<()> {
        run(self.piv("generate").args(["-A", algorithm, "-o", "public.pem"]))?;
        let sign = ["--sign", "-A", algorithm, "-H", "SHA256", "-i", "public.pem", "-o", "signature"];
        run(self.piv("verify-pin").args(["-P", PIN]).args(sign))?;
        let issue = "x509 -new -force_pubkey public.pem -subj /CN=bench -CA ca.pem -CAkey ca.key -CAcreateserial \
                     -sha256 -days 365 -out certificate.pem";
        run(&mut self.openssl(issue))?;
        run(self.piv("import-certificate").args(["-i", "certificate.pem"]))?;
        run(self.piv("read-certificate").args(["-o", "back.pem"]))?;
        let read = |name: &str| std::fs::read(self.directory.join(name));
        ensure!(read("certificate.pem")? == read("back.pem")?, "the card gave back another certificate");
        Ok(())
    }

    fn piv(&self, action: &str) -> Command {
        let mut command = Command::new("yubico-piv-tool");
        command.args(["-r", &self.reader, "-s", "9a", "-a", action]).current_dir(&self.directory);
        command.env("PCSCLITE_CSOCK_NAME", &self.socket);
        command
    }

    fn openssl(&self, action: &str) -> Command {
        let mut command = Command::new("openssl");
        command.args(action.split_whitespace()).current_dir(&self.directory);
        command
    }
}
