//! What a private pcscd needs before it runs: programs, the driver, a directory of its own, ports.

use super::pcscd_error::PcscdError;
use crate::platform::socket::LONGEST_PATH;
use crate::platform::{directory, process};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Lists where distributions put vpcd's driver.
const DRIVERS: [&str; 3] = [
    "/usr/lib/pcsc/drivers/serial/libifdvpcd.so",
    "/usr/lib64/pcsc/drivers/serial/libifdvpcd.so",
    "/usr/local/lib/pcsc/drivers/serial/libifdvpcd.so",
];
/// Lists directories of system programs that a user's PATH may lack.
const SYSTEM_PROGRAMS: [&str; 3] = ["/usr/local/sbin", "/usr/sbin", "/sbin"];
/// Bounds the ports to choose from. They are below those that Linux gives to clients, so that none is given out between
/// choice and use.
const PORTS: std::ops::Range<u16> = 10_240..32_000;
const PORT_TRIES: usize = 512;

/// Runs in the namespace. $1 is the private directory, $2 is pcscd. The drivers of real readers are hidden, so that
/// this pcscd does not take those readers from the system's. The log stops at 256 KiB. pcscd lives as long as the other
/// end of standard input is open.
const SCRIPT: &str = r#"
set -eu
trap '' XFSZ
ulimit -f 512
exec 3<&0 </dev/null
cd "$1/run"
mount -t tmpfs tmpfs /run
mkdir /run/pcscd
mount --no-canonicalize --bind . /run/pcscd
for drivers in /usr/lib/pcsc/drivers /usr/lib64/pcsc/drivers /usr/local/lib/pcsc/drivers; do
    if [ -d "$drivers" ]; then mount -t tmpfs tmpfs "$drivers"; fi
done
polkit=
case $("$2" --help 2>&1) in *--disable-polkit*) polkit=--disable-polkit ;; esac
"$2" --foreground $polkit --config /run/pcscd/readers 3<&- &
pcscd=$!
(read -r _ <&3 || :; : >"$1/over"; kill -KILL "$pcscd") 2>/dev/null &
watcher=$!
exec 3<&-
wait "$pcscd" 2>/dev/null || :
if [ -e "$1/over" ]; then rm -rf -- "$1"; else kill "$watcher"; exit 1; fi
"#;

/// Holds where the programs and the driver were found.
pub struct Programs {
    unshare: PathBuf,
    pcscd: PathBuf,
    driver: PathBuf,
}

impl Programs {
    /// Finds the programs and the driver.
    pub fn find() -> Result<Self, PcscdError> {
        let driver = DRIVERS.iter().map(PathBuf::from).find(|path| path.is_file());
        Ok(Self {
            unshare: program("unshare", "util-linux")?,
            pcscd: program("pcscd", "pcscd")?,
            driver: driver.ok_or(PcscdError::NoDriver { looked_at: DRIVERS.join(", ") })?,
        })
    }

    /// Starts the shell that starts pcscd, and that ends it when its standard input closes.
    pub fn run(&self, directory: &Path) -> Result<Child, PcscdError> {
        let failed = |source| PcscdError::Directory { path: directory.into(), source };
        let log = File::create(log_in(directory)).map_err(failed)?;
        // Ctrl-C at the terminal is for this process; the pipe tells the shell what follows from it.
        process::set_apart(&mut Command::new(&self.unshare))
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", SCRIPT, "sh"])
            .args([directory, &self.pcscd])
            .env("PATH", path())
            .stdin(Stdio::piped())
            .stdout(log.try_clone().map_err(failed)?)
            .stderr(log)
            .spawn()
            .map_err(PcscdError::Unshare)
    }

    /// Writes pcscd's configuration: an entry for each name, on its port. Each has its own copy of the driver, because
    /// two entries with one driver take over each other's readers.
    pub fn configure(&self, directory: &Path, names: &[&str], ports: &[u16]) -> Result<(), PcscdError> {
        let failed = |source| PcscdError::Directory { path: directory.into(), source };
        let readers = directory.join("run/readers");
        std::fs::create_dir_all(&readers).map_err(failed)?;
        let mut entries = String::new();
        for (number, (name, port)) in names.iter().zip(ports).enumerate() {
            let copy = format!("vpcd-{number}.so");
            std::fs::copy(&self.driver, directory.join("run").join(&copy)).map_err(failed)?;
            // Given a host instead of /dev/null the driver would connect to the card, and not listen on every
            // interface; but up to vsmartcard 3.3 it then aborts pcscd when the link ends (fixed in June 2022, not
            // released).
            let _ = write!(
                entries,
                "FRIENDLYNAME \"{name}\"\nDEVICENAME /dev/null:{port}\nLIBPATH /run/pcscd/{copy}\nCHANNELID {port:#06x}\n\n"
            );
        }
        std::fs::write(readers.join("cardwright"), entries).map_err(failed)
    }
}

/// Returns the path of pcscd's socket, seen from outside its namespace.
pub fn socket_in(directory: &Path) -> PathBuf {
    directory.join("run/pcscd.comm")
}

/// Returns the path of the log of pcscd and the shell.
pub fn log_in(directory: &Path) -> PathBuf {
    directory.join("log")
}

/// Makes a directory that only this user can enter. `run` in it becomes pcscd's /run/pcscd, which pcscd opens to all.
pub fn private_directory() -> Result<PathBuf, PcscdError> {
    let path = std::env::temp_dir().join(format!("cardwright-pcscd-{}", hex::encode(random::<8>()?)));
    let socket = socket_in(&path);
    if socket.as_os_str().len() > LONGEST_PATH {
        return Err(PcscdError::SocketPath { path: socket });
    }
    match directory::make(&path) {
        Ok(()) => Ok(path),
        Err(source) => Err(PcscdError::Directory { path, source }),
    }
}

/// Returns so many ports that are free now. The port above each is free too, as the driver's second reader takes it.
pub fn free_ports(count: usize) -> Result<Vec<u16>, PcscdError> {
    let mut held = Vec::new();
    for _ in 0..PORT_TRIES {
        if held.len() == count {
            break;
        }
        let port = PORTS.start + u16::from_le_bytes(random()?) % (PORTS.end - PORTS.start);
        let bind = |port| TcpListener::bind((Ipv4Addr::UNSPECIFIED, port));
        if let (Ok(first), Ok(second)) = (bind(port), bind(port + 1)) {
            held.push((port, first, second));
        }
    }
    if held.len() < count {
        return Err(PcscdError::Ports);
    }
    Ok(held.iter().map(|(port, ..)| *port).collect())
}

fn random<const N: usize>() -> Result<[u8; N], PcscdError> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| PcscdError::Random)?;
    Ok(bytes)
}

fn path() -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all = std::env::split_paths(&path).chain(SYSTEM_PROGRAMS.iter().map(PathBuf::from));
    std::env::join_paths(all).unwrap_or(path)
}

/// Finds a program in PATH and in the directories of system programs.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = path();
    let mut places = std::env::split_paths(&path).map(|directory| directory.join(program));
    places.find(|place| place.is_file())
}

fn program(program: &'static str, package: &'static str) -> Result<PathBuf, PcscdError> {
    find(program).ok_or(PcscdError::NoProgram { program, package })
}
