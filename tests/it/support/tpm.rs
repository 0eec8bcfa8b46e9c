//! Cards backed by a TPM: swtpm and tpm2-pkcs11, run by the program itself.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use super::program::{Program, end};

pub const PASSPHRASE: &str = "correct horse";
/// Wrong tries until the TPM refuses every secret.
pub const TRIES: u32 = 3;

/// What leads a program to the TPM.
const VARIABLES: [&str; 4] = ["CARDWRIGHT_MODULE", "TPM2_PKCS11_STORE", "TPM2_PKCS11_TCTI", "TPM2TOOLS_TCTI"];

/// A running TPM. It ends in good order when this is dropped, or with this process.
pub struct Tpm {
    running: Child,
}

impl Tpm {
    /// Makes a card called `tpm`, blank.
    pub fn make(program: &mut Program) {
        program.set("CARDWRIGHT_VCARD_PASSPHRASE", PASSPHRASE);
        program.json(["vcard", "create", "tpm", "--kind", "tpm"]).done();
    }

    /// Runs the card, and leads the programs of this environment to it.
    pub fn run(program: &mut Program) -> Self {
        // Its command ends when nobody can write to it any more.
        let told = VARIABLES.map(|name| format!("\"${name}\"")).join(" ");
        let command = format!("printf '%s\\n' {told}; exec cat >/dev/null");
        let mut started = program.command(["vcard", "run", "tpm", "--", "sh", "-c", &command]);
        let mut running = started.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(running.stdout.take().unwrap()).lines();
        let variables = VARIABLES.map(|name| (name, lines.next().unwrap().unwrap()));
        for (name, value) in &variables {
            program.set(name, value.as_str());
        }
        program.use_module(&variables[0].1);
        Self { running }
    }

    /// Runs one that forgives many wrong tries.
    pub fn forgiving(program: &mut Program) -> Self {
        let tpm = Self::run(program);
        let mut forgiving = program.other("tpm2_dictionarylockout");
        let set = end(forgiving.args(["--setup-parameters", "--max-tries=1000", "--recovery-time=1000"]));
        assert!(set.success(), "{set:?}");
        tpm
    }
}

impl Drop for Tpm {
    fn drop(&mut self) {
        drop(self.running.stdin.take());
        let _ = self.running.wait();
    }
}
