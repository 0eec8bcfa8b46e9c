//! A private pcscd, beside the system's or without one, with virtual readers only.
//!
//! pcscd's socket path is compiled in, so it runs in a mount namespace in which that path is a private directory. This
//! needs no privilege if the kernel lets users make namespaces. A shell beside it reads a pipe from this process: when
//! this process ends, however it ends, the pipe closes and pcscd is killed. Clients find it by [`CLIENTS_VARIABLE`].
//! Its readers' ports are open on every network interface (vpcd cannot do otherwise): whoever reaches one may put a
//! card in.

use super::namespace::{self, Programs};
use super::pcscd_error::{LONGEST_NAME, READY};
pub use super::pcscd_error::{MOST_ENTRIES, PcscdError};
use super::seat::{Daemon, Seat};
use crate::platform::peer;
use crate::platform::socket::Link;
use std::fs::File;
use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin};
use std::time::{Duration, Instant};

/// Names the environment variable that tells clients where pcscd's socket is (pcsc-lite).
pub const CLIENTS_VARIABLE: &str = "PCSCLITE_CSOCK_NAME";
/// Holds a reader name that Yubico's own tools (yubico-piv-tool, ykcs11) take for a YubiKey.
pub const YUBIKEY_READER: &str = "Yubico YubiKey CCID";

/// Names where the system's pcscd has its socket.
const SYSTEM_SOCKET: &str = "/run/pcscd/pcscd.comm";
/// Limits the attempts to start: another program may take a port that was free when it was chosen.
const STARTS: usize = 3;
const GONE: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_millis(5);
const MOST_LOG: u64 = 4096;

/// Holds a running pcscd with virtual readers. It ends when this is dropped or the process ends.
pub struct PrivatePcscd {
    readers: Vec<Reader>,
    directory: PathBuf,
    shell: Child,
    /// Held open: pcscd lives as long as this does.
    pipe: Option<ChildStdin>,
}

/// Holds a virtual reader of a [`PrivatePcscd`].
pub struct Reader {
    name: String,
    seat: Seat,
}

impl Reader {
    /// Returns the reader's name, as PC/SC lists it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns where cards are put in and taken out.
    pub fn seat(&self) -> &Seat {
        &self.seat
    }
}

impl PrivatePcscd {
    /// Starts a pcscd with two readers for each of `names` (a vpcd entry has two, and neither can be left out), and
    /// waits until it answers. The readers are called `NAME 00 00` and `NAME 00 01`.
    pub fn start(names: &[&str]) -> Result<Self, PcscdError> {
        if !(1..=MOST_ENTRIES).contains(&names.len()) {
            return Err(PcscdError::Entries { entries: names.len() });
        }
        for (earlier, name) in names.iter().enumerate() {
            if !is_reader_name(name) {
                return Err(PcscdError::Name { name: (*name).into() });
            }
            if names[..earlier].contains(name) {
                return Err(PcscdError::NameTwice { name: (*name).into() });
            }
        }
        let programs = Programs::find()?;
        let mut started = Self::start_once(&programs, names);
        for _ in 1..STARTS {
            if !matches!(started, Err(PcscdError::Reader { .. })) {
                break;
            }
            started = Self::start_once(&programs, names);
        }
        started
    }

    fn start_once(programs: &Programs, names: &[&str]) -> Result<Self, PcscdError> {
        let ports = namespace::free_ports(names.len())?;
        let directory = namespace::private_directory()?;
        let ran = programs.configure(&directory, names, &ports).and_then(|()| programs.run(&directory));
        let mut shell = ran.inspect_err(|_| drop(std::fs::remove_dir_all(&directory)))?;
        let pipe = shell.stdin.take();
        let mut pcscd = Self { readers: Vec::new(), directory, shell, pipe };
        pcscd.wait_until_ready()?;
        for (name, port) in names.iter().zip(ports) {
            for slot in 0..2 {
                let name = format!("{name} 00 {slot:02X}");
                if !peer::listens(port + slot) {
                    return Err(PcscdError::Reader { name, said: pcscd.said() });
                }
                let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port + slot));
                pcscd.readers.push(Reader { name, seat: Seat::at(address, Daemon::Own) });
            }
        }
        Ok(pcscd)
    }

    /// Returns the socket's path; clients find it by the environment variable [`CLIENTS_VARIABLE`].
    pub fn socket(&self) -> PathBuf {
        namespace::socket_in(&self.directory)
    }

    /// Returns the virtual readers.
    pub fn readers(&self) -> &[Reader] {
        &self.readers
    }

    /// Says whether pcscd has ended, by itself or killed by others.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.shell.try_wait(), Ok(None))
    }

    fn wait_until_ready(&mut self) -> Result<(), PcscdError> {
        let since = Instant::now();
        while Link::to(&self.socket()).is_err() {
            if self.has_ended() {
                return Err(PcscdError::Ended { said: self.said() });
            }
            if since.elapsed() > READY {
                return Err(PcscdError::NotReady { said: self.said() });
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        Ok(())
    }

    /// Returns the beginning of the log, for an error.
    fn said(&self) -> String {
        let mut said = Vec::new();
        if let Ok(log) = File::open(namespace::log_in(&self.directory)) {
            let _ = log.take(MOST_LOG).read_to_end(&mut said);
        }
        match String::from_utf8_lossy(&said).trim() {
            "" => "nothing".into(),
            said => said.into(),
        }
    }
}

impl Drop for PrivatePcscd {
    fn drop(&mut self) {
        self.pipe = None;
        let since = Instant::now();
        while !self.has_ended() && since.elapsed() < GONE {
            std::thread::sleep(LOOK_AGAIN);
        }
        let _ = self.shell.kill();
        let _ = self.shell.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// Makes systemd start the system's pcscd, and keeps it from ending for lack of clients while the connection is held.
/// `None` if there is no such pcscd.
pub fn wake_system() -> Option<Link> {
    Link::to(Path::new(SYSTEM_SOCKET)).ok()
}

/// Says whether the name can stand between quotes in pcscd's configuration.
fn is_reader_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"')
}
