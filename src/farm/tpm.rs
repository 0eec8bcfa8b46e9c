//! A card whose chip is a TPM: swtpm behind the PKCS#11 module tpm2-pkcs11.
//!
//! In: a directory of the card's own and its key. Out: variables that lead that module and tpm2-tools to the TPM, by a
//! socket that only this user can reach. swtpm's state is encrypted under the key. The module's store beside it is not:
//! in it are labels, certificates, and keys that only this TPM can unwrap. The TPM ends with this process, however that
//! ends. It is told beforehand where there is time: a TPM that loses its power while a PIN is in use counts a wrong try
//! (TPM 2.0 Library, Part 1, Dictionary Attack Protection).

use super::namespace;
use super::tpm_error::READY;
pub use super::tpm_error::TpmError;
use crate::platform::socket::{LONGEST_PATH, ask};
use crate::platform::{directory, process};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use std::env::consts::ARCH;
use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// Counts the bytes of a card's key: AES-256.
const KEY: usize = 32;
const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// Bounds the wait for one answer of the TPM.
const ANSWER: Duration = Duration::from_secs(2);
/// Bounds the wait for swtpm to end.
const GONE: Duration = Duration::from_secs(5);
const MOST_SAID: u64 = 4096;

/// TPM2_GetRandom of one byte and TPM2_Shutdown(CLEAR), without sessions (TPM 2.0 Library, Part 3, 16.1 and 9.4).
const GET_RANDOM: [u8; 12] = [0x80, 0x01, 0, 0, 0, 12, 0, 0, 0x01, 0x7B, 0, 1];
const SHUTDOWN: [u8; 12] = [0x80, 0x01, 0, 0, 0, 12, 0, 0, 0x01, 0x45, 0, 0];

/// Holds a running TPM. It ends when this is dropped or the process ends.
pub struct Tpm {
    swtpm: Child,
    module: PathBuf,
    store: PathBuf,
    /// Holds socket and log; removed in the end.
    run: PathBuf,
}

/// Makes a key for a new card.
pub(super) fn new_key() -> Result<Zeroizing<Vec<u8>>, TpmError> {
    let mut key = Zeroizing::new(vec![0; KEY]);
    SystemRandom::new().fill(&mut key).map_err(|_| TpmError::Random)?;
    Ok(key)
}

impl Tpm {
    /// Starts the TPM whose state lies in `kept`, making it if there is none, and waits until it answers.
    pub(super) fn start(kept: &Path, key: &[u8]) -> Result<Self, TpmError> {
        let module = module()?;
        let programs = ["setpriv", "swtpm"].map(|program| {
            let package = if program == "swtpm" { "swtpm" } else { "util-linux" };
            namespace::find(program).ok_or(TpmError::NoProgram { program, package })
        });
        let [setpriv, swtpm] = programs;
        let (setpriv, swtpm) = (setpriv?, swtpm?);
        let [state, store] = ["state", "store"].map(|name| kept.join(name));
        for path in [&state, &store] {
            directory::make_with_parents(path).map_err(|source| TpmError::Directory { path: path.clone(), source })?;
        }
        let run = run_directory()?;
        let started = spawn(&setpriv, &swtpm, &state, &run, key);
        let swtpm = started.inspect_err(|_| drop(std::fs::remove_dir_all(&run)))?;
        let mut tpm = Self { swtpm, module, store, run };
        tpm.wait_until_ready()?;
        Ok(tpm)
    }

    /// Returns the PKCS#11 module, and the variables that lead it and tpm2-tools to this TPM.
    pub fn variables(&self) -> [(&'static str, OsString); 4] {
        let mut tcti = OsString::from("swtpm:path=");
        tcti.push(socket_in(&self.run));
        [
            ("CARDWRIGHT_MODULE", self.module.clone().into()),
            ("TPM2_PKCS11_STORE", self.store.clone().into()),
            ("TPM2_PKCS11_TCTI", tcti.clone()),
            ("TPM2TOOLS_TCTI", tcti),
        ]
    }

    /// Says whether swtpm has ended, by itself or killed by others.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.swtpm.try_wait(), Ok(None))
    }

    fn wait_until_ready(&mut self) -> Result<(), TpmError> {
        let since = Instant::now();
        while ask(&socket_in(&self.run), &GET_RANDOM, ANSWER).is_err() {
            if self.has_ended() {
                return Err(TpmError::Ended { said: self.said() });
            }
            if since.elapsed() > READY {
                return Err(TpmError::NotReady { said: self.said() });
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        Ok(())
    }

    /// Returns the beginning of the log, for an error.
    fn said(&self) -> String {
        let mut said = Vec::new();
        if let Ok(log) = File::open(log_in(&self.run)) {
            let _ = log.take(MOST_SAID).read_to_end(&mut said);
        }
        match String::from_utf8_lossy(&said).trim() {
            "" => "nothing".into(),
            said => said.into(),
        }
    }
}

impl Drop for Tpm {
    fn drop(&mut self) {
        if !self.has_ended() {
            // Fails where another program still has the TPM: then it is as if its power was lost.
            let _ = ask(&socket_in(&self.run), &SHUTDOWN, ANSWER);
            let _ = process::ask_to_end(&self.swtpm);
        }
        let since = Instant::now();
        while !self.has_ended() && since.elapsed() < GONE {
            std::thread::sleep(LOOK_AGAIN);
        }
        let _ = self.swtpm.kill();
        let _ = self.swtpm.wait();
        let _ = std::fs::remove_dir_all(&self.run);
    }
}

/// Starts swtpm, which is killed when the thread that calls this ends (prctl(2), PR_SET_PDEATHSIG). The key goes to its
/// standard input.
fn spawn(setpriv: &Path, swtpm: &Path, state: &Path, run: &Path, key: &[u8]) -> Result<Child, TpmError> {
    let log = File::create(log_in(run)).map_err(TpmError::Run)?;
    let option = |name: &str, path: PathBuf| {
        let mut option = OsString::from(name);
        option.push(path);
        option
    };
    let socket = socket_in(run);
    let mut control = socket.clone().into_os_string();
    control.push(".ctrl");
    let mut command = Command::new(setpriv);
    command.args(["--pdeathsig", "KILL"]).arg(swtpm).args(["socket", "--tpm2"]);
    command.arg("--tpmstate").arg(option("dir=", state.into()));
    command.arg("--server").arg(option("type=unixio,path=", socket));
    command.arg("--ctrl").arg(option("type=unixio,path=", control.into()));
    command.args(["--flags", "not-need-init,startup-clear", "--key", "fd=0,format=binary,mode=aes-256-cbc"]);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log);
    let mut child = process::set_apart(&mut command).spawn().map_err(TpmError::Run)?;
    let given = child.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(key));
    // It says by itself what is wrong where it has ended already.
    drop(given);
    Ok(child)
}

fn socket_in(run: &Path) -> PathBuf {
    run.join("tpm")
}

fn log_in(run: &Path) -> PathBuf {
    run.join("log")
}

/// Makes a directory for the socket that only this user can enter.
fn run_directory() -> Result<PathBuf, TpmError> {
    let mut random = [0; 8];
    SystemRandom::new().fill(&mut random).map_err(|_| TpmError::Random)?;
    let path = std::env::temp_dir().join(format!("cardwright-tpm-{}", hex::encode(random)));
    let socket = socket_in(&path);
    if socket.as_os_str().len() + ".ctrl".len() > LONGEST_PATH {
        return Err(TpmError::SocketPath { path: socket });
    }
    match directory::make(&path) {
        Ok(()) => Ok(path),
        Err(source) => Err(TpmError::Directory { path, source }),
    }
}

/// Finds the module where distributions put it.
fn module() -> Result<PathBuf, TpmError> {
    let debian = format!("/usr/lib/{ARCH}-linux-gnu/pkcs11");
    let directories = [&debian, "/usr/lib64/pkcs11", "/usr/lib/pkcs11", "/usr/local/lib/pkcs11", "/usr/local/lib"];
    let mut places = directories.iter().map(|directory| Path::new(directory).join("libtpm2_pkcs11.so"));
    let first = places.clone().next().unwrap_or_default();
    places.find(|place| place.is_file()).ok_or(TpmError::NoModule { path: first })
}
