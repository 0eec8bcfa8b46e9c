//! What an administrator would script with pkcs11-tool and openssl; run without a shell in between.

use super::support::process::run;
use super::{LABEL, MODULE, PIN};
use anyhow::{Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

const KEY_ID: &str = "4142";
const EXTENSIONS: &str = "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature,keyEncipherment\nextendedKeyUsage=clientAuth\n";

/// Their side: a CA in files and the token's configuration.
pub struct Pipeline {
    directory: PathBuf,
    tokens: PathBuf,
}

impl Pipeline {
    /// Makes the CA: a P-256 key and a certificate, in files.
    pub fn prepare(parent: &Path, tokens: &Path) -> Result<Self> {
        let directory = parent.join("pipeline");
        std::fs::create_dir(&directory)?;
        std::fs::write(directory.join("extensions"), EXTENSIONS)?;
        let pipeline = Self { directory, tokens: tokens.to_owned() };
        let new_root = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=bench -days 3650";
        run(pipeline.openssl(new_root).args(["-keyout", "ca.key", "-out", "ca.pem"]))?;
        Ok(pipeline)
    }

    /// From no key to a certificate that was read back from the token.
    pub fn enroll(&self) -> Result<()> {
        run(self.pkcs11_tool("--keypairgen --key-type EC:prime256v1 --usage-sign").args(["--label", LABEL]))?;
        let key = format!("pkcs11:token={LABEL};id=%41%42;type=private;pin-value={PIN}");
        let request = "req -new -engine pkcs11 -keyform engine -sha256 -subj /CN=bench -out request.pem";
        run(self.openssl(request).args(["-key", &key]))?;
        let issue = "x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -sha256 -days 365 \
                     -extfile extensions -outform DER -out certificate.der";
        run(&mut self.openssl(issue))?;
        let write = "--write-object certificate.der --type cert";
        run(self.pkcs11_tool(write).args(["--label", LABEL]))?;
        run(&mut self.pkcs11_tool("--read-object --type cert --output-file back.der"))?;
        let read = |name: &str| std::fs::read(self.directory.join(name));
        ensure!(read("certificate.der")? == read("back.der")?, "the token gave back another certificate");
        Ok(())
    }

    /// Takes the objects off the token.
    pub fn clear(&self) -> Result<()> {
        for kind in ["privkey", "pubkey", "cert"] {
            run(&mut self.pkcs11_tool(&format!("--delete-object --type {kind}")))?;
        }
        Ok(())
    }

    fn pkcs11_tool(&self, action: &str) -> Command {
        let mut command = self.command("pkcs11-tool", "--login --pin env:BENCH_PIN");
        command.args(["--module", MODULE, "--token-label", LABEL]).args(action.split_whitespace());
        command.env("BENCH_PIN", PIN);
        command.args(["--id", KEY_ID]);
        command
    }

    fn openssl(&self, action: &str) -> Command {
        self.command("openssl", action)
    }

    fn command(&self, program: &str, arguments: &str) -> Command {
        let mut command = Command::new(program);
        command.args(arguments.split_whitespace()).current_dir(&self.directory);
        command.env("SOFTHSM2_CONF", &self.tokens).env("PKCS11_MODULE_PATH", MODULE);
        command
    }
}
